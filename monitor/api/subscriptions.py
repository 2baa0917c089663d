"""/v1/subscriptions"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.api.auth import KEYED
from monitor.api.context import Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import CountOut, Listing, PageQuery
from monitor.api.schemas.subscriptions import (
    MailIn,
    SecretOut,
    SubscriptionCreated,
    SubscriptionIn,
    SubscriptionOut,
    SubscriptionPatch,
    TestOut,
    WebhookIn,
    checked_receiver,
)
from monitor.delivery.signature import SECRET_BYTES, make_secret
from monitor.errors import InvalidInput
from monitor.model.subscription import Subscription, WebhookChannel
from monitor.render.text import iso
from monitor.render.webhook import ping_body

router = APIRouter(
    prefix="/v1/subscriptions",
    tags=["subscriptions"],
    dependencies=KEYED,
    responses=documented(401, 422, 503),
)
GRACE = 24 * 3_600_000
"""Milliseconds for which the secret of before signs as well after a rotation."""
Random = Callable[[int], bytes]
"""So many unguessable bytes."""


def new_id(letter: str, random: bytes) -> str:
    """An id of lower-case letters and digits."""
    return letter + base64.b32encode(random).decode().lower().rstrip("=")


def _receiver(channel: WebhookIn | MailIn, mode: object) -> str:
    """The URL of a webhook; other channels and modes are not there yet."""
    if isinstance(channel, MailIn):
        raise InvalidInput("channel/type", "mail is not available yet", "use a webhook")
    _refuse_digest(mode)
    return checked_receiver(channel.url)


def _refuse_digest(mode: object) -> None:
    if mode is not None and mode != "instant":
        raise InvalidInput("mode", "digests are not available yet", 'use "instant"')


def new_subscription(body: SubscriptionIn, random: Random, now: int) -> Subscription:
    """The record of a new subscription, with an id and a secret of its own. Raises InvalidInput."""
    url = _receiver(body.channel, body.mode)
    return Subscription(
        id=new_id("s", random(10)),
        name=body.name,
        channel=WebhookChannel(url, make_secret(random(SECRET_BYTES))),
        rules=tuple(dict.fromkeys(body.rules)),
        tags=tuple(dict.fromkeys(body.tags)),
        enabled=body.enabled,
        created_at=now,
    )


@router.post("", status_code=201)
async def add_subscription(body: SubscriptionIn, context: Ctx) -> SubscriptionCreated:
    """Subscribe a receiver to hits. Its secret is in the answer, and never shown again."""
    made = new_subscription(body, context.random, context.clock())
    await context.store.config.add_subscription(made)
    return SubscriptionCreated.made(made)


@router.get("")
async def list_subscriptions(query: Annotated[PageQuery, Query()], context: Ctx) -> Listing[SubscriptionOut]:
    """Subscriptions in order of their ids, each with how its receiver fares."""
    found = [s for s in await context.store.config.subscriptions() if query.cursor is None or s.id > query.cursor]
    page = found[: query.limit]
    items = [SubscriptionOut.of(s, await context.store.deliveries.health(s.id)) for s in page]
    return Listing(items=items, next=page[-1].id if len(found) > len(page) else None)


@router.get("/{subscription:id}", responses=documented(404))
async def get_subscription(subscription: str, context: Ctx) -> SubscriptionOut:
    """A subscription."""
    found = await context.store.config.subscription(subscription)
    return SubscriptionOut.of(found, await context.store.deliveries.health(subscription))


@router.patch("/{subscription:id}", responses=documented(404))
async def change_subscription(subscription: str, body: SubscriptionPatch, context: Ctx) -> SubscriptionOut:
    """Change a subscription. Switched off, it takes no new hits; what waits already is sent when it is on again."""
    url = _receiver(body.channel, body.mode) if body.channel is not None else None
    _refuse_digest(body.mode)

    def change(found: Subscription) -> Subscription:
        found = replace(
            found,
            name=found.name if body.name is None else body.name,
            rules=found.rules if body.rules is None else tuple(dict.fromkeys(body.rules)),
            tags=found.tags if body.tags is None else tuple(dict.fromkeys(body.tags)),
            channel=found.channel if url is None else replace(found.channel, url=url),
        )
        if body.enabled is not None:
            found = replace(found, enabled=body.enabled, disabled_reason=None)
        return found

    changed = await context.store.config.change_subscription(subscription, change)
    if body.enabled:
        await context.store.deliveries.forgive(subscription)
    context.wake()
    return SubscriptionOut.of(changed, await context.store.deliveries.health(subscription))


@router.delete("/{subscription:id}", status_code=204, response_class=Response, responses=documented(404))
async def remove_subscription(subscription: str, context: Ctx) -> None:
    """Remove a subscription; what waits for it is cancelled."""
    await context.store.config.remove_subscription(subscription)
    await context.store.deliveries.abandon(subscription)
    context.wake()


@router.post("/{subscription:id}:test", responses=documented(404))
async def test_subscription(subscription: str, context: Ctx) -> TestOut:
    """Send a signed ``test.ping`` now and show what the receiver really answers."""
    found = await context.store.config.subscription(subscription)
    now = context.clock()
    answer = await context.send(found.channel, new_id("test-", context.random(10)), ping_body(found.id, now), now)
    return TestOut(
        ok=answer.accepted,
        status=answer.status,
        latency_ms=answer.latency_ms,
        response=answer.response,
        error=answer.error,
    )


@router.post("/{subscription:id}:send-now", responses=documented(404))
async def send_now(subscription: str, context: Ctx) -> CountOut:
    """Make everything that waits for this subscription due now, retries included; how many deliveries."""
    await context.store.config.subscription(subscription)
    count = await context.store.deliveries.hurry(subscription, context.clock())
    context.wake()
    return CountOut(count=count)


@router.post("/{subscription:id}:rotate-secret", responses=documented(404))
async def rotate_secret(subscription: str, context: Ctx) -> SecretOut:
    """Make a new secret. For a day every message is signed with both, so that the receiver can change over."""
    secret, until = make_secret(context.random(SECRET_BYTES)), context.clock() + GRACE

    def change(found: Subscription) -> Subscription:
        channel = replace(found.channel, secret=secret, old_secret=found.channel.secret, old_secret_until=until)
        return replace(found, channel=channel)

    await context.store.config.change_subscription(subscription, change)
    return SecretOut(secret=secret, old_until=str(iso(until)))
