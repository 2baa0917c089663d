"""Words of a text with their offsets, and the folded form in which words are compared.

Folding hides what a reader would not call a difference: case, accents, full-width and half-width
forms, soft hyphens, zero-width and direction marks. Offsets always point into the text as it was given.
Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give one token a
character, so that a word of theirs is found as a run of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple


class Token(NamedTuple):
    """A word: half-open offsets, and the text between them."""

    start: int
    end: int
    text: str


def _marks() -> str:
    """The combining marks of the Basic Multilingual Plane as the inside of a character class."""
    marks = [c for c in range(0x300, 0xFFFF) if unicodedata.category(chr(c)) in ("Mn", "Mc")]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\u{a:04x}-\\u{b:04x}" for a, b in ranges)


_IGNORED = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
# The half-width voice marks (U+FF9E, U+FF9F) belong to the kana before them, as combining ones do.
_TAIL = f"[{_marks()}{_IGNORED}\uff9e\uff9f]*"
_WORD = re.compile(f"[{_UNSPACED}]{_TAIL}|(?:[^\\W_{_UNSPACED}]{_TAIL})+")
_INVISIBLE = re.compile(f"[{_IGNORED}]")
# Й is a letter of its own, not an И with an accent.
_ACCENT = re.compile("[\u0300-\u0305\u0307-\u036f]|(?<!и)\u0306")
# Letters that readers type without their stroke or with a dot, and that Unicode does not decompose.
_STROKES = str.maketrans("łøđı", "lodi")
_POSSESSIVE = re.compile(f"\\.?[{_IGNORED}]*['’][{_IGNORED}]*s[{_IGNORED}]*", re.IGNORECASE)


def tokenize(text: str) -> Iterator[Token]:
    """The words of ``text`` in order. A possessive 's is no word of its own."""
    last = len(text)  # where the last word ended
    for found in _WORD.finditer(text):
        start, end = found.span()
        word = found[0]
        if word[0] in "sS" and _POSSESSIVE.fullmatch(text, last, end):
            continue
        last = end
        yield Token(start, end, word)


def folded_words(text: str) -> list[str]:
    """The folded words of ``text``, without their places: much faster than ``tokenize`` where that is all."""
    return [fold(word) for word in _WORD.findall(text)]


def legible(word: str) -> str:
    """``word`` in lower case as one would type it: no invisible characters, no full-width or styled letters."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word))
    return unicodedata.normalize("NFKC", plain.casefold())


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """The form in which words are compared: lower case, no accents, no invisible characters."""
    if word.isascii():
        return word.lower()
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", legible(word)))
    return unicodedata.normalize("NFC", bare.translate(_STROKES))
