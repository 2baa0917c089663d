"""What an author is told of plain words: what they mean, and why a story is about them or not."""

from __future__ import annotations

import pytest

from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.percolate import explain_rule
from monitor.match.topic import Meaning, boolean, meanings, understand
from monitor.model.rule import RuleSpec, Strictness, Wording
from monitor.query import parse
from monitor.text.lexicon import lexicon
from monitor.text.names import entries

ARMS = "Vietnam arms procurement"
HIT = Content("Vietnam signs contract for fighter jets", "The jets come next year. Missiles come with them.", "en")
FILLER = "The choir sang in the old barn and the baker brought warm bread for those who sat by the wall. "


def told(query: str, content: Content = HIT, **options: object) -> Explanation:
    """Why the story is about it or not."""
    return explain_rule(RuleSpec("r", "r", query, **options), content)


def found(part: Explanation) -> set[str]:
    """The words by which a part was found, without case."""
    return {way.query.lower() for way in part.parts}


def meant(query: str, *wording: Wording, language: str | None = None) -> dict[str, Meaning]:
    """The meanings by the words of the rule."""
    topic = understand(query, lexicon(), (), wording)
    return {meaning.words: meaning for meaning in meanings(topic, lexicon(), language)}


def texts(meaning: Meaning) -> list[str]:
    """The ways in which it is found."""
    return [way.text for way in meaning.terms]


def close(query: str, *wording: Wording) -> str:
    """The Boolean rule that comes close."""
    return boolean(understand(query, lexicon(), (), wording), lexicon())


# ── explanations ──


def test_an_explanation_has_a_part_for_each_unit() -> None:
    """With its words, its kind, what it weighs, how far it was found, and the words that it was found by."""
    why = told(ARMS)
    assert (why.query, why.kind, why.matched) == (ARMS, "topic", True)
    assert [(part.query, part.kind, part.matched) for part in why.parts] == [
        ("Vietnam", "place", True), ("arms", "concept", True), ("procurement", "concept", True)
    ]  # fmt: skip
    for part in why.parts:
        assert part.score is not None
        assert 0 < part.score <= 1
        assert part.weight is not None
        assert part.weight > 0
        assert {HIT.text(span) for span in part.spans}
    assert found(why.parts[0]) == {"vietnam"}
    assert found(why.parts[1]) >= {"fighter jets", "missiles"}
    assert found(why.parts[2]) == {"contract"}
    assert set(why.spans) == {span for part in why.parts for span in part.spans}


def test_a_hit_says_its_score_and_what_was_wanted() -> None:
    """The same score in words and as a number; each level names its own threshold."""
    wanted = set()
    for level in Strictness:
        why = told(ARMS, strictness=level)
        assert why.score is not None
        assert f"{why.score:.2f} of 1" in why.detail
        assert f"at strictness {level.value}" in why.detail
        wanted.add(why.detail.split("; ")[1].split()[0])
    assert len(wanted) == 3


def test_where_a_part_was_found_is_told() -> None:
    """In the headline, in the opening, in the lead, or at which word; and how often."""
    for place, content in {
        "once in the headline": Content("A rocket", "", "en"),
        "once in the opening": Content("Village news", "A rocket rose.", "en"),
        "once in the lead": Content("Village news", FILLER * 2 + "A rocket rose.", "en"),
        "at word": Content("Village news", FILLER * 9 + "A rocket rose.", "en"),
        "3 times, first in the headline": Content("A rocket", "The rocket and the rocket.", "en"),
    }.items():
        (part,) = told("rocket", content).parts
        assert place in part.detail, (part.detail, place)


@pytest.mark.parametrize(
    ("query", "content", "lacking"),
    [
        (ARMS, Content("Vietnam opens a school", "", "en"), "missing: arms, procurement"),
        (ARMS, Content("Thailand buys fighter jets", "", "en"), "missing: Vietnam"),
        ("Nokia layoffs", Content("Airbus announces layoffs", "", "en"), "missing: Nokia"),
        (
            "Taylor Swift wedding",
            Content("Wedding", FILLER * 9 + "He hummed a song by Taylor Swift for her.", "en"),
            "weakest: Taylor Swift",
        ),
        ("Putin visit", Content("Putin on linnassa", "", "fi"), "has no words for the rest"),
    ],
)
def test_a_near_miss_says_what_it_lacked(query: str, content: Content, lacking: str) -> None:
    """The parts that are missing; where none is, the weakest; where the language has no words, that."""
    why = told(query, content)
    assert not why.matched
    assert lacking in why.detail


def test_a_missing_part_says_what_was_looked_for() -> None:
    """Some of its ways, and how many more there are; a part that a language cannot say says so."""
    why = told(ARMS, Content("Vietnam opens a school", "", "en"))
    missing = why.parts[1]
    assert (missing.matched, missing.score, missing.spans) == (False, 0, ())
    assert missing.detail.startswith("not found; looked for arms, weapons")
    assert missing.detail.endswith("more")
    untold = told("Putin visit", Content("Putin on linnassa", "", "fi")).parts[1]
    assert "cannot be told in a story in fi" in untold.detail


