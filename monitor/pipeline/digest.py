"""Runs of digests: when one is due, everything that is pending for its subscription becomes one delivery.

A digest takes what is pending and never a time window, so no hit falls between two of them. A run is made once,
whichever process comes to it first, and runs that were missed are made up for by one.
"""

from __future__ import annotations

import structlog

from monitor.errors import StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.subscription import DigestSchedule, Subscription
from monitor.pipeline.view import ConfigView
from monitor.policy.digest import Run, local_time, missed_run, next_run
from monitor.ports import Clock, DigestPort

AGAIN = 60_000
"""Milliseconds until a schedule that failed is looked at again."""
log = structlog.get_logger(__name__)


class Digester:
    """Makes digests of what is due. Keeps only when it next has to look, which a restart finds out anew."""

    def __init__(self, digests: DigestPort, view: ConfigView, metrics: Metrics, clock: Clock) -> None:
        self._digests = digests
        self._view = view
        self._metrics = metrics
        self._clock = clock
        self._next: dict[str, tuple[DigestSchedule, int]] = {}

    async def turn(self) -> int:
        """Make every digest that is due; how many deliveries came of it. Raises StoreUnavailable."""
        await self._view.refresh()
        subscriptions = dict(self._view.subscriptions)
        for gone in self._next.keys() - {s.id for s in subscriptions.values() if s.enabled and s.digest}:
            del self._next[gone]
        made = 0
        for subscription in subscriptions.values():
            if subscription.enabled and subscription.digest:
                made += await self._run(subscription, subscription.digest)
        for id_ in await self._digests.waiting():
            found = subscriptions.get(id_)
            if found is None and id_ not in self._view.broken:
                await self._digests.drop(id_)
            # It was changed to instant while something was pending.
            elif found is not None and found.enabled and found.digest is None:
                made += await send_now(self._digests, found, self._clock())
        return made

    async def _run(self, subscription: Subscription, schedule: DigestSchedule) -> bool:
        now = self._clock()
        known, due = self._next.get(subscription.id, (None, 0))
        if known == schedule and now < due:
            return False
        try:
            # Asked each time: a run that could not be made is still to be made.
            after = max(await self._digests.last_run(subscription.id) or 0, schedule.since)
            run = missed_run(schedule, after, now)
            made = run is not None and await self._make(subscription, schedule, run, now)
            self._next[subscription.id] = (schedule, next_run(schedule, now).at)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("a digest's schedule failed; it is looked at again in a minute", subscription=subscription.id)
            self._next[subscription.id] = (schedule, now + AGAIN)
            return False
        return made

    async def _make(self, subscription: Subscription, schedule: DigestSchedule, run: Run, now: int) -> bool:
        result = await self._digests.make(subscription.id, run, now, planned=True, all_quiet=schedule.all_quiet)
        self._metrics.digests.labels(result).inc()
        log.info("a digest's run", subscription=subscription.id, run=run.name, result=result)
        return result == "made"


async def send_now(digests: DigestPort, subscription: Subscription, now: int) -> bool:
    """Make a digest of what is pending, whatever the schedule says; whether there was any. Raises StoreUnavailable."""
    zone = subscription.digest.timezone if subscription.digest else "UTC"
    run = Run(local_time(zone, now), now)
    return await digests.make(subscription.id, run, now, planned=False, all_quiet=False) == "made"
