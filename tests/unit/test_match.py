"""Matching: documents, evaluation with exact spans, explanations, and the rulebook."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest

from monitor.errors import RuleSyntaxError
from monitor.match.document import Content, analyse
from monitor.match.evaluate import evaluate, everywhere
from monitor.match.explain import Explanation
from monitor.match.index import Rarity
from monitor.match.percolate import Percolation, Rulebook, explain_rule
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
    assert shown("Vietnam", "", "") is None


# ── evaluation ──


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("weapon", ["weapons"]),
        ("Vietnam", ["Vietnam"]),
        ("F-16", ["F-16"]),
        ("U.S.", ["U.S."]),
        ("elysee", ["Élysée"]),
        ('"the u.s."', ["The U.S."]),
        ('"army weighs"', ["army weighs"]),
        ('"Vietnam army"', ["Vietnam’s army"]),
        ('"friends the"', ["friends.\nThe"]),
        ("Vietnam weapons", ["Vietnam", "weapons"]),
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
        "us",  # U.S. is not the pronoun
        "F-15",
        '"16 F"',
        '"purchase Hanoi"',  # title and body are apart
        '"weighs purchase"',
        "title:weapons",
        'title:"purchase hanoi"',
        "Vietnam NOT coffee",
        "weapons -title:Vietnam",
        "Vietnam tea",
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
        ("\U0001f600\U0001f600 Vietnam\u200b buys", "Vietnam", ["Vietnam\u200b"]),
        ("E\u0301lyse\u0301e palace", "Élysée", ["E\u0301lyse\u0301e"]),
        ("pro\u00adcure\u00adment in Hanoi", "procurement", ["pro\u00adcure\u00adment"]),
        ("\u200fprocurement\u200f in Hanoi", "procurement", ["procurement\u200f"]),
        ("日本は戦闘機を購入", "戦闘機", ["戦闘機"]),
        ("日本は戦闘機を購入", '"闘機を"', ["闘機を"]),
        ("ｐｒｏｃｕｒｅｍｅｎｔ", "procurement", ["ｐｒｏｃｕｒｅｍｅｎｔ"]),
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
    assert shown("Häuser", "Häusern", "", "de") == ["Häusern"]
    assert shown("elección", "Las elecciones", "", "es-mx") == ["elecciones"]
    assert shown("Häuser", "Häusern", "", "en") is None


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


# ── explanations ──


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
    "query", ["Vietnam weapons", "title:(army OR x) AND NOT tea", '"army weighs" OR tea', "weapons", '"x"']
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
        ("Vietnam milk tea", "1 of 3 hold; missing: milk, tea"),
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
    spec = rule("Vietnam", languages=("de",))
    assert found(book(spec).percolate(STORY)) == set()
    why = explain_rule(spec, STORY)
    assert (why.kind, why.matched, why.spans) == ("language", False, ())
    assert "for stories in de, this one is in en" in why.detail
    assert why.parts[0].matched
    assert explain_rule(spec, Content(TITLE, BODY, "de-at")).matched


# ── the rulebook ──


@pytest.mark.parametrize("no_filter", [False, True])
def test_rules_come_and_go(no_filter: bool) -> None:
    """A rule matches from its put to its removal, in its latest version, in languages seen before or not."""
    rules = book(rule("Vietnam", "a"), rule("coffee", "b"), no_filter=no_filter)
    assert found(rules.percolate(STORY)) == {"a", "b"}
    rules.put(rule("tea", "a"))
    assert len(rules) == 2
    for language in ("en", "xx", None):
        assert found(rules.percolate(Content(TITLE, BODY, language))) == {"b"}
        assert found(rules.percolate(Content("tea", "", language))) == {"a"}
    rules.put(rule("Vietnam", "c"))
    assert found(rules.percolate(Content(TITLE, BODY, "xx"))) == {"b", "c"}
    rules.remove("b")
    rules.remove("b")
    rules.remove("never there")
    assert "b" not in rules
    assert found(rules.percolate(STORY)) == {"c"}


def test_a_bad_query_leaves_the_old_rule() -> None:
    """Replacing a rule by one that does not parse raises, and the rule that was there goes on."""
    rules = book(rule("Vietnam"))
    with pytest.raises(RuleSyntaxError):
        rules.put(rule("Vietnam AND"))
    assert found(rules.percolate(STORY)) == {"r"}


def test_rules_for_some_languages() -> None:
    """A rule's languages are compared by primary subtag; an unknown language counts as English."""
    rules = book(
        rule("Vietnam", "any"),
        rule("Vietnam", "pt", ("pt-br",)),
        rule("Vietnam", "en-de", ("en", "de")),
    )
    assert found(rules.percolate(Content(TITLE, BODY, "pt"))) == {"any", "pt"}
    assert found(rules.percolate(Content(TITLE, BODY, "de-at"))) == {"any", "en-de"}
    assert found(rules.percolate(STORY)) == {"any", "en-de"}
    rules.put(rule("Vietnam", "pt", ("de",)))
    assert found(rules.percolate(Content(TITLE, BODY, "pt"))) == {"any"}
    assert found(rules.percolate(Content(TITLE, BODY, "de"))) == {"any", "en-de", "pt"}


