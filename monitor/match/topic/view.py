"""What topics need to know of a story: the concepts and places that it mentions, and the names in it.

Made once a story, and most of it only when a candidate rule asks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import cached_property

from monitor.match.document import Document
from monitor.match.topic.compiled import ABOUT, ABROAD
from monitor.match.topic.concepts import ConceptTable, Saying
from monitor.text.forms import forms
from monitor.text.languages import capitalises_nouns
from monitor.text.romanise import romanised
from monitor.text.tokens import fold

_ROMANISED = frozenset(("be", "bg", "el", "kk", "ky", "mk", "mn", "ru", "sr", "uk"))
_ADJECTIVE = re.compile("(ск|цк)(?:ого|ому|им|ом|ая|ую|ой)$")
_ENDING = re.compile("(?<=....)(?:ом|ем|ою|ой|а|у|е|ы|и)$")


def _latin(word: str) -> frozenset[str]:
    """A name in Latin letters, its case ending taken off."""
    name = _ADJECTIVE.sub("\\1ий", word)
    bare = _ENDING.sub("", name)
    return romanised(name) | (romanised(bare) if bare != name else frozenset())


class View:
    """A story as topics see it. ``abroad``: the keys of all languages but the story's."""

    def __init__(self, document: Document, table: ConceptTable, languages: Collection[str]) -> None:
        self.document = document
        self._table = table
        self.abroad = frozenset(f"{ABROAD}{code}" for code in languages if code != document.language)

    @cached_property
    def keys(self) -> set[str]:
        """Everything by which a topic may be looked up, beside the story's terms."""
        concepts = self._table.keys(self.document.terms)
        return concepts | self.abroad | {ABOUT + place for place in self.document.named} | self.romanised.keys()

    def tells(self, concept: str) -> bool:
        """Whether the story's language has terms for a concept."""
        return concept in self._table.told

    def sayings(self, concept: str) -> list[Saying]:
        """Where a concept is mentioned."""
        return self._table.find(concept, self.document)

    def place(self, key: str, struck: Collection[str]) -> tuple[float, list[tuple[int, int]]]:
        """How prominent a place is, and the stretches that name it; ``struck``: names by which it is not."""
        share, stretches = self.document.named.get(key.removeprefix(ABOUT), (0.0, []))
        if struck and stretches:
            kept = [s for s in stretches if self.document.folded(s) not in struck]
            share, stretches = share * len(kept) / len(stretches), kept
        return share, stretches

    @cached_property
    def romanised(self) -> dict[str, list[int]]:
        """Where names in Cyrillic or Greek stand, by the terms that they would be in Latin letters."""
        found: dict[str, list[int]] = {}
        if self.document.language not in _ROMANISED:
            return found
        for field in self.document.fields[:2]:
            for position, (_, _, word) in enumerate(field.tokens, field.first):
                if word[0].isupper():
                    for written in _latin(word):
                        found.setdefault(f'"{written}', []).append(position)
        return found

    def rival(self, own: Collection[str]) -> int | None:
        """How often the story's most frequent name that is not in ``own`` stands there.

        None in a language whose capitals tell no names.
        """
        if capitalises_nouns(self.document.language) or not self._names:
            return None
        return next((count for name, count in self._names if name not in own), 1)

    @cached_property
    def _names(self) -> list[tuple[str, int]]:
        """Words with a capital that never stand there without one, the most frequent first."""
        words = [token[2] for found in self.document.fields[:2] for token in found.tokens]
        small = {fold(word) for word in words if word[0].islower()}
        capital = Counter(word for word in words if word[0].isupper() or (word[0].isdigit() and not word.isdigit()))
        names: Counter[str] = Counter()
        for word, count in capital.items():
            names[forms(word).key] += count
        return [(name, count) for name, count in names.most_common() if name not in small]
