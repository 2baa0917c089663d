"""The rule language: how much a query may ask for, and that no text takes long."""

from __future__ import annotations

import sys
import time

import pytest

from monitor.query import parse, unparse
from monitor.query.ast import Plain, Word
from monitor.query.limits import MAX_DEPTH, MAX_HEIGHT, MAX_LENGTH, MAX_TERMS
from tests.unit.test_query_problems import attempt, problems


def test_length_limit() -> None:
    """A query of the longest length is read, one code point more is refused at that place."""
    assert parse("a" * MAX_LENGTH) == Plain((Word("a" * MAX_LENGTH),))
    assert problems("a" * (MAX_LENGTH + 1)) == [("too-long", MAX_LENGTH, MAX_LENGTH + 1)]


def test_term_limit() -> None:
    """As many terms as allowed are read, one more is refused."""
    assert parse("a " * MAX_TERMS)
    text = "a " * (MAX_TERMS + 1)
    assert problems(text) == [("too-many-terms", 0, len(text))]


@pytest.mark.parametrize(
    "opening",
    ["(", "NOT ", "-", "title:", "title:(", "NOT (", "FIRST/9(", "1 OF (", "b NEAR/3 (", "(c OR b NEAR/3 "],
)
def test_depth_limit(opening: str) -> None:
    """Nesting up to the limit is read, whatever nests; one level more is one problem, not fifty."""
    close = ")" if "(" in opening else ""
    assert parse("b OR " + opening * MAX_DEPTH + "a" + close * MAX_DEPTH)
    text = "b OR " + opening * (MAX_DEPTH + 1) + "a" + close * (MAX_DEPTH + 1)
    assert [code for code, _, _ in problems(text)] == ["too-deep"]


def test_height_limit() -> None:
    """A chain of proximity nests its left side, so its length is limited, and that of chains within chains."""
    assert parse("a NEAR/3 " * (MAX_HEIGHT - 1) + "a")
    assert [code for code, _, _ in problems("a NEAR/3 " * MAX_HEIGHT + "a")] == ["too-deep"]
    chains = "(" * 30 + "a" + " NEAR/3 b NEAR/3 c NEAR/3 d NEAR/3 e)" * 30
    assert [code for code, _, _ in problems(chains)] == ["too-deep"]


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [("(", ")", 50), ("title:(", ")", 50), ("WEIGHT((", ")^5) >= 5", 25), ("(c OR b NEAR/3 ", ")", 50)],
)
def test_the_deepest_query_leaves_room_on_the_stack(opening: str, closing: str, levels: int) -> None:
    """The deepest query is read, written and compared within 700 calls: no caller has to fear for its stack."""
    text = f"b OR {opening * levels}a{closing * levels}"
    frame, used = sys._getframe(), 0
    while frame := frame.f_back:
        used += 1
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(used + 700)
    try:
        tree = parse(text)
        assert parse(unparse(tree)) == tree
    finally:
        sys.setrecursionlimit(usual)


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
        "«",
        "{",
        "}",
        "{a}",
        "a^",
        "^",
        "a,",
        ",",
        '"a",',
        "1,000,",
        "1 ",
        "1 OF (",
        "2 OF (a, ",
        "WEIGHT(",
        "WEIGHT(a^5, ",
        "WEIGHT(a^5)      ",
        ")(",
        "a NEAR/3 ",
        "(a NEAR/3 ",
        "a NOT NEAR/3 ",
        "a NEAR/3 b ONEAR/3 ",
        "(a AND b) NEAR/3 c AND ",
        "NEAR / ",
        "a near/5 ",
        "W/5 ",
        "ATLEAST/2(",
        "title:(",
        "site:(",
        "site:(a b ",
        "lang:x OR ",
        "abcde* OR ",
        "*",
        "a*",
        "=",
        "東京* ",
    ],
)
def test_hostile_text_is_judged_in_linear_time(piece: str) -> None:
    """The longest query of one repeated piece takes well under a second of processor time (measured: 40 ms)."""
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    started = time.process_time()
    tree, found = attempt(text)
    assert time.process_time() - started < 0.5
    assert (tree is None) == bool(found)
