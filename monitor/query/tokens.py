"""What the lexer gives and the parser takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.errors import Problem
from monitor.query.ast import Place


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    PHRASE = "phrase"
    EXACT = "exact"
    CASED = "cased"
    WILDCARD = "wildcard"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    CARET = "^"
    REACHES = ">="
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    NEAR = "NEAR"
    ONEAR = "ONEAR"
    SAME = "SAME"
    ATLEAST = "ATLEAST"
    FIRST = "FIRST"
    OF = "OF"
    WEIGHT = "WEIGHT"
    FIELD = "field"
    FAULT = "fault"
    END = "end"


TERMS = frozenset((Kind.WORD, Kind.PHRASE, Kind.EXACT, Kind.CASED, Kind.WILDCARD))
PROXIMITY = frozenset((Kind.NEAR, Kind.ONEAR, Kind.SAME))


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is the token's value: a phrase without its quotes, a field without its colon.

    ``number`` is that of an operator, a weight or a threshold.
    """

    kind: Kind
    text: str
    at: Place
    problem: Problem | None = None
    number: int = 0


def fault(text: str, at: Place, code: str, detail: str, hint: str) -> Token:
    """A token that can't be read, with the reason."""
    return Token(Kind.FAULT, text, at, Problem(code, detail, *at, hint))


def cut(text: str) -> str:
    """``text`` as messages show it: its beginning, where it is long."""
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


_MOST = 60
