"""What a process has to open before it can work: the store, the port, the key file, the rules folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.embedded import EmbeddedServer
from monitor.embedded.launcher import prepare_data_dir
from monitor.errors import ConfigurationError
from monitor.settings import Settings, shipped
from monitor.store.store import Store, connect

log = structlog.get_logger(__name__)


ADMIN = "admin"


PATIENCE = 30.0
"""Seconds that a start waits for a store that is not there yet."""


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
        if not shipped("rules").is_dir():
            raise ConfigurationError(
                f"there are no shipped rules at {shipped('rules')}; set MONITOR_RULES_DIR to your own"
            )
        shutil.copytree(shipped("rules"), folder)
        log.info("the shipped rules were copied; edit them there", folder=str(folder))
