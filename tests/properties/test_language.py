"""Laws of the rule language, over random queries and stories."""

from __future__ import annotations

import unicodedata

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.errors import Problem, RuleSyntaxError
from monitor.match.percolate import Rulebook, explain_rule
from monitor.model.rule import RuleSpec
from monitor.query import Query, parse, unparse
from monitor.query.ast import And, Expression, InField, Not, Or, Phrase, Plain, Word
from monitor.query.lexer import Kind, lex
from monitor.text.tokens import tokenize

calm = settings(deadline=None, database=None, max_examples=80)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""


def attempt(text: str) -> tuple[Query | None, tuple[Problem, ...]]:
    """The tree of a query, or None and its problems."""
    try:
        return parse(text), ()
    except RuleSyntaxError as error:
        return None, error.problems


# ── random queries ──


def is_word(text: str) -> bool:
    """Whether the lexer reads the text as one word, as it is, with something to look for in it."""
    tokens = lex(text)
    return [t.kind for t in tokens] == [Kind.WORD, Kind.END] and tokens[0].text == text and any(tokenize(text))


words = st.one_of(
    st.sampled_from(["arms", "Vietnam", "F-16", "U.S", "AT&T", "C++", "d'Ivoire", "東京", "12:30", "x)".strip(")")]),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6).filter(is_word),
).map(Word)
phrases = (
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters='"”“»«'), min_size=1, max_size=9)
    .filter(lambda text: any(tokenize(text)))
    .map(Phrase)
)


def above(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Trees one level higher."""
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(several.map(And), several.map(Or), parts.map(Not), parts.map(lambda part: InField("title", part)))


trees = st.recursive(words | phrases, above, max_leaves=8)
plain = st.lists(words, min_size=1, max_size=5).map(lambda found: Plain(tuple(found)))


@calm
@given(st.one_of(plain, trees))
def test_parsing_the_canonical_text_gives_the_tree(tree: Query) -> None:
    """parse(unparse(tree)) == tree for every tree that asks for something."""
    text = unparse(tree)
    again, problems = attempt(text)
    if problems:
        assert [p.code for p in problems] == ["no-positive-term"], text
        assert "NOT" in text
    else:
        assert again == tree, text


pieces = st.sampled_from(
    ["AND ", "OR ", "NOT ", "-", "(", ")", '"', "„", "»", "title:", "titre:", "a", "b ", "*", "NEAR/3 ", " ", "=", ".",
     "é", "e\u0301", "\u200b", "\U0001f600", "東", "\x00", "\ud800", "\u2028", "{x}", "AND", ":", "…"]
)  # fmt: skip
texts = st.one_of(st.text(max_size=30), st.lists(pieces, max_size=14).map("".join))


@settings(calm, max_examples=400)
@given(texts)
def test_parse_raises_nothing_but_syntax_errors(text: str) -> None:
    """Any text is read or refused; problems lie inside it, are not empty, and what is read survives unparsing."""
    tree, problems = attempt(text)
    if tree is not None:
        assert parse(unparse(tree)) == tree
        return
    assert problems
    for problem in problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert problem.code
        assert problem.detail
        assert problem.start < problem.end or not text


# ── laws of matching ──

VOCABULARY = ["arms", "deal", "deals", "Vietnam", "visit", "visited", "F-16", "U.S.", "Élysée", "the"]
stories = st.tuples(*[st.lists(st.sampled_from(VOCABULARY), max_size=7).map(" ".join)] * 2)
leaves = st.sampled_from(VOCABULARY).map(Word) | st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3).map(
    lambda found: Phrase(" ".join(found))
)
positive = st.recursive(leaves, lambda parts: above(parts).filter(lambda tree: not isinstance(tree, Not)), max_leaves=6)


def hit(query: str, title: str, body: str, language: str | None = None) -> bool:
    """Whether the query hits the story; hit and explanation agree."""
    spec = RuleSpec("r", "r", query)
    rules = Rulebook()
    rules.put(spec)
    result = rules.percolate(title, body, language)
    assert result.failures == ()
    assert explain_rule(spec, title, body, language).matched == bool(result.matches)
    return bool(result.matches)


@calm
@given(positive, leaves, stories)
def test_another_alternative_never_loses_a_hit(tree: Expression, extra: Expression, story: tuple[str, str]) -> None:
    """A query with an OR branch more hits exactly where the query hits or the branch does."""
    one, other = hit(f"({unparse(tree)})", *story), hit(f"({unparse(extra)})", *story)
    assert hit(unparse(Or((tree, extra))), *story) == (one or other)


@calm
@given(positive, leaves, stories)
def test_another_condition_never_wins_a_hit(tree: Expression, extra: Expression, story: tuple[str, str]) -> None:
    """A query with an AND branch more hits exactly where both hit, and with NOT where only the first does."""
    one, other = hit(f"({unparse(tree)})", *story), hit(f"({unparse(extra)})", *story)
    assert hit(unparse(And((tree, extra))), *story) == (one and other)
    assert hit(unparse(And((tree, Not(extra)))), *story) == (one and not other)


@calm
@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3), stories)
def test_a_phrase_implies_its_words(found: list[str], story: tuple[str, str]) -> None:
    """Where a phrase hits, each of its exact words does, and so does each word by its stem."""
    story = (story[0], f"{story[1]} {' '.join(found)}") if len(story[1]) % 2 else story
    if hit(f'"{" ".join(found)}"', *story):
        assert hit(" AND ".join(f'"{word}"' for word in found), *story)
        assert hit(" ".join(found), *story)
    else:
        assert not hit(f'title:"{" ".join(found)}"', *story)


letters = st.characters(
    categories=("Ll", "Lu", "Lo", "Mn"),
    min_codepoint=0x20,
    max_codepoint=0xFFFF,
)
written = st.lists(
    st.one_of(
        st.sampled_from(["Élysée", "Nẵng", "İstanbul", "한국", "ガイド", "Ångström", "हिन्दी", "Ζεύς", "ёлка", "ﷺ"]),
        st.text(letters, min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=5,
).map(" ".join)


@calm
@given(written, st.sampled_from([None, "fr", "ko", "ja", "de", "el", "ru", "ar", "tr", "hi"]))
def test_composed_and_decomposed_forms_match_alike(text: str, language: str | None) -> None:
    """A rule hits the NFC form of a story exactly if it hits the NFD form, and either form of the rule will do."""
    first = next(tokenize(text), None)
    assume(first is not None)
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    for form in ("NFC", "NFD"):
        word = unicodedata.normalize(form, first.text)
        for query in (word, f'"{word}"'):
            assume(is_word(word))
            assert hit(query, composed, "", language), query
            assert hit(query, "", decomposed, language), query


@calm
@given(st.text(max_size=60), st.text(max_size=200), st.sampled_from([None, "en", "de", "th", "xx", "EN-us", ""]))
def test_no_story_makes_matching_fail(title: str, body: str, language: str | None) -> None:
    """Any text is a story: nothing fails, spans lie inside it, and each shows a word."""
    rules = Rulebook()
    found = next(tokenize(f"{title} {body}"), None)
    word = found.text if found else "a"
    rules.put(RuleSpec("r", "r", f'"{word}" OR the'))
    result = rules.percolate(title, body, language)
    assert result.failures == ()
    assert bool(found) <= bool(result.matches)
    for span in result.matches[0].spans if result.matches else ():
        text = {"title": title, "body": body}[span.field]
        assert 0 <= span.start < span.end <= len(text)
        assert any(tokenize(text[span.start : span.end]))
