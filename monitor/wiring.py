"""Settings to running parts. The only module that names concrete adapters."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from monitor.daemon import Daemon, Parts, Reader, Tick
from monitor.delivery.webhook import WebhookSender
from monitor.embedded import EmbeddedServer
from monitor.embedded.launcher import prepare_data_dir
from monitor.errors import ConfigurationError, FileProblem, StoreUnavailable
from monitor.feeds.fetch import fetch
from monitor.feeds.parsers import Parsers
from monitor.metrics import Metrics
from monitor.model.feed import Health
from monitor.net.client import Client
from monitor.pipeline.backfill import Backfiller
from monitor.pipeline.deliver import Deliverer
from monitor.pipeline.fan_out import FanOut
from monitor.pipeline.match import Matcher
from monitor.pipeline.poll import Poller
from monitor.pipeline.view import ConfigView
from monitor.rulebook.sync import RuleFiles
from monitor.settings import Settings, shipped
from monitor.store import keys
from monitor.store.config import RULE, SUBSCRIPTION
from monitor.store.store import Store, connect

ADMIN = "admin"
LEASE_MS = 5_000
"""For what one process at a time does; renewed every second."""
PATIENCE = 30.0
"""Seconds that a start waits for a store that is not there yet."""
IDLE_CONSUMER_MS = 3_600_000
log = structlog.get_logger(__name__)


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store, and the bundled server behind it where there is one."""

    store: Store
    server: EmbeddedServer | None


@asynccontextmanager
async def open_store(
    settings: Settings, *, patience: float = PATIENCE, on_error: Callable[[], None] = lambda: None
) -> AsyncIterator[OpenStore]:
    """The configured store; the bundled server is started or adopted, and left again at the end.

    Raises ConfigurationError.
    """
    if settings.redis_url:
        store = await connect(settings.redis_url, settings, embedded=False, patience=patience, on_error=on_error)
        try:
            yield OpenStore(store, None)
        finally:
            await store.close()
        return
    prepare_data_dir(settings.data_dir)
    server = EmbeddedServer(settings.data_dir, settings.maxmemory)
    try:
        await server.join()
        store = await connect(server.url, settings, embedded=True, patience=patience, on_error=on_error)
        try:
            yield OpenStore(store, server)
        finally:
            await store.close()
    finally:
        await server.leave()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigurationError where the port is taken or the address is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(1024)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}); another service may be running there: "
            "choose another with MONITOR_PORT or --port"
        ) from error
    made.setblocking(False)
    return made


async def ensure_admin_key(store: Store, data_dir: Path) -> Path:
    """The file with the admin key, made at the first start, mode 0600; its digest is in the store."""
    path = data_dir / "admin.key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            # Made with its mode from the start, and in one step, so that no one ever reads half a key.
            partial = path.with_suffix(f".{os.getpid()}")
            partial.touch(0o600)
            partial.write_text(f"mon_{secrets.token_urlsafe(32)}\n")
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(partial)
            partial.unlink()
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be written or read ({error.strerror})") from error
    if not key:
        raise ConfigurationError(f"the key file {path} is empty; delete it, and the next start makes a new key")
    if await store.config.key_name(key) is None:
        await store.config.add_key(key, ADMIN, clock())
    return path


def seed_rules(settings: Settings) -> None:
    """Copy the shipped rules into a rules folder of the service's own, at the first start only."""
    folder = settings.rules_folder
    if settings.rules_need_seeding and not folder.exists():
        shutil.copytree(shipped("rules"), folder)
        log.info("the shipped rules were copied; edit them there", folder=str(folder))


