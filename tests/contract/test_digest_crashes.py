"""Digests on a real store: no hit is skipped or repeated, whatever process is killed, slow or late, and when."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from monitor.model.delivery import DeliveryState
from monitor.model.subscription import DigestSchedule, Subscription
from monitor.pipeline.deliver import LEASE_MS
from monitor.policy.digest import missed_run
from monitor.policy.retry import Answer
from monitor.ports import Notice
from monitor.store.store import Store
from tests.contract.test_digests import FAILED, HOUR, MINUTE, OK, TOMORROW, Desk, Told, ms


@pytest.fixture
async def desk(store: Store) -> Desk:
    """A process at 2026-02-02 02:40 UTC, with the rule."""
    made = Desk(store)
    await made.rule()
    return made


# ── one digest at one moment ──


async def test_a_restart_in_the_middle_of_a_digest(desk: Desk) -> None:
    """Made and not claimed, claimed and not sent, sent and not recorded: one delivery id, and a repeat only after the
    last of them.
    """
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.digester.turn()
    desk.restart()
    await desk.digester.turn()

    async def killed_before(_subscription: Subscription, _notice: Notice) -> Answer:
        raise asyncio.CancelledError

    async def killed_after(subscription: Subscription, notice: Notice) -> Answer:
        desk.tell(subscription, notice)
        raise asyncio.CancelledError

    for kill in (killed_before, killed_after):
        desk.mail = kill
        assert await desk.deliverer.sweep() == 1
        await desk.deliverer.finish(5)
        desk.restart()
        desk.now += LEASE_MS
    desk.mail = OK
    await desk.step()
    await desk.step()
    assert len({t.delivery for t in desk.told}) == 1
    assert [t.hits for t in desk.told] == [expected] * 2
    assert await desk.states() == {"sent": 1}


@pytest.mark.parametrize("once", [False, True], ids=["at least once", "at most once"])
async def test_a_kill_while_a_mail_is_sent(desk: Desk, once: bool) -> None:
    """At least once, it is sent again when the lease is over; at most once it is unknown, and left to its owner."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    desk.mail = FAILED  # a failure that was recorded is no reason for doubt
    desk.deliverer._resend_unknown = not once
    await desk.step()
    desk.now += 6_000

    async def killed(subscription: Subscription, notice: Notice) -> Answer:
        desk.tell(subscription, notice)
        raise asyncio.CancelledError

    desk.mail = killed
    assert await desk.deliverer.sweep() == 1
    await desk.deliverer.finish(5)
    assert [t.hits for t in desk.told] == [expected] * 2
    desk.restart()
    desk.deliverer._resend_unknown = not once
    desk.mail = OK
    desk.now += LEASE_MS
    await desk.step()
    assert await desk.states() == ({"unknown": 1} if once else {"sent": 1})
    assert len(desk.told) == (2 if once else 3)
    if once:
        page = await desk.store.deliveries.page("sa", DeliveryState.UNKNOWN, None, 9)
        (delivery,) = await desk.store.deliveries.existing(page.ids)
        assert (delivery.next_attempt_at, bool(delivery.reason)) == (None, True)
        for kind in ("delivery", "attempts"):
            key = f"{desk.store.keys.s('sa')}{kind}:{delivery.id}"
            assert await desk.store.client.call("TTL", key) > 0
        await desk.store.deliveries.replay(delivery.id, desk.now)
        await desk.deliver()
        assert await desk.states() == {"sent": 1}


async def test_a_slow_mail_is_taken_by_nobody_else(desk: Desk) -> None:
    """While a server takes minutes over the last dot, the lease is renewed and another process leaves the mail alone;
    without renewal it would take it.
    """
    await desk.subscribe("sa")
    await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.digester.turn()
    release = asyncio.Event()

    async def slow(_subscription: Subscription, _notice: Notice) -> Answer:
        await release.wait()
        return OK

    desk.mail = slow
    assert await desk.deliverer.sweep() == 1
    other = desk.another()
    for _ in range(60):
        desk.now += 10_000
        await desk.deliverer.renew()
        assert await other.sweep() == 0
        assert await desk.deliverer.sweep() == 0
    release.set()
    await desk.deliverer.finish(5)
    await desk.deliverer.renew()
    desk.now += HOUR
    assert await other.sweep() == 0
    assert (len(desk.told), await desk.states()) == (1, {"sent": 1})
    release.clear()
    await desk.news("Borealis")
    desk.now = TOMORROW
    await desk.digester.turn()
    assert await desk.deliverer.sweep() == 1
    desk.now += LEASE_MS
    assert await other.sweep() == 1
    release.set()
    await desk.deliverer.finish(5)
    await other.finish(5)


