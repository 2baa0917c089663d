"""Hits from the outbox are handed to the subscriptions that want them; each takes an item once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.metrics import Metrics
from monitor.pipeline.view import ConfigView
from monitor.policy.alerting import JOIN_WINDOW
from monitor.ports import Clock, DeliveryPort, HitPort, Message

AT_ONCE = 1_000
"""Pairs of hit and subscription in one pipeline."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """Hands out batches of hits."""

    hits: HitPort
    deliveries: DeliveryPort
    view: ConfigView
    metrics: Metrics
    clock: Clock

    async def handle(self, messages: Sequence[Message]) -> None:
        """Enqueue the hits that the messages name. Raises StoreUnavailable."""
        hits = await self.hits.existing([m.id for m in messages])
        await self.view.refresh()
        subscriptions = list(self.view.subscriptions.values())
        pairs = [(s, hit) for hit in hits for s in subscriptions if s.wants(hit)]
        now = self.clock()
        for start in range(0, len(pairs), AT_ONCE):
            for enqueued in await self.deliveries.enqueue(pairs[start : start + AT_ONCE], now, now + JOIN_WINDOW):
                self.metrics.enqueued.labels(enqueued.result).inc()
