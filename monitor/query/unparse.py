"""A tree to its canonical text: AND, OR and NOT spelled out, brackets where the reader would have to know a precedence.

The canonical text never nests deeper than the text that the tree was read from, or it could not be read again.
"""

from __future__ import annotations

import re
from typing import assert_never

from monitor.query.ast import (
    And,
    AtLeast,
    Cased,
    Exact,
    Expression,
    First,
    InField,
    Leaf,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Phrase,
    Plain,
    Query,
    Same,
    Value,
    Weight,
    Wildcard,
    Word,
)
from monitor.query.lexer import COMMAS

# What is read as one value without quotes.
_BARE = re.compile(r"(?!(?:AND|OR|NOT)\Z)\w[\w-]*(?:\.[\w-]+)*")
# What a word of a list can't hold outside brackets.
_OF = re.compile(rf"[{COMMAS}]")
_WEIGHT = re.compile(rf"[{COMMAS}^]|\A(?:>=|≥)")
Listed = re.Pattern[str] | None


def unparse(query: Query) -> str:
    """The canonical text of ``query``; parsing it gives an equal tree."""
    # Without its brackets a lone word would be read as plain words, and word? as a question.
    alone = isinstance(query, Word) or (isinstance(query, Wildcard) and query.pattern.endswith("?"))
    return f"({shown(query)})" if alone else shown(query)


def shown(part: Query) -> str:
    """The canonical text of a query or of a part of one, for people to read."""
    return " ".join(word.text for word in part.words) if isinstance(part, Plain) else _text(part)


def _text(node: Expression, *, listed: Listed = None) -> str:
    """The text of a node; ``listed``: right within a list, where these signs would be read as the list's."""
    match node:
        case Word() | Phrase() | Exact() | Cased() | Wildcard():
            return _leaf(node, listed=listed)
        case And() | Or():
            joint = " AND " if isinstance(node, And) else " OR "
            return joint.join(_side(part, (And, Or), listed=listed) for part in node.parts)
        case Not():
            return f"NOT {_side(node.part, (And, Or, Near, Same, NotNear), listed=listed)}"
        case Near() | Same() | NotNear():
            return _proximity(node, listed=listed)
        case AtLeast():
            return f"ATLEAST/{node.count}({_text(node.part)})"
        case First():
            return f"FIRST/{node.words}({_text(node.part)})"
        case Of():
            return f"{node.count} OF ({', '.join(_text(part, listed=_OF) for part in node.parts)})"
        case Weight():
            patterns = (f"{_side(part, _UNWEIGHED, listed=_WEIGHT)}^{weight}" for part, weight in node.parts)
            return f"WEIGHT({', '.join(patterns)}) >= {node.threshold}"
        case InField():
            plain = isinstance(node.part, Leaf)
            return f"{node.name}:{_text(node.part, listed=listed) if plain else f'({_text(node.part)})'}"
        case Value():
            return f"{node.name}:{node.text}" if _BARE.fullmatch(node.text) else f'{node.name}:"{node.text}"'
        case _:
            assert_never(node)


_UNWEIGHED = (And, Or, Not, Near, Same, NotNear, Weight)
"""What a weight behind it would not be seen to belong to."""


def _side(node: Expression, bracketed: tuple[type[Expression], ...], *, listed: Listed) -> str:
    return f"({_text(node)})" if isinstance(node, bracketed) else _text(node, listed=listed)


def _leaf(node: Leaf, *, listed: Listed) -> str:
    match node:
        case Phrase():
            return f'"{node.text}"'
        case Cased():
            return f"{{{node.text}}}"
        case Wildcard():
            return node.pattern
        case Word() | Exact():
            text = node.text if isinstance(node, Word) else f"={node.text}"
            return f"({text})" if listed and listed.search(text) else text
        case _:
            assert_never(node)


def _proximity(node: Near | Same | NotNear, *, listed: Listed) -> str:
    joint = _joint(node)
    chained = not isinstance(node, NotNear) and isinstance(node.left, Near | Same) and _joint(node.left) == joint
    left = _text(node.left, listed=listed) if chained else _side(node.left, _JOINED, listed=listed)
    return f"{left} {joint} {_side(node.right, _JOINED, listed=listed)}"


_JOINED = (Or, Near, Same, NotNear)


def _joint(node: Near | Same | NotNear) -> str:
    match node:
        case Near():
            return f"{'ONEAR' if node.ordered else 'NEAR'}/{node.distance}"
        case Same():
            return f"SAME/{node.unit}"
        case NotNear():
            return f"NOT NEAR/{node.distance}"
        case _:
            assert_never(node)
