"""Digests on a real store under a clock that a test turns: no hit skipped or repeated, whatever is killed when."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from monitor.errors import StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.delivery import DeliveryState
from monitor.model.subscription import DigestSchedule, MailChannel, Subscription
from monitor.pipeline.deliver import LEASE_MS, Deliverer
from monitor.pipeline.digest import AGAIN, Digester
from monitor.pipeline.view import ConfigView
from monitor.policy.digest import missed_run
from monitor.policy.retry import Answer, Verdict
from monitor.ports import Message, Notice, Ping
from monitor.store.store import Store
from tests.contract.test_config_store import make_spec, make_subscription
from tests.contract.test_pipeline import AT, House, switched

MINUTE = 60_000
HOUR = 60 * MINUTE
OK = Answer(Verdict.SENT, 250, None, 3)
FAILED = Answer(Verdict.TRANSIENT, 450, "450 later", 3)


def ms(text: str) -> int:
    """Milliseconds of an instant with its offset."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@dataclass(frozen=True)
class Told:
    """What a reader got: one sending of a delivery."""

    to: str
    delivery: str
    run: str | None
    hits: frozenset[str]
    at: int


class Desk(House):
    """A House that makes digests and sends mails. ``restart`` makes it a process that knows nothing yet."""

    def __init__(self, store: Store, now: int = AT) -> None:
        super().__init__(store)
        self.now = now
        self.told: list[Told] = []
        self.mail: Answer | Callable[[Subscription, Notice], Awaitable[Answer]] = OK
        self.restart()

    def restart(self) -> None:
        """What a new process begins with."""
        self.view, metrics = ConfigView(self.store.config), Metrics()
        self.digester = Digester(self.store.digests, self.view, metrics, lambda: self.now)
        self.deliverer = self.another()

    def another(self) -> Deliverer:
        """A deliverer of a process beside this one."""
        return Deliverer(
            self.store.deliveries, self.store.hits, self.store.config, ConfigView(self.store.config), self.send,
            Metrics(), lambda: self.now, lambda: 0.0, 4,
        )  # fmt: skip

    async def send(self, subscription: Subscription, notice: Notice | Ping, _now: int) -> Answer:
        """The mail server: takes everything, or does as ``mail`` says."""
        assert isinstance(notice, Notice)
        assert notice.total == len(notice.hits)
        answer = self.mail if isinstance(self.mail, Answer) else await self.mail(subscription, notice)
        self.tell(subscription, notice)
        return answer

    def tell(self, subscription: Subscription, notice: Notice) -> None:
        """Note that the reader has got it."""
        hits = frozenset(hit.id for hit in notice.hits)
        self.told.append(Told(subscription.id, notice.delivery, notice.run, hits, self.now))

    async def subscribe(self, id_: str, cron: str | None = "0 7 * * *", timezone: str = "UTC", **changes: Any) -> None:
        """A mail subscription; ``since`` and ``all_quiet`` are the schedule's."""
        since, all_quiet = changes.pop("since", self.now), changes.pop("all_quiet", False)
        plan = None if cron is None else DigestSchedule(cron, timezone, since, all_quiet)
        made = make_subscription(id_, channel=MailChannel("desk@example.org"), digest=plan, **changes)
        await self.store.config.add_subscription(made)

    async def change(self, id_: str, **changes: Any) -> None:
        """Change a subscription."""
        await self.store.config.change_subscription(id_, lambda s: replace(s, **changes))

    async def rule(self) -> None:
        """The rule that everything here matches."""
        await self.store.config.put_rule(make_spec("ferries", "ferry"), None, self.now)

    async def news(self, *titles: str) -> set[str]:
        """Stories that match, carried as far as their subscriptions; their hits' ids."""
        found = [await self.push(f"The ferry {title} left") for title in titles]
        hits = [f"ferries.{story}" for story in found]
        await self.matcher.handle([Message(b"0-1", story) for story in found])
        await self.hand_over(hits)
        return set(hits)

    async def hand_over(self, hits: Sequence[str]) -> None:
        """Fan out hits, for the first time or again."""
        await self.fan_out.handle([Message(b"0-1", hit) for hit in hits])

    async def step(self) -> None:
        """What a process does every second."""
        await self.digester.turn()
        await self.deliver()

    def runs(self, to: str = "sa") -> list[str | None]:
        """The runs that were sent, in order."""
        return [t.run for t in self.told if t.to == to]


