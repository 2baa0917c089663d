"""The contract of /v1/feeds on one running service: polling at once, intervals, OPML, and passwords kept in."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from tests.harness.servers import FeedServer, Item
from tests.harness.service import Answer, Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
FLOOR = 3
"""MONITOR_MIN_POLL_INTERVAL of the service, in seconds."""
PASSWORD = "hunter2"


@dataclass
class World:
    """The service and the feeds that it polls."""

    service: Service
    feeds: FeedServer

    async def feed(self, path: str, **fields: Any) -> dict[str, Any]:
        """A new feed with one item in it."""
        self.feeds.feeds[path] = [Item(f"{path}-1", f"First item of {path}")]
        made: dict[str, Any] = await self.service.post("/v1/feeds", {"url": self.feeds.url + path} | fields)
        return made

    async def polled(self, path: str, times: int = 1) -> None:
        """Wait until ``path`` has been asked for so often."""

        async def asked() -> bool:
            return self.feeds.hits(path) >= times

        await eventually(asked, what=f"{path} is polled {times} times")

    async def imported(self, opml: str | bytes) -> Answer:
        """An OPML file sent as it is."""
        headers = {"Authorization": f"Bearer {(self.service.data_dir / 'admin.key').read_text().strip()}"}
        async with (
            ClientSession() as session,
            session.post(f"{self.service.url}/v1/feeds:import", data=opml, headers=headers) as answer,
        ):
            return Answer(answer.status, await answer.json(content_type=None), dict(answer.headers))

    async def exported(self) -> dict[str, str]:
        """Title by URL of the exported list, which must be well-formed."""
        answer = await self.service.call("GET", "/v1/feeds:export")
        assert answer.status == 200
        assert "opml" in answer.headers["Content-Type"]
        return {o.get("xmlUrl", ""): o.get("title", "") for o in ET.fromstring(answer.body).iter("outline")}  # noqa: S314 - our own output


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A service without rules, and a feed server."""
    folder = tmp_path_factory.mktemp("feeds")
    (folder / "rules").mkdir()
    env = {"MONITOR_RULES_DIR": str(folder / "rules"), "MONITOR_MIN_POLL_INTERVAL": str(FLOOR)}
    service, feeds = Service(folder / "data", env=env), FeedServer()
    await feeds.start()
    try:
        await service.start()
        yield World(service, feeds)
    finally:
        await service.finish()
        await feeds.stop()


async def test_a_new_feed_is_polled_at_once(world: World) -> None:
    """The first poll does not wait for the interval, and its story is there to read."""
    made = await world.feed("/at-once", interval=86_400)
    await world.polled("/at-once")

    async def stored() -> bool:
        return bool((await world.service.get(f"/v1/stories?feed={made['id']}"))["items"])

    await eventually(stored, what="its story")
    shown = await world.service.get(f"/v1/feeds/{made['id']}")
    assert (shown["stories"], shown["health"]["failures"], shown["interval"]) == (1, 0, 86_400)


async def test_a_feed_that_is_off_is_polled_once_it_is_on(world: World) -> None:
    """``enabled: false`` keeps a feed unpolled, PATCH to true polls it at once, and PATCH to false shows."""
    made = await world.feed("/off", enabled=False)
    await world.feed("/witness")
    await world.polled("/witness")
    assert world.feeds.hits("/off") == 0
    place = f"/v1/feeds/{made['id']}"
    assert (await world.service.call("PATCH", place, {"enabled": True})).body["enabled"] is True
    await world.polled("/off")
    assert (await world.service.call("PATCH", place, {"enabled": False})).body["next_poll"] is None


async def test_poll_asks_again_now(world: World) -> None:
    """:poll answers at once and the feed is asked again long before its interval is over."""
    made = await world.feed("/again", interval=86_400)
    await world.polled("/again")

    async def settled() -> bool:
        return (await world.service.get(f"/v1/feeds/{made['id']}"))["health"]["last_ok"] is not None

    await eventually(settled, what="the first poll is written down")
    answer = await world.service.call("POST", f"/v1/feeds/{made['id']}:poll")
    assert answer.status in (200, 202)
    assert answer.body["id"] == made["id"]
    await world.polled("/again", 2)