async def test_a_renewal_that_comes_late_takes_nothing_back(desk: Desk) -> None:
    """Who was overtaken renews nothing, and a recorded retry stays at its time."""
    await desk.subscribe("sa")
    await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.digester.turn()
    (old,) = await desk.store.deliveries.claim("sa", desk.now, desk.now + LEASE_MS, 9)
    desk.now += LEASE_MS
    (new,) = await desk.store.deliveries.claim("sa", desk.now, desk.now + LEASE_MS, 9)
    await desk.store.deliveries.renew([old], desk.now + HOUR)
    desk.now += LEASE_MS
    (newest,) = await desk.store.deliveries.claim("sa", desk.now, desk.now + LEASE_MS, 9)
    assert old.fence < new.fence < newest.fence
    desk.mail = FAILED
    desk.now += LEASE_MS
    await desk.deliver()
    await desk.store.deliveries.renew([old, new, newest], desk.now + HOUR)
    desk.mail = OK
    desk.now += 6_000
    await desk.deliver()
    assert await desk.states() == {"sent": 1}


# ── whatever happens ──

ZONES = {
    "sa": ("30 2 * * *", "Europe/Berlin"),
    "sb": ("*/30 * * * *", "America/New_York"),
    "sc": ("0 */6 * * *", "Asia/Tokyo"),
}
CHANGES = {
    "spring": "2026-03-07 18:00+00:00", "spring in Berlin": "2026-03-28 18:00+00:00",
    "autumn in Berlin": "2026-10-24 18:00+00:00", "autumn": "2026-10-31 18:00+00:00",
}  # fmt: skip


class Mishaps:
    """Kills processes at random while their mails are on the way."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self.desk, self.chance = desk, chance
        self.killed_after_sending: Counter[str] = Counter()
        self.dead = False

    async def __call__(self, subscription: Subscription, notice: Notice) -> Answer:
        fate = self.chance.random()
        if fate < 0.15:
            self.dead = True
            raise asyncio.CancelledError
        if fate < 0.30:
            self.dead = True
            self.desk.tell(subscription, notice)
            self.killed_after_sending[notice.delivery] += 1
            raise asyncio.CancelledError
        return OK


@pytest.mark.parametrize("start", CHANGES.values(), ids=CHANGES)
async def test_no_hit_is_skipped_or_repeated_whatever_is_killed(store: Store, start: str) -> None:
    """Two days around a change of the clock, readers in three zones, news and kills at random: every hit stands in
    exactly one digest of each reader, a digest keeps its id and its hits, it is sent again only where the kill came
    between sending and recording, and no run is made that is not the schedule's.
    """
    desk, chance = Desk(store, ms(start)), random.Random(start)
    mishaps = desk.mail = Mishaps(desk, chance)
    await desk.rule()
    for id_, (cron, timezone) in ZONES.items():
        await desk.subscribe(id_, cron, timezone)
    pushed: dict[str, int] = {}
    end, number = desk.now + 44 * HOUR, 0
    while desk.now < end:
        desk.now += chance.randrange(50 * MINUTE)
        if chance.random() < 0.6:
            titles = [f"number {number + n}" for n in range(chance.randrange(1, 4))]
            number += len(titles)
            pushed |= dict.fromkeys(await desk.news(*titles), desk.now)
        if pushed and chance.random() < 0.2:
            await desk.hand_over(chance.sample(sorted(pushed), min(len(pushed), 5)))
        if chance.random() < 0.8:
            await desk.digester.turn()
        if chance.random() < 0.2 or mishaps.dead:
            desk.restart()
            mishaps.dead = False
        elif chance.random() < 0.9:
            await desk.deliverer.sweep()
            await desk.deliverer.finish(5)
    desk.mail = OK
    desk.restart()
    desk.now += 24 * HOUR
    await desk.step()
    check(desk, mishaps.killed_after_sending, pushed)
    assert (await desk.states()).keys() == {"sent"}


def check(desk: Desk, killed_after_sending: Counter[str], pushed: dict[str, int]) -> None:
    """What must be so of everything that was sent."""
    by_delivery: dict[str, list[Told]] = defaultdict(list)
    for told in desk.told:
        by_delivery[told.delivery].append(told)
    for delivery, sendings in by_delivery.items():
        assert len({(t.to, t.run, t.hits) for t in sendings}) == 1
        assert len(sendings) == 1 + killed_after_sending[delivery]
    for id_, (cron, timezone) in ZONES.items():
        digests = sorted((d[0] for d in by_delivery.values() if d[0].to == id_), key=lambda t: str(t.run))
        assert len({d.run for d in digests}) == len(digests) > 0
        assert sorted(hit for d in digests for hit in d.hits) == sorted(pushed)
        plan = DigestSchedule(cron, timezone, 0)
        for digest in digests:
            run = missed_run(plan, 0, digest.at)
            assert run is not None
            assert str(digest.run) <= run.name
            assert max(pushed[h] for h in digest.hits) <= digest.at
        for one, two in pairwise(digests):
            assert max(pushed[h] for h in one.hits) <= min(pushed[h] for h in two.hits)
