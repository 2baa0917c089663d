"""The rule language: what each text means, and what is said about a text that means nothing."""

from __future__ import annotations

import re
import time

import pytest

from monitor.errors import Problem, RuleSyntaxError
from monitor.query import Query, parse, unparse
from monitor.query.ast import And, InField, Not, Or, Phrase, Plain, Word
from monitor.query.lexer import Kind, lex
from monitor.query.parse import MAX_DEPTH, MAX_LENGTH, MAX_TERMS


def problems(text: str) -> list[tuple[str, int, int]]:
    """The problems of a query that must not parse, in the order in which they are reported."""
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text)
    return [(p.code, p.start, p.end) for p in caught.value.problems]


def attempt(text: str) -> tuple[Query | None, tuple[Problem, ...]]:
    """The tree of a query, or None and its problems."""
    try:
        return parse(text), ()
    except RuleSyntaxError as error:
        return None, error.problems


# ── the lexer ──


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a AND b", "word AND word END"),
        ("a and not b", "word word word word END"),
        ("-a", "- word END"),
        ("a - b", "word word word END"),
        ("F-16", "word END"),
        ("a-(b)", "word ( word ) END"),
        ('title:"a"', "field phrase END"),
        ("https://news.example/a", "word END"),
        ("at 12:30", "word word END"),
        ("pref*", "fault END"),
        ("AND. OR, NOT!", "AND OR NOT END"),
        ("title: a", "field word END"),
        ("Moscow: a", "word word END"),
        ("tıtle: a", "word word END"),
        ("", "END"),
    ],
)
def test_lexer_names_every_token(text: str, kinds: str) -> None:
    """Operators are capitals, whatever punctuation hangs on them; a hyphen inside a word, a time and a URL are none."""
    assert " ".join(token.kind.name if token.kind is Kind.END else token.kind.value for token in lex(text)) == kinds


def test_lexer_offsets_are_those_of_the_text() -> None:
    """Offsets count code points, so an emoji before a word moves it by one."""
    assert [token.at for token in lex('\U0001f600 AND "b c"')] == [(0, 1), (2, 5), (6, 11), (11, 11)]


# ── meaning ──

READ = [
    ("Vietnam arms procurement", "Vietnam arms procurement"),
    ("  arms,   deal. ", "arms deal"),
    ("arms - deal", "arms deal"),
    ("not and or", "not and or"),
    ("a AND b", "a AND b"),
    ("a\tAND\nb", "a AND b"),
    ("a\u3000AND\u00a0b", "a AND b"),
    ("a AND b AND c", "a AND b AND c"),
    ("a AND (b AND c)", "a AND (b AND c)"),
    ("((a)) AND ((b OR (c)))", "a AND (b OR c)"),
    ("a NOT b", "a AND NOT b"),
    ("a AND NOT b", "a AND NOT b"),
    ("a -b -c", "a AND NOT b AND NOT c"),
    ('a -"b c"', 'a AND NOT "b c"'),
    ("a -(b OR c)", "a AND NOT (b OR c)"),
    ("a NOT NOT b", "a AND NOT NOT b"),
    ("(a OR b) NOT c", "(a OR b) AND NOT c"),
    ("F-16 OR U.S. OR AT&T", "F-16 OR U.S OR AT&T"),
    ('"a b"', '"a b"'),
    ('"AND"', '"AND"'),
    ("“a b” OR c", '"a b" OR c'),
    ("„a b“ OR c", '"a b" OR c'),
    ("„a b” OR c", '"a b" OR c'),
    ("”a b” OR c", '"a b" OR c'),
    ("«a b» OR c", '"a b" OR c'),
    ("»a b« OR c", '"a b" OR c'),
    ("title:a", "title:a"),
    ("TITLE:a", "title:a"),
    ('title:"a b"', 'title:"a b"'),
    ("title:(a OR b) AND c", "title:(a OR b) AND c"),
    ("title:(a)", "title:a"),
    ("a -title:b", "a AND NOT title:b"),
    ("title:(a -b)", "title:(a AND NOT b)"),
    ("title:title:a", "title:(title:a)"),
    ("Title: a", "title:a"),
    ("a OR NOT b", "a OR NOT b"),
    ("Vietnam AND. China", "Vietnam AND China"),
    ("(a)", "(a)"),
]


@pytest.mark.parametrize(("text", "canonical"), READ)
def test_canonical_text(text: str, canonical: str) -> None:
    """Every way of writing a query comes down to one text with its operators spelled out."""
    assert unparse(parse(text)) == canonical


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_canonical_text_means_the_same(text: str) -> None:
    """Parsing the canonical text gives an equal tree."""
    assert parse(unparse(parse(text))) == parse(text)