def test_the_index_looks_at_few_rules() -> None:
    """Only rules whose anchor stands in the story are evaluated; the twin without filter evaluates all."""
    specs = [rule(f"word{i} AND (Vietnam OR the)", f"r{i}") for i in range(100)]
    few = book(*specs).percolate(Content("word7 the", "", None))
    every = book(*specs, no_filter=True).percolate(Content("word7 the", "", None))
    assert few.matches == every.matches
    assert (found(few), few.candidates, every.candidates) == ({"r7"}, 1, 100)


@pytest.mark.parametrize(
    ("query", "languages"),
    [("tea OR NOT coffee", ()), ("title:(tea OR NOT coffee)", ()), ("tee OR NOT kaffee", ("de",))],
)
def test_unanchored_rules_are_evaluated_and_named(query: str, languages: tuple[str, ...]) -> None:
    """A rule that may match without any of its words is tried on every story, and reported as such."""
    rules = book(rule(query, "costly", languages), rule("Vietnam", "cheap"))
    assert found(rules.percolate(Content("nothing of it", "", languages[0] if languages else "en"))) == {"costly"}
    assert rules.unanchored() == {"costly"}
    rules.remove("costly")
    assert rules.unanchored() == set()


def test_a_rule_that_fails_is_reported_and_the_others_match() -> None:
    """One broken rule costs no other its hit, and does not raise."""
    rules = book(rule("Vietnam", "a"), rule("Vietnam", "b"), rule("Vietnam", "c"))
    rules.percolate(Content("", "", None))
    index = rules._edition("en").index
    (entry,) = index.postings['"vietnam'][1:2]
    index.postings['"vietnam'][1] = entry._replace(compiled=None)
    result = rules.percolate(STORY)
    assert found(result) == {"a", "c"}
    assert [failure.rule for failure in result.failures] == ["b"]
    assert result.failures[0].error


def test_matches_come_in_a_stable_order() -> None:
    """Matches are sorted by rule and spans by place, so that a replay gives the same answer."""
    result = book(*(rule("Vietnam OR army", f"r{i}") for i in range(9, 0, -1))).percolate(STORY)
    assert [m.rule for m in result.matches] == [f"r{i}" for i in range(1, 10)]
    for match in result.matches:
        assert match.score == 1.0
        assert all((a.field, a.start) < (b.field, b.start) for a, b in pairwise(match.spans))


def test_what_is_learned_of_rarity_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories full of words that nobody has seen do not make the counts grow for ever."""
    monkeypatch.setattr(Rarity, "MOST_TERMS", 100)
    rarity = Rarity()
    for i in range(1_000):
        rarity.learn([f"a{i}", f"b{i}"])
    assert len(rarity.counts) == 100


def test_made_up_languages_cost_no_memory() -> None:
    """A hostile feed that names a new language with every item does not make the rulebook grow each time."""
    rules = book(*(rule(f"alpha{i} AND (beta OR x{i})", f"r{i}") for i in range(50)))
    tracemalloc.start()
    rules.percolate(Content(TITLE, BODY, "qa"))
    one = tracemalloc.get_traced_memory()[0]
    for letter in "bcdefghijklmnopqrstuvwxyz":
        for start in "qx":
            rules.percolate(Content(TITLE, BODY, start + letter))
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 10 * one
