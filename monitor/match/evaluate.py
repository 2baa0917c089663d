"""A compiled query on a document: the stretches that matched, or None; and, for people, why.

A stretch is a pair (first, last) of positions, both included. NOT contributes no stretches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from monitor.match.document import Document
from monitor.match.terms import All, Any, Compiled, Run, Within, Without
from monitor.model.hit import Span
from monitor.query.unparse import shown

Stretch = tuple[int, int]
EVERYWHERE: Stretch = (0, 1 << 62)


def evaluate(node: Compiled, document: Document, within: Stretch = EVERYWHERE) -> list[Stretch] | None:
    """The stretches by which ``node`` matches inside ``within``; None where it does not match."""
    match node:
        case Run():
            return _run(node.terms, document, within) or None
        case All():
            found: list[Stretch] = []
            for part in node.parts:
                stretches = evaluate(part, document, within)
                if stretches is None:
                    return None
                found += stretches
            return found
        case Any():
            matched = [s for part in node.parts if (s := evaluate(part, document, within)) is not None]
            return [stretch for stretches in matched for stretch in stretches] if matched else None
        case Without():
            return [] if evaluate(node.part, document, within) is None else None
        case Within():
            return evaluate(node.part, document, _narrow(within, node.field, document))
        case _:
            assert_never(node)


def _narrow(within: Stretch, field: str, document: Document) -> Stretch:
    first, last = (0, document.body_from - 1) if field == "title" else (document.body_from, EVERYWHERE[1])
    return max(within[0], first), min(within[1], last)


def _positions(term: str, document: Document) -> list[int]:
    return document.words.get(term[1:], []) if term[0] == '"' else document.stems.get(term, [])


def _run(terms: tuple[str, ...], document: Document, within: Stretch) -> list[Stretch]:
    reach = len(terms) - 1
    starts = [p for p in _positions(terms[0], document) if within[0] <= p and p + reach <= within[1]]
    following = {term: set(_positions(term, document)) for term in terms[1:]}
    return [(p, p + reach) for p in starts if all(p + i in following[t] for i, t in enumerate(terms[1:], 1))]


def spans(stretches: list[Stretch], document: Document) -> tuple[Span, ...]:
    """The stretches as spans of the original text, in reading order, each once."""
    return tuple(document.span(*stretch) for stretch in sorted(set(stretches)))


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a part of a query matched or not; ``spans`` are the words that made it match."""

    query: str
    kind: str  # word, phrase, all, any, not, field, language
    matched: bool
    detail: str
    spans: tuple[Span, ...]
    parts: tuple[Explanation, ...] = ()


def explain(node: Compiled, document: Document, within: Stretch = EVERYWHERE) -> Explanation:
    """The explanation of every part of ``node``, matched or not."""
    found = evaluate(node, document, within)
    matched = found is not None
    marked = spans(found, document) if found else ()
    text = shown(node.source)
    match node:
        case Run():
            kind = "word" if node.terms[0][0] != '"' else "phrase"
            forms = " ".join(term.lstrip('"') for term in node.terms)
            detail = f"found {len(marked)} times" if matched else f"not found (compared as {forms})"
            return Explanation(text, kind, matched, detail, marked)
        case All() | Any():
            parts = tuple(explain(part, document, within) for part in node.parts)
            hold = sum(p.matched for p in parts)
            detail = f"{hold} of {len(parts)} hold"
            if not matched:
                detail += "; missing: " + ", ".join(p.query for p in parts if not p.matched)
            return Explanation(text, "all" if isinstance(node, All) else "any", matched, detail, marked, parts)
        case Without():
            part = explain(node.part, document, within)
            detail = "must not be there, and is not" if matched else "must not be there, but is"
            return Explanation(text, "not", matched, detail, part.spans, (part,))
        case Within():
            part = explain(node.part, document, _narrow(within, node.field, document))
            return Explanation(text, "field", matched, f"looked for in the {node.field}", marked, (part,))
        case _:
            assert_never(node)
