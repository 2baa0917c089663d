"""A rule over stored stories, on request. The walk can be repeated: hits are stored once.

It starts when every story that came in before the request has been matched, so that a story still in
the stream gets its live decision first and not this one's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from monitor.match.document import Content
from monitor.match.percolate import Rulebook
from monitor.model.hit import Hit
from monitor.model.rule import Backfill, Rule
from monitor.pipeline.match import YIELD_EVERY, make_hit
from monitor.pipeline.view import ConfigView
from monitor.ports import Clock, ConfigPort, HitPort, StoryPort, StreamPort

PAGE = 200
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backfiller:
    """Runs back-fills; ``keep`` says, page by page, whether this process is still the one that does."""

    config: ConfigPort
    stories: StoryPort
    hits: HitPort
    streams: Sequence[StreamPort]
    view: ConfigView
    clock: Clock
    keep: Callable[[], Awaitable[bool]]

    async def run(self) -> int:
        """Run what was asked for and is not done; how many. Raises StoreUnavailable."""
        pending = [b for b in (await self.config.backfills()).values() if b.done_at is None]
        if not pending or not await self.keep():
            return 0
        await self.view.refresh()
        oldest = [ms for stream in self.streams if (ms := await stream.oldest_ms()) is not None]
        done = 0
        for backfill in pending:
            rule = self.view.rules.get(backfill.rule)
            if rule is None or not rule.active(self.clock()):  # deleted, switched off or expired since
                await self.config.finish_backfill(backfill, replace(backfill, done_at=self.clock()))
            elif all(ms > backfill.asked_at for ms in oldest):
                done += await self._walk(backfill, rule)
        return done

    async def _walk(self, backfill: Backfill, rule: Rule) -> bool:
        """Whether the walk came to its end; otherwise somebody begins it again."""
        book = Rulebook()
        book.put(rule.spec)
        cursor: str | None = None
        matched = scanned = 0
        while await self.keep():
            page = await self.stories.page(None, backfill.since, cursor, PAGE)
            found: list[Hit] = []
            for count, story in enumerate(await self.stories.existing(page.ids), 1):
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
                if not backfill.covers(story.first_seen):
                    continue  # came in after the request: the stream's matter
                scanned += 1
                matches = book.percolate(Content.of(story)).matches
                found += [make_hit(rule, story, match, self.clock(), backfill) for match in matches]
            matched += len(await self.hits.commit(found))
            cursor = page.next
            if cursor is None:
                done = replace(backfill, matched=matched, scanned=scanned, done_at=self.clock())
                await self.config.finish_backfill(backfill, done)
                log.info("back-fill done", rule=rule.id, scanned=scanned, matched=matched)
                return True
        return False
