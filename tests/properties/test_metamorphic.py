"""Laws that bind a rule to its neighbours: a weaker one hits as well, and what makes no difference makes none."""

from __future__ import annotations

import unicodedata
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.match.document import Content
from monitor.match.percolate import Match, Rulebook
from monitor.model.rule import RuleSpec
from monitor.query import Query, parse, unparse
from monitor.query.ast import (
    And,
    AtLeast,
    Cased,
    Exact,
    Expression,
    First,
    InField,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Phrase,
    Plain,
    Positional,
    Same,
    Weight,
    Word,
)
from tests.properties.naive import Tale
from tests.properties.strategies import (
    Words,
    content,
    numbers,
    positionals,
    positive,
    queries,
    spelled,
    stories,
    tale,
    texts,
    vocabularies,
)
from tests.properties.vocabulary import WORDS

calm = settings(
    deadline=None,
    database=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""

distances = st.integers(1, 6)
counts = st.integers(1, 4)
told = st.lists(stories, min_size=3, max_size=6)


def found(rules: list[Query | str], story: Content) -> list[Match | None]:
    """What each rule finds in the story."""
    book = Rulebook()
    for i, rule in enumerate(rules):
        book.put(RuleSpec(str(i), str(i), rule if isinstance(rule, str) else unparse(rule)))
    result = book.percolate(story)
    assert result.failures == ()
    matches = {match.rule: match for match in result.matches}
    return [matches.get(str(i)) for i in range(len(rules))]


def implies(stronger: Expression, *weaker: Expression, words: Words, tales: list[Tale]) -> None:
    """Whatever story the stronger rule hits, the weaker ones hit as well."""
    rules = [spelled(rule, words) for rule in (stronger, *weaker)]
    for made in tales:
        story = content(tale(made, words))
        hit, *others = found(rules, story)
        assert not hit or all(others), (list(map(unparse, rules)), story)


def parts(node: object) -> list[object]:
    """A tree's nodes."""
    if isinstance(node, tuple):
        return [below for part in node for below in parts(part)]
    if not is_dataclass(node):
        return []
    return [node, *(below for field in fields(node) for below in parts(getattr(node, field.name)))]


def grows(node: Expression) -> bool:
    """Whether more text can only make it match: nothing in it is to be missing."""
    return not any(
        isinstance(part, Not | NotNear) or (isinstance(part, Weight) and any(weight < 0 for _, weight in part.parts))
        for part in parts(node)
    )


growing = texts.filter(grows)


@calm
@given(queries, queries, vocabularies, told)
def test_another_alternative_never_loses_a_hit(
    one: Expression, other: Expression, words: Words, tales: list[Tale]
) -> None:
    """A rule with an OR branch more hits whatever it hit before."""
    implies(one, Or((one, other)), Or((other, one)), words=words, tales=tales)


@calm
@given(queries, queries, vocabularies, told)
def test_another_condition_never_wins_a_hit(
    one: Expression, other: Expression, words: Words, tales: list[Tale]
) -> None:
    """A rule with an AND branch more, or a NOT, hits nothing that it did not hit before."""
    implies(And((one, other)), one, other, words=words, tales=tales)
    implies(And((one, Not(other))), one, words=words, tales=tales)


@calm
@given(positionals, positionals, distances, vocabularies, told)
def test_near(a: Positional, b: Positional, n: int, words: Words, tales: list[Tale]) -> None:
    """NEAR/n implies NEAR/n+1, ONEAR/n implies NEAR/n, and NEAR is the same from both sides."""
    implies(Near(a, b, n), Near(a, b, n + 1), Near(b, a, n), And((a, b)), words=words, tales=tales)
    implies(Near(a, b, n, ordered=True), Near(a, b, n), Near(a, b, n + 1, ordered=True), words=words, tales=tales)


@calm
@given(positionals, positionals, distances, vocabularies, told)
def test_not_near(a: Positional, b: Positional, n: int, words: Words, tales: list[Tale]) -> None:
    """NOT NEAR/n+1 implies NOT NEAR/n, and that the first is there."""
    implies(NotNear(a, b, n + 1), NotNear(a, b, n), a, words=words, tales=tales)
    implies(And((a, Not(b))), NotNear(a, b, n), words=words, tales=tales)


@calm
@given(positionals, positionals, vocabularies, told)
def test_same(a: Positional, b: Positional, words: Words, tales: list[Tale]) -> None:
    """SAME/s implies SAME/p, and both are the same from both sides."""
    implies(Same(a, b, "s"), Same(a, b, "p"), Same(b, a, "s"), words=words, tales=tales)
    implies(Same(a, b, "p"), Same(b, a, "p"), And((a, b)), words=words, tales=tales)


APART = [i for i, units in enumerate(WORDS.values()) if not any(unit.parts for unit in units)]


@calm
@given(numbers, numbers, told)
def test_a_phrase_of_two_words_is_two_neighbours(one: str, other: str, tales: list[Tale]) -> None:
    """Where no compound stands for both, a phrase hits just what its words in this form hit as neighbours."""
    words = tuple(list(WORDS)[i] for i in APART)
    phrase, pair = Phrase(f"{one} {other}"), Near(Phrase(one), Phrase(other), 1, ordered=True)
    implies(phrase, pair, Near(Word(one), Word(other), 1, ordered=True), words=words, tales=tales)
    implies(pair, phrase, words=words, tales=tales)


@calm
@given(growing, st.integers(1, 12), vocabularies, told)
def test_first(x: Expression, n: int, words: Words, tales: list[Tale]) -> None:
    """FIRST/n implies FIRST/n+1 and, without it, the whole text."""
    implies(First(n, x), First(n + 1, x), x, words=words, tales=tales)


@calm
@given(growing, st.sampled_from(["title", "body"]), vocabularies, told)
def test_fields(x: Expression, field: str, words: Words, tales: list[Tale]) -> None:
    """What is in a field is in the story, and what is in the lead is in the body."""
    implies(InField(field, x), x, words=words, tales=tales)
    implies(InField("lead", x), InField("body", x), words=words, tales=tales)


@calm
@given(positionals, counts, vocabularies, told)
def test_at_least(a: Positional, n: int, words: Words, tales: list[Tale]) -> None:
    """ATLEAST/n+1 implies ATLEAST/n, and ATLEAST/1 is nothing but the part."""
    implies(AtLeast(n + 1, a), AtLeast(n, a), words=words, tales=tales)
    implies(AtLeast(1, a), a, words=words, tales=tales)
    implies(a, AtLeast(1, a), words=words, tales=tales)


@calm
@given(st.lists(texts.filter(positive), min_size=2, max_size=5).map(tuple), vocabularies, told)
def test_of(listed: tuple[Expression, ...], words: Words, tales: list[Tale]) -> None:
    """n+1 OF implies n OF; 1 OF is OR, all of them is AND, and equal weights count as OF does."""
    for n in range(1, len(listed)):
        implies(Of(n + 1, listed), Of(n, listed), words=words, tales=tales)
        weighed = Weight(tuple((part, 10) for part in listed), 10 * n)
        implies(weighed, Of(n, listed), words=words, tales=tales)
        implies(Of(n, listed), weighed, words=words, tales=tales)
    for same, other in ((Of(1, listed), Or(listed)), (Of(len(listed), listed), And(listed))):
        implies(same, other, words=words, tales=tales)
        implies(other, same, words=words, tales=tales)


# ── what makes no difference ──

ONE_CASE = tuple(
    word for word, units in WORDS.items() if not any("u.s" in unit.whole.folded for unit in units) and word != "us"
)


@calm
@given(queries, st.lists(st.sampled_from(ONE_CASE), min_size=12, max_size=12).map(tuple), told)
def test_the_case_of_a_story(rule: Query, words: Words, tales: list[Tale]) -> None:
    """Capitals matter to {exact} terms, to U.S. and the like, and to where a sentence ends; to nothing else."""
    loose = spelled(_without_case(rule), words)
    for made in tales:
        story = content(tale(made, words))
        for change in (str.upper, str.lower):
            texts = {name: change(getattr(story, name)) for name in ("title", "body", "author", "source")}
            one, other = found([loose], story)[0], found([loose], replace(story, **texts))[0]
            assert (one and one.spans) == (other and other.spans), (unparse(loose), story, change)


def _without_case(node: object) -> object:
    """The tree with neither {exact} terms nor sentences."""
    match node:
        case tuple():
            return tuple(_without_case(part) for part in node)
        case Cased():
            return Phrase(node.text)
        case Same():
            return Same(_without_case(node.left), _without_case(node.right), "p")
    if not is_dataclass(node):
        return node
    return replace(
        node, **{field.name: _without_case(getattr(node, field.name)) for field in fields(node) if field.name != "at"}
    )


ACCENTED = (
    "café",
    "Élysée",
    "Đà",
    "Nẵng",
    "İstanbul",
    "한국",
    "ガイド",
    "Ångström",
    "हिन्दी",
    "Ζεύς",
    "ёлка",
    "naïve",
    "coöp-café",
    "l'Élysée",
)


@calm
@given(
    st.lists(st.sampled_from(ACCENTED), min_size=1, max_size=6),
    st.lists(st.sampled_from(ACCENTED), min_size=1, max_size=2),
    st.sampled_from([Word, Phrase, Exact, Cased]),
    st.sampled_from(["en", "fr", "ko", "ja", "de", "el", "ru", "tr", "hi", "vi"]),
)
def test_composed_and_decomposed_forms_match_alike(
    text: list[str], asked: list[str], kind: type, language: str
) -> None:
    """NFC and NFD of story and of rule find the same words."""
    query = unparse(kind(" ".join(asked) if kind in (Phrase, Cased) else asked[0]))
    marked = set()
    for story in ("NFC", "NFD"):
        written = unicodedata.normalize(story, " ".join(text))
        for rule in ("NFC", "NFD"):
            content = Content(written, f"{written}.", language)
            (match,) = found([unicodedata.normalize(rule, query)], content)
            marked.add(
                match and tuple((span.field, unicodedata.normalize("NFC", content.text(span))) for span in match.spans)
            )
    assert len(marked) == 1, (query, text)
    assert asked[0] not in text or len(asked) > 1 or marked != {None}


@pytest.mark.parametrize("operator", ["AND", "OR", "NOT", "NEAR", "ONEAR"])
@calm
@given(st.lists(st.sampled_from(["jet", "toy", "and", "or", "not", "near", "onear"]), max_size=6))
def test_operators_in_small_letters_are_words(operator: str, text: list[str]) -> None:
    """`jet and toy` is three plain words; beside an operator in capitals, `and` is a word that has to be there."""
    small = operator.lower()
    words = (Word("jet"), Word(small), Word("toy"))
    assert parse(f"jet {small} toy") == Plain(words)
    query = f"jet AND {small} AND toy"
    assert parse(query) == And(words)
    (match,) = found([query], Content("", " ".join(text), "en"))
    assert bool(match) == ({"jet", small, "toy"} <= set(text))
