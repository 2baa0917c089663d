"""One process: which parts it has follows from its roles; and what its ticks do."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
from collections import Counter
from collections.abc import Sequence
from functools import partial

import structlog

from monitor.daemon import Daemon, Parts, Reader, Tick
from monitor.delivery.links import Links
from monitor.delivery.mail import Outbox
from monitor.errors import FileProblem, StoreUnavailable
from monitor.feeds.fetch import fetch
from monitor.feeds.parsers import Parsers
from monitor.metrics import Metrics
from monitor.model.feed import Health
from monitor.net.client import Client
from monitor.pipeline.backfill import Backfiller
from monitor.pipeline.deliver import Deliverer
from monitor.pipeline.digest import Digester
from monitor.pipeline.fan_out import FanOut
from monitor.pipeline.match import Matcher
from monitor.pipeline.poll import Poller
from monitor.pipeline.view import ConfigView
from monitor.render.mail import mail_environment
from monitor.rulebook.sync import RuleFiles
from monitor.settings import Settings, shipped
from monitor.store import keys
from monitor.store.config import RULE, SUBSCRIPTION
from monitor.wiring.channels import make_channels
from monitor.wiring.opening import OpenStore, clock

log = structlog.get_logger(__name__)


LEASE_MS = 5_000
"""For what one process at a time does; renewed every second."""


IDLE_CONSUMER_MS = 3_600_000
RENEW = 4.0
"""Seconds between two renewals of the leases of deliveries in flight, which last 20."""


class Service:
    """One process: its parts by role, the API where it is one of them."""

    def __init__(
        self,
        settings: Settings,
        roles: Sequence[str],
        opened: OpenStore,
        client: Client,
        metrics: Metrics,
        links: Links,
    ) -> None:
        self.settings = settings
        self.roles = roles
        self.metrics = metrics
        self.store = opened.store
        self._server = opened.server
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._links = links
        self._channels = make_channels(settings, client, links)
        self._parsers = Parsers(settings.parse_workers, settings.parse_timeout)
        self._view = ConfigView(opened.store.config)
        self._files = RuleFiles(settings.rules_folder, opened.store.config, clock)
        self._synced_at = 0  # the epoch at the last look at the rule files
        self._problems: tuple[FileProblem, ...] | None = None  # as last written to the store
        self._digester = Digester(opened.store.digests, self._view, metrics, clock)
        self.daemon = Daemon(self._parts(client))

    def _parts(self, client: Client) -> Parts:
        store = self.store
        parts = Parts(
            self.metrics, clock, store.ping, store.memory_ratio, self._server.ensure if self._server else None
        )
        parts.ticks += [
            Tick("gauges", 10.0, self._gauge),
            Tick("census", 60.0, self._census),
            Tick("tidy", 3600.0, self._tidy),
        ]
        if "poll" in self.roles:
            parts.feeds, parts.poll_slots = store.feeds, self.settings.fetch_concurrency
            parts.poller = Poller(
                store.feeds, store.stories, partial(fetch, client), self._parsers.parse, self.metrics,
                clock, _jitter, self.settings.min_poll_interval,
            )  # fmt: skip
        if "match" in self.roles:
            matcher = Matcher(store.stories, store.hits, store.config, self._view, self.metrics, clock)
            fan_out = FanOut(store.hits, store.deliveries, self._view, self.metrics, clock)
            stories, outboxes = store.stories_in(self._owner), store.outboxes(self._owner)
            parts.readers = [Reader(s, matcher.handle) for s in stories] + [Reader(s, fan_out.handle) for s in outboxes]
            parts.backfiller = Backfiller(
                store.config, store.stories, store.hits, stories, self._view, clock, self._keep_backfill
            )
            parts.ticks.append(Tick("rules", 1.0, self._rules))
        if "deliver" in self.roles:
            parts.deliverer = Deliverer(
                store.deliveries, store.hits, store.config, self._view, self._channels, self.metrics,
                clock, _jitter, self.settings.webhook_concurrency,
                resend_unknown=self.settings.mail_policy == "at-least-once",
            )  # fmt: skip
            parts.ticks.append(Tick("renew", RENEW, parts.deliverer.renew))
            parts.ticks.append(Tick("digests", 1.0, self._digests))
        return parts

    def wake(self) -> None:
        """There may be something to deliver."""
        self.daemon.wake()

    async def prepare(self) -> None:
        """Bring rules and streams into place before anything runs."""
        if "match" in self.roles:
            for stream in (*self.store.stories_in(self._owner), *self.store.outboxes(self._owner)):
                await stream.prepare()
            await self._sync()
        await self._view.refresh()

    async def close(self) -> None:
        """End the parse workers and give back what nobody else can take meanwhile."""
        await self._parsers.close()
        await self._channels.close()
        with contextlib.suppress(StoreUnavailable):  # then they end by themselves
            for name in (keys.SYNC_LEASE, keys.BACKFILL_LEASE):
                await self.store.config.release(name, self._owner)

    # ── ticks ──

    async def _rules(self) -> None:
        await self._sync()
        await self._view.refresh()

    async def _digests(self) -> None:
        if await self._digester.turn():
            self.wake()

    async def _keep_backfill(self) -> bool:
        if self.daemon.stopping:
            return False
        return await self.store.config.lease(keys.BACKFILL_LEASE, self._owner, LEASE_MS)

    async def _sync(self) -> None:
        epoch = await self.store.config.epoch()
        if epoch < self._synced_at:  # the store lost something: what the files hold has to be written again
            self._files.forget()
        self._synced_at = epoch
        if await self.store.config.lease(keys.SYNC_LEASE, self._owner, LEASE_MS):
            report = await self._files.sync()
            if report.problems != self._problems:
                await self.store.config.note_file_problems(report.problems)
                self._problems = report.problems
        else:
            self._files.forget()
            self._problems = None

    async def _gauge(self) -> None:
        metrics, store = self.metrics, self.store
        for stream, length in (await store.backlog()).items():
            metrics.backlog.labels(stream).set(length)
        metrics.backlog.labels("feeds").set(await store.feeds.waiting(clock()))
        metrics.backlog.labels("deliveries").set(await store.deliveries.waiting())
        metrics.store_memory.set(await store.memory_ratio())
        metrics.rules.set(len(self._view.rulebook))
        with contextlib.suppress(OSError):
            metrics.disk_free.set(shutil.disk_usage(self.settings.data_dir).free)

    async def _census(self) -> None:
        counts = Counter(record.health for record in await self.store.feeds.all())
        for health in Health:
            self.metrics.feeds.labels(health.value).set(counts[health])
        subscriptions = await self.store.config.subscriptions()
        failing = [
            h for h in [await self.store.deliveries.health(s.id) for s in subscriptions if s.enabled] if h.failures
        ]
        off = sum(not s.enabled for s in subscriptions)
        told = {"off": off, "failing": len(failing), "ok": len(subscriptions) - off - len(failing)}
        for state, count in told.items():
            self.metrics.subscriptions.labels(state).set(count)

    async def _tidy(self) -> None:
        day, now, store = 86_400_000, clock(), self.store
        rules, subscriptions = [await store.config.known(kind) for kind in (RULE, SUBSCRIPTION)]
        await store.stories.trim(now - self.settings.story_days * day, [r.config.id for r in await store.feeds.all()])
        await store.hits.trim(now - self.settings.hit_days * day, rules)
        await store.deliveries.trim(now - self.settings.delivery_days * day, subscriptions)
        for stream in (*store.stories_in(self._owner), *store.outboxes(self._owner)):
            await stream.forget_idle_consumers(IDLE_CONSUMER_MS)
        if isinstance(way := self._channels.mail.way, Outbox):
            way.tidy((now - self.settings.delivery_days * day) / 1000)

    # ── for the API ──

    async def readiness(self) -> tuple[bool, tuple[str, ...]]:
        """Whether the store answers and every loop and tick is alive; what is wrong otherwise."""
        found: list[str] = []
        try:
            await self.store.ping()
        except StoreUnavailable as error:
            found.append(self.daemon.trouble or str(error))
        found += [f"the tick {name} has stopped" for name in self.daemon.dead_ticks()]
        found += [f"the loop {name} has ended" for name in self.daemon.dead_loops()]
        return not found, tuple(found)

    def api(self) -> object:
        """The API over this service."""
        # Imported here: a process without the API needs neither the web framework nor its memory.
        from monitor.api.app import create_app
        from monitor.api.context import Context, Readiness

        async def readiness() -> Readiness:
            return Readiness(*await self.readiness())

        return create_app(
            Context(
                self.store,
                self.settings,
                self.metrics,
                clock,
                secrets.token_bytes,
                self._channels,
                readiness,
                self.wake,
                mail_environment(str(shipped("templates"))),
                self._links,
                lambda: self._view.rulebook.rarity,
            )
        )


def _jitter() -> float:
    return secrets.randbelow(1 << 20) / (1 << 20)
