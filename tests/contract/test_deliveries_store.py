"""Deliveries: one item alerts a subscription once, every attempt is recorded, no lost race does harm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.model.delivery import Attempt, ClaimedDelivery, DeliveryState, Outcome
from monitor.model.hit import Hit
from monitor.ports import Enqueued
from monitor.store.deliveries import delivery_id
from monitor.store.store import Store
from tests.contract.test_config_store import make_subscription
from tests.contract.test_hits_store import make_hit

AT = 1_770_000_000_000
LEASE = 30_000
SENT = Outcome(DeliveryState.SENT, None, None)
DEAD = Outcome(DeliveryState.DEAD, None, "the receiver answered 500")
GONE = Outcome(DeliveryState.CANCELLED, None, "the subscription was deleted")


def again(at: int) -> Outcome:
    """To be tried again at ``at``."""
    return Outcome(DeliveryState.SCHEDULED, at, "the receiver answered 503")


def tried(at: int = AT, status: int | None = 204) -> Attempt:
    """An attempt with the receiver's ``status``."""
    return Attempt(at, "sent" if status == 204 else "failed", status, 12, "", None if status else "timeout")


async def enqueue(store: Store, *hits: Hit, to: str = "sa", now: int = AT) -> list[str]:
    """What became of each hit."""
    return [e.result for e in await store.deliveries.enqueue([(make_subscription(to), hit) for hit in hits], now, now)]


async def claim(store: Store, now: int = AT, to: str = "sa") -> list[ClaimedDelivery]:
    """What is due."""
    return await store.deliveries.claim(to, now, now + LEASE, 100)


async def indexed(store: Store, subscription: str | None = None) -> dict[str, list[str]]:
    """The ids in each state's index."""
    pages = {s: await store.deliveries.page(subscription, s, None, 100) for s in DeliveryState}
    return {state.value: list(page.ids) for state, page in pages.items() if page.ids}


async def ttl(store: Store, key: str) -> int:
    """Seconds that the key of subscription sa still lives; -1 for ever, -2 none."""
    answer: int = await store.client.call("TTL", f"{store.keys.s('sa')}{key}")
    return answer


# ── enqueue ──


async def test_a_hit_becomes_one_delivery(store: Store) -> None:
    """The first hand-over makes a delivery that is due and listed; a replay at any later moment does nothing."""
    hit = make_hit()
    first = await store.deliveries.enqueue([(make_subscription("sa"), hit)], AT, AT + 400)
    id_ = delivery_id("sa", hit)
    assert first == [Enqueued("new", id_)]
    assert await store.deliveries.enqueue([(make_subscription("sa"), hit)], AT + 1, AT + 1) == [Enqueued("known", id_)]
    assert await claim(store, AT + 399) == []
    (claimed,) = await claim(store, AT + 400)
    assert (claimed.id, claimed.hits, claimed.created_at, claimed.tries) == (id_, (hit.id,), AT, 1)
    assert await enqueue(store, hit) == ["known"]
    assert await store.deliveries.record(claimed, SENT, tried(), AT) == "recorded"
    assert await enqueue(store, hit) == ["known"]
    assert await claim(store, AT + 10 * LEASE) == []
    assert await indexed(store) == {"sent": [id_]}


SAME: dict[str, dict[str, Any]] = {
    "same link": {"link_key": "l-fa-1"},
    "same text": {"text_key": "t-fa-1"},
    "same link and text": {"link_key": "l-fa-1", "text_key": "t-fa-1"},
}


@pytest.mark.parametrize("shared", SAME.values(), ids=SAME)
@pytest.mark.parametrize("gone", [False, True], ids=["while it waits", "after it went"])
async def test_the_same_item_in_another_feed_is_a_copy(store: Store, shared: dict[str, str], gone: bool) -> None:
    """An item alerts once however many feeds carry it; the delivery names the copies, each once."""
    await enqueue(store, make_hit(story="fa-1"))
    if gone:
        (claimed,) = await claim(store)
        await store.deliveries.record(claimed, SENT, tried(), AT)
    copy = make_hit(story="fb-7", **shared)
    assert await enqueue(store, copy) == ["copy"]
    assert await enqueue(store, copy) == ["known"]
    delivery = await store.deliveries.get(delivery_id("sa", make_hit(story="fa-1")))
    assert (delivery.hits, delivery.copies) == (("ferries.fa-1",), ("fb-7",))
    assert len((await store.deliveries.page(None, None, None, 10)).ids) == 1


