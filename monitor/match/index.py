"""Anchors to rules: which rules could match a document that holds these terms.

A *clause* of a rule is a set of terms of which every matching document holds at least one: of a run each of its
words, of an OR all parts' together, of `2 OF (a, b, c)` any two of the three. The rarest clause is the rule's
*anchor*, by which it is looked up; the second rarest is checked before the rule is evaluated, which is one call
(measured with 100,000 rules: docs/decisions/0006-matching.md). A NOT has no clause. A rule without one is a candidate
for every document; ``unanchored`` names such rules, so that they can be reported as expensive and are never dropped
or paid for silently.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple, assert_never

from monitor.match.document import PLACE
from monitor.match.terms import (
    All,
    Any,
    Apart,
    AtLeast,
    CasedRun,
    Compiled,
    First,
    Near,
    Of,
    Run,
    Same,
    Weight,
    Within,
    Without,
)
from monitor.match.topic.bound import topic_clauses
from monitor.match.topic.compiled import TopicRule
from monitor.match.wildcard import Patterns

# Words that nearly every story holds; a term never met before must not be taken for one of these.
_COMMON_WORDS = """
a about after all also an and are as at be been but by can could do for from had has have he her his i if in
into is it its more new no not of on one or other our out over said say she so some than that the their them
there they this to up us was we were what when which who will with would year you der die das und ist von den
im mit des ein eine le la les de et un une en est el los que y il di che e
"""
COMMON = frozenset(_COMMON_WORDS.split())
Clause = tuple[str, ...]
MOST_OTHERS = 6
"""Clauses beside the two rarest that are looked at; a check costs a hundredth of an evaluation."""


class Rarity:
    """How often terms occur, learned from the documents that pass. Only ever a matter of speed."""

    MOST_DOCUMENTS = 5_000
    MOST_TERMS = 300_000

    def __init__(self) -> None:
        self.documents = 0
        self.counts: Counter[str] = Counter()

    def learn(self, terms: Iterable[str]) -> None:
        """Count one document's terms; nothing more is learned once enough documents or terms have passed."""
        if self.documents < self.MOST_DOCUMENTS and len(self.counts) < self.MOST_TERMS:
            self.documents += 1
            self.counts.update(terms)

    def cost(self, term: str) -> float:
        """The share of documents expected to hold ``term``, smoothed; in (0, 1]."""
        kind = term[0]
        if kind == ":":
            prior = 0.2  # facts are few and common: a language, a host
        else:
            word = term.lstrip('"*')
            prior = 0.5 if word in COMMON else (0.05 if kind == "*" else 0.01) / len(word)
        return (self.counts[term] + 20 * prior) / (self.documents + 20)

    def total(self, clause: Clause) -> float:
        """The share of documents expected to hold a term of ``clause``, counted as if none held two."""
        return sum(map(self.cost, clause))


def clauses(node: Compiled | TopicRule, rarity: Rarity) -> Iterator[Clause]:
    """Sets of terms of which every document that matches ``node`` holds one each."""
    match node:
        case TopicRule():
            yield from topic_clauses(node, rarity.total)
        case str():
            yield (node,)
        case CasedRun():
            for term in dict.fromkeys(node.terms):
                yield (term,)
        case Run():
            for i, term in enumerate(node.terms):
                yield (term, *(whole for start, end, whole in node.joined if start <= i < end))
        case Any() | Of():
            yield from _some(node.parts, 1 if isinstance(node, Any) else node.least, rarity)
        case Weight():
            yield from _weighty(node, rarity)
        case _:
            for part in _needed(node):
                yield from clauses(part, rarity)


def _needed(node: All | Near | Same | Apart | AtLeast | First | Within | Without) -> tuple[Compiled, ...]:
    """The parts that all have to match where ``node`` does."""
    match node:
        case All():
            return node.parts
        case Near() | Same():
            return node.left, node.right
        case Apart():
            return (node.left,)
        case AtLeast() | First() | Within():
            return (node.part,)
        case Without():
            return ()
        case _:
            assert_never(node)


def _best(node: Compiled, rarity: Rarity) -> tuple[float, Clause]:
    """The rarest clause and its share; more than any share where there is none."""
    found = min(((rarity.total(clause), clause) for clause in clauses(node, rarity)), key=itemgetter(0), default=None)
    return found or (float("inf"), ())


