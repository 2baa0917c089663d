"""A topic for stories that are read in one way: each unit with the terms that it is found by, and what it weighs.

Places and concepts are found once a story, for all rules together (view.py): a unit only names them by a key. So a
topic rule is small, and a change of the lexicon is one of a table, not of fifty thousand rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from monitor.match.terms import Compiled, Reading, Run, compile_query
from monitor.match.topic.understand import ENGLISH, SMALL_WORDS, Topic, Unit
from monitor.model.rule import Strictness
from monitor.query import ast
from monitor.text.forms import forms
from monitor.text.languages import normal
from monitor.text.names import exact, other_writings
from monitor.text.tokens import fold, tokenize

ABOUT = ":about:"
"""How keys of places begin that a story names at all; ``:place:`` is for those that it is about."""
CONCEPT = ":concept:"
ABROAD = ":abroad:"
"""Begins the keys of all languages that a story is not in: there, a rule's mere words tell nothing."""

WEIGHTS = {"person": 2.5, "name": 1.0, "place": 1.0, "concept": 1.0, "word": 1.5}
"""What a unit weighs among the anchors (person, name, place), or among the rest (concept, word)."""
KIND_OF = 0.5
"""What a concept's terms are worth for a word that is only one of its kinds: measles is no bird flu."""
NAMES = frozenset(("person", "name"))
ANCHORS = NAMES | {"place"}
ANCHORS_POWER, REST_BY_NAME, REST_BY_PLACE = 0.8, 0.4, 0.7
"""The powers of the two means where a topic has anchors and other parts. A name says much about what a story is about;
a place little, so that the rest counts more beside it."""


class Part(NamedTuple):
    """A compiled unit.

    ``exact``: its own words, any of which is full evidence; for a person, the surname and other writings of the whole
    name. ``given``: a person's given name. ``halves``: the words of an expression, each weak evidence. ``concepts``:
    keys and what their terms are worth. ``own``: folded words that are no other name. ``abroad``: the key that a story
    has whose language the unit's words are not in.
    """

    kind: str
    weight: float
    exact: tuple[Compiled, ...] = ()
    given: Compiled | None = None
    halves: tuple[Compiled, ...] = ()
    concept: str = ""
    worth: float = 1.0
    place: str = ""
    struck: frozenset[str] = frozenset()
    abroad: str = ""


class TopicRule(NamedTuple):
    """A compiled topic, in the order of its words.

    ``shares`` are the exponents of the parts' evidence in the score; ``own`` the keys of the topic's words, which are
    no rival names.
    """

    parts: tuple[Part, ...]
    shares: tuple[float, ...]
    strictness: Strictness
    own: frozenset[str]


def compile_topic(topic: Topic, strictness: Strictness, reading: Reading) -> TopicRule:
    """``topic`` for stories that are read in one way."""
    own = frozenset(forms(token.text).key for unit in topic.units for token in tokenize(unit.words))
    parts = tuple(_part(unit, topic.language, reading) for unit in topic.units)
    return TopicRule(parts, shares(parts), strictness, own)


def shares(parts: Sequence[Part]) -> tuple[float, ...]:
    """The exponents by which the evidence for each part is multiplied into the score."""
    anchors = sum(part.weight for part in parts if part.kind in ANCHORS)
    rest = sum(part.weight for part in parts if part.kind not in ANCHORS)
    named = any(part.kind in NAMES for part in parts)
    powers = (ANCHORS_POWER, REST_BY_NAME if named else REST_BY_PLACE) if anchors and rest else (1.0, 1.0)
    return tuple(
        powers[0] * part.weight / anchors if part.kind in ANCHORS else powers[1] * part.weight / rest for part in parts
    )


@lru_cache(maxsize=20_000)  # rules share many: the same countries, the same concepts
def _part(unit: Unit, language: str, reading: Reading) -> Part:
    weight = WEIGHTS[unit.kind]
    added = tuple(_phrase(term, reading) for term in unit.added)
    match unit.kind:
        case "place":
            # Typed in small letters it may be no place after all: aurora.
            typed = (_phrase(unit.words, reading),) if unit.words.islower() else ()
            return Part("place", weight, (*typed, *added), place=intern(ABOUT + unit.place), struck=unit.struck)
        case "person":
            given, surname = (token.text for token in tokenize(unit.words))
            whole = tuple(_phrase(w, reading) for w in other_writings(unit.words))
            return Part("person", weight, (*_name(surname, reading), *whole, *added), _phrase(given, reading))
        case "name":
            return Part("name", weight, (*_name(unit.words, reading), *added))
        case _:
            exact = () if fold(unit.words) in unit.struck else (_phrase(unit.words, reading),)
            concept = intern(CONCEPT + unit.concept) if unit.concept else ""
            abroad = intern(ABROAD + language)
            return Part(
                unit.kind, weight, (*exact, *added), halves=_halves(unit.words, reading), concept=concept,
                worth=1.0 if unit.named else KIND_OF,
                struck=unit.struck, abroad=abroad,
            )  # fmt: skip


def _name(words: str, reading: Reading) -> tuple[Compiled, ...]:
    """A name as it is written in any language, and inflected where names are."""
    found: list[Compiled] = []
    for way in (words, *other_writings(words)):
        if exact(way) and not way.islower():  # a word in small letters: WHO, Apple
            found.append(compile_query(ast.Cased(way), reading))
            continue
        found.append(_phrase(way, reading))
        if reading.normal is not normal(ENGLISH):  # English names stay as they are: Boeing is no stem boe
            found.append(_phrase(way.lower(), reading))
    return tuple(dict.fromkeys(found))


def _phrase(text: str, reading: Reading) -> Compiled:
    """Words in a row, each by its normal form (a name by its folded one)."""
    words = list(tokenize(text))
    compiled = [compile_query(ast.Word(token.text), reading) for token in words]
    if len(compiled) == 1:
        return compiled[0]
    terms: list[str] = []
    for token, one in zip(words, compiled, strict=True):
        terms.append(one if isinstance(one, str) else intern(f'"{forms(token.text).key}'))
    return Run(tuple(terms))


def _halves(words: str, reading: Reading) -> tuple[Compiled, ...]:
    """The words of an expression, or the parts of a compound."""
    tokens = list(tokenize(words))
    if len(tokens) > 1:
        telling = [token.text for token in tokens if token.text.casefold() not in SMALL_WORDS]
        return tuple(compile_query(ast.Word(text), reading) for text in telling)
    parts = forms(tokens[0].text).cased_parts
    return tuple(compile_query(ast.Word(part), reading) for part in parts) if len(parts) > 1 else ()
