"""The rule language: what is said about a text that means nothing."""

from __future__ import annotations

import re

import pytest

from monitor.errors import Problem, RuleSyntaxError
from monitor.query import Query, parse


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty", 0, 0)]),
        (" ... ", [("empty", 0, 5)]),
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
        ("a NOT OR b", [("missing-term", 6, 8)]),
        ("OR.", [("missing-term", 0, 3)]),
        ('"' + "a " * 101 + '"', [("phrase-too-long", 0, 204)]),
        ("a-" * 101, [("phrase-too-long", 0, 202)]),
        ("titre:a", [("unknown-field", 0, 6)]),
        ("seite:news.example AND a", [("unknown-field", 0, 6)]),
        # several at once, in the order of the text
        ("* OR ?", [("wildcard-too-short", 0, 1), ("wildcard-too-short", 5, 6)]),
        ('\u20ac AND pre* AND "x', [("empty-term", 0, 1), ("wildcard-too-short", 6, 10), ("unclosed-quote", 15, 17)]),
        ("a b OR c d", [("missing-operator", 0, 3), ("missing-operator", 7, 10)]),
        ("leed:a AND (b OR c", [("unknown-field", 0, 5), ("unclosed-bracket", 11, 12)]),
        ("(a AND b OR c) NOT", [("mixed-operators", 1, 13), ("missing-term", 15, 18)]),
        ("() AND () AND NEAR", [("empty-brackets", 0, 2), ("empty-brackets", 7, 9), ("missing-number", 14, 18)]),
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