@pytest.fixture
async def desk(store: Store) -> Desk:
    """A process at 2026-02-02 02:40 UTC, with the rule."""
    made = Desk(store)
    await made.rule()
    return made


TOMORROW = ms("2026-02-03 07:00+00:00")


# ── the plain course ──


async def test_a_digest_comes_at_its_time(desk: Desk) -> None:
    """Not a second before; then once, with everything; then nothing until there is something new."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora", "Borealis")
    desk.now = ms("2026-02-02 06:59:59+00:00")
    await desk.step()
    assert desk.told == []
    desk.now += 1_000
    for _ in range(3):
        await desk.step()
        desk.now += 1_000
    (told,) = desk.told
    assert (told.run, told.hits, told.at) == ("2026-02-02 07:00", expected, ms("2026-02-02 07:00+00:00"))
    desk.now = TOMORROW
    await desk.step()
    assert len(desk.told) == 1  # nothing to tell
    more = await desk.news("Cassiopeia")
    desk.now += 24 * HOUR
    await desk.step()
    assert desk.told[1].hits == more
    assert desk.told[1].run == "2026-02-04 07:00"
    assert await desk.states() == {"sent": 2}


async def test_all_quiet_is_told_once_a_run(desk: Desk) -> None:
    """Who wants to hear that there is nothing hears it at each run, also after restarts."""
    await desk.subscribe("sa", all_quiet=True)
    for day in range(3):
        desk.now = ms("2026-02-02 07:00+00:00") + day * 24 * HOUR
        for _ in range(2):
            await desk.step()
            desk.restart()
    assert desk.runs() == [f"2026-02-0{day} 07:00" for day in (2, 3, 4)]
    assert {t.hits for t in desk.told} == {frozenset()}


async def test_no_run_is_made_up_for_from_before_the_schedule(desk: Desk) -> None:
    """A subscription made at 02:40 for 02:00 daily gets its first digest the next day."""
    await desk.subscribe("sa", "0 2 * * *", all_quiet=True)
    await desk.step()
    assert desk.told == []
    desk.now += 24 * HOUR
    await desk.step()
    assert desk.runs() == ["2026-02-03 02:00"]


async def test_an_every_minute_digest(desk: Desk) -> None:
    """Turned every second for six minutes, with news all the time: six digests, every hit in one."""
    expected: set[str] = set()
    desk.now = ms("2026-02-02 08:00:30+00:00")
    await desk.subscribe("sa", "* * * * *")
    for second in range(330):
        if second % 20 == 0:
            expected |= await desk.news(f"number {second}")
        await desk.step()
        desk.now += 1_000
    await desk.step()
    assert desk.runs() == [f"2026-02-02 08:0{m}" for m in range(1, 7)]
    told = [hit for t in desk.told for hit in t.hits]
    assert sorted(told) == sorted(expected)


# ── downtime ──


async def test_missed_runs_become_one(desk: Desk) -> None:
    """After four days of downtime there is one digest, of the last run, with everything, in a new process too."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    desk.now += 4 * 24 * HOUR
    desk.restart()
    expected |= await desk.news("Borealis")
    await desk.step()
    await desk.step()
    (told,) = desk.told
    assert (told.run, told.hits) == ("2026-02-05 07:00", expected)


async def test_a_process_that_slept_makes_up_for_what_it_missed(desk: Desk) -> None:
    """The same without a restart: a laptop whose lid was closed."""
    await desk.subscribe("sa")
    await desk.step()
    expected = await desk.news("Aurora")
    desk.now += 4 * 24 * HOUR
    await desk.step()
    (told,) = desk.told
    assert (told.run, told.hits) == ("2026-02-05 07:00", expected)


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


# ── changes ──