@pytest.mark.parametrize(("asked", "kept"), [(0, FLOOR), (1, FLOOR), (FLOOR, FLOOR), (600, 600), (None, None)])
async def test_an_interval_is_at_least_the_floor(world: World, asked: int | None, kept: int | None) -> None:
    """What is below MIN_POLL_INTERVAL is raised to it, in POST and in PATCH; null leaves it to the service."""
    url = f"{world.feeds.url}/interval-{asked}"
    made = await world.service.call("POST", "/v1/feeds", {"url": url, "interval": asked, "enabled": False})
    assert (made.status, made.body["interval"]) == (201, kept)
    changed = [
        (await world.service.call("PATCH", f"/v1/feeds/{made.body['id']}", {"interval": value})).body["interval"]
        for value in (7200, asked)
    ]
    assert changed == [7200, kept]


async def test_a_feed_is_added_once(world: World) -> None:
    """The same URL again is 409, also written in another way; the answer names the feed that is there."""
    made = await world.feed("/once?b=1&a=2", enabled=False)
    host = world.feeds.url.removeprefix("http://")
    same = [world.feeds.url + "/once?b=1&a=2", f"HTTP://{host}/once?b=1&a=2", f"feed://{host}/once?b=1&a=2#top"]
    answers = [await world.service.call("POST", "/v1/feeds", {"url": url}) for url in same]
    assert [a.status for a in answers] == [409, 409, 409]
    assert all(made["id"] in a.body["detail"] for a in answers)


async def test_a_change_of_nothing_changes_nothing(world: World) -> None:
    """PATCH {} answers with the feed as it was."""
    made = await world.feed("/same", enabled=False, tags=["a", "b"], interval=900)
    changed = await world.service.call("PATCH", f"/v1/feeds/{made['id']}", {})
    assert (changed.status, changed.body) == (200, made)


async def test_lists_of_feeds_go_in_and_out_as_opml(world: World) -> None:
    """A sloppy file is taken as far as it goes: 201, what was left out is named; the second time nothing is new;
    the export is well-formed and holds the feeds.
    """
    opml = f"""<?xml version="1.0" encoding="utf-8"?>
<opml version="1.0"><body><outline text="Birds & bees">
<outline type="rss" text="Emus &amp; co" xmlUrl="{world.feeds.url}/opml/emu?a=1&b=2">
<outline xmlUrl='{world.feeds.url}/opml/kea' title="Kea &quot;clown&quot; news"/>
<outline xmlUrl="{world.feeds.url}/opml/kea"/>
<outline text="no feed"/><outline xmlUrl="gopher://old.example/"/>
"""
    first, second = await world.imported(opml), await world.imported(opml)
    assert (first.status, first.body["added"], first.body["known"]) == (201, 2, 0)
    (problem,) = first.body["problems"]
    assert "gopher://old.example" in problem
    assert (second.status, second.body["added"], second.body["known"]) == (200, 0, 2)
    titles = await world.exported()
    assert titles[f"{world.feeds.url}/opml/emu?a=1&b=2"] == "Emus & co"
    assert titles[f"{world.feeds.url}/opml/kea"] == 'Kea "clown" news'
    await world.polled("/opml/kea")


@pytest.mark.parametrize("odd", ["\x01", "\x0b", "\x7f", "\ufffe", "\U0001f99a"])
async def test_an_export_is_well_formed_whatever_was_imported(world: World, odd: str) -> None:
    """Characters that XML forbids, in a title of somebody's list, do not break ours."""
    url = f"{world.feeds.url}/odd-{ord(odd):x}"
    answer = await world.imported(f'<opml><outline title="Odd {odd}title" xmlUrl="{url}"/></opml>')
    assert answer.status == 201
    try:
        assert (await world.exported())[url].endswith("title")
    finally:
        (feed,) = [f for f in (await world.service.get("/v1/feeds?limit=500"))["items"] if f["url"] == url]
        await remove(world.service, feed["id"])