PROXIMITY = [
    ("a NEAR b", "missing-number", 2, 6, "write NEAR/5"),
    ("a SAME b", "missing-number", 2, 6, "SAME/s for one sentence"),
    ("a NEAR5 b", "unknown-operator", 2, 7, "NEAR/5"),
    ("a NEAR / 5 b", "unknown-operator", 2, 10, "NEAR/5"),
    ("a NEAR/ 5 b", "unknown-operator", 2, 9, "NEAR/5"),
    ("a W/5 b", "unknown-operator", 2, 5, "NEAR/5 for either order"),
    ("a w/5 b", "unknown-operator", 2, 5, "NEAR/5"),
    ("a /5 b", "unknown-operator", 2, 4, "NEAR/5"),
    ("a ADJ5 b", "unknown-operator", 2, 6, "ONEAR/5"),
    ("a pre/5 b", "unknown-operator", 2, 7, "ONEAR/5"),
    ("a W/s b", "unknown-operator", 2, 5, "SAME/s"),
    ("a /P b", "unknown-operator", 2, 4, "SAME/p"),
    ("a NOT SAME/s b", "unknown-operator", 2, 12, "NOT NEAR/5"),
    ("a near/5 b", "lower-case-operator", 2, 8, "write NEAR/5"),
    ("a Onear/5 b", "lower-case-operator", 2, 9, "write ONEAR/5"),
    ("a same/s b", "lower-case-operator", 2, 8, "write SAME/s"),
    ("a NEAR/0 b", "bad-number", 2, 8, "NEAR/5"),
    ("a NEAR/51. b", "bad-number", 2, 10, "NEAR/5"),
    ("a NEAR/x b", "bad-number", 2, 8, "NEAR/5"),
    ("a NEAR/5.5 b", "bad-number", 2, 10, "NEAR/5"),
    (f"a NEAR/{'9' * 5000} b", "bad-number", 2, 5007, "NEAR/5"),
    ("a SAME/S b", "bad-number", 2, 8, "SAME/s"),
    ("NEAR/5 b", "missing-term", 0, 6, '"NEAR/5"'),
    ("a AND NEAR/5 b", "missing-term", 6, 12, '"NEAR/5"'),
    ("a AND NOT NEAR/5 b", "missing-term", 6, 16, "a NOT NEAR/5 b"),
    ("a NEAR/5", "missing-term", 2, 8, ""),
    ("a NEAR/3 b ONEAR/3 c", "mixed-proximity", 0, 20, "(a NEAR/3 b) ONEAR/3 c"),
    ("a NEAR/3 b NEAR/4 c NEAR/4 d", "mixed-proximity", 0, 28, "(a NEAR/3 b) NEAR/4 c NEAR/4 d"),
    ("a NOT NEAR/3 b NOT NEAR/3 c", "mixed-proximity", 0, 27, "a NOT NEAR/3 (b OR c)"),
    ("a NOT NEAR/3 b NEAR/3 c", "mixed-proximity", 0, 23, "(a NOT NEAR/3 b) NEAR/3 c"),
    ("a -b NEAR/3 c", "unclear-minus", 2, 3, "-(b NEAR/3 c)"),
    ("(a AND b) NEAR/5 c", "not-positional", 0, 9, "(a NEAR/5 c) AND (b NEAR/5 c)"),
    ("c ONEAR/5 (a AND b)", "not-positional", 10, 19, "(c ONEAR/5 a) AND (c ONEAR/5 b)"),
    ("(a NOT b) SAME/s c", "not-positional", 0, 9, "(a SAME/s c) AND NOT b"),
    ("a NEAR/5 NOT b", "not-positional", 9, 14, "a NOT NEAR/5 b"),
    ("a NEAR/5 -(b OR c)", "not-positional", 9, 18, "a NOT NEAR/5 (b OR c)"),
    ("title:a NEAR/5 (b OR c)", "not-positional", 0, 7, "title:(a NEAR/5 (b OR c))"),
    ("a NEAR/5 FIRST/9(b)", "not-positional", 9, 19, "FIRST/9(a NEAR/5 b)"),
    ("a NEAR/5 lang:de", "not-positional", 9, 16, "a AND lang:de"),
    ("ATLEAST/2(b) SAME/p a", "not-positional", 0, 12, "a AND ATLEAST/2(b)"),
    ("(a OR title:b) NEAR/5 c", "not-positional", 6, 13, "AND"),
    ("a NEAR/5 2 OF (b, c)", "not-positional", 9, 20, "AND"),
]
TERMS = [
    ("pre*", "wildcard-too-short", 0, 4, "joined by OR"),
    ("a AND w?rd", "wildcard-too-short", 6, 10, "joined by OR"),
    ("F-1*", "wildcard-too-short", 0, 4, "joined by OR"),
    ("who is it?", "wildcard-too-short", 7, 10, "question mark"),
    ("Putin?", "unclear-question-mark", 0, 6, "(Putin?)"),
    ("Putin visits?!", "unclear-question-mark", 6, 14, "Putin AND visits?"),
    ("https://a.example/x?y=z", "bad-wildcard", 0, 23, '"https://a.example/x?y=z"'),
    ("snake_case*", "bad-wildcard", 0, 11, '"snake_case*"'),
    ("東京*", "bad-wildcard", 0, 3, "leave the mark out"),
    ("a = b", "misplaced-mark", 2, 3, "=word"),
    ('="a b"', "misplaced-mark", 0, 1, "in quotes is exact"),
    ("=visit*", "misplaced-mark", 0, 7, '"visit*"'),
    ("==a", "misplaced-mark", 0, 3, "=word"),
    ("{Polish AND b", "unclosed-brace", 0, 13, "}"),
    ("Polish}", "unopened-brace", 6, 7, "{Word}"),
    ("{ }", "empty-term", 0, 3, "letter"),
    ("(a, b)", "missing-operator", 1, 5, "2 OF (a, b)"),
    ('"a", "b"', "missing-operator", 0, 8, "2 OF (a, b)"),
    ("title:a b", "missing-operator", 6, 9, "title:a AND b"),
]
COUNTING = [
    ("ATLEAST(a)", "missing-number", 0, 7, "ATLEAST/2("),
    ("FIRST", "missing-number", 0, 5, '"FIRST"'),
    ("ATLEAST/0(a)", "bad-number", 0, 9, "ATLEAST/2("),
    ("FIRST/1001(a)", "bad-number", 0, 10, "FIRST/50("),
    ("ATLEAST5(a)", "unknown-operator", 0, 8, "ATLEAST/5("),
    ("atleast/2(a)", "lower-case-operator", 0, 9, "ATLEAST/2("),
    ("ATLEAST/2 a", "missing-brackets", 0, 9, "ATLEAST/2("),
    ("ATLEAST/2(a AND b)", "not-positional", 9, 18, "ATLEAST/2(a) AND ATLEAST/2(b)"),
    ("ATLEAST/2(title:a)", "not-positional", 9, 18, "title:(ATLEAST/2(a))"),
    ("OF (a, b)", "missing-number", 0, 2, "2 OF (a, b, c)"),
    ("BANK OF CHINA", "missing-number", 5, 7, '"OF"'),
    ("2 of (a, b)", "lower-case-operator", 2, 4, "2 OF"),
    ("2 OF a", "missing-brackets", 0, 4, "2 OF (a, b, c)"),
    ("0 OF (a, b)", "bad-number", 0, 4, "2 OF (a, b, c)"),
    ("2 OF ()", "empty-brackets", 5, 7, "commas"),
    ("2 OF (a,, b)", "missing-term", 7, 8, ""),
    ("2 OF (a, b,)", "missing-term", 10, 11, ""),
    ("2 OF (a, b", "unclosed-bracket", 5, 6, ")"),
    ("2 OF (1,000, b)", "unclear-comma", 7, 8, "space"),
    ("2 OF (a^5, b)", "misplaced-weight", 7, 9, "WEIGHT("),
    ("a^20", "misplaced-weight", 1, 4, "WEIGHT("),
    ("WEIGHT a", "missing-brackets", 0, 6, "WEIGHT("),
    ("weight(a^5) >= 5", "lower-case-operator", 0, 6, "WEIGHT("),
    ("WEIGHT() >= 5", "empty-brackets", 6, 8, "commas"),
    ("WEIGHT(a^5, b) >= 5", "missing-weight", 12, 13, "b^20"),
    ("WEIGHT(a^5, b AND c) >= 5", "missing-weight", 12, 19, "(b AND c)^20"),
    ("WEIGHT(a^5, b^) >= 5", "bad-weight", 13, 14, "word^20"),
    ("WEIGHT(a^5, b^1.5) >= 5", "bad-weight", 13, 17, "word^20"),
    ("WEIGHT(a^5, b^1001) >= 5", "bad-weight", 13, 18, "word^20"),
    ("WEIGHT(a AND b^5) >= 5", "unclear-weight", 14, 16, "(a AND b)^5"),
    ("WEIGHT(a NEAR/3 b^5) >= 5", "unclear-weight", 17, 19, "(a NEAR/3 b)^5"),
    ("WEIGHT(NOT a^5, b^5) >= 5", "unclear-weight", 12, 14, "(NOT a)^5"),
    ("WEIGHT(a^5 b^5) >= 5", "missing-comma", 8, 12, "comma"),
    ("WEIGHT(a^5 OR b^5) >= 5", "missing-comma", 8, 13, "instead of OR"),
    ("WEIGHT(a^5, (b)^5", "unclosed-bracket", 6, 7, ")"),
    ("WEIGHT(a^5, b^5) AND c", "missing-threshold", 0, 16, ">= 30"),
    ("WEIGHT(a^5, b^5 >= 5", "unclosed-bracket", 6, 7, ")"),
    ("WEIGHT(a^5) > 4", "bad-threshold", 12, 15, ">= 30"),
    ("WEIGHT(a^5) >= 0", "bad-threshold", 12, 16, ">= 30"),
    ("WEIGHT(a^5) >= 1.5", "bad-threshold", 12, 18, ">= 30"),
    ("WEIGHT(a^5, b^-9, c^5) >= 11", "never-matches", 23, 28, "10 at most"),
    ("WEIGHT(a^-5) >= 1", "never-matches", 13, 17, "above 0"),
    ("WEIGHT((NOT a)^5, b^-5) >= 1", "no-positive-term", 0, 28, "Vietnam NOT coffee"),
    ("2 OF (NOT a, -b)", "no-positive-term", 0, 16, "Vietnam NOT coffee"),
    ("FIRST/9(NOT a)", "no-positive-term", 0, 14, "Vietnam NOT coffee"),
    ("NOT a NEAR/3 b", "no-positive-term", 0, 14, "Vietnam NOT coffee"),
]
FIELDS = [
    ("titre:a", "unknown-field", 0, 6, "title:"),
    ("headline:a", "unknown-field", 0, 9, "title:"),
    ("qqqq:a", "unknown-field", 0, 5, "site, lang, country, place, tag"),
    ("place:Nowhereistan AND a", "bad-value", 6, 18, "Southeast Asia"),
    ("place:(Asia OR qqq) AND a", "bad-value", 15, 18, "Southeast Asia"),
    ("title:(a AND author:b)", "misplaced-field", 13, 20, "title:(…) AND author:…"),
    ("author:(a AND title:b)", "misplaced-field", 14, 20, "author:(…) AND title:…"),
    ("title:site:x.example", "misplaced-field", 6, 11, "AND site:…"),
    ("FIRST/9(a AND url:b)", "misplaced-field", 14, 18, "AND url:…"),
    ("FIRST/9(title:lang:de)", "misplaced-field", 14, 19, "AND lang:…"),
    ("source:FIRST/9(a)", "misplaced-field", 7, 14, "without FIRST"),
    ("site:https://www.example.com/a", "bad-value", 5, 30, "site:www.example.com"),
    ("site:*.example.com", "bad-value", 5, 18, "site:example.com"),
    ("site:example.com:80", "bad-value", 5, 19, "site:example.com"),
    ('site:"a b"', "bad-value", 5, 10, "site:bbc.co.uk"),
    ("lang:German", "bad-value", 5, 11, "lang:de"),
    ("country:Vietnam", "bad-value", 8, 15, "country:vn"),
    ('tag:" "', "bad-value", 4, 7, "tag:"),
    ("lang:{de}", "bad-value", 5, 9, "lang:de"),
    ("lang:title:de", "bad-value", 5, 11, "lang:de"),
    ("site:(a AND b)", "bad-value", 6, 11, "site:a AND site:b"),
    ("site:(a b)", "bad-value", 6, 9, "site:(a OR b)"),
    ("site:(a OR (b OR c))", "bad-value", 11, 12, "site:"),
    ("site:(a OR NOT b)", "bad-value", 11, 14, "NOT site:"),
    ("site:(a OR)", "missing-term", 8, 10, "site:"),
    ("site:(a", "unclosed-bracket", 5, 6, ")"),
    ("site:", "missing-term", 0, 5, "site:"),
    ("tag:OR a", "missing-term", 4, 6, 'tag:"OR"'),
]
OTHER = [
    ("a AND b OR c", "mixed-operators", 0, 12, "(a AND b) OR c"),
    ('"a b" c', "missing-operator", 0, 7, '"a b" AND c'),
    ("AND", "missing-term", 0, 3, '"AND"'),
    ("NOT a", "no-positive-term", 0, 5, "NOT coffee"),
]


