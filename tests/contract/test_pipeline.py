"""Match, fan-out and delivery on a real store: whatever is repeated, each item alerts each reader once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.metrics import Metrics
from monitor.model.delivery import DeliveryState
from monitor.model.feed import PUSHED, ParsedItem
from monitor.model.subscription import Subscription, WebhookChannel
from monitor.pipeline.deliver import Deliverer
from monitor.pipeline.fan_out import FanOut
from monitor.pipeline.match import Matcher
from monitor.pipeline.view import ConfigView
from monitor.policy.freshness import pushed
from monitor.policy.retry import Answer, of_http
from monitor.ports import Message, Notice, Ping
from monitor.render.webhook import webhook_body
from monitor.store import keys
from monitor.store.store import Store
from tests.contract.test_config_store import make_spec, make_subscription

AT = 1_770_000_000_000
OK = of_http(204, None, 3)
Scripted = Callable[[WebhookChannel, str], Awaitable[Answer]]


class House:
    """The steps of one process over a store, with a clock that a test turns and a scripted receiver."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = AT
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: dict[str, Answer | Scripted] = {}
        view, metrics = ConfigView(store.config), Metrics()
        self.view = view
        self.matcher = Matcher(store.stories, store.hits, store.config, view, metrics, lambda: self.now)
        self.fan_out = FanOut(store.hits, store.deliveries, view, metrics, lambda: self.now)
        self.deliverer = Deliverer(
            store.deliveries, store.hits, store.config, view, self.send, metrics, lambda: self.now, lambda: 0.0, 4
        )

    async def send(self, subscription: Subscription, notice: Notice | Ping, _now: int) -> Answer:
        """The receiver: answers by URL, 204 by default, and keeps what it got."""
        channel = subscription.channel
        assert isinstance(channel, WebhookChannel)
        assert isinstance(notice, Notice)
        answer = self.answers.get(channel.url, OK)
        if callable(answer):
            answer = await answer(channel, notice.delivery)
        body = webhook_body("hit.created", notice.delivery, notice.created_at, notice.hits)
        self.sent.append((channel.url, notice.delivery, json.loads(body)))
        return answer

    async def subscribe(self, id_: str, **changes: Any) -> None:
        """A subscription whose receiver's URL is its id."""
        channel = WebhookChannel(id_, "whsec_c2VjcmV0")
        await self.store.config.add_subscription(make_subscription(id_, channel=channel, **changes))

    async def push(self, title: str, guid: str | None = None) -> str:
        """A story pushed in; its id."""
        item = ParsedItem(guid or title, None, title, "Nothing more is known at the moment.")
        return (await self.store.stories.push(*pushed(PUSHED, item, None, self.now)))[0]

    async def stories_waiting(self) -> list[Message]:
        """The messages of the story streams, read and not acknowledged."""
        return await read(self.store.stories_in("one"))

    async def run(self) -> None:
        """Everything that is there, through all steps, and a second for alerts to become due."""
        await self.matcher.handle(await self.stories_waiting())
        await self.fan_out.handle(await read(self.store.outboxes("one")))
        self.now += 1_000
        await self.deliver()

    async def deliver(self) -> None:
        """Send until nothing is due."""
        while await self.deliverer.sweep():
            await self.deliverer.finish(5)

    async def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        pages = {s.value: await self.store.deliveries.page(None, s, None, 500) for s in DeliveryState}
        return {state: len(page.ids) for state, page in pages.items() if page.ids}


async def read(streams: Any) -> list[Message]:
    """What is new in all of the streams."""
    for stream in streams:
        await stream.prepare()
    return [m for found in await asyncio.gather(*(s.read(500, 1) for s in streams)) for m in found]


@pytest.fixture
def house(store: Store) -> House:
    """A process that has not looked at anything yet."""
    return House(store)


# ── repetition ──


async def test_repeating_any_step_changes_nothing(house: House) -> None:
    """Messages handled twice, by this process or by a new one, make no second hit, delivery or call."""
    await house.store.config.put_rule(make_spec("ferries", "ferry"), None, AT)
    await house.store.config.put_rule(make_spec("harbours", "harbour"), None, AT)
    await house.subscribe("sa")
    await house.subscribe("sb", rules=("harbours",))
    await house.push("A ferry left the harbour")
    stories = await house.stories_waiting()
    for process in (house, house, House(house.store)):
        await process.matcher.handle(stories)
    hits = await read(house.store.outboxes("one"))
    assert sorted(m.id.partition(".")[0] for m in hits) == ["ferries", "harbours"]
    for process in (house, house, House(house.store)):
        await process.fan_out.handle(hits)
    house.now += 1_000
    await house.deliver()
    for process in (house, House(house.store)):
        await process.matcher.handle(stories)
        await process.fan_out.handle(hits)
        await process.deliver()
    assert sorted(url for url, _, _ in house.sent) == ["sa", "sb"]
    assert await house.states() == {"sent": 2}
    assert (await house.store.backlog())["outbox"] == 2  # nothing was acknowledged, nothing was added
    rules = {url: sorted(r["id"] for r in body["data"]["rules"]) for url, _, body in house.sent}
    assert rules == {"sa": ["ferries", "harbours"], "sb": ["harbours"]}


