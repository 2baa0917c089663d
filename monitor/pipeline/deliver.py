"""Due deliveries are claimed, sent and recorded; a slow receiver delays nobody else.

Each subscription has its own due times and its own few slots, so a receiver that hangs holds only
those. What the receiver's answer means is decided by policy.retry.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import structlog

from monitor.errors import NotFound, StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.delivery import Attempt, ClaimedDelivery, DeliveryState, Outcome
from monitor.model.subscription import MailChannel, Subscription
from monitor.pipeline.notice import gather
from monitor.pipeline.view import ConfigView
from monitor.policy import retry
from monitor.ports import Clock, ConfigPort, DeliveryPort, HitPort, Jitter, Send

LEASE_MS = 20_000
"""Longer than most attempts take; those in flight are renewed well before."""
CANCELLED_AT_ONCE = 100
MAILS = 32
"""Mails under way in one process: they all go through one server, and each takes a while to render."""
MAIL_SLOTS = 2
"""Mails under way to one subscription, so that a slow mailbox leaves room for the others."""
CALLS = 2_000
"""Webhook calls under way in one process."""
RESULTS = {retry.Verdict.SENT: "sent", retry.Verdict.UNKNOWN: "unknown"}
"""How attempts are called where they are shown and counted; all others have failed."""
EVER = 1 << 52
"""Later than any due time."""
log = structlog.get_logger(__name__)


class Deliverer:
    """Sends what is due; at most ``most`` requests at a time to one subscription."""

    def __init__(
        self,
        deliveries: DeliveryPort,
        hits: HitPort,
        config: ConfigPort,
        view: ConfigView,
        send: Send,
        metrics: Metrics,
        clock: Clock,
        jitter: Jitter,
        most: int,
        *,
        resend_unknown: bool = True,
    ) -> None:
        self._deliveries = deliveries
        self._hits = hits
        self._config = config
        self._view = view
        self._send = send
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter
        self._most = most
        self._resend_unknown = resend_unknown
        self._flying: Counter[str] = Counter()
        self._under_way = {True: 0, False: 0}  # mails, and calls
        self._tasks: dict[asyncio.Task[None], ClaimedDelivery] = {}
        self.freed: Callable[[], None] = lambda: None
        """Called whenever an attempt has ended, so that there is room for the next."""

    async def sweep(self) -> int:
        """Claim what is due and start sending it; how many were claimed. Raises StoreUnavailable."""
        ready = await self._deliveries.ready(self._clock())
        if not ready:
            return 0
        await self._view.refresh()
        now = self._clock()  # only now: compiling new rules takes time, and the leases count from here
        claimed = await asyncio.gather(*(self._claim(id_, now) for id_ in ready))
        return sum(claimed)

    async def renew(self) -> None:
        """Keep the leases of what is in flight: a mail server may take ten minutes over the last dot."""
        await self._deliveries.renew(list(self._tasks.values()), self._clock() + LEASE_MS)

    async def _claim(self, id_: str, now: int) -> int:
        subscription = self._view.subscriptions.get(id_)
        if id_ in self._view.broken:
            return 0  # kept, for a version that can read it
        if subscription is None:
            return await self._cancel(id_, now)
        if not subscription.enabled:
            return 0  # kept, and sent when it is switched on again
        mail = isinstance(subscription.channel, MailChannel)
        most = retry.concurrency(await self._deliveries.health(id_), MAIL_SLOTS if mail else self._most)
        free = min(most - self._flying[id_], (MAILS if mail else CALLS) - self._under_way[mail])
        if free <= 0:
            return 0
        self._under_way[mail] += free  # before the wait, in which others ask as well
        try:
            once = mail and not self._resend_unknown
            claimed = await self._deliveries.claim(id_, now, now + LEASE_MS, free, once=once)
        finally:
            self._under_way[mail] -= free
        # One that is still under way here has lost its lease, to this very process: let it end.
        under_way = {delivery.id for delivery in self._tasks.values()}
        claimed = [delivery for delivery in claimed if delivery.id not in under_way]
        for delivery in claimed:
            self._under_way[mail] += 1
            self._flying[id_] += 1
            task = asyncio.create_task(self._attempt(subscription, delivery))
            self._tasks[task] = delivery
            task.add_done_callback(self._tasks.pop)
        return len(claimed)

    async def _cancel(self, id_: str, now: int) -> int:
        """What still waits for a subscription that was deleted."""
        outcome = Outcome(DeliveryState.CANCELLED, None, "the subscription was deleted")
        claimed = await self._deliveries.claim(id_, EVER, now + LEASE_MS, CANCELLED_AT_ONCE)
        for delivery in claimed:
            await self._deliveries.record(delivery, outcome, None, now)
        if len(claimed) < CANCELLED_AT_ONCE:
            await self._deliveries.forget(id_)
        return len(claimed)

    async def _attempt(self, subscription: Subscription, delivery: ClaimedDelivery) -> None:
        try:
            await self._deliver(subscription, delivery)
        except StoreUnavailable as error:
            # Sent or not, nothing is recorded: the lease runs out and it is sent again under the same id.
            log.warning("a delivery could not be recorded", delivery=delivery.id, error=str(error))
        except Exception:
            log.exception("a delivery failed; it is tried again when its lease runs out", delivery=delivery.id)
        finally:
            self.freed()
            self._under_way[isinstance(subscription.channel, MailChannel)] -= 1
            self._flying[subscription.id] -= 1
            if not self._flying[subscription.id]:
                del self._flying[subscription.id]

    async def _deliver(self, subscription: Subscription, delivery: ClaimedDelivery) -> None:
        now = self._clock()
        with self._metrics.seconds.labels("send").time():
            answer = await self._answer(subscription, delivery, now)
        if answer is None:
            gone = Outcome(DeliveryState.CANCELLED, None, "its hits are not kept any more")
            await self._deliveries.record(delivery, gone, None, now)
            return
        health = await self._deliveries.health(subscription.id) if not answer.accepted else retry.HEALTHY
        outcome = retry.decide(
            answer, delivery.tries, health, self._jitter(), self._clock(), resend_unknown=self._resend_unknown
        )
        result = RESULTS.get(answer.verdict, "failed")
        attempt = Attempt(now, result, answer.status, answer.latency_ms, answer.response, answer.error)
        with self._metrics.seconds.labels("record").time():
            await self._deliveries.record(delivery, outcome, attempt, self._clock())
        self._metrics.deliveries.labels(result).inc()
        if not answer.accepted:
            log.warning("a delivery attempt failed", delivery=delivery.id, subscription=subscription.id,
                        tries=delivery.tries, state=outcome.state.value, reason=outcome.reason)  # fmt: skip
        if outcome.disable:
            await self._disable(subscription, outcome.disable)

    async def _answer(self, subscription: Subscription, delivery: ClaimedDelivery, now: int) -> retry.Answer | None:
        """The receiver's answer; None where there is nothing left to send.

        A mistake of ours is a failed attempt too, so that it has an end and is seen.
        """
        try:
            notice = await gather(self._hits, delivery)
            return None if notice is None else await self._send(subscription, notice, now)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("a delivery could not be sent", delivery=delivery.id)
            return retry.Answer(retry.Verdict.TRANSIENT, None, f"the service failed to send it: {error!r}", 0)

    async def _disable(self, subscription: Subscription, reason: str) -> None:
        """Switch it off, unless its owner gave it another address meanwhile, or it is off already."""

        def switch_off(found: Subscription) -> Subscription:
            if not found.enabled or found.channel != subscription.channel:
                return found
            return replace(found, enabled=False, disabled_reason=reason)

        try:
            changed = await self._config.change_subscription(subscription.id, switch_off)
        except NotFound:
            return  # deleted meanwhile
        if not changed.enabled:
            log.error("a subscription was switched off", subscription=subscription.id, reason=changed.disabled_reason)

    async def finish(self, seconds: float) -> None:
        """Wait for what is in flight, at most ``seconds``; the rest is sent again after the restart."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
