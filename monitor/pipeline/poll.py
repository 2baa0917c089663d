"""A due feed becomes stored stories.

    claim -> fetch -> NotModified | same bytes ----------------> state, due time
                   -> parse (worker) -> freshness.plan --------> stories, aliases, state, due time
                   -> no answer | no feed ---------------------> state, due time (backing off)

Whatever happens between claim and ingest, the lease runs out and the feed is due again; the fence
keeps a poller that was overtaken from writing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import structlog

from monitor.errors import StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.feed import ClaimedFeed, Fetched, FetchFailed, NotModified, ParseFailed
from monitor.model.story import IngestPlan, Story
from monitor.pipeline.hosts import HostGate
from monitor.policy import freshness, polling
from monitor.ports import Clock, FeedPort, Fetch, Jitter, Parse, StoryPort

LEASE_MS = 15_000
"""Renewed every second while the poll is in flight, so that a crash delays a feed by no more than this."""
HOST_BUSY_MS = 1_000
"""How long a feed waits whose host is being polled already."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Poller:
    """Polls feeds; ``floor`` is the shortest interval in seconds."""

    feeds: FeedPort
    stories: StoryPort
    fetch: Fetch
    parse: Parse
    metrics: Metrics
    clock: Clock
    jitter: Jitter
    floor: int
    gate: HostGate = field(default_factory=HostGate)

    async def poll(self, claimed: ClaimedFeed) -> str:
        """Poll a claimed feed, or give it back where its host is busy; the outcome's name.

        Raises StoreUnavailable.
        """
        if not self.gate.enter(claimed):
            await self.feeds.postpone(claimed, self.clock() + int(HOST_BUSY_MS * (1 + self.jitter())))
            return "postponed"
        try:
            return await self._poll(claimed)
        finally:
            self.gate.leave(claimed)

    async def _poll(self, claimed: ClaimedFeed) -> str:
        try:
            outcome, plan, following = await self._decide(claimed)
        except StoreUnavailable:
            raise
        except Exception as error:
            # A mistake of ours: the feed backs off and says so, as with any other failure.
            log.exception("a poll failed", feed=claimed.config.id, url=claimed.config.url)
            result = ParseFailed("internal", f"the service failed on this feed: {error!r}"[:500])
            outcome, plan, following = "failed", None, self._failed(claimed, result)
        with self.metrics.seconds.labels("ingest").time():
            # Switched off, a feed is polled only when somebody asks for it.
            due = following.due if claimed.config.enabled else None
            if not await self.feeds.ingest(claimed, plan, following.state, due):
                outcome = "overtaken"
        self.metrics.polls.labels(outcome).inc()
        if plan is not None and outcome == "parsed":
            self.metrics.stories.labels("new").inc(len(plan.new))
            self.metrics.stories.labels("changed").inc(len(plan.changed))
            self.metrics.stories.labels("known").inc(plan.known)
        level = log.warning if outcome == "failed" else log.debug
        level("polled", feed=claimed.config.id, url=claimed.config.url, outcome=outcome, reason=following.state.reason,
              detail=following.state.detail, new=len(plan.new) if plan else 0)  # fmt: skip
        return outcome

    async def _decide(self, claimed: ClaimedFeed) -> tuple[str, IngestPlan | None, polling.NextPoll]:
        feed, state = claimed.config, claimed.state
        with self.metrics.seconds.labels("fetch").time():
            result = await self.fetch(claimed, self.clock())
        if isinstance(result, FetchFailed):
            return "failed", None, self._failed(claimed, result)
        if isinstance(result, NotModified):
            return "not-modified", None, self._unchanged(claimed, result)
        body_hash = hashlib.blake2b(result.body, digest_size=16).hexdigest()
        if body_hash == state.body_hash:
            return "same-bytes", None, self._unchanged(claimed, result)
        with self.metrics.seconds.labels("parse").time():
            parsed = await self.parse(result)
        self.metrics.parses.inc()
        if isinstance(parsed, ParseFailed):
            return "failed", None, self._failed(claimed, parsed)
        now = self.clock()
        plan = freshness.plan(feed, state.first_poll, parsed, await self.feeds.seen(feed.id), now)
        plan = replace(plan, changed=await self._revised(plan.changed))
        following = polling.after_parsed(
            feed, state, result, parsed, body_hash, len(plan.new), self.floor, self.jitter(), now
        )
        return "parsed", plan, following

    def _failed(self, claimed: ClaimedFeed, result: FetchFailed | ParseFailed) -> polling.NextPoll:
        return polling.after_failure(claimed.config, claimed.state, result, self.floor, self.jitter(), self.clock())

    def _unchanged(self, claimed: ClaimedFeed, result: NotModified | Fetched) -> polling.NextPoll:
        return polling.after_unchanged(claimed.config, claimed.state, result, self.floor, self.jitter(), self.clock())

    async def _revised(self, changed: tuple[Story, ...]) -> tuple[Story, ...]:
        """Edited items as the next revision of the stories they are; those not kept any more are left out."""
        fresh = {story.id: story for story in changed}
        kept = await self.stories.existing(list(fresh))
        return tuple(freshness.revise(old, fresh[old.id]) for old in kept)
