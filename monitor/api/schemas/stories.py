"""Stories and hits."""

from __future__ import annotations

from pydantic import BaseModel, Field

from monitor.api.schemas.common import Name, SpanOut
from monitor.model.hit import Hit
from monitor.model.rule import Severity
from monitor.model.story import Story
from monitor.render.text import iso
from monitor.rulebook.schema import Language, Moment, Strict, Tag


class StoryIn(Strict):
    """A story to match. The same ``id`` or ``url`` again is the same story."""

    title: str = Field("", max_length=1000)
    body: str = Field("", max_length=100_000, description="plain text or HTML")
    id: str | None = Field(None, min_length=1, max_length=500, description="the pusher's own id")
    url: str | None = Field(None, max_length=2000)
    source: Name | None = None
    author: str | None = Field(None, max_length=200)
    language: Language | None = None
    published: Moment | None = None
    tags: list[Tag] = Field(default=[], max_length=50)


class StoryOut(BaseModel):
    """A stored story; spans of hits point into ``title`` and ``body``."""

    id: str
    feed: str
    title: str
    body: str
    url: str | None
    source: str | None
    author: str | None
    language: str | None
    tags: list[str]
    published: str | None
    first_seen: str
    revision: int

    @classmethod
    def of(cls, story: Story) -> StoryOut:
        """The answer for a stored story."""
        return cls(
            id=story.id,
            feed=story.feed,
            title=story.title,
            body=story.body,
            url=story.url,
            source=story.source,
            author=story.author,
            language=story.language,
            tags=list(story.tags),
            published=iso(story.published),
            first_seen=str(iso(story.first_seen)),
            revision=story.revision,
        )


class HitOut(BaseModel):
    """A hit; ``rule`` and ``story`` are ids, ``decision`` says whether it alerts and why (not)."""

    id: str
    rule: str
    rule_name: str
    rule_version: int
    severity: Severity
    story: str
    title: str
    url: str | None
    source: str | None
    language: str | None
    score: float
    spans: list[SpanOut]
    snippet: str
    published: str | None
    first_seen: str
    matched_at: str
    alert: bool
    decision: str

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """The answer for a stored hit."""
        return cls(
            id=hit.id,
            rule=hit.rule,
            rule_name=hit.rule_name,
            rule_version=hit.rule_version,
            severity=hit.severity,
            story=hit.story,
            title=hit.title,
            url=hit.url,
            source=hit.source,
            language=hit.language,
            score=hit.score,
            spans=[SpanOut.of(s) for s in hit.spans],
            snippet=hit.snippet.text,
            published=iso(hit.published),
            first_seen=str(iso(hit.first_seen)),
            matched_at=str(iso(hit.matched_at)),
            alert=hit.decision.alert,
            decision=hit.decision.reason,
        )
