"""Anchors are chosen anew when stories have shown which words are rare."""

from __future__ import annotations

from monitor.match.document import Content
from monitor.match.percolate import LOOK_AGAIN_AT, Rulebook
from monitor.model.rule import RuleSpec

RULES = [RuleSpec(f"r{n}", f"r{n}", f"parliamentarians AND w{n}x") for n in range(30)]


def story(n: int) -> Content:
    """A story with a long word that every story has, and a short one of its own."""
    return Content("", f"parliamentarians met w{n}x", "en")


def test_a_word_that_turns_out_to_be_common_is_an_anchor_no_more() -> None:
    """Before any story is seen a long word counts as rare; afterwards each rule is looked up by its own word."""
    book = Rulebook()
    for spec in RULES:
        book.put(spec)
    anchors = set()
    for n in range(LOOK_AGAIN_AT[0] + 1):
        found = book.percolate(story(n % 40))
        assert [match.rule for match in found.matches] == ([f"r{n % 40}"] if n % 40 < 30 else [])
        (edition,) = book._editions.values()
        anchors.add(len(edition.index.postings.get("parliamentarian", ())))
    assert max(anchors) == len(RULES)
    assert edition.index.postings.get("parliamentarian") is None
    assert len(edition.index.postings) == len(RULES)


def test_rules_that_changed_meanwhile_stay_as_they_are() -> None:
    """A rule removed or replaced while all are looked at again is not brought back."""
    book = Rulebook()
    for n in range(200):
        book.put(RuleSpec(f"r{n}", f"r{n}", f"(w{n}x)"))
    for n in range(LOOK_AGAIN_AT[0]):
        book.percolate(story(n))
    assert 0 < len(book._to_look_at) < 200
    book.remove("r0")
    book.put(RuleSpec("r1", "r1", "(other)"))
    for n in (0, 1, 2, 3, 0, 1):
        assert [m.rule for m in book.percolate(story(n)).matches] == ([f"r{n}"] if n > 1 else [])
    assert not book._to_look_at
