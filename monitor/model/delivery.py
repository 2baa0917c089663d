"""A delivery: one message to one subscription, with every attempt recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    SCHEDULED = "scheduled"  # will be tried at next_attempt_at
    SENT = "sent"
    UNKNOWN = "unknown"  # the receiver may have it or not; tried again at next_attempt_at, if there is one
    DEAD = "dead"  # given up; can be replayed under the same id
    CANCELLED = "cancelled"  # not sent by decision; the reason says which


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``status`` is the receiver's, None where there was no answer."""

    at: int
    outcome: str  # sent, failed, unknown, or why not tried
    status: int | None  # of HTTP or SMTP
    latency_ms: int
    response: str  # the first bytes of the receiver's answer, as text
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """``hits`` are hit ids; ``copies`` are stories that this delivery's alert stands for as well."""

    id: str
    subscription: str
    state: DeliveryState
    hits: tuple[str, ...]
    created_at: int
    next_attempt_at: int | None
    reason: str | None
    attempts: tuple[Attempt, ...] = ()
    copies: tuple[str, ...] = ()
    run: str | None = None  # a digest's local time; None: an instant alert
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of a digest: hit -> hits of its copies


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A due delivery under a lease; ``tries`` counts the attempts since it was (re)scheduled."""

    id: str
    subscription: str
    hits: tuple[str, ...]
    created_at: int
    tries: int
    fence: int
    run: str | None = None
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of an attempt: the new state, when to try again, and what to do to the receiver."""

    state: DeliveryState
    next_attempt_at: int | None
    reason: str | None
    disable: str | None = None  # the reason for switching the subscription off
    ours: bool = False  # the fault is not the receiver's: neither its health nor the number of tries changes
