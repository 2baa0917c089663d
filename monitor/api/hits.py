"""/v1/hits"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from monitor.api.auth import KEYED
from monitor.api.context import Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import Listing, PageQuery
from monitor.api.schemas.stories import HitOut
from monitor.api.stories import milliseconds
from monitor.rulebook.schema import Moment

router = APIRouter(prefix="/v1/hits", tags=["hits"], dependencies=KEYED, responses=documented(401, 422, 503))


class HitQuery(PageQuery):
    """Which hits."""

    rule: str | None = Field(None, max_length=64)
    tag: str | None = Field(None, max_length=64, description="of rules that have this tag now")
    since: Moment | None = Field(None, description="matched at or after this time")


@router.get("")
async def list_hits(query: Annotated[HitQuery, Query()], context: Ctx) -> Listing[HitOut]:
    """Hits, newest first."""
    rules = [query.rule] if query.rule else None
    if query.tag is not None:
        tagged = [r.id for r in await context.store.config.rules() if query.tag in r.spec.tags]
        rules = tagged if rules is None else [r for r in rules if r in tagged]
    page = await context.store.hits.page(rules, milliseconds(query.since), query.cursor, query.limit)
    return Listing(items=[HitOut.of(h) for h in await context.store.hits.existing(page.ids)], next=page.next)


@router.get("/{hit:id}", responses=documented(404))
async def get_hit(hit: str, context: Ctx) -> HitOut:
    """A hit."""
    return HitOut.of(await context.store.hits.get(hit))
