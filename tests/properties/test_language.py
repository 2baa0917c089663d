"""Laws of the rule language, over random queries and stories."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.errors import Problem, RuleSyntaxError
from monitor.match.document import Content
from monitor.match.percolate import Rulebook, explain_rule
from monitor.model.rule import RuleSpec
from monitor.query import Query, parse, unparse
from monitor.query.ast import And, Expression, InField, Near, Not, Of, Or, Phrase, Plain, Weight, Word
from monitor.query.lexer import lex
from monitor.query.show import caret
from monitor.query.tokens import Kind
from monitor.text.tokens import tokenize
from tests.properties.grammar import queries

calm = settings(deadline=None, database=None, max_examples=80)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""


def attempt(text: str) -> tuple[Query | None, tuple[Problem, ...]]:
    """The tree of a query, or None and its problems."""
    try:
        return parse(text), ()
    except RuleSyntaxError as error:
        return None, error.problems


# ── random queries ──

ODD = ("arms", "deal", "organisation", "Vietnam", "F-16", "U.S", "AT&T", "C++", "d'Ivoire", "東京", "12:30", "1,000",
       "2", "of", "weight", "near", "a,b", "^GSPC", "a=b", "AND/OR", ">=3", "\U0001f600")  # fmt: skip
"""Words that could be taken for something else."""


def is_word(text: str) -> bool:
    """Whether the lexer reads the text as one word, as it is, with something to look for in it."""
    tokens = lex(text)
    return [t.kind for t in tokens] == [Kind.WORD, Kind.END] and tokens[0].text == text and any(tokenize(text))


characters = st.characters(exclude_categories=("Cs",))
odd_words = st.text(characters, min_size=1, max_size=6).filter(is_word)
odd_phrases = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters='"”“»«'), min_size=1, max_size=9
).filter(lambda text: any(tokenize(text)))


@settings(calm, max_examples=1000)
@given(queries(ODD))
def test_parsing_the_canonical_text_gives_the_tree(tree: Query) -> None:
    """parse(unparse(tree)) == tree, whatever the tree is made of."""
    assert parse(unparse(tree)) == tree, unparse(tree)


@calm
@given(st.lists(odd_words, min_size=1, max_size=3), odd_phrases)
def test_the_canonical_text_of_any_word_gives_the_word(words: list[str], phrase: str) -> None:
    """Whatever one word or phrase is, it comes back from plain words, lists, weights, fields and proximity."""
    terms = (*map(Word, words), Phrase(phrase))
    trees: list[Query] = [
        Plain(tuple(map(Word, words))),
        And((*terms, Word("x"))),
        Of(1, terms),
        Weight(tuple((term, 5) for term in terms), 5),
        InField("title", terms[0]),
        Near(terms[0], terms[-1], 5),
    ]
    for tree in trees:
        assert parse(unparse(tree)) == tree, unparse(tree)


# ── any text at all ──

PIECES = re.findall(
    r"\S+",
    """
