"""What the Internet answers instead of a feed: each is named in the feed's health, and none stops the others.

One service polls all of them at once; the timeouts take their 20 seconds meanwhile.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import pytest
import pytest_asyncio
from aiohttp import web

from tests.harness.servers import FeedServer, Handler, Item, Receiver, hang, rss
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEGABYTE = 1 << 20
BOMB = 300 * MEGABYTE
PARSE_TIMEOUT = "6"


def status(code: int, **headers: str) -> Handler:
    """Answer with a status and nothing else."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


def compressed(how: str, body: bytes) -> Handler:
    """Answer with a body that is said to be compressed as ``how``, whatever the client asked for."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": how})

    return handler


async def drip(request: web.Request) -> web.StreamResponse:
    """A byte every tenth of a second, for ever: each read succeeds, the whole never ends."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b" ")
        await asyncio.sleep(0.1)


async def cut(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent, and hang up."""
    answer = web.StreamResponse(headers={"Content-Length": "100000"})
    await answer.prepare(request)
    await answer.write(rss([Item("c", "Half a feed")])[:200])
    if request.transport is not None:
        request.transport.close()
    return answer


async def nonsense(request: web.Request) -> web.StreamResponse:
    """Bytes that are no HTTP."""
    if request.transport is not None:
        request.transport.write(b"\x00\x01\x02 SSH-2.0-hello\r\n\r\n")
        request.transport.close()
    return web.Response()


def gzip_bomb() -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=9) as stream:
        for _ in range(BOMB // MEGABYTE):
            stream.write(bytes(MEGABYTE))
    return made.getvalue()


def brotli_bomb() -> bytes:
    maker = brotli.Compressor(quality=4, lgwin=24)
    parts = [maker.process(bytes(MEGABYTE)) for _ in range(BOMB // MEGABYTE)]
    return b"".join([*parts, maker.finish()])


ATTRIBUTES = "<rss version='2.0'><channel><title " + " ".join(f"a{n}='1'" for n in range(60_000)) + ">x</title>"
PAGE = b"<!doctype html><html><head><link rel=alternate type=application/rss+xml href=/real.xml></head></html>"


@dataclass(frozen=True)
class Bad:
    """What is served, and what the feed's health must say: status, reason, words of the detail."""

    served: bytes | Handler | None
    status: str
    reason: str
    words: tuple[str, ...] = ()


BAD = {
    "broken-xml": Bad(b"<?xml version='1.0'?><<rss><channel>&&<item>", "failing", "not-a-feed"),
    "cut-off-xml": Bad(rss([Item("x", "Not there yet")]).partition(b"<item>")[0], "failing", "not-a-feed"),
    "html-page": Bad(PAGE, "failing", "not-a-feed", ("web page", "/real.xml")),
    "empty-body": Bad(b"", "failing", "not-a-feed", ("empty",)),
    "only-space": Bad(b" \r\n\t", "failing", "not-a-feed", ("empty",)),
    "picture": Bad(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "failing", "not-a-feed"),
    "json": Bad(b'{"error": "no such feed"}', "failing", "not-a-feed"),
    "no-items": Bad(rss([]), "ok", "empty"),
    "401": Bad(status(401), "failing", "status", ("password",)),
    "403": Bad(status(403), "failing", "status", ("403",)),
    "404": Bad(None, "failing", "status", ("404",)),
    "410": Bad(status(410), "gone", "gone", ("410", "stopped")),
    "429": Bad(status(429, Retry_After="3600"), "failing", "status", ("429",)),
    "500": Bad(status(500), "failing", "status", ("500",)),
    "503": Bad(status(503, Retry_After="garbage"), "failing", "status", ("503",)),
    "nonsense": Bad(nonsense, "failing", "protocol"),
    "hung-up": Bad(cut, "failing", "encoding"),
    "no-gzip": Bad(compressed("gzip", b"this is no gzip"), "failing", "encoding"),
    "60,000-attributes": Bad(ATTRIBUTES.encode(), "failing", "parse-timeout", (f"{PARSE_TIMEOUT} s",)),
    "deep-html": Bad(rss([Item("d", "Deep", "<div>" * 90_000)]), "ok", ""),
    "deep-xml": Bad(b"<rss version='2.0'><channel>" + b"<a>" * 200_000, "failing", ""),
    "11-megabytes": Bad(rss([Item("l", "Long", "x" * 11 * MEGABYTE)]), "failing", "too-large", ("10 MB",)),
    "gzip-bomb": Bad(compressed("gzip", gzip_bomb()), "failing", "too-large", ("10 MB",)),
    "brotli-bomb": Bad(compressed("br", brotli_bomb()), "failing", "too-large", ("10 MB",)),
    "to-a-file": Bad(status(302, Location="file:///etc/passwd"), "failing", "bad-url", ("http and https",)),
    "to-nowhere": Bad(status(302, Location="http://[::1/feed"), "failing", "bad-url"),
    "in-circles": Bad(status(302, Location="in-circles"), "failing", "too-many-redirects", ("5",)),
}
SLOW = {
    "hangs": Bad(hang, "failing", "timeout", ("20 s",)),
    "drips": Bad(drip, "failing", "timeout", ("20 s",)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def feeds() -> AsyncIterator[FeedServer]:
    made = FeedServer()
    made.feeds |= {f"/{name}": bad.served for name, bad in (BAD | SLOW).items() if bad.served is not None}
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, feeds: FeedServer) -> AsyncIterator[Service]:
    """The service, with every bad feed added."""
    folder = tmp_path_factory.mktemp("bad-feeds")
    (folder / "rules").mkdir()
    env = {"MONITOR_RULES_DIR": str(folder / "rules"), "MONITOR_PARSE_TIMEOUT": PARSE_TIMEOUT}
    made = Service(folder / "data", env=env)
    await made.start()
    for name in SLOW | BAD:
        await made.post("/v1/feeds", {"url": f"{feeds.url}/{name}", "interval": 3600})
    yield made
    await made.finish()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verdicts(service: Service, feeds: FeedServer) -> dict[str, dict[str, Any]]:
    """Every bad feed that answers at all after its first poll, by name."""
    return await first_polls(service, feeds, BAD)


async def first_polls(service: Service, feeds: FeedServer, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The feeds of these names, once each was polled."""

    async def judged() -> Any:
        found = {f["url"].removeprefix(f"{feeds.url}/"): f for f in (await service.get("/v1/feeds?limit=500"))["items"]}
        return {n: found[n] for n in names} if all(found[n]["health"]["last_polled"] for n in names) else None

    answer: dict[str, dict[str, Any]] = await eventually(judged, 45.0, "the first polls")
    return answer


async def polled(service: Service, id_: str, after: str | None = None) -> dict[str, Any]:
    """The feed, once it was polled (later than ``after``)."""

    async def done() -> Any:
        feed = await service.get(f"/v1/feeds/{id_}")
        return feed if (feed["health"]["last_polled"] or "") > (after or "") else None

    answer: dict[str, Any] = await eventually(done, what=f"a poll of {id_}")
    return answer


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_feed_says_what_is_wrong_with_it(verdicts: dict[str, dict[str, Any]], name: str) -> None:
    """Status, reason and a sentence for people stand in the feed's health; it is polled again unless it is gone."""
    judge(BAD[name], verdicts[name])


async def test_a_server_that_never_ends_is_left_after_20_s(service: Service, feeds: FeedServer) -> None:
    """No answer at all and an answer that drips come to the same end, and say so."""
    for name, feed in (await first_polls(service, feeds, SLOW)).items():
        judge(SLOW[name], feed)


def judge(bad: Bad, feed: dict[str, Any]) -> None:
    """Compare a feed's health after one poll with what it must be."""
    found = feed["health"]
    assert found["status"] == bad.status, found
    assert not bad.reason or found["reason"] == bad.reason, found
    if bad.status != "ok":
        assert found["detail"], found
        assert (found["failures"], found["last_ok"]) == (1, None)
    for word in bad.words:
        assert word in found["detail"], found
    assert (feed["next_poll"] is None) == (bad.status == "gone")


async def test_a_good_feed_goes_on_alerting_beside_bad_ones(
    service: Service, verdicts: dict[str, dict[str, Any]]
) -> None:
    """While every bad feed is polled again, a feed with news alerts within seconds."""
    feeds, receiver = FeedServer(), Receiver()
    await feeds.start()
    await receiver.start()
    try:
        feeds.feeds["/good"] = [Item("old", "Weather")]
        made = await service.post("/v1/rules", {"name": "drought", "query": "drought"})
        channel = {"type": "webhook", "url": f"{receiver.url}/hook"}
        await service.post("/v1/subscriptions", {"name": "d", "channel": channel, "rules": [made["id"]]})
        added = await service.post("/v1/feeds", {"url": f"{feeds.url}/good", "interval": 1})
        assert (await polled(service, added["id"]))["health"]["status"] == "ok"
        for feed in verdicts.values():
            await service.post(f"/v1/feeds/{feed['id']}:poll")
        feeds.feeds["/good"] = [Item("new", "Drought ends"), Item("old", "Weather")]

        async def arrived() -> bool:
            return bool(receiver.at("/hook"))

        await eventually(arrived, 8.0, "the alert")
        ready = await service.call("GET", "/readyz")
        assert (ready.status, ready.body["problems"]) == (200, [])
        # A bomb of 300 MB that was unpacked would show beside what languages and lexicon take (about 260 MB).
        assert await service.metric("process_resident_memory_bytes") < 300 * MEGABYTE
    finally:
        await receiver.stop()
        await feeds.stop()


async def test_a_first_poll_that_was_cut_off_does_not_make_news_of_old_items(
    service: Service, feeds: FeedServer
) -> None:
    """The first document that can be read to its end is the first poll: what it shows is stored and silent."""
    items = [Item(f"archive{n}", f"Archived item {n}") for n in range(6)]
    feeds.feeds["/archive"] = rss(items).partition(b"<item>")[0]
    await service.post("/v1/rules", {"id": "archive", "name": "archive", "query": "archived"})
    id_ = (await service.post("/v1/feeds", {"url": f"{feeds.url}/archive", "interval": 3600}))["id"]
    await polled(service, id_)
    feeds.feeds["/archive"] = items
    await service.post(f"/v1/feeds/{id_}:poll")

    async def matched() -> Any:
        hits = (await service.get("/v1/hits?rule=archive"))["items"]
        return hits if len(hits) == len(items) else None

    hits = await eventually(matched, what="a hit for each item")
    assert {(h["alert"], h["decision"]) for h in hits} == {(False, "first-poll")}


async def test_an_unchanged_bad_feed_still_says_what_is_wrong(
    service: Service, verdicts: dict[str, dict[str, Any]]
) -> None:
    """A second poll that brings nothing new does not wipe out what the first one found."""
    feed = verdicts["no-items"]
    await service.post(f"/v1/feeds/{feed['id']}:poll")
    again = await polled(service, feed["id"], feed["health"]["last_polled"])
    assert (again["health"]["status"], again["health"]["reason"]) == ("ok", "empty")


async def test_a_feed_reads_no_file_and_expands_no_entities(service: Service, tmp_path: Path) -> None:
    """External entities stay unread, and nested ones do not grow: a feed is data of a stranger."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret-of-this-machine")
    external = f"<!DOCTYPE rss [<!ENTITY e SYSTEM '{secret.as_uri()}'>]>".encode()
    nested = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    head, tail = rss([Item("e", "Read: ENTITY")]).split(b"?>", 1)
    feeds = FeedServer()
    feeds.feeds = {
        "/external": head + b"?>" + external + tail.replace(b"ENTITY", b"&e;"),
        "/nested": head + f"?><!DOCTYPE rss [<!ENTITY l0 'ha'>{nested}]>".encode() + tail.replace(b"ENTITY", b"&l9;"),
    }
    await feeds.start()
    try:
        for path in feeds.feeds:
            added = await service.post("/v1/feeds", {"url": feeds.url + path, "interval": 3600})
            await polled(service, added["id"])
            stories = (await service.get(f"/v1/stories?feed={added['id']}"))["items"]
            assert "the-secret" not in str(stories)
            assert len(str(stories)) < 5_000
    finally:
        await feeds.stop()


async def test_a_feed_that_is_well_again_recovers_at_once(
    service: Service, feeds: FeedServer, verdicts: dict[str, dict[str, Any]]
) -> None:
    """One good poll is enough: no failures are counted any more, and a feed that was gone is polled again."""
    for name in ("500", "410"):
        feed = verdicts[name]
        feeds.feeds[f"/{name}"] = [Item("w", "All is well")]
        await service.post(f"/v1/feeds/{feed['id']}:poll")

        async def well(id_: str = feed["id"]) -> Any:
            found = await service.get(f"/v1/feeds/{id_}")
            return found if found["health"]["status"] == "ok" else None

        found = await eventually(well, what=f"{name} is well again")
        assert (found["health"]["failures"], found["health"]["reason"]) == (0, None)
        assert found["next_poll"] is not None


async def test_a_closed_port_and_a_wrong_protocol_are_told_apart(service: Service, feeds: FeedServer) -> None:
    """Nobody listens: connect. Somebody listens who speaks no TLS: tls."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/feed"
    urls = {closed: "connect", feeds.url.replace("http:", "https:") + "/plain": "tls"}
    added = {reason: await service.post("/v1/feeds", {"url": url, "interval": 3600}) for url, reason in urls.items()}
    for reason, feed in added.items():
        assert (await polled(service, feed["id"]))["health"]["reason"] == reason
