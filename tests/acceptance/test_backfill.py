"""Rules over stories of before: marked as such, and silent unless asked. One service for the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.harness.servers import FeedServer, Item, Receiver
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, running, with an empty rules folder."""
    folder = tmp_path_factory.mktemp("backfill")
    (folder / "rules").mkdir()
    made = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    await made.start()
    await made.post("/v1/rules", {"id": "all", "name": "all", "query": "story"})
    yield made
    await made.finish()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


async def subscribe(service: Service, receiver: Receiver, word: str) -> None:
    """A subscription to the rule ``word``, which need not be there yet."""
    channel = {"type": "webhook", "url": f"{receiver.url}/{word}"}
    await service.post("/v1/subscriptions", {"name": word, "channel": channel, "rules": [word]})


async def store(service: Service, *titles: str) -> None:
    """Push stories in and wait until they are matched (by the rule that matches all of them)."""
    for title in titles:
        await service.post("/v1/stories", {"title": title})

    async def matched() -> bool:
        found = {h["title"] for h in (await service.get("/v1/hits?rule=all&limit=500"))["items"]}
        return found >= set(titles)

    await eventually(matched, what="the stories are matched")


async def done(service: Service, id_: str) -> dict[str, Any]:
    """The back-fill of a rule, once it is done."""

    async def finished() -> Any:
        found = (await service.get(f"/v1/rules/{id_}"))["backfill"]
        return found if found and found["done"] else None

    answer: dict[str, Any] = await eventually(finished, what=f"the back-fill of {id_}")
    return answer


async def decisions(service: Service, id_: str) -> dict[str, tuple[bool, str]]:
    """Whether each hit of a rule alerts, and why (not), by title."""
    found = (await service.get(f"/v1/hits?rule={id_}&limit=500"))["items"]
    return {h["title"]: (h["alert"], h["decision"]) for h in found}


async def alerted(receiver: Receiver, path: str, titles: set[str]) -> None:
    """Wait until exactly these stories have alerted at ``path``, once each."""

    async def told() -> bool:
        return len(receiver.at(path)) >= len(titles)

    await eventually(told, what=f"{len(titles)} alerts at {path}")
    assert sorted(c.event["data"]["story"]["title"] for c in receiver.at(path)) == sorted(titles)


async def test_a_backfill_marks_its_hits_and_is_silent(service: Service, receiver: Receiver) -> None:
    """Stored stories become hits with the reason backfill; only what comes in later alerts."""
    await subscribe(service, receiver, "heron")
    await store(service, "Heron story one", "Heron story two", "Another story")
    made = await service.post("/v1/rules", {"id": "heron", "name": "heron", "query": "heron", "backfill": {"days": 7}})
    assert made["backfill"]["alert"] is False
    backfill = await done(service, "heron")
    assert backfill["matched"] == 2
    assert backfill["scanned"] >= 3
    await store(service, "Heron story three")
    await alerted(receiver, "/heron", {"Heron story three"})
    assert await decisions(service, "heron") == {
        "Heron story one": (False, "backfill"),
        "Heron story two": (False, "backfill"),
        "Heron story three": (True, "live"),
    }


async def test_without_a_backfill_stored_stories_stay_untouched(service: Service) -> None:
    """A new rule looks ahead."""
    await store(service, "Stork story one")
    await service.post("/v1/rules", {"id": "stork", "name": "stork", "query": "stork"})
    await store(service, "Stork story two")
    assert await decisions(service, "stork") == {"Stork story two": (True, "live")}


async def test_a_backfill_that_is_asked_to_alerts_once(service: Service, receiver: Receiver) -> None:
    """alert: true sends what was found, with the reason on record; a second run finds nothing new to say."""
    await subscribe(service, receiver, "crane")
    await store(service, "Crane story one", "Crane story two")
    rule = {"name": "crane", "query": "crane", "backfill": {"days": 7, "alert": True}}
    await service.post("/v1/rules", {"id": "crane", **rule})
    await done(service, "crane")
    await alerted(receiver, "/crane", {"Crane story one", "Crane story two"})
    assert set((await decisions(service, "crane")).values()) == {(True, "backfill-alert")}
    answer = await service.call("PUT", "/v1/rules/crane", {**rule, "query": "crane OR cranes"})
    assert (answer.status, answer.body["version"]) == (200, 2)
    assert (await done(service, "crane"))["matched"] == 0
    await store(service, "Crane story three")
    await alerted(receiver, "/crane", {"Crane story one", "Crane story two", "Crane story three"})


async def test_a_backfill_alerts_for_stories_that_were_still_on_their_way(tmp_path: Path) -> None:
    """Whether a story of before the request was matched by then makes no difference to who hears of it."""
    (tmp_path / "rules").mkdir()
    env = {"MONITOR_RULES_DIR": str(tmp_path / "rules")}
    api = Service(tmp_path / "data", env=env, args=("--role", "api"))
    matcher = Service(tmp_path / "data", env=env, args=("--role", "match"))
    try:
        # Nobody matches yet: the story waits in its stream while the rule is made.
        await api.start()
        await api.post("/v1/stories", {"title": "Egret story"})
        rule = {"id": "egret", "name": "egret", "query": "egret", "backfill": {"days": 7, "alert": True}}
        await api.post("/v1/rules", rule)
        await matcher.start()
        await done(api, "egret")
        assert await decisions(api, "egret") == {"Egret story": (True, "backfill-alert")}
    finally:
        await matcher.finish()
        await api.finish()


async def test_a_feeds_first_poll_alerts_only_with_backfill_alerts(service: Service, receiver: Receiver) -> None:
    """By default what a new feed shows is old; backfill_alerts turns that round, for this feed alone."""
    feeds = FeedServer()
    await feeds.start()
    try:
        feeds.feeds["/quiet"] = [Item("q", "Ibis story of the quiet feed")]
        feeds.feeds["/loud"] = [Item("l", "Ibis story of the loud feed")]
        await subscribe(service, receiver, "ibis")
        await service.post("/v1/rules", {"id": "ibis", "name": "ibis", "query": "ibis"})
        for path in feeds.feeds:
            await service.post("/v1/feeds", {"url": feeds.url + path, "backfill_alerts": path == "/loud"})

        async def both() -> bool:
            return len(await decisions(service, "ibis")) == 2

        await eventually(both, what="a hit of each feed")
        await alerted(receiver, "/ibis", {"Ibis story of the loud feed"})
        assert await decisions(service, "ibis") == {
            "Ibis story of the quiet feed": (False, "first-poll"),
            "Ibis story of the loud feed": (True, "live"),
        }
    finally:
        await feeds.stop()
