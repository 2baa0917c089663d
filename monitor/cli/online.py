"""Commands on the store: feeds, rules, subscriptions, hits, deliveries, keys; and explain.

They work beside a running service as well as without one: both share the data dir's server.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from monitor.cli.output import record, table

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[Path | None, typer.Option(help="The service's data dir.", envvar="MONITOR_DATA_DIR")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]

feeds = typer.Typer(no_args_is_help=True, help="The feeds that are polled.")
rules = typer.Typer(no_args_is_help=True, help="The watch rules in the store.")
subscriptions = typer.Typer(no_args_is_help=True, help="Who gets which hits.")
hits = typer.Typer(no_args_is_help=True, help="What matched.")
deliveries = typer.Typer(no_args_is_help=True, help="Alerts and their attempts.")
keys = typer.Typer(no_args_is_help=True, help="Keys for the API.")
GROUPS = {
    "feeds": feeds,
    "rules": rules,
    "subscriptions": subscriptions,
    "hits": hits,
    "deliveries": deliveries,
    "keys": keys,
}


def on_store(data_dir: Path | None, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run ``work`` on the configured store."""
    from monitor.settings import load
    from monitor.wiring import open_store

    async def run() -> T:
        async with open_store(load(data_dir=data_dir), patience=3) as opened:
            return await work(opened.store)

    return asyncio.run(run())


def _now() -> int:
    from monitor.wiring import clock

    return clock()


def _floor() -> int:
    from monitor.settings import load

    return load().min_poll_interval


# ── feeds ──