class Service:
    """One process: its parts by role, the API where it is one of them."""

    def __init__(
        self, settings: Settings, roles: Sequence[str], opened: OpenStore, client: Client, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.roles = roles
        self.metrics = metrics
        self.store = opened.store
        self._server = opened.server
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._send = WebhookSender(client)
        self._parsers = Parsers(settings.parse_workers, settings.parse_timeout)
        self._view = ConfigView(opened.store.config)
        self._files = RuleFiles(settings.rules_folder, opened.store.config, clock)
        self._synced_at = 0  # the epoch at the last look at the rule files
        self._problems: tuple[FileProblem, ...] | None = None  # as last written to the store
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
                store.deliveries, store.hits, store.config, self._view, self._send, self.metrics,
                clock, _jitter, self.settings.webhook_concurrency,
            )  # fmt: skip
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
        with contextlib.suppress(StoreUnavailable):  # then they end by themselves
            for name in (keys.SYNC_LEASE, keys.BACKFILL_LEASE):
                await self.store.config.release(name, self._owner)

    # ── ticks ──

    async def _rules(self) -> None:
        await self._sync()
        await self._view.refresh()

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

    async def _tidy(self) -> None:
        day, now, store = 86_400_000, clock(), self.store
        rules, subscriptions = [await store.config.known(kind) for kind in (RULE, SUBSCRIPTION)]
        await store.stories.trim(now - self.settings.story_days * day, [r.config.id for r in await store.feeds.all()])
        await store.hits.trim(now - self.settings.hit_days * day, rules)
        await store.deliveries.trim(now - self.settings.delivery_days * day, subscriptions)
        for stream in (*store.stories_in(self._owner), *store.outboxes(self._owner)):
            await stream.forget_idle_consumers(IDLE_CONSUMER_MS)

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
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        from monitor.api.app import create_app
        from monitor.api.context import Context, Readiness

        loader = FileSystemLoader(shipped("templates") / "pages")
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

        async def readiness() -> Readiness:
            return Readiness(*await self.readiness())

        return create_app(
            Context(
                self.store,
                self.settings,
                self.metrics,
                clock,
                secrets.token_bytes,
                self._send,
                readiness,
                self.wake,
                pages,
            )
        )


def _jitter() -> float:
    return secrets.randbelow(1 << 20) / (1 << 20)


async def run(settings: Settings, roles: Sequence[str], announce: Callable[[str], None]) -> None:
    """Run the service until SIGINT or SIGTERM, then stop it cleanly. Raises ConfigurationError."""
    stop = asyncio.Event()
    starting = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        # A second signal changes nothing: make and supervisors like to send one.
        if not stop.is_set() and starting is not None:
            starting.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped)
    try:
        async with contextlib.AsyncExitStack() as stack:
            service, web = await _start(settings, roles, announce, stack)
            starting = None  # from here on a signal ends the wait, and nothing else
            stack.push_async_callback(_stop, service, web)
            await stop.wait()
            log.info("stopping: what is in flight is finished first")
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    log.info("stopped")


async def _start(
    settings: Settings, roles: Sequence[str], announce: Callable[[str], None], stack: contextlib.AsyncExitStack
) -> tuple[Service, _Web | None]:
    """The service, running; ``stack`` undoes what came before, also where the start fails half-way."""
    listener = bind(settings.host, settings.port) if "api" in roles else None
    if listener is not None:
        stack.callback(listener.close)
    metrics = Metrics()
    opened = await stack.enter_async_context(open_store(settings, on_error=metrics.store_errors.inc))
    client = await stack.enter_async_context(Client(settings.allowed_private_networks, settings.public_url))
    seed_rules(settings)
    service = Service(settings, roles, opened, client, metrics)
    stack.push_async_callback(service.close)
    try:
        await service.prepare()
        web = _Web(service.api(), listener) if listener is not None else None
        key_file = await ensure_admin_key(opened.store, settings.data_dir) if web else None
        feeds, _ = await opened.store.feeds.page(None, 1)
        if web is not None:
            await web.start()
    except StoreUnavailable as error:
        raise ConfigurationError(f"the store went away during the start: {error}") from error
    service.daemon.start()
    announce(_welcome(service, listener, key_file, any_feeds=bool(feeds)))
    return service, web


async def _stop(service: Service, web: _Web | None) -> None:
    await service.daemon.stop()
    if web is not None:
        await web.stop()


def _welcome(service: Service, listener: socket.socket | None, key_file: Path | None, *, any_feeds: bool) -> str:
    """What a user has to know now."""
    lines = [f"Media monitor is running as {', '.join(service.roles)}"]
    if listener is not None:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        lines = [
            f"Media monitor is running:  {url}/   (the API: {url}/docs)",
            f"The key for the API is in  {key_file}",
        ]
    own = "the server of MONITOR_REDIS_URL" if service.settings.redis_url else service.settings.data_dir
    lines += [f"Data:   {own}", f"Rules:  {service.settings.rules_folder}"]
    if not any_feeds:
        command = sys.argv[0] if sys.argv[0].endswith("monitor") else "monitor"
        lines.append(f"No feeds yet. Add some:  {command} feeds add URL  (or: {command} feeds import FILE.opml)")
    return "\n".join(lines)


class _Web:
    """uvicorn inside our loop, without its own idea of signals."""

    def __init__(self, app: object, listener: socket.socket) -> None:
        import uvicorn

        config = uvicorn.Config(
            app,  # type: ignore[arg-type]
            log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=5,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task
