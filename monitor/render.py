"""What a reader gets to see: snippets, webhook bodies, times. Pure."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.model.hit import Hit, Snippet, Span

SNIPPET = 280
"""Most code points of a snippet."""
MAX_WEBHOOK = 20_000
"""Most bytes of a webhook body; receivers commonly refuse more."""
MAX_SPANS = 50
"""Most spans of one rule in a webhook body."""


def iso(ms: int | None) -> str | None:
    """Milliseconds since the epoch as RFC 3339 in UTC; None stays None."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snippet(body: str, spans: Sequence[Span]) -> Snippet:
    """The stretch of ``body`` that shows the most matched words, cut at words, with the spans inside."""
    marks = [(s.start, s.end) for s in spans if s.field == "body"]
    line = body.replace("\n", " ")
    start = _best_start(line, marks)
    end = min(len(line), start + SNIPPET)
    if end < len(line) and (space := line.rfind(" ", start + SNIPPET // 2, end)) > 0:
        end = space
    before, after = "…" if start else "", "…" if end < len(line) else ""
    shift = len(before) - start
    inside = tuple((a + shift, b + shift) for a, b in marks if start <= a and b <= end)
    return Snippet(before + line[start:end] + after, inside)


def _best_start(line: str, marks: list[tuple[int, int]]) -> int:
    """A little before the mark from which the most others are within reach, at the start of a word."""
    reach = SNIPPET - 80
    short = [(a, b) for a, b in marks if b - a <= reach] or marks[:1]
    starts, ends = sorted(a for a, _ in short), sorted(b for _, b in short)
    # Short marks that end within reach are those that begin there, and those that begin before.
    best = max(starts, key=lambda a: (bisect_right(ends, a + reach) - bisect_left(starts, a), -a), default=0)
    if best <= 60:
        return 0
    return line.find(" ", best - 61, best) + 1 or best - 60


def webhook_body(kind: str, delivery: str, created_at: int, hits: Sequence[Hit]) -> bytes:
    """The body of a hit's webhook: one story and every rule that it matched, as compact JSON.

    ``hits`` are of one story and not empty. A rule shows MAX_SPANS spans at most; bodies over
    MAX_WEBHOOK bytes lose spans, then rules. Either says ``truncated``.
    """
    first = hits[0]
    rules = [
        {
            "id": hit.rule,
            "name": hit.rule_name,
            "version": hit.rule_version,
            "score": hit.score,
            "severity": hit.severity.value,
            "hit": hit.id,
            "spans": [{"field": s.field, "start": s.start, "end": s.end} for s in hit.spans[:MAX_SPANS]],
        }
        for hit in hits
    ]
    story = {
        "id": first.story,
        "title": first.title,
        "url": first.url,
        "source": first.source,
        "published": iso(first.published),
        "first_seen": iso(first.first_seen),
        "language": first.language,
        "snippet": first.snippet.text,
    }
    data: dict[str, Any] = {"id": delivery, "story": story, "rules": rules}
    if any(len(hit.spans) > MAX_SPANS for hit in hits):
        data["truncated"] = True
    return _fitted({"type": kind, "timestamp": iso(created_at), "data": data})


def _fitted(event: dict[str, Any]) -> bytes:
    body = _dump(event)
    data = event["data"]
    for most in (10, 0):
        if len(body) <= MAX_WEBHOOK:
            return body
        for rule in data["rules"]:
            rule["spans"] = rule["spans"][:most]
        data["truncated"] = True
        body = _dump(event)
    while len(body) > MAX_WEBHOOK and len(data["rules"]) > 1:
        data["rules"] = data["rules"][: len(data["rules"]) // 2]
        body = _dump(event)
    for name in ("snippet", "title", "url", "source"):
        if len(body) > MAX_WEBHOOK and (value := data["story"][name]):
            data["story"][name] = None if name == "url" else value[:500]
            body = _dump(event)
    return body


def ping_body(subscription: str, now: int) -> bytes:
    """The body of a test call."""
    return _dump({"type": "test.ping", "timestamp": iso(now), "data": {"id": subscription, "message": "It works."}})


def _dump(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