@feeds.command("add")
def add_feed(
    url: str,
    interval: Annotated[int | None, typer.Option(min=1, help="Seconds between polls; left out, it adapts.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    backfill_alerts: Annotated[bool, typer.Option(help="Let the first poll's stories alert.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Add a feed; a running service polls it at once."""
    from monitor.feeds.address import new_feed, parse_address

    address, credentials = parse_address(url)
    config = new_feed(
        address,
        credentials,
        now=_now(),
        floor=_floor(),
        interval=interval,
        tags=tag or (),
        backfill_alerts=backfill_alerts,
    )
    on_store(data_dir, lambda store: store.feeds.add(config, config.created_at))
    typer.echo(config.id)


@feeds.command("list")
def list_feeds(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All feeds, each with its health and why."""
    from monitor.api.schemas import FeedOut

    found = [FeedOut.of(r) for r in on_store(data_dir, lambda store: store.feeds.all())]
    if as_json:
        table([f.model_dump(mode="json") for f in found], as_json=True)
        return
    rows = [
        {"id": f.id, "health": f.health.status.value, "stories": f.stories, "last ok": f.health.last_ok,
         "title": f.title, "url": f.url, "why": f.health.detail} for f in found
    ]  # fmt: skip
    table(rows, as_json=False)


@feeds.command("remove")
def remove_feed(feed: str, data_dir: DataDir = None) -> None:
    """Stop polling a feed; its stories and hits stay."""
    on_store(data_dir, lambda store: store.feeds.remove(feed))


@feeds.command("poll")
def poll_feed(feed: str, data_dir: DataDir = None) -> None:
    """Let a running service poll the feed now."""
    on_store(data_dir, lambda store: store.feeds.poll_now(feed, _now()))


@feeds.command("import")
def import_feeds(file: Annotated[Path, typer.Argument(help="An OPML file.")], data_dir: DataDir = None) -> None:
    """Add the feeds of an OPML file, however broken. Exits 1 where some of it could not be used."""
    from monitor.errors import ConfigurationError
    from monitor.feeds.opml import new_feeds, read_opml

    try:
        found = read_opml(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    configs = new_feeds(found, _now(), _floor())
    added, known = on_store(data_dir, lambda store: store.feeds.add_all(configs, _now()))
    typer.echo(f"{added} feeds added, {known} were there already, {len(found.problems)} could not be used")
    for problem in found.problems:
        typer.secho(problem, fg="red", err=True)
    if found.problems:
        raise typer.Exit(1)


@feeds.command("export")
def export_feeds(data_dir: DataDir = None) -> None:
    """Print all feeds as OPML, without passwords."""
    from monitor.feeds.opml import Outline, write_opml

    records = on_store(data_dir, lambda store: store.feeds.all())
    typer.echo(
        write_opml([Outline(r.config.url, None, r.config.title or r.state.title, r.config.tags) for r in records])
    )


# ── rules ──


@rules.command("list")
def list_rules(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All rules in the store."""
    from monitor.api.schemas import RuleOut

    found = [RuleOut.of(r).model_dump(mode="json") for r in on_store(data_dir, lambda store: store.config.rules())]
    shown = ("id", "version", "enabled", "file", "name", "query")
    table(found if as_json else [{k: r[k] for k in shown} for r in found], as_json=as_json)


@rules.command("show")
def show_rule(rule: str, as_json: Json = False, data_dir: DataDir = None) -> None:
    """A rule."""
    from monitor.api.schemas import RuleOut

    record(
        RuleOut.of(on_store(data_dir, lambda store: store.config.rule(rule))).model_dump(mode="json"),
        as_json=as_json,
    )


@rules.command("add")
def add_rule(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    query: str,
    name: Annotated[str | None, typer.Option(help="For people; the id where it is left out.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Store a rule, as the API would. Rules in files need no command: save the file."""
    from pydantic import ValidationError

    from monitor.errors import InvalidInput
    from monitor.query import parse
    from monitor.rulebook.schema import FileRule

    try:
        spec = FileRule(id=id_, name=name, query=query, tags=tag or []).file_spec()
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidInput(".".join(map(str, fault["loc"])), fault["msg"]) from error
    parse(query)
    on_store(data_dir, lambda store: store.config.put_rule(spec, None, _now(), create=True))


@rules.command("remove")
def remove_rule(rule: str, data_dir: DataDir = None) -> None:
    """Remove a rule; its hits stay."""
    on_store(data_dir, lambda store: store.config.remove_rule(rule))


# ── subscriptions ──


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
    from monitor.api.schemas import checked_receiver
    from monitor.api.subscriptions import new_id
    from monitor.delivery.signature import SECRET_BYTES, make_secret
    from monitor.model.subscription import Subscription, WebhookChannel

    made = Subscription(
        id=new_id("s", secrets.token_bytes(10)),
        name=name,
        channel=WebhookChannel(checked_receiver(webhook), make_secret(secrets.token_bytes(SECRET_BYTES))),
        rules=tuple(rule or ()),
        tags=tuple(tag or ()),
        enabled=True,
        created_at=_now(),
    )
    on_store(data_dir, lambda store: store.config.add_subscription(made))
    record({"id": made.id, "secret": made.channel.secret}, as_json=as_json)


@subscriptions.command("list")
def list_subscriptions(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All subscriptions."""
    from monitor.api.schemas import SubscriptionOut

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
    on_store(data_dir, lambda store: store.config.remove_subscription(subscription))


@subscriptions.command("send-now")
def send_now(subscription: str, data_dir: DataDir = None) -> None:
    """Make everything that waits for the subscription due now."""

    async def hurry(store: Any) -> int:
        await store.config.subscription(subscription)
        return int(await store.deliveries.hurry(subscription, _now()))

    typer.echo(f"{on_store(data_dir, hurry)} deliveries are due now; a running service sends them")


# ── hits, deliveries, keys ──


@hits.command("list")
def list_hits(
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Hits, newest first."""
    from monitor.api.schemas import HitOut

    async def load(store: Any) -> list[HitOut]:
        page = await store.hits.page([rule] if rule else None, None, None, limit)
        return [HitOut.of(h) for h in await store.hits.existing(page.ids)]

    rows = [h.model_dump(mode="json") for h in on_store(data_dir, load)]
    shown = ("matched_at", "rule", "title", "source", "url", "decision")
    table(rows if as_json else [{k: r[k] for k in shown} for r in rows], as_json=as_json)


@deliveries.command("list")
def list_deliveries(
    subscription: Annotated[str | None, typer.Option(help="Only of this subscription.")] = None,
    state: Annotated[str | None, typer.Option(help="scheduled, sent, dead or cancelled.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Deliveries, newest first."""
    from monitor.api.schemas import DeliveryOut
    from monitor.errors import InvalidInput
    from monitor.model.delivery import DeliveryState

    try:
        wanted = DeliveryState(state) if state else None
    except ValueError:
        raise InvalidInput("state", f"{state!r} is none", "scheduled, sent, dead or cancelled") from None

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
    on_store(data_dir, lambda store: store.deliveries.replay(delivery, _now()))


@keys.command("add")
def add_key(name: str, data_dir: DataDir = None) -> None:
    """Make a key for the API and print it, once."""
    key = f"mon_{secrets.token_urlsafe(32)}"
    on_store(data_dir, lambda store: store.config.add_key(key, name, _now()))
    typer.echo(key)


@keys.command("list")
def list_keys(as_json: Json = False, data_dir: DataDir = None) -> None:
    """The keys' names and the first letters of their digests."""
    from monitor.render import iso

    found = on_store(data_dir, lambda store: store.config.keys())
    table(
        [{"digest": k.digest[:12], "name": k.name, "created_at": iso(k.created_at)} for k in found],
        as_json=as_json,
    )


@keys.command("remove")
def remove_key(digest: str, data_dir: DataDir = None) -> None:
    """Revoke a key, named by the first letters of its digest."""
    on_store(data_dir, lambda store: store.config.remove_key(digest))


# ── explain ──


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, or a rule file.")],
    story: Annotated[str, typer.Argument(help="A stored story's id, or a story file (.json, .yaml or text).")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show why a rule matches a story or not, part by part. Exits 1 where it does not."""
    from monitor.api.schemas import ExplanationOut
    from monitor.errors import ConfigurationError
    from monitor.match.percolate import explain_rule
    from monitor.rulebook.check import read_story
    from monitor.rulebook.load import load_path

    rule_file, story_file = Path(rule), Path(story)

    async def from_store(store: Any) -> tuple[Any, Any]:
        spec = None if rule_file.exists() else (await store.config.rule(rule)).spec
        found = None if story_file.exists() else await store.stories.get(story)
        return spec, found

    spec, found = (None, None) if rule_file.exists() and story_file.exists() else on_store(data_dir, from_store)
    if spec is None:
        loaded = load_path(rule_file)
        if not loaded.rules:
            raise ConfigurationError("\n".join(str(p) for p in loaded.problems) or f"no rule in {rule}")
        spec = loaded.rules[0].spec
    found = found or read_story(story_file)
    explanation = explain_rule(spec, found.title, found.body, found.language)
    if as_json:
        record(ExplanationOut.of(explanation).model_dump(mode="json"), as_json=True)
    else:
        _show(explanation, found, 0)
    if not explanation.matched:
        raise typer.Exit(1)


def _show(part: Any, story: Any, depth: int) -> None:
    words = sorted({getattr(story, s.field)[s.start : s.end] for s in part.spans}) if not part.parts else []
    found = f": {', '.join(words)}" if words else ""
    query = part.query if len(part.query) <= 100 else part.query[:99] + "…"
    typer.secho(
        f"{'  ' * depth}{'yes' if part.matched else 'no '}  {query}  ({part.detail[:200]}{found})",
        fg="green" if part.matched else "red",
    )
    for inner in part.parts:
        _show(inner, story, depth + 1)
