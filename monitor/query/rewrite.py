"""What to write for an operand that has no place in the text, such as ``(a AND b)`` in ``(a AND b) NEAR/5 c``.

AND, NOT, fields and counts are true or false of a whole story, so that nothing can be near to them. What was meant
is mostly plain, and is then shown as a query that parses.
"""

from __future__ import annotations

from collections.abc import Callable

from monitor.query.ast import (
    And,
    AtLeast,
    Expression,
    First,
    InField,
    Near,
    Not,
    NotNear,
    Or,
    Positional,
    Same,
    Value,
    positional,
)
from monitor.query.cursor import Cursor, write
from monitor.query.unparse import shown

Pair = Callable[[Positional, Positional], Near | Same | NotNear]
"""Joins two operands."""

_OPERANDS = "words, phrases, wildcards, an OR of these, or proximity"


def refuse_operand(cursor: Cursor, part: Expression, operator: str, instead: str | None) -> None:
    """Say that proximity can't join ``part``; ``instead`` is what to write for it all, where that is known."""
    culprit = _culprit(part)
    detail = f"{operator} joins {_OPERANDS}, and not {_kind(culprit)}"
    otherwise = "put proximity inside, or join the two with AND"
    cursor.problem("not-positional", detail, culprit.at, write(instead, otherwise) if instead else otherwise)


def refuse_counted(cursor: Cursor, part: Expression, count: int) -> None:
    """Say that ATLEAST can't count ``part``, and what to write instead."""
    hint = "count each by itself"
    if isinstance(part, InField) and positional(part.part):
        hint = write(shown(InField(part.name, AtLeast(count, part.part))), hint)
    elif isinstance(part, And):
        each = [AtLeast(count, p) for p in part.parts if positional(p)]
        hint = write(shown(And(tuple(each))), hint) if len(each) == len(part.parts) else hint
    culprit = _culprit(part)
    cursor.problem("not-positional", f"ATLEAST counts {_OPERANDS}, and not {_kind(culprit)}", culprit.at, hint)


def rewritten(left: Expression, right: Expression, pair: Pair) -> str | None:
    """The usual way to write a pair of which one has no place in the text, or None where there is none."""
    if isinstance(left, InField) and isinstance(right, InField):
        return _in_one_field(left, right, pair)
    if positional(left):
        return _around(left, right, pair)
    return _around(right, left, lambda good, other: pair(other, good)) if positional(right) else None


def _in_one_field(left: InField, right: InField, pair: Pair) -> str | None:
    if left.name == right.name and positional(left.part) and positional(right.part):
        return shown(InField(left.name, pair(left.part, right.part)))
    return None


def _around(good: Positional, wrong: Expression, pair: Pair) -> str | None:
    match wrong:
        case InField() if positional(wrong.part):
            return shown(InField(wrong.name, pair(good, wrong.part)))
        case First() if positional(wrong.part):
            return shown(First(wrong.words, pair(good, wrong.part)))
        case AtLeast() | Value():
            return shown(And((good, wrong)))
        case Not() if positional(wrong.part):
            joined = pair(good, wrong.part)
            plain = isinstance(joined, Near) and not joined.ordered
            return shown(NotNear(good, wrong.part, joined.distance)) if isinstance(joined, Near) and plain else None
        case And():
            return _shared(good, wrong, pair)
        case _:
            return None


def _shared(good: Positional, parts: And, pair: Pair) -> str | None:
    """Each of the parts with the good one; what is not wanted stays by itself."""
    texts: list[str] = []
    for part in parts.parts:
        if isinstance(part, Not) and positional(part.part):
            texts.append(shown(part))
        elif positional(part) and not isinstance(joined := pair(good, part), NotNear):
            texts.append(f"({shown(joined)})")
        else:
            return None
    return " AND ".join(texts)


def _culprit(part: Expression) -> Expression:
    """The alternative that is to blame."""
    while isinstance(part, Or):
        part = next(p for p in part.parts if not positional(p))
    return part


def _kind(part: Expression) -> str:
    if isinstance(part, InField | Value):
        return f"{part.name}:"
    return "ATLEAST" if isinstance(part, AtLeast) else type(part).__name__.upper()
