"""Stories from the stream become hits: the rulebook says which rules match, alerting.decide whether
that may alert, and the hit is committed together with its outbox entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from monitor.match.document import Content, in_language
from monitor.match.percolate import Match
from monitor.metrics import Metrics
from monitor.model.hit import Hit, hit_id
from monitor.model.rule import Backfill, Rule
from monitor.model.story import Story
from monitor.pipeline.view import ConfigView
from monitor.policy.alerting import decide
from monitor.ports import Clock, ConfigPort, HitPort, Message, StoryPort
from monitor.render.text import snippet
from monitor.text.languages import normal, primary
from monitor.text.tokens import tokenize

YIELD_EVERY = 10
"""Stories matched before other tasks get their turn."""
TELLING_WORDS = 5
"""A shorter text ("Morning briefing") is no sign that two stories are the same."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Matcher:
    """Matches batches of stories."""

    stories: StoryPort
    hits: HitPort
    config: ConfigPort
    view: ConfigView
    metrics: Metrics
    clock: Clock
    _known: set[str] = field(default_factory=set)

    async def handle(self, messages: Sequence[Message]) -> None:
        """Match the stories that the messages name and commit the hits. Raises StoreUnavailable."""
        stories = await self.stories.existing([m.id for m in messages])
        contents = await self._contents(stories)
        await self.view.refresh()  # after the read: see view.py
        pairs: list[tuple[Rule, Story, Match]] = []
        for count, (story, content) in enumerate(zip(stories, contents, strict=True), 1):
            with self.metrics.seconds.labels("match").time():
                pairs += self._matches(story, content)
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self.metrics.matched.inc(len(stories))
        for hit in await self.hits.commit(await self._hits(pairs)):
            self.metrics.hits.labels(hit.decision.reason).inc()

    async def _contents(self, stories: Sequence[Story]) -> list[Content]:
        """What is matched, in a known language. A language's first word loads its dictionary: seconds, in a thread."""
        contents = [Content.of(story) for story in stories]
        if any(content.language is None for content in contents):
            contents = await asyncio.to_thread(lambda: list(map(in_language, contents)))
        for code in {primary(content.language) for content in contents} - self._known:
            await asyncio.to_thread(normal(code), "word")
            self._known.add(code)
        return contents

    def _matches(self, story: Story, content: Content) -> list[tuple[Rule, Story, Match]]:
        result = self.view.rulebook.percolate(content)
        self.metrics.candidates.inc(result.candidates)
        for failure in result.failures:
            self.metrics.rule_failures.labels(failure.rule).inc()
            log.error("a rule failed on a story", rule=failure.rule, story=story.id, error=failure.error)
        rules = ((self.view.rules[match.rule], match) for match in result.matches)
        # As of the story's arrival: an outage must not cost the hits of a rule that expired meanwhile.
        return [(rule, story, match) for rule, match in rules if rule.active(story.first_seen)]

    async def _hits(self, pairs: Sequence[tuple[Rule, Story, Match]]) -> list[Hit]:
        """A story older than its rule is a back-fill's matter where one was asked for, whoever comes to it first."""
        older = any(story.first_seen < rule.created_at for rule, story, _ in pairs)
        asked = await self.config.backfills() if older else {}
        now = self.clock()
        hits = []
        for rule, story, match in pairs:
            backfill = asked.get(rule.id) if story.first_seen < rule.created_at else None
            if backfill is not None and not backfill.covers(story.first_seen):
                backfill = None
            hits.append(make_hit(rule, story, match, now, backfill))
        return hits


def make_hit(rule: Rule, story: Story, match: Match, now: int, backfill: Backfill | None = None) -> Hit:
    """The hit of ``rule`` on ``story``; it keeps what an alert shows, so it can outlive the story.

    ``backfill`` is the request that it answers to, where it is not a live one.
    """
    telling = (
        sum(1 for _ in zip(tokenize(f"{story.title} {story.body}"), range(TELLING_WORDS), strict=False))
        == TELLING_WORDS
    )
    return Hit(
        id=hit_id(rule.id, story.id),
        rule=rule.id,
        rule_name=rule.spec.name,
        rule_version=rule.version,
        rule_tags=rule.spec.tags,
        severity=rule.spec.severity,
        story=story.id,
        title=story.title,
        url=story.url,
        source=story.source,
        language=story.language,
        published=story.published,
        first_seen=story.first_seen,
        matched_at=now,
        score=match.score,
        spans=match.spans,
        snippet=snippet(story.body, match.spans),
        decision=decide(story, rule, backfill),
        link_key=story.link_key,
        text_key=story.text_key if telling else None,
    )
