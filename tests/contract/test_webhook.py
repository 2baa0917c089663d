"""One webhook attempt against receivers that play a script."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from standardwebhooks import Webhook

from monitor.delivery import webhook
from monitor.delivery.links import Links
from monitor.delivery.signature import SECRET_BYTES, make_secret
from monitor.delivery.webhook import KEPT, WebhookSender
from monitor.model.subscription import WebhookChannel
from monitor.net.client import Client
from monitor.policy.retry import Answer
from tests.contract.test_http_client import LOOPBACK, NO_NAMES, Answers, Play, RawServer, answer, redirect

NOW = 1_700_000_000_000
"""Tue, 14 Nov 2023 22:13:20 GMT."""
NEW = make_secret(bytes(SECRET_BYTES))
OLD = make_secret(b"o" * SECRET_BYTES)
LINKS = Links("https://monitor.example", "secret")
BODY = '{"type": "hit.created", "data": "Żółw 日本 🚀"}'.encode()


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer() as made:
        yield made


@pytest.fixture
async def send() -> AsyncIterator[WebhookSender]:
    async with Client(LOOPBACK, resolver=NO_NAMES) as client:
        yield WebhookSender(client, LINKS)


async def attempt(send: WebhookSender, raw: RawServer, page: bytes | Play | None = None, now: int = NOW) -> Answer:
    """One attempt at ``/hook``, which answers with ``page``."""
    if page is not None:
        raw.pages["/hook"] = page
    return await send.post(WebhookChannel(f"{raw.url}/hook", NEW), "d-1", BODY, now)


async def test_the_exact_bytes_arrive_signed(raw: RawServer, send: WebhookSender) -> None:
    """A POST of JSON whose body the reference library verifies."""
    await attempt(send, raw, answer("204 No Content"), now=time.time_ns() // 1_000_000)
    assert raw.requests[0].startswith(b"POST /hook HTTP/1.1\r\n")
    assert raw.bodies == [BODY]
    assert (raw.header("Content-Type") or "").startswith("application/json")
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    assert Webhook(NEW).verify(BODY, {name: raw.header(name) or "" for name in names})["type"] == "hit.created"
    assert raw.header("webhook-id") == "d-1"


async def test_a_retry_keeps_the_id_and_has_a_fresh_timestamp(raw: RawServer, send: WebhookSender) -> None:
    """Three attempts of one delivery: one id, three timestamps in whole seconds, three signatures."""
    for later in (0, 5_000, 305_999):
        await attempt(send, raw, answer("500 Oops"), now=NOW + later)
    assert [raw.header("webhook-id", n) for n in range(3)] == ["d-1"] * 3
    assert [raw.header("webhook-timestamp", n) for n in range(3)] == ["1700000000", "1700000005", "1700000305"]
    assert len({raw.header("webhook-signature", n) for n in range(3)}) == 3


@pytest.mark.parametrize(
    ("until", "signatures"), [(NOW + 1, 2), (NOW, 1), (NOW - 1, 1), (None, 1)], ids=["within", "at", "after", "no end"]
)
async def test_the_old_secret_signs_until_its_end(
    raw: RawServer, send: WebhookSender, until: int | None, signatures: int
) -> None:
    """During the grace period of a rotation there are two signatures, and then one."""
    raw.pages["/hook"] = answer()
    await send.post(WebhookChannel(f"{raw.url}/hook", NEW, OLD, until), "d-1", BODY, NOW)
    assert len((raw.header("webhook-signature") or "").split(" ")) == signatures


@pytest.mark.parametrize(
    ("status", "accepted"),
    [(200, True), (201, True), (202, True), (204, True), (299, True), (300, False), (301, False), (304, False),
     (400, False), (401, False), (404, False), (410, False), (429, False), (500, False), (503, False), (999, False)],
)  # fmt: skip
async def test_only_2xx_is_success(raw: RawServer, send: WebhookSender, status: int, accepted: bool) -> None:
    """Every other status is a failure that keeps its status."""
    found = await attempt(send, raw, answer(f"{status} Said"))
    assert (found.status, found.accepted, found.error) == (status, accepted, None)
    assert 0 <= found.latency_ms < 5_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(raw: RawServer, send: WebhookSender, status: int) -> None:
    """The signed body goes to the address that the subscriber gave, and nowhere else."""
    raw.pages["/other"] = answer()
    found = await attempt(send, raw, redirect("/other", status))
    assert (found.status, found.accepted, raw.paths) == (status, False, ["/hook"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("120", 120), ("Tue, 14 Nov 2023 22:15:20 GMT", 120), ("Tue, 14 Nov 2023 22:00:00 GMT", None), ("soon", None),
     ("-1", None), ("", None)],
)  # fmt: skip
async def test_retry_after_is_handed_on(raw: RawServer, send: WebhookSender, value: str, expected: int | None) -> None:
    """In seconds, from seconds or a date; nothing from garbage and the past."""
    found = await attempt(send, raw, answer("429 Wait", headers=f"Retry-After: {value}\r\n"))
    assert found.retry_after == expected


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"no such hook", "no such hook"),
        ("nie działa 🚫".encode(), "nie działa 🚫"),
        (b"\xff\x00bytes", "\ufffd\x00bytes"),
        (b"x" * KEPT, "x" * KEPT),
        (b"x" * 100_000, "x" * KEPT),
    ],
)
async def test_the_receivers_words_are_kept_up_to_a_limit(
    raw: RawServer, send: WebhookSender, body: bytes, kept: str
) -> None:
    """The owner sees the real answer; a huge one is cut and is no failure of the attempt itself."""
    found = await attempt(send, raw, answer("404 Not Found", body=body))
    assert (found.status, found.response, found.error) == (404, kept, None)


async def bad_chunk(writer: asyncio.StreamWriter) -> None:
    """A head, and later a chunk without a size; in one packet, aiohttp would refuse the head as well."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.write(b"ZZ\r\n")


