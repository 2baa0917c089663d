"""``monitor subscriptions``"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, checked, now, on_store

subscriptions = typer.Typer(no_args_is_help=True, help="Who gets which hits.")


@subscriptions.command("add")
def add_subscription(
    name: str,
    webhook: Annotated[str | None, typer.Option(help="The URL of a receiver of webhooks.")] = None,
    mail: Annotated[str | None, typer.Option(help="A mail address.")] = None,
    digest: Annotated[
        str | None, typer.Option(metavar="CRON", help='Send digests at these times, for example "0 7 * * 1-5".')
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of the digest's times, for example Europe/Berlin.")] = "UTC",
    all_quiet: Annotated[bool, typer.Option(help="Send a digest also where there is nothing to tell.")] = False,
    rule: Annotated[list[str] | None, typer.Option(help="Only hits of this rule. Can be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only hits of rules with this tag. Can be repeated.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Subscribe a webhook receiver or a mail address to hits. Prints the id, and a webhook's secret, once."""
    from monitor.api.schemas.subscriptions import SubscriptionIn
    from monitor.api.subscriptions import new_subscription
    from monitor.errors import InvalidInput

    if (webhook is None) == (mail is None):
        raise InvalidInput("channel", "give either --webhook URL or --mail ADDRESS")
    channel = {"type": "mail", "to": mail} if webhook is None else {"type": "webhook", "url": webhook}
    mode: Any = "instant"
    if digest is not None:
        mode = {"digest": {"cron": digest, "timezone": timezone, "all_quiet": all_quiet}}
    elif all_quiet or timezone != "UTC":
        raise InvalidInput("mode", "--timezone and --all-quiet are about digests", 'give --digest "0 7 * * *" too')
    body = checked(SubscriptionIn, name=name, channel=channel, rules=rule or [], tags=tag or [], mode=mode)
    made = new_subscription(body, secrets.token_bytes, now())

    async def add(store: Any) -> Any:
        await store.config.add_subscription(made)
        return made.unmet(rule.spec for rule in await store.config.rules())

    _say_unmet(on_store(data_dir, add))
    secret = getattr(made.channel, "secret", None)
    record({"id": made.id} | ({"secret": secret} if secret else {}), as_json=as_json)
    if mail is not None:
        _say_where_mails_go(data_dir)


def _say_unmet(names: Sequence[str]) -> None:
    if names:
        note = f"no rule is called or tagged {', '.join(names)} at present; `monitor rules list` shows what there is"
        typer.secho(note, fg="yellow", err=True)


def _say_where_mails_go(data_dir: Path | None) -> None:
    from monitor.settings import load

    settings = load(data_dir=data_dir)
    if settings.smtp_url is None:
        note = f"no MONITOR_SMTP_URL is set here: without one, mails are written into {settings.data_dir / 'outbox'}"
        typer.secho(note, fg="yellow", err=True)


