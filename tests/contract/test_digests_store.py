"""What waits for digests, and what a run makes of it: once, all of it, whoever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.embedded.launcher import EmbeddedServer, prepare_data_dir
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.hit import Hit
from monitor.model.subscription import DigestSchedule
from monitor.policy.digest import Run
from monitor.ports import Enqueued
from monitor.settings import Settings
from monitor.store.deliveries import delivery_id
from monitor.store.digests import digest_id
from monitor.store.store import Store, connect
from tests.contract.test_config_store import make_subscription
from tests.contract.test_deliveries_store import AT, SENT, claim, indexed, tried
from tests.contract.test_hits_store import make_hit

DAILY = DigestSchedule("0 7 * * *", "UTC", AT)
DAY = 86_400_000


def run(number: int = 0) -> Run:
    """The run of day ``number``."""
    return Run(f"2026-02-{number + 2:02} 07:00", AT + number * DAY)


async def enqueue(store: Store, *hits: Hit, to: str = "sa", now: int = AT, digest: bool = True) -> list[Enqueued]:
    """What became of each hit at a subscription to digests, or to instant alerts."""
    wanting = make_subscription(to, digest=DAILY if digest else None)
    return await store.deliveries.enqueue([(wanting, hit) for hit in hits], now, now)


async def results(store: Store, *hits: Hit, **options: Any) -> list[str]:
    """The results alone."""
    return [e.result for e in await enqueue(store, *hits, **options)]


async def make(store: Store, which: Run, *, to: str = "sa", planned: bool = True, all_quiet: bool = False) -> str:
    """Make a run at its time."""
    return await store.digests.make(to, which, which.at, planned=planned, all_quiet=all_quiet)


async def made(store: Store, which: Run, to: str = "sa") -> Delivery:
    """The delivery of a run."""
    return await store.deliveries.get(digest_id(to, which))


def stories(count: int, rule: str = "ferries") -> list[Hit]:
    """Hits of one rule on several stories."""
    return [make_hit(rule, f"fa-{n}") for n in range(count)]


# ── what waits ──


async def test_hits_wait_for_the_digest(store: Store) -> None:
    """In digest mode a hit makes no delivery; it is counted as pending, and its subscription as waiting."""
    assert await enqueue(store, *stories(3)) == [Enqueued("pending", "")] * 3
    assert (await store.digests.pending("sa"), await store.digests.waiting()) == (3, ["sa"])
    assert await indexed(store) == {}
    assert await store.deliveries.ready(1 << 52) == []
    assert (await store.digests.pending("sb"), await store.digests.last_run("sa")) == (0, None)


async def test_everything_that_waits_becomes_one_delivery(store: Store) -> None:
    """A run takes all, is due at once, names its local time; nothing waits any more, and the schedule has moved."""
    hits = [*stories(3), make_hit("harbours", "fa-0")]
    await enqueue(store, *hits)
    assert await make(store, run()) == "made"
    delivery = await made(store, run())
    assert set(delivery.hits) == {h.id for h in hits}
    assert (delivery.run, delivery.also, delivery.state) == (run().name, {}, DeliveryState.SCHEDULED)
    assert await indexed(store) == await indexed(store, "sa") == {"scheduled": [delivery.id]}
    assert (await store.digests.pending("sa"), await store.digests.waiting()) == (0, [])
    assert await store.digests.last_run("sa") == run().at
    assert await store.deliveries.ready(run().at) == ["sa"]
    (claimed,) = await claim(store, run().at)
    assert (claimed.id, set(claimed.hits), claimed.run) == (delivery.id, set(delivery.hits), run().name)
    assert await store.deliveries.record(claimed, SENT, tried(), AT) == "recorded"
    assert await indexed(store) == {"sent": [delivery.id]}


async def test_copies_are_folded_into_the_hit_that_waits(store: Store) -> None:
    """The same item elsewhere waits with the first one; the delivery and its claim name it under `also`."""
    first = make_hit(story="fa-1", link_key="l1", text_key="t1")
    by_link, by_text = (
        make_hit(story="fb-1", link_key="l1", text_key="t2"),
        make_hit(story="fc-1", link_key="l3", text_key="t2"),
    )
    other = make_hit(story="fd-1")
    assert await results(store, first, by_link, by_text, other) == ["pending", "copy", "copy", "pending"]
    assert await store.digests.pending("sa") == 2
    assert await results(store, first, by_link, by_text, other) == ["known"] * 4
    await store.client.call("DEL", f"{store.keys.s('sa')}alerted:sa:story:fa-1")  # as after 14 days
    assert await results(store, replace(first, link_key=None, text_key=None)) == ["pending"]
    await make(store, run())
    delivery = await made(store, run())
    assert set(delivery.hits) == {first.id, other.id}
    assert delivery.also == {first.id: (by_link.id, by_text.id)}
    (claimed,) = await claim(store, run().at)
    assert claimed.also == delivery.also


async def test_a_copy_that_comes_after_the_run_is_noted_with_it(store: Store) -> None:
    """It stands for what the reader has had already: it does not wait, and the delivery names its story."""
    await enqueue(store, make_hit(story="fa-1", link_key="l1"))
    await make(store, run())
    late = make_hit(story="fb-1", link_key="l1")
    assert await enqueue(store, late) == [Enqueued("copy", digest_id("sa", run()))]
    assert await results(store, late) == ["known"]
    assert await store.digests.pending("sa") == 0
    delivery = await made(store, run())
    assert (delivery.also, delivery.copies) == ({}, ("fb-1",))
    assert await make(store, run(1)) == "quiet"


async def test_the_newest_stories_come_first(store: Store) -> None:
    """Whatever the order in which they came in, hits are in the order of time, the newest first."""
    hits = [make_hit(story=f"fa-{n}", first_seen=AT + n * 1_000) for n in (2, 0, 3, 1)]
    await enqueue(store, *hits)
    await make(store, run())
    assert (await made(store, run())).hits == tuple(f"ferries.fa-{n}" for n in (3, 2, 1, 0))


async def test_a_story_in_a_thousand_outlets_stays_one_entry_of_bounded_size(store: Store) -> None:
    """Copies beyond a bound are dropped, whole."""
    first = make_hit(story="fa-0", link_key="same")
    copies = [make_hit(story=f"f{n}-1", link_key="same") for n in range(1_000)]
    assert set(await results(store, first, *copies)) == {"pending", "copy"}
    await make(store, run())
    (also,) = (await made(store, run())).also.values()
    assert 100 < len(also) < 1_000
    assert list(also) == [c.id for c in copies[: len(also)]]


async def test_handing_a_hit_over_again_does_nothing(store: Store) -> None:
    """A replay before the run, after it, and after it was sent: the hit is in one digest only."""
    hits = stories(2)
    await enqueue(store, *hits)
    assert await enqueue(store, *hits) == [Enqueued("known", "")] * 2
    await make(store, run())
    assert await results(store, *hits) == ["known"] * 2
    (claimed,) = await claim(store, run().at)
    await store.deliveries.record(claimed, SENT, tried(), AT)
    assert await results(store, *hits) == ["known"] * 2
    assert (await store.digests.pending("sa"), await store.digests.waiting()) == (0, [])
    assert await make(store, run(1)) == "quiet"


async def test_rules_of_one_story_wait_each(store: Store) -> None:
    """Another rule on a story that waits, or that went, is a hit of its own and waits too."""
    assert await results(store, make_hit("a"), make_hit("b")) == ["pending", "pending"]
    await make(store, run())
    assert await results(store, make_hit("c")) == ["pending"]
    await make(store, run(1))
    assert [set((await made(store, run(n))).hits) for n in (0, 1)] == [{"a.fa-1", "b.fa-1"}, {"c.fa-1"}]


async def test_subscriptions_wait_apart(store: Store) -> None:
    """A run of one subscription takes nothing of another, on the same partition or not."""
    names = [f"s{n}" for n in range(8)]
    for name in names:
        await enqueue(store, *stories(2), to=name)
    assert sorted(await store.digests.waiting()) == names
    assert await make(store, run(), to="s3") == "made"
    assert sorted(await store.digests.waiting()) == [n for n in names if n != "s3"]
    assert [await store.digests.pending(n) for n in ("s3", "s4")] == [0, 2]


# ── once ──


async def test_ten_at_once_make_one(store: Store) -> None:
    """Whichever process comes first makes the run; the others are told that it is done."""
    await enqueue(store, *stories(20))
    answers = await asyncio.gather(*(make(store, run()) for _ in range(10)))
    assert sorted(answers) == ["done"] * 9 + ["made"]
    assert len((await made(store, run())).hits) == 20
    assert await indexed(store) == {"scheduled": [digest_id("sa", run())]}


async def test_hits_that_come_while_runs_are_made_are_in_exactly_one(store: Store, server: EmbeddedServer) -> None:
    """Two processes hand over and make runs at once, with replays: no hit is lost, none is in two digests."""
    second = await connect(server.url, Settings(), embedded=True, patience=5)
    hits = stories(120)

    async def hand_over(opened: Store) -> None:
        for start in range(0, len(hits), 8):
            await enqueue(opened, *hits[start : start + 8])

    async def digests(opened: Store) -> None:
        for n in range(25):
            await make(opened, run(n))

    await asyncio.gather(*(step(opened) for opened in (store, second) for step in (hand_over, digests)))
    await second.close()
    await make(store, run(26))
    page = await store.deliveries.page("sa", None, None, 100)
    told = [h for d in await store.deliveries.existing(page.ids) for h in d.hits]
    assert sorted(told) == sorted(h.id for h in hits)


async def test_the_same_run_from_another_process_finds_it_made(store: Store, server: EmbeddedServer) -> None:
    """Also after it was sent, and when new hits wait: those are for the next run."""
    await enqueue(store, *stories(1))
    assert await make(store, run()) == "made"
    await enqueue(store, make_hit(story="fb-9"))
    second = await connect(server.url, Settings(), embedded=True, patience=5)
    assert await second.digests.last_run("sa") == run().at
    assert await make(second, run()) == "done"
    (claimed,) = await claim(store, run().at)
    await store.deliveries.record(claimed, SENT, tried(), AT)
    assert await make(second, run()) == "done"
    await second.close()
    assert (await made(store, run())).hits == ("ferries.fa-0",)
    assert await store.digests.pending("sa") == 1


async def test_a_run_older_than_the_last_is_refused(store: Store) -> None:
    """A process that lags behind makes nothing of a run that others have passed."""
    await make(store, run(5))
    await enqueue(store, *stories(1))
    assert await make(store, run(4)) == "done"
    assert await store.digests.pending("sa") == 1
    assert await store.digests.last_run("sa") == run(5).at
    assert await make(store, run(6)) == "made"


async def test_the_same_local_time_can_come_again(store: Store) -> None:
    """Who moves a schedule to a zone further west meets 07:00 twice a day; both are runs of their own."""
    east, west = Run("2026-02-02 07:00", AT), Run("2026-02-02 07:00", AT + 6 * 3_600_000)
    await enqueue(store, make_hit(story="fa-1"))
    assert await make(store, east) == "made"
    await enqueue(store, make_hit(story="fa-2"))
    assert await make(store, west) == "made"
    assert [(await made(store, r)).hits for r in (east, west)] == [("ferries.fa-1",), ("ferries.fa-2",)]


# ── quiet and unplanned ──


async def test_nothing_pending_is_quiet(store: Store) -> None:
    """A run with nothing to tell makes no delivery, and counts: it is not made up for later."""
    assert await make(store, run()) == "quiet"
    assert await indexed(store) == {}
    assert await store.digests.last_run("sa") == run().at
    await enqueue(store, *stories(1))
    assert await make(store, run()) == "done"
    assert await make(store, run(1)) == "made"


async def test_all_quiet_is_told_where_it_is_wanted(store: Store) -> None:
    """Then a run without hits is a delivery without hits, once."""
    assert await make(store, run(), all_quiet=True) == "made"
    assert await make(store, run(), all_quiet=True) == "done"
    delivery = await made(store, run())
    assert (delivery.hits, delivery.run, delivery.also) == ((), run().name, {})
    (claimed,) = await claim(store, run().at)
    assert (claimed.hits, claimed.run) == ((), run().name)


async def test_an_unplanned_run_leaves_the_schedule(store: Store) -> None:
    """What the user asks for now takes what is pending; the next planned run is made all the same."""
    await enqueue(store, *stories(2))
    asked = Run("2026-02-02 06:12:03.456", AT - 1)
    assert await make(store, asked, planned=False) == "made"
    assert await store.digests.last_run("sa") is None
    assert await make(store, asked, planned=False) == "done"
    assert await make(store, Run("2026-02-02 06:12:04.000", AT), planned=False) == "quiet"
    await enqueue(store, make_hit(story="fb-1"))
    assert await make(store, run()) == "made"
    assert [len((await made(store, r)).hits) for r in (asked, run())] == [2, 1]


# ── from digest to instant and back ──


async def test_from_digest_to_instant(store: Store) -> None:
    """What waited stays until it is taken; what comes now is a delivery; replays and copies of the old do nothing."""
    waited = make_hit(story="fa-1", link_key="l1")
    await enqueue(store, waited)
    assert await results(store, waited, make_hit(story="fb-1", link_key="l1"), digest=False) == ["known", "copy"]
    fresh = make_hit(story="fc-1")
    assert await enqueue(store, fresh, digest=False) == [Enqueued("new", delivery_id("sa", fresh))]
    late = make_hit(
        "harbours", story="fa-1"
    )  # another rule on the story that waits joins no delivery that is not there
    assert await results(store, late, digest=False) == ["new"]
    assert (await store.digests.pending("sa"), await store.digests.waiting()) == (1, ["sa"])
    flush = Run("flush", AT)
    assert await make(store, flush, planned=False) == "made"
    assert (await made(store, flush)).hits == (waited.id,)
    assert (await made(store, flush)).also == {waited.id: ("ferries.fb-1",)}


async def test_from_instant_to_digest(store: Store) -> None:
    """A delivery that is under way takes copies as before; its replay does nothing; another rule waits."""
    alerted = make_hit(story="fa-1", link_key="l1")
    await enqueue(store, alerted, digest=False)
    assert await results(store, alerted, make_hit(story="fb-1", link_key="l1")) == ["known", "copy"]
    assert (await store.deliveries.get(delivery_id("sa", alerted))).copies == ("fb-1",)
    assert await results(store, make_hit("harbours", story="fa-1"), make_hit(story="fc-1")) == ["pending", "pending"]
    assert await make(store, run()) == "made"
    assert set((await made(store, run())).hits) == {"harbours.fa-1", "ferries.fc-1"}


# ── ends ──


async def test_a_deleted_subscription_leaves_nothing_that_waits(store: Store) -> None:
    """What is pending and when the last run was go with it."""
    await make(store, run())
    await enqueue(store, *stories(2))
    await store.deliveries.forget("sa")
    assert (await store.digests.pending("sa"), await store.digests.waiting()) == (0, [])
    assert await store.digests.last_run("sa") is None
    names = {k.decode().rpartition("}:")[2] for k in await store.client.call("KEYS", "*")}
    assert {
        n for n in names if n.startswith(("pending:", "copies:", "told:", "runs:", "due:", "health:", "waiting"))
    } == set()


async def test_a_digest_ends_with_its_retention(store: Store) -> None:
    """Sent, it is kept as long as any delivery; what waits is kept for ever."""
    await enqueue(store, *stories(1))
    ttl = await store.client.call("TTL", f"{store.keys.s('sa')}pending:sa")
    assert ttl == -1
    await make(store, run())
    (claimed,) = await claim(store, run().at)
    await store.deliveries.record(claimed, SENT, tried(), AT)
    ttl = await store.client.call("TTL", store.keys.delivery(claimed.id))
    assert round(ttl / 86_400) == 30


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Store]:
    """A store on a server of its own, to be filled."""
    prepare_data_dir(tmp_path)
    server = EmbeddedServer(tmp_path, "64mb")
    await server.join()
    opened = await connect(server.url, Settings(), embedded=True, patience=5)
    yield opened
    await opened.close()
    await server.leave()


async def test_a_full_store_takes_in_and_sends_out(small: Store) -> None:
    """With its memory full hits are still taken in, and digests are made and go out: that is what makes room."""
    await enqueue(small, make_hit(story="fa-1"))
    await small.client.call("CONFIG", "SET", "maxmemory", "1mb")
    assert await results(small, make_hit(story="fa-2"), make_hit(story="fb-2", link_key="l-fa-2")) == [
        "pending",
        "copy",
    ]
    assert await make(small, run()) == "made"
    (claimed,) = await claim(small, run().at)
    await small.deliveries.renew([claimed], run().at + 99_000)
    assert set(claimed.hits) == {"ferries.fa-1", "ferries.fa-2"}
    assert claimed.also == {"ferries.fa-2": ("ferries.fb-2",)}
    assert await small.deliveries.record(claimed, SENT, tried(), AT) == "recorded"
    assert await results(small, make_hit(story="fa-3")) == ["pending"]
    assert await make(small, Run("now", AT + 5), planned=False) == "made"
