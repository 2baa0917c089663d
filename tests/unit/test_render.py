"""What a reader gets to see: snippets, webhook bodies, times."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from monitor.model.hit import AlertDecision, Hit, Snippet, Span
from monitor.model.rule import Severity
from monitor.render.text import SNIPPET, iso, snippet
from monitor.render.webhook import MAX_WEBHOOK, digest_body, ping_body, webhook_body

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


# ── bodies of digests ──

URL = "https://monitor.example/digest/s1-ab.tag"


def digest(hits: list[Hit], copies: dict[str, list[Hit]] | None = None, total: int | None = None) -> dict[str, Any]:
    """The parsed data of a digest's webhook, which is within its limit."""
    total = len(hits) if total is None else total
    body = digest_body("s1-ab", NOW, hits, copies or {}, total, "2026-11-24 07:00", URL)
    assert len(body) <= MAX_WEBHOOK
    parsed = json.loads(body)
    assert {k: v for k, v in parsed.items() if k != "data"} == {"type": "digest.created", "timestamp": iso(NOW)}
    data: dict[str, Any] = parsed["data"]
    assert data.keys() == {"id", "run", "total", "url", "stories", "truncated"}
    assert (data["id"], data["run"], data["url"], data["total"]) == ("s1-ab", "2026-11-24 07:00", URL, total)
    return data


def numbered(number: int, rule: str = "vietnam", **changes: Any) -> Hit:
    """The hit of a rule on story ``number``, which is a second older than the one before."""
    changes = {"first_seen": NOW - number * 1_000, "title": f"Story {number}"} | changes
    return replace(HIT, id=f"{rule}.f1-{number}", rule=rule, story=f"f1-{number}", **changes)


def listed(data: dict[str, Any]) -> list[str]:
    """The titles in a digest, in order."""
    return [entry["story"]["title"] for entry in data["stories"]]


def test_digest_body_lists_stories_newest_first_with_their_rules() -> None:
    """One entry a story, whatever the order of hits; it looks like that of an alert, and names the copies."""
    copy = numbered(9, title="The same elsewhere", source="Other News", url=None)
    data = digest(
        [numbered(2), numbered(0), numbered(1), numbered(0, "jets", rule_name="Jets")],
        {"vietnam.f1-0": [copy], "jets.f1-0": [copy], "vietnam.f1-2": [], "unknown": [copy]},
    )
    assert listed(data) == ["Story 0", "Story 1", "Story 2"]
    assert [[rule["id"] for rule in e["rules"]] for e in data["stories"]] == [
        ["vietnam", "jets"],
        ["vietnam"],
        ["vietnam"],
    ]
    alert = json.loads(webhook_body("hit.created", "d", NOW, [numbered(0)]))["data"]
    assert data["stories"][0]["story"] == alert["story"]
    assert data["stories"][0]["rules"][0] == alert["rules"][0]
    assert data["stories"][0]["copies"] == [
        {"story": "f1-9", "title": "The same elsewhere", "url": None, "source": "Other News"}
    ]
    assert [e["copies"] for e in data["stories"][1:]] == [[], []]
    assert data["truncated"] is False


def test_digest_body_of_nothing() -> None:
    """An all-quiet digest is an empty list."""
    assert (digest([])["stories"], digest([])["truncated"]) == ([], False)


@pytest.mark.parametrize("count", [1, 10, 49, 300, 1_000])
def test_digest_body_lists_as_many_as_fit(count: int) -> None:
    """The newest that fit, in a row; the next one would not have fitted; and where some are missing it says so."""
    hits = [numbered(n) for n in range(count)]
    data = digest(hits)
    shown = len(data["stories"])
    assert listed(data) == [f"Story {n}" for n in range(shown)]
    assert data["truncated"] is (shown < count)
    if shown < count:
        whole = digest_body("s1-ab", NOW, hits[: shown + 1], {}, count, "2026-11-24 07:00", URL)
        assert len(json.loads(whole)["data"]["stories"]) == shown
        assert shown > 30


def test_digest_body_says_that_not_all_hits_were_loaded() -> None:
    """A digest that stands for more hits than it was given is not the whole."""
    data = digest([numbered(0)], total=1_500)
    assert (len(data["stories"]), data["truncated"], data["total"]) == (1, True, 1_500)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "長" * 30_000},
        {"url": "https://news.example/" + "u" * 30_000},
        {"source": '"' * 30_000},
        {"snippet": Snippet("\U0001f600" * 30_000, ())},
        {"spans": MANY},
        {"title": "\x01" * 9_000, "source": "\\" * 9_000, "spans": MANY, "rule_name": "\n" * 200},
    ],
    ids=["title", "url", "source", "snippet", "spans", "everything"],
)
def test_digest_body_is_not_blanked_by_one_story(changes: dict[str, Any]) -> None:
    """A story that is too long is shortened; it and those behind it are still listed, and it says ``truncated``."""
    data = digest([numbered(0, **changes), *(numbered(n) for n in range(1, 4))])
    assert listed(data)[1:] == ["Story 1", "Story 2", "Story 3"]
    assert data["stories"][0]["story"]["id"] == "f1-0"
    assert data["truncated"] is True


def test_digest_body_of_a_story_with_many_rules_and_copies() -> None:
    """A wire story that a hundred outlets carry and fifty rules match leaves room for the others."""
    copies = [
        numbered(n, title=f"The same as outlet number {n} has it", url=f"https://n{n}.example/") for n in range(100)
    ]
    everywhere = [numbered(0, f"rule{n}", rule_name="n" * 100, spans=MANY[:20]) for n in range(50)]
    data = digest([*everywhere, numbered(1), numbered(2)], {"rule0.f1-0": copies})
    assert listed(data) == ["Story 0", "Story 1", "Story 2"]
    assert data["stories"][0]["rules"]
    assert data["truncated"] is True
    some = digest([numbered(0), numbered(1)], {"vietnam.f1-0": copies})
    assert 5 <= len(some["stories"][0]["copies"]) < 100
    assert some["stories"][0]["rules"][0]["spans"]
    wide = [replace(copy, title="長" * 9_000) for copy in copies[:3]]
    assert listed(digest([numbered(0), numbered(1)], {"vietnam.f1-0": wide})) == ["Story 0", "Story 1"]
    few = digest([numbered(0)], {"vietnam.f1-0": copies[:8]})
    assert (len(few["stories"][0]["copies"]), few["truncated"]) == (8, False)


def test_digest_body_survives_lone_surrogates() -> None:
    """Text that is no valid Unicode still makes valid UTF-8."""
    assert listed(digest([numbered(0, title="a\ud800b")])) == ["a?b"]


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
