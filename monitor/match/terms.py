"""A query in one language: words become the terms that stories are compared by (document.py lists their kinds).

The compiled form is small on purpose, since there may be a million of it: a lone term is a plain string, everything
else a tuple with a name, and explanations go back to the query's own tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern
from typing import Literal, NamedTuple, assert_never
from unicodedata import category

from monitor.match.document import Normal, fact
from monitor.query import ast
from monitor.text.forms import forms
from monitor.text.languages import capitalises_nouns
from monitor.text.tokens import fold, tokenize


class Run(NamedTuple):
    """Words in a row, compounds taken apart; ``joined`` says which of them are one: from, to, and the term of all."""

    terms: tuple[str, ...]
    joined: tuple[tuple[int, int, str], ...] = ()


class CasedRun(NamedTuple):
    """Words in a row as they are written; ``terms`` are their folded forms."""

    terms: tuple[str, ...]
    cased: tuple[str, ...]


class Any(NamedTuple):
    """At least one part matches."""

    parts: tuple[Compiled, ...]


class All(NamedTuple):
    """Every part matches."""

    parts: tuple[Compiled, ...]


class Without(NamedTuple):
    """The part does not match."""

    part: Compiled


class Near(NamedTuple):
    """At most ``distance`` apart, in this order if ``ordered``."""

    left: Compiled
    right: Compiled
    distance: int
    ordered: bool


class Same(NamedTuple):
    """In one sentence (s) or paragraph (p)."""

    left: Compiled
    right: Compiled
    unit: Literal["s", "p"]


class Apart(NamedTuple):
    """A left one with no right one within ``distance``."""

    left: Compiled
    right: Compiled
    distance: int


class AtLeast(NamedTuple):
    """The part matches at ``least`` places."""

    least: int
    part: Compiled


class Of(NamedTuple):
    """``least`` of the parts match."""

    least: int
    parts: tuple[Compiled, ...]


class Weight(NamedTuple):
    """The weights of the parts that match come to ``threshold``."""

    parts: tuple[Compiled, ...]
    weights: tuple[int, ...]
    threshold: int


class First(NamedTuple):
    """The part matches within the first ``words`` words."""

    words: int
    part: Compiled


class Within(NamedTuple):
    """The part matches inside one field."""

    field: str
    part: Compiled


Compiled = str | Run | CasedRun | Any | All | Without | Near | Same | Apart | AtLeast | Of | Weight | First | Within


class Reading(NamedTuple):
    """How words are read in one language."""

    normal: Normal
    nouns_have_capitals: bool

    @classmethod
    def of(cls, language: str, normal: Normal) -> Reading:
        """The reading of a primary language subtag."""
        return cls(normal, capitalises_nouns(language))


def compile_query(query: ast.Expression, reading: Reading) -> Compiled:
    """``query`` with its words as terms of one language."""
    match query:
        case ast.Word():
            return _word(query.text, reading)
        case ast.Phrase():
            return _phrase(query.text)
        case ast.Exact():
            return _exact(query.text)
        case ast.Cased():
            found = [forms(token.text) for token in tokenize(query.text)]
            return CasedRun(tuple(intern(f'"{f.key}') for f in found), tuple(f.cased for f in found))
        case ast.Wildcard():
            return intern(f"*{_pattern(query.pattern)}")
        case ast.And():
            return _all(compile_query(part, reading) for part in query.parts)
        case ast.Or():
            return _any(compile_query(part, reading) for part in query.parts)
        case ast.Not():
            return Without(compile_query(query.part, reading))
        case ast.Value():
            return intern(fact(query.name, query.text))
        case _:
            return _compound(query, reading)


def _compound(
    query: ast.Near | ast.Same | ast.NotNear | ast.AtLeast | ast.Of | ast.Weight | ast.First | ast.InField,
    reading: Reading,
) -> Compiled:
    match query:
        case ast.Near():
            sides = compile_query(query.left, reading), compile_query(query.right, reading)
            return Near(*sides, query.distance, query.ordered)
        case ast.Same():
            return Same(compile_query(query.left, reading), compile_query(query.right, reading), query.unit)
        case ast.NotNear():
            return Apart(compile_query(query.left, reading), compile_query(query.right, reading), query.distance)
        case ast.AtLeast():
            return AtLeast(query.count, compile_query(query.part, reading))
        case ast.Of():
            return Of(query.count, tuple(compile_query(part, reading) for part in query.parts))
        case ast.Weight():
            parts = tuple(compile_query(part, reading) for part, _ in query.parts)
            return Weight(parts, tuple(weight for _, weight in query.parts), query.threshold)
        case ast.First():
            return First(query.words, compile_query(query.part, reading))
        case ast.InField():
            return Within(query.name, compile_query(query.part, reading))
        case _:
            assert_never(query)


def _any(parts: Iterable[Compiled]) -> Compiled:
    flat = [p for part in parts for p in (part.parts if isinstance(part, Any) else (part,))]
    different = tuple(dict.fromkeys(flat))
    return different[0] if len(different) == 1 else Any(different)


def _all(parts: Iterable[Compiled]) -> Compiled:
    made = tuple(parts)
    return made[0] if len(made) == 1 else All(made)


def _word(text: str, reading: Reading) -> Compiled:
    """A name or an abbreviation by its folded form, a compound as a row, any other word by its normal form."""
    tokens = list(tokenize(text))
    form = forms(tokens[0].text)
    if len(tokens) > 1 or len(form.parts) > 1:  # several tokens: a script without spaces
        return _phrase(text)
    name = any(map(str.isupper, form.cased)) and not reading.nouns_have_capitals
    if name or form.parts or not _spelled_out(form.key):
        return intern(f'"{form.key}')
    return intern(reading.normal(form.cased))


def _spelled_out(key: str) -> bool:
    """Whether a word is made of letters and their marks only: a number or a sign has one form."""
    return all(category(char)[0] in "LM" for char in key)


def _phrase(text: str) -> Compiled:
    """Words in a row; a compound is one word or several."""
    terms: list[str] = []
    joined: list[tuple[int, int, str]] = []
    for token in tokenize(text):
        form = forms(token.text)
        parts = form.parts if len(form.parts) > 1 else (form.key,)
        if len(parts) > 1:
            joined.append((len(terms), len(terms) + len(parts), intern(f'"{form.key}')))
        terms += [intern(f'"{part}') for part in parts]
    return terms[0] if len(terms) == 1 else Run(tuple(terms), tuple(joined))


def _exact(text: str) -> Compiled:
    """One word (some, in a script without spaces) in this form; a compound is not taken apart."""
    terms = tuple(intern(f'"{forms(token.text).key}') for token in tokenize(text))
    return terms[0] if len(terms) == 1 else Run(terms)


def _pattern(pattern: str) -> str:
    """A wildcard in the form in which words are compared: folded, without hyphens and apostrophes."""
    return "".join(char if char in "*?" else fold(char) for char in pattern if char not in "-‐‑–'’ʼ")
