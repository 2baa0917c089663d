"""Bodies of webhooks: compact JSON, at most MAX_WEBHOOK bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
