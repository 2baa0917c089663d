"""What a page says around its story, and what only looks like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import noise_lines
from monitor.text.noise import noise
from tests.unit.noise_cases import LINES, PROSE

STORY = "Vietnam will buy eleven jets, the ministry said."


def left(text: str) -> list[str]:
    """The lines that are left of the text without its noise."""
    kept, before = [], 0
    for start, end in noise(text):
        kept.append(text[before:start])
        before = end
    lines = "".join([*kept, text[before:]]).splitlines()
    return [line.strip() for line in lines if line.strip()]


# ── noise ──


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_furniture_is_noise(line: str) -> None:
    """Above, below and between paragraphs, in any case, behind a bullet; nothing of the story goes with it."""
    for shown in (line, line.upper(), f"  • {line}  ", f"- {line}", f"> {line}\u00a0", line.replace("’", "'")):
        if shown == line.upper() and ("Source" in line or "Quelle" in line or "by " in line.lower()):
            continue  # in capitals, all words look like names
        assert left(f"{shown}\n\n{STORY}\n{shown}\n\n{STORY}\n{shown}\n") == [STORY, STORY], shown


@pytest.mark.parametrize("line", LINES)
def test_text_that_is_all_noise_is_one_range(line: str) -> None:
    """From its first to its last character, white space included."""
    text = f"\n {line}\n\n— \n{line}. \n"
    assert noise(text) == [(0, len(text))]


@pytest.mark.parametrize(
    "box",
    [
        "  • Oops!\n    Something went wrong.\n    Please try again later.",
        "Sorry\n\nAn error occurred\n\nTry again",
        "Fehler\nEin Fehler ist aufgetreten.\nBitte versuchen Sie es später erneut.",
        "Oups !\nUne erreur est survenue.\nVeuillez réessayer plus tard.",
        "Share this article\nFacebook\nTwitter\nEmail",
        "Facebook\n\nX\n\nCopy link",
        "Article URL: https://a.example/b\nComments URL: https://c.example/d\nPoints: 3\n# Comments: 1",
        "Advertisement\r\nSkip ad\r\n",
    ],
)
def test_a_box_is_one_range(box: str) -> None:
    """Words that page and story share are noise beside what is noise anyway, empty lines between them or not."""
    text = f"{STORY}\n\n{box}\n\n{STORY}"
    assert len(noise(text)) == 1
    assert left(text) == [STORY, STORY]


@pytest.mark.parametrize(
    "tail",
    [
        "Read more",
        "Continue reading…",
        "Click here to subscribe.",
        "Sign up for our newsletter. All rights reserved.",
        "Read the full story",
        "Read the full report at www.news.example.",
        "Weiterlesen",
        "Lire la suite",
        "The post Yes, he came. No, he didn’t stay. appeared first on Hanoi.example.",
        "Der Beitrag Putin in Hanoi erschien zuerst auf Beispiel.",
        "L’article Poutine à Hanoï est apparu en premier sur Exemple.",
        "La entrada Putin en Hanói se publicó primero en Ejemplo.",
        "submitted by /u/someone [link] [comments]",
        "The post Arms appeared first on News.\nShare this article\nFacebook",
    ],
)
@pytest.mark.parametrize("body", [STORY, "Vietnam will buy […]", "Vietnam will buy jets …", "Will Vietnam buy?"])
def test_a_call_to_act_at_the_end_of_a_line_is_noise(body: str, tail: str) -> None:
    """A whole sentence is cut from the end of the story's last paragraph, and no more."""
    assert left(f"{STORY}\n{body} {tail}") == [STORY, body]


def test_a_call_to_act_at_the_start_of_a_line_is_noise() -> None:
    """A whole sentence is cut from the start of a paragraph, and no more."""
    assert left(f"Sign up for our newsletter. Read more. {STORY}") == [STORY]


# ── prose ──


@pytest.mark.parametrize("line", PROSE)
def test_prose_stays(line: str) -> None:
    """A sentence that says more than furniture says, or that quotes it, is part of the story wherever it stands."""
    for text in (line, f"{STORY}\n\n{line}\n\n{STORY}", f"{STORY} {line} {STORY}", f"• {line}"):
        assert noise(text) == [], text


