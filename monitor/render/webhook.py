"""Bodies of webhooks: compact JSON, at most MAX_WEBHOOK bytes."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.model.hit import Hit
from monitor.render.text import iso

MAX_WEBHOOK = 20_000
"""Most bytes of a webhook body; receivers commonly refuse more."""
MAX_SPANS = 50
"""Most spans of one rule in a webhook body."""


def webhook_body(kind: str, delivery: str, created_at: int, hits: Sequence[Hit]) -> bytes:
    """The body of a hit's webhook: one story and every rule that it matched, as compact JSON.

    ``hits`` are of one story and not empty. A rule shows MAX_SPANS spans at most; bodies over
    MAX_WEBHOOK bytes lose spans, then rules. Either says ``truncated``.
    """
    data: dict[str, Any] = {"id": delivery, "story": _story(hits[0]), "rules": [_rule(hit) for hit in hits]}
    if any(len(hit.spans) > MAX_SPANS for hit in hits):
        data["truncated"] = True
    return _fitted({"type": kind, "timestamp": iso(created_at), "data": data})


def digest_body(
    delivery: str,
    created_at: int,
    hits: Sequence[Hit],
    copies: Mapping[str, Sequence[Hit]],
    total: int,
    run: str,
    url: str,
) -> bytes:
    """The body of a digest's webhook: a story and its rules an entry, newest first, as compact JSON.

    ``total`` hits wait to be told; as many stories are listed as fit into MAX_WEBHOOK bytes, and where that is not
    all of them it says ``truncated``. All can be read at ``url``.
    """
    by_story: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda h: h.first_seen, reverse=True):
        by_story.setdefault(hit.story, []).append(hit)
    stories = [
        {"story": _story(group[0]), "rules": [_rule(hit) for hit in group], "copies": _copies(group, copies)}
        for group in by_story.values()
    ]
    data: dict[str, Any] = {"id": delivery, "run": run, "total": total, "url": url}
    event = {"type": "digest.created", "timestamp": iso(created_at), "data": data}

    def first(count: int) -> bytes:
        data["stories"], data["truncated"] = stories[:count], count < len(stories) or total > len(hits)
        return _dump(event)

    # The largest count that fits: each more makes the body longer.
    fits = bisect_right(range(len(stories) + 1), MAX_WEBHOOK, key=lambda count: len(first(count)))
    return first(max(fits - 1, 0))


def _story(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.story,
        "title": hit.title,
        "url": hit.url,
        "source": hit.source,
        "published": iso(hit.published),
        "first_seen": iso(hit.first_seen),
        "language": hit.language,
        "snippet": hit.snippet.text,
    }


def _rule(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.rule,
        "name": hit.rule_name,
        "version": hit.rule_version,
        "score": hit.score,
        "severity": hit.severity.value,
        "hit": hit.id,
        "spans": [{"field": s.field, "start": s.start, "end": s.end} for s in hit.spans[:MAX_SPANS]],
    }


def _copies(group: Sequence[Hit], copies: Mapping[str, Sequence[Hit]]) -> list[dict[str, Any]]:
    found = {copy.story: copy for hit in group for copy in copies.get(hit.id, ())}
    return [{"story": c.story, "title": c.title, "url": c.url, "source": c.source} for c in found.values()]


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
