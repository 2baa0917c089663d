"""The main job, end to end: feed -> rule -> hit -> webhook."""

from __future__ import annotations

from tests.harness.servers import FeedServer, Item, Receiver
from tests.harness.service import Service, eventually

RULE = {"id": "arms", "name": "Vietnam arms", "query": "Vietnam AND (arms OR missiles)"}


async def test_a_new_item_arrives_as_one_signed_webhook(
    service: Service, feeds: FeedServer, receiver: Receiver
) -> None:
    """Old items stay quiet, a new one alerts once, and the reference library accepts the signature."""
    feeds.feeds["/a"] = [Item("old", "Vietnam orders arms")]
    await service.start()
    made = await service.post(
        "/v1/subscriptions", {"name": "desk", "channel": {"type": "webhook", "url": f"{receiver.url}/hook"}}
    )
    await service.post("/v1/rules", RULE)
    await service.post("/v1/feeds", {"url": f"{feeds.url}/a", "interval": 1})

    async def stored() -> bool:
        return len((await service.get("/v1/hits"))["items"]) == 1

    await eventually(stored, what="the first poll's story is a hit")
    feeds.feeds["/a"] = [Item("new", "Hanoi: Vietnam buys missiles"), Item("old", "Vietnam orders arms")]

    async def arrived() -> bool:
        return bool(receiver.at("/hook"))

    await eventually(arrived, what="the webhook")
    event = receiver.verified("/hook", made["secret"])[0]
    assert event["type"] == "hit.created"
    assert event["data"]["story"]["title"] == "Hanoi: Vietnam buys missiles"
    assert [r["id"] for r in event["data"]["rules"]] == ["arms"]
    hits = (await service.get("/v1/hits"))["items"]
    assert [(h["title"], h["alert"], h["decision"]) for h in hits] == [
        ("Hanoi: Vietnam buys missiles", True, "live"),
        ("Vietnam orders arms", False, "first-poll"),
    ]
    assert await service.stop() == 0
    assert len(receiver.at("/hook")) == 1