async def test_copies_are_known_by_their_copies(store: Store) -> None:
    """A third carrier that shares only a copy's link, and not the first one's, is the same item too."""
    await enqueue(store, make_hit(story="fa-1", link_key="l1", text_key="t1"))
    assert await enqueue(store, make_hit(story="fb-1", link_key="l2", text_key="t1")) == ["copy"]
    assert await enqueue(store, make_hit(story="fc-1", link_key="l2", text_key="t3")) == ["copy"]
    (claimed,) = await claim(store)
    assert (await store.deliveries.get(claimed.id)).copies == ("fb-1", "fc-1")


async def test_items_without_link_and_text_are_told_apart_by_story(store: Store) -> None:
    """Two stories that have neither a link nor a telling text are two alerts."""
    hits = [make_hit(story=s, link_key=None, text_key=None) for s in ("fa-1", "fb-1")]
    assert await enqueue(store, *hits) == ["new", "new"]
    assert await enqueue(store, *hits) == ["known", "known"]


async def test_a_second_rule_joins_a_delivery_that_has_not_gone(store: Store) -> None:
    """Rules that match one story are named in one alert as long as nobody has claimed it."""
    assert await enqueue(store, make_hit("a"), make_hit("b"), make_hit("c")) == ["new", "joined", "joined"]
    assert await enqueue(store, make_hit("a"), make_hit("b"), make_hit("c")) == ["known", "known", "known"]
    (claimed,) = await claim(store)
    assert claimed.hits == ("a.fa-1", "b.fa-1", "c.fa-1")


@pytest.mark.parametrize(
    "outcome", [None, again(AT + 5_000), SENT, DEAD], ids=["in flight", "to be retried", "sent", "dead"]
)
async def test_a_second_rule_that_comes_late_gets_its_own_delivery(store: Store, outcome: Outcome | None) -> None:
    """Once a delivery was claimed its body may have gone, so another rule makes a delivery of its own, once."""
    await enqueue(store, make_hit("a"))
    (claimed,) = await claim(store)
    if outcome is not None:
        await store.deliveries.record(claimed, outcome, tried(), AT)
    assert await enqueue(store, make_hit("b"), make_hit("c"), make_hit("b")) == ["new", "joined", "known"]
    (late,) = await claim(store)
    assert (late.id, late.hits) == (delivery_id("sa", make_hit("b")), ("b.fa-1", "c.fa-1"))


async def test_a_delivery_names_the_rules_of_one_story(store: Store) -> None:
    """A second rule that matches only a copy does not join the first story's alert: its spans are of another text."""
    await enqueue(store, make_hit("a", "fa-1"))
    await enqueue(store, make_hit("b", "fb-1", link_key="l-fa-1"))
    for claimed in await claim(store):
        assert len({h.partition(".")[2] for h in claimed.hits}) == 1


async def test_subscriptions_remember_apart(store: Store) -> None:
    """What one subscription has alerted is new to the next."""
    assert await enqueue(store, make_hit(), to="sa") == ["new"]
    assert await enqueue(store, make_hit(), to="sb") == ["new"]
    assert await store.deliveries.ready(AT) in (["sa", "sb"], ["sb", "sa"])
    assert {c.subscription for s in ("sa", "sb") for c in await claim(store, to=s)} == {"sa", "sb"}


async def test_concurrent_replays_make_one_delivery(store: Store) -> None:
    """The same hits handed over by ten processes at once become one delivery of each story."""
    hits = [make_hit(rule, f"fa-{n}") for n in range(10) for rule in ("a", "b")]
    answers = await asyncio.gather(*(enqueue(store, *hits) for _ in range(10)))
    counts = {kind: sum(a.count(kind) for a in answers) for kind in ("new", "joined", "known", "copy")}
    assert counts == {"new": 10, "joined": 10, "known": 180, "copy": 0}
    assert sorted(len(c.hits) for c in await claim(store)) == [2] * 10