def test_a_rule_for_other_languages_says_so() -> None:
    """It is a miss for its language, with the topic's own explanation below."""
    why = told(ARMS, languages=("de",))
    assert (why.kind, why.matched) == ("language", False)
    assert (why.parts[0].kind, why.parts[0].matched) == ("topic", True)


def test_added_ways_are_named_where_they_were_found() -> None:
    """A way of the user's own is shown like any other."""
    why = told("Nokia layoffs", Content("Nokia furlough", "", "en"), wording=(Wording("layoffs", ("furlough",)),))
    assert why.matched
    assert found(why.parts[1]) == {"furlough"}


# ── meanings ──


def test_meanings_say_kind_and_sense() -> None:
    """What kind of thing each part is, and what it means, in words."""
    known = meant("Taylor Swift pilots Vietnam wedding NATO")
    assert {words: meaning.kind for words, meaning in known.items()} == {
        "Taylor Swift": "person", "pilots": "word", "Vietnam": "place", "wedding": "concept", "NATO": "name"
    }  # fmt: skip
    assert known["wedding"].means == lexicon().concepts["wedding"].meaning
    assert known["Vietnam"].means.startswith("country Vietnam")
    assert "countries" in meant("Asia floods")["Asia"].means
    assert all(meaning.means for meaning in known.values())


def test_meanings_list_the_ways_heaviest_first() -> None:
    """The words themselves, synonyms, usual ways, hints; of a name its other writings; of a place its names."""
    known = meant("Putin Vietnam arms")
    for meaning in known.values():
        weights = [way.weight for way in meaning.terms]
        assert weights == sorted(weights, reverse=True)
        assert all(0 < weight <= 1 for weight in weights)
        assert len({text.casefold() for text in texts(meaning)}) == len(texts(meaning))
    assert texts(known["arms"])[0] == "arms"
    assert {"weapons", "missile", "defence"} <= set(texts(known["arms"]))
    assert {"Putin", "Poutine", "Путин"} <= set(texts(known["Putin"]))
    assert {"Vietnam", "Vietnamese"} <= set(texts(known["Vietnam"]))


def test_meanings_are_shown_in_any_language() -> None:
    """The terms of the language asked for, beside the rule's own words."""
    german = texts(meant(ARMS, language="de")["arms"])
    assert {"arms", "Waffen"} <= set(german)
    assert "weapons" not in german


def test_meanings_tell_what_the_author_changed() -> None:
    """What was added is among the ways, what was struck is not, and is named apart."""
    arms = meant(ARMS, Wording("arms", ("coastal battery",), ("Missile",)))["arms"]
    assert "coastal battery" in texts(arms)
    assert "missile" not in texts(arms)
    assert arms.struck == ("missile",)


# ── the Boolean rule ──

OBVIOUS = [
    (ARMS, Content("Vietnam buys missiles", "", "en"), Content("Thailand buys missiles", "", "en")),
    ("Nokia layoffs", Content("Nokia announces layoffs", "", "en"), Content("Airbus announces layoffs", "", "en")),
    ("Taylor Swift wedding", Content("Taylor Swift wedding", "", "en"), Content("Taylor weds", "", "en")),
    ("Asia floods", Content("Floods in Vietnam", "", "en"), Content("Floods in Chile", "", "en")),
    ("EU sanctions", Content("EU imposes sanctions", "", "en"), Content("EU opens a school", "", "en")),
    ("Bolivia state of emergency", Content("Bolivia declares a state of emergency", "", "en"), HIT),
    ("U.S. tariffs", Content("U.S. tariffs", "", "en"), Content("French tariffs", "", "en")),
    ("AT&T layoffs", Content("AT&T announces layoffs", "", "en"), HIT),
    ("flurbl", Content("The flurbl", "", "en"), HIT),
]


@pytest.mark.parametrize(("query", "hit", "miss"), OBVIOUS, ids=[case[0] for case in OBVIOUS])
def test_the_boolean_rule_finds_the_same_obvious_stories(query: str, hit: Content, miss: Content) -> None:
    """What hits or misses the topic for sure does so with the rule that comes close to it."""
    for rule in (query, close(query)):
        assert told(rule if rule != "flurbl" else "(flurbl)", hit).matched, rule
        assert not told(rule, miss).matched, rule


def test_the_boolean_rule_has_the_authors_ways() -> None:
    """What was added is in it, what was struck and what is only a hint is not."""
    rule = close("Nokia arms", Wording("arms", ("coastal battery",), ("missile",)))
    assert '"coastal battery"' in rule
    for gone in ("missile", "defence"):
        assert f" OR {gone} " not in rule


def test_every_concept_has_a_boolean_rule_that_parses() -> None:
    """Its name in any language, as a rule, gives one: of every seventh concept, since each takes a while."""
    for concept in list(lexicon().concepts.values())[::7]:
        for terms in concept.terms.values():
            parse(close(terms[0].text))


def test_every_name_has_a_boolean_rule_that_parses() -> None:
    """Each known name in all its writings."""
    for entry in entries():
        parse(close(entry[0]))