def _some(parts: tuple[Compiled, ...], count: int, rarity: Rarity) -> Iterator[Clause]:
    """Where ``count`` of the parts match, one of all but the ``count - 1`` commonest does."""
    best = sorted((_best(part, rarity) for part in parts), key=itemgetter(0))
    kept = best[: max(len(best) - count + 1, 0)]
    if kept and all(clause for _, clause in kept):
        yield tuple(dict.fromkeys(term for _, clause in kept for term in clause))


def _weighty(node: Weight, rarity: Rarity) -> Iterator[Clause]:
    """Leave out the commonest parts as long as those left out can't reach the threshold by themselves."""
    positive = [
        (_best(part, rarity), weight) for part, weight in zip(node.parts, node.weights, strict=True) if weight > 0
    ]
    kept: list[Clause] = []
    left_out = 0
    for (_, clause), weight in sorted(positive, key=lambda item: item[0][0], reverse=True):
        if left_out + weight < node.threshold:
            left_out += weight
        elif clause:
            kept.append(clause)
        else:
            return
    yield tuple(dict.fromkeys(term for clause in kept for term in clause))


class Entry(NamedTuple):
    """A rule in the index. ``number`` orders entries; its other clauses are looked at before it is evaluated."""

    number: int
    second: Clause
    others: tuple[Clause, ...]
    rule: str
    compiled: Compiled | TopicRule
    anchor: Clause


class Index:
    """Rules by anchor; adding and removing one rule touches only its own terms."""

    def __init__(self) -> None:
        self.postings: dict[str, list[Entry]] = {}
        self.entries: dict[str, Entry] = {}
        self.unanchored: set[str] = set()
        self.patterns = Patterns()
        self.places = 0  # rules that are looked up by a place; without one, no story's places are looked for
        self.topics = 0  # topics; without one, no story's concepts are looked for
        self._next = 0

    def add(self, rule: str, node: Compiled | TopicRule, rarity: Rarity) -> None:
        """Index ``rule``; one that is there already is replaced."""
        self.remove(rule)
        ranked = sorted(set(clauses(node, rarity)), key=lambda clause: (rarity.total(clause), clause))
        anchor = ranked[0] if ranked else ()
        second = ranked[1] if len(ranked) > 1 else anchor
        entry = self.entries[rule] = Entry(self._next, second, tuple(ranked[2 : 2 + MOST_OTHERS]), rule, node, anchor)
        self._next += 1
        if not anchor:
            self.unanchored.add(rule)
        for term in anchor:
            if term in self.postings:
                self.postings[term].append(entry)
            else:
                self.postings[term] = [entry]
        for term in _wildcards(entry):
            self.patterns.add(term[1:])
        self.places += _asks_for_place(entry)
        self.topics += isinstance(node, TopicRule)

    def remove(self, rule: str) -> None:
        """Forget ``rule``, if it is there."""
        self.unanchored.discard(rule)
        entry = self.entries.pop(rule, None)
        if entry is None:
            return
        for term in entry.anchor:
            entries = self.postings[term]
            del entries[bisect_left(entries, entry.number, key=itemgetter(0))]
            if not entries:
                del self.postings[term]
        for term in _wildcards(entry):
            self.patterns.remove(term[1:])
        self.places -= _asks_for_place(entry)
        self.topics -= isinstance(entry.compiled, TopicRule)

    def candidates(self, terms: set[str]) -> list[Entry]:
        """Every rule that could match a document holding ``terms``, and few others."""
        postings = self.postings
        found: dict[int, Entry] = {}
        apart = terms.isdisjoint
        for term in terms & postings.keys():
            for entry in postings[term]:
                if not apart(entry[1]):
                    found[entry[0]] = entry
        return [self.entries[rule] for rule in self.unanchored] + [
            entry for entry in found.values() if not any(map(apart, entry[2]))
        ]


def _wildcards(entry: Entry) -> set[str]:
    clauses = (entry.anchor, entry.second, *entry.others)
    return {term for clause in clauses for term in clause if term[0] == "*"}


def _asks_for_place(entry: Entry) -> bool:
    return any(term.startswith(PLACE) for clause in (entry.anchor, entry.second, *entry.others) for term in clause)