async def test_what_a_subscription_remembers_ends(store: Store) -> None:
    """Links and texts are remembered for 72 hours, a story for 14 days, and a second rule makes neither longer."""
    await enqueue(store, make_hit("a"))
    names = ("link:l-fa-1", "text:t-fa-1", "story:fa-1")
    for name in names:
        await store.client.call("EXPIRE", f"{store.keys.s('sa')}alerted:sa:{name}", 1_000)
    await enqueue(store, make_hit("b"))
    assert [await ttl(store, f"alerted:sa:{name}") > 1_000 for name in names] == [False] * 3
    await enqueue(store, make_hit("a", "fa-2"))
    lives = [await ttl(store, f"alerted:sa:{n}") for n in ("link:l-fa-2", "text:t-fa-2", "story:fa-2")]
    assert [round(seconds / 3600) for seconds in lives] == [72, 72, 14 * 24]


async def test_after_72_hours_the_same_link_is_news(store: Store) -> None:
    """A link whose memory has run out alerts again when another story carries it."""
    await enqueue(store, make_hit())
    for name in ("link:l-fa-1", "text:t-fa-1"):
        await store.client.call("DEL", f"{store.keys.s('sa')}alerted:sa:{name}")  # as after 72 hours
    assert await enqueue(store, make_hit(story="fb-1", link_key="l-fa-1"), make_hit()) == ["new", "known"]


# ── claim and record ──


async def test_a_claim_is_a_lease_with_a_fence(store: Store) -> None:
    """Nobody gets a claimed delivery before the lease is over; then the fence is newer; the limit is kept."""
    await enqueue(store, *(make_hit(story=f"fa-{n}") for n in range(5)))
    first = await store.deliveries.claim("sa", AT, AT + LEASE, 3)
    rest = await store.deliveries.claim("sa", AT, AT + LEASE, 3)
    assert (len(first), len(rest)) == (3, 2)
    assert await claim(store, AT + LEASE - 1) == []
    assert await store.deliveries.ready(AT + LEASE - 1) == []
    assert await store.deliveries.ready(AT + LEASE) == ["sa"]
    later = {c.id: c.fence for c in await claim(store, AT + LEASE)}
    assert later.keys() == {c.id for c in (*first, *rest)}
    assert all(later[c.id] > c.fence for c in first)


async def test_a_sent_delivery_is_done(store: Store) -> None:
    """It is due no more, keeps its attempt, and ends with its retention; its subscription is not ready."""
    await enqueue(store, make_hit())
    (claimed,) = await claim(store)
    assert await store.deliveries.record(claimed, SENT, tried(), AT) == "recorded"
    delivery = await store.deliveries.get(claimed.id)
    assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, (tried(),))
    assert (delivery.next_attempt_at, delivery.reason) == (None, None)
    assert await store.deliveries.ready(AT + 100 * LEASE) == []
    assert await store.deliveries.waiting() == 0
    for kind in ("delivery", "attempts"):
        assert round(await ttl(store, f"{kind}:{claimed.id}") / 86_400) == 30


async def test_a_failed_delivery_is_due_again(store: Store) -> None:
    """A retry is claimed at its time and not before, counts its tries, and keeps every attempt in order."""
    await enqueue(store, make_hit())
    for number in (1, 2, 3):
        (claimed,) = await claim(store, AT + number * 5_000)
        assert claimed.tries == number
        outcome = again(AT + (number + 1) * 5_000)
        assert await store.deliveries.record(claimed, outcome, tried(AT + number, 503), AT) == "recorded"
        assert await claim(store, AT + (number + 1) * 5_000 - 1) == []
    delivery = await store.deliveries.get(claimed.id)
    assert [a.at for a in delivery.attempts] == [AT + 1, AT + 2, AT + 3]
    assert (delivery.state, delivery.reason) == (DeliveryState.SCHEDULED, "the receiver answered 503")
    assert delivery.next_attempt_at == AT + 20_000
    assert await ttl(store, f"delivery:{claimed.id}") == -1
    assert await store.deliveries.waiting() == 1


