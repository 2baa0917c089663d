"""Stored queries: matches stay exact and cheap whatever a story is made of: repetition, hostile texts, rare signs."""

from __future__ import annotations

import time
import unicodedata

import pytest

from monitor.errors import RuleSyntaxError
from monitor.match.document import Content
from monitor.match.percolate import Rulebook
from tests.unit.test_percolator import Pair, marked, rule

# ── repetition and overlap ──


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ('"a b a b"', "a b a b", ["a b a b"]),
        ('"a b a b"', "a b a b a b", ["a b a b", "a b a b"]),
        ('"a b a b"', "a b a c a b", None),
        ('"a a"', "a a a", ["a a", "a a"]),
        ('"a b" AND "b c"', "a b c", ["a b", "b c"]),
        ('"a b c" OR b', "a b c", ["a b c", "b"]),
        ('"a b" NEAR/1 "b c"', "a b c", None),
        ('"a b" NEAR/1 "b c"', "a b b c", ["a b", "b c"]),
        ("a NEAR/2 a", "a x a", ["a", "a"]),
        ("a NEAR/2 a", "a", None),
        ("(a NEAR/1 b) NEAR/1 (b NEAR/1 c)", "a b c", None),
        ("(a NEAR/1 b) NEAR/1 (b NEAR/1 c)", "a b c b", ["a", "b", "c", "b"]),
        ("ATLEAST/3(a NEAR/1 a)", "a a a a", ["a", "a", "a", "a"]),
        ("ATLEAST/3(a NEAR/1 a)", "a a a", None),
        ('ATLEAST/2("a a")', "a a a", ["a a", "a a"]),
        ("ATLEAST/2(a OR a)", "a", None),
        ("ATLEAST/2(weapon OR weapons OR weap?ns)", "weapons", None),
    ],
)
def test_words_that_repeat_and_stretches_that_overlap(query: str, text: str, expected: list[str] | None) -> None:
    """No word is taken for two, and every way in which a term stands there is marked."""
    found = marked(query, body=text)
    assert (found and sorted(found)) == (expected and sorted(expected))


def test_fifty_levels() -> None:
    """The deepest rule that may be written is read, indexed and evaluated; one level more is refused."""
    deep = "jet"
    for i in range(49):
        deep = f"({deep}) {('AND', 'OR')[i % 2]} w{i}"
    pair = Pair(deep, f"({'(' * 48}jet{')' * 48} OR NOT tank)", "NOT NOT jet AND ship")
    assert pair.hits("jet " + " ".join(f"w{i}" for i in range(0, 49, 2))) == {"r0", "r1"}
    assert pair.hits("ship tank jet") == {"r1", "r2"}
    assert pair.hits("tank w47 w48") == {"r0"}
    with pytest.raises(RuleSyntaxError):
        Pair("(" * 60 + "jet" + ")" * 60)
    chain = " NEAR/2 ".join(f"w{i}" for i in range(20))
    assert Pair(chain).hits(" ".join(f"w{i}" for i in range(20))) == {"r0"}


# ── long and hostile stories ──


def test_a_hundred_thousand_words() -> None:
    """A very long story is matched to its last word."""
    body = "word " * 99_998 + "jet tank."
    there = ["(jet)", '"jet tank"', "jet NEAR/1 tank", "word NEAR/2 tank", "word SAME/s tank", "ATLEAST/1000(word)"]
    missing = ["FIRST/1000(jet)", "lead:jet", "jet NOT NEAR/5 word", "ATLEAST/2(jet)", "tank NEAR/1 word"]
    pair = Pair(*there, *missing)
    assert pair.hits(body) == {f"r{i}" for i in range(len(there))}