async def test_messages_about_what_is_gone_do_nothing(house: House) -> None:
    """A story or a hit that has expired meanwhile is passed over, with or without others."""
    await house.subscribe("sa")
    await house.store.config.put_rule(make_spec(), None, AT)
    gone = Message(b"1-0", "push-gone")
    await house.matcher.handle([gone])
    await house.fan_out.handle([Message(b"1-0", "ferries.push-gone")])
    await house.push("A ferry left")
    await house.matcher.handle([gone, *await house.stories_waiting()])
    assert (await house.store.backlog())["outbox"] == 1


# ── the view ──


async def test_a_rule_made_before_a_story_matches_it(house: House) -> None:
    """However long ago the process looked at the rules, a story pushed after a rule was made is matched by it."""
    await house.view.refresh()
    for n in range(5):
        await house.store.config.put_rule(make_spec(f"r{n}", f"word{n}"), None, house.now)
        story = await house.push(f"About word{n}")
        await house.matcher.handle(await house.stories_waiting())
        assert (await house.store.hits.get(f"r{n}.{story}")).decision.alert


async def test_a_subscription_made_before_a_story_gets_it(house: House) -> None:
    """The same holds for subscriptions, and for rules that were edited, switched off or deleted."""
    await house.store.config.put_rule(make_spec("r", "ferry"), None, AT)
    await house.view.refresh()
    await house.subscribe("sa")
    await house.push("A ferry left")
    await house.run()
    assert len(house.sent) == 1
    await house.store.config.put_rule(make_spec("r", "boat"), None, AT)
    await house.push("Another ferry left")
    await house.store.config.put_rule(make_spec("r", "ferry", enabled=False), None, AT)
    await house.run()
    await house.push("A third ferry left")
    await house.store.config.remove_rule("r")
    await house.run()
    assert len(house.sent) == 1


async def test_a_store_that_went_back_is_read_anew(house: House) -> None:
    """A store with an older epoch (emptied, or restored) replaces what the process knew."""
    for n in range(3):
        await house.store.config.put_rule(make_spec(f"r{n}"), None, AT)
    await house.subscribe("sa")
    await house.view.refresh()
    await house.store.client.call("DEL", keys.RULES, keys.SUBSCRIPTIONS, keys.EPOCH, keys.CHANGES)
    await house.store.config.put_rule(make_spec("fresh"), None, AT)
    await house.view.refresh()
    assert set(house.view.rules) == {"fresh"}
    assert house.view.subscriptions == {}
    assert len(house.view.rulebook) == 1


async def test_a_stored_rule_that_does_not_compile_costs_the_others_nothing(house: House) -> None:
    """It is left out and named; the others match; once repaired it matches too."""
    await house.store.config.put_rule(make_spec("bad", "(ferry AND"), None, AT)
    await house.store.config.put_rule(make_spec("good", "ferry"), None, AT)
    story = await house.push("A ferry left")
    await house.matcher.handle(await house.stories_waiting())
    assert (await house.store.hits.get(f"good.{story}")).rule == "good"
    assert set(house.view.broken) == {"bad"}
    await house.store.config.put_rule(make_spec("bad", "ferry"), None, AT)
    await house.push("One more ferry left")
    await house.run()
    assert len((await house.store.hits.page(["bad"], None, None, 9)).ids) == 1
    assert house.view.broken == {}


@pytest.mark.parametrize("kind", ["rule", "subscription"])
async def test_a_record_that_cannot_be_read_stops_nobody(house: House, kind: str) -> None:
    """A record of another version (an unknown severity, a new channel) is left out; the others go on."""
    await house.store.config.put_rule(make_spec("good", "ferry"), None, AT)
    await house.subscribe("sa")
    records = keys.RULES if kind == "rule" else keys.SUBSCRIPTIONS
    strange = b'{"spec": {"severity": "apocalyptic"}, "channel": {"type": "pigeon"}}'
    args = [kind, "strange", "", strange]
    assert await house.store.client.script("change_config", [records, keys.EPOCH, keys.CHANGES], args)
    await house.push("A ferry left")
    await house.run()
    assert [url for url, _, _ in house.sent] == ["sa"]


# ── receivers ──


async def test_a_receiver_that_hangs_delays_nobody_else(house: House) -> None:
    """While every call to one receiver hangs, another gets all of its deliveries; the slow one has few slots."""
    await house.store.config.put_rule(make_spec("r", "ferry"), None, AT)
    await house.subscribe("slow")
    await house.subscribe("fast")
    release, waiting = asyncio.Event(), 0

    async def hang(_channel: WebhookChannel, _delivery: str) -> Answer:
        nonlocal waiting
        waiting += 1
        await release.wait()
        return OK

    house.answers["slow"] = hang
    for n in range(20):
        await house.push(f"Ferry number {n} left")
    await house.matcher.handle(await house.stories_waiting())
    await house.fan_out.handle(await read(house.store.outboxes("one")))
    house.now += 1_000
    async with asyncio.timeout(10):
        while len(house.sent) < 20:
            await house.deliverer.sweep()
            await asyncio.sleep(0.001)
    assert {url for url, _, _ in house.sent} == {"fast"}
    assert waiting == 4
    release.set()
    await house.deliverer.finish(5)
    await house.deliver()
    assert sorted(url for url, _, _ in house.sent) == ["fast"] * 20 + ["slow"] * 20
    assert len({delivery for _, delivery, _ in house.sent}) == 40