async def test_a_switched_off_subscription_keeps_what_is_pending(desk: Desk) -> None:
    """While it is off no run is made; switched on again, what waited comes with the next run, and not at once."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    await desk.store.config.change_subscription("sa", switched(False))
    await desk.news("Borealis")  # is not for it: it was off
    for _ in range(3):
        desk.now += 24 * HOUR
        await desk.step()
    assert (desk.told, await desk.store.digests.pending("sa")) == ([], 1)
    await desk.store.config.change_subscription("sa", lambda s: s.switched_on(desk.now))
    await desk.step()
    assert desk.told == []
    desk.now += 24 * HOUR
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told] == [("2026-02-05 07:00", expected)]


async def test_a_change_to_instant_sends_what_waits(desk: Desk) -> None:
    """What was pending goes at once, as one digest; what comes then alerts by itself."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora", "Borealis")
    await desk.step()
    await desk.change("sa", digest=None)
    for _ in range(2):
        await desk.step()
    (told,) = desk.told
    assert told.hits == expected
    assert told.run is not None
    fresh = await desk.news("Cassiopeia")
    desk.now += 1_000
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told[1:]] == [(None, fresh)]
    assert await desk.store.digests.waiting() == []


async def test_a_change_to_instant_while_switched_off_waits(desk: Desk) -> None:
    """A subscription that is off gets nothing, however it is changed; switched on, it gets what waited."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    await desk.change("sa", digest=None, enabled=False)
    await desk.step()
    assert desk.told == []
    await desk.change("sa", enabled=True)
    await desk.step()
    assert [t.hits for t in desk.told] == [expected]


async def test_a_change_to_a_digest_holds_from_then_on(desk: Desk) -> None:
    """An alert under way goes out as it was; what comes then waits for the digest."""
    await desk.subscribe("sa", None)
    first = await desk.news("Aurora")
    await desk.change("sa", digest=DigestSchedule("0 7 * * *", "UTC", desk.now))
    second = await desk.news("Borealis")
    desk.now += 1_000
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told] == [(None, first)]
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told[1:]] == [("2026-02-02 07:00", second)]


async def test_a_move_to_another_zone(desk: Desk) -> None:
    """07:00 in Berlin was; after the move 07:00 in New York comes on the same day, with what came in between."""
    await desk.subscribe("sa", timezone="Europe/Berlin")
    first = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+01:00")
    await desk.step()
    second = await desk.news("Borealis")
    await desk.change("sa", digest=DigestSchedule("0 7 * * *", "America/New_York", desk.now))
    desk.now = ms("2026-02-02 07:00-05:00")
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told] == [("2026-02-02 07:00", first), ("2026-02-02 07:00", second)]
    assert len({t.delivery for t in desk.told}) == 2


async def test_a_deleted_subscription_gets_nothing(desk: Desk) -> None:
    """Neither what was pending nor what was made; and nothing of it stays."""
    await desk.subscribe("sa")
    await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.digester.turn()
    await desk.news("Borealis")
    await desk.store.config.remove_subscription("sa")
    await desk.store.deliveries.abandon("sa")
    for _ in range(2):
        await desk.step()
        desk.now += 24 * HOUR
    assert (desk.told, await desk.states()) == ([], {"cancelled": 1})
    assert (await desk.store.digests.waiting(), await desk.store.digests.pending("sa")) == ([], 0)


async def test_a_hit_that_comes_late_to_a_deleted_subscription_leaves_nothing(desk: Desk) -> None:
    """A process that did not know yet hands one over after everything of the subscription was dropped."""
    await desk.subscribe("sa")
    subscription = await desk.store.config.subscription("sa")
    (hit,) = await desk.store.hits.existing(list(await desk.news("Aurora")))
    await desk.store.config.remove_subscription("sa")
    await desk.store.deliveries.abandon("sa")
    await desk.step()
    late = replace(hit, id="ferries.push-late", story="push-late", link_key=None, text_key=None)
    await desk.store.deliveries.enqueue([(subscription, late)], desk.now, desk.now)
    assert await desk.store.digests.waiting() == ["sa"]
    await desk.step()
    assert (await desk.store.digests.waiting(), await desk.store.digests.pending("sa")) == ([], 0)


# ── failures ──


async def test_a_schedule_that_raises_stops_nobody_else(desk: Desk) -> None:
    """A stored schedule that cannot be read is passed over and looked at again; once mended, its digest comes."""
    await desk.subscribe("sa", "nonsense")
    await desk.subscribe("sb")
    expected = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    await desk.step()
    assert [(t.to, t.hits) for t in desk.told] == [("sb", expected)]
    await desk.change("sa", digest=DigestSchedule("0 7 * * *", "UTC", AT))
    await desk.step()
    assert [(t.to, t.hits) for t in desk.told[1:]] == [("sa", expected)]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), StoreUnavailable("away")])
async def test_a_run_that_failed_is_made_up_for(desk: Desk, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that could not be made, for whatever reason, is made within a minute and not at the next time."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    await desk.step()
    desk.now = ms("2026-02-02 07:00+00:00")

    async def fails(*_: Any, **__: Any) -> str:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(desk.store.digests, "make", fails)
        with pytest.raises(StoreUnavailable) if isinstance(error, StoreUnavailable) else nullcontext():
            await desk.digester.turn()
    desk.now += AGAIN
    await desk.step()
    assert [(t.run, t.hits) for t in desk.told] == [("2026-02-02 07:00", expected)]
    desk.now = TOMORROW
    await desk.step()
    assert len(desk.told) == 1


async def test_a_failed_mail_is_the_same_mail_again(desk: Desk) -> None:
    """A retry carries the digest's id and hits, whatever came in meanwhile; a disabled rule changes nothing."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    desk.mail = FAILED
    await desk.step()
    await desk.news("Borealis")
    desk.mail = OK
    desk.now += 6_000
    await desk.step()
    assert [t.hits for t in desk.told] == [expected] * 2
    assert len({t.delivery for t in desk.told}) == 1
    assert await desk.store.digests.pending("sa") == 1


