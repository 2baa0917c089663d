"""Digests on a real store under a clock that a test turns: each at its time, after downtime, and after changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from monitor.metrics import Metrics
from monitor.model.subscription import DigestSchedule, MailChannel, Subscription
from monitor.pipeline.deliver import Deliverer
from monitor.pipeline.digest import Digester
from monitor.pipeline.view import ConfigView
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
