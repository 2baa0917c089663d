"""Proximity: ``a NEAR/3 b``, ``a SAME/s b``, ``a NOT NEAR/2 b``, and chains of them.

A chain repeats one operator and reads from the left; anything else wants brackets. The operands have to be
something that stands at a place in the text (rewrite.py says what to write for one that is not).
"""

from __future__ import annotations

from typing import Literal

from monitor.query.ast import Expression, Near, NotNear, Positional, Same, positional
from monitor.query.cursor import Cursor, Rule, write
from monitor.query.limits import MAX_SHOWN
from monitor.query.rewrite import refuse_operand, rewritten
from monitor.query.tokens import PROXIMITY, Kind, Token


def chain(cursor: Cursor, operand: Rule) -> Expression | None:
    """``operand`` and those that proximity joins to it."""
    parts, joints = [operand(cursor)], []
    while (joint := _joint(cursor)) is not None:
        joints.append(joint)
        parts.append(operand(cursor))
    if not joints:
        return parts[0]
    if len(joints) > 1 and (len({_written(j) for j in joints}) > 1 or _negated(joints[0])):
        _mixed(cursor, parts, joints)
        return None
    found = [part for part in parts if part is not None and positional(part)]
    if len(found) < len(parts):
        _refuse(cursor, parts, joints[0])
        return None
    tree = found[0]
    for part, joint in zip(found[1:], joints, strict=True):
        tree = _pair(tree, part, joint)
    return tree


def _joint(cursor: Cursor) -> Token | None:
    """The proximity operator to come, if one is."""
    kind = cursor.peek().kind
    if kind in PROXIMITY:
        return cursor.take()
    if kind is not Kind.NOT or cursor.after().kind not in PROXIMITY:
        return None
    refused, operator = cursor.take(), cursor.take()
    at = (refused.at[0], operator.at[1])
    if operator.kind is not Kind.NEAR:
        hint = "write NOT NEAR/5; ONEAR and SAME have no such form"
        cursor.problem("unknown-operator", f"there is no NOT {operator.text}", at, hint)
    return Token(operator.kind, f"NOT {operator.text}", at, number=operator.number)


def _negated(joint: Token) -> bool:
    return joint.text.startswith("NOT")


def _written(joint: Token) -> str:
    """How an operator is written; ``NEAR/05`` is ``NEAR/5``."""
    return f"{joint.text.split('/')[0]}/{joint.number}" if joint.number else joint.text


def _pair(left: Positional, right: Positional, joint: Token) -> Near | Same | NotNear:
    at = (left.at[0], right.at[1])
    if joint.kind is Kind.SAME:
        unit: Literal["s", "p"] = "s" if joint.text.endswith("s") else "p"
        return Same(left, right, unit, at)
    if _negated(joint):
        return NotNear(left, right, joint.number, at)
    return Near(left, right, joint.number, joint.kind is Kind.ONEAR, at)


def _refuse(cursor: Cursor, parts: list[Expression | None], joint: Token) -> None:
    """Say of each part that has no place in the text that it needs one."""
    instead = None
    if len(parts) == 2 and parts[0] is not None and parts[1] is not None:
        instead = rewritten(parts[0], parts[1], lambda left, right: _pair(left, right, joint))
    for part in parts:
        if part is not None and not positional(part):
            refuse_operand(cursor, part, _written(joint), instead)


def _mixed(cursor: Cursor, parts: list[Expression | None], joints: list[Token]) -> None:
    """Operators side by side that don't make a chain: show the brackets that reading from the left would put."""
    texts, names = [cursor.shown(part.at) for part in parts if part], [_written(joint) for joint in joints]
    at = (parts[0].at[0] if parts[0] else joints[0].at[0], cursor.last().at[1])
    if set(names) == {names[0]}:
        otherwise = "put what must not be near into one OR"
        hint = write(f"{texts[0]} {names[0]} ({' OR '.join(texts[1:])})", otherwise) if all(parts) else otherwise
        cursor.problem("mixed-proximity", "NOT NEAR does not go on after its second term", at, hint)
        return
    hint = "add brackets"
    if all(parts):
        shown = texts[0]
        for i, name in enumerate(names):
            again = i and (name != names[i - 1] or name.startswith("NOT"))
            shown = f"({shown}) {name} {texts[i + 1]}" if again else f"{shown} {name} {texts[i + 1]}"
        hint = f"add brackets, for example: {shown}" if len(shown) <= MAX_SHOWN else hint
    cursor.problem("mixed-proximity", "different proximity operators side by side can be read in two ways", at, hint)
