"""How much a rule may ask for. What is small enough here keeps every later step small, too."""

from __future__ import annotations

MAX_LENGTH = 10_000
"""Longest query, in code points."""
MAX_DEPTH = 50
"""Deepest nesting of brackets, NOTs and fields; what stands right before a bracket counts with it."""
MAX_HEIGHT = 2 * MAX_DEPTH + 2
"""Highest tree: a bracket holds two storeys at most (``a OR b NEAR/3 c``), and a chain of NEAR one a link."""
MAX_TERMS = 2_000
"""Most words, phrases and values in one query."""
MAX_PHRASE = 100
"""Most words in one phrase, or parts of one word (F-16 has two)."""
MAX_SHOWN = 200
"""Longest text that a hint proposes to write, in code points."""
MAX_PROBLEMS = 100
"""Most problems reported at once; nobody reads more, and a hostile text has thousands."""
