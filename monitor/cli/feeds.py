"""``monitor feeds``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, checked, floor, now, on_store

feeds = typer.Typer(no_args_is_help=True, help="The feeds that are polled.")


@feeds.command("add")
def add_feed(
    url: str,
    interval: Annotated[int | None, typer.Option(help="Seconds between polls; left out, it adapts.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    backfill_alerts: Annotated[bool, typer.Option(help="Let the first poll's stories alert.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add a feed and print its id; a running service polls it at once."""
    from monitor.api.schemas.feeds import FeedIn, FeedOut
    from monitor.feeds.address import new_feed, parse_address

    body = checked(FeedIn, url=url, interval=interval, tags=tag or [], backfill_alerts=backfill_alerts)
    address, credentials = parse_address(body.url)
    config = new_feed(
        address,
        credentials,
        now=now(),
        floor=floor(),
        interval=body.interval,
        tags=body.tags,
        backfill_alerts=body.backfill_alerts,
    )

    async def add(store: Any) -> FeedOut:
        await store.feeds.add(config, config.created_at)
        return FeedOut.of(await store.feeds.get(config.id))

    added = on_store(data_dir, add)
    if as_json:
        record(added.model_dump(mode="json"), as_json=True)
    else:
        typer.echo(added.id)


@feeds.command("list")
def list_feeds(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All feeds, each with its health and why."""
    from monitor.api.schemas.feeds import FeedOut

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
    on_store(data_dir, lambda store: store.feeds.poll_now(feed, now()))


@feeds.command("import")
def import_feeds(
    file: Annotated[Path | None, typer.Argument(help="An OPML file.", show_default=False)] = None,
    starter: Annotated[bool, typer.Option("--starter", help="The list that comes along: public news feeds.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Add the feeds of an OPML file, however broken, or of the list that comes along. Exits 1 where some of it could
    not be used.
    """
    from monitor.feeds.opml import new_feeds, read_opml

    found = read_opml(_list_to_import(file, starter=starter))
    configs = new_feeds(found, now(), floor())

    async def add(store: Any) -> tuple[set[str], tuple[int, int]]:
        before = {r.config.id for r in await store.feeds.all()} if starter else set()
        return before, await store.feeds.add_all(configs, now())

    before, (added, known) = on_store(data_dir, add)
    if starter and added:  # the user has not seen this list yet
        new = [c for c in configs if c.id not in before]
        table([{"title": c.title, "tags": c.tags, "url": c.url} for c in new], as_json=False)
    typer.echo(f"{added} feeds added, {known} were there already, {len(found.problems)} could not be used")
    for problem in found.problems:
        typer.secho(problem, fg="red", err=True)
    if found.problems:
        raise typer.Exit(1)


def _list_to_import(file: Path | None, *, starter: bool) -> bytes:
    from monitor.errors import ConfigurationError
    from monitor.feeds.opml import starter_list

    if (file is None) is not starter:
        raise ConfigurationError("give either an OPML file or --starter: the list that comes along")
    if file is None:
        return starter_list()
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error


@feeds.command("export")
def export_feeds(data_dir: DataDir = None) -> None:
    """Print all feeds as OPML, without passwords."""
    from monitor.feeds.opml import Outline, write_opml

    records = on_store(data_dir, lambda store: store.feeds.all())
    text = write_opml([Outline(r.config.url, None, r.config.title or r.state.title, r.config.tags) for r in records])
    typer.echo(text.encode(), nl=False)  # bytes: it says itself that it is UTF-8, whatever the terminal is
