"""What the outcome of an attempt means for the delivery and for its receiver.

The schedule is that of the Standard Webhooks services: quick at first, then patient for three days,
then a dead letter that can be replayed. Jitter in [0, 1) is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
FEWEST_FAILURES = 5
"""Failures before this one without which it is not, however long they took."""
OURS_AGAIN = MINUTE
"""Seconds until our own way out is tried again; that counts against nobody."""
PROBE_AFTER = 5
"""Failures in a row after which a receiver gets one request at a time until one succeeds."""
HEALTHY = ReceiverHealth()


class Verdict(StrEnum):
    """What an attempt came to. The channel that made it knows; the policy acts on it."""

    SENT = "sent"
    TRANSIENT = "transient"  # worth another try
    PERMANENT = "permanent"  # this message will never be taken
    GONE = "gone"  # there is no such receiver (any more): nothing will
    UNKNOWN = "unknown"  # the connection was lost when the receiver had all of it: taken, or not
    OURS = "ours"  # it never came to the receiver: our own way out is closed, for the operator to mend


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver did. ``status`` is None where no answer came; then ``error`` says why."""

    verdict: Verdict
    status: int | None
    error: str | None
    latency_ms: int
    response: str = ""
    retry_after: int | None = None  # seconds

    @property
    def accepted(self) -> bool:
        """Whether the receiver has it for sure."""
        return self.verdict is Verdict.SENT


def of_http(
    status: int | None, error: str | None, latency_ms: int, response: str = "", retry_after: int | None = None
) -> Answer:
    """The answer of an HTTP receiver: only 2xx is success (a redirect is not), and 410 says that it is gone."""
    verdict = Verdict.GONE if status == 410 else Verdict.TRANSIENT
    if status is not None and 200 <= status < 300:
        verdict = Verdict.SENT
    return Answer(verdict, status, error, latency_ms, response, retry_after)


def decide(
    answer: Answer, tries: int, receiver: ReceiverHealth, jitter: float, now: int, *, resend_unknown: bool = True
) -> Outcome:
    """The outcome of attempt number ``tries`` (counted from 1).

    ``resend_unknown``: what the receiver may have is sent again (at least once); else that is left to the
    subscription's owner (at most once).
    """
    verdict = answer.verdict
    reason = answer.error or f"the receiver answered {answer.status}"
    if verdict is Verdict.SENT:
        return Outcome(DeliveryState.SENT, None, None)
    if verdict is Verdict.GONE:
        return Outcome(DeliveryState.DEAD, None, reason, disable=reason)
    if verdict is Verdict.OURS:
        return Outcome(DeliveryState.SCHEDULED, now + int(OURS_AGAIN * (1 + JITTER * jitter) * 1000), reason, ours=True)
    disable = _given_up(receiver, reason, now)
    if verdict is Verdict.PERMANENT:
        return Outcome(DeliveryState.DEAD, None, reason, disable)
    unknown = verdict is Verdict.UNKNOWN
    if unknown and not resend_unknown:
        return Outcome(DeliveryState.UNKNOWN, None, reason)
    if tries > len(DELAYS):
        return Outcome(DeliveryState.UNKNOWN if unknown else DeliveryState.DEAD, None, reason, disable)
    # A receiver that hangs up each time would get one copy after the other: never quickly.
    delay = DELAYS[max(tries - 1, 1) if unknown else tries - 1]
    seconds = delay * (1 + JITTER * jitter)
    if answer.retry_after is not None:
        seconds = max(seconds, min(answer.retry_after, LONGEST_RETRY_AFTER))
    state = DeliveryState.UNKNOWN if unknown else DeliveryState.SCHEDULED
    return Outcome(state, now + int(seconds * 1000), reason, disable)


def _given_up(receiver: ReceiverHealth, reason: str, now: int) -> str | None:
    """Why the subscription is switched off: nothing but failures for days, and not just two that are days apart."""
    since = receiver.failing_since
    if since is None or now - since < DISABLE_AFTER or receiver.failures < FEWEST_FAILURES:
        return None
    return f"every attempt has failed for {(now - since) // 86_400_000} days; the last one: {reason}"


def concurrency(receiver: ReceiverHealth, most: int) -> int:
    """How many requests the receiver may have in flight: one at a time while it keeps failing."""
    return 1 if receiver.failures >= PROBE_AFTER else most
