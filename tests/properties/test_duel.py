"""The duel: index against brute force, and both against a naive reading of the reference."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.match.percolate import Percolation, Rulebook
from monitor.model.rule import RuleSpec
from monitor.query import Query, unparse
from tests.properties.naive import Naive, Tale
from tests.properties.strategies import Words, content, queries, spelled, stories, tale, vocabularies

duel = settings(
    deadline=None,
    database=None,
    max_examples=45,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""No deadline, since the machine is shared; no database, so that every run stands for itself. Examples are
large, and not made smaller (it takes minutes): a failure names the rule and the story."""

Edit = tuple[str, Query | None]
rulebooks = st.lists(queries, min_size=35, max_size=40)
names = st.sampled_from([f"r{i}" for i in range(45)])
edits = st.lists(st.tuples(names, st.none() | queries), max_size=8)
"""Rules to put (by a new name), to replace (by one in use) and to remove (None)."""


def spec(name: str, query: Query, languages: tuple[str, ...] = ()) -> RuleSpec:
    """The rule as a user writes it."""
    return RuleSpec(name, name, unparse(query), languages=languages)


class Duel:
    """Two rulebooks under the same changes, what should be in them, and how the fights went."""

    def __init__(self, words: Words, counts: Counter[str]) -> None:
        self.indexed = Rulebook()
        self.brute = Rulebook(no_filter=True)
        self.trees: dict[str, Query] = {}
        self.words = words
        self.counts = counts

    def change(self, name: str, query: Query | None) -> None:
        """Put, replace or remove a rule in both."""
        query = query and spelled(query, self.words)
        for rules in (self.indexed, self.brute):
            rules.remove(name) if query is None else rules.put(spec(name, query))
        self.trees.pop(name, None)
        if query is not None:
            self.trees[name] = query

    def fight(self, made: Tale) -> None:
        """Both must find the same matches with the same spans, and exactly those of the naive reading."""
        told = tale(made, self.words)
        story = content(told)
        found, every = self.indexed.percolate(story), self.brute.percolate(story)
        assert found.failures == every.failures == ()
        assert found.matches == every.matches
        naive = Naive(told)
        expected = {name for name, tree in self.trees.items() if naive.matches(tree)}
        matched = {match.rule for match in found.matches}
        odd = {name: unparse(self.trees[name]) for name in expected ^ matched}
        assert matched == expected, (odd, story)
        assert every.candidates == len(self.trees) == len(self.indexed)
        assert found.candidates <= every.candidates
        self.counts.update(
            cases=len(self.trees), evaluated=found.candidates, hits=len(found.matches), stories=1,
        )  # fmt: skip


def test_index_and_brute_force_and_the_reference_agree() -> None:
    """Over twenty thousand random rules and stories, through puts, replacements and removals, nothing differs."""
    counts: Counter[str] = Counter()

    @duel
    @given(vocabularies, rulebooks, st.lists(stories, min_size=4, max_size=6), edits, st.lists(stories, min_size=4))
    def fight(words: Words, rules: list[Query], before: list[Tale], changed: list[Edit], after: list[Tale]) -> None:
        match = Duel(words, counts)
        for i, query in enumerate(rules):
            match.change(f"r{i}", query)
        for story in before:
            match.fight(story)
        for name, query in changed:
            match.change(name, query)
        for story in [*after[:5], *before]:
            match.fight(story)

    fight()
    print(  # noqa: T201 - the pruning statistics are part of what the duel is to show
        f"duel: {counts['cases']:,} cases over {counts['stories']:,} stories, {counts['hits']:,} hits, "
        f"{counts['evaluated'] / counts['stories']:.1f} candidates a story, "
        f"{counts['evaluated'] / counts['cases']:.0%} of the rules evaluated"
    )
    assert counts["cases"] >= 20_000
    assert 0 < counts["hits"] < counts["evaluated"] < counts["cases"]


@settings(duel, max_examples=15)
@given(
    vocabularies,
    st.lists(queries, min_size=4, max_size=12),
    st.lists(stories, min_size=2),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rules_makes_no_difference(
    words: Words, rules: list[Query], tales: list[Tale], shuffle: Random
) -> None:
    """Rules put in another order, or after stories have passed and been counted, find the same."""
    specs = [spec(f"r{i}", spelled(query, words)) for i, query in enumerate(rules)]
    told = [content(tale(made, words)) for made in tales]
    early, late = Rulebook(), Rulebook()
    for rule in specs:
        early.put(rule)
    for story in told:
        late.percolate(story)
    shuffle.shuffle(specs)
    for rule in specs:
        late.put(rule)
    for story in told:
        assert early.percolate(story).matches == late.percolate(story).matches


@settings(duel, max_examples=15)
@given(vocabularies, st.lists(queries, min_size=1, max_size=12), st.lists(stories, min_size=1))
def test_removing_every_rule_leaves_an_empty_index(words: Words, rules: list[Query], tales: list[Tale]) -> None:
    """Nothing of a removed rule stays behind: no match, no candidate, no posting, no wildcard."""
    book = Rulebook()
    told = [content(tale(made, words)) for made in tales]
    book.percolate(told[0])
    for i, query in enumerate(rules):
        book.put(spec(f"r{i % 3}", spelled(query, words)))
    for i in range(3):
        book.remove(f"r{i}")
    assert len(book) == 0
    assert book.unanchored() == set()
    for story in told:
        assert book.percolate(story) == Percolation((), (), 0)
    index = book._edition("en").index
    assert (index.postings, index.entries, bool(index.patterns)) == ({}, {}, False)


SPOKEN = st.sampled_from(["en", "en-gb", "de", "fr", "ja", "xx", "de-at"])


@settings(duel, max_examples=15)
@given(
    vocabularies,
    st.lists(st.tuples(queries, st.lists(SPOKEN, max_size=2).map(tuple)), min_size=4, max_size=20),
    st.lists(st.tuples(stories, SPOKEN), min_size=4, max_size=12),
    st.lists(st.tuples(st.integers(0, 19), st.none() | st.tuples(queries, st.lists(SPOKEN, max_size=1).map(tuple)))),
)
def test_editions_agree(
    words: Words,
    rules: list[tuple[Query, Words]],
    tales: list[tuple[Tale, str]],
    changed: list[tuple[int, tuple[Query, Words] | None]],
) -> None:
    """Stories of several languages, rules for some of them, changes in between: index and brute force find the same."""
    indexed, brute = Rulebook(), Rulebook(no_filter=True)

    def change(i: int, made: tuple[Query, Words] | None) -> None:
        for book in (indexed, brute):
            if made is None:
                book.remove(f"r{i}")
            else:
                book.put(spec(f"r{i}", spelled(made[0], words), made[1]))

    for i, rule in enumerate(rules):
        change(i, rule)
    told = [replace(content(tale(made, words)), language=language) for made, language in tales]
    for story in told[: len(told) // 2]:
        assert indexed.percolate(story).matches == brute.percolate(story).matches
    for i, rule in changed:
        change(i, rule)
    for story in told:
        found = indexed.percolate(story)
        assert found.matches == brute.percolate(story).matches
        late = Rulebook()
        for rule in indexed._rules.values():
            late.put(rule)
        assert found.matches == late.percolate(story).matches
