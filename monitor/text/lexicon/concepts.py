"""Concepts of the news: their terms in each language, and how two of the same id are joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

SAME, USUAL, HINT = 1.0, 0.7, 0.4
"""A true synonym in news; a usual way of saying it; what is often said with it."""
TRIGGER = USUAL
"""Least weight at which a term, found in a rule, stands for its concept. A hint never does."""


class Term(NamedTuple):
    """One or several words in their base forms, with a space between them."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that news are about.

    ``context``: words that select this concept where a word of the rule stands for several. ``terms``: by
    language, best first; the first is the concept's name in that language.
    """

    id: str
    meaning: str
    context: tuple[str, ...]
    terms: Mapping[str, tuple[Term, ...]]


def join(known: Concept, more: Concept) -> Concept:
    """``known`` with the terms and the context of ``more``. A term of both keeps its highest weight."""
    terms = dict(known.terms)
    for language, added in more.terms.items():
        weights = {term.text: term.weight for term in terms.get(language, ())}
        for text, weight in added:
            weights[text] = max(weight, weights.get(text, 0))
        # Stable: what was first of a weight stays first, so users' terms take no concept's name away.
        terms[language] = tuple(sorted((Term(*item) for item in weights.items()), key=lambda term: -term.weight))
    context = tuple(dict.fromkeys((*known.context, *more.context)))
    return replace(known, meaning=known.meaning or more.meaning, context=context, terms=terms)
