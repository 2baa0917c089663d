"""Bodies and broken answers: the guarded HTTP client against servers that play a script byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import brotli
import pytest

from monitor.net.client import Client
from tests.contract.test_http_client import LOOPBACK, NO_NAMES, RawServer, answer, failure, get, redirect


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(LOOPBACK, resolver=NO_NAMES) as made:
        yield made


def gzip_bomb(megabytes: int) -> bytes:
    """A gzip stream of that many megabytes of zeros, made of one flushed block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * megabytes


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [("gzip", gzip_bomb(1024)), ("br", brotli.compress(bytes(256 << 20), quality=2))],
    ids=["gzip", "br"],
)
async def test_a_compression_bomb_is_cut_at_the_limit(raw: RawServer, encoding: str, bomb: bytes) -> None:
    """The limit counts decompressed bytes, and the rest is never unpacked: memory stays near the limit."""
    raw.pages["/a"] = answer(body=bomb, headers=f"Content-Encoding: {encoding}\r\n")
    async with Client(LOOPBACK, resolver=NO_NAMES) as client:
        tracemalloc.start()
        try:
            found = await get(client, f"{raw.url}/a", limit=1 << 20, deadline=10)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (found.cut, len(found.body)) == (True, 1 << 20)
    assert peak < 48 << 20


@pytest.mark.parametrize(("size", "cut"), [(999, False), (1000, False), (1001, True), (200_000, True)])
async def test_a_body_is_cut_only_beyond_the_limit(raw: RawServer, client: Client, size: int, cut: bool) -> None:
    """Exactly the limit is still whole."""
    raw.pages["/a"] = answer(body=b"x" * size)
    found = await get(client, f"{raw.url}/a", limit=1000)
    assert (len(found.body), found.cut) == (min(size, 1000), cut)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_compressed_bodies_are_unpacked(raw: RawServer, client: Client, encoding: str) -> None:
    """The three encodings that are asked for are understood; deflate with and without zlib's header."""
    packed = {
        "gzip": [gzip.compress(b"text")],
        "deflate": [zlib.compress(b"text"), zlib.compress(b"text")[2:-4]],
        "br": [brotli.compress(b"text")],
    }[encoding]
    for body in packed:
        raw.pages["/a"] = answer(body=body, headers=f"Content-Encoding: {encoding}\r\n")
        assert (await get(client, f"{raw.url}/a")).body == b"text"


async def test_nul_bytes_and_all_others_come_through(raw: RawServer, client: Client) -> None:
    """A body is bytes; what it says is the parser's business."""
    body = bytes(range(256)) * 10
    raw.pages["/a"] = answer(body=body)
    assert (await get(client, f"{raw.url}/a")).body == body


@pytest.mark.parametrize(
    ("page", "reasons"),
    [
        (answer(body=b"half", length=1000), {"encoding", "protocol"}),
        (answer(body=b"not gzip at all", headers="Content-Encoding: gzip\r\n"), {"encoding"}),
        (answer(body=b"not brotli", headers="Content-Encoding: br\r\n"), {"encoding"}),
        (answer(body=b"not deflate", headers="Content-Encoding: deflate\r\n"), {"encoding"}),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n", {"encoding", "protocol"}),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", {"encoding", "protocol"}),
        (b"garbage\r\n\r\n", {"protocol"}),
        (b"HTTP/9.9 abc\r\n\r\n", {"protocol"}),
        (b"\x00\x01\x02\x03" * 100, {"protocol"}),
        (b"SSH-2.0-OpenSSH_9.6\r\n", {"protocol"}),
        (b"", {"protocol", "connect"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nx", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\nX: " + b"h" * 100_000 + b"\r\n\r\n", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(200_000)) + b"\r\n", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n", {"protocol"}),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", {"protocol"}),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1/\xff\r\n\r\n", {"bad-url", "connect"}),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else "",
)  # fmt: skip
async def test_broken_answers_are_failures_with_a_reason(
    raw: RawServer, client: Client, page: bytes, reasons: set[str]
) -> None:
    """Whatever bytes come back, the outcome is a RequestFailed with a fitting reason, and soon."""
    raw.pages["/a"] = page
    assert (await failure(client, f"{raw.url}/a")).reason in reasons


async def test_several_gzip_streams_are_one_body(raw: RawServer, client: Client) -> None:
    """RFC 1952: streams one after the other are joined; zeros after the last one are padding."""
    raw.pages["/a"] = answer(
        body=gzip.compress(b"one") + gzip.compress(b"two") + bytes(9), headers="Content-Encoding: gzip\r\n"
    )
    assert (await get(client, f"{raw.url}/a")).body == b"onetwo"
    raw.pages["/a"] = answer(body=gzip.compress(b"") * 10_000, headers="Content-Encoding: gzip\r\n")
    assert (await failure(client, f"{raw.url}/a")).reason == "encoding"


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
async def test_a_large_body_in_small_pieces_is_unpacked_whole(raw: RawServer, client: Client, encoding: str) -> None:
    """However the network cuts it: no byte is lost between the pieces."""
    text = b"".join(b"%d " % n for n in range(300_000))
    pack = {"gzip": gzip.compress, "br": lambda data: brotli.compress(data, quality=3), "deflate": zlib.compress}
    packed = pack[encoding](text)

    async def slices(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nConnection: close\r\n\r\n".encode())
        for start in range(0, len(packed), 999):
            writer.write(packed[start : start + 999])
            await writer.drain()

    raw.pages["/a"] = slices
    found = await get(client, f"{raw.url}/a", limit=len(text))
    assert (found.body == text, found.cut) == (True, False)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(b"text" * 99)), ("br", brotli.compress(b"text" * 99)),
     ("deflate", zlib.compress(b"text" * 99))],
    ids=["gzip", "br", "deflate"],
)  # fmt: skip
async def test_a_compressed_body_that_ends_too_early_is_not_taken_for_whole(
    raw: RawServer, client: Client, encoding: str, packed: bytes
) -> None:
    """Half a compressed document under a fitting Content-Length would be stored with its ETag, and stay half."""
    raw.pages["/a"] = answer(body=packed[:-6], headers=f"Content-Encoding: {encoding}\r\n")
    assert (await failure(client, f"{raw.url}/a")).reason == "encoding"


async def test_more_bytes_than_announced_never_reach_the_body(raw: RawServer, client: Client) -> None:
    """A Content-Length that is too small is a broken answer: what follows it could be anybody's."""
    raw.pages["/a"] = answer(body=b"abcdef", length=3)
    assert (await failure(client, f"{raw.url}/a")).reason == "protocol"


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["status", "header", "body"],
)
async def test_a_slow_drip_ends_at_the_deadline(raw: RawServer, client: Client, start: bytes) -> None:
    """The deadline is over everything, so a byte now and then does not extend it, in head or body."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    raw.pages["/a"] = drip
    began = time.monotonic()
    assert (await failure(client, f"{raw.url}/a", deadline=0.3)).reason == "timeout"
    assert 0.25 < time.monotonic() - began < 2


async def test_the_deadline_spans_all_redirects(raw: RawServer, client: Client) -> None:
    """Slow redirects share one deadline; each does not get its own."""

    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(redirect("/a"))

    raw.pages["/a"] = slowly
    began = time.monotonic()
    assert (await failure(client, f"{raw.url}/a", deadline=0.5)).reason == "timeout"
    assert time.monotonic() - began < 0.9
