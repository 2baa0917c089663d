"""``monitor hits``, ``monitor deliveries`` and ``monitor keys``"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, Limit, now, on_store

hits = typer.Typer(no_args_is_help=True, help="What matched.")


deliveries = typer.Typer(no_args_is_help=True, help="Alerts and their attempts.")


keys = typer.Typer(no_args_is_help=True, help="Keys for the API.")


@hits.command("list")
def list_hits(
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Hits, newest first."""
    from monitor.api.schemas.stories import HitOut

    async def load(store: Any) -> list[HitOut]:
        page = await store.hits.page([rule] if rule else None, None, None, limit)
        return [HitOut.of(h) for h in await store.hits.existing(page.ids)]

    rows = [h.model_dump(mode="json") for h in on_store(data_dir, load)]
    shown = ("matched_at", "rule", "story", "title", "source", "url", "decision")
    table(rows if as_json else [{k: r[k] for k in shown} for r in rows], as_json=as_json)


@deliveries.command("list")
def list_deliveries(
    subscription: Annotated[str | None, typer.Option(help="Only of this subscription.")] = None,
    state: Annotated[str | None, typer.Option(help="scheduled, sent, unknown, dead or cancelled.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Deliveries, newest first."""
    from monitor.api.schemas.deliveries import DeliveryOut
    from monitor.errors import InvalidInput
    from monitor.model.delivery import DeliveryState

    try:
        wanted = DeliveryState(state) if state else None
    except ValueError:
        raise InvalidInput("state", f"{state!r} is none", "scheduled, sent, unknown, dead or cancelled") from None

    async def load(store: Any) -> list[DeliveryOut]:
        page = await store.deliveries.page(subscription, wanted, None, limit)
        return [DeliveryOut.of(d) for d in await store.deliveries.existing(page.ids)]

    rows = [d.model_dump(mode="json") for d in on_store(data_dir, load)]
    shown = ("id", "state", "created_at", "next_attempt_at", "reason")
    table(
        rows if as_json else [{k: r[k] for k in shown} | {"attempts": len(r["attempts"])} for r in rows],
        as_json=as_json,
    )


@deliveries.command("replay")
def replay(delivery: str, data_dir: DataDir = None) -> None:
    """Send a delivery again, under the same id."""

    async def again(store: Any) -> str | None:
        await store.deliveries.replay(delivery, now())
        found = await store.deliveries.get(delivery)
        held: str | None = await store.config.held_back(found.subscription)
        return held

    typer.echo(on_store(data_dir, again) or "it is due now; a running service sends it")


@keys.command("add")
def add_key(name: str, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Make a key for the API and print it, once."""
    key = f"mon_{secrets.token_urlsafe(32)}"
    made = on_store(data_dir, lambda store: store.config.add_key(key, name, now()))
    if as_json:
        record({"key": key, "digest": made.digest[:12], "name": name}, as_json=True)
    else:
        typer.echo(key)


@keys.command("list")
def list_keys(as_json: Json = False, data_dir: DataDir = None) -> None:
    """The keys' names and the first letters of their digests."""
    from monitor.render.text import iso

    found = on_store(data_dir, lambda store: store.config.keys())
    table(
        [{"digest": k.digest[:12], "name": k.name, "created_at": iso(k.created_at)} for k in found],
        as_json=as_json,
    )


@keys.command("remove")
def remove_key(digest: str, data_dir: DataDir = None) -> None:
    """Revoke a key, named by the first letters of its digest, at least 8."""
    on_store(data_dir, lambda store: store.config.remove_key(digest))