@pytest.mark.parametrize(("text", "code", "start", "end", "hint"), [*PROXIMITY, *TERMS, *COUNTING, *FIELDS, *OTHER])
def test_one_fault_is_one_problem_with_a_remedy(text: str, code: str, start: int, end: int, hint: str) -> None:
    """What is wrong is said once, at its place, and the hint shows what to write in the user's own words if it can."""
    _, found = attempt(text)
    assert [(p.code, p.start, p.end) for p in found] == [(code, start, end)]
    assert hint in found[0].hint
    assert found[0].hint


@pytest.mark.parametrize(
    "text", [text for text, code, *_ in PROXIMITY if code in ("mixed-proximity", "not-positional", "unclear-minus")]
)
def test_a_suggested_rewriting_parses(text: str) -> None:
    """What is proposed for a wrong operand is a query that parses, alone or after the rest."""
    hint = attempt(text)[1][0].hint
    shown = re.search(r"(?:for example: |write )(.+)", hint)
    assert shown is None or attempt(f"x AND ({shown[1]})")[1] == (), hint


def test_many_problems_are_cut() -> None:
    """A hundred problems are reported, and that there are more; a hostile text has thousands."""
    _, found = attempt("* OR " * 1000 + "a")
    assert [p.code for p in found] == ["wildcard-too-short"] * 100 + ["more-problems"]
    assert found[100].start == 500


def test_several_forms_at_once() -> None:
    """Each part's own fault is found, whatever else is wrong."""
    text = "a near/5 b AND WEIGHT(c^5, d) >= 3 AND site:(x y) AND pre* AND ATLEAST/2(e AND f) AND (g"
    assert [code for code, _, _ in problems(text)] == [
        "lower-case-operator",
        "missing-weight",
        "bad-value",
        "wildcard-too-short",
        "not-positional",
        "unclosed-bracket",
    ]


def test_error_carries_the_query_and_reads_as_a_sentence() -> None:
    """The error names the query, and its text is fit for a user's eyes."""
    with pytest.raises(RuleSyntaxError, match=r"this quote is never closed \(at 2\)") as caught:
        parse('a "b')
    assert caught.value.query == 'a "b'
