"""The life of ``monitor run``: start, wait for a signal, stop cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from monitor.errors import ConfigurationError, StoreUnavailable
from monitor.metrics import Metrics
from monitor.net.client import Client
from monitor.settings import Settings
from monitor.wiring.opening import bind, ensure_admin_key, open_store, seed_rules
from monitor.wiring.service import Service

log = structlog.get_logger(__name__)


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
