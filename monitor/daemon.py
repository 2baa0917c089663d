"""The running service: loops that wait for work, and ticks that look after it.

    poll     tick sweep (1 s)        claims due feeds and polls them
    match    loop per partition      stories -> hits;         tick rules (1 s): files
             loop per partition      hits -> subscriptions;   loop: back-fills
    deliver  loop                    due deliveries -> receivers
             tick digests (1 s)      what is pending -> a delivery, when a run is due
             tick renew (4 s)        leases of deliveries in flight
    any      tick reclaim (5 s)      what a reader left behind
             ticks gauges, census    sizes for /metrics
             tick tidy (1 h)         indexes past their retention
             tick watch (0.5 s)      is the store there? restarts the bundled server

A tick that fails is logged and comes again; a loop that loses the store waits and goes on. Stopping
lets everything in flight finish first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.feed import ClaimedFeed
from monitor.pipeline.backfill import Backfiller
from monitor.pipeline.deliver import Deliverer
from monitor.pipeline.poll import LEASE_MS, Poller
from monitor.pipeline.work import Handle, read_batch, reclaim
from monitor.ports import Clock, FeedPort, StreamPort

BATCH = 100
"""Messages read from a stream at a time."""
MEMORY_LIMIT = 0.8
"""Share of the store's memory above which no feed is polled, so that what is there can drain."""
IDLE_SWEEP = 0.25
"""Seconds between two looks for due deliveries when nobody calls."""
GRACE = 25.0
"""Seconds that work in flight gets at a stop; a fetch may take 20."""
STALE_TICKS = 4
"""Missed turns after which a tick counts as dead."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """Something done every so many seconds."""

    name: str
    seconds: float
    run: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A stream and what is done with its messages."""

    stream: StreamPort
    handle: Handle


@dataclass(slots=True)
class Parts:
    """What a process runs; which of them are there follows from its roles."""

    metrics: Metrics
    clock: Clock
    ping: Callable[[], Awaitable[None]]
    memory_ratio: Callable[[], Awaitable[float]]
    revive: Callable[[], Awaitable[bool]] | None  # starts the bundled server where it is dead
    feeds: FeedPort | None = None
    poller: Poller | None = None
    poll_slots: int = 0
    readers: Sequence[Reader] = ()
    deliverer: Deliverer | None = None
    backfiller: Backfiller | None = None
    ticks: list[Tick] = field(default_factory=list)


