"""Which items of a feed document are new, changed or known.

An item has several aliases, since publishers change guids, move to https and edit headlines. Any
alias known in the feed means that the item is known, so an edit is a revision and never an alert.
A feed that suddenly looks new as a whole (a move, a new guid scheme, a re-dated archive) is adopted
without alerts instead of flooding the readers.
"""

from __future__ import annotations

import re
from collections import ChainMap, Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from monitor.model.feed import FeedConfig, ParsedFeed, ParsedItem
from monitor.model.story import IngestPlan, Seen, Story
from monitor.text.fingerprints import canonical_link, digest, link_key, text_key
from monitor.text.languages import normalize

DAY = 86_400_000
REMEMBER_DAYS = 90
"""How long an alias is remembered after it left the feed."""
FLOOD_ITEMS = 5
"""Fewest new items that can be a flood; it also takes more than half of the document."""
FRESH = 3 * DAY
"""An item dated within this span before the poll is fresh."""

_SCHEME_AND_HOST = re.compile(r"\A[a-z][a-z0-9+.-]*://[^/]+(?=/.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: ParsedItem
    aliases: tuple[str, ...]
    link: str | None  # the alias that is the link's; None where the link is not the item's alone


def plan(feed: FeedConfig, first_poll: bool, parsed: ParsedFeed, seen: dict[str, Seen], now: int) -> IngestPlan:
    """What the polled document changes, given what the feed has ``seen`` (by alias).

    Pure; the same arguments give the same plan, ids included.
    """
    day = now // DAY
    new: list[Story] = []
    changed: list[Story] = []
    write: dict[str, Seen] = {}
    known = 0
    for candidate in _candidates(parsed.items):
        story = _story(feed, first_poll, parsed, candidate, now)
        found, agreed = _recall(candidate, ChainMap(write, seen))
        if found is None:
            new.append(story)
        else:
            known += 1
            if agreed and found.text_key != story.text_key and candidate.aliases[0] not in write:
                changed.append(replace(story, id=found.story))
        memory = Seen(found.story if found else story.id, story.text_key, day)
        write |= {a: memory for a in candidate.aliases if seen.get(a) != memory}
    forget = tuple(a for a, m in seen.items() if a not in write and m.day < day - REMEMBER_DAYS)
    reason = None
    if first_poll and not feed.backfill_alerts:
        reason = "first-poll"
    elif not first_poll and _flood(new, len(parsed.items), undated_is_news=known > 0 or not seen, now=now):
        reason = "flood"
        new = [replace(story, backfill=True) for story in new]
    return IngestPlan(tuple(new), tuple(changed), write, forget, known, reason)


def _recall(candidate: _Candidate, memory: Mapping[str, Seen]) -> tuple[Seen | None, bool]:
    """What is remembered of an item, and whether all of its aliases agree on the story.

    They do not where two items shared a guid or a title until one of them left the feed. Then the
    link knows best, and the text that differs is another story's and no edit.
    """
    found = {alias: memory[alias] for alias in candidate.aliases if alias in memory}
    first = next(iter(found.values()), None)
    best = first if candidate.link is None else found.get(candidate.link, first)
    return best, len({m.story for m in found.values()}) == 1


def _candidates(items: tuple[ParsedItem, ...]) -> list[_Candidate]:
    """Items with their aliases, oldest first; an alias that two items share tells nothing."""
    guids = Counter(item.guid for item in items if item.guid)
    paths = Counter(_path(item.guid) for item in items if item.guid)
    links = Counter(canonical_link(item.link) for item in items if item.link)
    titles = Counter(_title_and_day(item) for item in items)
    candidates: list[_Candidate] = []
    for item in reversed(items):  # feeds list the newest first
        aliases: list[str] = []
        if item.guid and guids[item.guid] == 1:
            aliases.append(f"guid:{item.guid}")
            if (path := _path(item.guid)) and paths[path] == 1:
                aliases.append(f"path:{path}")
        # A feed whose items all link to the home page says nothing by its links.
        link = canonical_link(item.link) if item.link else None
        own_link = f"link:{link}" if link and links[link] == 1 else None
        if own_link:
            aliases.append(own_link)
        named = _title_and_day(item)
        if named and titles[named] == 1:
            aliases.append(f"title:{named}")
        if not aliases:
            aliases.append(f"text:{item.guid or ''}:{link or ''}:{text_key(item.title, item.body)}")
        candidates.append(_Candidate(item, tuple(digest(a) for a in aliases), digest(own_link) if own_link else None))
    return candidates


def _path(guid: str) -> str | None:
    """What is left of a guid that is a URL when its publisher changes scheme or host; None where it is none."""
    path = _SCHEME_AND_HOST.sub("", guid)
    return None if path == guid else path


def _title_and_day(item: ParsedItem) -> str:
    """Title and day of publication; empty where either is missing, as a bare title repeats too often."""
    if not item.title or item.published is None:
        return ""
    return f"{item.published // DAY}:{item.title.casefold()}"


def _story(feed: FeedConfig, first_poll: bool, parsed: ParsedFeed, candidate: _Candidate, now: int) -> Story:
    item = candidate.item
    return Story(
        id=f"{feed.id}-{candidate.aliases[0]}",
        feed=feed.id,
        title=item.title,
        body=item.body,
        url=item.link,
        source=feed.title or parsed.title,
        author=item.author,
        language=normalize(item.language) or normalize(parsed.language),
        tags=item.tags,
        published=None if item.published is None else min(item.published, now),
        first_seen=now,
        backfill=first_poll and not feed.backfill_alerts,
        link_key=link_key(item.link) if candidate.link else None,
        text_key=text_key(item.title, item.body),
    )


def revise(old: Story, fresh: Story) -> Story:
    """The stored story with what its publisher changed; its identity and first-seen time stay."""
    return replace(
        old,
        title=fresh.title,
        body=fresh.body,
        url=fresh.url,
        tags=fresh.tags,
        author=fresh.author,
        link_key=fresh.link_key,
        text_key=fresh.text_key,
        revision=old.revision + 1,
    )


def _flood(new: list[Story], items: int, *, undated_is_news: bool, now: int) -> bool:
    """Whether so much of a known feed looks new that its identities must have changed.

    Fresh dates on an otherwise unknown document are real news (a busy feed after a long outage).
    Items without a date are taken for news as long as the feed still shows something known.
    """
    if len(new) < FLOOD_ITEMS or len(new) * 2 <= items:
        return False
    fresh = sum(undated_is_news if s.published is None else s.published >= now - FRESH for s in new)
    return fresh * 2 <= len(new)


def pushed(feed: str, item: ParsedItem, source: str | None, now: int) -> tuple[Story, tuple[str, ...]]:
    """The story of an item that a client pushed in, and the aliases that make a second push known."""
    link = canonical_link(item.link) if item.link else None
    named = [f"guid:{item.guid}" if item.guid else None, f"link:{link}" if link else None]
    aliases = [a for a in named if a] or [f"text:{text_key(item.title, item.body)}"]
    story = Story(
        id=f"{feed}-{digest(aliases[0])}",
        feed=feed,
        title=item.title,
        body=item.body,
        url=item.link,
        source=source,
        author=item.author,
        language=normalize(item.language),
        tags=item.tags,
        published=None if item.published is None else min(item.published, now),
        first_seen=now,
        backfill=False,
        link_key=link_key(item.link),
        text_key=text_key(item.title, item.body),
    )
    return story, tuple(digest(a) for a in aliases)