async def remove(service: Service, feed: str) -> None:
    """Delete a feed."""
    headers = {"Authorization": f"Bearer {(service.data_dir / 'admin.key').read_text().strip()}"}
    async with (
        ClientSession() as session,
        session.delete(f"{service.url}/v1/feeds/{feed}", headers=headers) as answer,
    ):
        assert answer.status == 204


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff\xfe", b"<html><body>Sign in</body></html>"])
async def test_what_is_no_opml_is_refused(world: World, body: bytes) -> None:
    """A file of another kind is 422 as a problem, not an import of nothing."""
    answer = await world.imported(body)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")


async def test_a_feeds_password_is_used_and_never_shown(world: World) -> None:
    """User and password of a feed's URL go to its server, and into no answer, export, metric or log line, whether
    the feed works, refuses, moves, or cannot be reached.
    """
    service, feeds = world.service, world.feeds
    host = feeds.url.removeprefix("http://")
    sent: list[str | None] = []

    async def good(request: web.Request) -> web.StreamResponse:
        sent.append(request.headers.get("Authorization"))
        return web.Response(body=b"<rss version='2.0'><channel><title>t</title></channel></rss>")

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=401)

    async def move(_: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently(f"http://user:{PASSWORD}@{host}/secret/good")

    feeds.feeds |= {"/secret/good": good, "/secret/refuse": refuse, "/secret/move": move}
    with_password = f"user:{PASSWORD}@"
    urls = [f"http://{with_password}{host}/secret/{name}" for name in ("good", "refuse", "move")]
    urls += [f"http://{with_password}127.0.0.1:1/", f"http://{with_password}no-such-host.invalid/"]
    answers = [await service.call("POST", "/v1/feeds", {"url": url}) for url in urls]
    assert [a.status for a in answers] == [201] * 5
    ids = [a.body["id"] for a in answers]

    async def all_polled() -> bool:
        shown = [await service.call("GET", f"/v1/feeds/{id_}") for id_ in ids]
        return all(s.body["health"]["last_polled"] for s in shown)

    await eventually(all_polled, what="all five are polled")
    expected = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert sent[0] == expected
    answers += [await service.call("GET", f"/v1/feeds/{id_}") for id_ in ids]
    answers += [await service.call("POST", "/v1/feeds", {"url": url}) for url in urls]
    answers += [await service.call("POST", f"/v1/feeds/{id_}:poll") for id_ in ids]
    for path in ("/v1/feeds?limit=500", "/v1/feeds:export", "/metrics"):
        answers.append(await service.call("GET", path))
    assert not [a for a in answers if PASSWORD in str(a.body) or PASSWORD in str(a.headers)]
    assert not [line for line in (*service.out, *service.err) if PASSWORD in line or expected[6:] in line]


BROKEN = ["ftp://user:{}@host.example/feed", "http://user:{}@host.example:99999/", "http://user:{}@[::1/",
          "http://user:{}@/feed", "http://user:{}@a..b/", "http://user:{}@host.example:port/",
          "http://user:{}@" + "h" * 2_000]  # fmt: skip


@pytest.mark.parametrize("url", BROKEN)
async def test_a_refused_url_is_not_repeated_with_its_password(world: World, url: str) -> None:
    """A URL that cannot be polled is refused by name of its fault, without the password that was in it."""
    written = url.format(PASSWORD)
    alone = await world.service.call("POST", "/v1/feeds", {"url": written})
    listed = await world.imported(f'<opml><outline xmlUrl="{written}"/></opml>')
    assert alone.status == 422
    assert listed.body["added"] == 0
    assert len(listed.body["problems"]) == 1
    assert PASSWORD not in str(alone.body)
    assert PASSWORD not in str(listed.body)


async def test_concurrent_posts_of_one_url_make_one_feed(world: World) -> None:
    """Of ten simultaneous POSTs one is 201 and nine are 409."""
    body = {"url": f"{world.feeds.url}/race", "enabled": False}
    answers = await asyncio.gather(*[world.service.call("POST", "/v1/feeds", body) for _ in range(10)])
    assert sorted(a.status for a in answers) == [201] + [409] * 9
