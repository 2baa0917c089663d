"""Matching: documents, and evaluation with exact spans."""

from __future__ import annotations

import tracemalloc

import pytest

from monitor.match.document import Content, analyse
from monitor.match.evaluate import evaluate, everywhere
from monitor.match.percolate import Percolation, Rulebook
from monitor.match.terms import Reading, compile_query
from monitor.model.hit import Span
from monitor.model.rule import RuleSpec
from monitor.query import parse
from monitor.text.languages import normal

TITLE = "Vietnam’s army weighs F-16 purchase"
BODY = "Hanoi’s generals bought weapons from Élysée friends.\nThe U.S. offered jets; coffee was served."
STORY = Content(TITLE, BODY, "en")


def rule(query: str, id_: str = "r", languages: tuple[str, ...] = ()) -> RuleSpec:
    """A rule with nothing but a query."""
    return RuleSpec(id=id_, name=id_, query=query, languages=languages)


def book(*specs: RuleSpec, no_filter: bool = False) -> Rulebook:
    """A rulebook of these rules."""
    made = Rulebook(no_filter=no_filter)
    for spec in specs:
        made.put(spec)
    return made


def shown(query: str, title: str = TITLE, body: str = BODY, language: str | None = "en") -> list[str] | None:
    """The texts under the spans of a hit, in order; None for a miss."""
    story = Content(title, body, language)
    matches = book(rule(query)).percolate(story).matches
    return [story.text(span) for span in matches[0].spans] if matches else None


def found(result: Percolation) -> set[str]:
    """The ids of the rules that matched."""
    return {match.rule for match in result.matches}


# ── documents ──


def test_document_keeps_title_and_body_apart() -> None:
    """Positions run on from title to body with a gap, and each knows its place in its own field."""
    document = analyse(Content("Arms deal", "Arms again", "en-us", "Ann Arms"))
    assert document.language == "en"
    first, second, third = document.positions('"arms')
    assert first == 0
    assert second - 1 > 100 < third - second
    assert document.span((first, first)) == Span("title", 0, 4)
    assert document.span((second, second + 1)) == Span("body", 0, 10)
    assert document.span((third, third)) == Span("author", 4, 8)
    assert everywhere(document) == (first, second + 1)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Deals", {'"deals', "deal"}),
        ("cease-fires", {'"ceasefires', '"cease', '"fires', '"cease-fires', "ceasefir", "ceas", "fire"}),
        ("U.S.", {'"u.s'}),
        ("U.K.", {'"uk', "uk"}),
        ("U.S.-led", {'"u.sled', '"u.s', '"led', '"u.s-led', "lead"}),
        ("1,000", {'"1000', "1000"}),
    ],
)
def test_document_terms(word: str, expected: set[str]) -> None:
    """A position holds a word's folded form, its parts one by one and in a row, and the normal forms of all."""
    assert {term for term in analyse(Content(word, "", "en")).terms if term[0] != ":"} == expected


def test_document_facts() -> None:
    """Language, host and country of the address, and tags are terms that no word is."""
    story = Content("", "", "zh-Hant-TW", url="https://News.BBC.co.uk:80/a", tags=("World  News", "Café"))
    assert {term for term in analyse(story).terms if term[0] == ":"} == {
        ":lang:zh", ":lang:zh-hant", ":lang:zh-hant-tw", ":country:gb", ":tag:world news", ":tag:cafe",
        ":site:uk", ":site:co.uk", ":site:bbc.co.uk", ":site:news.bbc.co.uk",
    }  # fmt: skip


@pytest.mark.parametrize("url", [None, "", "no address", "https://[bad", "https:///path", f"https://{'a.' * 9_000}b/"])
def test_document_of_a_story_without_a_host(url: str | None) -> None:
    """An address that has none, or one too long to be any, is a fact less."""
    assert {
        term for term in analyse(Content("", "", "en", url=url)).terms if term.startswith((":site", ":count"))
    } == set()


def test_empty_document() -> None:
    """A story without any word is a document of facts only, and matches nothing."""
    assert analyse(Content("", "…", "en")).terms == {":lang:en"}
    assert shown("(Vietnam)", "", "") is None