@pytest.mark.parametrize("text", ["(a)", "((F-16))", "Vietnam AND. China", "Vietnam NOT, coffee", "title: AND."])
def test_canonical_text_never_turns_into_another_query(text: str) -> None:
    """A bracketed word, and an operator's name with punctuation on it, come back as what they were."""
    tree, found = attempt(text)
    assert found if tree is None else parse(unparse(tree)) == tree


def test_tree_has_the_shape_that_was_written() -> None:
    """AND, OR, NOT, fields and phrases nest as the brackets say; one operator makes one flat node."""
    assert parse('title:(a OR "b c") AND NOT (d AND e)') == And(
        (InField("title", Or((Word("a"), Phrase("b c")))), Not(And((Word("d"), Word("e")))))
    )
    assert parse("a OR b OR c") == Or((Word("a"), Word("b"), Word("c")))
    assert parse("a b") == Plain((Word("a"), Word("b")))


def test_nodes_know_their_place() -> None:
    """Every term remembers where it stands, although the place takes no part in equality."""
    tree = parse('\U0001f600x AND "b c"')
    assert isinstance(tree, And)
    assert [part.at for part in tree.parts] == [(0, 2), (7, 12)]
    tree = parse("(a OR b) AND NOT title: (c)")
    assert isinstance(tree, And)
    assert [part.at for part in tree.parts] == [(0, 8), (13, 27)]


# ── problems ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty", 0, 0)]),
        (" ... ", [("empty", 0, 5)]),
        ("\U0001f600", [("empty", 0, 1)]),
        ("NOT a", [("no-positive-term", 0, 5)]),
        ("-a -b", [("no-positive-term", 0, 5)]),
        ("NOT (a AND b)", [("no-positive-term", 0, 13)]),
        ("title:(NOT a)", [("no-positive-term", 0, 13)]),
        ("a AND b OR c", [("mixed-operators", 0, 12)]),
        ("a NOT b OR c", [("mixed-operators", 0, 12)]),
        ("x AND (a AND b OR c)", [("mixed-operators", 7, 19)]),
        ('"a b" c', [("missing-operator", 0, 7)]),
        ("a (b)", [("missing-operator", 0, 3)]),
        ("title:(a b)", [("missing-operator", 7, 10)]),
        ('a "b', [("unclosed-quote", 2, 4)]),
        ("(a", [("unclosed-bracket", 0, 1)]),
        ("a)", [("unopened-bracket", 1, 2)]),
        ("a) OR b", [("unopened-bracket", 1, 2)]),
        ("()", [("empty-brackets", 0, 2)]),
        ("a AND ( )", [("empty-brackets", 6, 9)]),
        ("a AND", [("missing-term", 2, 5)]),
        ("OR a", [("missing-term", 0, 2)]),
        ("a AND AND b", [("missing-term", 6, 9)]),
        ("a NOT", [("missing-term", 2, 5)]),
        ("(a AND ) OR b", [("missing-term", 3, 6)]),
        ('a AND ""', [("empty-term", 6, 8)]),
        ('a AND "…"', [("empty-term", 6, 9)]),
        ("a AND \U0001f600", [("empty-term", 6, 7)]),
        ("pref*", [("unknown-marker", 0, 5)]),
        ("a AND w?rd", [("unknown-marker", 6, 10)]),
        ("=word", [("unknown-marker", 0, 5)]),
        ("{Word}", [("unknown-marker", 0, 6)]),
        ("a NEAR/5 b", [("unknown-operator", 2, 8)]),
        ("a NEAR/5. b", [("unknown-operator", 2, 9)]),
        ("a SAME/s b", [("unknown-operator", 2, 8)]),
        ("OR.", [("missing-term", 0, 3)]),
        ('"' + "a " * 101 + '"', [("phrase-too-long", 0, 204)]),
        ("a-" * 101, [("phrase-too-long", 0, 202)]),
        ("titre:a", [("unknown-field", 0, 6)]),
        ("site:news.example AND a", [("unknown-field", 0, 5)]),
        # several at once, in the order of the text
        ("* OR ?", [("unknown-marker", 0, 1), ("unknown-marker", 5, 6)]),
        ('\U0001f600 AND pref* AND "x', [("empty-term", 0, 1), ("unknown-marker", 6, 11), ("unclosed-quote", 16, 18)]),
        ("a b OR c d", [("missing-operator", 0, 3), ("missing-operator", 7, 10)]),
        ("lead:a AND (b OR c", [("unknown-field", 0, 5), ("unclosed-bracket", 11, 12)]),
        ("(a AND b OR c) NOT", [("mixed-operators", 1, 13), ("missing-term", 15, 18)]),
        ("() AND () AND NEAR", [("empty-brackets", 0, 2), ("empty-brackets", 7, 9), ("unknown-operator", 14, 18)]),
        ("(" * 51 + "a" + ")" * 51, [("too-deep", 50, 51)]),
    ],
)
def test_problems_with_their_places(text: str, expected: list[tuple[str, int, int]]) -> None:
    """A query that means nothing is refused with every real problem, each at its place, and none invented."""
    assert problems(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a AND title:NOT",
        "title:NOT",
        "(title:NOT)",
        "a AND title:NOT AND b",
        "a OR title:NOT",
        "title:NOT a",
        "title:-a",
    ],
)
def test_a_field_before_an_operator_is_refused(text: str) -> None:
    """A field with no term is a problem that is said for what it is, and never drops out in silence."""
    assert [code for code, _, _ in problems(text)] == ["misplaced-not"]


