"""Fields: ``title:a`` narrows where to look, ``lang:de`` is a fact about the story."""

from __future__ import annotations

import re

from monitor.query.ast import NAME_FIELDS, VALUE_FIELDS, Expression, InField, Or, Value
from monitor.query.cursor import Cursor, Rule
from monitor.query.tokens import Kind, Token
from monitor.text.languages import normalize
from monitor.text.places import gazetteer

_HOST = re.compile(r"(?=.{1,253}\Z)[^\W_](?:[\w-]{0,62})(?:\.[^\W_][\w-]{0,62})*")
# What people paste: a whole address, a pattern, a port.
_PASTED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/@\s]*@)?[*.]*([\w.-]+)(?:[:/?#].*)?", re.DOTALL)


def field(cursor: Cursor, token: Token, atom: Rule) -> Expression | None:
    """A field and what it is asked for; ``atom`` reads a term or a bracket."""
    if cursor.peek().kind in (Kind.NOT, Kind.MINUS):
        detail = f"NOT goes before the field, not between {token.text}: and its term"
        hint = f"write NOT {token.text}:…, or quote the word to search for it"
        cursor.problem("misplaced-not", detail, (token.at[0], cursor.take().at[1]), hint)
        return None
    _place(cursor, token)
    if token.text in VALUE_FIELDS:
        return _values(cursor, token)
    cursor.inside.append(token.text)
    # The field counts as one level with its bracket.
    inner = atom(cursor) if cursor.peek().kind is Kind.OPEN else cursor.nested(atom, token)
    cursor.inside.pop()
    return None if inner is None else InField(token.text, inner, (token.at[0], inner.at[1]))


def _place(cursor: Cursor, token: Token) -> None:
    """Refuse a field inside another one that can't hold it."""
    name = token.text
    names = [around for around in cursor.inside if around in NAME_FIELDS]
    if not cursor.inside or (name not in NAME_FIELDS and name not in VALUE_FIELDS and not names):
        return
    around = names[-1] if names else cursor.inside[-1]
    shown = "FIRST" if around == "FIRST" else f"{around}:"
    hint = f"join the two with AND: {shown if shown != 'FIRST' else 'FIRST/50'}(…) AND {name}:…"
    cursor.problem("misplaced-field", f"{name}: is not inside {shown}, but beside it", token.at, hint)


# ── values ──

_ENDS = (Kind.END, Kind.CLOSE, Kind.COMMA, Kind.CARET)


def _values(cursor: Cursor, token: Token) -> Expression | None:
    if cursor.peek().kind is not Kind.OPEN:
        return _value(cursor, token, token.at[0])
    opened = cursor.take()
    found: list[Expression | None] = []
    while True:
        found.append(_value(cursor, token, cursor.peek().at[0]))
        if cursor.peek().kind in _ENDS:
            break
        _alternative(cursor, token)
    if cursor.peek().kind is Kind.CLOSE:
        cursor.take()
    else:
        cursor.problem("unclosed-bracket", "this bracket is never closed", opened.at, "add )")
    values = [value for value in found if value is not None]
    if len(values) < len(found):
        return None
    at = (token.at[0], cursor.last().at[1])
    return (
        Value(token.text, values[0].text, at)
        if len(values) == 1 and isinstance(values[0], Value)
        else Or(tuple(values), at)
    )


def _alternative(cursor: Cursor, token: Token) -> None:
    """Pass the OR between two values; say so where there is another."""
    joint, before = cursor.peek(), cursor.last()
    if joint.kind is Kind.OR:
        cursor.take()
        return
    hint = f"join values with OR: {token.text}:(a OR b)"
    if joint.kind is Kind.AND:
        hint = f"write {token.text}:a AND {token.text}:b"
    elif joint.kind in (Kind.NOT, Kind.MINUS):
        hint = f"write NOT {token.text}:… behind the bracket"
    if joint.kind in (Kind.AND, Kind.NOT, Kind.MINUS):
        cursor.take()
    if Kind.FAULT not in (joint.kind, before.kind):
        cursor.problem("bad-value", f"{token.text}: takes values, joined by OR", (before.at[0], joint.at[1]), hint)


def _value(cursor: Cursor, token: Token, start: int) -> Value | None:
    """One value."""
    found = cursor.peek()
    name = token.text
    if found.kind in (Kind.WORD, Kind.PHRASE):
        cursor.take()
        text, hint = _JUDGES[name](" ".join(found.text.split()))
        if text is not None:
            return Value(name, text, (start, found.at[1]))
        cursor.problem("bad-value", f"this is no value of {name}:", found.at, hint)
        return None
    if found.kind is Kind.FAULT:
        cursor.take()
        return None
    if found.kind in _ENDS:
        cursor.problem("missing-term", f"{name}: needs a value", cursor.last().at, f"write {_EXAMPLES[name]}")
        return None
    if found.kind in (Kind.AND, Kind.OR):
        cursor.take()
        detail = f"{found.text} needs a value on both sides"
        cursor.problem("missing-term", detail, found.at, f'quote it where it is one: {name}:"{found.text}"')
        return None
    hint = f"write {_EXAMPLES[name]}"
    if found.kind in (Kind.NOT, Kind.MINUS):
        hint = f"write NOT {name}:…"
    cursor.problem("bad-value", f"{name}: takes a value, or several joined by OR", found.at, hint)
    _skip(cursor)
    return None


def _skip(cursor: Cursor) -> None:
    """Pass what can't be a value: a bracket with all that is in it, a NOT with what it negates."""
    first, depth = cursor.take(), 0
    if first.kind is Kind.OPEN:
        depth = 1
        while depth and (token := cursor.take()).kind is not Kind.END:
            depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
    elif first.kind in (Kind.NOT, Kind.MINUS) and cursor.peek().kind in (Kind.WORD, Kind.PHRASE):
        cursor.take()


_EXAMPLES = {
    "site": "site:bbc.co.uk",
    "lang": "lang:de",
    "country": "country:vn",
    "place": 'place:Vietnam or place:"Southeast Asia"',
    "tag": 'tag:"world news"',
}

Judged = tuple[str | None, str]
"""The value as it is kept, or None and a hint."""


def _site(text: str) -> Judged:
    host = text.lower().removesuffix(".").removeprefix(".")
    if _HOST.fullmatch(host):
        return host, ""
    pasted = _PASTED.fullmatch(host)
    inner = pasted[1].strip(".-") if pasted else ""
    return None, f"write the host alone, as in site:{inner if _HOST.fullmatch(inner) else 'bbc.co.uk'}"


def _lang(text: str) -> Judged:
    return normalize(text), "write the language's code, as in lang:de or lang:pt-br"


def _country(text: str) -> Judged:
    code = text.lower()
    good = len(code) == 2 and code.isascii() and code.isalpha()
    return code if good else None, "write the two letters of the country's code, as in country:vn"


def _place_named(text: str) -> Judged:
    hint = 'write a country, region, bloc, capital or large city, as in place:"Southeast Asia"'
    return (text if gazetteer().lookup(text) else None), hint


def _tag(text: str) -> Judged:
    return text or None, "write the tag, as in tag:sport"


_JUDGES = {"site": _site, "lang": _lang, "country": _country, "place": _place_named, "tag": _tag}