class Daemon:
    """Runs Parts until it is told to stop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._polls: dict[asyncio.Task[None], ClaimedFeed] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._last_turn: dict[str, float] = {}
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._turns: set[asyncio.Task[object]] = set()
        self._outage: float | None = None
        self._told: dict[str, float] = {}  # what was said of the outage, and when
        self.trouble: str | None = None  # what keeps the bundled server from running
        self._crowded = False
        self._ticks = [Tick("watch", 0.5, self._watch), *parts.ticks]
        if parts.deliverer is not None:
            parts.deliverer.freed = self.wake
        if parts.poller is not None:
            self._ticks.append(Tick("sweep", 1.0, self._sweep))
        if parts.readers:
            self._ticks.append(Tick("reclaim", 5.0, self._reclaim))

    @property
    def stopping(self) -> bool:
        """Whether nothing new may be begun."""
        return self._stopping.is_set()

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    def dead_ticks(self) -> list[str]:
        """Ticks that have missed their turns."""
        now = time.monotonic()
        return [
            t.name for t in self._ticks if now - self._last_turn.get(t.name, now) > max(t.seconds * STALE_TICKS, 10)
        ]

    def dead_loops(self) -> list[str]:
        """Loops that have ended although the service goes on."""
        return [t.get_name() for t in self._loops if t.done()]

    def start(self) -> None:
        """Start every loop and tick of this process."""
        for reader in self._parts.readers:
            self._loop(f"read {reader.stream.name}", self._read_step(reader))
        if self._parts.deliverer is not None:
            self._loop("deliver", self._deliver_step(self._parts.deliverer))
        if self._parts.backfiller is not None:
            self._loop("backfill", self._backfill_step(self._parts.backfiller))
        for tick in self._ticks:
            self._last_turn[tick.name] = time.monotonic()
            # One turn at a time; a turn that was missed is not made up for.
            self._scheduler.add_job(
                self._turn, "interval", seconds=tick.seconds, args=(tick,), id=tick.name,
                max_instances=1, coalesce=True, misfire_grace_time=None,
            )  # fmt: skip
        self._scheduler.start()

    async def stop(self) -> None:
        """Claim nothing more and let what is in flight finish."""
        self._stopping.set()
        self._wake.set()
        deadline = time.monotonic() + GRACE
        pending = {*self._loops, *self._polls}
        if pending:
            await asyncio.wait(pending, timeout=GRACE)
        if self._parts.deliverer is not None:
            await self._parts.deliverer.finish(max(deadline - time.monotonic(), 1))
        late = [task for task in pending if not task.done()]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._scheduler.pause()  # not before: the leases of polls in flight had to be renewed
        if self._turns:
            await asyncio.wait(self._turns, timeout=max(deadline - time.monotonic(), 1))
        if self._polls:  # begun by a sweep that was under way
            await asyncio.wait(self._polls, timeout=max(deadline - time.monotonic(), 1))
        self._scheduler.shutdown(wait=False)

    # ── loops ──

    def _loop(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        self._loops.append(asyncio.create_task(self._forever(name, step), name=name))

    async def _forever(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await step()
            except StoreUnavailable as error:
                self._store_lost(error)
                await self._pause(1.0)
            except Exception:
                log.exception("a loop failed and goes on", loop=name)
                await self._pause(1.0)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _read_step(self, reader: Reader) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            await read_batch(reader.stream, reader.handle, BATCH)

        return step

    def _backfill_step(self, backfiller: Backfiller) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            await backfiller.run()
            await self._pause(1.0)

        return step

    def _deliver_step(self, deliverer: Deliverer) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            self._wake.clear()
            if not await deliverer.sweep():
                try:
                    await asyncio.wait_for(self._wake.wait(), IDLE_SWEEP)
                except TimeoutError:
                    return
            # A moment for what was claimed to end, so that the next look claims several at a time.
            await asyncio.sleep(0.01)

        return step

    # ── ticks ──

    async def _turn(self, tick: Tick) -> None:
        if (task := asyncio.current_task()) is not None:
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)
        try:
            await tick.run()
        except StoreUnavailable as error:
            self._store_lost(error)
        except Exception:
            log.exception("a tick failed and comes again", tick=tick.name)
        self._last_turn[tick.name] = time.monotonic()

    async def _watch(self) -> None:
        try:
            await self._parts.ping()
        except StoreUnavailable:
            if self._parts.revive is None:
                raise
            try:
                if await self._parts.revive():
                    log.warning("the bundled server was dead and has been restarted")
            except ConfigurationError as error:
                self.trouble = str(error)
                raise StoreUnavailable(self.trouble) from error
            return
        self.trouble = None
        if self._outage is not None:
            log.info("the store is back", seconds=round(time.monotonic() - self._outage, 1))
            self._outage = None

    def _store_lost(self, error: StoreUnavailable) -> None:
        """Say each cause at once, and again every half minute as long as it lasts."""
        now, text = time.monotonic(), str(error)
        if self._outage is None:
            self._outage = now
            self._told.clear()
        if now - self._told.get(text, -60) > 30:
            self._told[text] = now
            log.error("the store is not usable; nothing is lost, work goes on when it is back", error=text)

    async def _sweep(self) -> None:
        parts = self._parts
        free = parts.poll_slots - len(self._polls)
        if parts.feeds is None or parts.poller is None:
            return
        await parts.feeds.renew(list(self._polls.values()), parts.clock() + LEASE_MS)
        if self._stopping.is_set() or free <= 0 or await self._too_crowded():
            return
        now = parts.clock()
        for claimed in await parts.feeds.claim(now, now + LEASE_MS, free):
            task = asyncio.create_task(self._poll(parts.poller.poll(claimed), claimed.config.url))
            self._polls[task] = claimed
            task.add_done_callback(self._polls.pop)

    async def _too_crowded(self) -> bool:
        crowded = await self._parts.memory_ratio() > MEMORY_LIMIT
        if crowded != self._crowded:
            self._crowded = crowded
            if crowded:
                log.error("the store's memory is nearly full, polling pauses: raise MONITOR_MAXMEMORY or keep less")
            else:
                log.info("the store has room again: polling goes on")
        return crowded

    async def _poll(self, poll: Awaitable[str], url: str) -> None:
        try:
            await poll
        except StoreUnavailable as error:
            self._store_lost(error)
        except Exception:
            log.exception("a poll failed; the feed is due again when its lease runs out", url=url)

    async def _reclaim(self) -> None:
        for reader in self._parts.readers:
            await reclaim(reader.stream, reader.handle, self._parts.metrics, self._parts.clock)
