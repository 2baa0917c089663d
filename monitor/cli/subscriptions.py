"""``monitor subscriptions``"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, checked, now, on_store

subscriptions = typer.Typer(no_args_is_help=True, help="Who gets which hits.")


@subscriptions.command("add")
def add_subscription(
    name: str,
    webhook: Annotated[str, typer.Option(help="The receiver's URL.")],
    rule: Annotated[list[str] | None, typer.Option(help="Only hits of this rule. Can be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only hits of rules with this tag. Can be repeated.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Subscribe a webhook receiver to hits; prints its secret, once."""
    from monitor.api.schemas.subscriptions import SubscriptionIn
    from monitor.api.subscriptions import new_subscription

    channel = {"type": "webhook", "url": webhook}
    body = checked(SubscriptionIn, name=name, channel=channel, rules=rule or [], tags=tag or [])
    made = new_subscription(body, secrets.token_bytes, now())
    on_store(data_dir, lambda store: store.config.add_subscription(made))
    record({"id": made.id, "secret": made.channel.secret}, as_json=as_json)


@subscriptions.command("list")
def list_subscriptions(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All subscriptions."""
    from monitor.api.schemas.subscriptions import SubscriptionOut

    async def load(store: Any) -> list[SubscriptionOut]:
        found = await store.config.subscriptions()
        return [SubscriptionOut.of(s, await store.deliveries.health(s.id)) for s in found]

    rows = [s.model_dump(mode="json") for s in on_store(data_dir, load)]
    if as_json:
        table(rows, as_json=True)
        return
    shown = ("id", "name", "enabled", "rules", "tags")
    table(
        [
            {k: r[k] for k in shown}
            | {"to": r["channel"]["url"], "why": r["disabled_reason"] or r["receiver"]["last_error"]}
            for r in rows
        ],
        as_json=False,
    )


@subscriptions.command("remove")
def remove_subscription(subscription: str, data_dir: DataDir = None) -> None:
    """Remove a subscription; what waits for it is cancelled."""

    async def remove(store: Any) -> None:
        await store.config.remove_subscription(subscription)
        await store.deliveries.abandon(subscription)

    on_store(data_dir, remove)


@subscriptions.command("send-now")
def send_now(subscription: str, data_dir: DataDir = None) -> None:
    """Make everything that waits for the subscription due now."""

    async def hurry(store: Any) -> int:
        await store.config.subscription(subscription)
        return int(await store.deliveries.hurry(subscription, now()))

    typer.echo(f"{on_store(data_dir, hurry)} deliveries are due now; a running service sends them")


@subscriptions.command("enable")
def enable(subscription: str, data_dir: DataDir = None) -> None:
    """Switch a subscription on again; what waits for it is sent."""

    async def switch_on(store: Any) -> None:
        def change(found: Subscription) -> Subscription:
            return replace(found, enabled=True, disabled_reason=None)

        await store.config.change_subscription(subscription, change)
        await store.deliveries.forgive(subscription)

    from dataclasses import replace

    from monitor.model.subscription import Subscription

    on_store(data_dir, switch_on)


@subscriptions.command("test")
def send_test(subscription: str, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Send a signed test.ping now and show what the receiver really answers. Exits 1 where it is no success."""
    from monitor.delivery.webhook import WebhookSender
    from monitor.net.client import Client
    from monitor.policy.retry import Answer
    from monitor.render.webhook import ping_body
    from monitor.settings import load

    async def ping(store: Any) -> Answer:
        found = await store.config.subscription(subscription)
        async with Client(load().allowed_private_networks, load().public_url) as client:
            message = f"test-{secrets.token_hex(8)}"
            return await WebhookSender(client)(found.channel, message, ping_body(found.id, now()), now())

    answer = on_store(data_dir, ping)
    shown = {"ok": answer.accepted, "status": answer.status, "latency_ms": answer.latency_ms}
    record(shown | {"response": answer.response, "error": answer.error}, as_json=as_json)
    if not answer.accepted:
        raise typer.Exit(1)
