"""What has been seen is not read, told or sent a second time. One service for all tests of this file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.harness.servers import FeedServer, Item, Receiver, rss
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
OLD = Item("old", "Nothing of interest today")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, running, with an empty rules folder."""
    rules = tmp_path_factory.mktemp("rules")
    async with Service(tmp_path_factory.mktemp("once") / "data", env={"MONITOR_RULES_DIR": str(rules)}) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def feeds() -> AsyncIterator[FeedServer]:
    async with FeedServer() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


async def watch(service: Service, receiver: Receiver, path: str, queries: dict[str, str]) -> dict[str, Any]:
    """Rules by id and query, and a subscription to them at ``path``."""
    for id_, query in queries.items():
        await service.post("/v1/rules", {"id": id_, "name": id_, "query": query})
    channel = {"type": "webhook", "url": receiver.url + path}
    made: dict[str, Any] = await service.post(
        "/v1/subscriptions", {"name": path, "channel": channel, "rules": list(queries)}
    )
    return made


async def add_feed(service: Service, feeds: FeedServer, path: str) -> str:
    """The id of the feed at ``path``, added and polled once; from then on it is polled only by ``poll``."""
    id_: str = (await service.post("/v1/feeds", {"url": feeds.url + path, "interval": 86_400}))["id"]

    async def polled() -> bool:
        return (await service.get(f"/v1/feeds/{id_}"))["health"]["status"] == "ok"

    await eventually(polled, what=f"the first poll of {path}")
    return id_


async def poll(service: Service, id_: str) -> None:
    """One more poll of a feed, to its end."""
    before = (await service.get(f"/v1/feeds/{id_}"))["health"]["last_polled"]
    await service.post(f"/v1/feeds/{id_}:poll")

    async def polled() -> bool:
        return (await service.get(f"/v1/feeds/{id_}"))["health"]["last_polled"] > before

    await eventually(polled, what=f"a poll of {id_}")


async def told(service: Service, receiver: Receiver) -> None:
    """Wait until a story that is pushed in now has alerted: what came before it has had its turn."""
    path = f"/told/{len(receiver.received)}"
    word = f"marker{len(receiver.received)}"
    await watch(service, receiver, path, {word: word})
    await service.post("/v1/stories", {"title": word})

    async def arrived() -> bool:
        return bool(receiver.at(path))

    await eventually(arrived, what="the marker's alert")


async def test_an_unchanged_feed_is_not_parsed(service: Service, feeds: FeedServer) -> None:
    """Polls go on, but neither a 304 nor the same bytes from a server without validators reach the parser."""

    async def without_validators(_: web.Request) -> web.StreamResponse:
        return web.Response(body=rss([OLD]), content_type="application/rss+xml")

    feeds.feeds |= {"/validators": [OLD], "/plain": without_validators}
    ids = await asyncio.gather(*(add_feed(service, feeds, path) for path in ("/validators", "/plain")))
    before = await service.metric("monitor_parses_total")
    outcomes = ('monitor_polls_total{outcome="not-modified"}', 'monitor_polls_total{outcome="same-bytes"}')
    counted = [await service.metric(name) for name in outcomes]
    for _ in range(2):
        await asyncio.gather(*(poll(service, id_) for id_ in ids))
    assert await service.metric("monitor_parses_total") == before
    for name, count in zip(outcomes, counted, strict=True):
        assert await service.metric(name) == count + 2, name
    sent = [r.headers for r in feeds.requests if r.path == "/plain"]
    assert len(sent) == 3
    assert not any("If-Modified-Since" in headers or "If-None-Match" in headers for headers in sent)


