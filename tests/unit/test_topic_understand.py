"""What plain words are taken for: names, places, concepts, or just words."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import RuleSyntaxError
from monitor.match.percolate import Rulebook
from monitor.match.topic import MOST_WORDS, Topic, plain_text, understand
from monitor.model.rule import RuleSpec, Wording
from monitor.query import ast, parse
from monitor.text.lexicon import lexicon
from monitor.text.tokens import tokenize


def topic(text: str, *languages: str) -> Topic:
    """What the shipped lexicon makes of ``text``."""
    return understand(text, lexicon(), languages)


def parts(text: str) -> list[str]:
    """Every unit as ``words: kind``, with the concept or place where it has one."""
    return [" ".join(filter(None, (f"{u.words}: {u.kind}", u.concept or u.place))) for u in topic(text).units]


def row(text: str) -> tuple[str, list[str]]:
    """A line of a table: the rule, and its parts behind the arrow."""
    rule, _, units = text.partition(" -> ")
    return rule.strip(), [unit.strip() for unit in units.split(";")]


def rows(table: str) -> list[tuple[str, list[str]]]:
    """The lines of a table."""
    return [row(line) for line in table.strip().splitlines()]


def same(text: str) -> list[tuple[str, str, str]]:
    """The parts without their case."""
    return [(u.words.lower(), u.kind, u.concept or u.place) for u in topic(text).units]


# ── capitals ──

CASES = rows("""
Vietnam arms procurement -> Vietnam: place vn; arms: concept arms; procurement: concept procurement
Putin Asia visit -> Putin: name; Asia: place r.asia; visit: concept visit
Earthquake in Chile -> Earthquake: concept earthquake; Chile: place cl
Kidnapping Nigeria -> Kidnapping: concept kidnapping; Nigeria: place ng
Strike at Lufthansa -> Strike: concept strike; Lufthansa: name
Queens hit-and-run death -> Queens: name; hit-and-run: concept road-crash; death: concept death
Toyota recall -> Toyota: name; recall: concept product-recall
Target data breach -> Target: name; data breach: concept data-breach
Lufthansa pilots strike -> Lufthansa: name; pilots: word; strike: concept strike
AMD takeover -> AMD: name; takeover: concept takeover
CEO resignation -> CEO: concept chief-executive; resignation: concept resignation
AI regulation -> AI: concept artificial-intelligence; regulation: concept regulation-of-companies
iPhone recall -> iPhone: name; recall: concept product-recall
the Vietnam arms -> Vietnam: place vn; arms: concept arms
arms -> arms: concept arms
Nokia -> Nokia: name
""")


@pytest.mark.parametrize(("rule", "expected"), CASES, ids=[case[0] for case in CASES])
def test_capitals_tell_names(rule: str, expected: list[str]) -> None:
    """A capital makes a name, but for the first word of a sentence that is a concept's name, and abbreviations of
    something.
    """
    assert parts(rule) == expected


@pytest.mark.parametrize(
    "rule",
    ["Vietnam arms procurement", "Putin Asia visit", "Nokia layoffs", "Toyota recall", "Bolivia state of emergency"],
)
def test_case_as_a_whole_tells_nothing(rule: str) -> None:
    """All small, all capital and titled, a rule is the same as with the capitals of its names only."""
    assert same(rule) == same(rule.lower()) == same(rule.upper()) == same(rule.title())


def test_without_capitals_an_unknown_word_is_a_name() -> None:
    """What neither lexicon nor gazetteer knows is most likely one; beside a capital, it is just a word."""
    assert parts("flurbl layoffs") == ["flurbl: name", "layoffs: concept layoffs"]
    assert parts("FLURBL LAYOFFS") == ["FLURBL: name", "LAYOFFS: concept layoffs"]
    assert parts("Nokia flurbl layoffs") == ["Nokia: name", "flurbl: word", "layoffs: concept layoffs"]


# ── names ──

NAMES = rows("""
Taylor Swift wedding -> Taylor Swift: person; wedding: concept wedding
Jennifer Lopez divorce -> Jennifer Lopez: person; divorce: concept divorce
Vietnam DAVID SMITH murder -> Vietnam: place vn; DAVID SMITH: person; murder: concept murder
Paris Hilton wedding -> Paris: name; Hilton: name; wedding: concept wedding
Quorvak Zembla wedding -> Quorvak: name; Zembla: name; wedding: concept wedding
World Bank loan -> World Bank: name; loan: concept banking
world bank loan -> world bank: name; loan: concept banking
Red Cross hostages -> Red Cross: name; hostages: concept hostage-taking
Doctors Without Borders -> Doctors Without Borders: name
Bank of England strike -> Bank of England: name; strike: concept strike
AT&T layoffs -> AT&T: name; layoffs: concept layoffs
76ers trade -> 76ers: name; trade: concept trade
Philadelphia 76ers trade -> Philadelphia: place us.philadelphia; 76ers: name; trade: concept trade
Turkey F-16 procurement -> Turkey: place tr; F-16: name; procurement: concept procurement
5G auction -> 5G: name; auction: concept auction
O'Neill resignation -> O'Neill: name; resignation: concept resignation
""")


@pytest.mark.parametrize(("rule", "expected"), NAMES, ids=[case[0] for case in NAMES])
def test_names_of_several_words(rule: str, expected: list[str]) -> None:
    """A given name and the name behind it are a person, a known name of several words is one, digits begin one."""
    assert parts(rule) == expected


# ── places ──

PLACES = rows("""
Asia floods -> Asia: place r.asia; floods: concept flood
Gulf oil tanker -> Gulf: place r.gulf; oil tanker: concept shipping
Balkans election -> Balkans: place r.balkans; election: concept election
Sahel coup -> Sahel: place r.sahel; coup: concept coup
West Africa coup -> West Africa: place r.west-africa; coup: concept coup
EU sanctions -> EU: name; sanctions: concept sanctions
Hungary EU sanctions -> Hungary: place hu; EU: name; sanctions: concept sanctions
NATO summit -> NATO: name; summit: concept summit
ASEAN summit -> ASEAN: name; summit: concept summit
African Union sanctions -> African Union: name; sanctions: concept sanctions
U.S. sanctions -> U.S.: place us; sanctions: concept sanctions
US tariffs -> US: place us; tariffs: concept tariffs
vietnam flood -> vietnam: place vn; flood: concept flood
turkey earthquake -> turkey: place tr; earthquake: concept earthquake
Vienna flood -> Vienna: place at.vienna; flood: concept flood
North Korea missile test -> North Korea: place kp; missile test: concept missile-test
South China Sea -> South China Sea: place r.south-china-sea
Georgia -> Georgia: place ge
""")


@pytest.mark.parametrize(("rule", "expected"), PLACES, ids=[case[0] for case in PLACES])
def test_places_and_what_only_looks_like_one(rule: str, expected: list[str]) -> None:
    """Countries, cities and regions are places in any case; an alliance is the body, not all that is in its
    countries.
    """
    assert parts(rule) == expected


# ── expressions and concepts ──

EXPRESSIONS = rows("""
Bolivia state of emergency -> Bolivia: place bo; state of emergency: concept emergency-rule
state of emergency -> state of emergency: concept emergency-rule
Unilever takeover bid -> Unilever: name; takeover bid: concept takeover
Japan interest rate -> Japan: place jp; interest rate: concept interest-rates
riot police Paris -> riot: concept riot; police: concept police; Paris: place fr.paris
visit trip -> visit: concept visit; trip: word
visits visit -> visits: concept visit; visit: word
arms weapons -> arms: concept arms; weapons: word
""")


@pytest.mark.parametrize(("rule", "expected"), EXPRESSIONS, ids=[case[0] for case in EXPRESSIONS])
def test_expressions_and_concepts_said_twice(rule: str, expected: list[str]) -> None:
    """Words that mean something together are one part; of two words for one concept, one has to be there itself."""
    assert parts(rule) == expected


def test_a_concept_that_is_only_a_kind_is_told_from_its_name() -> None:
    """Arms is the very name of its concept, a tanker is only a kind of shipping."""
    named = {unit.words: unit.named for rule in ("Vietnam arms", "Gulf tanker") for unit in topic(rule).units}
    assert (named["arms"], named["tanker"]) == (True, False)


# ── languages ──

LANGUAGES = [
    ("de", *row("Erdbeben in Chile -> Erdbeben: concept earthquake; Chile: place cl")),
    ("de", *row("Streik bei der Lufthansa -> Streik: concept strike; Lufthansa: name")),
    ("de", *row("Frankreich Wahl -> Frankreich: place fr; Wahl: concept election")),
    ("fr", *row("séisme au Japon -> séisme: concept earthquake; Japon: place jp")),
    ("fr", *row("France grève des cheminots -> France: place fr; grève: concept strike; cheminots: concept rail")),
    ("es", *row("terremoto en Chile -> terremoto: concept earthquake; Chile: place cl")),
    ("es", *row("elecciones en Chile -> elecciones: concept election; Chile: place cl")),
    ("ru", *row("землетрясение в Чили -> землетрясение: concept earthquake; Чили: place cl")),
    ("ru", *row("визит Путина в Китай -> визит: concept visit; Путина: name; Китай: place cn")),
    ("ru", *row("выборы -> выборы: concept election")),
    ("zh", *row("智利地震 -> 智利: place cl; 地震: concept earthquake")),
    ("zh", *row("越南 军购 -> 越南: place vn; 军购: concept procurement")),
    ("zh", *row("普京访问越南 -> 普京: name; 访问: concept visit; 越南: place vn")),
    ("ja", *row("プーチン 訪問 -> プーチン: name; 訪問: concept visit")),
    ("en", *row("🚀 launch SpaceX -> launch: concept space-launch; SpaceX: name")),
]


@pytest.mark.parametrize(("language", "rule", "expected"), LANGUAGES, ids=[case[1] for case in LANGUAGES])
def test_rules_in_other_languages(language: str, rule: str, expected: list[str]) -> None:
    """The language is told by the lexicon; a German noun is no name for its capital, and Chinese needs no spaces."""
    assert topic(rule).language == language
    assert parts(rule) == expected


def test_the_languages_of_a_rule_decide_between_equals() -> None:
    """地震 is an earthquake in Chinese and in Japanese: a rule for Japanese stories is Japanese."""
    assert topic("地震", "ja").language == "ja"
    assert topic("地震", "zh").language == "zh"
    assert topic("earthquake", "ja").language == "en"


# ── odd ones ──


@pytest.mark.parametrize("text", ["the", "in", "the of and", "die der das", "WHO", "🚀", "new"])
def test_only_small_words_are_meant(text: str) -> None:
    """A rule of words that say nothing by themselves keeps them all: there is nothing else to look for."""
    assert [unit.words for unit in topic(text).units] == text.split()
    assert all(unit.kind != "place" for unit in topic(text).units)


def test_small_words_beside_others_are_dropped() -> None:
    """They are no part of the topic, in any of the languages."""
    assert [u.words for u in topic("war in Sudan").units] == ["war", "Sudan"]
    assert [u.words for u in topic("Streik bei der Lufthansa").units] == ["Streik", "Lufthansa"]


def test_nothing_is_no_topic() -> None:
    """Without a word there is no unit."""
    assert topic("").units == topic(" … - ").units == ()


def test_wording_goes_with_its_part() -> None:
    """It is found by the part's words whatever their case, and is no one else's."""
    wording = (Wording("ARMS", ("coastal battery",), ("Deal",)), Wording("nobody", ("x",)))
    found = {u.words: u for u in understand("Vietnam arms procurement", lexicon(), (), wording).units}
    assert found["arms"].added == ("coastal battery",)
    assert found["arms"].struck == {"deal"}
    assert all(not u.added and not u.struck for words, u in found.items() if words != "arms")


# ── whatever comes ──

SAMPLES = """
Vietnam vietnam VIETNAM arms Arms the of in Putin Asia EU eu NATO who WHO World Bank Sarah Mary Jordan Smith O'Neill
state of emergency riot police 76ers F-16 U.S. U.S AT&T a.b..c 🚀 越南 军购 普京 プーチン ترامب فيتنام Путина
Streik grève d'Ivoire Côte J. 3.5 Mary-Ann C++ x٪ ß İ ĳ
"""
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(SAMPLES.split()), max_size=12).map(" ".join),
    st.lists(st.sampled_from(SAMPLES.split()), max_size=5).map("".join),
)


@settings(deadline=None, max_examples=300)  # the first rule of a language makes the index of its terms
@given(TEXTS, st.lists(st.sampled_from(["en", "de", "ja", "xx"]), max_size=2))
def test_any_plain_text_is_a_topic(text: str, languages: list[str]) -> None:
    """Whatever the parser takes as plain words has a topic: units in order, none over another, each of words of the
    text, the same each time.
    """
    try:
        query = parse(text)
    except RuleSyntaxError:
        return
    if not isinstance(query, ast.Plain):
        return
    said = plain_text(query)
    found = topic(said, *languages)
    assert found == topic(said, *languages)
    assert found.units
    tokens = [token.text for token in tokenize(said)]
    places, at = [], 0
    for unit in found.units:
        inside = [token.text for token in tokenize(unit.words)]
        assert inside
        at = next(i for i in range(at, len(tokens)) if tokens[i : i + len(inside)] == inside)
        places.append((at, at + len(inside)))
        at += len(inside)
        assert (unit.kind == "place") == bool(unit.place)
        assert (unit.kind == "concept") == bool(unit.concept)
        assert unit.kind != "person" or len(inside) == 2
    assert all(before[1] <= after[0] for before, after in pairwise(places))


LONG = {
    "one word": "x" * 10_000,
    "concepts": "arms " * 2_000,
    "places": "Vietnam " * 1_250,
    "persons": "Sarah " * 1_600,
    "expressions": "state of emergency " * 500,
    "small words": "of " * 2_000,
    "no spaces": "越南" * 5_000,
}
MOST_SECONDS = 15.0
"""Of computing; some times what it takes, and far less than what is quadratic in characters takes."""


@pytest.mark.parametrize("text", LONG.values(), ids=list(LONG))
def test_the_longest_text_is_understood_in_bounded_work(text: str) -> None:
    """10,000 characters of any kind are no danger."""
    topic("warm up")
    before = time.process_time()
    topic(text.strip())
    assert time.process_time() - before < MOST_SECONDS


def test_too_many_words_are_a_problem() -> None:
    """A topic has a few words: forty are taken, and with one more the rule is refused with what to do."""
    rules = Rulebook()
    rules.put(RuleSpec("long", "long", ("arms " * MOST_WORDS).strip()))
    with pytest.raises(RuleSyntaxError, match="at most 40") as refused:
        rules.put(RuleSpec("longer", "longer", ("arms " * (MOST_WORDS + 1)).strip()))
    assert refused.value.problems[0].hint
    assert "longer" not in rules
