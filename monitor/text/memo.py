"""What a function said of a word, remembered within bounds.

Words repeat: nine of ten in a story were in an earlier one. But whoever writes the stories chooses the
words, so neither their number nor their length may fill the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

ROOM = 1 << 16
"""Most words that a memo holds; at one more it starts anew."""
LONGEST = 64
"""Longest word that is remembered, in code points."""


class Memo(dict[str, Result]):
    """``memo[word]`` is the function's result. A subclass of dict, since no call in Python is as fast as a look-up."""

    def __init__(self, function: Callable[[str], Result]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, word: str) -> Result:
        result = self._function(word)
        if len(word) <= LONGEST:
            if len(self) >= ROOM:
                self.clear()
            self[word] = result
        return result


def remembered(function: Callable[[str], Result]) -> Callable[[str], Result]:
    """``function``, which depends on its word alone, with a memory."""
    return Memo(function).__getitem__
