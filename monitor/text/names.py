"""Names of people, institutions and companies: how each is written in other languages and scripts.

    other_writings("Putin")        Poutine, Путин, بوتين, 普京, プーチン, …
    exact("UNO")                   True: in small letters it is a word, so stories must have it as written
    longest(["World", "Bank"])     [(0, 2)]: these two words are one name

data/names.txt holds them, for people to read and edit; its head says how. Names compare by their letters alone: no
case, accents, hyphens, apostrophes, points. Places are in places.py; NATO, the EU and their like are in both. Case
endings are the caller's: the writings are nominatives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from monitor.text.scripts import APOSTROPHES, HYPHENS, IGNORED, UNSPACED

_PARTED = " | "
_NO_LETTERS = re.compile(f'[\u0300-\u036f{HYPHENS}{APOSTROPHES}{IGNORED}."\u05f4\u00b7\u30fb]')
_UNSPACED = re.compile(f"[{UNSPACED}]")


class _Writing(NamedTuple):
    """One writing of a name; ``typed``: the author of a rule must have typed it as written, too."""

    text: str
    key: str
    exact: bool
    typed: bool


def other_writings(name: str) -> tuple[str, ...]:
    """The other writings of a name as a rule's author types it, as written; () where it is unknown.

    Case does not matter, but for abbreviations that are a word in small letters: who is not WHO. Left out are writings
    that hold a shorter one, or the name itself: whoever looks for Putin finds Vladimir Putin.
    """
    found, entry = _find(name)
    if found is None:
        return ()
    others: list[_Writing] = []
    # The shorter first, so that each is met before what holds it; the sort is stable within a length.
    for writing in sorted(entry, key=lambda one: len(one.key)):
        if writing.key != found.key and not any(_holds(writing.key, one.key) for one in (found, *others)):
            others.append(writing)
    kept = set(others)
    return tuple(writing.text for writing in entry if writing in kept)


def exact(writing: str) -> bool:
    """Whether stories must have a writing of ``other_writings`` as written: in small letters it is a word."""
    found, _ = _find(writing)
    return found is not None and found.exact


def longest(words: Sequence[str]) -> list[tuple[int, int]]:
    """The half-open ranges of consecutive words that are a known name of several, in order; none touches another.

    Where two names share words, the longer is taken, of equal ones the first.
    """
    most = _longest()
    spans = [
        (first, last)
        for first in range(len(words))
        for last in range(first + 2, min(first + most, len(words)) + 1)
        if _find(" ".join(words[first:last]))[0]
    ]
    taken: list[tuple[int, int]] = []
    for first, last in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(last <= start or end <= first for start, end in taken):
            taken.append((first, last))
    return sorted(taken)


def entries() -> list[tuple[str, ...]]:
    """Every name with all its writings, the usual English one first."""
    return [tuple(writing.text for writing in _entry(line)) for line in _table().lines]


class _Table(NamedTuple):
    """The lines of the file that hold a name, and the number of its line by the key of each writing."""

    lines: list[str]
    numbers: dict[str, int]


@cache
def _table() -> _Table:
    text = (resources.files("monitor.text") / "data" / "names.txt").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    # All at once: some thousand writings, each by itself, take several times as long.
    bare = _letters("\n".join(lines)).replace("{", "").replace("}", "").split("\n")
    return _Table(lines, {key: number for number, line in enumerate(bare) for key in line.split(_PARTED)})


@cache
def _longest() -> int:
    """The most words that a name has."""
    return 1 + max(key.count(" ") for key in _table().numbers)


def _letters(text: str) -> str:
    """The letters of a text, decomposed, in lower case.

    Not ``fold``: to compose them again, and to look for strokes one by one, would triple the time of loading.
    """
    letters = _NO_LETTERS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return letters.replace("ł", "l").replace("ø", "o").replace("đ", "d").replace("ı", "i")


def _key(name: str) -> str:
    """What names are compared by. Blanks in a script without spaces say nothing, blanks elsewhere part words."""
    words = _letters(name).split()
    key = words[0] if words else ""
    for word in words[1:]:
        joined = _UNSPACED.match(word) and _UNSPACED.match(key[-1])
        key += word if joined else f" {word}"
    return key


def _entry(line: str) -> tuple[_Writing, ...]:
    writings = []
    for written in line.split(_PARTED):
        text = written.strip("{}")
        writings.append(_Writing(text, _key(text), text != written, written.startswith("{{")))
    return tuple(writings)


def _find(name: str) -> tuple[_Writing | None, tuple[_Writing, ...]]:
    """The writing that ``name`` is, and all of its name; none where it is unknown, or typed as the word that it is."""
    key = _key(name)
    number = _table().numbers.get(key)
    if number is None:
        return None, ()
    entry = _entry(_table().lines[number])
    found = next(writing for writing in entry if writing.key == key)
    if found.typed and name.strip().replace(".", "") != found.text:
        return None, ()
    return found, entry


def _holds(longer: str, shorter: str) -> bool:
    """Whether one key holds another as whole words, in a script without spaces anywhere."""
    return shorter in longer if _UNSPACED.match(shorter) else f" {shorter} " in f" {longer} "
