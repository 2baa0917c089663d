"""Text to tree, with every problem collected.

    query = plain | expression
    plain = WORD+                    no operator, quote, bracket, field, wildcard or mark anywhere

``a NOT b`` and ``a -b`` read as ``a AND NOT b``. A query in which every term stands under a NOT is
refused: it would alert on nearly everything. ``a OR NOT b`` would, too, but is accepted: some want
it, and the rulebook reports it as expensive.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from monitor.errors import Problem, RuleSyntaxError
from monitor.query.ast import (
    And,
    AtLeast,
    Expression,
    First,
    InField,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Plain,
    Query,
    Same,
    Weight,
    Word,
)
from monitor.query.cursor import Cursor, Stop, write
from monitor.query.grammar import expression, term
from monitor.query.lexer import lex
from monitor.query.limits import MAX_HEIGHT, MAX_LENGTH, MAX_PROBLEMS, MAX_TERMS
from monitor.query.tokens import TERMS, Kind
from monitor.text.tokens import tokenize


def parse(text: str) -> Query:
    """The tree of ``text``.

    Raises RuleSyntaxError with all problems found, each with its place and a hint.
    """
    if len(text) > MAX_LENGTH:
        detail = f"a query has at most {MAX_LENGTH:,} characters; this one has {len(text):,}"
        raise RuleSyntaxError(
            text, (Problem("too-long", detail, MAX_LENGTH, len(text), "split it into several rules"),)
        )
    cursor = Cursor(text, lex(text))
    query: Query | None = None
    with suppress(Stop):
        query = _read(cursor)
    if cursor.problems or query is None:
        raise RuleSyntaxError(text, _in_order(cursor.problems))
    return query


def _read(cursor: Cursor) -> Query | None:
    """The query, or None where the reason is noted. Raises Stop."""
    if len(cursor.problems) > MAX_PROBLEMS:
        return None
    terms = sum(token.kind in TERMS for token in cursor.tokens)
    if terms > MAX_TERMS:
        detail = f"a query has at most {MAX_TERMS:,} terms; this one has {terms:,}"
        cursor.problem("too-many-terms", detail, (0, len(cursor.text)), "split it into several rules")
        return None
    if all(token.kind in (Kind.WORD, Kind.END) for token in cursor.tokens):
        return _plain(cursor)
    return None if _asks(cursor) else _whole(cursor)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in the order of the text; where there are very many, the first of them."""
    found = sorted(problems, key=lambda problem: (problem.start, problem.end))
    if len(found) > MAX_PROBLEMS:
        rest = found[MAX_PROBLEMS]
        detail = f"there are more problems than these {MAX_PROBLEMS}"
        found[MAX_PROBLEMS:] = [Problem("more-problems", detail, rest.start, rest.end, "mend these first")]
    return tuple(dict.fromkeys(found))


def _plain(cursor: Cursor) -> Plain | None:
    # A dash or a lone comma between plain words is punctuation, not a word to look for.
    terms = [term(cursor, t) for t in cursor.tokens if t.kind is Kind.WORD and _searchable(t.text)]
    words = tuple(found for found in terms if isinstance(found, Word))
    if not words:
        hint = "write what the stories should be about"
        cursor.problem("empty", "there is no word to look for", (0, len(cursor.text)), hint)
        return None
    return Plain(words, (words[0].at[0], words[-1].at[1]))


def _searchable(text: str) -> bool:
    return next(tokenize(text), None) is not None


def _asks(cursor: Cursor) -> bool:
    """Whether the query may be a question rather than have a wildcard; that is noted."""
    *terms, _ = cursor.tokens
    asked = [token for token in terms if token.kind is not Kind.WORD]
    if not all(token.kind in (Kind.WILDCARD, Kind.FAULT) and token.text.endswith("?") for token in asked):
        return False
    if cursor.problems:  # a wildcard too short
        return True
    joined = " AND ".join(token.text for token in terms)
    wild = joined if len(terms) > 1 else f"({joined})"
    hint = "leave it out for plain words, or " + write(f"{wild} for a wildcard", "write AND between the terms")
    cursor.problem("unclear-question-mark", "this ? may end a question or stand for a character", asked[0].at, hint)
    return True


def _whole(cursor: Cursor) -> Expression | None:
    found = expression(cursor)
    while (token := cursor.peek()).kind is not Kind.END:
        # Only a bracket too many ends an expression early.
        cursor.problem("unopened-bracket", "this bracket was never opened", token.at, "remove it, or add (")
        cursor.take()
        if cursor.peek().kind in (Kind.AND, Kind.OR):
            cursor.take()
        if cursor.peek().kind not in (Kind.END, Kind.CLOSE):
            expression(cursor)
    if found is None or cursor.problems:
        return None
    if (high := _too_high(found)) is not None:
        hint = "join fewer terms in a row by proximity"
        cursor.problem("too-deep", f"the parts of a query nest at most {MAX_HEIGHT} deep", high.at, hint)
    elif not _positive(found):
        hint = "say what the stories should be about, for example: Vietnam NOT coffee"
        detail = "the query only says what must not be there"
        cursor.problem("no-positive-term", detail, (0, len(cursor.text)), hint)
    return found


def _too_high(tree: Expression) -> Expression | None:
    """The first part that nests deeper than a tree may be high. Takes no recursion: a chain of NEAR may be long."""
    waiting = [(tree, 1)]
    while waiting:
        node, height = waiting.pop()
        if height > MAX_HEIGHT:
            return node
        waiting.extend((part, height + 1) for part in _parts(node))
    return None


def _parts(node: Expression) -> Iterator[Expression]:
    match node:
        case And() | Or() | Of():
            yield from node.parts
        case Weight():
            yield from (part for part, _ in node.parts)
        case Not() | InField() | First() | AtLeast():
            yield node.part
        case Near() | Same() | NotNear():
            yield from (node.left, node.right)
        case _:
            return


def _positive(node: Expression) -> bool:
    """Whether the node holds a term that must be there for some story to match."""
    match node:
        case Not():
            return False
        case InField() | First():
            return _positive(node.part)
        case And() | Or() | Of():
            return any(_positive(part) for part in node.parts)
        case Weight():
            return any(_positive(part) for part, weight in node.parts if weight > 0)
        case _:  # what has a place in the text, is counted there, or is a fact
            return True