async def test_a_dead_mailbox_keeps_what_came_later(desk: Desk) -> None:
    """5.1.1 ends the digest and switches the subscription off; its later hits are not collected for nobody."""
    await desk.subscribe("sa")
    await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    desk.mail = Answer(Verdict.GONE, 550, "550 5.1.1 no such user", 3)
    await desk.step()
    found = await desk.store.config.subscription("sa")
    assert (found.enabled, "5.1.1" in str(found.disabled_reason)) == (False, True)
    assert await desk.states() == {"dead": 1}
    desk.now = TOMORROW
    await desk.news("Borealis")
    await desk.step()
    assert await desk.store.digests.pending("sa") == 0


@pytest.mark.parametrize("resend", [True, False], ids=["at least once", "at most once"])
async def test_an_unknown_outcome(desk: Desk, resend: bool) -> None:
    """What the server may have is a state of its own: sent again after five minutes, or left to its owner."""
    await desk.subscribe("sa")
    await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    desk.mail = Answer(Verdict.UNKNOWN, None, "it may have the mail", 3)
    desk.deliverer._resend_unknown = resend
    await desk.step()
    assert await desk.states() == {"unknown": 1}
    page = await desk.store.deliveries.page("sa", DeliveryState.UNKNOWN, None, 9)
    (delivery,) = await desk.store.deliveries.existing(page.ids)
    assert [a.outcome for a in delivery.attempts] == ["unknown"]
    assert delivery.reason == "it may have the mail"
    assert delivery.next_attempt_at == (desk.now + 5 * MINUTE if resend else None)
    desk.mail = OK
    desk.now += 5 * MINUTE - 1
    await desk.step()
    assert len(desk.told) == 1
    desk.now += 24 * HOUR
    await desk.deliver()
    assert len(desk.told) == 1 + resend
    assert await desk.states() == ({"sent": 1} if resend else {"unknown": 1})
    if not resend:  # its owner may send it again
        await desk.store.deliveries.replay(delivery.id, desk.now)
        await desk.deliver()
        assert (len(desk.told), await desk.states()) == (2, {"sent": 1})


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


async def test_no_way_out_is_nobodys_fault(desk: Desk) -> None:
    """While our own server is away for a week the mail waits, tried each minute; no subscription is switched off."""
    await desk.subscribe("sa")
    expected = await desk.news("Aurora")
    desk.now = ms("2026-02-02 07:00+00:00")
    desk.mail = Answer(Verdict.OURS, None, "connection refused", 3)
    for _ in range(40):
        await desk.step()
        desk.now += 4 * HOUR
    found = await desk.store.config.subscription("sa")
    health = await desk.store.deliveries.health("sa")
    assert (found.enabled, health.failures, health.failing_since) == (True, 0, None)
    assert await desk.states() == {"scheduled": 1}
    desk.mail = OK
    await desk.step()
    assert await desk.states() == {"sent": 1}
    assert desk.told[-1].hits == expected


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
