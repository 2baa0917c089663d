"""Classes of characters, each as the inside of a regular expression's brackets."""

from __future__ import annotations

import unicodedata


def _marks() -> str:
    """The combining marks of the Basic Multilingual Plane."""
    marks = [c for c in range(0x300, 0xFFFF) if unicodedata.category(chr(c)) in ("Mn", "Mc")]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\u{a:04x}-\\u{b:04x}" for a, b in ranges)


IGNORED = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
"""Invisible: soft hyphen, zero-width and direction marks, variation selectors."""

# The half-width voice marks (U+FF9E, U+FF9F) belong to the kana before them, as combining ones do.
TAIL = f"{_marks()}{IGNORED}\uff9e\uff9f"
"""What belongs to the letter before it."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
"""Scripts without spaces between words."""

HYPHENS = "\\-\u2010-\u2013\u2212\ufe63\uff0d"
"""What publishers type between the halves of a compound: hyphens, en dash, minus; never the em dash."""

APOSTROPHES = "'\u2018\u2019\u201b`\u00b4\u02b9\u02bb-\u02bf\u055a\u05f3\ua78c\uff07"
"""Apostrophes, what is typed in their stead, and the letters of transliteration that look like them."""

ALPHABETS = "A-Za-z\u00aa-\u06ff\u1e00-\u1fff\uff21-\uff3a\uff41-\uff5a"
"""Scripts in which a letter by itself may be an initial, and what lies between them: Latin, Greek, Cyrillic, Armenian,
Hebrew, Arabic. Not so in Korean, where a syllable that is decomposed has several letters."""
ACCENTS = "\u0300-\u036f\u0653-\u0655"
"""What their letters are decomposed into, but for the letter itself."""

HEBREW = "\u05d0-\u05ea"
"""The Hebrew letters."""

REGIONAL = "\U0001f1e6-\U0001f1ff"
"""Two of these make a flag."""
SKIN = "\U0001f3fb-\U0001f3ff"
"""Skin tones."""

EMOJI = (
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d\u2620"
    "\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f\u2660\u2663\u2665\u2666"
    "\u2668\u267b\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0\u26b1\u26bd"
    "\u26be\u26c4\u26c5\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702"
    "\u2705\u2708-\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e"
    "\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797\u27a1\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f201"
    "\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f64f"
    "\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff"
)
"""Pictures, with or without a variation selector."""

DRESSED = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u2328\u23cf\u23ed-\u23ef\u23f1\u23f2"
DRESSED += "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb\u25fc\u2934\u2935\u2b05-\u2b07\u3030\u303d\u3297\u3299"
"""Signs and bullets, which only U+FE0F makes pictures."""
