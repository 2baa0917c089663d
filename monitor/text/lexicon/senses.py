"""Which concepts the words of a rule stand for, and which of them is meant there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from monitor.text.lexicon.concepts import TRIGGER, Concept, join
from monitor.text.tokens import fold, tokenize

Normal = Callable[[str], str]
"""From a word to the form in which words of a language are compared."""

_Forms = tuple[str, ...]


class _Trigger(NamedTuple):
    """That an expression stands for a concept; ``names`` says whether it is its name."""

    weight: float
    names: bool
    concept: Concept


class _Evidence(NamedTuple):
    """What speaks for a concept in a rule's other words: 1 for a word of its context, a term's weight for a term."""

    words: Mapping[str, float]
    expressions: Sequence[tuple[frozenset[str], float]]


class Lexicon:
    """Concepts by id, of one or several languages.

    Those with the same id are joined: a translation, or what users add, is a concept with the id of another one.
    """

    def __init__(self, concepts: Iterable[Concept]) -> None:
        joined: dict[str, Concept] = {}
        for concept in concepts:
            known = joined.get(concept.id)
            joined[concept.id] = concept if known is None else join(known, concept)
        self.concepts: Mapping[str, Concept] = joined
        self.languages = tuple(dict.fromkeys(code for concept in joined.values() for code in concept.terms))
        self._indexes: dict[str, _Index] = {}

    def senses(
        self, words: Sequence[str], language: str, normal: Normal, rule: Collection[str] = ()
    ) -> tuple[Concept, ...]:
        """The concepts that ``words``, taken as one expression, stand for in ``language``; the best sense first.

        ``rule`` are the rule's other words: a sense is better, the more of them are in its context or among its
        terms; then, the more surely it is meant by the expression, above all where that is its name.
        """
        index = self._index(language, normal)
        expression = tuple(map(normal, words))
        found = index.triggers.get(expression, ())
        others = frozenset(map(normal, rule)).difference(expression)

        def rank(trigger: _Trigger) -> tuple[float, float, bool]:
            return index.fit(trigger.concept, expression, others), trigger.weight, trigger.names

        best = sorted(found, key=rank, reverse=True) if len(found) > 1 else found
        return tuple(trigger.concept for trigger in best)

    def expressions(self, words: Sequence[str], language: str, normal: Normal) -> list[tuple[int, int]]:
        """The expressions of several words in a rule, as half-open ranges in order: the longest, none in another."""
        index = self._index(language, normal)
        forms = tuple(map(normal, words))
        found, start = [], 0
        while start < len(forms):
            ends = range(min(len(forms), start + index.longest), start + 1, -1)
            end = next((end for end in ends if forms[start:end] in index.triggers), None)
            if end is not None:
                found.append((start, end))
            start = start + 1 if end is None else end
        return found

    def languages_of(self, word: str) -> frozenset[str]:
        """The languages in which a folded word is a term, or a word of one, as it is written in the lexicon."""
        return self._surfaces.get(word, frozenset())

    @cached_property
    def _surfaces(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for concept in self.concepts.values():
            for language, terms in concept.terms.items():
                for term in terms:
                    for word in words_of(term.text):
                        found.setdefault(fold(word), set()).add(language)
        shared: dict[frozenset[str], frozenset[str]] = {}  # few are different: 40,000 sets would take 9 MB
        return {
            word: shared.setdefault(languages, languages)
            for word, codes in found.items()
            for languages in [frozenset(codes)]
        }

    def _index(self, language: str, normal: Normal) -> _Index:
        known = self._indexes.get(language)
        if known is None or known.normal is not normal:  # one per language, so that they cannot pile up
            known = self._indexes[language] = _Index(self.concepts.values(), language, normal)
        return known


class _Index:
    """The triggers of one language by their normal forms; ``longest`` is the most words that one has."""

    def __init__(self, concepts: Iterable[Concept], language: str, normal: Normal) -> None:
        self.normal = normal
        self._language = language
        self._evidence: dict[str, _Evidence] = {}
        self.triggers: dict[_Forms, list[_Trigger]] = {}
        for concept in concepts:
            seen = set()
            for place, term in enumerate(concept.terms.get(language, ())):
                forms = self._forms(term.text)
                if term.weight >= TRIGGER and forms not in seen:  # visit and visits are one
                    seen.add(forms)
                    self.triggers.setdefault(forms, []).append(_Trigger(term.weight, place == 0, concept))
        self.longest = max(map(len, self.triggers), default=0)

    def fit(self, concept: Concept, expression: _Forms, others: frozenset[str]) -> float:
        """How well a rule's other words go with a concept that its ``expression`` may stand for."""
        if not others:
            return 0
        evidence = self._evidence.get(concept.id)
        if evidence is None:
            evidence = self._evidence[concept.id] = self._gather(concept)
        known = others.union(expression)
        words = sum(evidence.words.get(word, 0) for word in others)
        return words + sum(
            weight for forms, weight in evidence.expressions if forms <= known and not forms.isdisjoint(others)
        )

    def _gather(self, concept: Concept) -> _Evidence:
        given = [(text, 1.0) for text in concept.context] + list(concept.terms.get(self._language, ()))
        weights: dict[frozenset[str], float] = {}
        for text, weight in given:
            forms = frozenset(self._forms(text))
            weights[forms] = max(weight, weights.get(forms, 0))
        words = {form: weight for forms, weight in weights.items() if len(forms) == 1 for form in forms}
        return _Evidence(words, [(forms, weight) for forms, weight in weights.items() if len(forms) > 1])

    def _forms(self, text: str) -> _Forms:
        return tuple(map(self.normal, words_of(text)))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a term; in a script without spaces, its characters."""
    return tuple(token.text for token in tokenize(text))
