"""Bodies of webhooks: compact JSON, at most MAX_WEBHOOK bytes."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.model.hit import Hit
from monitor.render.text import iso

MAX_WEBHOOK = 20_000
"""Most bytes of a webhook body; receivers commonly refuse more."""
MAX_SPANS = 50
"""Most spans of one rule in a webhook body."""
MAX_ENTRY = 4_000
"""Bytes from which on a story of a digest is shortened, so that one of them cannot take the place of all others."""


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

    ``total`` hits wait to be told; as many stories are listed as fit into MAX_WEBHOOK bytes, none of them much longer
    than MAX_ENTRY. Where that is not everything it says ``truncated``. All can be read at ``url``.
    """
    by_story: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda h: h.first_seen, reverse=True):
        by_story.setdefault(hit.story, []).append(hit)
    entries = [_entry(group, copies) for group in by_story.values()]
    stories, shortened = [entry for entry, _ in entries], any(cut for _, cut in entries)
    data: dict[str, Any] = {"id": delivery, "run": run, "total": total, "url": url}
    event = {"type": "digest.created", "timestamp": iso(created_at), "data": data}

    def first(count: int) -> bytes:
        data["stories"], data["truncated"] = stories[:count], shortened or count < len(stories) or total > len(hits)
        return _dump(event)

    # The largest count that fits: each more makes the body longer.
    fits = bisect_right(range(len(stories) + 1), MAX_WEBHOOK, key=lambda count: len(first(count)))
    return first(max(fits - 1, 0))


def _entry(group: Sequence[Hit], copies: Mapping[str, Sequence[Hit]]) -> tuple[dict[str, Any], bool]:
    """A story with its rules and copies, and whether something was left out."""
    rules = [_rule(hit) for hit in group]
    entry: dict[str, Any] = {"story": _story(group[0]), "rules": rules, "copies": _copies(group, copies)}
    shortened = any(len(hit.spans) > MAX_SPANS for hit in group)
    if len(_dump(entry)) > MAX_ENTRY:
        shortened = True
        _shorten(entry, lambda: len(_dump(entry)) > MAX_ENTRY)
    return entry, shortened


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
    data = event["data"]
    if len(_dump(event)) > MAX_WEBHOOK:
        data["truncated"] = True
        _shorten(data, lambda: len(_dump(event)) > MAX_WEBHOOK)
    return _dump(event)


def _shorten(told: dict[str, Any], too_long: Callable[[], bool]) -> None:
    """Leave out of what is told of a story what its reader misses least: copies, spans, rules, then text."""
    copies, rules, story = told.get("copies", []), told["rules"], told["story"]
    while len(copies) > 5 and too_long():
        del copies[len(copies) // 2 :]
    for most in (10, 0):
        if too_long():
            for rule in rules:
                del rule["spans"][most:]
    while len(rules) > 1 and too_long():
        del rules[len(rules) // 2 :]
    for name in ("snippet", "title", "url", "source"):
        if story[name] and too_long():
            story[name] = None if name == "url" else story[name][:500]
    if too_long():
        copies.clear()


def ping_body(subscription: str, now: int) -> bytes:
    """The body of a test call."""
    return _dump({"type": "test.ping", "timestamp": iso(now), "data": {"id": subscription, "message": "It works."}})


def _dump(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
