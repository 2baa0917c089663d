"""Characters to tokens. The lexer never fails: what it can't read becomes a FAULT token with a
problem in it, so that the parser can go on and report everything at once. One pass, linear time.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

from monitor.errors import Problem
from monitor.query.ast import FIELDS, Place


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    PHRASE = "phrase"
    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    FIELD = "field"
    FAULT = "fault"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is the token's value: a phrase without its quotes, a field without its colon."""

    kind: Kind
    text: str
    at: Place
    problem: Problem | None = None


OPERATORS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
OPENING, CLOSING = '"“„«', '"”“»'

# White space may follow the colon: "title: Putin" would else look for the word "title".
_FIELD = re.compile(rf"({'|'.join(FIELDS)}):", re.IGNORECASE | re.ASCII)
# What could be meant for a field; "12:30", "https://…" and "Moscow: …" are only text.
_LIKE_FIELD = re.compile(r"([A-Za-z]{2,20}):(?=[^\s:/)])")
_WORD = re.compile(r"[^\s()\"“”„«»]+")
_LATER = re.compile(r"(?:O?NEAR|SAME|ATLEAST|FIRST|WEIGHT)(?:/\w*)?\Z")
_MARKED = re.compile(r"[*?]|\A=|\A\{.*\}\Z")
# Punctuation that hangs on a word in running text carries no meaning for a match.
_HANGING = ".,;:!…"


def lex(text: str) -> list[Token]:
    """The tokens of ``text``, the last one END."""
    tokens: list[Token] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char.isspace():
            position += 1
            continue
        token = _next(text, position, tokens)
        tokens.append(token)
        position = token.at[1]
    tokens.append(Token(Kind.END, "", (end, end)))
    return tokens


def _next(text: str, position: int, before: list[Token]) -> Token:
    char = text[position]
    if char in "()":
        return Token(Kind.OPEN if char == "(" else Kind.CLOSE, char, (position, position + 1))
    if char in OPENING or char in CLOSING:
        return _phrase(text, position)
    follows = text[position + 1 : position + 2]
    glued = bool(before) and before[-1].at[1] == position and before[-1].kind in (Kind.WORD, Kind.PHRASE)
    if char == "-" and follows and not follows.isspace() and not glued:
        return Token(Kind.MINUS, "-", (position, position + 1))
    if found := _FIELD.match(text, position):
        return Token(Kind.FIELD, found[1].lower(), found.span())
    if found := _LIKE_FIELD.match(text, position):
        return _unknown_field(found)
    return _word(text, position)


def _phrase(text: str, position: int) -> Token:
    # German and Danish turn the French quotes round: »…«
    closings = CLOSING + "«" if text[position] == "»" else CLOSING
    closing = next((i for i in range(position + 1, len(text)) if text[i] in closings), None)
    if closing is None:
        end = len(text)
        problem = Problem("unclosed-quote", "this quote is never closed", position, end, 'add a closing "')
        return Token(Kind.FAULT, text[position + 1 :], (position, end), problem)
    return Token(Kind.PHRASE, text[position + 1 : closing], (position, closing + 1))


def _unknown_field(found: re.Match[str]) -> Token:
    name, at = found[1].lower(), found.span()
    close = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f"did you mean {close[0]}:?" if close else f"fields are {', '.join(FIELDS)}; quote it to search for the text"
    problem = Problem("unknown-field", f"there is no field {found[1]!r}", *at, hint)
    return Token(Kind.FAULT, name, at, problem)


def _word(text: str, position: int) -> Token:
    found = _WORD.match(text, position)
    word = found[0] if found else text[position]
    at = (position, position + len(word))
    bare = word.rstrip(_HANGING) or word
    if bare in OPERATORS:
        return Token(OPERATORS[bare], bare, at)
    if _LATER.match(bare):
        hint = f"operators are {', '.join(OPERATORS)}; quote it to search for the word"
        return Token(Kind.FAULT, bare, at, Problem("unknown-operator", f"{bare} is not available", *at, hint))
    if _MARKED.search(bare):
        detail = f"wildcards and markers (* ? = {{ }}) are not available: {bare}"
        return Token(Kind.FAULT, bare, at, Problem("unknown-marker", detail, *at, "write the forms out, joined by OR"))
    return Token(Kind.WORD, bare, at)
