"""Warnings: what is legal in a rule and rarely meant, each with its place and what to do."""

from __future__ import annotations

import pytest

from monitor.match.index import Rarity
from monitor.match.lint import ENOUGH, MANY_WORDS, lint, same_as
from monitor.model.rule import RuleSpec, Strictness, Wording
from monitor.query import parse


def codes(query: str, languages: tuple[str, ...] = (), seen: Rarity | None = None) -> list[str]:
    """The codes of the warnings; each has a place inside the query, a reason and a remedy."""
    found = lint(RuleSpec("r", "r", query, languages=languages), parse(query), seen)
    for problem in found:
        assert 0 <= problem.start < problem.end <= len(query)
        assert problem.detail
        assert problem.hint
    return [problem.code for problem in found]


def words_seen(*words: str) -> Rarity:
    """Enough stories, each of which held these words."""
    seen = Rarity()
    for _ in range(ENOUGH):
        seen.learn({f'"{word}' for word in words} | set(words))
    return seen


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Vietnam arms deal", []),
        ("jet AND (tank OR ship) NOT toy", []),
        ("jet and tank", ["lower-case-operator"]),
        ("war or peace near Hanoi", ["lower-case-operator", "lower-case-operator"]),
        ("jet OR NOT toy", ["expensive"]),
        ("1 OF (jet, NOT toy)", ["expensive"]),
        ("(the)", ["stop-word"]),
        ('"of the"', ["stop-word"]),
        ('"the jet"', []),
        ("the AND jet", []),
        ("jet NOT jet", ["never-matches"]),
        ("jet AND (tank NOT tank)", ["never-matches"]),
        ("jet AND 3 OF (a1, b1)", ["never-matches"]),
        ("jet NOT NEAR/3 jet", ["never-matches"]),
        ("jet AND lang:de AND lang:fr", ["never-matches"]),
        ("jet AND lang:en AND lang:en-us", []),
        ("jet AND title:(body:tank)", ["never-matches"]),
        ("jet AND title:(title:tank)", []),
    ],
)
def test_what_is_rarely_meant_is_named(query: str, expected: list[str]) -> None:
    """From the rule alone; a rule that means what it says has no warning."""
    assert codes(query) == expected


def test_a_language_that_the_rule_does_not_want() -> None:
    """``lang:`` beside the rule's own languages."""
    assert codes("jet AND lang:fr", ("de", "en")) == ["never-matches"]
    assert codes("jet AND lang:de-at", ("de", "en")) == []


def test_words_that_no_story_had() -> None:
    """Only where enough stories have been seen, and only the word in question."""
    few = Rarity()
    few.learn({'"jet', "jet"})
    assert codes("jet AND tankk", (), few) == []
    seen = words_seen("jet")
    assert codes("jet AND tankk", (), seen) == ["never-seen"]
    (problem,) = lint(RuleSpec("r", "r", "x"), parse("jet AND tankk"), seen)
    assert (problem.start, problem.end) == (8, 13)
    assert f"{ENOUGH:,}" in problem.detail


def test_a_wildcard_that_takes_too_much() -> None:
    """Counted over the words of stories."""
    many = words_seen(*(f"inter{n}" for n in range(MANY_WORDS)), "procurement")
    assert codes("inter*", (), many) == ["wide-wildcard"]
    assert codes("procur*", (), many) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a1 AND b1", "b1 AND a1", True),
        ("(a1 OR b1) AND c1", "c1 AND (b1 OR a1)", True),
        ("NOT (a1 AND b1) AND c1", "c1 AND NOT (b1 AND a1)", True),
        ("Hanoi arms", "arms hanoi", True),
        ("a1 NEAR/3 b1", "b1 NEAR/3 a1", False),
        ("a1 AND b1", "a1 OR b1", False),
        ("Hanoi arms", "Hanoi AND arms", False),
        ("title:(a1 OR b1)", "title:(b1 OR a1)", True),
    ],
)
def test_rules_that_say_the_same(one: str, other: str, same: bool) -> None:
    """The order of AND and OR makes no difference; everything else does."""
    said = [same_as(RuleSpec("r", "r", query), parse(query)) for query in (one, other)]
    assert (said[0] == said[1]) == same


def test_plain_rules_that_differ_in_their_options_are_two() -> None:
    """Strict for the pager and broad for the digest; or with another wording."""
    query = parse("Nokia layoffs")
    strict = RuleSpec("a", "a", "Nokia layoffs", strictness=Strictness.STRICT)
    worded = RuleSpec("b", "b", "Nokia layoffs", wording=(Wording("layoffs", strike=("jobs",)),))
    assert len({same_as(spec, query) for spec in (strict, worded, RuleSpec("c", "c", "Nokia layoffs"))}) == 3