# ── evaluation ──


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("(weapon)", ["weapons"]),
        ("(Vietnam)", ["Vietnam"]),
        ("(F-16)", ["F-16"]),
        ("(U.S.)", ["U.S."]),
        ("(elysee)", ["Élysée"]),
        ('"the u.s."', ["The U.S."]),
        ('"army weighs"', ["army weighs"]),
        ('"Vietnam army"', ["Vietnam’s army"]),
        ('"friends the"', ["friends.\nThe"]),
        ("Vietnam AND weapons", ["Vietnam", "weapons"]),
        ("weapons NEAR/2 generals", ["generals", "weapons"]),
        ('(Vietnam NEAR/3 "F 16") NEAR/1 purchase', ["Vietnam", "F-16", "purchase"]),
        ("generals SAME/s friends", ["generals", "friends"]),
        ("coffee NOT NEAR/2 weapons", ["coffee"]),
        ("purch* OR =weighs", ["weighs", "purchase"]),
        ("{Élysée} NOT {elysee}", ["Élysée"]),
        ("FIRST/3(Vietnam OR coffee)", ["Vietnam"]),
        ("2 OF (tea, coffee, jet)", ["jets", "coffee"]),
        ("weapon AND Vietnam", ["Vietnam", "weapons"]),
        ("weapon OR coffee OR tea", ["weapons", "coffee"]),
        ("Vietnam NOT tea", ["Vietnam"]),
        ("title:army AND generals", ["army", "generals"]),
        ("Vietnam -title:coffee", ["Vietnam"]),
        ("coffee AND title:(NOT coffee)", ["coffee"]),
        ("weapons AND weapon", ["weapons"]),
        ("tea OR NOT milk", []),
    ],
)
def test_hit_with_its_spans(query: str, expected: list[str]) -> None:
    """A hit shows the very words that matched, in reading order and each once; NOT contributes none."""
    assert shown(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        '"weapon"',  # a phrase is not stemmed
        "(us)",  # U.S. is not the pronoun
        "(F-15)",
        '"16 F"',
        '"purchase Hanoi"',  # title and body are apart
        '"weighs purchase"',
        "title:weapons",
        'title:"purchase hanoi"',
        "Vietnam NOT coffee",
        "weapons -title:Vietnam",
        "Vietnam AND tea",
        "tea OR milk",
        "tea OR NOT coffee",
        "Vietnam AND (tea OR NOT army)",
        "title:(army AND coffee)",
    ],
)
def test_miss(query: str) -> None:
    """What is not said in the right place, form and order is no hit."""
    assert shown(query) is None


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("\U0001f600\U0001f600 Vietnam\u200b buys", "(Vietnam)", ["Vietnam\u200b"]),
        ("E\u0301lyse\u0301e palace", "(Élysée)", ["E\u0301lyse\u0301e"]),
        ("pro\u00adcure\u00adment in Hanoi", "(procurement)", ["pro\u00adcure\u00adment"]),
        ("\u200fprocurement\u200f in Hanoi", "(procurement)", ["procurement\u200f"]),
        ("日本は戦闘機を購入", "(戦闘機)", ["戦闘機"]),
        ("日本は戦闘機を購入", '"闘機を"', ["闘機を"]),
        ("ｐｒｏｃｕｒｅｍｅｎｔ", "(procurement)", ["ｐｒｏｃｕｒｅｍｅｎｔ"]),
    ],
)
@pytest.mark.parametrize("field", ["title", "body"])
def test_spans_are_exact_in_the_original(field: str, text: str, query: str, marked: list[str]) -> None:
    """Spans count code points of the stored text, whatever invisible or wide characters it holds."""
    title, body = (text, "") if field == "title" else ("", text)
    assert shown(query, title, body) == marked


def test_phrase_needs_consecutive_positions_in_one_field() -> None:
    """However the title ends and the body begins, a phrase does not reach across."""
    for gap in ("", "x ", "x " * 2000):
        assert shown('"arms deal"', f"{gap}arms", f"deal {gap}") is None


def test_repeated_words_in_a_phrase() -> None:
    """A phrase that repeats a word wants it repeated."""
    assert shown('"bora bora"', "Bora Bora", "") == ["Bora Bora"]
    assert shown('"bora bora"', "Bora island", "bora") is None


def test_words_are_stemmed_in_the_language_of_the_story() -> None:
    """The same rule finds the forms of each story's own language."""
    assert shown("(Häuser)", "Häusern", "", "de") == ["Häusern"]
    assert shown("(elección)", "Las elecciones", "", "es-mx") == ["elecciones"]
    assert shown("(Häuser)", "Häusern", "", "en") is None


def test_a_long_phrase_costs_no_memory_per_word() -> None:
    """A phrase of a hundred equal words on a long story takes not much more memory than one of two."""

    def peak(words: int) -> int:
        document = analyse(Content("", "a " * 5_000, "en"))
        compiled = compile_query(parse(f'"{"a " * words}"'), Reading.of("en", normal("en")))
        tracemalloc.start()
        assert evaluate(compiled, document, everywhere(document))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(100) < 5 * peak(2)
