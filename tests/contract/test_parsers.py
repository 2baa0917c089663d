"""The pool of parse workers: hostile documents, killed workers, a killed owner."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.feeds.parsers import Parsers
from monitor.model.feed import CacheHints, Fetched, ParsedFeed, ParseFailed, Validators
from tests.harness.service import eventually


def document(body: bytes, content_type: str = "application/rss+xml") -> Fetched:
    return Fetched("https://news.example/f", body, content_type, None, Validators(), CacheHints(), None)


def feed(title: str, items: int = 1) -> Fetched:
    rows = "".join(f"<item><title>{title} {n}</title></item>" for n in range(items))
    return document(f'<rss version="2.0"><channel><title>{title}</title>{rows}</channel></rss>'.encode())


ATTRIBUTES = " ".join(f'a{n}="x"' for n in range(60_000))
SLOW = document(f'<rss version="2.0"><channel><item><title {ATTRIBUTES}>t</title></item></channel></rss>'.encode())
"""One element with so many attributes that feedparser needs half a minute for it."""


def pids(pool: Parsers) -> set[int]:
    return {worker.pid for worker in pool._all}


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def title(pool: Parsers, name: str, items: int = 1) -> str | None:
    """The title that the pool reads from a feed of that name."""
    found = await pool.parse(feed(name, items))
    assert isinstance(found, ParsedFeed), found
    assert [item.title for item in found.items] == [f"{name} {n}" for n in range(items)]
    return found.title


@pytest.fixture
async def pool() -> AsyncIterator[Parsers]:
    """Two workers with a generous deadline."""
    made = Parsers(2, 20)
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Parsers]:
    """One warm worker with a short deadline, which must not count the start of the process."""
    made = Parsers(1, 20)
    await title(made, "warm")
    made._deadline = 0.7
    yield made
    await made.close()


async def test_many_documents_at_once_keep_their_answers_apart(pool: Parsers) -> None:
    """Two hundred parses over two workers: each gets the answer to its own document."""
    names = [f"n{n}" for n in range(200)]
    found = await asyncio.gather(*(title(pool, name, n % 7) for n, name in enumerate(names)))
    assert found == names
    assert len(pids(pool)) == 2


async def test_a_document_that_takes_too_long_costs_its_worker_and_nobody_else(hasty: Parsers) -> None:
    """60,000 attributes on one element: killed at the deadline, reported, and the pool goes on."""
    before = pids(hasty)
    began = time.monotonic()
    found = await hasty.parse(SLOW)
    assert isinstance(found, ParseFailed)
    assert found.reason == "parse-timeout"
    assert 0.5 < time.monotonic() - began < 5
    assert not any(alive(pid) for pid in before)
    hasty._deadline = 20
    assert await title(hasty, "after") == "after"
    assert len(pids(hasty)) == 1


async def test_a_worker_killed_in_the_middle_fails_its_document_and_is_replaced(pool: Parsers) -> None:
    """The out-of-memory killer ends one parse with a reason; the next one works."""
    await title(pool, "warm")
    (victim,) = pids(pool)
    parse = asyncio.create_task(pool.parse(SLOW))
    await eventually(lambda: asyncio.sleep(0, not pool._idle), 5, "the worker is at it")
    os.kill(victim, signal.SIGKILL)
    found = await parse
    assert isinstance(found, ParseFailed)
    assert found.reason == "parser"
    assert await title(pool, "after") == "after"
    assert victim not in pids(pool)


async def test_a_worker_killed_while_idle_is_no_feeds_fault(pool: Parsers) -> None:
    """The next document is read by a new worker, instead of being reported as one that kills parsers."""
    await title(pool, "warm")
    (victim,) = pids(pool)
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: asyncio.sleep(0, not alive(victim)), 5, "the worker is dead")
    assert await title(pool, "after") == "after"


async def test_a_cancelled_parse_leaves_no_answer_behind(hasty: Parsers) -> None:
    """The cancelled document's answer is never taken for the next document's, and its worker ends."""
    hasty._deadline = 20
    before = pids(hasty)
    for delay in (0, 0.001, 0.01):
        parse = asyncio.create_task(hasty.parse(feed("big", 1500)))
        await asyncio.sleep(delay)
        parse.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parse
        assert await title(hasty, f"after {delay}") == f"after {delay}"
    slow = asyncio.create_task(hasty.parse(SLOW))
    await eventually(lambda: asyncio.sleep(0, pids(hasty) and not hasty._idle), 5, "the worker is at it")
    busy = pids(hasty)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await title(hasty, "last") == "last"
    assert not any(alive(pid) for pid in before | busy)


async def test_a_slow_document_does_not_hold_up_the_other_worker(pool: Parsers) -> None:
    """While one worker is busy, documents go through the other."""
    await asyncio.gather(title(pool, "a"), title(pool, "b"))
    slow = asyncio.create_task(pool.parse(SLOW))
    for n in range(20):
        assert await title(pool, f"n{n}") == f"n{n}"
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_close_ends_every_worker(pool: Parsers) -> None:
    """No process is left, idle or not."""
    await asyncio.gather(*(title(pool, str(n)) for n in range(4)))
    workers = pids(pool)
    assert len(workers) == 2
    await pool.close()
    assert not any(alive(pid) for pid in workers)


HOSTILE = {
    "nested elements": document(b'<rss version="2.0"><channel>' + b"<a>" * 100_000),
    "nested in a title": document(b'<rss version="2.0"><channel><item><title>' + b"<b>" * 50_000),
    "nested JSON": document(b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 100_000),
    "entities in entities": document(
        b"<!DOCTYPE r [<!ENTITY a0 'ha'>"
        + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><rss version='2.0'><channel><item><title>&a11;</title></item></channel></rss>"
    ),
    "nothing": document(b""),
    "NULs": document(bytes(100_000)),
    "odd content type": document(b"text", "text/\udcff; charset=\udcfe"),
    "surrogates": document(
        b'{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"t","tags":["\\ud800"]}]}'
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_document_makes_the_pool_raise(pool: Parsers, name: str) -> None:
    """Whatever it is, the answer is a feed or a reason that can be stored, and the pool goes on."""
    await title(pool, "warm")
    pool._deadline = 1
    found = await pool.parse(HOSTILE[name])
    assert isinstance(found, ParsedFeed | ParseFailed)
    assert json.dumps(dataclasses.asdict(found), ensure_ascii=False).encode()
    pool._deadline = 20
    assert await title(pool, "after") == "after"


async def test_a_large_answer_comes_through_whole(pool: Parsers) -> None:
    """Megabytes in and out do not block the pipes."""
    rows = [{"id": str(n), "title": f"t{n}", "content_text": "word " * 1000} for n in range(1000)]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": rows}).encode()
    found = await pool.parse(document(body))
    assert isinstance(found, ParsedFeed)
    assert len(found.items) == 1000
    assert {len(item.body) for item in found.items} == {4999}


OWNER = """
import asyncio, sys
from tests.contract.test_parsers import SLOW, feed
from monitor.feeds.parsers import Parsers

async def main():
    pool = Parsers(2, 1)
    pool._idle += [await pool._start(), await pool._start()]
    pool._deadline = 30  # so that only the workers' own alarms can end them
    await asyncio.gather(pool.parse(feed("a")), pool.parse(feed("b")))
    busy = [asyncio.create_task(pool.parse(SLOW)) for _ in range(int(sys.argv[1]))]
    await asyncio.sleep(0.3)
    print(*(worker.pid for worker in pool._all), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize(("busy", "seconds"), [(0, 2.0), (2, 5.0)], ids=["idle", "in the middle of a document"])
async def test_workers_do_not_outlive_their_owner(busy: int, seconds: float) -> None:
    """After kill -9 of the service, idle workers end at once, busy ones by their own alarm."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(busy), stdout=PIPE, cwd=Path(__file__).parent.parent.parent
    )
    assert owner.stdout is not None
    workers = [int(pid) for pid in (await asyncio.wait_for(owner.stdout.readline(), 30)).split()]
    assert len(workers) == 2
    assert all(alive(pid) for pid in workers)
    owner.kill()
    await owner.wait()
    await eventually(lambda: asyncio.sleep(0, not any(alive(pid) for pid in workers)), seconds, "the workers are gone")
