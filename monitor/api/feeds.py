"""/v1/feeds"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from monitor.api.auth import KEYED
from monitor.api.context import Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import Listing, PageQuery
from monitor.api.schemas.feeds import FeedIn, FeedOut, FeedPatch, ImportOut
from monitor.feeds.address import new_feed, parse_address
from monitor.feeds.opml import Outline, new_feeds, read_opml, write_opml

router = APIRouter(prefix="/v1/feeds", tags=["feeds"], dependencies=KEYED, responses=documented(401, 422, 503))
_OPML = {"text/x-opml": {"schema": {"type": "string"}}}


@router.post("", status_code=201, responses=documented(409))
async def add_feed(body: FeedIn, context: Ctx) -> FeedOut:
    """Add a feed. It is polled at once; the stories of its first poll do not alert unless asked."""
    address, credentials = parse_address(body.url)
    config = new_feed(
        address,
        credentials,
        now=context.clock(),
        floor=context.settings.min_poll_interval,
        interval=body.interval,
        tags=body.tags,
        enabled=body.enabled,
        backfill_alerts=body.backfill_alerts,
    )
    await context.store.feeds.add(config, context.clock())
    return FeedOut.of(await context.store.feeds.get(config.id))


@router.get("")
async def list_feeds(query: Annotated[PageQuery, Query()], context: Ctx) -> Listing[FeedOut]:
    """Feeds in order of their ids, each with its health."""
    records, following = await context.store.feeds.page(query.cursor, query.limit)
    return Listing(items=[FeedOut.of(r) for r in records], next=following)


@router.get("/{feed:id}", responses=documented(404))
async def get_feed(feed: str, context: Ctx) -> FeedOut:
    """A feed and its health."""
    return FeedOut.of(await context.store.feeds.get(feed))


@router.patch("/{feed:id}", responses=documented(404))
async def change_feed(feed: str, body: FeedPatch, context: Ctx) -> FeedOut:
    """Change a feed. An interval of null gives the choice back to the service."""
    record = await context.store.feeds.get(feed)
    config = record.config
    if "interval" in body.model_fields_set:
        floor = context.settings.min_poll_interval
        config = replace(config, interval=None if body.interval is None else max(body.interval, floor))
    if body.tags is not None:
        config = replace(config, tags=tuple(dict.fromkeys(body.tags)))
    if body.enabled is not None:
        config = replace(config, enabled=body.enabled)
        await context.store.feeds.reschedule(config, context.clock() if body.enabled else None)
    elif config.interval != record.config.interval and record.due is not None:
        await context.store.feeds.reschedule(config, context.clock())
    else:
        await context.store.feeds.change(config)
    return FeedOut.of(await context.store.feeds.get(feed))


@router.delete("/{feed:id}", status_code=204, response_class=Response, responses=documented(404))
async def remove_feed(feed: str, context: Ctx) -> None:
    """Stop polling and forget what the feed has shown; its stories and hits stay."""
    await context.store.feeds.remove(feed)


@router.post("/{feed:id}:poll", status_code=202, responses=documented(404))
async def poll_feed(feed: str, context: Ctx) -> FeedOut:
    """Poll the feed as soon as a poller is free, whatever its schedule says; also one that was gone."""
    await context.store.feeds.poll_now(feed, context.clock())
    return FeedOut.of(await context.store.feeds.get(feed))


@router.post(
    ":import",
    responses={201: {"model": ImportOut, "description": "Feeds were added"}},
    openapi_extra={"requestBody": {"required": True, "content": _OPML}},
)
async def import_feeds(request: Request, response: Response, context: Ctx) -> ImportOut:
    """Add the feeds of an OPML file, however broken; 201 where at least one was new."""
    found = read_opml(await request.body())
    configs = new_feeds(found, context.clock(), context.settings.min_poll_interval)
    added, known = await context.store.feeds.add_all(configs, context.clock())
    response.status_code = 201 if added else 200
    return ImportOut(added=added, known=known, problems=list(found.problems))


@router.get(":export", response_class=Response, responses={200: {"content": _OPML, "description": "OPML 2.0"}})
async def export_feeds(context: Ctx) -> Response:
    """All feeds as OPML, without passwords."""
    records = await context.store.feeds.all()
    text = write_opml([Outline(r.config.url, None, r.config.title or r.state.title, r.config.tags) for r in records])
    return Response(text, media_type="text/x-opml; charset=utf-8")
