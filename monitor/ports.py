"""What the pipeline needs from the outside, as Protocols, and the records that cross that line.

The pipeline and its adapters (store, feeds, delivery) never import each other; wiring introduces them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monitor.model.delivery import Attempt, ClaimedDelivery, Outcome
from monitor.model.feed import ClaimedFeed, FeedState, Fetched, FetchResult, ParsedFeed, ParseFailed
from monitor.model.hit import Hit
from monitor.model.rule import Backfill, Rule, RuleSpec
from monitor.model.story import IngestPlan, Seen, Story
from monitor.model.subscription import ReceiverHealth, Subscription
from monitor.policy.digest import Run
from monitor.policy.retry import Answer

Clock = Callable[[], int]
"""Milliseconds since the epoch."""
Jitter = Callable[[], float]
"""A random number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Message:
    """An entry of a work stream; ``id`` is what it is about (a story, a hit)."""

    entry: bytes
    id: str
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """Ids, newest first, and the cursor of the page that follows, if there is more."""

    ids: tuple[str, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in the configuration since an epoch; None marks what was removed."""

    epoch: int
    rules: dict[str, Rule | None]
    subscriptions: dict[str, Subscription | None]
    unreadable: dict[str, str] = field(default_factory=dict)
    """Ids of records that this version cannot read, with the error."""


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of a hit at a subscription (known, copy, joined, new, pending), and the delivery, if there is one."""

    result: str
    delivery: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What one delivery tells: the hits of one story, or a digest. The same in every attempt."""

    delivery: str
    created_at: int
    hits: Sequence[Hit]
    total: int  # hits that it stands for; not all of a very large digest are loaded
    run: str | None = None  # a digest's local time; None: an instant alert
    copies: Mapping[str, Sequence[Hit]] = field(default_factory=dict)  # of a digest: hit id -> hits of its copies


@dataclass(frozen=True, slots=True)
class Ping:
    """A test message, asked for by the owner."""

    delivery: str
    created_at: int


class Fetch(Protocol):
    """Polls a feed once; failures are results."""

    async def __call__(self, claimed: ClaimedFeed, now: int) -> FetchResult: ...


class Parse(Protocol):
    """Reads a feed document; failures are results."""

    async def __call__(self, document: Fetched) -> ParsedFeed | ParseFailed: ...


class Send(Protocol):
    """Makes one attempt at a subscription's receiver, by whatever channel; failures are answers."""

    async def __call__(self, subscription: Subscription, notice: Notice | Ping, now: int) -> Answer: ...


class FeedPort(Protocol):
    """Feeds, as a poll needs them."""

    async def claim(self, now: int, lease_end: int, limit: int) -> list[ClaimedFeed]: ...
    async def renew(self, claims: Sequence[ClaimedFeed], lease_end: int) -> None: ...
    async def seen(self, feed: str) -> dict[str, Seen]: ...
    async def ingest(
        self, claimed: ClaimedFeed, plan: IngestPlan | None, state: FeedState, due: int | None
    ) -> bool: ...
    async def postpone(self, claimed: ClaimedFeed, due: int) -> None: ...


class StoryPort(Protocol):
    """Stories, as matching needs them."""

    async def existing(self, ids: Sequence[str]) -> list[Story]: ...
    async def page(self, feed: str | None, since: int | None, cursor: str | None, limit: int) -> Page: ...


class HitPort(Protocol):
    """Hits, as matching and delivery need them."""

    async def commit(self, hits: Sequence[Hit]) -> list[Hit]: ...
    async def existing(self, ids: Sequence[str]) -> list[Hit]: ...


class DeliveryPort(Protocol):
    """Deliveries, as fan-out and sending need them."""

    async def enqueue(self, pairs: Sequence[tuple[Subscription, Hit]], now: int, due: int) -> list[Enqueued]: ...
    async def ready(self, now: int) -> list[str]: ...
    async def claim(
        self, subscription: str, now: int, lease_end: int, limit: int, *, once: bool = False
    ) -> list[ClaimedDelivery]: ...
    async def renew(self, claims: Sequence[ClaimedDelivery], lease_end: int) -> None: ...
    async def record(self, claimed: ClaimedDelivery, outcome: Outcome, attempt: Attempt | None, now: int) -> str: ...
    async def health(self, subscription: str) -> ReceiverHealth: ...
    async def forget(self, subscription: str) -> None: ...


class DigestPort(Protocol):
    """What waits for digests."""

    async def make(self, subscription: str, run: Run, now: int, *, planned: bool, all_quiet: bool) -> str: ...
    async def last_run(self, subscription: str) -> int | None: ...
    async def waiting(self) -> list[str]: ...
    async def drop(self, subscription: str) -> None: ...


class ConfigPort(Protocol):
    """The configuration, as the running parts read it and, where they must, change it."""

    async def epoch(self) -> int: ...
    async def changes(self, since: int) -> Changes: ...
    async def change_subscription(self, id_: str, change: Callable[[Subscription], Subscription]) -> Subscription: ...
    async def backfills(self) -> dict[str, Backfill]: ...
    async def finish_backfill(self, asked: Backfill, done: Backfill) -> None: ...


class RulePort(Protocol):
    """Rules, as the syncer of rule files writes them."""

    async def rules(self) -> list[Rule]: ...
    async def put_rule(
        self, spec: RuleSpec, file: str | None, now: int, *, create: bool = False, left: str | None = None
    ) -> Rule: ...
    async def disable_file_rule(self, id_: str, now: int) -> None: ...
    async def approvals(self) -> dict[str, str]: ...
    async def drop_approval(self, rule: str) -> None: ...


class StreamPort(Protocol):
    """One partition's work stream."""

    @property
    def name(self) -> str: ...
    async def read(self, count: int) -> list[Message]: ...
    async def done(self, messages: Sequence[Message]) -> None: ...
    async def reclaim_one(self, idle_ms: int) -> Message | None: ...
    def excuse(self, message: Message) -> None: ...
    async def give_up(self, message: Message, error: str, now: int) -> None: ...
    async def oldest_ms(self) -> int | None: ...