@pytest.mark.parametrize(
    "text",
    [
        "The bank said in a statement that it will buy 500,000 of its own\nshares, and 300 of another\nadvertisement.",
        "The company that had been founded in Hanoi was sold for 3 bln to the\nGetty Images\ngroup.",
        "The site told its readers that they had to do one thing, which was to\nclick here to vote. They did not.",
        "The ministry said in a statement on Monday that it would, in June,\nread more\nof it.",
        "He gave no reason. The committee then met to go through the report. Read more\nof it, said the chair.",
    ],
)
def test_a_line_broken_at_a_fixed_width_is_prose(text: str) -> None:
    """The rest of a sentence that stands alone on a line is no line of its own."""
    assert noise(text) == []


def test_the_companies_of_a_list_are_prose() -> None:
    """Names of networks are furniture only beside a button, and an outlet's name alone is never."""
    assert noise("The fined firms are:\n• Facebook\n• Twitter\n• Reuters\n" + STORY) == []


def test_the_signature_must_end_the_story() -> None:
    """A sentence about a post that appeared somewhere is prose while the story goes on."""
    assert noise(f"The post Trump shared appeared first on Truth Social.\n{STORY}") == []


# ── any text ──

PIECES = st.sampled_from(
    [*LINES, *PROSE, "Oops!", "Twitter", "\n", "\r\n", "\u2028", " ", "“", ". ", "•", "12", "İ", "ß"]
)


@given(
    st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join), st.lists(PIECES).map("\n".join))
)
def test_ranges_are_valid(text: str) -> None:
    """For any text: ascending, disjoint, not empty, within the text, and the same every time."""
    found = noise(text)
    ends = [offset for span in found for offset in span]
    assert ends == sorted(set(ends))
    assert all(0 <= offset <= len(text) for offset in ends)
    assert noise(text) == found


@given(st.lists(st.sampled_from(PROSE[-20:]), min_size=1), st.sampled_from(LINES))
def test_noise_takes_no_prose_along(story: list[str], line: str) -> None:
    """Paragraphs of prose come out whole, whatever stands below them."""
    story = [each for each in story if each not in ("Yes", "No", "Got it?", "Facebook", "Twitter")]
    body = "\n\n".join([*story, STORY])
    assert left(f"{body}\n\n{line}") == [*story, STORY]


def test_nothing_is_no_noise() -> None:
    """Text without words has no ranges."""
    assert [noise(text) for text in ("", "\n", " ", "…", "•\n—")] == [[]] * 5


@pytest.mark.parametrize(
    "piece",
    [
        "a\n", "\n", "\r\n", "1\n", " ", ". ", "Read more. ", "Read more\n", "Oops!\n", "Oops! ", "Share\nx\n",
        "The post ", " appeared first on ", "We use cookies. ", "submitted by /u/ [comments]\n", "click here to ",
        "Sources: ", "Sources: A, B, C, Times\n", "“", "©", "© 2024 ", ":", "share this ",
        "sign up for our newsletter x\n", "İ", "\u0301",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "The post A ", "Share\n", "Sources: "])
def test_hostile_text_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one piece are looked through in well under a second of processor time."""
    started = time.process_time()
    noise(start + piece * (100_000 // len(piece)) + "a")
    assert time.process_time() - started < 0.5


def test_shapes_are_written_as_they_are_compared() -> None:
    """A shape with a capital letter, or with an unclosed group, could never be met."""
    shapes = [*noise_lines.EDGE, *noise_lines.LINE, *noise_lines.BESIDE, *noise_lines.TOGETHER]
    assert [shape for shape in shapes if shape != shape.lower()] == []
    assert [
        shape for shape in shapes if shape.count("(") != shape.count(")") or shape.count("[") != shape.count("]")
    ] == []
    assert [shape for shape in shapes if any(mark in shape[:-1] for mark in "*@~")] == []
