"""/v1/stories"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from monitor.api.auth import KEYED
from monitor.api.context import Context, Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import Listing, PageQuery
from monitor.api.schemas.rules import ExplanationOut
from monitor.api.schemas.stories import StoryIn, StoryOut
from monitor.errors import InvalidInput
from monitor.feeds.address import parse_address
from monitor.match.document import Content
from monitor.match.percolate import Rulebook, explain_rule
from monitor.model.feed import PUSHED, ParsedItem
from monitor.model.rule import RuleSpec
from monitor.model.story import Story
from monitor.policy.freshness import pushed
from monitor.rulebook import schema
from monitor.rulebook.schema import Moment, Strict
from monitor.text.markup import to_line, to_text

router = APIRouter(prefix="/v1/stories", tags=["stories"], dependencies=KEYED, responses=documented(401, 422, 503))
MOST_SEARCHED = 2_000
"""Stories looked at in one search request; `next` goes on from there."""


class StoryQuery(PageQuery):
    """Which stories."""

    feed: str | None = Field(None, max_length=64)
    since: Moment | None = Field(None, description="first seen at or after this time")
    q: str | None = Field(None, max_length=10_000, description="a query in the rule language")


class ExplainQuery(Strict):
    """Which rule to explain."""

    rule: str = Field(min_length=1, max_length=64)


def milliseconds(moment: datetime | None) -> int | None:
    """A Moment in milliseconds since the epoch; what was before is taken for the epoch."""
    found = schema.milliseconds(moment)
    return None if found is None else max(0, found)


@router.get("")
async def list_stories(query: Annotated[StoryQuery, Query()], context: Ctx) -> Listing[StoryOut]:
    """Stories, newest first. With ``q``, a page may be short although there is a ``next``."""
    since = milliseconds(query.since)
    if query.q is not None:
        return await _search(query, since, context)
    page = await context.store.stories.page(query.feed, since, query.cursor, query.limit)
    return Listing(items=[StoryOut.of(s) for s in await context.store.stories.existing(page.ids)], next=page.next)


async def _search(query: StoryQuery, since: int | None, context: Context) -> Listing[StoryOut]:
    book = Rulebook()
    book.put(RuleSpec("search", "search", query.q or ""))
    found: list[Story] = []
    cursor, searched = query.cursor, 0
    while True:
        # As many as are still wanted at the most, so that the cursor never skips a match.
        page = await context.store.stories.page(query.feed, since, cursor, query.limit - len(found))
        stories = await context.store.stories.existing(page.ids)
        found += [s for s in stories if book.percolate(Content.of(s)).matches]
        cursor, searched = page.next, searched + len(page.ids)
        if cursor is None or len(found) >= query.limit or searched >= MOST_SEARCHED:
            return Listing(items=[StoryOut.of(s) for s in found], next=cursor)


@router.post("", status_code=201, responses={200: {"model": StoryOut, "description": "The story was known"}})
async def push_story(body: StoryIn, response: Response, context: Ctx) -> StoryOut:
    """Push a story in; it is matched as one from a feed is. A known ``id`` or ``url`` answers 200 with that story."""
    title, text = to_line(body.title), to_text(body.body)
    if not title and not text:
        raise InvalidInput("title", "a story needs a title or a body")
    url = parse_address(body.url)[0] if body.url else None
    item = ParsedItem(
        body.id,
        url,
        title,
        text,
        body.author,
        milliseconds(body.published),
        body.language,
        tuple(dict.fromkeys(body.tags)),
    )
    story, aliases = pushed(PUSHED, item, body.source, context.clock())
    id_, new = await context.store.stories.push(story, aliases)
    if not new:
        response.status_code = 200
        return StoryOut.of(await context.store.stories.get(id_))
    return StoryOut.of(story)


@router.get("/{story:id}", responses=documented(404))
async def get_story(story: str, context: Ctx) -> StoryOut:
    """A story as it was stored."""
    return StoryOut.of(await context.store.stories.get(story))


@router.get("/{story:id}/explain", responses=documented(404))
async def explain(story: str, query: Annotated[ExplainQuery, Query()], context: Ctx) -> ExplanationOut:
    """Why the rule matches the story or not, part by part, with the rule as it is now."""
    found = await context.store.stories.get(story)
    spec = (await context.store.config.rule(query.rule)).spec
    return ExplanationOut.of(explain_rule(spec, Content.of(found)))
