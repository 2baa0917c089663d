"""The duel: index against brute force, and both against a naive reading of the language."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.percolate import Percolation, Rulebook
from monitor.model.rule import RuleSpec
from monitor.query import Query, unparse
from monitor.query.ast import And, Expression, InField, Not, Or, Phrase, Plain, Word

duel = settings(deadline=None, database=None, max_examples=60)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""

# What a reader of the language's definition knows of each word: its parts, each with its stem.
MEANING: dict[str, list[tuple[str, str]]] = {
    "arms": [("arms", "arm")],
    "arm": [("arm", "arm")],
    "deal": [("deal", "deal")],
    "deals": [("deals", "deal")],
    "visited": [("visited", "visit")],
    "Visit": [("visit", "visit")],
    "Hanoi": [("hanoi", "hanoi")],
    "the": [("the", "the")],
    "us": [("us", "us")],
    "F-16": [("f", "f"), ("16", "16")],
    "U.S.": [("u", "u"), ("s", "s")],
    "F": [("f", "f")],
    "café": [("cafe", "cafe")],
}
Text = tuple[str, ...]
Story = tuple[Text, Text]
Edit = tuple[str, Query | None]

# ── the naive twin: lists of words, no positions, no index ──


def parts(text: Text | list[str]) -> list[tuple[str, str]]:
    """The words of a text, each with its stem."""
    return [part for word in text for part in MEANING[word]]


def holds(text: Text, wanted: list[str], form: int) -> bool:
    """Whether the forms stand one after the other in the text."""
    there = [part[form] for part in parts(text)]
    return any(there[i : i + len(wanted)] == wanted for i in range(len(there) - len(wanted) + 1))


def naive(query: Query, fields: tuple[Text, ...]) -> bool:
    """Whether the story, seen as the fields that are looked at, matches; straight from the definition."""
    match query:
        case Plain():
            return all(naive(word, fields) for word in query.words)
        case Word():
            wanted = [stem for _, stem in MEANING[query.text]]
            return any(holds(field, wanted, 1) for field in fields)
        case Phrase():
            wanted = [word for word, _ in parts(query.text.split())]
            return any(holds(field, wanted, 0) for field in fields)
        case And():
            return all(naive(part, fields) for part in query.parts)
        case Or():
            return any(naive(part, fields) for part in query.parts)
        case Not():
            return not naive(query.part, fields)
        case InField():
            return naive(query.part, fields[:1])


# ── random rules and stories ──

vocabulary = st.sampled_from(list(MEANING))
terms = st.one_of(
    vocabulary.map(Word),
    st.lists(vocabulary, min_size=1, max_size=3).map(lambda found: Phrase(" ".join(found))),
)


def above(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Trees one level higher."""
    several = st.lists(below, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(And),
        several.map(Or),
        below.map(Not),
        below.map(lambda part: InField("title", part)),
    )


def positive(node: Expression) -> bool:
    """Whether the tree holds a term outside every NOT, as the language demands."""
    match node:
        case Not():
            return False
        case InField():
            return positive(node.part)
        case And() | Or():
            return any(positive(part) for part in node.parts)
        case _:
            return True


boolean = st.recursive(terms, above, max_leaves=6).map(lambda t: t if positive(t) else And((Word("deal"), t)))
plain = st.lists(vocabulary.map(Word), min_size=1, max_size=3).map(lambda found: Plain(tuple(found)))
queries = st.one_of(boolean, boolean, plain)
texts = st.lists(vocabulary, max_size=8).map(tuple)
stories = st.lists(st.tuples(texts, texts), min_size=2, max_size=5)
names = st.sampled_from([f"r{i}" for i in range(12)])
changes = st.lists(st.tuples(names, st.none() | queries), max_size=6)
"""Rules to put (by a new name), to replace (by one in use) and to remove (None)."""


def spec(name: str, query: Query) -> RuleSpec:
    """The rule as a user writes it."""
    return RuleSpec(name, name, unparse(query))