HOSTILE = {
    "chained NEAR": (" NEAR/50 ".join(["a"] * 8), "a "),
    "nested NEAR": ("((a NEAR/50 a) NEAR/50 (a NEAR/50 a)) NEAR/50 ((a NEAR/50 a) NEAR/50 a)", "a "),
    "ordered": (" ONEAR/50 ".join(["a"] * 6), "a "),
    "one sentence": ("(a SAME/s a) SAME/s (a SAME/s b)", "a b "),
    "one paragraph": ("(a SAME/p b) NEAR/5 (b SAME/p a)", "a b. "),
    "not near": ("(a NEAR/50 a) NOT NEAR/50 (a NEAR/50 b)", "a "),
    "a phrase": (f'"{"a " * 99}b"', "a "),
    "a phrase of compounds": (f'"{"a " * 99}b"', "a-a "),
    "alternatives": ("ATLEAST/3((aaaaa OR aaaa* OR aa?aa OR *aaaa) NEAR/50 (aaaaa OR =aaaaa))", "aaaaa "),
    "wildcards": ("*a*a*a*a*b", "a" * 60 + " "),
    "one long compound": ('"a b" OR a-b', "a-"),
    "one long word": ("*a*a*a*a*b OR a?a?a?a?", "a"),
    "points": ("u.s. OR jet", "u."),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_repetition_costs_no_more_than_its_length(name: str) -> None:
    """Of a text made to be slow, sixteen times as much takes at most some sixteen times as long."""
    query, text = HOSTILE[name]
    book = Rulebook()
    book.put(rule(query))

    def once(words: int) -> float:
        story = Content("", text * words, "en")
        began = time.process_time()
        assert book.percolate(story).failures == ()
        return time.process_time() - began

    once(100)
    short = min(once(3_000) for _ in range(3))
    assert once(48_000) < 16 * 4 * max(short, 0.01)


# ── spans ──


def nfd(text: str) -> str:
    """The decomposed form."""
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("place", ["title", "body"])
@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("(Élysée)", f"à l’{nfd('Élysée')}, dit-on", [nfd("l’Élysée")]),
        ('"élysée palace"', f"{nfd('Élysée')} palace", [f"{nfd('Élysée')} palace"]),
        (nfd("(café)"), "un café", ["café"]),
        ("(jet)", "🚀🚀👩‍🚀 jet👍🏽", ["jet"]),
        ("(🚀)", "jet🚀🚀", ["🚀", "🚀"]),
        ("(👩‍🚀)", "a 👩‍🚀 in space", ["👩‍🚀"]),
        ("(procurement)", "the pro\u00adcure\u00adment.", ["pro\u00adcure\u00adment"]),
        ("(procurement)", "\u200f\u200eprocure\u200bment\u200f", ["procure\u200bment\u200f"]),
        ("(戦闘機)", "日本は戦闘機を購入", ["戦闘機"]),
        ("戦 NEAR/2 機", "日本は戦闘機を購入", ["戦", "機"]),
        ("(jet)", "ｊｅｔ 𝐣𝐞𝐭", ["ｊｅｔ", "𝐣𝐞𝐭"]),
        ("(F-16)", "F\u201116s, F 16, F16.", ["F\u201116s", "F 16", "F16"]),
        ("(Putin)", "Putin’s", ["Putin"]),
        ("(U.S.)", "The U.S. did.", ["U.S."]),
        ("(German)", "Franco-German", ["Franco-German"]),
        ('"fire deal"', "a cease-fire deal", ["cease-fire deal"]),
    ],
)
def test_spans_are_exact_in_the_original(place: str, query: str, text: str, expected: list[str]) -> None:
    """Spans count code points of the stored text, whatever it is made of."""
    assert marked(query, **{place: text}) == expected


def test_every_span_is_in_its_field() -> None:
    """A hit marks the words of each field in that field's own text."""
    story = Content("😀 jet", "a\u0301 jet", "en", "Jet Li", "Jet News", "https://jet.example/jet")
    (match,) = Pair("jet AND author:jet AND source:jet AND url:jet").percolate(story).matches
    assert [(s.field, s.start, s.end) for s in match.spans] == sorted(
        [("title", 2, 5), ("body", 3, 6), ("author", 0, 3), ("source", 0, 3), ("url", 8, 11), ("url", 20, 23)],
        key=lambda span: ["title", "body", "author", "source", "url"].index(span[0]),
    )
    assert [story.text(span).lower() for span in match.spans] == ["jet"] * 6


def test_what_is_not_wanted_is_not_marked() -> None:
    """NOT, what NOT NEAR keeps away, facts and negative weights mark nothing."""

    def texts(query: str, body: str) -> list[str] | None:
        return marked(query, body=body)

    assert texts("jet NOT ship", "jet tank") == ["jet"]
    assert texts("jet NOT NEAR/1 toy", "toy jet x jet") == ["jet"]
    assert texts("WEIGHT(jet^20, toy^-5) >= 10", "toy jet") == ["jet"]
    assert texts("lang:en AND jet", "jet") == ["jet"]
    assert texts("tank OR NOT jet", "ship") == []
