"""Feeds."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from monitor.api.schemas.common import Flag
from monitor.model.feed import Health
from monitor.render.text import iso
from monitor.rulebook.schema import Strict, Tag
from monitor.store.feeds import FeedRecord

Interval = Annotated[
    int,
    Field(
        ge=0,
        le=30 * 86_400,
        description="seconds between polls, raised to the shortest allowed; given, it switches adaptation off",
    ),
]


class FeedIn(Strict):
    """A feed to poll."""

    url: str = Field(min_length=1, max_length=2000, examples=["https://example.org/feed.xml"])
    interval: Interval | None = None
    tags: list[Tag] = Field(default=[], max_length=50)
    enabled: Flag = True
    backfill_alerts: Flag = Field(False, description="whether the stories of the first poll may alert")


class FeedPatch(Strict):
    """What to change of a feed; what is left out stays."""

    interval: Interval | None = None
    tags: list[Tag] | None = Field(None, max_length=50)
    enabled: Flag | None = None


class FeedHealth(BaseModel):
    """How the feed fares, why, and since when."""

    status: Health
    reason: str | None
    detail: str | None
    since: str | None
    last_polled: str | None
    last_ok: str | None
    failures: int


class FeedOut(BaseModel):
    """A feed. Passwords in its URL are never shown."""

    id: str
    url: str
    title: str | None
    interval: int | None
    tags: list[str]
    enabled: bool
    backfill_alerts: bool
    created_at: str
    health: FeedHealth
    next_poll: str | None
    stories: int
    last_story: str | None

    @classmethod
    def of(cls, record: FeedRecord) -> FeedOut:
        """The answer for a stored feed."""
        config, state = record.config, record.state
        health = FeedHealth(
            status=state.health if config.enabled else Health.PAUSED,
            reason=state.reason,
            detail=state.detail,
            since=iso(state.since),
            last_polled=iso(state.last_polled),
            last_ok=iso(state.last_ok),
            failures=state.failures,
        )
        return cls(
            id=config.id,
            url=config.url,
            title=config.title or state.title,
            interval=config.interval,
            tags=list(config.tags),
            enabled=config.enabled,
            backfill_alerts=config.backfill_alerts,
            created_at=str(iso(config.created_at)),
            health=health,
            next_poll=iso(record.due),
            stories=state.stories,
            last_story=iso(state.last_story),
        )


class ImportOut(BaseModel):
    """What came of an import."""

    added: int
    known: int
    problems: list[str]
