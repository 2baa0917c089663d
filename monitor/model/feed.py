"""A feed: what the user asked for (config), how it fares (state), and one poll of it on its way.

Config and state are stored apart, so that a poll that ends after the user's change writes over
nothing the user wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PUSHED = "push"
"""The pseudo feed that owns stories pushed in over the API; it is never polled or listed."""


class Health(StrEnum):
    """How a feed fares. ``reason`` in the state says why."""

    NEW = "new"  # never polled with success
    OK = "ok"
    FAILING = "failing"  # backing off, will be tried again
    GONE = "gone"  # answered 410: polling stopped
    PAUSED = "paused"  # switched off by the user


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """What the user asked for. ``interval`` in seconds; None lets the service adapt it."""

    id: str
    url: str  # without userinfo
    credentials: str | None  # "user:password" from the URL, a secret
    interval: int | None
    tags: tuple[str, ...]
    enabled: bool
    backfill_alerts: bool  # whether the first poll's stories may alert
    created_at: int
    title: str | None = None  # as given, e.g. by an OPML file; the feed's own otherwise


@dataclass(frozen=True, slots=True)
class Validators:
    """``ETag`` and ``Last-Modified`` byte for byte as the server sent them (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class FeedState:
    """What polling learned. Written only by ingest, under the claim's fence."""

    first_poll: bool = True
    validators: Validators = Validators()
    body_hash: str | None = None
    title: str | None = None
    health: Health = Health.NEW
    reason: str | None = None  # dns, tls, connect, status, not-a-feed, empty, timeout, blocked, ...
    detail: str | None = None  # the reason in a sentence
    since: int | None = None  # when the present health began
    last_polled: int | None = None
    last_ok: int | None = None
    failures: int = 0  # in a row
    interval: int | None = None  # seconds until the poll after this one, as decided
    min_interval: int = 0  # seconds, from ttl and the like of the last parsed document
    url: str | None = None  # where the feed has moved for good; None: the config's URL
    moved_to: str | None = None  # target of a permanent redirect, and how often in a row it was seen
    moved_seen: int = 0
    stories: int = 0  # stored since the feed was added
    last_story: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimedFeed:
    """A due feed under a lease. A write with another ``fence`` is refused: someone else polls now."""

    config: FeedConfig
    state: FeedState
    fence: int


@dataclass(frozen=True, slots=True)
class CacheHints:
    """What the answer's headers say about coming back, in seconds; None where they say nothing."""

    max_age: int | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """304. ``validators`` are those it carried; a missing one leaves the stored one in force."""

    validators: Validators
    hints: CacheHints
    moved_to: str | None = None  # as in Fetched


@dataclass(frozen=True, slots=True)
class Fetched:
    """200 with a body, decompressed and within the size limit."""

    url: str  # after redirects
    body: bytes
    content_type: str
    content_location: str | None
    validators: Validators
    hints: CacheHints
    moved_to: str | None  # set where only permanent redirects led here


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """No usable answer. ``reason`` is one word for machines, ``detail`` a sentence for people."""

    reason: str
    detail: str
    status: int | None = None
    hints: CacheHints = CacheHints()

    @property
    def gone(self) -> bool:
        """The server says that the feed will not come back (410)."""
        return self.status == 410


FetchResult = NotModified | Fetched | FetchFailed


@dataclass(frozen=True, slots=True)
class ParsedItem:
    """One item of a feed document: plain text, absolute links, times as claimed."""

    guid: str | None
    link: str | None
    title: str
    body: str
    author: str | None = None
    published: int | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document. ``min_interval`` in seconds comes from ttl; 0 where it says nothing."""

    title: str | None
    link: str | None
    language: str | None
    min_interval: int
    items: tuple[ParsedItem, ...]


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The body is no feed, or the parser had to be stopped."""

    reason: str
    detail: str
