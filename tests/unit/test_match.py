"""Matching: documents, evaluation with exact spans, explanations, and the rulebook."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest

from monitor.errors import RuleSyntaxError
from monitor.match.document import analyse
from monitor.match.evaluate import Explanation, evaluate
from monitor.match.index import Rarity
from monitor.match.percolate import Percolation, Rulebook, explain_rule
from monitor.match.terms import compile_query
from monitor.model.hit import Span
from monitor.model.rule import RuleSpec
from monitor.query import parse
from monitor.text.languages import stemmer

TITLE = "Vietnam’s army weighs F-16 purchase"
BODY = "Hanoi’s generals bought weapons from Élysée friends.\nThe U.S. offered jets; coffee was served."


def rule(query: str, id_: str = "r", languages: tuple[str, ...] = ()) -> RuleSpec:
    """A rule with nothing but a query."""
    return RuleSpec(id=id_, name=id_, query=query, languages=languages)


def book(*specs: RuleSpec, no_filter: bool = False) -> Rulebook:
    """A rulebook of these rules."""
    made = Rulebook(no_filter=no_filter)
    for spec in specs:
        made.put(spec)
    return made


def shown(query: str, title: str = TITLE, body: str = BODY, language: str | None = None) -> list[str] | None:
    """The texts under the spans of a hit, in order; None for a miss."""
    matches = book(rule(query)).percolate(title, body, language).matches
    if not matches:
        return None
    fields = {"title": title, "body": body}
    return [fields[span.field][span.start : span.end] for span in matches[0].spans]


def found(result: Percolation) -> set[str]:
    """The ids of the rules that matched."""
    return {match.rule for match in result.matches}


# ── documents ──


def test_document_keeps_title_and_body_apart() -> None:
    """Positions run on from title to body with a gap, and each knows its place in its own field."""
    document = analyse("Arms deal", "Arms again", "en-us")
    assert document.language == "en"
    first, second = document.words["arms"]
    assert first == 0
    assert second == document.body_from > 100
    assert document.span(first, first) == Span("title", 0, 4)
    assert document.span(second, second + 1) == Span("body", 0, 10)


def test_document_terms_are_stems_and_quoted_words() -> None:
    """The index sees every stem, and every exact word marked by a quote."""
    assert analyse("Deals", "", None).terms() == {"deal", '"deals'}


def test_empty_document() -> None:
    """A story without any word is a document without terms, and matches nothing."""
    assert analyse("", "…", None).terms() == set()
    assert shown("Vietnam", "", "") is None


# ── evaluation ──


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("weapon", ["weapons"]),
        ("Vietnam", ["Vietnam"]),
        ("F-16", ["F-16"]),
        ("U.S.", ["U.S"]),
        ("elysee", ["Élysée"]),
        ('"the u.s."', ["The U.S"]),
        ('"army weighs"', ["army weighs"]),
        ('"Vietnam army"', ["Vietnam’s army"]),
        ('"friends the"', ["friends.\nThe"]),
        ("Vietnam weapons", ["Vietnam", "weapons"]),
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
        document = analyse("", "a " * 5_000, "en")
        compiled = compile_query(parse(f'"{"a " * words}"'), stemmer("en"))
        tracemalloc.start()
        assert evaluate(compiled, document)
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
    why = explain_rule(rule("Vietnam AND (teas OR milk) NOT coffee"), TITLE, BODY, None)
    assert not why.matched
    assert why.detail == "1 of 3 hold; missing: teas OR milk, NOT coffee"
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
    why = explain_rule(rule(query), TITLE, BODY, None)
    matches = book(rule(query)).percolate(TITLE, BODY, None).matches
    assert why.matched == bool(matches)
    assert why.spans == (matches[0].spans if matches else ())


def test_explanation_of_a_field_looks_in_that_field_only() -> None:
    """A word that stands elsewhere is explained as not found in the field."""
    why = explain_rule(rule("title:weapons"), TITLE, BODY, None)
    assert [(part.kind, part.matched) for part in flat(why)] == [("field", False), ("word", False)]
    assert "title" in why.detail


def test_explanation_tells_when_the_language_is_wrong() -> None:
    """A rule for German stories that no English story can hit is not explained as a hit on one."""
    spec = rule("Vietnam", languages=("de",))
    assert found(book(spec).percolate(TITLE, BODY, "en")) == set()
    why = explain_rule(spec, TITLE, BODY, "en")
    assert (why.kind, why.matched, why.spans) == ("language", False, ())
    assert "for stories in de, this one is in en" in why.detail
    assert why.parts[0].matched
    assert explain_rule(spec, TITLE, BODY, "de-at").matched


# ── the rulebook ──


@pytest.mark.parametrize("no_filter", [False, True])
def test_rules_come_and_go(no_filter: bool) -> None:
    """A rule matches from its put to its removal, in its latest version, in languages seen before or not."""
    rules = book(rule("Vietnam", "a"), rule("coffee", "b"), no_filter=no_filter)
    assert found(rules.percolate(TITLE, BODY, "en")) == {"a", "b"}
    rules.put(rule("tea", "a"))
    assert len(rules) == 2
    for language in ("en", "xx", None):
        assert found(rules.percolate(TITLE, BODY, language)) == {"b"}
        assert found(rules.percolate("tea", "", language)) == {"a"}
    rules.put(rule("Vietnam", "c"))
    assert found(rules.percolate(TITLE, BODY, "xx")) == {"b", "c"}
    rules.remove("b")
    rules.remove("b")
    rules.remove("never there")
    assert "b" not in rules
    assert found(rules.percolate(TITLE, BODY, "en")) == {"c"}


def test_a_bad_query_leaves_the_old_rule() -> None:
    """Replacing a rule by one that does not parse raises, and the rule that was there goes on."""
    rules = book(rule("Vietnam"))
    with pytest.raises(RuleSyntaxError):
        rules.put(rule("Vietnam AND"))
    assert found(rules.percolate(TITLE, BODY, None)) == {"r"}


def test_rules_for_some_languages() -> None:
    """A rule's languages are compared by primary subtag; an unknown language counts as English."""
    rules = book(
        rule("Vietnam", "any"),
        rule("Vietnam", "pt", ("pt-br",)),
        rule("Vietnam", "en-de", ("en", "de")),
    )
    assert found(rules.percolate(TITLE, BODY, "pt")) == {"any", "pt"}
    assert found(rules.percolate(TITLE, BODY, "de-at")) == {"any", "en-de"}
    assert found(rules.percolate(TITLE, BODY, None)) == {"any", "en-de"}
    rules.put(rule("Vietnam", "pt", ("de",)))
    assert found(rules.percolate(TITLE, BODY, "pt")) == {"any"}
    assert found(rules.percolate(TITLE, BODY, "de")) == {"any", "en-de", "pt"}