async def dripping_body(writer: asyncio.StreamWriter) -> None:
    """A head at once, and then a byte now and then for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "page",
    [answer(body=b"half", length=500), answer(body=b"not gzip", headers="Content-Encoding: gzip\r\n"), bad_chunk,
     dripping_body],
    ids=["cut short", "wrong encoding", "bad chunk", "drip"],
)  # fmt: skip
async def test_a_2xx_counts_although_its_body_is_broken(
    raw: RawServer, send: WebhookSender, monkeypatch: pytest.MonkeyPatch, page: bytes | Play
) -> None:
    """The status says that the message was taken; sending it again would alert twice."""
    monkeypatch.setattr(webhook, "DEADLINE", 0.5)
    found = await attempt(send, raw, page)
    assert (found.status, found.accepted, found.error, found.response) == (200, True, None, "")
    assert found.latency_ms < 2_000


@pytest.mark.parametrize("page", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: y"])
async def test_an_answer_without_a_whole_head_is_a_failure(raw: RawServer, send: WebhookSender, page: bytes) -> None:
    """Nothing says that the message was taken, so there is no status, only the reason; nothing is raised."""
    found = await attempt(send, raw, page)
    assert (found.status, found.accepted) == (None, False)
    assert found.error
    assert len(raw.requests) == 1, "an attempt is one request"


async def test_a_drip_ends_at_the_deadline(
    raw: RawServer, send: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that sends a byte now and then holds its slot no longer than the deadline."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(webhook, "DEADLINE", 0.3)
    raw.pages["/hook"] = drip
    found = await attempt(send, raw)
    assert (found.status, (found.error or "").split(":")[0]) == (None, "timeout")
    assert 250 <= found.latency_ms < 2_000


async def test_nobody_listening_is_a_failed_connect(send: WebhookSender) -> None:
    """The reason is for the owner to read."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = await send.post(WebhookChannel(f"http://127.0.0.1:{taken.getsockname()[1]}/", NEW), "d-1", BODY, NOW)
    assert (found.status, (found.error or "").split(":")[0]) == (None, "connect")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "private.example"])
async def test_private_receivers_get_nothing(raw: RawServer, host: str) -> None:
    """The same guard as for feeds: by address, in disguise, or by a name that resolves there."""
    async with Client(resolver=Answers(["127.0.0.1"])) as client:
        channel = WebhookChannel(f"http://{host}:{raw.port}/hook", NEW)
        found = await WebhookSender(client, LINKS).post(channel, "d-1", BODY, NOW)
    assert (found.status, (found.error or "").split(":")[0], raw.connections) == (None, "blocked", 0)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "nonsense", "http://[::1"])
async def test_a_url_that_is_none_is_an_answer_too(send: WebhookSender, url: str) -> None:
    """A channel with a broken address fails its attempts and harms nothing else."""
    found = await send.post(WebhookChannel(url, NEW), "d-1", BODY, NOW)
    assert (found.status, (found.error or "").split(":")[0]) == (None, "bad-url")
