"""Anchors to rules: which rules could match a document that holds these terms.

The anchor of a rule is a set of terms of which every matching document holds at least one: of an
AND the best part's, of an OR all the parts' together, of a run its rarest term. A NOT gives none. A
rule without an anchor is a candidate for every document; ``unanchored`` names such rules, so that
they can be reported as expensive and are never dropped or paid for silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from monitor.match.terms import All, Any, Compiled, Run, Within, Without

# Words that nearly every story holds; a term never met before must not be taken for one of these.
_COMMON_WORDS = """
a about after all also an and are as at be been but by can could do for from had has have he her his i if in
into is it its more new no not of on one or other our out over said say she so some than that the their them
there they this to up us was we were what when which who will with would year you der die das und ist von den
im mit des ein eine le la les de et un une en est el los que y il di che e
"""
_COMMON = frozenset(_COMMON_WORDS.split())


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
        prior = 0.5 if term.lstrip('"') in _COMMON else 0.01 / len(term)
        return (self.counts[term] + 20 * prior) / (self.documents + 20)


def anchor(node: Compiled, rarity: Rarity) -> frozenset[str] | None:
    """The cheapest set of terms of which every matching document holds one; None if there is none."""
    match node:
        case Run():
            return frozenset((min(node.terms, key=rarity.cost),))
        case All():
            anchors = [a for part in node.parts if (a := anchor(part, rarity)) is not None]
            return min(anchors, key=lambda a: sum(map(rarity.cost, a)), default=None)
        case Any():
            alternatives = [anchor(part, rarity) for part in node.parts]
            known = [a for a in alternatives if a is not None]
            return frozenset().union(*known) if len(known) == len(alternatives) else None
        case Without():
            return None
        case Within():
            return anchor(node.part, rarity)
        case _:
            assert_never(node)


class Index:
    """Rules by anchor; adding and removing one rule touches only its own terms."""

    def __init__(self) -> None:
        self.postings: dict[str, set[str]] = {}
        self.anchors: dict[str, frozenset[str]] = {}
        self.unanchored: set[str] = set()

    def add(self, rule: str, node: Compiled, rarity: Rarity) -> None:
        """Index ``rule``; one that is there already is replaced."""
        self.remove(rule)
        terms = anchor(node, rarity)
        if terms is None:
            self.unanchored.add(rule)
            return
        self.anchors[rule] = terms
        for term in terms:
            self.postings.setdefault(term, set()).add(rule)

    def remove(self, rule: str) -> None:
        """Forget ``rule``, if it is there."""
        self.unanchored.discard(rule)
        for term in self.anchors.pop(rule, ()):
            rules = self.postings[term]
            rules.discard(rule)
            if not rules:
                del self.postings[term]

    def candidates(self, terms: Iterable[str]) -> set[str]:
        """Every rule that could match a document holding ``terms``, and few others."""
        postings = self.postings
        return self.unanchored.union(*(postings[term] for term in terms if term in postings))
