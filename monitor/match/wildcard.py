"""Wildcards: which words a pattern takes, and which patterns a story's words could be of.

``*`` is any number of characters, ``?`` is one. Matching takes each literal stretch at its first place after the one
before, which is exact for such patterns and never goes back, so a word of n characters costs n steps a stretch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

KEY = 4
"""Most literal characters at an end of a pattern by which it is looked up."""


@lru_cache(maxsize=1 << 14)
def matcher(pattern: str) -> Callable[[str], bool]:
    """A function that says whether a folded word is one of the pattern's."""
    pieces = [_literal(piece) for piece in re.split(r"\*+", pattern)]
    if len(pieces) == 1:
        source = pieces[0]
    else:
        # (?>…) gives back nothing: once a stretch has been found, it is not looked for anew.
        middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
        source = f"{pieces[0]}{middle}.*{pieces[-1]}"
    accepts = re.compile(source, re.DOTALL).fullmatch
    return lambda word: accepts(word) is not None


def _literal(piece: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in piece)


class Patterns:
    """The patterns of all rules, by what they begin or end with."""

    def __init__(self) -> None:
        self._uses: dict[str, int] = {}
        self._by_start: dict[str, set[str]] = {}
        self._by_end: dict[str, set[str]] = {}
        self._floating: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._uses)

    def add(self, pattern: str) -> None:
        """Count one more use of ``pattern``."""
        self._uses[pattern] = self._uses.get(pattern, 0) + 1
        if self._uses[pattern] == 1:
            table, key = self._home(pattern)
            table.setdefault(key, set()).add(pattern) if key else self._floating.add(pattern)

    def remove(self, pattern: str) -> None:
        """Count one use less."""
        self._uses[pattern] -= 1
        if not self._uses[pattern]:
            del self._uses[pattern]
            table, key = self._home(pattern)
            if key:
                table[key].discard(pattern)
                if not table[key]:
                    del table[key]
            self._floating.discard(pattern)

    def _home(self, pattern: str) -> tuple[dict[str, set[str]], str]:
        start = re.split(r"[*?]", pattern)[0][:KEY]
        end = re.split(r"[*?]", pattern)[-1][-KEY:]
        return (self._by_start, start) if len(start) >= len(end) else (self._by_end, end)

    def of(self, words: Iterable[str]) -> set[str]:
        """The patterns that take at least one of ``words``."""
        found: set[str] = set()
        for word in words:
            tried = set(self._floating)
            for size in range(1, KEY + 1):
                tried |= self._by_start.get(word[:size], _NONE) | self._by_end.get(word[-size:], _NONE)
            found.update(pattern for pattern in tried - found if matcher(pattern)(word))
        return found


_NONE: frozenset[str] = frozenset()
