"""``place:`` in rules: what a story is about, marked by what names it, found by the index as by brute force."""

from __future__ import annotations

import pytest

from monitor.match.document import Content
from monitor.match.percolate import Rulebook, explain_rule
from monitor.model.rule import RuleSpec

HANOI = Content(
    "Hanoi weighs American fighter jets", "HANOI, June 20 - The Vietnamese government wants to buy arms.", "en"
)
PASSING = Content(
    "Bakery opens second shop in Leeds",
    "The owner learned the trade from her aunt. " * 12 + "She once spent a week in Vietnam and liked the coffee.",
    "en",
)


def marked(query: str, content: Content, *, no_filter: bool = False) -> list[str] | None:
    """The words that a rule marks; None for a miss."""
    book = Rulebook(no_filter=no_filter)
    book.put(RuleSpec("r", "r", query))
    result = book.percolate(content)
    assert result.failures == ()
    return [content.text(span) for span in result.matches[0].spans] if result.matches else None


@pytest.mark.parametrize(
    ("query", "content", "hit"),
    [
        ("place:Vietnam", HANOI, True),
        ("place:Asia", HANOI, True),
        ('place:"Southeast Asia" AND arms', HANOI, True),
        ("place:(France OR ASEAN)", HANOI, True),
        ("place:vietnam", HANOI, True),
        ("place:Europe", HANOI, False),
        ("arms AND NOT place:Asia", HANOI, False),
        ("arms AND NOT place:Europe", HANOI, True),
        ("place:Vietnam", PASSING, False),
        ("Vietnam AND NOT place:Vietnam", PASSING, True),
        ("place:Britain", PASSING, True),
        ("2 OF (place:Vietnam, coffee, jets)", HANOI, True),
    ],
)
def test_a_story_is_about_a_place_or_not(query: str, content: Content, hit: bool) -> None:
    """Names, capitals, people and wider places count; a passing mention does not; the index agrees with brute force."""
    found = marked(query, content)
    assert (found is not None) == hit
    assert marked(query, content, no_filter=True) == found


def test_the_words_that_name_it_are_marked() -> None:
    """In headline and body, the capital and the people as well."""
    assert marked("place:Vietnam", HANOI) == ["Hanoi", "HANOI", "Vietnamese"]


def test_a_miss_says_what_the_story_is_about() -> None:
    """The explanation names the places that it has."""
    why = explain_rule(RuleSpec("r", "r", "place:France AND arms"), HANOI)
    assert not why.matched
    assert "Vietnam" in why.parts[0].detail


def test_a_rule_that_comes_and_goes_leaves_nothing() -> None:
    """Stories' places are looked for only while a rule asks for one."""
    book = Rulebook()
    for _ in range(2):
        book.put(RuleSpec("r", "r", "place:Vietnam"))
        assert book.percolate(HANOI).matches
        book.remove("r")
        assert book.percolate(HANOI).candidates == 0
