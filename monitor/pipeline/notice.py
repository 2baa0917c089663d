"""What a delivery tells, gathered from the hits that it names: to be sent, and to be read on its page."""

from __future__ import annotations

from monitor.model.delivery import ClaimedDelivery, Delivery
from monitor.ports import HitPort, Notice

MOST_SHOWN = 1_000
"""Hits of a digest that are loaded; a mail has room for fewer."""


async def gather(hits: HitPort, delivery: ClaimedDelivery | Delivery, most: int = MOST_SHOWN) -> Notice | None:
    """The notice of ``delivery``, with its newest ``most`` hits; None where none of them is kept any more.

    Raises StoreUnavailable.
    """
    found = await hits.existing(delivery.hits[:most])
    all_quiet = delivery.run is not None and not delivery.hits
    if not found and not all_quiet:
        return None
    wanted = [copy for hit in found for copy in delivery.also.get(hit.id, ())][:most]
    known = {hit.id: hit for hit in await hits.existing(wanted)}
    copies = {hit: [known[c] for c in others if c in known] for hit, others in delivery.also.items()}
    return Notice(delivery.id, delivery.created_at, found, len(delivery.hits), delivery.run, copies)
