"""Plain words to a suggested Boolean rule."""

from __future__ import annotations

import pytest

from monitor.match.document import Content
from monitor.match.percolate import explain_rule
from monitor.match.suggest import suggest
from monitor.model.rule import RuleSpec
from monitor.query import parse


def query(words: str, language: str = "en") -> str:
    """The suggested rule."""
    return " AND ".join(part.query for part in suggest(words, language))


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("Vietnam arms procurement", ["place", "concept", "concept"]),
        ("Putin Asia visit", ["name", "place", "concept"]),
        ("interest rates in Southeast Asia", ["concept", "place"]),
        ("xyzzyish gadgetry", ["word", "word"]),
        ("the of and", []),
        ("", []),
    ],
)
def test_words_are_understood(words: str, kinds: list[str]) -> None:
    """Places, names, concepts and other words, in the order in which they stand."""
    assert [part.kind for part in suggest(words)] == kinds


@pytest.mark.parametrize(
    "words",
    ["Vietnam arms procurement", "Putin Asia visit", "U.S. rail strike", "Côte d'Ivoire election", "76ers fire coach"],
)
def test_a_suggestion_is_a_rule(words: str) -> None:
    """What is suggested parses, and nothing of the author's words is lost."""
    parse(query(words))
    assert " ".join(part.words for part in suggest(words)) == words


def test_it_finds_what_the_words_alone_do_not() -> None:
    """A story that says neither "Asia" nor "visit" is a hit; one on another continent is not."""
    rule = RuleSpec("r", "r", query("Putin Asia visit"))
    hanoi = Content("Putin arrives in Hanoi", "The Russian president landed on Thursday for a state trip.", "en")
    paris = Content("Putin arrives in Paris", "The Russian president landed on Thursday for a state trip.", "en")
    assert explain_rule(rule, hanoi).matched
    assert not explain_rule(rule, paris).matched
