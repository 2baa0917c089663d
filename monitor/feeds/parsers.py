"""The pool of parse workers. A document that takes too long costs its worker, and nobody else.

Workers are started by exec, not forked, so that they hold none of the service's sockets, and only when
there is something to parse. One that was killed while it was idle is replaced without a word.
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

# As in worker.py, which is not imported: it would bring feedparser into the service's own process.
_LENGTH = struct.Struct("!I")
_READY = b"\x05"
_TAKEN = b"\x06"
_START = 30.0
"""Seconds that a worker has to start; they are not the document's."""
_FEED = TypeAdapter(ParsedFeed)
_FAILED = TypeAdapter(ParseFailed)


class _NotTaken(OSError):
    """The worker was gone before it had read the document."""


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
            try:
                data = await self._answer(header, document.body)
            except TimeoutError:
                return ParseFailed(
                    "parse-timeout", f"reading the feed took more than {self._deadline:g} s and was stopped"
                )
            except (OSError, asyncio.IncompleteReadError) as error:
                return ParseFailed("parser", f"the parser died on this feed ({error!r})")
        answer = json.loads(data)
        if "feed" in answer:
            return _FEED.validate_python(answer["feed"])
        return _FAILED.validate_python(answer["failed"])

    async def _answer(self, header: bytes, body: bytes) -> bytes:
        try:
            return await self._asked(self._spare() or await self._start(), header, body)
        except _NotTaken:
            return await self._asked(await self._start(), header, body)

    async def _asked(self, worker: Process, header: bytes, body: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._deadline):
                data = await _exchange(worker, header, body)
        except BaseException:
            await self._end(worker)  # even if it lives: its answer would be taken for the next document's
            raise
        self._idle.append(worker)
        return data

    def _spare(self) -> Process | None:
        """An idle worker; those that have ended meanwhile are forgotten."""
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            self._all.discard(worker)
        return None

    async def _start(self) -> Process:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.feeds.worker", str(self._deadline),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
        )  # fmt: skip
        self._all.add(worker)
        try:
            async with asyncio.timeout(_START):
                await _output(worker).readexactly(len(_READY))
        except BaseException:
            await self._end(worker)
            raise
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


def _output(worker: Process) -> asyncio.StreamReader:
    if worker.stdout is None:
        raise OSError("the worker has no pipes")
    return worker.stdout


async def _exchange(worker: Process, header: bytes, body: bytes) -> bytes:
    if worker.stdin is None or worker.stdout is None:
        raise OSError("the worker has no pipes")
    try:
        for block in (header, body):
            worker.stdin.write(_LENGTH.pack(len(block)) + block)
        await worker.stdin.drain()
        await worker.stdout.readexactly(len(_TAKEN))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise _NotTaken(str(error)) from error
    (length,) = _LENGTH.unpack(await worker.stdout.readexactly(_LENGTH.size))
    return await worker.stdout.readexactly(length)
