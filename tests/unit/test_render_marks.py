"""Texts of a mail with their matched words: marked, cleaned, cut and wrapped without a loss."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.render.marks import COLUMNS, clean, cut, line, matched, merged, pieces, starred, wrapped

SPANS = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=8)


@given(st.text(max_size=30), SPANS)
def test_marks_neither_lose_nor_repeat_text(text: str, spans: list[tuple[int, int]]) -> None:
    """Whatever the spans, the pieces are the text, and marked are the characters inside a span."""
    made = pieces(text, spans)
    assert "".join(piece.text for piece in made) == clean(text)
    inside = [any(a <= at < b for a, b in spans) for at in range(len(text))]
    expected = "".join(clean(c) for c, marked in zip(text, inside, strict=True) if marked and not c.isspace())
    # Marks with only space between are joined, so spaces are left out of the comparison.
    assert re.sub(r"\s", "", "".join(p.text for p in made if p.marked)) == re.sub(r"\s", "", expected)


@given(SPANS, st.integers(0, 30))
def test_merged_spans_are_apart(spans: list[tuple[int, int]], length: int) -> None:
    """Spans come out in order, not empty, in range, with something between them."""
    places = [edge for span in merged(spans, length) for edge in span]
    assert places == sorted(set(places))
    assert all(0 <= place <= length for place in places)


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([], "fighter jets fly"),
        ([(0, 12)], "*fighter jets* fly"),
        ([(8, 12), (0, 7)], "*fighter jets* fly"),
        ([(0, 12), (8, 12), (3, 5)], "*fighter jets* fly"),
        ([(0, 7), (13, 16)], "*fighter* jets *fly*"),
        ([(5, 5), (9, 3), (40, 50), (-4, -1)], "fighter jets fly"),
        ([(-4, 3), (13, 99)], "*fig*hter jets *fly*"),
    ],
)
def test_marked_words_are_starred(spans: list[tuple[int, int]], text: str) -> None:
    """Plain text has its matched words between asterisks."""
    assert starred(pieces("fighter jets fly", spans)) == text


def test_matched_words_are_named_once() -> None:
    """Words stand as in the text, once whatever their case, and eight of them at most."""
    assert matched([("Arms and ARMS", [(0, 4), (9, 13)]), ("jets", [(0, 4)])]) == ("Arms", "jets")
    assert matched([("a b c d e f g h i j", [(i, i + 1) for i in range(0, 19, 2)])]) == tuple("abcdefgh")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("a\x00\x1b[31m\x85b", "a [31m b"),
        ("a\u2028b\u2029c", "a b c"),
        ("a\u202eb\u2066c", "abc"),
        ("a\ud800b", "a\ufffdb"),
        ("👩\u200d🚒 می\u200cخواهم", "👩\u200d🚒 می\u200cخواهم"),
    ],
)
def test_hostile_characters_are_cleaned(text: str, cleaned: str) -> None:
    """Control characters, line separators, direction overrides and surrogates do no harm; joiners stay."""
    assert line(text) == cleaned


@given(st.text(), st.integers(1, 40))
def test_cut_text_is_no_longer_than_asked(text: str, most: int) -> None:
    """A cut text fits, and says that it was cut."""
    made = cut(text, most)
    assert len(made) <= most
    assert made == text or made.endswith("…")


@given(st.text(alphabet="ab長安。, \n", max_size=300), st.sampled_from(["", "  "]))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, indent: str) -> None:
    """All words are there in order, and only what cannot be broken is longer than a line."""
    lines = wrapped(text, indent).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(row.startswith(indent) for row in lines)
    for row in lines:
        assert sum(1 + (c > "\u2e80") for c in row) <= COLUMNS + 2 or not re.search(r"[ 長安]", row.strip())


def test_wrapping_breaks_no_url() -> None:
    """An address longer than a line stays whole, on a line of its own."""
    url = "https://news.example/" + "long-path/" * 20
    assert f"\n{url}\n" in wrapped(f"Read this: {url} and tell {'x' * 70}")
