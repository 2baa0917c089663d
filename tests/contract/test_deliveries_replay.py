"""Deliveries: the receiver's health, replay and hurry, and the lists by state."""

from __future__ import annotations

import pytest

from monitor.errors import InvalidInput, NotFound
from monitor.model.delivery import DeliveryState, Outcome
from monitor.model.subscription import ReceiverHealth
from monitor.store.deliveries import delivery_id
from monitor.store.store import Store
from tests.contract.test_deliveries_store import AT, DEAD, GONE, LEASE, SENT, again, claim, enqueue, indexed, tried, ttl
from tests.contract.test_hits_store import make_hit

# ── health ──


async def test_health_counts_failures_in_a_row(store: Store) -> None:
    """Failures add up from the first on, a success clears them, a cancelled delivery counts for nothing."""
    assert await store.deliveries.health("sa") == ReceiverHealth()
    await enqueue(store, *(make_hit(story=f"fa-{n}") for n in range(5)))
    one, two, three, four, _ = await claim(store)
    await store.deliveries.record(one, again(AT + 9_000_000), tried(AT, 503), AT + 1)
    await store.deliveries.record(two, DEAD, tried(AT, 500), AT + 2)
    await store.deliveries.record(three, GONE, None, AT + 3)
    assert await store.deliveries.health("sa") == ReceiverHealth(2, AT + 1, None, "the receiver answered 500")
    await store.deliveries.record(four, SENT, tried(), AT + 4)
    health = await store.deliveries.health("sa")
    assert (health.failures, health.failing_since, health.last_success) == (0, None, AT + 4)
    assert await store.deliveries.health("sb") == ReceiverHealth()


async def test_forgiving_starts_the_count_anew(store: Store) -> None:
    """After its owner switched a receiver on again, only new failures count; the last success is remembered."""
    await enqueue(store, *(make_hit(story=f"fa-{n}") for n in range(3)))
    one, two, three = await claim(store)
    await store.deliveries.record(one, SENT, tried(), AT)
    await store.deliveries.record(two, DEAD, tried(AT, 500), AT + 1)
    await store.deliveries.forgive("sa")
    health = await store.deliveries.health("sa")
    assert (health.failures, health.failing_since, health.last_success) == (0, None, AT)
    await store.deliveries.record(three, DEAD, tried(AT, 500), AT + 9)
    assert (await store.deliveries.health("sa")).failing_since == AT + 9


# ── replay, hurry ──


@pytest.mark.parametrize("outcome", [SENT, DEAD, GONE, again(AT + 9_000_000)])
async def test_a_replay_keeps_the_id_and_starts_the_schedule_anew(store: Store, outcome: Outcome) -> None:
    """A replayed delivery is due now under its own id, from the first try on, and keeps its history."""
    await enqueue(store, make_hit())
    (claimed,) = await claim(store)
    await store.deliveries.record(claimed, outcome, tried(AT, 500), AT)
    await store.deliveries.replay(claimed.id, AT + 50)
    delivery = await store.deliveries.get(claimed.id)
    assert (delivery.state, delivery.next_attempt_at, delivery.reason) == (DeliveryState.SCHEDULED, AT + 50, None)
    assert [await ttl(store, f"{kind}:{claimed.id}") for kind in ("delivery", "attempts")] == [-1, -1]
    assert await indexed(store) == await indexed(store, "sa") == {"scheduled": [claimed.id]}
    (again_,) = await claim(store, AT + 50)
    assert (again_.id, again_.hits, again_.tries) == (claimed.id, claimed.hits, 1)
    assert again_.fence > claimed.fence
    assert await store.deliveries.record(again_, SENT, tried(), AT) == "recorded"
    assert await indexed(store) == await indexed(store, "sa") == {"sent": [claimed.id]}


async def test_a_replay_is_not_undone_by_the_attempt_in_flight(store: Store) -> None:
    """An attempt that was in flight when its delivery was replayed, and then fails for good, does not end it."""
    await enqueue(store, make_hit())
    (flying,) = await claim(store)
    await store.deliveries.replay(flying.id, AT + 1)
    await store.deliveries.record(flying, DEAD, tried(AT, 500), AT + 2)
    assert [c.id for c in await claim(store, AT + 2)] == [flying.id]


