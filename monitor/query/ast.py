"""The tree of a query. Two trees are equal if they mean the same in the same order; the offsets of
their nodes, kept for messages and explanations, take no part in that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Place = tuple[int, int]
"""Half-open code-point offsets into the query's text."""

NOWHERE: Place = (0, 0)

FIELDS = ("title",)
"""Fields that a query may name."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, compared by its stem in the story's language."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words at consecutive positions, case- and accent-folded, not stemmed."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple[Expression, ...]
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts."""

    parts: tuple[Expression, ...]
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The story does not match the part."""

    part: Expression
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class InField:
    """The part, looked for in one field only."""

    name: str
    part: Expression
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Plain:
    """Plain words, without any operator: all of them, by stem."""

    words: tuple[Word, ...]
    at: Place = field(default=NOWHERE, compare=False)


Expression = Word | Phrase | And | Or | Not | InField
Query = Plain | Expression
