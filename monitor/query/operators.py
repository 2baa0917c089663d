"""The operators: one table of how each is written, and what is said of one that is written otherwise.

Other tools spell proximity in other ways, each with a meaning of its own (``W/5`` is ordered in one and not in
another). They are told apart from words here, so that none is ever searched for as text; reading them is a matter
of one more table.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.query.ast import MAX_COUNT, MAX_DISTANCE, Place
from monitor.query.tokens import Kind, Token, cut, fault


class Operator(NamedTuple):
    """How an operator is written: ``example`` for hints, the largest number it takes, or the letters."""

    kind: Kind
    example: str
    most: int = 0
    units: tuple[str, ...] = ()


OPERATORS = {
    "AND": Operator(Kind.AND, "a AND b"),
    "OR": Operator(Kind.OR, "a OR b"),
    "NOT": Operator(Kind.NOT, "a NOT b"),
    "NEAR": Operator(Kind.NEAR, "NEAR/5", MAX_DISTANCE),
    "ONEAR": Operator(Kind.ONEAR, "ONEAR/5", MAX_DISTANCE),
    "SAME": Operator(Kind.SAME, "SAME/s for one sentence, SAME/p for one paragraph", units=("s", "p")),
    "ATLEAST": Operator(Kind.ATLEAST, "ATLEAST/2(word)", MAX_COUNT),
    "FIRST": Operator(Kind.FIRST, "FIRST/50(word)", MAX_COUNT),
    "OF": Operator(Kind.OF, "2 OF (a, b, c)", MAX_COUNT),
    "WEIGHT": Operator(Kind.WEIGHT, "WEIGHT(a^20, b^15, c^-50) >= 30"),
}
FOREIGN = {"W": "NEAR", "WITHIN": "NEAR", "": "NEAR", "ADJ": "ONEAR", "NEXT": "ONEAR", "PRE": "ONEAR"}
"""Spellings of other tools, and what comes nearest here."""

_SPLIT = re.compile(r"([A-Za-z]*)(/?)(.*)", re.DOTALL)
_GLUED = re.compile(r"(O?NEAR|ADJ|ATLEAST|FIRST)([0-9]+)", re.IGNORECASE)
_SPACED = re.compile(r"\s*/\s*([A-Za-z0-9]+)")
_BRACKET = re.compile(r"\s*\(")
_COUNTED = re.compile(r"([0-9]+)\s+([Oo][Ff])(?=\s*\(|[\s]|\Z)")


def number(digits: str) -> int:
    """The number that ASCII digits write; where they are very many, only that it is too large."""
    return int(digits) if len(digits) < 10 else 10**9


def operator(bare: str, text: str, at: Place) -> Token | None:
    """The operator that the word ``bare`` at ``at`` is, or the fault in it; None where it is a word."""
    if bare in OPERATORS:
        return _alone(bare, text, at)
    if bare.isalpha():
        return _weight(bare, text, at) if bare.upper() == "WEIGHT" else None
    found = _SPLIT.fullmatch(bare)
    name, slash, argument = found.groups() if found else (bare, "", "")
    known = OPERATORS.get(name)
    if known and slash and (known.most or known.units) and known.kind is not Kind.OF:
        return _argued(known, bare, argument, text, at)
    if glued := _GLUED.fullmatch(bare):
        return _elsewhere(glued[1], glued[2], bare, at)
    if slash and re.fullmatch(r"[0-9]+|[sSpP]", argument):
        return _elsewhere(name, argument, bare, at)
    return None


def _weight(bare: str, text: str, at: Place) -> Token | None:
    """``weight(`` in small letters, which can only be meant for the operator: its list is read as one."""
    if not text.startswith("(", at[1]):
        return None
    return Token(Kind.WEIGHT, bare, at, _small(bare, at, OPERATORS["WEIGHT"].example).problem)


def counted(text: str, position: int) -> Token | None:
    """``2 OF`` at ``position``, with its number; None where none stands there."""
    found = _COUNTED.match(text, position)
    if found is None or (found[2] != "OF" and not _BRACKET.match(text, found.end())):
        return None
    at, count = found.span(), number(found[1])
    problem = None
    if found[2] != "OF":
        problem = _small(found[2], (found.start(2), at[1]), f"{found[1]} OF (…)").problem
    elif not 0 < count <= MAX_COUNT:
        problem = _bad_number(found[0], at, OPERATORS["OF"]).problem
    return Token(Kind.OF, found[0], at, problem, count)


def _alone(bare: str, text: str, at: Place) -> Token:
    """An operator's name by itself."""
    known = OPERATORS[bare]
    bracket = _BRACKET.match(text, at[1]) is not None
    if bare in ("AND", "OR", "NOT") or (bare == "WEIGHT" and bracket):
        return Token(known.kind, bare, at)
    if (known.most or known.units) and bare != "OF" and (spaced := _SPACED.match(text, at[1])):
        hint = f"write {bare}/{spaced[1]}, without spaces"
        return fault(bare, (at[0], spaced.end()), "unknown-operator", f"{bare} is written in one piece", hint)
    if bare == "WEIGHT":
        detail, code = "WEIGHT needs a list in brackets behind it", "missing-brackets"
    else:
        detail, code = f"{bare} needs a number {'before' if bare == 'OF' else 'behind'} it", "missing-number"
        detail = "SAME needs to say of what" if bare == "SAME" else detail
    broken = fault(bare, at, code, detail, f'write {known.example}, or quote it to search for the word: "{bare}"')
    # What looks like a list is read as one, so that its commas are no further faults.
    return Token(Kind.OF, bare, at, broken.problem, 1) if bare == "OF" and bracket else broken


def _argued(known: Operator, bare: str, argument: str, text: str, at: Place) -> Token:
    """An operator's name with a slash."""
    if argument in known.units:
        return Token(known.kind, bare, at)
    if re.fullmatch("[0-9]+", argument) and 0 < number(argument) <= known.most:
        return Token(known.kind, bare, at, number=number(argument))
    if not argument and (spaced := re.compile(r"\s*([A-Za-z0-9]+)").match(text, at[1])):
        hint = f"write {bare}{spaced[1]}, without spaces"
        return fault(bare, (at[0], spaced.end()), "unknown-operator", f"{bare[:-1]} is written in one piece", hint)
    return _bad_number(bare, at, known)


def _bad_number(bare: str, at: Place, known: Operator) -> Token:
    name = known.kind.value
    detail = (
        f"{name} takes {' or '.join(known.units)}" if known.units else f"{name} takes a number from 1 to {known.most:,}"
    )
    return fault(bare, at, "bad-number", f"{detail}: {cut(bare)}", f"write {known.example}")


def _elsewhere(name: str, argument: str, bare: str, at: Place) -> Token | None:
    """A spelling in small letters, without the slash, or of another tool."""
    upper = name.upper()
    ours = FOREIGN.get(upper, upper)
    if ours not in OPERATORS or not (OPERATORS[ours].most or OPERATORS[ours].units) or ours == "OF":
        return None
    if argument.isdigit() == (ours == "SAME"):  # W/s, /p, near/p; same/5
        if ours not in ("NEAR", "SAME"):
            return None
        ours, argument = ("NEAR", argument) if argument.isdigit() else ("SAME", argument.lower())
    written = f"{ours}/{cut(argument)}"
    if OPERATORS[ours].kind in (Kind.ATLEAST, Kind.FIRST):
        written += "(…)"
    if upper not in FOREIGN and upper != name and "/" in bare:
        return _small(bare, at, written)
    hint = f"write {written}" + (f", or NEAR/{argument} for either order" if ours == "ONEAR" else "")
    hint = f"write {written} for either order, ONEAR/{argument} for this one" if written.startswith("NEAR") else hint
    return fault(bare, at, "unknown-operator", f"{cut(bare)} is no operator here", hint)


def _small(bare: str, at: Place, written: str) -> Token:
    detail = f"operators are in capitals: {cut(bare)}"
    return fault(bare, at, "lower-case-operator", detail, f"write {written}, or quote it to search for the text")
