"""The pool of parse workers. A document that takes too long costs its worker, and nobody else.

Workers are started by exec, not forked, so that they hold none of the service's sockets, and only when
there is something to parse.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
from asyncio.subprocess import Process

from pydantic import TypeAdapter

from monitor.model.feed import Fetched, ParsedFeed, ParseFailed

_LENGTH = struct.Struct("!I")
_FEED = TypeAdapter(ParsedFeed)
_FAILED = TypeAdapter(ParseFailed)


class Parsers:
    """At most ``size`` workers, each with ``deadline`` seconds for a document."""

    def __init__(self, size: int, deadline: float) -> None:
        self._deadline = deadline
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def parse(self, document: Fetched) -> ParsedFeed | ParseFailed:
        """What the document says. Never raises on account of the document."""
        header = json.dumps(
            {
                "url": document.url,
                "content_type": document.content_type,
                "content_location": document.content_location,
            }
        ).encode()
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._start()
            try:
                async with asyncio.timeout(self._deadline):
                    data = await _exchange(worker, header, document.body)
            except TimeoutError:
                await self._end(worker)
                return ParseFailed(
                    "parse-timeout", f"reading the feed took more than {self._deadline:g} s and was stopped"
                )
            except (OSError, asyncio.IncompleteReadError) as error:
                await self._end(worker)
                return ParseFailed("parser", f"the parser died on this feed ({error!r})")
            except BaseException:
                await self._end(worker)  # cancelled in the middle: its answer would be taken for the next one's
                raise
            self._idle.append(worker)
        answer = json.loads(data)
        if "feed" in answer:
            return _FEED.validate_python(answer["feed"])
        return _FAILED.validate_python(answer["failed"])

    async def _start(self) -> Process:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.feeds.worker", str(self._deadline),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
        )  # fmt: skip
        self._all.add(worker)
        return worker

    async def _end(self, worker: Process) -> None:
        self._all.discard(worker)
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()

    async def close(self) -> None:
        """End every worker."""
        for worker in list(self._all):
            await self._end(worker)
        self._idle.clear()


async def _exchange(worker: Process, header: bytes, body: bytes) -> bytes:
    if worker.stdin is None or worker.stdout is None:
        raise OSError("the worker has no pipes")
    for block in (header, body):
        worker.stdin.write(_LENGTH.pack(len(block)) + block)
    await worker.stdin.drain()
    (length,) = _LENGTH.unpack(await worker.stdout.readexactly(_LENGTH.size))
    return await worker.stdout.readexactly(length)
