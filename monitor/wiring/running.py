"""The life of the service: start, work, stop cleanly; and of ``monitor run``, which waits for a signal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.metrics import Metrics
from monitor.net.client import Client
from monitor.settings import Settings
from monitor.wiring.channels import make_links
from monitor.wiring.opening import bind, ensure_admin_key, open_store, seed_rules
from monitor.wiring.service import Service

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """The service at work. ``url`` is the API's, None where this process has none, and so has no key file."""

    service: Service
    url: str | None
    key_file: Path | None
    any_feeds: bool


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
        async with running(settings, roles) as up:
            starting = None  # from here on a signal ends the wait, and nothing else
            announce(_welcome(up))
            await stop.wait()
            log.info("stopping: what is in flight is finished first")
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    log.info("stopped")


@asynccontextmanager
async def running(settings: Settings, roles: Sequence[str]) -> AsyncIterator[Running]:
    """The service, running until the block ends; then what is in flight is finished, and everything is closed.

    Raises ConfigurationError; a start that fails half-way or is cancelled leaves nothing behind.
    """
    async with contextlib.AsyncExitStack() as stack:
        listener = bind(settings.host, settings.port) if "api" in roles else None
        if listener is not None:
            stack.callback(listener.close)
        metrics = Metrics()
        opened = await stack.enter_async_context(open_store(settings, on_error=metrics.store_errors.inc))
        client = await stack.enter_async_context(Client(settings.allowed_private_networks, settings.public_url))
        seed_rules(settings)
        try:
            links = await make_links(settings, opened.store, listener.getsockname()[1] if listener else None)
            service = Service(settings, roles, opened, client, metrics, links)
            stack.push_async_callback(service.close)
            await service.prepare()
            web = _Web(service.api(), listener) if listener is not None else None
            key_file = await ensure_admin_key(opened.store, settings.data_dir) if web else None
            feeds, _ = await opened.store.feeds.page(None, 1)
            if web is not None:
                await web.start()
        except StoreUnavailable as error:
            raise ConfigurationError(f"the store went away during the start: {error}") from error
        service.daemon.start()
        stack.push_async_callback(_stop, service, web)
        yield Running(service, _url(listener), key_file, any_feeds=bool(feeds))


async def _stop(service: Service, web: _Web | None) -> None:
    await service.daemon.stop()
    if web is not None:
        await web.stop()


def _url(listener: socket.socket | None) -> str | None:
    if listener is None:
        return None
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _welcome(up: Running) -> str:
    """What a user has to know now."""
    service = up.service
    lines = [f"Media monitor is running as {', '.join(service.roles)}"]
    if up.url is not None:
        lines = [
            f"Media monitor is running:  {up.url}/   (the API: {up.url}/docs)",
            f"The key for the API is in  {up.key_file}",
        ]
    own = "the server of MONITOR_REDIS_URL" if service.settings.redis_url else service.settings.data_dir
    lines += [f"Data:   {own}", f"Rules:  {service.settings.rules_folder}"]
    lines += _mail_notes(service.settings)
    if not up.any_feeds:
        command = sys.argv[0] if sys.argv[0].endswith("monitor") else "monitor"
        lines.append(f"No feeds yet. Add some:  {command} feeds import --starter  (or: {command} feeds add URL)")
    return "\n".join(lines)


def _mail_notes(settings: Settings) -> list[str]:
    """Where mails go, and what they lack."""
    if not settings.smtp_url:
        return [f"Mails:  written into {settings.data_dir / 'outbox'}, as MONITOR_SMTP_URL is not set"]
    missing = [name for name in ("mail_from", "public_url") if getattr(settings, name) is None]
    why = {"mail_from": "servers may refuse the sender", "public_url": "links in mails lead to this machine only"}
    return [f"Mails:  MONITOR_{name.upper()} is not set: {why[name]}" for name in missing]


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
