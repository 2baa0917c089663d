"""Feeds: config and state apart, due times, claim and ingest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from monitor.errors import Conflict, NotFound
from monitor.model.feed import ClaimedFeed, FeedConfig, FeedState, Health
from monitor.model.story import IngestPlan, Seen
from monitor.store import codec
from monitor.store.client import Argument, Client
from monitor.store.index import member
from monitor.store.keys import STORIES_IN, Keys

log = structlog.get_logger(__name__)
BATCH = 100
"""Stories in one ingest call: a script blocks the server while it runs."""


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed as stored; ``due`` is None where polling has stopped."""

    config: FeedConfig
    state: FeedState
    due: int | None

    @property
    def health(self) -> Health:
        """How the feed fares; a feed that is switched off does not fare at all."""
        return self.state.health if self.config.enabled else Health.PAUSED


class FeedStore:
    """Feeds of all partitions."""

    def __init__(self, client: Client, keys: Keys, story_seconds: int) -> None:
        self._client = client
        self._keys = keys
        self._story_seconds = story_seconds

    async def add(self, config: FeedConfig, now: int) -> None:
        """Store a new feed, due at once. Raises Conflict where the URL is a feed already."""
        prefix = self._keys.f(config.id)
        keys = [self._keys.feed(config.id), f"{prefix}feeds", f"{prefix}due"]
        args: list[Argument] = [config.id, codec.FEED_CONFIG.dump(config), now if config.enabled else ""]
        if not await self._client.script("add_feed", keys, args):
            raise Conflict(f"{config.url} is a feed already, with the id {config.id}")

    async def get(self, feed: str) -> FeedRecord:
        """The feed. Raises NotFound."""
        found = await self._load([feed])
        if not found:
            raise NotFound("feed", feed)
        return found[0]

    async def _load(self, ids: Sequence[str]) -> list[FeedRecord]:
        commands: list[Sequence[Argument]] = []
        for id_ in ids:
            commands.append(("HMGET", self._keys.feed(id_), "config", "state"))
            commands.append(("ZSCORE", f"{self._keys.f(id_)}due", id_))
        answers = await self._client.many(commands)
        records: list[FeedRecord] = []
        for (config, state), due in zip(answers[::2], answers[1::2], strict=True):
            if config is None:
                continue  # removed a moment ago
            records.append(
                FeedRecord(
                    codec.FEED_CONFIG.load(config),
                    codec.FEED_STATE.load(state) if state else FeedState(),
                    None if due is None else int(float(due)),
                )
            )
        return records

    async def page(self, cursor: str | None, limit: int) -> tuple[list[FeedRecord], str | None]:
        """Feeds in order of their ids, after ``cursor``, and the cursor of the next page."""
        after = f"({cursor}" if cursor else "-"
        commands = [
            ("ZRANGE", f"{p}feeds", after, "+", "BYLEX", "LIMIT", 0, limit + 1) for p in self._keys.prefixes("f")
        ]
        ids = sorted(i.decode() for answer in await self._client.many(commands) for i in answer)[: limit + 1]
        more = len(ids) > limit
        ids = ids[:limit]
        return await self._load(ids), ids[-1] if more else None

    async def all(self) -> list[FeedRecord]:
        """Every feed, in order of their ids."""
        records: list[FeedRecord] = []
        cursor: str | None = None
        while True:
            page, cursor = await self.page(cursor, 500)
            records += page
            if cursor is None:
                return records

    async def add_all(self, configs: Sequence[FeedConfig], now: int) -> tuple[int, int]:
        """Store those that are no feeds yet; how many were new, and how many were there already."""
        added = 0
        for config in configs:
            try:
                await self.add(config, now)
                added += 1
            except Conflict:
                continue  # polled already: what the user set there stays
        return added, len(configs) - added

    async def change(self, config: FeedConfig) -> None:
        """Write the user's change and leave the schedule as it is. Raises NotFound."""
        await self._change(config, "keep")

    async def reschedule(self, config: FeedConfig, due: int | None) -> None:
        """Write the user's change; ``due`` None stops polling. A poll in flight is made stale. Raises NotFound."""
        await self._change(config, "" if due is None else due)

    async def _change(self, config: FeedConfig, due: Argument) -> None:
        keys = [self._keys.feed(config.id), f"{self._keys.f(config.id)}due"]
        if not await self._client.script("change_feed", keys, [config.id, codec.FEED_CONFIG.dump(config), due]):
            raise NotFound("feed", config.id)

    async def poll_now(self, feed: str, now: int) -> None:
        """Make the feed due, unless it is being polled at this moment. Raises NotFound."""
        keys = [self._keys.feed(feed), f"{self._keys.f(feed)}due"]
        if not await self._client.script("poll_feed", keys, [feed, now]):
            raise NotFound("feed", feed)

    async def remove(self, feed: str) -> None:
        """Forget the feed and what it has seen; its stories stay. Raises NotFound."""
        prefix = self._keys.f(feed)
        _, _, gone, _ = await self._client.atomic(
            [
                ("ZREM", f"{prefix}due", feed),
                ("ZREM", f"{prefix}feeds", feed),
                ("DEL", self._keys.feed(feed)),
                ("DEL", self._keys.seen(feed)),
            ]
        )
        if not gone:
            raise NotFound("feed", feed)

    async def claim(self, now: int, lease_end: int, limit: int) -> list[ClaimedFeed]:
        """Up to ``limit`` due feeds, leased until ``lease_end``. A record that cannot be read is passed over."""
        claimed: list[ClaimedFeed] = []
        for p in self._keys.prefixes("f"):
            if len(claimed) >= limit:
                break
            args: list[Argument] = [now, lease_end, limit - len(claimed), f"{p}feed:"]
            for config, state, fence in await self._client.script("claim_feeds", [f"{p}due", f"{p}fence"], args):
                try:
                    feed_state = codec.FEED_STATE.load(state) if state else FeedState()
                    claimed.append(ClaimedFeed(codec.FEED_CONFIG.load(config), feed_state, fence))
                except ValueError as error:
                    log.error("a feed's record cannot be read; it is not polled", record=config[:200], error=str(error))
        return claimed

    async def renew(self, claims: Sequence[ClaimedFeed], lease_end: int) -> None:
        """Push the leases of polls in flight ahead; claims that have ended or were overtaken stay as they are."""
        by_prefix: dict[str, list[Argument]] = {}
        for claimed in claims:
            prefix = self._keys.f(claimed.config.id)
            by_prefix.setdefault(prefix, []).extend((claimed.config.id, claimed.fence))
        calls: list[tuple[list[str], list[Argument]]] = [
            ([f"{p}due"], [lease_end, f"{p}feed:", *pairs]) for p, pairs in by_prefix.items()
        ]
        if calls:
            await self._client.scripts("renew_feeds", calls)

    async def seen(self, feed: str) -> dict[str, Seen]:
        """What the feed remembers, by alias."""
        flat = await self._client.call("HGETALL", self._keys.seen(feed))
        return {k.decode(): codec.load_seen(v) for k, v in zip(flat[::2], flat[1::2], strict=True)}

    async def ingest(self, claimed: ClaimedFeed, plan: IngestPlan | None, state: FeedState, due: int | None) -> bool:
        """Write the outcome of a poll. False where the claim was overtaken: then nothing more is written.

        Stories go in batches, the state with the last one: after a crash in between, the next poll
        starts from the old validators and finds the stories of the first batches known.
        """
        feed = claimed.config.id
        prefix = self._keys.f(feed)
        keys = [
            self._keys.feed(feed), f"{prefix}due", self._keys.seen(feed),
            f"{prefix}{STORIES_IN}", f"{prefix}stories", f"{prefix}stories:{feed}",
        ]  # fmt: skip
        head: list[Argument] = [claimed.fence, feed]
        new = plan.new if plan else ()
        aliases: dict[str, list[tuple[str, Seen]]] = {}
        for alias, seen in (plan.seen if plan else {}).items():
            aliases.setdefault(seen.story, []).append((alias, seen))
        # What is adopted as a flood goes in one call: its rest, planned anew after a crash, would look like news.
        size = len(new) if plan and plan.reason == "flood" else BATCH
        for start in range(0, max(len(new), 1), size):
            batch = new[start : start + size]
            last = start + size >= len(new)
            written: list[tuple[str, Seen]] = []
            if last:
                written = [pair for pairs in aliases.values() for pair in pairs]
            else:
                for story in batch:
                    written += aliases.pop(story.id, [])
            args = [
                *head,
                codec.FEED_STATE.dump(state) if last else "",
                due if last and due is not None else "",
                self._story_seconds,
                f"{prefix}story:",
                *_listed([(s.id, member(s.first_seen, s.id), codec.STORY.dump(s)) for s in batch]),
                *_listed([(s.id, codec.STORY.dump(s)) for s in (plan.changed if plan and last else ())]),
                *_listed([(alias, codec.dump_seen(seen)) for alias, seen in written]),
                *_listed([(alias,) for alias in (plan.forget if plan and last else ())]),
            ]
            if await self._client.script("ingest", keys, args) != b"ok":
                return False
        return True

    async def postpone(self, claimed: ClaimedFeed, due: int) -> None:
        """Give a claim back: the feed is due at ``due``, unless somebody else has it by now."""
        keys = [self._keys.feed(claimed.config.id), f"{self._keys.f(claimed.config.id)}due"]
        await self._client.script("postpone_feed", keys, [claimed.fence, claimed.config.id, due])

    async def waiting(self, now: int) -> int:
        """How many feeds are due."""
        return sum(await self._client.many([("ZCOUNT", f"{p}due", "-inf", now) for p in self._keys.prefixes("f")]))


def _listed(rows: Sequence[tuple[Argument, ...]]) -> list[Argument]:
    """A list for a script: its length, then its cells."""
    return [len(rows), *(cell for row in rows for cell in row)]
