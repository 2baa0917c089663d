"""Concepts from plain values, as YAML gives them: the shipped files, and what users add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitor.text.lexicon.concepts import HINT, SAME, USUAL, Concept, Term
from monitor.text.tokens import fold

WEIGHTS: Mapping[str, float] = {"same": SAME, "usual": USUAL, "hint": HINT}
"""The lists of terms in a file, and what the terms in each weigh."""

_FIELDS = ("id", "means", "with", *WEIGHTS)
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_concepts(value: Any, language: str) -> tuple[list[Concept], list[str]]:
    """The concepts in ``value``, whose terms are in ``language``; and the problems, a sentence each.

    A concept with a problem is left out, the others are read. ``value`` is a list of mappings:

        id      lower-case words with hyphens
        means   the meaning, for whoever reads the file (optional: a translation has none)
        with    words that select this sense (optional)
        same, usual, hint    terms; at least one of the three lists
    """
    if not isinstance(value, list):
        return [], ["A lexicon is a list of concepts: begin each with “- id:”."]
    concepts: list[Concept] = []
    problems: list[str] = []
    seen = set()
    for number, entry in enumerate(value, 1):
        concept, wrong = _concept(entry, language)
        if concept is not None and concept.id in seen:
            wrong.append("There is another concept with this id: join the two, or give one another id.")
        if concept is not None:
            seen.add(concept.id)
        if concept is not None and not wrong:
            concepts.append(concept)
        problems += [f"{_label(entry, number)}: {problem}" for problem in wrong]
    return concepts, problems


def _label(entry: Any, number: int) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"Concept {name}" if isinstance(name, str) and name else f"Concept no. {number}"


def _concept(entry: Any, language: str) -> tuple[Concept | None, list[str]]:
    if not isinstance(entry, dict):
        return None, ["It is no mapping: write id and lists of terms, as in “same: [visit, trip]”."]
    name, meaning = entry.get("id"), entry.get("means", "")
    problems = [f"Unknown field {field!r}: use {', '.join(_FIELDS)}." for field in entry if field not in _FIELDS]
    if not (isinstance(name, str) and _ID.fullmatch(name)):
        problems.append("Give it an id of lower-case letters and digits, with hyphens between words.")
    if not isinstance(meaning, str):
        problems.append("Write “means” as text.")
    context = _texts("with", entry.get("with") or [], problems)
    terms = _terms(entry, problems)
    if not (isinstance(name, str) and isinstance(meaning, str)):
        return None, problems
    return Concept(name, meaning, tuple(context), {language: tuple(terms)}), problems


def _terms(entry: dict[Any, Any], problems: list[str]) -> list[Term]:
    """The terms of all lists, heaviest first; each may be in one place only."""
    if not any(field in entry for field in WEIGHTS):
        problems.append("It has no terms: give at least one of the lists same, usual, hint.")
    terms, places = [], dict[str, str]()
    for field, weight in WEIGHTS.items():
        if field not in entry:
            continue
        texts = _texts(field, entry[field], problems)
        if entry[field] == []:
            problems.append(f"The list “{field}” is empty: leave it out.")
        for text in texts:
            key = fold(text)
            if key in places:
                where = f"twice in “{field}”" if places[key] == field else f"in “{places[key]}” and in “{field}”"
                problems.append(f"“{text}” is {where}: keep one.")
            places.setdefault(key, field)
            terms.append(Term(text, weight))
    return terms


def _texts(field: str, value: Any, problems: list[str]) -> list[str]:
    """The entries of a list that are good texts; a problem for each other."""
    if not isinstance(value, list):
        problems.append(f"“{field}” is no list: write [one, two].")
        return []
    texts = []
    for text in value:
        if not isinstance(text, str):
            problems.append(f"{text!r} in “{field}” is no text to YAML: put it in quotes.")
        elif not text or text.split() != text.split(" "):
            problems.append(
                f"{text!r} in “{field}” has no words, or spaces too many: write words with one space between."
            )
        else:
            texts.append(text)
    return texts