@pytest.mark.parametrize(("outcome", "state"), [(DEAD, "dead"), (GONE, "cancelled")])
async def test_a_delivery_that_is_given_up_says_why(store: Store, outcome: Outcome, state: str) -> None:
    """Dead and cancelled deliveries are due no more and keep the reason."""
    await enqueue(store, make_hit())
    (claimed,) = await claim(store)
    await store.deliveries.record(claimed, outcome, None, AT)
    assert await indexed(store) == await indexed(store, "sa") == {state: [claimed.id]}
    assert (await store.deliveries.get(claimed.id)).reason == outcome.reason
    assert await claim(store, AT + 100 * LEASE) == []


async def test_an_overtaken_failure_changes_nothing(store: Store) -> None:
    """Whoever's lease ran out may note its failed attempt, but decides nothing: the newer claim does."""
    await enqueue(store, make_hit())
    (old,) = await claim(store)
    (new,) = await claim(store, AT + LEASE)
    assert await store.deliveries.record(old, DEAD, tried(AT, 500), AT) == "stale"
    assert await claim(store, AT + LEASE) == []
    assert await store.deliveries.record(new, SENT, tried(AT + 9), AT) == "recorded"
    delivery = await store.deliveries.get(old.id)
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.SENT, 2)


async def test_a_late_success_counts(store: Store) -> None:
    """What the receiver has accepted is sent, whoever reports it; the newer claim's failure brings nothing back."""
    await enqueue(store, make_hit())
    (old,) = await claim(store)
    (new,) = await claim(store, AT + LEASE)
    assert await store.deliveries.record(old, SENT, tried(), AT) == "recorded"
    assert await store.deliveries.record(new, again(AT + 5), tried(AT, 503), AT) == "finished"
    assert await store.deliveries.record(old, SENT, tried(), AT) == "finished"
    assert await indexed(store) == {"sent": [old.id]}
    assert await claim(store, AT + 100 * LEASE) == []


async def test_a_late_attempt_leaves_nothing_for_ever(store: Store) -> None:
    """An attempt that ends after the delivery was cancelled is noted, and ends with the delivery's retention."""
    await enqueue(store, make_hit())
    (old,) = await claim(store)
    (new,) = await claim(store, AT + LEASE)
    await store.deliveries.record(new, GONE, None, AT)
    assert await store.deliveries.record(old, SENT, tried(), AT) == "finished"
    assert len((await store.deliveries.get(old.id)).attempts) == 1
    assert await ttl(store, f"attempts:{old.id}") > 0


async def test_a_delivery_that_is_gone_is_not_brought_back(store: Store) -> None:
    """Recording an attempt of a delivery whose record has expired writes nothing."""
    await enqueue(store, make_hit())
    (claimed,) = await claim(store)
    await store.client.call("DEL", store.keys.delivery(claimed.id))
    assert await store.deliveries.record(claimed, SENT, tried(), AT) == "gone"
    assert await store.deliveries.existing([claimed.id]) == []
    with pytest.raises(NotFound):
        await store.deliveries.get(claimed.id)
    assert await ttl(store, f"attempts:{claimed.id}") == -2
    assert await claim(store, AT + LEASE) == []
    assert await store.deliveries.ready(AT + LEASE) == []


async def test_only_the_last_fifty_attempts_are_kept(store: Store) -> None:
    """A delivery that is tried and replayed for weeks does not grow without bound."""
    await enqueue(store, make_hit())
    for n in range(60):
        (claimed,) = await claim(store, AT + n)
        await store.deliveries.record(claimed, again(AT + n + 1), tried(AT + n, 503), AT)
    assert [a.at for a in (await store.deliveries.get(claimed.id)).attempts] == [AT + n for n in range(10, 60)]
