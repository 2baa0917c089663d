"""Hits from the outbox are handed to the subscriptions that want them; each takes an item once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.metrics import Metrics
from monitor.pipeline.view import ConfigView
from monitor.policy.alerting import JOIN_WINDOW
from monitor.ports import Clock, DeliveryPort, HitPort, Message


@dataclass(frozen=True, slots=True)
class FanOut:
    """Hands out batches of hits; ``wake`` tells the sender that there is something to do."""

    hits: HitPort
    deliveries: DeliveryPort
    view: ConfigView
    metrics: Metrics
    clock: Clock
    wake: Callable[[], None]

    async def handle(self, messages: Sequence[Message]) -> None:
        """Enqueue the hits that the messages name. Raises StoreUnavailable."""
        hits = await self.hits.existing([m.id for m in messages])
        await self.view.refresh()
        subscriptions = list(self.view.subscriptions.values())
        pairs = [(s.id, hit) for hit in hits for s in subscriptions if s.wants(hit)]
        now = self.clock()
        for enqueued in await self.deliveries.enqueue(pairs, now, now + JOIN_WINDOW):
            self.metrics.enqueued.labels(enqueued.result).inc()
        if pairs:
            self.wake()
