"""Digests on a real store when something fails: a schedule, the making of a run, the mail, or our own way out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from monitor.errors import StoreUnavailable
from monitor.model.delivery import DeliveryState
from monitor.model.subscription import DigestSchedule
from monitor.pipeline.digest import AGAIN
from monitor.policy.retry import Answer, Verdict
from monitor.store.store import Store
from tests.contract.test_digests import FAILED, HOUR, MINUTE, OK, TOMORROW, Desk, ms
from tests.contract.test_pipeline import AT


@pytest.fixture
async def desk(store: Store) -> Desk:
    """A process at 2026-02-02 02:40 UTC, with the rule."""
    made = Desk(store)
    await made.rule()
    return made


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
