"""docs/rules.md: every example of its tables is run, and every row of the table of fields has its stories here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.match.document import Content
from monitor.match.percolate import Rulebook
from monitor.model.rule import RuleSpec

REFERENCE = Path(__file__).parents[2] / "docs" / "rules.md"
ROW = re.compile(r"^\| (.+) \| .* \| (`[^|]+`) \| (`[^|]+`) \|$", re.MULTILINE)
FIELD_ROW = re.compile(r"^\| (`\w+:[^|]*) \| [^|]+ \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def text() -> str:
    """The page."""
    return REFERENCE.read_text(encoding="utf-8")


def hit(query: str, story: Content) -> bool:
    """Whether the rule hits, by the index and without it."""
    answers = set()
    for no_filter in (False, True):
        book = Rulebook(no_filter=no_filter)
        book.put(RuleSpec("r", "r", query))
        result = book.percolate(story)
        assert result.failures == ()
        answers.add(bool(result.matches))
    (answer,) = answers
    return answer


def examples() -> list[tuple[str, str, bool]]:
    """Rule, text and whether it hits, of every row that has examples."""
    found = []
    for rules, hits, misses in ROW.findall(text()):
        for query in CODE.findall(rules):
            found += [(query, example, True) for example in CODE.findall(hits)]
            found += [(query, example, False) for example in CODE.findall(misses)]
    return found


@pytest.mark.parametrize(("query", "example", "expected"), examples())
@pytest.mark.parametrize("place", ["title", "body"])
def test_every_example_holds(query: str, example: str, expected: bool, place: str) -> None:
    """A text that is said to be hit is hit, one that is said to be missed is missed; " // " parts paragraphs."""
    paragraphs = example.replace(" // ", "\n\n")
    story = Content(paragraphs, "", "en") if place == "title" else Content("", paragraphs, "en")
    # A headline is one sentence, whatever it is made of.
    assert hit(query, story) is (expected or (place == "title" and "SAME" in query))


def test_the_tables_are_read() -> None:
    """Each table's rows are found, so that a change of its layout does not silence this test."""
    assert len(examples()) >= 40
    assert {query for query, *_ in examples()} >= {"(weapons)", "{Polish}", "jet -toy", "2 OF (jet, tank, ship)"}


STORY = Content(
    title="Vietnam weighs jets",
    body=f"HANOI: arms talks{' and talks' * 30} ended.\n\nPrague was silent about the b c deal.",
    language="pt-BR",
    author="Ann Smith",
    source="Reuters",
    url="https://www.bbc.co.uk:443/world/asia-1?x=deal",
    tags=("World news", "Arms"),
)
OTHER = Content(
    title="Arms talks, a b c",
    body="Jets of smith and reuters; world news.",
    language="de",
    author="Bob Jones",
    source="AFP",
    url="https://notbbc.co.uk.example.vn/news/",
    tags=("World", "news"),
)
FIELDS: dict[str, tuple[list[str], list[str]]] = {
    "title:arms": (["title:vietnam", "title:jets"], ["title:arms", "title:hanoi", "title:smith"]),
    'title:(a OR "b c")': (['title:(x OR "weighs jets")'], ['title:(a OR "b c")', 'title:("jets hanoi" OR arms)']),
    "body:arms": (["body:arms", 'body:"the b c"'], ["body:vietnam", "body:smith"]),
    "lead:arms": (["lead:arms", "lead:hanoi"], ["lead:prague", "lead:ended", "lead:vietnam"]),
    "author:smith": (
        ["author:smith", 'author:"ann smith"', "author:(ann ONEAR/1 smith)"],
        ["author:jones", "author:reuters"],
    ),
    "source:reuters": (["source:reuters"], ["source:ann", "source:afp"]),
    "url:world": (["url:world", "url:bbc", "url:asia", "url:deal"], ["url:jets"]),
    "site:bbc.co.uk": (
        ["site:bbc.co.uk", "site:www.bbc.co.uk", "site:BBC.co.uk", "site:co.uk", "site:(cnn.com OR bbc.co.uk)"],
        ["site:bbc.co", "site:c.co.uk", "site:world", "site:example.vn"],
    ),
    "lang:de": (["lang:pt"], ["lang:de", "lang:en"]),
    "lang:pt-br": (["lang:pt-br", "lang:PT-BR", "lang:pt_BR"], ["lang:pt-pt", "lang:br"]),
    "country:vn": (["country:gb", "country:uk", "country:GB"], ["country:vn", "country:co"]),
    "place:Asia": (["place:Asia", "place:Vietnam", "place:(France OR ASEAN)"], ["place:Africa", "place:Czechia"]),
    'place:"South China Sea"': (['place:"Southeast Asia"'], ['place:"South China Sea"']),
    'tag:"world news"': (
        ['tag:"world news"', 'tag:"World  News"', "tag:arms", "tag:(x OR arms)"],
        ["tag:world", "tag:news"],
    ),
}


