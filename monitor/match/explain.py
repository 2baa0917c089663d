"""Why a query matches a story or not: every part with the words that it was found by, or with what it lacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from monitor.match.document import PLACE, Document, Find
from monitor.match.evaluate import evaluate, spans
from monitor.match.rows import Stretch
from monitor.match.terms import CasedRun, Compiled, Reading, Run, compile_query
from monitor.model.hit import Span
from monitor.query import ast
from monitor.query.unparse import shown
from monitor.text.places import gazetteer

SHOWN = 6
"""Most alternatives that a message names."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a part of a query matched or not; ``spans`` are the words that made it match.

    ``score`` is what plain words come to, and ``weight`` what each of them counts; None for all else.
    """

    query: str
    kind: str  # word, phrase, exact, cased, wildcard, all, any, not, near, same, not-near, count, of, weight, field, …
    matched: bool
    detail: str
    spans: tuple[Span, ...]
    parts: tuple[Explanation, ...] = ()
    score: float | None = None
    weight: float | None = None


def explain(query: ast.Expression, reading: Reading, document: Document, scope: Stretch) -> Explanation:
    """The explanation of every part of ``query``, matched or not."""
    finds = evaluate(compile_query(query, reading), document, scope)
    parts = tuple(explain(part, reading, document, inside) for part, inside in _parts(query, document, scope))
    detail = _detail(query, reading, finds, parts, document, scope)
    marked = parts[0].spans if isinstance(query, ast.Not) else spans(finds or (), document)
    return Explanation(shown(query), _KINDS[type(query)], finds is not None, detail, marked, parts)


_KINDS = {
    ast.Word: "word", ast.Phrase: "phrase", ast.Exact: "exact", ast.Cased: "cased", ast.Wildcard: "wildcard",
    ast.And: "all", ast.Or: "any", ast.Not: "not", ast.Of: "of", ast.Weight: "weight",
    ast.Near: "near", ast.Same: "same", ast.NotNear: "not-near", ast.AtLeast: "count", ast.First: "first",
    ast.InField: "field", ast.Value: "value",
}  # fmt: skip


def _parts(query: ast.Expression, document: Document, scope: Stretch) -> list[tuple[ast.Expression, Stretch]]:
    """The parts of a query, each with the words among which it is looked for."""
    match query:
        case ast.And() | ast.Or() | ast.Of():
            return [(part, scope) for part in query.parts]
        case ast.Weight():
            return [(part, scope) for part, _ in query.parts]
        case ast.Near() | ast.Same() | ast.NotNear():
            return [(query.left, scope), (query.right, scope)]
        case ast.Not() | ast.AtLeast():
            return [(query.part, scope)]
        case ast.First():
            return [(query.part, document.first_words(query.words, scope))]
        case ast.InField():
            return [(query.part, document.scope(query.name, scope))]
        case _:
            return []


def _known(name: str, document: Document) -> list[str]:
    """The values of a field that the story has; of places those that it is about, countries before regions."""
    if name != "place":
        return sorted(term[len(name) + 2 :] for term in document.terms if term.startswith(f":{name}:"))
    about = [place for term in document.places if (place := gazetteer().place(term[len(PLACE) :]))]
    return [place.name for place in sorted(about, key=lambda place: (place.kind == "region", place.name))]


def _detail(
    query: ast.Expression,
    reading: Reading,
    finds: list[Find] | None,
    parts: tuple[Explanation, ...],
    document: Document,
    scope: Stretch,
) -> str:
    match query:
        case ast.And():
            return _counted(parts, len(parts))
        case ast.Or():
            return _counted(parts, 1)
        case ast.Of():
            return _counted(parts, query.count)
        case ast.Not():
            return "must not be there, but is" if parts[0].matched else "must not be there, and is not"
        case ast.Near() | ast.Same() | ast.NotNear():
            return _proximity(query, *parts, matched=finds is not None)
        case ast.AtLeast():
            places = evaluate(compile_query(query.part, reading), document, scope) or ()
            return f"found at {len({find[0] for find in places})} places, {query.count} are wanted"
        case ast.Weight():
            total = sum(weight for part, (_, weight) in zip(parts, query.parts, strict=True) if part.matched)
            return f"the weights come to {total}, {query.threshold} is wanted"
        case ast.First():
            return f"looked for in the first {query.words} words"
        case ast.InField():
            return f"looked for in the {query.name}"
        case ast.Value():
            return f"the story has {', '.join(_known(query.name, document)[:SHOWN]) or 'none'}"
        case ast.Word() | ast.Phrase() | ast.Exact() | ast.Cased() | ast.Wildcard():
            ways = " or ".join(_ways(compile_query(query, reading)))
            return f"found {len({find[:2] for find in finds})} times" if finds else f"not found (compared as {ways})"
        case _:
            assert_never(query)


def _ways(compiled: Compiled) -> list[str]:
    """What a term is looked for as."""
    if isinstance(compiled, str):
        return [compiled.lstrip('"*')]
    if isinstance(compiled, CasedRun):
        return [" ".join(compiled.cased)]
    if isinstance(compiled, Run):
        whole = [term[1:] for start, end, term in compiled.joined if (start, end) == (0, len(compiled.terms))]
        return [*whole, " ".join(term[1:] for term in compiled.terms)]
    return []


def _counted(parts: tuple[Explanation, ...], wanted: int) -> str:
    hold = sum(part.matched for part in parts)
    if hold >= wanted:
        return f"{hold} of {len(parts)} hold"
    missing = [_lacking(part) for part in parts if not part.matched]
    more = f", … ({len(missing) - SHOWN} more)" if len(missing) > SHOWN else ""
    need = "" if wanted in (1, len(parts)) else f", {wanted} are wanted"
    return f"{hold} of {len(parts)} hold{need}; missing: {', '.join(missing[:SHOWN])}{more}"


def _lacking(part: Explanation) -> str:
    """A part that was not found: of alternatives the first, and the others behind it."""
    if part.kind != "any":
        return part.query
    first, *others = (inner.query for inner in part.parts)
    more = f", … ({len(others) - SHOWN} more)" if len(others) > SHOWN else ""
    return f"{first} ~ {', '.join(others[:SHOWN])}{more}" if others else first


def _proximity(
    query: ast.Near | ast.Same | ast.NotNear, left: Explanation, right: Explanation, *, matched: bool
) -> str:
    match query:
        case ast.Near():
            wanted = f"at most {query.distance} words apart" + (", in this order" if query.ordered else "")
        case ast.Same():
            wanted = f"in one {'sentence' if query.unit == 's' else 'paragraph'}"
        case ast.NotNear():
            wanted = f"the first without the second within {query.distance} words"
    if matched:
        return wanted
    needed = (left,) if isinstance(query, ast.NotNear) else (left, right)
    if lacking := [_lacking(part) for part in needed if not part.matched]:
        return f"{wanted}; missing: {', '.join(lacking)}"
    if isinstance(query, ast.NotNear):
        return f"each one has the second within {query.distance} words"
    return f"both are there, but not {wanted}"