@pytest.mark.parametrize("unknown", ["sa-nothing", "sa", "", "-"])
async def test_a_replay_of_nothing_is_not_found(store: Store, unknown: str) -> None:
    """An unknown delivery raises NotFound and makes nothing due."""
    with pytest.raises(NotFound):
        await store.deliveries.replay(unknown, AT)
    assert await store.deliveries.ready(AT) == []


async def test_hurry_makes_everything_due(store: Store) -> None:
    """What waits for its first attempt or a retry is due now, is shown so, and is counted; other subscriptions wait."""
    hits = [make_hit(story=f"fa-{n}") for n in range(4)]
    await enqueue(store, *hits[:2])
    first, second = await claim(store)
    await store.deliveries.record(first, again(AT + 9_000_000), tried(AT, 503), AT)
    await store.deliveries.record(second, SENT, tried(), AT)
    await enqueue(store, *hits[2:], now=AT + 500_000)
    await enqueue(store, make_hit(), to="sb", now=AT + 500_000)
    assert await store.deliveries.hurry("sa", AT + 10) == 3
    assert await store.deliveries.ready(AT + 10) == ["sa"]
    assert (await store.deliveries.get(first.id)).next_attempt_at == AT + 10
    assert len(await claim(store, AT + 10)) == 3
    assert await store.deliveries.hurry("sz", AT) == 0


async def test_hurry_sends_nothing_twice(store: Store) -> None:
    """An attempt in flight is left alone: pressing "send now" hands its delivery to nobody else."""
    await enqueue(store, make_hit())
    assert len(await claim(store)) == 1
    await store.deliveries.hurry("sa", AT + 10)
    assert await claim(store, AT + 10) == []


# ── lists ──


async def test_each_delivery_stands_in_one_state_only(store: Store) -> None:
    """Whatever happens to deliveries, the lists by state hold each of them exactly once."""
    hits = [make_hit(story=f"fa-{n}") for n in range(12)]
    await enqueue(store, *hits)
    outcomes = [SENT, DEAD, GONE, again(AT + 1)]
    for round_ in range(4):
        for n, claimed in enumerate(await claim(store, AT + round_ * LEASE)):
            await store.deliveries.record(claimed, outcomes[(n + round_) % 4], tried(), AT)
            if n % 3 == 0:
                await store.deliveries.replay(claimed.id, AT + round_)
        for subscription in (None, "sa"):
            found = [i for ids in (await indexed(store, subscription)).values() for i in ids]
            assert sorted(found) == sorted(delivery_id("sa", h) for h in hits)
        states = {d.id: d.state.value for d in await store.deliveries.existing(sorted(found))}
        assert {i: state for state, ids in (await indexed(store)).items() for i in ids} == states


async def test_pages_are_newest_first(store: Store) -> None:
    """All states and subscriptions together are listed in order of time; a bad cursor is refused."""
    for n in range(9):
        await enqueue(store, make_hit(story=f"fa-{n}"), to=f"s{n % 3}", now=AT + n)
    for subscription in ("s0", "s1"):
        for claimed in await claim(store, AT + 50, to=subscription):
            await store.deliveries.record(claimed, SENT if claimed.created_at % 2 else DEAD, tried(), AT)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.deliveries.page(None, None, cursor, 2)
        found += page.ids
        cursor = page.next
        if cursor is None:
            break
    assert found == [delivery_id(f"s{n % 3}", make_hit(story=f"fa-{n}")) for n in reversed(range(9))]
    assert len((await store.deliveries.page("s2", None, None, 10)).ids) == 3
    assert len((await store.deliveries.page("s2", DeliveryState.SENT, None, 10)).ids) == 0
    with pytest.raises(InvalidInput):
        await store.deliveries.page(None, None, "nonsense", 2)


async def test_trim_spares_what_is_still_to_be_sent(store: Store) -> None:
    """Old entries of finished deliveries leave the lists; a delivery that still waits stays, however old."""
    await enqueue(store, *(make_hit(story=f"fa-{n}") for n in range(3)))
    one, two, _ = await claim(store)
    await store.deliveries.record(one, SENT, tried(), AT)
    await store.deliveries.record(two, DEAD, tried(), AT)
    assert await store.deliveries.trim(AT, ["sa"]) == 0
    assert await store.deliveries.trim(AT + 1, ["sa"]) == 4
    assert set(await indexed(store)) == set(await indexed(store, "sa")) == {"scheduled"}
