"""Plain words to a Boolean rule that says more of what they mean: places by ``place:``, other words by their concepts.

A step towards plain-language topics: the suggestion is text, for its author to read, strike from and store.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.text.languages import normal
from monitor.text.lexicon import Concept, lexicon
from monitor.text.places import gazetteer
from monitor.text.tokens import Token, tokenize

LEAST_WEIGHT = 0.7
"""Terms of a concept that are true synonyms or usual ways of saying it; weaker ones are hints."""
MOST_TERMS = 14
"""Alternatives of one part, so that a rule stays readable."""
_SMALL = "a an and at by for from in into of on or over the to with und der die das et la le les de du"
_SMALL_WORDS = frozenset(_SMALL.split(" "))


@dataclass(frozen=True, slots=True)
class Part:
    """What some of the words were understood as: ``kind`` is place, name, concept or word."""

    words: str
    kind: str
    meaning: str
    query: str


def suggest(text: str, language: str = "en") -> tuple[Part, ...]:
    """The parts of a rule for ``text``, in order; joined by AND, their queries are the rule."""
    tokens = list(tokenize(text))
    parts: dict[int, Part] = {}
    used: set[int] = set()
    for mention in gazetteer().find(tokens, language):
        if (place := gazetteer().place(mention.place)) is not None:
            words = text[tokens[mention.first].start : tokens[mention.last].end]
            parts[mention.first] = Part(words, "place", place.name, f'place:"{place.name}"')
            used |= set(range(mention.first, mention.last + 1))
    form = normal(language)
    rest = [(i, token) for i, token in enumerate(tokens) if i not in used and token.text.casefold() not in _SMALL_WORDS]
    for first, end in _groups(rest, language):
        said = [token.text for _, token in rest[first:end]]
        others = [token.text for i, (_, token) in enumerate(rest) if not first <= i < end]
        parts[rest[first][0]] = _part(said, lexicon().senses(said, language, form, others), language)
    return tuple(parts[at] for at in sorted(parts))


def _groups(rest: list[tuple[int, Token]], language: str) -> list[tuple[int, int]]:
    """Ranges of ``rest``: expressions of the lexicon, and single words."""
    ends = dict(lexicon().expressions([token.text for _, token in rest], language, normal(language)))
    groups, at = [], 0
    while at < len(rest):
        end = ends.get(at, at + 1)
        groups.append((at, end))
        at = end
    return groups


def _part(words: list[str], senses: tuple[Concept, ...], language: str) -> Part:
    said = " ".join(words)
    if len(words) == 1 and words[0][0].isupper():
        return Part(said, "name", said, said)
    if not senses:
        return Part(said, "word", said, _term(said))
    terms = [said, *(t.text for t in senses[0].terms.get(language, ()) if t.weight >= LEAST_WEIGHT)]
    shown = list(dict.fromkeys(map(_term, terms)))[:MOST_TERMS]
    return Part(said, "concept", senses[0].meaning, f"({' OR '.join(shown)})" if len(shown) > 1 else shown[0])


def _term(text: str) -> str:
    return f'"{text}"' if " " in text or not text.isalnum() else text
