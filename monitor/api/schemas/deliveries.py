"""Deliveries."""

from __future__ import annotations

from pydantic import BaseModel, Field

from monitor.model.delivery import Delivery
from monitor.render.text import iso


class AttemptOut(BaseModel):
    """One try."""

    at: str
    outcome: str
    status: int | None
    latency_ms: int
    response: str
    error: str | None


class DeliveryOut(BaseModel):
    """A delivery; its id is the webhook-id, or in the Message-ID, of every attempt."""

    id: str
    subscription: str
    state: str
    run: str | None = Field(description="the local time of a digest's run; null for an instant alert")
    hits: list[str]
    created_at: str
    next_attempt_at: str | None
    reason: str | None
    copies: list[str] = Field(description="stories that this alert stands for as well")
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, found: Delivery) -> DeliveryOut:
        """The answer for a stored delivery."""
        return cls(
            id=found.id,
            subscription=found.subscription,
            state=found.state.value,
            run=found.run,
            hits=list(found.hits),
            created_at=str(iso(found.created_at)),
            next_attempt_at=iso(found.next_attempt_at),
            reason=found.reason,
            copies=list(found.copies),
            attempts=[
                AttemptOut(
                    at=str(iso(a.at)),
                    outcome=a.outcome,
                    status=a.status,
                    latency_ms=a.latency_ms,
                    response=a.response,
                    error=a.error,
                )
                for a in found.attempts
            ],
        )
