"""A rule: a stored query with its options. Every change makes a new version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Strictness(StrEnum):
    """How much evidence a plain-language rule asks for; Boolean rules are exact in any case."""

    STRICT = "strict"
    NORMAL = "normal"
    BROAD = "broad"


class Severity(StrEnum):
    """How much a hit matters to its reader."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a plain rule's words are found in stories: further ways of saying them, and ways that do not count."""

    words: str  # of the rule: "procurement"
    add: tuple[str, ...] = ()
    strike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """What a user writes, over the API or in a file."""

    id: str
    name: str
    query: str
    tags: tuple[str, ...] = ()
    strictness: Strictness = Strictness.NORMAL
    languages: tuple[str, ...] = ()  # empty: all
    wording: tuple[Wording, ...] = ()
    severity: Severity = Severity.NORMAL
    enabled: bool = True
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as stored: a spec, its version and where it came from."""

    spec: RuleSpec
    version: int
    created_at: int
    updated_at: int
    file: str | None = None  # path below RULES_DIR of the file that owns it; None: the API

    @property
    def id(self) -> str:
        """The spec's id."""
        return self.spec.id

    def active(self, now: int) -> bool:
        """Whether the rule takes part in matching at ``now``."""
        return self.spec.enabled and (self.spec.expires is None or now < self.spec.expires)


@dataclass(frozen=True, slots=True)
class Backfill:
    """A request to run one rule over stored stories first seen in [since, asked_at)."""

    rule: str
    since: int
    asked_at: int
    alert: bool
    matched: int = 0  # hits written so far
    scanned: int = 0
    done_at: int | None = None

    def covers(self, first_seen: int) -> bool:
        """Whether a story first seen then is one that was asked for."""
        return self.since <= first_seen < self.asked_at
