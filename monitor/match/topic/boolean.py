"""A topic as a Boolean rule that comes close to it: for an author who wants to say exactly what counts.

Places become ``place:``, names and concepts a list of all their ways, joined by AND. What a list cannot say (weights,
how early and how often) is lost.
"""

from __future__ import annotations

from monitor.errors import RuleSyntaxError
from monitor.match.topic.meaning import Meaning, meanings
from monitor.match.topic.understand import Topic
from monitor.query import parse
from monitor.text.lexicon import Lexicon
from monitor.text.places import gazetteer


def boolean(topic: Topic, words: Lexicon) -> str:
    """The text of the rule."""
    meant = meanings(topic, words)
    return " AND ".join(
        _place(unit.place, unit.words) if unit.kind == "place" else _listed(meaning)
        for unit, meaning in zip(topic.units, meant, strict=True)
    )


def _place(id_: str, words: str) -> str:
    place = gazetteer().place(id_)
    return f'place:"{place.name if place else words}"'


def _listed(meaning: Meaning) -> str:
    terms = list(dict.fromkeys(filter(None, (_term(way.text) for way in meaning.terms if not way.hint))))
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _term(text: str) -> str:
    """The term as a query writes it; nothing where it has signs that no query can have, such as quotes of a script."""
    term = text if text.isalnum() else f'"{text}"'
    try:
        parse(f"({term})")
    except RuleSyntaxError:
        return ""
    return term
