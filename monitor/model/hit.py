"""A hit: one rule matched one story. It keeps what an alert needs, so it outlives the story."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.rule import Severity


@dataclass(frozen=True, slots=True)
class Span:
    """Matched text: half-open code-point offsets into the story's ``field``."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of the body around the first match; ``spans`` are offsets into ``text``."""

    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AlertDecision:
    """Whether a hit may alert, and why (not). A function of story and rule, never of the path."""

    alert: bool
    reason: str  # live, first-poll, before-rule, backfill, backfill-alert


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored hit. ``id`` is ``<rule>.<story>``: the same pair can never be stored twice."""

    id: str
    rule: str
    rule_name: str
    rule_version: int
    rule_tags: tuple[str, ...]
    severity: Severity
    story: str
    title: str
    url: str | None
    source: str | None
    language: str | None
    published: int | None
    first_seen: int
    matched_at: int
    score: float
    spans: tuple[Span, ...]
    snippet: Snippet
    decision: AlertDecision
    link_key: str | None
    text_key: str | None  # None for a text too short to tell stories apart


def hit_id(rule: str, story: str) -> str:
    """The id of the hit of ``rule`` on ``story``; a rule id holds no dot, so it can be taken apart."""
    return f"{rule}.{story}"