@subscriptions.command("list")
def list_subscriptions(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All subscriptions."""
    from monitor.api.schemas.subscriptions import SubscriptionOut

    async def load(store: Any) -> list[SubscriptionOut]:
        return [
            SubscriptionOut.of(s, await store.deliveries.health(s.id), await store.digests.pending(s.id), now())
            for s in await store.config.subscriptions()
        ]

    found = on_store(data_dir, load)
    if as_json:
        table([s.model_dump(mode="json") for s in found], as_json=True)
        return
    rows = [
        {
            "id": s.id,
            "name": s.name,
            "enabled": s.enabled,
            "to": s.channel.to if s.channel.type == "mail" else s.channel.url,
            "mode": s.mode if s.mode == "instant" else f"digest {s.mode.digest.cron} {s.mode.digest.timezone}",
            "pending": s.pending,
            "next digest": s.next_digest,
            "rules": s.rules,
            "tags": s.tags,
            "why": s.disabled_reason or s.receiver.last_error,
        }
        for s in found
    ]
    table(rows, as_json=False)


@subscriptions.command("remove")
def remove_subscription(subscription: str, data_dir: DataDir = None) -> None:
    """Remove a subscription; what waits for it is cancelled."""

    async def remove(store: Any) -> None:
        await store.config.remove_subscription(subscription)
        await store.deliveries.abandon(subscription)

    on_store(data_dir, remove)


@subscriptions.command("send-now")
def send_now(subscription: str, data_dir: DataDir = None) -> None:
    """Make what is pending a digest, and everything that waits for the subscription due now."""
    from monitor.pipeline.digest import send_now as digest_now

    async def hurry(store: Any) -> tuple[int, str | None]:
        await digest_now(store.digests, await store.config.subscription(subscription), now())
        count = int(await store.deliveries.hurry(subscription, now()))
        return count, await store.config.held_back(subscription)

    count, held = on_store(data_dir, hurry)
    typer.echo(f"{count} deliveries are due now; {held or 'a running service sends them'}")


@subscriptions.command("change")
def change_subscription(
    subscription: str,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    webhook: Annotated[str | None, typer.Option(help="Another URL; the secret stays.")] = None,
    mail: Annotated[str | None, typer.Option(help="Another mail address.")] = None,
    digest: Annotated[str | None, typer.Option(metavar="CRON", help="Send digests at these times.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of the digest's times.")] = None,
    instant: Annotated[bool, typer.Option("--instant", help="Send each story at once.")] = False,
    all_quiet: Annotated[bool, typer.Option(help="Send a digest also where there is nothing to tell.")] = False,
    rule: Annotated[list[str] | None, typer.Option(help="Only hits of these rules.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only hits of rules with these tags.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Change a subscription; what is not named stays as it is."""
    from monitor.api.schemas.subscriptions import SubscriptionPatch
    from monitor.api.subscriptions import changed
    from monitor.errors import InvalidInput

    fields: dict[str, Any] = {"name": name, "rules": rule or None, "tags": tag or None}
    if webhook or mail:
        fields["channel"] = {"type": "webhook", "url": webhook} if webhook else {"type": "mail", "to": mail}
    if instant:
        fields["mode"] = "instant"
    elif digest is not None:
        given = {"timezone": timezone, "all_quiet": all_quiet or None}
        fields["mode"] = {"digest": {"cron": digest} | {name: v for name, v in given.items() if v is not None}}
    elif timezone or all_quiet:
        raise InvalidInput("mode", "--timezone and --all-quiet are about digests", 'give --digest "0 7 * * *" too')
    body = checked(SubscriptionPatch, **{field: value for field, value in fields.items() if value is not None})

    async def change(store: Any) -> Any:
        found = await store.config.change_subscription(subscription, changed(body, now()))
        return found.unmet(rule.spec for rule in await store.config.rules())

    _say_unmet(on_store(data_dir, change))


@subscriptions.command("disable")
def disable(subscription: str, data_dir: DataDir = None) -> None:
    """Switch a subscription off; what waits is kept, and sent when it is on again."""
    from dataclasses import replace

    on_store(
        data_dir, lambda store: store.config.change_subscription(subscription, lambda s: replace(s, enabled=False))
    )


@subscriptions.command("enable")
def enable(subscription: str, data_dir: DataDir = None) -> None:
    """Switch a subscription on again; what waits for it is sent."""

    async def switch_on(store: Any) -> None:
        await store.config.change_subscription(subscription, lambda found: found.switched_on(now()))
        await store.deliveries.forgive(subscription)

    on_store(data_dir, switch_on)


@subscriptions.command("test")
def send_test(subscription: str, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Send a test message now and show what the receiver really answers. Exits 1 where it is no success."""
    from monitor.net.client import Client
    from monitor.policy.retry import Answer
    from monitor.ports import Ping
    from monitor.settings import load
    from monitor.wiring.channels import make_channels, make_links

    settings = load(data_dir=data_dir)

    async def ping(store: Any) -> Answer:
        found = await store.config.subscription(subscription)
        async with Client(settings.allowed_private_networks, settings.public_url) as client:
            channels = make_channels(settings, client, await make_links(settings, store))
            try:
                return await channels(found, Ping(f"test-{secrets.token_hex(8)}", now()), now())
            finally:
                await channels.close()

    answer = on_store(data_dir, ping)
    shown = {"ok": answer.accepted, "status": answer.status, "latency_ms": answer.latency_ms}
    record(shown | {"response": answer.response, "error": answer.error}, as_json=as_json)
    if not answer.accepted:
        raise typer.Exit(1)
