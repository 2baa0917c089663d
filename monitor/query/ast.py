"""The tree of a query. Two trees are equal if they mean the same in the same order; the offsets of
their nodes, kept for messages and explanations, take no part in that. docs/rules.md says what each means.

    Plain                                   plain words, without any operator
    Expression
    ├── Positional                          has stretches: what proximity and ATLEAST are made of
    │   ├── Word  Phrase  Exact  Cased  Wildcard
    │   ├── Or                              of positional parts only
    │   └── Near  Same  NotNear
    ├── And  Or  Not
    ├── AtLeast  Of  Weight                 counting
    └── First  InField  Value               where to look, and facts about the story
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeGuard

Place = tuple[int, int]
"""Half-open code-point offsets into the query's text."""

NOWHERE: Place = (0, 0)

TEXT_FIELDS = ("title", "lead", "body")
"""Stretches of the story's text; they nest."""
NAME_FIELDS = ("author", "source", "url")
"""Other texts of a story, searched by words."""
VALUE_FIELDS = ("site", "lang", "country", "place", "tag")
"""Facts of a story that are equal to a value or not."""
FIELDS = (*TEXT_FIELDS, *NAME_FIELDS, *VALUE_FIELDS)

MAX_DISTANCE = 50
"""Most words that NEAR reaches."""
MAX_COUNT = 1_000
"""Largest number of ATLEAST, FIRST, OF; and largest weight, either way."""
MIN_LITERALS = 4
"""Fewest characters of a wildcard that are none."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word: a name by its folded form, any other by lemma and stem; a compound by its parts in a row as well."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """``"a b"``: words at consecutive positions, case- and accent-folded, not stemmed."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Exact:
    """``=word``: one folded form of a word."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Cased:
    """``{Word}``: words in a row exactly as written, case and accents included."""

    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``pref*``, ``w?rd``: one word, folded; ``*`` is any number of characters, ``?`` one."""

    pattern: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Near:
    """At most ``distance`` apart; ``ordered``: the left one first."""

    left: Positional
    right: Positional
    distance: int
    ordered: bool = False
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Same:
    """Within one sentence (s) or paragraph (p)."""

    left: Positional
    right: Positional
    unit: Literal["s", "p"]
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class NotNear:
    """Some left one with no right one within ``distance`` on either side, and none that overlaps it."""

    left: Positional
    right: Positional
    distance: int
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
class AtLeast:
    """Matches of the part begin at ``count`` places or more."""

    count: int
    part: Positional
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Of:
    """``count`` of the parts or more."""

    count: int
    parts: tuple[Expression, ...]
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Weight:
    """The weights of the parts that match come to ``threshold`` (> 0) or more."""

    parts: tuple[tuple[Expression, int], ...]
    threshold: int
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class First:
    """The part, looked for in the first ``words`` words of headline and body together."""

    words: int
    part: Expression
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class InField:
    """The part, looked for in one of TEXT_FIELDS or NAME_FIELDS only."""

    name: str
    part: Expression
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """One of VALUE_FIELDS has this value."""

    name: str
    text: str
    at: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Plain:
    """``a b``: plain words, without any operator: a topic (match/topic)."""

    words: tuple[Word, ...]
    at: Place = field(default=NOWHERE, compare=False)


Leaf = Word | Phrase | Exact | Cased | Wildcard
Positional = Leaf | Or | Near | Same | NotNear
Expression = Leaf | And | Or | Not | Near | Same | NotNear | AtLeast | Of | Weight | First | InField | Value
Query = Plain | Expression


def positional(node: Expression) -> TypeGuard[Positional]:
    """Whether the node has stretches that proximity can measure."""
    if isinstance(node, Or):
        return all(positional(part) for part in node.parts)
    return isinstance(node, Leaf | Near | Same | NotNear)