def percolate(rules: Rulebook, story: Story) -> Percolation:
    """What the rulebook finds."""
    return rules.percolate(" ".join(story[0]), " ".join(story[1]), "en")


class Duel:
    """Two rulebooks under the same changes, what should be in them, and how the fights went."""

    def __init__(self, counts: Counter[str]) -> None:
        self.indexed = Rulebook()
        self.brute = Rulebook(no_filter=True)
        self.trees: dict[str, Query] = {}
        self.counts = counts

    def change(self, name: str, query: Query | None) -> None:
        """Put, replace or remove a rule in both."""
        for rules in (self.indexed, self.brute):
            rules.remove(name) if query is None else rules.put(spec(name, query))
        self.trees.pop(name, None)
        if query is not None:
            self.trees[name] = query

    def fight(self, story: Story) -> None:
        """Both must find the same matches with the same spans, and exactly those of the naive reading."""
        found, every = percolate(self.indexed, story), percolate(self.brute, story)
        assert found.failures == every.failures == ()
        assert found.matches == every.matches
        assert {m.rule for m in found.matches} == {name for name, tree in self.trees.items() if naive(tree, story)}
        assert every.candidates == len(self.trees) == len(self.indexed)
        assert found.candidates <= every.candidates
        self.counts.update(
            cases=len(self.trees), evaluated=found.candidates, hits=len(found.matches), stories=1,
        )  # fmt: skip


def test_index_and_brute_force_agree() -> None:
    """Over thousands of random rules and stories, through puts, replacements and removals, nothing differs."""
    counts: Counter[str] = Counter()

    @duel
    @given(st.lists(queries, min_size=4, max_size=9), stories, changes, stories)
    def fights(
        first: list[Query], before: list[Story], edits: list[tuple[str, Query | None]], after: list[Story]
    ) -> None:
        match = Duel(counts)
        for i, query in enumerate(first):
            match.change(f"r{i}", query)
        for story in before:
            match.fight(story)
        for name, query in edits:
            match.change(name, query)
        for story in [*after, *before]:
            match.fight(story)

    fights()
    print(  # noqa: T201 - the pruning statistics are part of what the duel is to show
        f"duel: {counts['cases']:,} cases over {counts['stories']:,} stories, {counts['hits']:,} hits, "
        f"{counts['evaluated'] / counts['cases']:.0%} of the rules evaluated"
    )
    assert counts["cases"] >= 2_000
    assert 0 < counts["hits"] < counts["evaluated"] < counts["cases"]


@settings(duel, max_examples=40)
@given(st.lists(queries, min_size=1, max_size=8, unique_by=unparse), stories, st.randoms(use_true_random=False))
def test_the_order_of_rules_makes_no_difference(found: list[Query], tried: list[Story], shuffle: object) -> None:
    """Rules put in another order, or after stories have passed, find the same."""
    specs = [spec(f"r{i}", query) for i, query in enumerate(found)]
    early, late = Rulebook(), Rulebook()
    for rule in specs:
        early.put(rule)
    for story in tried:
        percolate(late, story)
    shuffle.shuffle(specs)
    for rule in specs:
        late.put(rule)
    for story in tried:
        assert percolate(early, story).matches == percolate(late, story).matches


@settings(duel, max_examples=40)
@given(st.lists(queries, min_size=1, max_size=8), stories)
def test_removing_every_rule_leaves_an_empty_index(found: list[Query], tried: list[Story]) -> None:
    """Nothing of a removed rule stays behind: no match, no candidate, no posting."""
    rules = Rulebook()
    percolate(rules, tried[0])
    for i, query in enumerate(found):
        rules.put(spec(f"r{i % 3}", query))
    for i in range(3):
        rules.remove(f"r{i}")
    assert len(rules) == 0
    assert rules.unanchored() == set()
    for story in tried:
        assert percolate(rules, story) == Percolation((), (), 0)
    index = rules._edition("en").index
    assert (index.postings, index.anchors) == ({}, {})