@pytest.mark.parametrize("text", ["title: Putin", "title:", "a AND title:", 'title: "state visit"'])
def test_a_field_apart_from_its_term_is_not_taken_for_a_word(text: str) -> None:
    """``title: Putin`` is read as a field; without a term it is refused, never taken for the word "title"."""
    tree, found = attempt(text)
    assert [p.code for p in found] == ["missing-term"] if text.endswith(":") else isinstance(tree, InField)


@pytest.mark.parametrize(
    "text",
    [
        "a AND b OR c",
        "a OR b AND c OR d",
        "a NOT b OR c",
        "(a OR b) AND c OR d",
        "NOT (a OR b) AND c OR d",
        "title:(a OR b) AND c OR d",
        "a AND (b OR c) OR d",
        '"a b" c',
        "a title:b AND c",
        "a b OR c",
    ],
)
def test_a_suggested_query_parses(text: str) -> None:
    """What a hint proposes to write is a query that parses."""
    _, found = attempt(text)
    hints = [p.hint for p in found]
    assert hints
    for hint in hints:
        shown = re.search(r"(?:for example: |write (?!AND between))(.+?)(?:, or |\Z)", hint)
        assert shown is None or attempt(shown[1])[1] == (), hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("titre:a", "title:"),
        ("a AND b OR c", "(a AND b) OR c"),
        ('"a b" c', '"a b" AND c'),
        ("AND", '"AND"'),
        ("NOT a", "NOT coffee"),
    ],
)
def test_hints_say_what_to_write(text: str, hint: str) -> None:
    """The hint shows the remedy in the user's own words where it can."""
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text)
    assert hint in caught.value.problems[0].hint


def test_error_carries_the_query_and_reads_as_a_sentence() -> None:
    """The error names the query, and its text is fit for a user's eyes."""
    with pytest.raises(RuleSyntaxError, match=r"this quote is never closed \(at 2\)") as caught:
        parse('a "b')
    assert caught.value.query == 'a "b'


# ── limits ──


def test_length_limit() -> None:
    """A query of the longest length is read, one code point more is refused at that place."""
    assert parse("a" * MAX_LENGTH) == Plain((Word("a" * MAX_LENGTH),))
    assert problems("a" * (MAX_LENGTH + 1)) == [("too-long", MAX_LENGTH, MAX_LENGTH + 1)]


def test_term_limit() -> None:
    """As many terms as allowed are read, one more is refused."""
    assert parse("a " * MAX_TERMS)
    text = "a " * (MAX_TERMS + 1)
    assert problems(text) == [("too-many-terms", 0, len(text))]


@pytest.mark.parametrize("opening", ["(", "NOT ", "-", "title:"])
def test_depth_limit(opening: str) -> None:
    """Nesting up to the limit is read, whatever nests; one level more is one problem, not fifty."""
    close = ")" if opening == "(" else ""
    assert parse("b OR " + opening * MAX_DEPTH + "a" + close * MAX_DEPTH)
    text = "b OR " + opening * (MAX_DEPTH + 1) + "a" + close * (MAX_DEPTH + 1)
    assert [code for code, _, _ in problems(text)] == ["too-deep"]


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        ")",
        '"',
        "„",
        "NOT ",
        "-",
        "title:",
        "aa:b ",
        'a "b" ',
        "(a AND b OR ",
        "a OR ",
        "* ",
        "\U0001f600",
        "AND ",
        "a.",
        ":",
    ],
)
def test_hostile_text_is_judged_in_linear_time(piece: str) -> None:
    """The longest query of one repeated piece takes well under a second of processor time."""
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    started = time.process_time()
    tree, found = attempt(text)
    assert time.process_time() - started < 1.0
    assert (tree is None) == bool(found)
