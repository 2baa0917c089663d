"""What a reader gets to see: snippets, webhook bodies, times."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from monitor.model.hit import AlertDecision, Hit, Snippet, Span
from monitor.model.rule import Severity
from monitor.render.text import SNIPPET, iso, snippet
from monitor.render.webhook import MAX_WEBHOOK, ping_body, webhook_body

NOW = 1_700_000_000_123
HIT = Hit(
    id="vietnam.f1-a",
    rule="vietnam",
    rule_name="Vietnam arms",
    rule_version=3,
    rule_tags=("asia",),
    severity=Severity.HIGH,
    story="f1-a",
    title="Hanoi weighs “F-16” jets \U0001f600",
    url="https://news.example/1",
    source="Example News",
    language="en",
    published=None,
    first_seen=NOW,
    matched_at=NOW,
    score=1.0,
    spans=(Span("title", 0, 5), Span("body", 4, 9)),
    snippet=Snippet("The jets", ((4, 8),)),
    decision=AlertDecision(True, "live"),
    link_key=None,
    text_key=None,
)


def marked(body: str, word: str) -> list[Span]:
    """Spans of every occurrence of a word."""
    return [Span("body", i, i + len(word)) for i in range(len(body)) if body.startswith(word, i)]


# ── snippets ──

FILLER = "Some words that say nothing of it. "


@pytest.mark.parametrize(
    "body",
    [
        "arms",
        "arms deal signed in Hanoi",
        FILLER * 2 + "arms" + FILLER * 40,
        FILLER * 40 + "arms " + FILLER * 40,
        FILLER * 40 + "arms",
        FILLER * 30 + "a new arms deal, more arms and arms again. " + FILLER * 30 + "arms",
        "\U0001f600 \u200fשלום\n" * 40 + "arms\n\u00ad" * 3 + "後" * 900,
        "x" * 5_000 + "arms" + "y" * 5_000,
        "line\n" * 100 + "arms" + "\nline" * 100,
    ],
)
def test_snippet_shows_the_matched_words(body: str) -> None:
    """Spans of a snippet point to the very words that the spans of the body point to."""
    made = snippet(body, marked(body, "arms"))
    assert made.spans
    assert all(made.text[start:end] == "arms" for start, end in made.spans)
    assert len(made.text.strip("…")) <= SNIPPET
    assert "\n" not in made.text
    assert made.text.strip("…") in body.replace("\n", " ")
    assert made.text.startswith("…") == (not body.replace("\n", " ").startswith(made.text.rstrip("…")))


def test_snippet_is_where_most_matches_are() -> None:
    """Of several places the one with the most matched words is shown, the first among equals."""
    body = "arms " + FILLER * 20 + "dense arms arms arms here. " + FILLER * 20 + "arms"
    made = snippet(body, marked(body, "arms"))
    assert len(made.spans) == 3
    assert "dense" in made.text
    even = "first arms. " + FILLER * 20 + "second arms. "
    assert "first" in snippet(even, marked(even, "arms")).text


@pytest.mark.parametrize("before", range(3))
def test_snippet_is_cut_at_words(before: int) -> None:
    """Neither end of a snippet shows half a word where there are spaces to cut at."""
    body = "x" * before + " purchase" * 30 + " arms" + " purchase" * 40
    inner = snippet(body, marked(body, "arms")).text.strip("… ")
    assert {word.strip("x") for word in inner.split()} <= {"purchase", "arms", ""}


def test_snippet_without_a_match_in_the_body() -> None:
    """A hit by the title alone shows how the body begins."""
    made = snippet(FILLER * 40, [Span("title", 0, 4)])
    assert (made.text[:10], made.spans) == (FILLER[:10], ())
    assert made.text.endswith("…")
    assert snippet("", [Span("title", 0, 4)]) == Snippet("", ())


def test_snippet_of_a_text_full_of_matches_takes_no_quadratic_time() -> None:
    """A spam story that repeats the watched word thousands of times does not hold up the matcher."""
    body = "Putin " * 16_000
    spans = marked(body, "Putin")
    started = time.process_time()
    made = snippet(body, spans)
    assert time.process_time() - started < 0.25
    assert made.spans


# ── webhook bodies ──


def event(*hits: Hit) -> dict[str, object]:
    """The parsed body of a webhook, which is within its limit."""
    body = webhook_body("hit.created", "d1", NOW, hits)
    assert len(body) <= MAX_WEBHOOK
    parsed = json.loads(body)
    assert (parsed["type"], parsed["timestamp"], parsed["data"]["id"]) == ("hit.created", iso(NOW), "d1")
    assert parsed["data"]["story"]["id"] == "f1-a"
    assert parsed["data"]["rules"][0]["id"] == "vietnam"
    return parsed


def test_webhook_body_names_the_story_and_every_rule() -> None:
    """The body is the public contract: type, timestamp, story, and the rules with their spans."""
    data = event(HIT, replace(HIT, id="jets.f1-a", rule="jets", rule_name="Jets"))["data"]
    assert data == {
        "id": "d1",
        "story": {
            "id": "f1-a",
            "title": HIT.title,
            "url": "https://news.example/1",
            "source": "Example News",
            "published": None,
            "first_seen": "2023-11-14T22:13:20.123Z",
            "language": "en",
            "snippet": "The jets",
        },
        "rules": [
            {
                "id": id_,
                "name": name,
                "version": 3,
                "score": 1.0,
                "severity": "high",
                "hit": f"{id_}.f1-a",
                "spans": [{"field": "title", "start": 0, "end": 5}, {"field": "body", "start": 4, "end": 9}],
            }
            for id_, name in (("vietnam", "Vietnam arms"), ("jets", "Jets"))
        ],
    }


MANY = tuple(Span("body", i, i + 1) for i in range(20_000))


@pytest.mark.parametrize(
    "hits",
    [
        [replace(HIT, spans=MANY)],
        [replace(HIT, rule_name="n" * 200, spans=MANY[:200])] * 300,
        [replace(HIT, rule_name="名" * 200)] * 300,
        [replace(HIT, title="長" * 30_000)],
        [replace(HIT, url="https://news.example/" + "u" * 30_000)],
        [replace(HIT, source='"' * 30_000)],
        [replace(HIT, snippet=Snippet("\U0001f600" * 30_000, ()))],
        [replace(HIT, title="\x01" * 9_000, source="\\" * 9_000, spans=MANY, rule_name="\n" * 200)] * 9,
    ],
    ids=["spans", "rules", "wide rules", "title", "url", "source", "snippet", "everything"],
)
def test_webhook_body_is_cut_and_says_so(hits: list[Hit]) -> None:
    """However much there is to say, the body stays under its limit, valid, and marked as truncated."""
    assert event(*hits)["data"]["truncated"] is True


def test_webhook_body_loses_as_little_as_it_can() -> None:
    """Spans go before rules, and rules before the story's own text."""
    data = event(*[replace(HIT, rule_name="n" * 100, spans=MANY)] * 20)["data"]
    assert len(data["rules"]) == 20
    assert data["story"]["title"] == HIT.title
    assert data["rules"][0]["spans"]
    assert "truncated" not in event(HIT)["data"]
    few = event(replace(HIT, spans=MANY[:51]))["data"]
    assert (len(few["rules"][0]["spans"]), few["truncated"]) == (50, True)


def test_webhook_body_survives_lone_surrogates() -> None:
    """Text that is no valid Unicode still makes valid UTF-8."""
    assert event(replace(HIT, title="a\ud800b"))["data"]["story"]["title"] == "a?b"


def test_ping_body() -> None:
    """A test call has a type of its own."""
    parsed = json.loads(ping_body("s1", NOW))
    assert (parsed["type"], parsed["timestamp"], parsed["data"]["id"]) == ("test.ping", iso(NOW), "s1")


# ── times ──


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00.000Z"),
        (NOW, "2023-11-14T22:13:20.123Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (4_102_444_800_999, "2100-01-01T00:00:00.999Z"),
    ],
)
def test_iso(ms: int | None, text: str | None) -> None:
    """Times are RFC 3339 in UTC with milliseconds, exactly."""
    assert iso(ms) == text
