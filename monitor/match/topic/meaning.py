"""What plain words were understood as, in words: for the rule's author to read, to strike from and to add to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from monitor.match.topic.compiled import KIND_OF
from monitor.match.topic.evidence import WORTH
from monitor.match.topic.understand import Topic, Unit
from monitor.text.lexicon import Lexicon
from monitor.text.lexicon.concepts import TRIGGER
from monitor.text.names import other_writings
from monitor.text.places import gazetteer
from monitor.text.tokens import fold

SAME = 1.0


class Way(NamedTuple):
    """One way in which a part of a topic is found, and what it is worth, from 0 to 1; a hint means little by itself."""

    text: str
    weight: float
    hint: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """A part of a topic: its words, what kind of thing they are, what they mean, and how they are found.

    ``struck`` are the ways that the rule's author took away.
    """

    words: str
    kind: str
    means: str
    terms: tuple[Way, ...]
    struck: tuple[str, ...] = ()


def meanings(topic: Topic, words: Lexicon, language: str | None = None) -> tuple[Meaning, ...]:
    """The meaning of each part of a topic; the terms are those of one language, the topic's own by default."""
    return tuple(meaning(unit, words, language or topic.language) for unit in topic.units)


def meaning(unit: Unit, words: Lexicon, language: str) -> Meaning:
    """The meaning of one part, with its terms of one language, the heaviest first."""
    means, ways = _means(unit, words, language)
    added = [Way(term, SAME) for term in unit.added]
    own = [Way(unit.words, SAME)] if unit.kind != "place" else []
    kept: dict[str, Way] = {}
    for way in (*own, *added, *ways):
        if fold(way.text) not in unit.struck:
            kept.setdefault(fold(way.text), way)
    terms = tuple(sorted(kept.values(), key=lambda way: -way.weight))
    return Meaning(unit.words, unit.kind, means, terms, tuple(sorted(unit.struck)))


def _means(unit: Unit, words: Lexicon, language: str) -> tuple[str, list[Way]]:
    match unit.kind:
        case "place":
            return _place(unit.place, language)
        case "person" | "name":
            return f"the {unit.kind}", [Way(name, SAME) for name in other_writings(unit.words)]
        case "concept":
            concept = words.concepts[unit.concept]
            worth = 1.0 if unit.named else KIND_OF
            return concept.meaning, [
                Way(text, WORTH[weight] * worth, weight < TRIGGER) for text, weight in concept.terms.get(language, ())
            ]
        case _:
            return "the word, in all its forms", []


def _place(id_: str, language: str) -> tuple[str, list[Way]]:
    places = gazetteer()
    place = places.place(id_)
    if place is None:
        return "an unknown place", []
    inside = [found for member in places.members(id_) if (found := places.place(member)) and member != id_]
    kinds = _counted(found.kind for found in inside)
    means = f"{place.kind} {place.name}" + (f": {kinds}" if kinds else "")
    names = list(dict.fromkeys((*places.names(id_, language), *places.people(id_, language))))
    countries = sorted(found.name for found in inside if found.kind == "country")
    return means, [Way(name, SAME) for name in (*names, *countries)]


_PLURAL = {"country": "countries", "territory": "territories", "city": "cities", "historic": "states that are no more"}


def _counted(kinds: Iterable[str]) -> str:
    found = list(kinds)
    return ", ".join(
        f"{found.count(kind)} {kind if found.count(kind) == 1 else _PLURAL.get(kind, kind + 's')}"
        for kind in ("country", "territory", "capital", "part", "city")
        if kind in found
    )
