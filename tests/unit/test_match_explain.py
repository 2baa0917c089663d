"""Explanations of a match: they agree with it, and say in words of the rule what a miss lacks."""

from __future__ import annotations

import pytest

from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.percolate import explain_rule
from monitor.model.hit import Span
from tests.unit.test_match import BODY, STORY, TITLE, book, found, rule


def flat(node: Explanation) -> list[Explanation]:
    """The explanation and all its parts."""
    return [node, *(below for part in node.parts for below in flat(part))]


def test_explanation_says_what_is_missing() -> None:
    """A miss names the parts that are not there, and how they were compared."""
    why = explain_rule(rule("Vietnam AND (teas OR milk) NOT coffee"), STORY)
    assert not why.matched
    assert why.detail == "1 of 3 hold; missing: teas ~ milk, NOT coffee"
    by_query = {part.query: part for part in flat(why)}
    assert by_query["Vietnam"].matched
    assert by_query["Vietnam"].spans == (Span("title", 0, 7),)
    assert "compared as tea" in by_query["teas"].detail
    assert by_query["NOT coffee"].kind == "not"
    assert "but is" in by_query["NOT coffee"].detail
    assert [BODY[s.start : s.end] for s in by_query["coffee"].spans] == ["coffee"]


@pytest.mark.parametrize(
    "query", ["Vietnam AND weapons", "title:(army OR x) AND NOT tea", '"army weighs" OR tea', "(weapons)", '"x"']
)
def test_explanation_agrees_with_the_match(query: str) -> None:
    """The whole is explained as matched exactly if the rule hits, with the same spans."""
    why = explain_rule(rule(query), STORY)
    matches = book(rule(query)).percolate(STORY).matches
    assert why.matched == bool(matches)
    assert why.spans == (matches[0].spans if matches else ())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Vietnam AND weapons AND (procure OR sell OR order)", "2 of 3 hold; missing: procure ~ sell, order"),
        ("Vietnam AND milk AND tea", "1 of 3 hold; missing: milk, tea"),
        ("milk OR tea", "0 of 2 hold; missing: milk, tea"),
        ("2 OF (tea, milk, jet)", "1 of 3 hold, 2 are wanted; missing: tea, milk"),
        ("(Vietnam) AND (title:tea)", "1 of 2 hold; missing: title:tea"),
        ("Vietnam AND (aa OR bb OR cc OR dd OR ee OR ff OR gg OR hh OR ii)",
         "1 of 2 hold; missing: aa ~ bb, cc, dd, ee, ff, gg, … (2 more)"),
        ("generals NEAR/2 coffee", "both are there, but not at most 2 words apart"),
        ("weapons ONEAR/5 generals", "both are there, but not at most 5 words apart, in this order"),
        ("generals NEAR/2 (tea OR milk)", "at most 2 words apart; missing: tea ~ milk"),
        ("generals SAME/p coffee", "both are there, but not in one paragraph"),
        ("generals SAME/s tea", "in one sentence; missing: tea"),
        ("weapons NOT NEAR/2 bought", "each one has the second within 2 words"),
        ("tea NOT NEAR/2 coffee", "the first without the second within 2 words; missing: tea"),
        ("ATLEAST/2(weapons)", "found at 1 places, 2 are wanted"),
        ("ATLEAST/3(army OR weapons)", "found at 2 places, 3 are wanted"),
        ("WEIGHT(weapons^20, tea^30, coffee^-5) >= 30", "the weights come to 15, 30 is wanted"),
        ("FIRST/2(weapons)", "looked for in the first 2 words"),
        ("site:bbc.co.uk", "the story has none"),
        ("lang:fr", "the story has en"),
        ('"weapon sale"', "not found (compared as weapon sale)"),
        ('"tank-killers"', "not found (compared as tankkillers or tank killers)"),
        ("{elysee}", "not found (compared as elysee)"),
        ("=procured", "not found (compared as procured)"),
        ("procur*", "not found (compared as procur*)"),
    ],
)  # fmt: skip
def test_explanation_of_each_form_that_is_missing(query: str, expected: str) -> None:
    """Each form says what it lacks, in words of the rule."""
    why = explain_rule(rule(query), STORY)
    assert (why.matched, why.detail) == (False, expected)


def test_places_are_counted_in_every_field() -> None:
    """The first word of headline and body are two places, and a pair of words is one."""
    story = Content("jet x", "jet tank", "en")
    assert explain_rule(rule("ATLEAST/2(jet)"), story).detail == "found at 2 places, 2 are wanted"
    assert explain_rule(rule("ATLEAST/2(jet NEAR/1 tank)"), story).detail == "found at 1 places, 2 are wanted"


def test_explanation_of_a_field_looks_in_that_field_only() -> None:
    """A word that stands elsewhere is explained as not found in the field."""
    why = explain_rule(rule("title:weapons"), STORY)
    assert [(part.kind, part.matched) for part in flat(why)] == [("field", False), ("word", False)]
    assert "title" in why.detail


def test_explanation_tells_when_the_language_is_wrong() -> None:
    """A rule for German stories that no English story can hit is not explained as a hit on one."""
    spec = rule("(Vietnam)", languages=("de",))
    assert found(book(spec).percolate(STORY)) == set()
    why = explain_rule(spec, STORY)
    assert (why.kind, why.matched, why.spans) == ("language", False, ())
    assert "for stories in de, this one is in en" in why.detail
    assert why.parts[0].matched
    assert explain_rule(spec, Content(TITLE, BODY, "de-at")).matched
