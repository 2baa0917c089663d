"""/v1/deliveries"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from monitor.api.auth import KEYED
from monitor.api.context import Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import CountOut, Listing, PageQuery
from monitor.api.schemas.deliveries import DeliveryOut
from monitor.model.delivery import DeliveryState
from monitor.rulebook.schema import Strict

router = APIRouter(
    prefix="/v1/deliveries", tags=["deliveries"], dependencies=KEYED, responses=documented(401, 422, 503)
)


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    subscription: str | None = Field(None, max_length=64)
    state: DeliveryState | None = None


class ReplayIn(Strict):
    """Which dead deliveries to send again."""

    subscription: str = Field(max_length=64)


@router.get("")
async def list_deliveries(query: Annotated[DeliveryQuery, Query()], context: Ctx) -> Listing[DeliveryOut]:
    """Deliveries with their attempts, newest first."""
    page = await context.store.deliveries.page(query.subscription, query.state, query.cursor, query.limit)
    return Listing(items=[DeliveryOut.of(d) for d in await context.store.deliveries.existing(page.ids)], next=page.next)


@router.get("/{delivery:id}", responses=documented(404))
async def get_delivery(delivery: str, context: Ctx) -> DeliveryOut:
    """A delivery and every attempt."""
    return DeliveryOut.of(await context.store.deliveries.get(delivery))


@router.post("/{delivery:id}:replay", status_code=202, responses=documented(404))
async def replay_delivery(delivery: str, context: Ctx) -> DeliveryOut:
    """Send a delivery again, under the same id and from the first attempt of the schedule on.

    While its subscription is switched off it waits, and ``reason`` says so.
    """
    await context.store.deliveries.replay(delivery, context.clock())
    context.wake()
    found = DeliveryOut.of(await context.store.deliveries.get(delivery))
    return found.model_copy(update={"reason": await context.store.config.held_back(found.subscription)})


@router.post(":replay", status_code=202)
async def replay_dead(body: ReplayIn, context: Ctx) -> CountOut:
    """Send every dead delivery of a subscription again; how many there are."""
    count = 0
    while True:
        page = await context.store.deliveries.page(body.subscription, DeliveryState.DEAD, None, 500)
        for id_ in page.ids:
            await context.store.deliveries.replay(id_, context.clock())
        count += len(page.ids)
        if page.next is None:
            break
    context.wake()
    return CountOut(count=count)