async def test_an_item_in_two_feeds_is_two_stories_and_one_alert(
    service: Service, feeds: FeedServer, receiver: Receiver
) -> None:
    """Each feed has its story and its hit; the subscription hears of the item once, and the delivery names the copy."""
    made = await watch(service, receiver, "/twice", {"twice": "harbour AND strike"})
    feeds.feeds |= {"/agency": [OLD], "/paper": [OLD]}
    ids = await asyncio.gather(*(add_feed(service, feeds, path) for path in ("/agency", "/paper")))
    # The paper adds a campaign parameter and a headline of its own, as papers do.
    link = "https://agency.example/2024/harbour-strike"
    feeds.feeds["/agency"] = [Item("a1", "Harbour strike enters its third day", link=link), OLD]
    feeds.feeds["/paper"] = [Item("p9", "Third day of the harbour strike", link=f"{link}?utm_source=paper"), OLD]
    await asyncio.gather(*(poll(service, id_) for id_ in ids))

    async def both() -> Any:
        found = (await service.get(f"/v1/deliveries?subscription={made['id']}"))["items"]
        hits = (await service.get("/v1/hits?rule=twice"))["items"]
        return (found, hits) if len(hits) == 2 and found and found[0]["copies"] else None

    deliveries, hits = await eventually(both, what="two hits, the second one known as a copy")
    assert len(deliveries) == 1
    assert {h["story"].split("-")[0] for h in hits} == set(ids)
    assert {*deliveries[0]["copies"], deliveries[0]["hits"][0].partition(".")[2]} == {h["story"] for h in hits}

    async def arrived() -> bool:
        return bool(receiver.at("/twice"))

    await eventually(arrived, what="the alert")
    assert len(receiver.at("/twice")) == 1


async def test_an_edited_headline_is_a_revision_and_no_second_alert(
    service: Service, feeds: FeedServer, receiver: Receiver
) -> None:
    """The publisher's correction is stored with the story; whoever was alerted is left alone."""
    await watch(service, receiver, "/edited", {"edited": "bridge"})
    feeds.feeds["/edited"] = [OLD]
    id_ = await add_feed(service, feeds, "/edited")
    feeds.feeds["/edited"] = [Item("b1", "Bridge closed after collision"), OLD]
    await poll(service, id_)

    async def arrived() -> bool:
        return bool(receiver.at("/edited"))

    await eventually(arrived, what="the alert of the first version")
    feeds.feeds["/edited"] = [Item("b1", "Bridge closed after collision, two hurt", body="More to follow."), OLD]
    await poll(service, id_)
    stories = (await service.get(f"/v1/stories?feed={id_}"))["items"]
    assert ("Bridge closed after collision, two hurt", 2) in {(s["title"], s["revision"]) for s in stories}
    await told(service, receiver)
    assert [e.event["data"]["story"]["title"] for e in receiver.at("/edited")] == ["Bridge closed after collision"]
    assert len((await service.get("/v1/hits?rule=edited"))["items"]) == 1


async def test_two_rules_on_one_story_make_one_webhook_that_names_both(service: Service, receiver: Receiver) -> None:
    """A reader of several rules gets one message a story, with every rule in it."""
    made = await watch(service, receiver, "/both", {"grain": "grain", "black-sea": '"Black Sea"'})
    await service.post("/v1/stories", {"title": "Grain leaves the Black Sea again", "url": "https://n.example/grain"})

    async def sent() -> Any:
        return (await service.get(f"/v1/deliveries?subscription={made['id']}&state=sent"))["items"]

    deliveries = await eventually(sent, what="the delivery")
    assert [len(d["hits"]) for d in deliveries] == [2]
    (event,) = receiver.verified("/both", made["secret"])
    assert sorted(rule["id"] for rule in event["data"]["rules"]) == ["black-sea", "grain"]
    assert event["data"]["id"] == deliveries[0]["id"] == receiver.at("/both")[0].id


async def test_a_second_start_sends_nothing_again(service: Service, feeds: FeedServer, receiver: Receiver) -> None:
    """After a stop and a start the feed is polled with its validators, nothing is parsed, nobody alerted anew."""
    await watch(service, receiver, "/restart", {"restart": "volcano"})
    feeds.feeds["/restart"] = [OLD]
    id_ = await add_feed(service, feeds, "/restart")
    feeds.feeds["/restart"] = [Item("v1", "Volcano wakes"), OLD]
    await poll(service, id_)

    async def arrived() -> bool:
        return bool(receiver.at("/restart"))

    await eventually(arrived, what="the alert")
    assert await service.stop() == 0
    stopped = feeds.hits("/restart")
    await service.start()
    await poll(service, id_)
    assert await service.metric("monitor_parses_total") == 0
    later = [r for r in feeds.requests if r.path == "/restart"][stopped:]
    assert ["If-None-Match" in r.headers for r in later] == [True]
    assert await service.metric("monitor_deliveries_total") == 0
    await told(service, receiver)
    assert len(receiver.at("/restart")) == 1
