"""A problem shown in the query it is in, for a terminal:

Vietnam NEAR arms
        ^^^^
NEAR needs a number behind it
write NEAR/5, or quote it to search for the word: "NEAR"
"""

from __future__ import annotations

import re
import unicodedata

from monitor.errors import Problem
from monitor.query.ast import Place

WIDTH = 100
"""Most columns of the query that are shown."""
_BEFORE = 30
"""Fewest columns before the place, where the line is cut there."""
_NEARBY = 4 * WIDTH
"""How far around the place is looked at, in code points."""

_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def caret(text: str, problem: Problem) -> str:
    """The query with the problem's place marked, what is wrong, and what to write instead."""
    said = [problem.detail, problem.hint] if problem.hint else [problem.detail]
    return "\n".join([marked(text, (problem.start, problem.end)), *map(_printable, said)])


def marked(text: str, place: Place) -> str:
    """The line of ``text`` in which ``place`` begins, and carets under it; a long line is cut around it."""
    start = min(place[0], len(text))
    begins = max((found.end() for found in _BREAK.finditer(text, 0, start)), default=0)
    following = _BREAK.search(text, start)
    ends = following.start() if following else len(text)
    low, high = max(begins, start - _NEARBY), min(ends, start + _NEARBY)
    columns = [_columns(char) for char in text[low:high]]
    first, last = start - low, min(max(place[1], start + 1), high) - low
    left, right = _window(columns, first, last)
    before, after = ("… " if low + left > begins else ""), (" …" if low + right < ends else "")
    under = max(sum(columns[first : min(last, right)]), 1)
    shown = f"{before}{_printable(text[low + left : low + right])}{after}"
    return f"{shown}\n{' ' * (len(before) + sum(columns[left:first]))}{'^' * under}"


def _window(columns: list[int], first: int, last: int) -> tuple[int, int]:
    """From where to where a line is shown, so that the place is in it."""
    if sum(columns) <= WIDTH:
        return 0, len(columns)
    # A short place leaves more room before it.
    room = max(_BEFORE, WIDTH - sum(columns[first:last]) - _BEFORE)
    left, taken = first, 0
    while left and taken + columns[left - 1] <= room:
        left -= 1
        taken += columns[left]
    right = first
    while right < len(columns) and taken + columns[right] <= WIDTH:
        taken += columns[right]
        right += 1
    return left, right


def _columns(char: str) -> int:
    """The columns that a terminal gives to ``char``."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _printable(text: str) -> str:
    """``text`` with nothing in it that moves the cursor, turns the line round or can't be encoded."""
    return "".join(_INSTEAD.get(unicodedata.category(char), char) for char in text)


_INSTEAD = {"Cf": "", "Cc": " ", "Zl": " ", "Zp": " ", "Cs": "\ufffd"}
