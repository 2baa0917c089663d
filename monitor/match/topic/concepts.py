"""Which concepts of the lexicon a story mentions, found once for all rules.

A term of several words stands where its words follow each other; an article or a possessive may stand between two
(signed a contract). Looking up a story's different words tells which concepts may be there, at a twentieth of a
millisecond; where they stand is found only for the concepts that some candidate rule asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from monitor.match.document import Document
from monitor.match.terms import CasedRun, Reading, Run, compile_query
from monitor.match.topic.compiled import CONCEPT
from monitor.query import ast
from monitor.text.forms import forms
from monitor.text.languages import normal
from monitor.text.lexicon import Lexicon, words_of

_BETWEEN = """
a an the his her its their our some any new more all der die das den dem des ein eine einen einem einer sein seine
ihre le la les l un une des du de d son sa ses leur leurs el los las lo un una unos unas del su sus
"""
BETWEEN = frozenset(f'"{word}' for word in _BETWEEN.split())
"""Words that may stand between two words of a term."""


class Saying(NamedTuple):
    """A term of a concept in a story: its first and last position, its weight, and the term."""

    first: int
    last: int
    weight: float
    term: str


class _Entry(NamedTuple):
    """A term without its first word: the others' terms, its weight, and its text."""

    rest: tuple[str, ...]
    weight: float
    term: str


class ConceptTable:
    """The terms of all concepts in one language, by what they are compared by. ``told``: keys that it has terms for."""

    def __init__(self, lexicon: Lexicon, language: str) -> None:
        reading = Reading.of(language, normal(language))
        self._entries: dict[str, dict[str, list[_Entry]]] = {}  # key -> first term -> entries
        self._alone: dict[str, set[str]] = {}  # term -> keys of the concepts that it stands for by itself
        self._begun: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}  # first term -> second, others, key
        for concept in lexicon.concepts.values():
            key = intern(CONCEPT + concept.id)
            for text, weight in concept.terms.get(language, ()):
                first, *rest = (_term(word, reading) for word in words_of(text))
                entries = self._entries.setdefault(key, {}).setdefault(first, [])
                entries.append(_Entry(tuple(rest), weight, text))
                if rest:
                    self._begun.setdefault(first, []).append((rest[0], tuple(rest[1:]), key))
                else:
                    self._alone.setdefault(first, set()).add(key)
        self.told = self._entries.keys()
        self.untold = frozenset(intern(CONCEPT + id_) for id_ in lexicon.concepts) - self.told
        """The keys of concepts that this language has no terms for."""

    def keys(self, terms: set[str]) -> set[str]:
        """The keys of all concepts that a story with these terms may mention, and of those that cannot be told."""
        found = set(self.untold)
        for term in terms & self._alone.keys():
            found |= self._alone[term]
        for term in terms & self._begun.keys():
            for second, others, key in self._begun[term]:
                if second in terms and key not in found and terms.issuperset(others):
                    found.add(key)
        return found

    def find(self, key: str, document: Document) -> list[Saying]:
        """Where the story mentions a concept, in order; of several terms at one place the heaviest."""
        found: dict[tuple[int, int], Saying] = {}
        entries = self._entries.get(key, {})
        for first in document.terms & entries.keys():
            for rest, weight, text in entries[first]:
                for begin in document.positions(first):
                    last = _last(begin, rest, document) if rest else begin
                    if last is None or begin > document.text_last:
                        continue
                    known = found.get((begin, last))
                    if known is None or known.weight < weight:
                        found[begin, last] = Saying(begin, last, weight, text)
        return sorted(found.values())


def concept_table(lexicon: Lexicon, language: str) -> ConceptTable:
    """The table of one language. Made at its first use: 0.1 s, or 2 s where the language's lemmas load with it."""
    # One for all languages that have no terms: a feed that makes up languages costs nothing.
    return _made(lexicon, language if language in lexicon.languages else "")


@lru_cache(maxsize=32)
def _made(lexicon: Lexicon, language: str) -> ConceptTable:
    return ConceptTable(lexicon, language)


def _term(word: str, reading: Reading) -> str:
    """What a word of a term is compared by; of a compound its whole."""
    compiled = compile_query(ast.Word(word), reading)
    return f'"{forms(word).key}' if isinstance(compiled, Run | CasedRun) else str(compiled)


def _last(begin: int, rest: Iterable[str], document: Document) -> int | None:
    """The position of a row's last word, if the row stands at ``begin``."""
    at = begin
    for term in rest:
        following = document.terms_after(at)
        at += 1
        if term not in following and not BETWEEN.isdisjoint(following):
            following = document.terms_after(at)
            at += 1
        if term not in following:
            return None
    return at