def test_every_row_of_the_table_of_fields_has_a_story() -> None:
    """No field is described that is not tried here."""
    rows = {form for row in FIELD_ROW.findall(text()) for form in CODE.findall(row)}
    assert rows == set(FIELDS)


@pytest.mark.parametrize("query", [query for hits, _ in FIELDS.values() for query in hits])
def test_a_field_hits_what_is_in_it(query: str) -> None:
    """Each of these holds for the one story, and not for the other, which says the same in other places."""
    assert hit(query, STORY)
    assert not hit(query, OTHER)


@pytest.mark.parametrize("query", [query for _, misses in FIELDS.values() for query in misses])
def test_a_field_misses_what_is_elsewhere(query: str) -> None:
    """What stands in another field, or is only like the value, is not found."""
    assert not hit(query, STORY)


def test_the_lead() -> None:
    """The first paragraph that has words, and 60 of it at most."""
    assert hit("lead:hanoi", Content("", "* * *\n\nHanoi buys.\n\nOthers don't.", "en"))
    assert not hit("lead:others", Content("", "* * *\n\nHanoi buys.\n\nOthers don't.", "en"))
    body = " ".join(["x"] * 59 + ["sixtieth", "next"])
    assert hit("lead:sixtieth", Content("", body, "en"))
    assert not hit("lead:next", Content("", body, "en"))
    assert hit("lead:next", Content("", f"one two\n{'x ' * 70}".replace("two", "next"), "en"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title:lead:jets", False),
        ("body:lead:arms", True),
        ("body:(lead:prague)", False),
        ("lead:body:arms", True),
        ("arms NOT title:arms", True),
        ("NOT title:vietnam AND arms", False),
        ("FIRST/3(title:jets)", True),
        ("FIRST/2(title:jets)", False),
        ("FIRST/4(lead:hanoi)", True),
        ("FIRST/3(body:hanoi)", False),
    ],
)
def test_fields_narrow_one_another(query: str, expected: bool) -> None:
    """Fields within fields, within FIRST and behind NOT."""
    assert hit(query, STORY) is expected


BULLETS = [
    ("(cease-fire)", ["a cease-fire", "a ceasefire", "a cease fire", "a Cease\u2010Fire"], ["cease the fire"]),
    ("(ceasefire)", ["a ceasefire", "a cease-fire"], ["a cease fire"]),
    ('"cease fire"', ["a cease-fire", "a cease fire", "the cease-fire deal"], ["a ceasefire"]),
    ('"cease fire deal"', ["a cease-fire deal", "cease fire deal"], ["ceasefire deal", "cease-fire of the deal"]),
    ('"cease-fire deal"', ["a cease-fire deal", "cease fire deal", "a ceasefire deal"], ["cease-fires deal"]),
    ('FIRST/2("cease-fire deal")', ["cease-fire deal", "ceasefire deal"], ["the cease-fire deal", "cease fire deal"]),
    ("(fighter-jet)", ["a fighter-jet"], ["fighter-jets", "fighter jets"]),
    ("(German)", ["the Franco-German corps"], ["Germany"]),
    ('"German corps"', ["the Franco-German corps"], ["corps of German"]),
    ("(Ivoire)", ["Côte d'Ivoire", "Côte d’Ivoire"], ["ivory"]),
    ("(Putin)", ["Putin's visit", "Putin’s visit", "PUTIN'S"], ["Putins"]),
    ("(F-16)", ["two F-16s", "two F16s"], ["F-161"]),
    ("(Dune)", ["the Dune film"], ["d'une"]),
    ("(U.S.)", ["the U.S. army", "the US army", "U.S.-led"], ["tell us", "Us"]),
    ("(US)", ["the U.S. army", "the US army"], ["tell us"]),
    ("(us)", ["tell us", "Us"], ["the US army", "the U.S. army"]),
    ("(WHO)", ["the WHO says", "W.H.O."], ["who says"]),
    ("(AT&T)", ["at AT&T", "at&t"], ["at T"]),
    ("(C)", ["vitamin C"], ["C++", "C#"]),
    ("(C++)", ["in C++ code"], ["C", "C#"]),
    ("(C#)", ["in C# code"], ["C", "C++"]),
    ("(🚀)", ["to the 🚀!", "go🚀"], ["🔥"]),
    ("(1,000)", ["1000 men", "1,000 men"], ["1 men", "1,0001"]),
    ("(1000)", ["1000 men", "1,000 men"], ["100"]),
    ("(3.5)", ["3.5 tons"], ["3 or 5", "35"]),
    ("(戦闘機)", ["日本は戦闘機を購入"], ["戦闘の機"]),
    ("(ประเทศ)", ["ในประเทศไทย"], ["ประ เทษ"]),
    (
        "(procurement)",
        ["ｐｒｏｃｕｒｅｍｅｎｔ", "pro\u00adcure\u00adment", "procure\u200bment", "\u200fprocurement\u200f"],
        ["cure"],
    ),
    ("(Boeing)", ["boeing", "BOEING"], ["boe"]),
    ("(iPhone)", ["IPHONE sales", "iPhone"], ["iPhones", "iphon"]),
    ("procur*", ["procure", "procurements", "PROCURÉ"], ["reprocure"]),
    ("*cure?ent", ["procurement"], ["procurment", "current"]),
    ('"procur*"', ["procur"], ["procure"]),
    ("{procur*}", ["procur"], ["procure", "Procur"]),
    ("{Côte d'Ivoire}", ["Côte d'Ivoire", "Côte d’Ivoire"], ["Cote d'Ivoire", "côte d'Ivoire"]),
    ("=visits", ["he Visits"], ["he visited", "a visit"]),
    ("(weapons)", ["a weapon", "WEAPON"], ["weaponless"]),
    ("(bought)", ["to buy", "he buys"], ["buyer"]),
    ("arms NEAR/3 arms", ["arms and arms"], ["arms", "arms a b c arms"]),
    ("(a NEAR/2 b) NEAR/2 c", ["a x b x c", "c b a"], ["a x b x x c", "a c b"]),
    ("FIRST/3(jet AND tank)", ["jet or tank"], ["jet or the tank"]),
    ("ATLEAST/2(jet OR tank)", ["a jet, a tank"], ["a jet"]),
    ("jet NOT NEAR/2 toy", ["toy x x jet"], ["toy x jet", "jet x toy", "toy jet toy"]),
    ("(jet NEAR/5 tank) NOT NEAR/1 toy", ["jet tank x toy"], ["jet toy tank"]),
    ("3 OF (jet, tank, ship)", ["jet ship tank"], ["jet ship jet"]),
    ("WEIGHT(jet^20, jet^20) >= 40", ["jet"], ["tank"]),
    ("WEIGHT(jet^20, (a AND b)^-5) >= 20", ["jet a"], ["jet b a"]),
]