def test_the_index_looks_at_few_rules() -> None:
    """Only rules whose anchor stands in the story are evaluated; the twin without filter evaluates all."""
    specs = [rule(f"word{i} AND (Vietnam OR the)", f"r{i}") for i in range(100)]
    few = book(*specs).percolate("word7 the", "", None)
    every = book(*specs, no_filter=True).percolate("word7 the", "", None)
    assert few.matches == every.matches
    assert (found(few), few.candidates, every.candidates) == ({"r7"}, 1, 100)


@pytest.mark.parametrize(
    ("query", "languages"),
    [("tea OR NOT coffee", ()), ("title:(tea OR NOT coffee)", ()), ("tee OR NOT kaffee", ("de",))],
)
def test_unanchored_rules_are_evaluated_and_named(query: str, languages: tuple[str, ...]) -> None:
    """A rule that may match without any of its words is tried on every story, and reported as such."""
    rules = book(rule(query, "costly", languages), rule("Vietnam", "cheap"))
    assert found(rules.percolate("nothing of it", "", languages[0] if languages else None)) == {"costly"}
    assert rules.unanchored() == {"costly"}
    rules.remove("costly")
    assert rules.unanchored() == set()


def test_a_rule_that_fails_is_reported_and_the_others_match() -> None:
    """One broken rule costs no other its hit, and does not raise."""
    rules = book(rule("Vietnam", "a"), rule("Vietnam", "b"), rule("Vietnam", "c"))
    rules.percolate("", "", None)
    rules._edition("en").compiled["b"] = "no compiled query"
    result = rules.percolate(TITLE, BODY, None)
    assert found(result) == {"a", "c"}
    assert [failure.rule for failure in result.failures] == ["b"]
    assert result.failures[0].error


def test_matches_come_in_a_stable_order() -> None:
    """Matches are sorted by rule and spans by place, so that a replay gives the same answer."""
    result = book(*(rule("Vietnam OR army", f"r{i}") for i in range(9, 0, -1))).percolate(TITLE, BODY, None)
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
    rules.percolate(TITLE, BODY, "qa")
    one = tracemalloc.get_traced_memory()[0]
    for letter in "bcdefghijklmnopqrstuvwxyz":
        for start in "qx":
            rules.percolate(TITLE, BODY, start + letter)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 10 * one
