"""Counting and weighing: ``ATLEAST/2(a)``, ``FIRST/30(a)``, ``2 OF (a, b, c)``, ``WEIGHT(a^20, b^-50) >= 30``."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.query.ast import NAME_FIELDS, AtLeast, Expression, First, Of, Place, Weight, positional
from monitor.query.cursor import Cursor, Rule, write
from monitor.query.operators import OPERATORS
from monitor.query.rewrite import refuse_counted
from monitor.query.tokens import Kind, Token


def at_least(cursor: Cursor, token: Token, group: Rule) -> Expression | None:
    """``ATLEAST/n(…)``; ``group`` reads a bracket."""
    if not _opened(cursor, token):
        return None
    part = group(cursor)
    if part is None:
        return None
    if not positional(part):
        refuse_counted(cursor, part, token.number)
        return None
    return AtLeast(token.number, part, (token.at[0], cursor.last().at[1]))


def first(cursor: Cursor, token: Token, group: Rule) -> Expression | None:
    """``FIRST/n(…)``."""
    if not _opened(cursor, token):
        return None
    if around := next((name for name in cursor.inside if name in NAME_FIELDS), None):
        detail = f"FIRST counts the words of headline and body, and not those of {around}:"
        cursor.problem("misplaced-field", detail, token.at, f"write {around}: without FIRST")
    cursor.inside.append("FIRST")
    part = group(cursor)
    cursor.inside.pop()
    return None if part is None else First(token.number, part, (token.at[0], cursor.last().at[1]))


def of(cursor: Cursor, token: Token, expression: Rule) -> Expression | None:
    """``n OF (…)``; ``expression`` reads an item."""
    if not _opened(cursor, token):
        return None
    items, at, _ = _items(cursor, token, expression)
    parts = tuple(item.part for item in items if item.part is not None)
    return Of(token.number, parts, at) if parts and len(parts) == len(items) else None


def weight(cursor: Cursor, token: Token, expression: Rule) -> Expression | None:
    """``WEIGHT(…) >= n``."""
    if not _opened(cursor, token):
        return None
    items, at, closed = _items(cursor, token, expression)
    parts: list[tuple[Expression, int]] = []
    for item in items:
        if item.part is not None and item.weight is None:
            shown = cursor.shown(item.part.at)
            hint = write(f"{shown}^20" if item.single else f"({shown})^20", "write ^20 behind it")
            cursor.problem("missing-weight", "each pattern of WEIGHT needs a weight", item.part.at, hint)
        elif item.part is not None and item.weight is not None:
            _weighed(cursor, item.part, item.weight, single=item.single)
            parts.append((item.part, item.weight.number))
    reached = cursor.take() if cursor.peek().kind is Kind.REACHES else None
    if reached is None and closed:
        detail = "WEIGHT(…) needs the weight that has to be reached"
        cursor.problem("missing-threshold", detail, at, "write it behind the bracket, for example >= 30")
    if reached is None or reached.problem or len(parts) < len(items) or not parts:
        return None
    most = sum(max(number, 0) for _, number in parts)
    if most < reached.number and not any(item.weight and item.weight.problem for item in items):
        hint = f"ask for {most:,} at most" if most else "give at least one pattern a weight above 0"
        detail = f"the weights above 0 come to {most:,}, which never reaches {reached.number:,}"
        cursor.problem("never-matches", detail, reached.at, hint)
    return Weight(tuple(parts), reached.number, (at[0], reached.at[1]))


def _weighed(cursor: Cursor, part: Expression, caret: Token, *, single: bool) -> None:
    """Refuse a weight whose part is not plain to see."""
    if not single:
        shown = cursor.shown((part.at[0], caret.at[0]))
        hint = write(f"({shown}){cursor.shown(caret.at)}", "put it in brackets")
        cursor.problem("unclear-weight", "it can't be seen how much this weight belongs to", caret.at, hint)


_EMPTY = "write patterns into them, parted by commas"


@dataclass(frozen=True, slots=True)
class _Item:
    """One of a list; ``single``: one term or bracket, to which a weight can belong."""

    part: Expression | None
    weight: Token | None
    single: bool


def _opened(cursor: Cursor, token: Token) -> bool:
    """Whether a bracket follows, as it must."""
    if cursor.peek().kind is Kind.OPEN:
        return True
    hint = f"write {OPERATORS[token.kind.value].example}"
    cursor.problem("missing-brackets", f"{token.text} needs brackets behind it", token.at, hint)
    return False


def _items(cursor: Cursor, token: Token, expression: Rule) -> tuple[list[_Item], Place, bool]:
    """The list in brackets, the place of it all, and whether the bracket is closed."""
    opened = cursor.take()
    items: list[_Item] = []

    def item(cursor: Cursor) -> Expression | None:
        start = cursor.next
        part = expression(cursor)
        single = cursor.atom_from == start and cursor.tokens[start].kind is not Kind.WEIGHT
        caret = cursor.take() if cursor.peek().kind is Kind.CARET else None
        items.append(_Item(part, caret, single))
        return part

    if cursor.peek().kind is Kind.CLOSE:
        cursor.take()
        at = (token.at[0], cursor.last().at[1])
        cursor.problem("empty-brackets", "there is nothing in these brackets", (opened.at[0], at[1]), _EMPTY)
        return [], at, True
    cursor.nested(item, opened)
    while cursor.peek().kind not in (Kind.CLOSE, Kind.REACHES, Kind.END):
        if cursor.peek().kind is Kind.COMMA:
            cursor.take()
        else:
            _astray(cursor)
        cursor.nested(item, opened)
    closed = cursor.peek().kind is Kind.CLOSE
    if closed:
        cursor.take()
    else:
        cursor.problem("unclosed-bracket", "this bracket is never closed", opened.at, "add )")
    return items, (token.at[0], cursor.last().at[1]), closed


def _astray(cursor: Cursor) -> None:
    """Something stands behind a weight where only a comma could."""
    left, right = cursor.last(), cursor.peek()
    hint = "write a comma behind the weight"
    if right.kind in (Kind.AND, Kind.OR):
        cursor.take()
        hint = f"write a comma instead of {right.text}"
    cursor.problem("missing-comma", "the patterns are parted by commas", (left.at[0], right.at[1]), hint)