@pytest.mark.parametrize("query", [query for query, _, _ in BULLETS])
def test_what_the_text_says(query: str) -> None:
    """The sentences between the tables, one by one."""
    hits, misses = next((hits, misses) for asked, hits, misses in BULLETS if asked == query)
    for place in ("title", "body"):
        assert [
            text for text in hits if not hit(query, Content(**{"title": "", "body": "", "language": "en", place: text}))
        ] == []
        assert [
            text for text in misses if hit(query, Content(**{"title": "", "body": "", "language": "en", place: text}))
        ] == []


@pytest.mark.parametrize(
    ("query", "hits", "misses"),
    [
        ("(Häuser)", ["ein Haus", "Häusern"], ["hassen"]),
        ("(Waffe)", ["Waffen"], ["Waffel"]),
    ],
)
def test_german_nouns_are_no_names(query: str, hits: list[str], misses: list[str]) -> None:
    """Where all nouns have a capital, a capital makes no name: words are found in any form."""
    assert [text for text in hits if not hit(query, Content(text, "", "de"))] == []
    assert [text for text in misses if hit(query, Content(text, "", "de"))] == []
    assert not hit("(Waffe)", Content("Waffen", "", "en"))


def test_nothing_is_near_across_the_end_of_a_headline() -> None:
    """Not in a row, not near, not in one sentence or paragraph."""
    story = Content("the arms", "deal", "en")
    assert hit("arms AND deal", story)
    for query in ('"arms deal"', "arms NEAR/50 deal", "arms SAME/p deal", "arms SAME/s deal"):
        assert not hit(query, story)
    assert hit("arms NOT NEAR/50 deal", story)


def test_paragraphs_and_sentences() -> None:
    """Sentences end as readers see them; line breaks part paragraphs only where there is no empty line."""

    def same(unit: str, text: str) -> bool:
        return hit(f"aaa SAME/{unit} bbb", Content("", text, "en"))

    for text in (
        "Aaa at 3.5 on bbb.",
        "Aaa met Gen. Bbb.",
        "Aaa met J. Bbb.",
        "Aaa of the U.S. army bbb.",
        "Aaa\nbbb.\n\nX",
    ):
        assert same("s", text), text
    for text in ("Aaa. Bbb.", "Aaa! Bbb.", "Aaa? Bbb.", "Aaa… Bbb.", "Aaa。bbb", "Aaa\n\nbbb", "Aaa\nbbb"):
        assert not same("s", text), text
    assert same("p", "Aaa.\nBbb.\n\nX")
    assert not same("p", "Aaa.\nBbb.")
    assert not same("p", "Aaa.\n \nBbb.")
