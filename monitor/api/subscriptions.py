"""/v1/subscriptions"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from monitor.api.auth import KEYED
from monitor.api.context import Context, Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import CountOut, Listing, PageQuery
from monitor.api.schemas.subscriptions import (
    Digest,
    MailIn,
    SecretOut,
    SubscriptionCreated,
    SubscriptionIn,
    SubscriptionOut,
    SubscriptionPatch,
    TestOut,
    WebhookIn,
    checked_mailbox,
    checked_receiver,
)
from monitor.delivery.signature import SECRET_BYTES, make_secret
from monitor.errors import InvalidInput
from monitor.model.subscription import Channel, DigestSchedule, MailChannel, Subscription, WebhookChannel
from monitor.pipeline.digest import send_now as digest_now
from monitor.policy.digest import check_schedule
from monitor.ports import Ping
from monitor.render.text import iso

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


def _channel(asked: WebhookIn | MailIn, random: Random) -> Channel:
    if isinstance(asked, MailIn):
        return MailChannel(checked_mailbox(asked.to))
    return WebhookChannel(checked_receiver(asked.url), make_secret(random(SECRET_BYTES)))


def _moved(channel: Channel, asked: WebhookIn | MailIn) -> Channel:
    """The channel with another address. A webhook keeps its secret, and nothing else keeps anything."""
    if isinstance(asked, MailIn) and isinstance(channel, MailChannel):
        return replace(channel, to=checked_mailbox(asked.to))
    if isinstance(asked, WebhookIn) and isinstance(channel, WebhookChannel):
        return replace(channel, url=checked_receiver(asked.url))
    raise InvalidInput(
        "channel/type", f"this is a subscription by {channel.type}", "make a new one for the other channel"
    )


def schedule_of(mode: Literal["instant"] | Digest, before: DigestSchedule | None, now: int) -> DigestSchedule | None:
    """The schedule of ``mode``. Times that stay as they were keep their beginning: no run is skipped or repeated.

    Raises InvalidInput.
    """
    if mode == "instant":
        return None
    asked, given = mode.digest, mode.digest.model_fields_set
    zone = before.timezone if before and "timezone" not in given else asked.timezone
    all_quiet = before.all_quiet if before and "all_quiet" not in given else asked.all_quiet
    check_schedule(asked.cron, zone)
    same = before is not None and (before.cron, before.timezone) == (asked.cron, zone)
    return DigestSchedule(asked.cron, zone, before.since if before is not None and same else now, all_quiet)


def new_subscription(body: SubscriptionIn, random: Random, now: int) -> Subscription:
    """The record of a new subscription, with an id and, for a webhook, a secret of its own. Raises InvalidInput."""
    return Subscription(
        id=new_id("s", random(10)),
        name=body.name,
        channel=_channel(body.channel, random),
        rules=tuple(dict.fromkeys(body.rules)),
        tags=tuple(dict.fromkeys(body.tags)),
        enabled=body.enabled,
        created_at=now,
        digest=schedule_of(body.mode, None, now),
    )


def changed(body: SubscriptionPatch, now: int) -> Callable[[Subscription], Subscription]:
    """The change that ``body`` asks for. It raises InvalidInput where the subscription cannot be changed so."""

    def change(found: Subscription) -> Subscription:
        found = replace(
            found,
            name=found.name if body.name is None else body.name,
            rules=found.rules if body.rules is None else tuple(dict.fromkeys(body.rules)),
            tags=found.tags if body.tags is None else tuple(dict.fromkeys(body.tags)),
            channel=found.channel if body.channel is None else _moved(found.channel, body.channel),
            digest=found.digest if body.mode is None else schedule_of(body.mode, found.digest, now),
        )
        if body.enabled is None:
            return found
        return found.switched_on(now) if body.enabled else replace(found, enabled=False)

    return change


async def _shown(found: Subscription, context: Context) -> SubscriptionOut:
    health, pending = await asyncio.gather(
        context.store.deliveries.health(found.id), context.store.digests.pending(found.id)
    )
    return SubscriptionOut.of(found, health, pending, context.clock())


@router.post("", status_code=201)
async def add_subscription(body: SubscriptionIn, context: Ctx) -> SubscriptionCreated:
    """Subscribe a receiver to hits. A webhook's secret is in the answer, and never shown again."""
    made = new_subscription(body, context.random, context.clock())
    await context.store.config.add_subscription(made)
    return SubscriptionCreated.made(made, made.created_at)