async def held(house: House) -> None:
    """A delivery that waits for the subscription sa."""
    await house.store.config.put_rule(make_spec("r", "ferry"), None, AT)
    await house.subscribe("sa")
    await house.push("A ferry left")
    await house.matcher.handle(await house.stories_waiting())
    await house.fan_out.handle(await read(house.store.outboxes("one")))
    house.now += 1_000


def switched(enabled: bool) -> Callable[[Subscription], Subscription]:
    """The change that switches a subscription on or off."""
    return lambda s: replace(s, enabled=enabled)


async def test_a_switched_off_subscription_keeps_its_deliveries(house: House) -> None:
    """What waited when it was switched off is not sent, not lost, and goes out when it is switched on again."""
    await held(house)
    await house.store.config.change_subscription("sa", switched(False))
    for _ in range(3):
        await house.deliver()
        house.now += 3_600_000
    assert (house.sent, await house.states()) == ([], {"scheduled": 1})
    await house.store.config.change_subscription("sa", switched(True))
    await house.deliver()
    assert (len(house.sent), await house.states()) == (1, {"sent": 1})


async def test_a_deleted_subscriptions_deliveries_are_cancelled(house: House) -> None:
    """They are not sent, and say why; the receiver is not called."""
    await held(house)
    await house.store.config.remove_subscription("sa")
    await house.deliver()
    page = await house.store.deliveries.page(None, DeliveryState.CANCELLED, None, 9)
    (delivery,) = await house.store.deliveries.existing(page.ids)
    assert delivery.reason == "the subscription was deleted"
    assert (house.sent, await house.states()) == ([], {"cancelled": 1})


async def test_a_deleted_subscription_leaves_nothing_but_its_record(house: House) -> None:
    """Retries that were planned for later are cancelled at once, and the keys of its own are gone afterwards."""
    await held(house)
    house.answers["sa"] = of_http(500, None, 3)
    await house.deliver()
    assert await house.states() == {"scheduled": 1}
    await house.store.config.remove_subscription("sa")
    await house.store.deliveries.abandon("sa")
    await house.deliver()
    await house.deliver()
    assert await house.states() == {"cancelled": 1}
    names = {k.decode() for k in await house.store.client.call("KEYS", "*:sa*")}
    assert not {n for n in names if n.rpartition("}:")[2].startswith(("due:", "health:", "deliveries:"))}
    assert "sa" not in await house.store.deliveries.ready(1 << 52)


async def test_a_receiver_that_is_gone_is_switched_off(house: House) -> None:
    """410 ends the delivery and the subscription, says so to its owner, and holds what else waits."""
    await held(house)
    house.answers["sa"] = of_http(410, None, 3)
    await house.deliver()
    found = await house.store.config.subscription("sa")
    assert (found.enabled, "410" in str(found.disabled_reason)) == (False, True)
    assert await house.states() == {"dead": 1}
    assert (await house.store.deliveries.health("sa")).failures == 1


async def test_a_failed_delivery_is_retried_under_its_id(house: House) -> None:
    """503, then no answer, then success: three calls with one id and one body, recorded in order."""
    await held(house)
    for answer in (of_http(503, None, 3), of_http(None, "timeout", 3), OK):
        house.answers["sa"] = answer
        await house.deliver()
        house.now += 3_600_000
    assert len({(delivery, json.dumps(body)) for _, delivery, body in house.sent}) == 1
    (delivery,) = await house.store.deliveries.existing([house.sent[0][1]])
    assert [(a.outcome, a.status) for a in delivery.attempts] == [("failed", 503), ("failed", None), ("sent", 204)]
    assert delivery.state is DeliveryState.SENT


async def test_a_sender_that_breaks_loses_nothing(house: House) -> None:
    """A bug in one attempt stops no other, and its delivery is sent once the lease has run out."""
    await held(house)
    await house.subscribe("sb")

    async def broken(_channel: WebhookChannel, _delivery: str) -> Answer:
        raise RuntimeError("a bug")

    house.answers["sa"] = broken
    await house.push("A second ferry left")
    await house.run()
    assert [url for url, _, _ in house.sent] == ["sb"]
    del house.answers["sa"]
    house.now += 60_000
    await house.deliver()
    assert sorted(url for url, _, _ in house.sent) == ["sa", "sa", "sb"]


async def test_a_delivery_without_its_hits_is_cancelled(house: House) -> None:
    """A delivery whose hits have expired is not sent empty."""
    await held(house)
    (hit,) = (await house.store.hits.page(None, None, None, 9)).ids
    await house.store.client.call("DEL", house.store.keys.hit(hit))
    await house.deliver()
    assert (house.sent, await house.states()) == ([], {"cancelled": 1})
