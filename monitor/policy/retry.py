"""What the outcome of a webhook attempt means for the delivery and for its receiver.

The schedule is that of the Standard Webhooks services: quick at first, then patient for three days,
then a dead letter that can be replayed. Jitter in [0, 1) is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.delivery import DeliveryState, Outcome
from monitor.model.subscription import ReceiverHealth

MINUTE = 60
HOUR = 3600
DELAYS = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds from one attempt to the next; the first attempt has none."""
JITTER = 0.2
LONGEST_RETRY_AFTER = 24 * HOUR
DISABLE_AFTER = 5 * 24 * HOUR * 1000
"""Milliseconds of nothing but failures after which a subscription is switched off."""
PROBE_AFTER = 5
"""Failures in a row after which a receiver gets one request at a time until one succeeds."""
HEALTHY = ReceiverHealth()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver did. ``status`` is None where no answer came; then ``error`` says why."""

    status: int | None
    error: str | None
    latency_ms: int
    response: str = ""
    retry_after: int | None = None  # seconds

    @property
    def accepted(self) -> bool:
        """Only 2xx is success; a redirect is not."""
        return self.status is not None and 200 <= self.status < 300


def decide(answer: Answer, tries: int, receiver: ReceiverHealth, jitter: float, now: int) -> Outcome:
    """The outcome of attempt number ``tries`` (counted from 1)."""
    if answer.accepted:
        return Outcome(DeliveryState.SENT, None, None)
    reason = answer.error or f"the receiver answered {answer.status}"
    if answer.status == 410:
        return Outcome(DeliveryState.DEAD, None, reason, disable="the receiver answered 410 Gone")
    since = receiver.failing_since
    disable = None
    if since is not None and now - since >= DISABLE_AFTER:
        disable = f"every attempt has failed for {(now - since) // 86_400_000} days; the last one: {reason}"
    if tries > len(DELAYS):
        return Outcome(DeliveryState.DEAD, None, reason, disable)
    seconds = DELAYS[tries - 1] * (1 + JITTER * jitter)
    if answer.retry_after is not None:
        seconds = max(seconds, min(answer.retry_after, LONGEST_RETRY_AFTER))
    return Outcome(DeliveryState.SCHEDULED, now + int(seconds * 1000), reason, disable)


def concurrency(receiver: ReceiverHealth, most: int) -> int:
    """How many requests the receiver may have in flight: one at a time while it keeps failing."""
    return 1 if receiver.failures >= PROBE_AFTER else most
