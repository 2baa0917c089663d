"""Which places a story is about: title, dateline, lead and count weigh, a passing mention does not."""

from __future__ import annotations

import pytest

from monitor.match.places import THRESHOLD, rank
from monitor.text.places import gazetteer
from monitor.text.tokens import tokenize

FILLER = "The committee met again and went through the papers that members had asked for in the spring. " * 12


def ranks(title: str, body: str) -> dict[str, float]:
    """The prominence of the places of a story."""
    heading, words = list(tokenize(title)), list(tokenize(body))
    return rank(heading, words, gazetteer().find([*heading, *words]), gazetteer())


@pytest.mark.parametrize(
    ("title", "body", "place", "about"),
    [
        ("Vietnam orders jets", FILLER, "vn", True),
        ("Army orders jets", f"HANOI, Oct 3 (Reuters) - {FILLER}", "vn", True),
        ("Army orders jets", f"HANOI — {FILLER}", "vn", True),
        ("Army orders jets", f"Vietnam ordered jets. Hanoi wants more, Vietnamese officers said. {FILLER}", "vn", True),
        ("Army orders jets", "The army of Vietnam ordered jets.", "vn", True),
        ("Army orders jets", f"{FILLER} He once lived in Vietnam.", "vn", False),
        ("Army orders jets", f"{FILLER} He once lived in Vietnam.", "r.asia", False),
        ("Army orders jets", "", "vn", False),
        ("Putin lands in Hanoi", FILLER, "r.asia", True),
        ("Vietnam War veterans meet", f"Vietnam veterans met. {FILLER}", "vn", False),
        (
            "Leaders meet",
            f"{FILLER} Japan, India, Vietnam, Laos, Nepal, Qatar, Iran, Japan, India, China and Thailand.",
            "in",
            False,
        ),
    ],
)
def test_what_a_story_is_about(title: str, body: str, place: str, about: bool) -> None:
    """A place in the title, the dateline or a dense lead is what the story is about; one named in passing is not."""
    assert (ranks(title, body).get(place, 0.0) >= THRESHOLD) is about


def test_a_wider_place_is_at_least_as_prominent() -> None:
    """What speaks for a city speaks for its country and region as well."""
    found = ranks("Talks in Hanoi", f"Officials of Vietnam met in Hanoi. {FILLER}")
    assert found["vn.hanoi"] <= found["vn"] <= found["r.asean"] <= found["r.asia"]


def test_prominence_is_between_0_and_1() -> None:
    """However often a place is named, its prominence stays a share."""
    found = ranks("Japan " * 50, "Japan " * 3_000)
    assert 0.99 < found["jp"] <= 1.0
