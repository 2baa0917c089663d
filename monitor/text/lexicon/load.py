"""The shipped lexicon: from its YAML files when it is compiled, from one JSON file when it is used.

Parsing the YAML takes ten times as long as the JSON (0.3 s of computing). scripts/lexicon.py writes the latter, and a
test holds it to the former.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from monitor.text.lexicon.concepts import Concept, Term
from monitor.text.lexicon.read import WEIGHTS, read_concepts
from monitor.text.lexicon.senses import Lexicon

LANGUAGES = ("en", "de", "fr", "es", "pl", "ru", "ar", "zh", "ja")
"""The folders; English first, since the others translate its concepts."""
COMPILED = "compiled.json"

_FOLDER = "monitor.text.lexicon"


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon, read at the first call."""
    return Lexicon(_expand(json.loads(files(_FOLDER).joinpath(COMPILED).read_text("utf-8"))))


def sources() -> list[tuple[str, str, Traversable]]:
    """The shipped YAML files as (language, field, file), in the order in which they count."""
    found = []
    for language in LANGUAGES:
        folder = files(_FOLDER).joinpath(language)
        found += [(language, file.name.removesuffix(".yaml"), file) for file in folder.iterdir() if file.is_file()]
    return sorted(found, key=lambda source: (LANGUAGES.index(source[0]), source[1]))


def read_sources() -> tuple[list[Concept], list[str]]:
    """The concepts in the YAML files, and the problems found, each with its file."""
    concepts, problems = [], []
    for language, field, file in sources():
        value = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
        found, wrong = read_concepts(value, language)
        concepts += found
        problems += [f"{language}/{field}.yaml: {problem}" for problem in wrong]
    return concepts, problems


def compiled(concepts: Iterable[Concept]) -> str:
    """What COMPILED has to be for ``concepts``: JSON, a concept a line, so that a change shows in a diff."""
    lines = [json.dumps(_compress(concept), ensure_ascii=False, separators=(",", ":")) for concept in concepts]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _compress(concept: Concept) -> list[object]:
    """[id, meaning, context, {language: a list of texts for each weight}]."""
    terms = {
        language: [[term.text for term in given if term.weight == weight] for weight in WEIGHTS.values()]
        for language, given in concept.terms.items()
    }
    return [concept.id, concept.meaning, concept.context, terms]


def _expand(value: list[tuple[str, str, list[str], dict[str, list[list[str]]]]]) -> Iterable[Concept]:
    weights = tuple(WEIGHTS.values())
    for name, meaning, context, given in value:
        terms = {
            language: tuple(Term(text, weight) for texts, weight in zip(lists, weights, strict=True) for text in texts)
            for language, lists in given.items()
        }
        yield Concept(name, meaning, tuple(context), terms)