@router.get("")
async def list_subscriptions(query: Annotated[PageQuery, Query()], context: Ctx) -> Listing[SubscriptionOut]:
    """Subscriptions in order of their ids, each with how its receiver fares."""
    found = [s for s in await context.store.config.subscriptions() if query.cursor is None or s.id > query.cursor]
    page = found[: query.limit]
    items = await asyncio.gather(*(_shown(s, context) for s in page))
    return Listing(items=list(items), next=page[-1].id if len(found) > len(page) else None)


@router.get("/{subscription:id}", responses=documented(404))
async def get_subscription(subscription: str, context: Ctx) -> SubscriptionOut:
    """A subscription."""
    return await _shown(await context.store.config.subscription(subscription), context)


@router.patch("/{subscription:id}", responses=documented(404))
async def change_subscription(subscription: str, body: SubscriptionPatch, context: Ctx) -> SubscriptionOut:
    """Change a subscription. Switched off, it takes no new hits; what waits already is sent when it is on again."""
    found = await context.store.config.change_subscription(subscription, changed(body, context.clock()))
    if body.enabled:
        await context.store.deliveries.forgive(subscription)
    context.wake()
    return await _shown(found, context)


@router.delete("/{subscription:id}", status_code=204, response_class=Response, responses=documented(404))
async def remove_subscription(subscription: str, context: Ctx) -> None:
    """Remove a subscription; what waits for it is cancelled."""
    await context.store.config.remove_subscription(subscription)
    await context.store.deliveries.abandon(subscription)
    context.wake()


@router.post("/{subscription:id}:test", responses=documented(404))
async def test_subscription(subscription: str, context: Ctx) -> TestOut:
    """Send a test message (``test.ping``, or a mail) now and show what the receiver really answers."""
    found = await context.store.config.subscription(subscription)
    now = context.clock()
    answer = await context.send(found, Ping(new_id("test-", context.random(10)), now), now)
    return TestOut(
        ok=answer.accepted,
        status=answer.status,
        latency_ms=answer.latency_ms,
        response=answer.response,
        error=answer.error,
    )


@router.post("/{subscription:id}:send-now", responses=documented(404))
async def send_now(subscription: str, context: Ctx) -> CountOut:
    """Make what is pending a digest, and everything that waits due now, retries included; how many deliveries."""
    found = await context.store.config.subscription(subscription)
    await digest_now(context.store.digests, found, context.clock())
    count = await context.store.deliveries.hurry(subscription, context.clock())
    context.wake()
    return CountOut(count=count)


@router.post("/{subscription:id}:rotate-secret", responses=documented(404))
async def rotate_secret(subscription: str, context: Ctx) -> SecretOut:
    """Make a new secret for a webhook. For a day all is signed with both, so that the receiver can change over."""
    secret, until = make_secret(context.random(SECRET_BYTES)), context.clock() + GRACE

    def change(found: Subscription) -> Subscription:
        if not isinstance(found.channel, WebhookChannel):
            raise InvalidInput("subscription", "only webhooks are signed", "mails need no secret")
        channel = replace(found.channel, secret=secret, old_secret=found.channel.secret, old_secret_until=until)
        return replace(found, channel=channel)

    await context.store.config.change_subscription(subscription, change)
    return SecretOut(secret=secret, old_until=str(iso(until)))
