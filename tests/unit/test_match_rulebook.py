"""The rulebook: rules come and go, few of them are looked at for a story, and none harms the others or fills memory."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest

from monitor.errors import RuleSyntaxError
from monitor.match.document import Content
from monitor.match.index import Rarity
from tests.unit.test_match import BODY, STORY, TITLE, book, found, rule


@pytest.mark.parametrize("no_filter", [False, True])
def test_rules_come_and_go(no_filter: bool) -> None:
    """A rule matches from its put to its removal, in its latest version, in languages seen before or not."""
    rules = book(rule("(Vietnam)", "a"), rule("(coffee)", "b"), no_filter=no_filter)
    assert found(rules.percolate(STORY)) == {"a", "b"}
    rules.put(rule("(tea)", "a"))
    assert len(rules) == 2
    for language in ("en", "xx", None):
        assert found(rules.percolate(Content(TITLE, BODY, language))) == {"b"}
        assert found(rules.percolate(Content("tea", "", language))) == {"a"}
    rules.put(rule("(Vietnam)", "c"))
    assert found(rules.percolate(Content(TITLE, BODY, "xx"))) == {"b", "c"}
    rules.remove("b")
    rules.remove("b")
    rules.remove("never there")
    assert "b" not in rules
    assert found(rules.percolate(STORY)) == {"c"}


def test_a_bad_query_leaves_the_old_rule() -> None:
    """Replacing a rule by one that does not parse raises, and the rule that was there goes on."""
    rules = book(rule("(Vietnam)"))
    with pytest.raises(RuleSyntaxError):
        rules.put(rule("Vietnam AND"))
    assert found(rules.percolate(STORY)) == {"r"}


def test_rules_for_some_languages() -> None:
    """A rule's languages are compared by primary subtag; an unknown language counts as English."""
    rules = book(
        rule("(Vietnam)", "any"),
        rule("(Vietnam)", "pt", ("pt-br",)),
        rule("(Vietnam)", "en-de", ("en", "de")),
    )
    assert found(rules.percolate(Content(TITLE, BODY, "pt"))) == {"any", "pt"}
    assert found(rules.percolate(Content(TITLE, BODY, "de-at"))) == {"any", "en-de"}
    assert found(rules.percolate(STORY)) == {"any", "en-de"}
    rules.put(rule("(Vietnam)", "pt", ("de",)))
    assert found(rules.percolate(Content(TITLE, BODY, "pt"))) == {"any"}
    assert found(rules.percolate(Content(TITLE, BODY, "de"))) == {"any", "en-de", "pt"}


def test_the_index_looks_at_few_rules() -> None:
    """Only rules whose anchor stands in the story are evaluated; the twin without filter evaluates all."""
    specs = [rule(f"word{i} AND (Vietnam OR the)", f"r{i}") for i in range(100)]
    few = book(*specs).percolate(Content("word7 the", "", None))
    every = book(*specs, no_filter=True).percolate(Content("word7 the", "", None))
    assert few.matches == every.matches
    assert (found(few), few.candidates, every.candidates) == ({"r7"}, 1, 100)


@pytest.mark.parametrize(
    ("query", "languages"),
    [("tea OR NOT coffee", ()), ("title:(tea OR NOT coffee)", ()), ("tee OR NOT kaffee", ("de",))],
)
def test_unanchored_rules_are_evaluated_and_named(query: str, languages: tuple[str, ...]) -> None:
    """A rule that may match without any of its words is tried on every story, and reported as such."""
    rules = book(rule(query, "costly", languages), rule("(Vietnam)", "cheap"))
    assert found(rules.percolate(Content("nothing of it", "", languages[0] if languages else "en"))) == {"costly"}
    assert rules.unanchored() == {"costly"}
    rules.remove("costly")
    assert rules.unanchored() == set()


def test_a_rule_that_fails_is_reported_and_the_others_match() -> None:
    """One broken rule costs no other its hit, and does not raise."""
    rules = book(rule("(Vietnam)", "a"), rule("(Vietnam)", "b"), rule("(Vietnam)", "c"))
    rules.percolate(Content("", "", None))
    index = rules._edition("en").index
    (entry,) = index.postings['"vietnam'][1:2]
    index.postings['"vietnam'][1] = entry._replace(compiled=None)
    result = rules.percolate(STORY)
    assert found(result) == {"a", "c"}
    assert [failure.rule for failure in result.failures] == ["b"]
    assert result.failures[0].error


def test_matches_come_in_a_stable_order() -> None:
    """Matches are sorted by rule and spans by place, so that a replay gives the same answer."""
    result = book(*(rule("Vietnam OR army", f"r{i}") for i in range(9, 0, -1))).percolate(STORY)
    assert [m.rule for m in result.matches] == [f"r{i}" for i in range(1, 10)]
    for match in result.matches:
        assert match.score == 1.0
        assert all((a.field, a.start) < (b.field, b.start) for a, b in pairwise(match.spans))


def test_what_is_learned_of_rarity_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories full of words that nobody has seen do not make the counts grow for ever."""
    monkeypatch.setattr(Rarity, "MOST_TERMS", 100)
    rarity = Rarity()
    for i in range(1_000):
        rarity.learn([f"a{i}", f"b{i}"])
    assert len(rarity.counts) == 100


def test_made_up_languages_cost_no_memory() -> None:
    """A hostile feed that names a new language with every item does not make the rulebook grow each time."""
    rules = book(*(rule(f"alpha{i} AND (beta OR x{i})", f"r{i}") for i in range(50)))
    tracemalloc.start()
    rules.percolate(Content(TITLE, BODY, "qa"))
    one = tracemalloc.get_traced_memory()[0]
    for letter in "bcdefghijklmnopqrstuvwxyz":
        for start in "qx":
            rules.percolate(Content(TITLE, BODY, start + letter))
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 10 * one
