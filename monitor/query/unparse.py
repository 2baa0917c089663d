"""A tree to its canonical text: AND, OR and NOT spelled out, brackets wherever operators meet."""

from __future__ import annotations

from typing import assert_never

from monitor.query.ast import And, Expression, InField, Not, Or, Phrase, Plain, Query, Word


def unparse(query: Query) -> str:
    """The canonical text of ``query``; parsing it gives an equal tree."""
    # Without its brackets a lone word would be read as plain words.
    return f"({query.text})" if isinstance(query, Word) else shown(query)


def shown(part: Query) -> str:
    """The canonical text of a query or of a part of one, for people to read."""
    return " ".join(word.text for word in part.words) if isinstance(part, Plain) else _text(part)


def _text(node: Expression) -> str:
    match node:
        case Word():
            return node.text
        case Phrase():
            return f'"{node.text}"'
        case And():
            return " AND ".join(_bracketed(part) for part in node.parts)
        case Or():
            return " OR ".join(_bracketed(part) for part in node.parts)
        case Not():
            return f"NOT {_bracketed(node.part)}"
        case InField():
            inner = _text(node.part)
            return f"{node.name}:{inner}" if isinstance(node.part, Word | Phrase) else f"{node.name}:({inner})"
        case _:
            assert_never(node)


def _bracketed(node: Expression) -> str:
    return f"({_text(node)})" if isinstance(node, And | Or) else _text(node)
