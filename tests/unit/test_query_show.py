"""How a problem is shown in the query it is in."""

from __future__ import annotations

import pytest

from monitor.errors import Problem, RuleSyntaxError
from monitor.query import parse
from monitor.query.show import WIDTH, caret, marked


def test_a_problem_is_shown_under_its_place() -> None:
    """The query's line, carets under the place, what is wrong and what to write."""
    with pytest.raises(RuleSyntaxError) as caught:
        parse("a AND pre*")
    assert caret("a AND pre*", caught.value.problems[0]).split("\n") == [
        "a AND pre*",
        "      ^^^^",
        "a wildcard needs at least 4 letters or digits: pre*",
        "* and ? stand for characters; write the words out, joined by OR",
    ]


@pytest.mark.parametrize(
    ("text", "place", "line", "carets"),
    [
        ("a\nbc AND d\ne", (5, 8), "bc AND d", "   ^^^"),
        ("a\r\nb (c\nd", (5, 9), "b (c", "  ^^"),
        ("a\u2028b", (2, 3), "b", "^"),
        ("東京 OR x", (6, 7), "東京 OR x", "        ^"),
        ("x 東京", (2, 4), "x 東京", "  ^^^^"),
        ("e\u0301a b", (4, 5), "e\u0301a b", "   ^"),
        ("a\tb\x00c", (4, 5), "a b c", "    ^"),
        ("\u202eab\u200b c", (5, 6), "ab c", "   ^"),
        ("\ud800 a", (2, 3), "\ufffd a", "  ^"),
        ("", (0, 0), "", "^"),
        ("a", (1, 1), "a", " ^"),
        ("a", (5, 9), "a", " ^"),
    ],
)
def test_carets_stand_under_the_characters(text: str, place: tuple[int, int], line: str, carets: str) -> None:
    """Wide characters take two columns, marks none; what would move the cursor or can't be written is replaced."""
    assert marked(text, place) == f"{line}\n{carets}"


@pytest.mark.parametrize("wide", ["x", "東", "e\u0301"])
@pytest.mark.parametrize(("start", "end"), [(0, 3), (5, 900), (500, 503), (500, 990), (997, 1000), (0, 1000)])
def test_a_long_line_is_cut_around_the_place(wide: str, start: int, end: int) -> None:
    """A long query is shown in one line of a terminal, and the first caret stands under the first character."""
    text = wide * start + "!" + wide * 999
    line, carets = marked(text, (len(wide) * start, len(wide) * end)).split("\n")
    columns = [0 if char == "\u0301" else 2 if char == "東" else 1 for char in line]
    assert sum(columns) <= WIDTH + len("… ") + len(" …")
    assert carets.lstrip(" ").strip("^") == ""
    assert len(carets) <= sum(columns)
    under = carets.index("^")
    assert line[max(i for i in range(len(line)) if sum(columns[:i]) == under)] == "!"


def test_a_problem_without_a_hint_has_no_line_for_it() -> None:
    """Nothing is printed where there is nothing to say."""
    assert caret("ab", Problem("code", "wrong", 1, 2)) == "ab\n ^\nwrong"
