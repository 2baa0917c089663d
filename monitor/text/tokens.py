"""Words of a text with their offsets, and the folded form in which words are compared.

Folding hides what a reader would not call a difference: case, accents, full-width forms, soft
hyphens, zero-width and direction marks. Offsets always point into the text as it was given.
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


_IGNORED = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
_TAIL = f"[{_marks()}{_IGNORED}]*"
_WORD = re.compile(f"[{_UNSPACED}]{_TAIL}|(?:[^\\W_{_UNSPACED}]{_TAIL})+")
_DROPPED = re.compile(f"[\u0300-\u036f{_IGNORED}]")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)


def tokenize(text: str) -> Iterator[Token]:
    """The words of ``text`` in order. A possessive 's is no word of its own."""
    end_of_last = -1
    for found in _WORD.finditer(text):
        start, end = found.span()
        if end - start == 1 and end_of_last == start - 1 and _POSSESSIVE.match(text, start - 1):
            continue
        end_of_last = end
        yield Token(start, end, found[0])


def folded_words(text: str) -> list[str]:
    """The folded words of ``text``, without their places: much faster than ``tokenize`` where that is all."""
    return [fold(word) for word in _WORD.findall(text)]


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """The form in which words are compared: lower case, no accents, no invisible characters."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", _DROPPED.sub("", decomposed))
