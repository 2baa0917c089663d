"""Times and stretches of text, as a reader gets to see them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.model.hit import Snippet, Span

SNIPPET = 280
"""Most code points of a snippet."""


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
