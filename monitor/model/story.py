"""A story: one published item as stored, and what ingest is about to write about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """A stored item. ``title`` and ``body`` are plain text; spans of hits point into them."""

    id: str  # "<feed id>-<item>", so that the id alone says where the story is kept
    feed: str
    title: str
    body: str
    url: str | None
    source: str | None  # the outlet's name, for people
    author: str | None
    language: str | None  # BCP 47, lower case, as the feed or the pusher says
    tags: tuple[str, ...]
    published: int | None  # as claimed, never after first_seen
    first_seen: int
    backfill: bool  # came with a feed's first poll: stored, never alerted
    link_key: str | None  # digest of the canonical link, equal in every feed that carries it
    text_key: str  # digest of the normalised title and body
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed remembers of one alias: whose it is, what the text was, when it was last there."""

    story: str
    text_key: str
    day: int  # days since the epoch


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What one poll changes, decided before anything is written.

    ``seen`` holds the aliases to write, ``forget`` those that are long gone from the feed.
    ``reason`` says why items were adopted without alert, where they were.
    """

    new: tuple[Story, ...]
    changed: tuple[Story, ...]
    seen: dict[str, Seen]
    forget: tuple[str, ...]
    known: int
    reason: str | None = None
