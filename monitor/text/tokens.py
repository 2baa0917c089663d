"""Words of a text with their offsets, and the folded form in which words are compared.

A word is a whole compound (F-16, d'Ivoire, U.S.-led), an abbreviation with its points (U.S.), a name with a
sign (AT&T, C++), a number (1,000; 3.5), an emoji; of a script written without spaces (Chinese, Japanese,
Thai, Lao, Khmer, Burmese) it is one character. forms.py says what it is compared by.

Folding hides what a reader would not call a difference: case, accents, full-width and half-width
forms, soft hyphens, zero-width and direction marks. Offsets always point into the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from string import ascii_letters
from typing import NamedTuple

from monitor.text.memo import remembered
from monitor.text.scripts import (
    ACCENTS,
    ALPHABETS,
    APOSTROPHES,
    DRESSED,
    EMOJI,
    HEBREW,
    HYPHENS,
    IGNORED,
    REGIONAL,
    SKIN,
    TAIL,
    UNSPACED,
)


class Token(NamedTuple):
    """A word: half-open offsets, and the text between them."""

    start: int
    end: int
    text: str


# No line of Python runs for a token.
_token = partial(tuple.__new__, Token)

# Every repeat is possessive or short, so nothing is read more than a few times, whatever the text. A class with the
# thousands of Chinese or Korean characters takes milliseconds to compile: hence ALPHABETS where that will do.
_LETTER = f"[^\\W\\d_{UNSPACED}{APOSTROPHES}]"
_CHARACTER = f"[^\\W_{UNSPACED}{APOSTROPHES}]"
_RUN = f"(?:{_CHARACTER}++[{TAIL}]*+)++"
_DIGIT = "[0-9\uff10-\uff19]"
_END = f"(?!(?=[0-9\uff10-\uff19{ALPHABETS}])[^\\W_{APOSTROPHES}])"
_SINGLE = f"(?:(?=[{ALPHABETS}])[^\\W\\d_{APOSTROPHES}][{ACCENTS}{IGNORED}]*+)"
_INITIAL = _SINGLE + _END
_AMPERSAND = f"[&＆][{IGNORED}]*+"
_DOUBLED = "(?:" + "|".join(letter * 2 for letter in ascii_letters) + ")"
_PIECE = f"""(?:
    (?={_SINGLE}[.+\\#])(?:
        (?={_SINGLE}\\.{_INITIAL})(?:{_SINGLE}\\.)++(?:{_INITIAL})?+                   # U.S., U.S
        |{_SINGLE}(?:\\+\\+(?![^\\W\\d]|[+\\#_])|[+\\#](?![\\w+\\#]))                  # C++17, C#
    )
    |{_SINGLE}{{1,3}}+(?:{_AMPERSAND}{_SINGLE}{{1,3}}+{_END})++                     # AT&T, but not Marks&Spencer
    |{_DOUBLED}\\.{_DOUBLED}{_END}\\.?+                                              # EE.UU.
    |(?={_DIGIT}{{1,12}}[.,]{_DIGIT})(?:
        {_DIGIT}{{1,3}}(?:,{_DIGIT}{{3}}(?!{_DIGIT}))++(?:\\.{_DIGIT}++)?+             # 1,000.5
        |{_DIGIT}{{1,2}}(?:,{_DIGIT}{{2}}(?!{_DIGIT})){{1,4}}+,{_DIGIT}{{3}}(?!{_DIGIT})  # 1,00,000, as in India
        |{_DIGIT}{{1,3}}(?:\\.{_DIGIT}{{3}}(?!{_DIGIT})){{2,}}+                        # 1.000.000
        |(?<!{_DIGIT}\\.){_DIGIT}++\\.{_DIGIT}++(?!\\.{_DIGIT})                         # 3.5, but no date (3.5.2024)
    ){_SINGLE}*+                                                                 # 3.5bn
    |{_RUN}(?:(?<=[{HEBREW}])["\u05f4][{HEBREW}][{IGNORED}]*+{_END})?+              # and a Hebrew abbreviation
)"""
_POSSESSIVE = f"[{APOSTROPHES}][{IGNORED}]*+[sSſｓＳ][{IGNORED}]*+(?![{ACCENTS}]){_END}"
_JOINT = f"(?!{_POSSESSIVE})[{HYPHENS}{APOSTROPHES}][{IGNORED}]*+"
_PICTURE = f"(?:[{EMOJI}][\ufe0e\ufe0f]?+|[{DRESSED}]\ufe0f)[{SKIN}]?+\ufe0f?+[\U000e0020-\U000e007f]*+"
_EMOJI = f"[{REGIONAL}]{{2}}|[0-9*\\#]\ufe0f?+\u20e3|{_PICTURE}(?:\u200d{_PICTURE})*+"
# The space before a word and the first three alternatives add nothing but speed: they take two thirds off.
_ALONE = "(?=[ \\n,;:!?)]|\\.\\s)"
_WORD = re.compile(
    f"""([\\s,.;:!?"()/]{{0,4}}+)(
    [A-Za-z]++{_ALONE}
    |{_LETTER}++{_ALONE}
    |[0-9]++(?=[ \\n])
    |(?:{_EMOJI})
    |{_PIECE}(?:{_JOINT}{_PIECE})*+
    |[{UNSPACED}][{TAIL}]*+
    )((?:{_POSSESSIVE})?+)""",
    re.VERBOSE,
)

# Digests of stored texts are made of these: simpler words, which stay as they are.
_SIMPLE = re.compile(f"[{UNSPACED}][{TAIL}]*|(?:[^\\W_{UNSPACED}][{TAIL}]*)+")
_INVISIBLE = re.compile(f"[{IGNORED}]")
# Й is a letter of its own, not an И with an accent.
_ACCENT = re.compile("[\u0300-\u0305\u0307-\u036f]|(?<!и)\u0306")
# Letters that readers type without their stroke or with a dot, and that Unicode does not decompose.
_STROKES = str.maketrans("łøđı", "lodi")


def tokenize(text: str) -> Iterator[Token]:
    """The words of ``text`` in order. A possessive 's is part of none."""
    return map(_token, spans(text))


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """The words of ``text`` as plain tuples: what ``tokenize`` gives, a fifth faster."""
    # What lies before, space, a word, its possessive, and so on: no line of Python runs for a word.
    parts = _WORD.split(text)
    ends = list(accumulate(map(len, parts)))
    return zip(ends[1::4], ends[2::4], parts[2::4], strict=True)


def folded_words(text: str) -> list[str]:
    """The folded words of ``text``, the parts of compounds each for itself, without their places."""
    return [fold(word) for word in _SIMPLE.findall(text)]


def legible(word: str) -> str:
    """``word`` in lower case as one would type it: no invisible characters, no full-width or styled letters."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word))
    return unicodedata.normalize("NFKC", plain.casefold())


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", legible(word)))
    return unicodedata.normalize("NFC", bare.translate(_STROKES))


fold = remembered(_fold)
"""The form in which words are compared: lower case, no accents, no invisible characters."""
