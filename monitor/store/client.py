"""One connection pool to one Redis or Valkey, and scripts called by their digest.

Nothing is retried here: a command whose answer got lost may have been carried out, and only the
caller knows whether doing it twice does harm. Every failure to get an answer is StoreUnavailable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ExecAbortError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from monitor.errors import StoreUnavailable

Argument = str | bytes | int | float
Command = Sequence[Argument]

SOCKET_TIMEOUT = 5.0
"""Seconds; a blocking read waits at most BLOCK_MS, well below it, so that a stop is prompt."""
BLOCK_MS = 1_000


_AWAY = ("MISCONF ", "OOM ", "LOADING ", "BUSY ", "TRYAGAIN ", "MASTERDOWN ", "READONLY ", "NOREPLICAS ")
"""Codes of errors that are about the server's state and not about the command."""


class Client:
    """Commands, pipelines and scripts on one server."""

    def __init__(self, url: str, on_error: Callable[[], None] = lambda: None) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=1024,  # made on demand; two readers a partition block on one each
            timeout=20,
            protocol=2,  # pinned: the shape of answers differs between protocols
            retry=Retry(NoBackoff(), 0),
            socket_timeout=SOCKET_TIMEOUT,
            socket_connect_timeout=2.0,
        )
        self._redis: Redis = Redis(connection_pool=pool)
        self._redis.response_callbacks.clear()  # answers as the server sends them, the same in every version
        self._on_error = on_error
        folder = resources.files("monitor.store") / "lua"
        sources = {e.name.removesuffix(".lua"): e.read_text() for e in folder.iterdir() if e.name.endswith(".lua")}
        self._sources = sources
        self._digests = {n: hashlib.sha1(s.encode(), usedforsecurity=False).hexdigest() for n, s in sources.items()}

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (RedisConnectionError, RedisTimeoutError, ClusterDownError, OSError) as error:
            self._on_error()
            if isinstance(error, BusyLoadingError):
                raise StoreUnavailable("the store is still loading its data; try again") from error
            raise StoreUnavailable(f"the store does not answer: {error}") from error
        except OutOfMemoryError as error:
            self._on_error()
            raise StoreUnavailable(
                "the store's memory is full: raise MONITOR_MAXMEMORY or keep stories for fewer days"
            ) from error
        except ReadOnlyError as error:
            self._on_error()
            raise StoreUnavailable("the store is read-only (a replica, or its disk is full)") from error
        except ResponseError as error:
            # In a pipeline the code stands behind the number of the command.
            if isinstance(error, ExecAbortError) or any(code in str(error) for code in _AWAY):
                self._on_error()
                raise StoreUnavailable(f"the store refuses commands: {error}") from error
            raise

    async def call(self, *command: Argument) -> Any:
        """One command's answer. Raises StoreUnavailable."""
        with self._translated():
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]

    async def many(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of several independent commands, sent at once; not atomic."""
        return await self._pipeline(commands, transaction=False)

    async def atomic(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of several commands carried out as one; all keys share a hash tag."""
        return await self._pipeline(commands, transaction=True)

    async def _pipeline(self, commands: Sequence[Command], *, transaction: bool) -> list[Any]:
        if not commands:
            return []
        with self._translated():
            async with self._redis.pipeline(transaction=transaction) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                answers: list[Any] = await pipeline.execute()
                return answers

    async def script(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """The answer of lua/<name>.lua. The server forgets scripts when it restarts; then it is sent again."""
        try:
            return await self.call("EVALSHA", self._digests[name], len(keys), *keys, *args)
        except NoScriptError:
            return await self.call("EVAL", self._sources[name], len(keys), *keys, *args)

    async def scripts(self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]) -> list[Any]:
        """The answers of one script for several sets of keys and arguments, sent at once."""
        commands = [("EVALSHA", self._digests[name], len(keys), *keys, *args) for keys, args in calls]
        try:
            return await self.many(commands)
        except NoScriptError:
            # Some may have run, so this is for idempotent scripts, as all of ours that come in batches are.
            await self.call("SCRIPT", "LOAD", self._sources[name])
            return await self.many(commands)