AND OR NOT - ( ) " „ « » “ { } = * ? , ^ : . … ' ’ / >= ≥ > #
NEAR/3 NEAR/3 ONEAR/3 NEAR/4 NEAR NEAR/ NEAR/0 NEAR/51 NEAR/x NEAR5 near/3 near W/5 w/s /5 /p ADJ5 PRE/2
SAME/s SAME/p SAME SAME/x same/5 ATLEAST/2( ATLEAST/2 ATLEAST( FIRST/9( FIRST/0( first/2( 2 OF( OF OF( 0 of
WEIGHT( WEIGHT weight( ^20 ^-5 ^x ^ >=5 >=30 =5 1,000 2,5
title: lead:( body: author: source:( url: site: site:( lang: lang:( country: tag: tag:( place: titre: aa: NOT: (NOT -(
a b c a, b; arms deal Vietnam F-16 U.S. C++ AT&T pref* w?rd word? *x {x} {X =x ="
bbc.co.uk de vn https://x.example/a?b=c 12:30 東 東京* é e\u0301 \u200b \U0001f600 \x00 \ud800 \u2028 \u0130 ﷺ
""",
)
pieces = st.sampled_from(
    [*PIECES, *(f"{piece} " for piece in PIECES), " ", "\n", "2 OF (", "NOT NEAR/3 ", "NOT SAME/s "]
)
broken = st.builds(  # a valid query with something else in it, in pieces
    lambda tree, piece, place: [*(found := re.findall(r"\w+|\W", unparse(tree)))[:place], piece, *found[place:]],
    queries(ODD),
    pieces,
    st.integers(0, 40),
)
texts = st.lists(pieces | st.text(max_size=2), max_size=24) | broken
VARIANTS = 20
"""Most texts made from each random one; 13 is usual."""
INPUTS = 20_000


def fuzz(inputs: int) -> int:
    """Parse about so many hostile texts, each list of pieces also cut short or without one; say how many it were."""
    counted: Counter[str] = Counter()

    @settings(calm, max_examples=inputs // 13)
    @given(texts)
    def run(found: list[str]) -> None:
        places = range(0, len(found), len(found) // (VARIANTS // 2) + 1)
        for text in [found, *(found[:i] for i in places), *(found[:i] + found[i + 1 :] for i in places)]:
            judge("".join(text))
            counted["texts"] += 1

    run()
    return counted["texts"]


def judge(text: str) -> None:
    """Any text is read or refused: what is read survives unparsing, and what is said of the rest helps."""
    tree, problems = attempt(text)
    if tree is not None:
        canonical = unparse(tree)
        assert parse(canonical) == tree, canonical
        assert unparse(parse(canonical)) == canonical
        assert well_placed(tree, (0, len(text)))
        return
    assert problems
    assert list(problems) == sorted(problems, key=lambda p: (p.start, p.end))
    for problem in problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert problem.start < problem.end or not text
        assert problem.code
        assert problem.detail
        assert problem.hint, problem
        caret(text, problem)
    if len(problems) == 1 and (shown := suggestion(problems[0])) is not None:
        _, left = attempt(shown)
        assert {p.code for p in left} <= {"no-positive-term"}, (shown, left)


def well_placed(node: object, around: tuple[int, int]) -> bool:
    """Whether each part lies inside the whole."""
    if not hasattr(node, "at"):
        return True
    start, end = node.at
    parts = [getattr(node, name) for name in node.__slots__]
    flat = [p for part in parts for p in (part if isinstance(part, tuple) else (part,))]
    inner = [p[0] if isinstance(p, tuple) else p for p in flat]
    return around[0] <= start < end <= around[1] and all(well_placed(part, node.at) for part in inner)


def suggestion(problem: Problem) -> str | None:
    """The whole query that the hint proposes to write, where it proposes one."""
    codes = ("mixed-operators", "mixed-proximity", "not-positional", "missing-operator", "unclear-minus")
    if problem.code not in codes:
        return None
    found = re.search(
        r"(?:for example: |write (?!AND between|OR or AND))(.+?)(?:, or quote|\Z)", problem.hint, re.DOTALL
    )
    return found and found[1]


def test_any_text_is_read_or_refused() -> None:
    """Twenty thousand texts raise nothing but syntax errors, each with a place, a reason and what to write.

    A long run: python -c "from tests.properties.test_language import fuzz; fuzz(200_000)"
    """
    assert fuzz(INPUTS) > INPUTS / 2


# ── laws of matching ──

VOCABULARY = ["arms", "deal", "deals", "Vietnam", "visit", "visited", "F-16", "U.S.", "Élysée", "the"]
stories = st.tuples(*[st.lists(st.sampled_from(VOCABULARY), max_size=7).map(" ".join)] * 2)
leaves = st.sampled_from(VOCABULARY).map(Word) | st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3).map(
    lambda found: Phrase(" ".join(found))
)


def above(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Trees one level higher."""
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(several.map(And), several.map(Or), parts.map(Not), parts.map(lambda part: InField("title", part)))


positive = st.recursive(leaves, lambda parts: above(parts).filter(lambda tree: not isinstance(tree, Not)), max_leaves=6)


def hit(query: str, title: str, body: str, language: str | None = None) -> bool:
    """Whether the query hits the story; hit and explanation agree."""
    spec = RuleSpec("r", "r", query)
    rules = Rulebook()
    rules.put(spec)
    content = Content(title, body, language)
    result = rules.percolate(content)
    assert result.failures == ()
    assert explain_rule(spec, content).matched == bool(result.matches)
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
    result = rules.percolate(Content(title, body, language))
    assert result.failures == ()
    assert bool(found) <= bool(result.matches)
    for span in result.matches[0].spans if result.matches else ():
        text = {"title": title, "body": body}[span.field]
        assert 0 <= span.start < span.end <= len(text)
        assert any(tokenize(text[span.start : span.end]))
