"""Back-fills: a rule over stored stories, on the real store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.match.document import Content
from monitor.match.percolate import Rulebook
from monitor.model.rule import Backfill
from monitor.pipeline.backfill import Backfiller
from monitor.pipeline.view import ConfigView
from monitor.ports import Page
from monitor.store.store import Store
from tests.contract.test_config_store import make_spec
from tests.contract.test_feeds_store import add_claimed, make_story, plan_of, state_after

AT = 1_770_000_000_000


async def always() -> bool:
    """Nobody else back-fills."""
    return True


async def make_backfiller(
    store: Store, stories: Any = None, keep: Callable[[], Awaitable[bool]] | None = None
) -> Backfiller:
    """Thirty stored stories about ferries, matched long ago, and a rule that came after them."""
    claimed = await add_claimed(store)
    old = [make_story(number=n, first_seen=AT - 1_000 + n) for n in range(30)]
    await store.feeds.ingest(claimed, plan_of(old), state_after(), None)
    streams = store.stories_in("one")
    for stream in streams:
        await stream.prepare()
        await stream.done(await stream.read(100, 1))
    await store.config.put_rule(make_spec("r", "ferry"), None, AT)
    view = ConfigView(store.config)
    return Backfiller(store.config, stories or store.stories, store.hits, streams, view, lambda: AT + 9, keep or always)


@pytest.mark.parametrize("alert", [False, True])
async def test_a_backfill_finds_what_is_stored(store: Store, alert: bool) -> None:
    """Stories since the time asked for become hits that alert if that was asked for; a second run does nothing."""
    backfiller = await make_backfiller(store)
    asked = Backfill("r", AT - 990, AT + 1, alert)
    await store.config.ask_backfill(asked)
    assert await backfiller.run() == 1
    assert await store.config.backfill("r") == replace(asked, matched=20, scanned=20, done_at=AT + 9)
    assert (await store.backlog())["outbox"] == (20 if alert else 0)
    assert await backfiller.run() == 0
    await store.config.ask_backfill(asked)
    assert await backfiller.run() == 1
    assert len((await store.hits.page(["r"], None, None, 99)).ids) == 20


async def test_a_backfill_that_was_interrupted_is_begun_again(store: Store) -> None:
    """A process that may not go on leaves the request open; the next one finds everything."""
    answers = [True, False]

    async def twice() -> bool:
        return answers.pop(0)

    backfiller = await make_backfiller(store, keep=twice)
    await store.config.ask_backfill(Backfill("r", AT - 1_000, AT + 1, False))
    assert await backfiller.run() == 0
    asked = await store.config.backfill("r")
    assert asked is not None
    assert asked.done_at is None
    answers += [True, True]
    assert await backfiller.run() == 1
    assert len((await store.hits.page(["r"], None, None, 99)).ids) == 30


async def test_a_backfill_waits_for_the_stories_before_it(store: Store) -> None:
    """As long as a story that came before the request is not matched, nothing is decided in its place."""
    backfiller = await make_backfiller(store)
    stream = store.stories_in("one")[-1]
    entry = await store.client.call("XADD", stream.name, "*", "id", "waiting")
    await store.config.ask_backfill(Backfill("r", AT - 1_000, int(entry.partition(b"-")[0]), False))
    assert await backfiller.run() == 0
    await stream.done(await stream.read(9, 1))
    assert await backfiller.run() == 1


@pytest.mark.parametrize("how", ["deleted", "switched off", "expired"])
async def test_a_rule_that_is_not_active_is_not_backfilled(store: Store, how: str) -> None:
    """A rule that matches nothing any more gets no hits from the past either, and the request is closed."""
    backfiller = await make_backfiller(store)
    await store.config.ask_backfill(Backfill("r", AT - 1_000, AT + 1, True))
    match how:
        case "deleted":
            await store.config.remove_rule("r")
        case "switched off":
            await store.config.put_rule(make_spec("r", "ferry", enabled=False), None, AT)
        case "expired":
            await store.config.put_rule(make_spec("r", "ferry", expires=AT - 1), None, AT)
    await backfiller.run()
    assert (await store.hits.page(None, None, None, 9)).ids == ()
    assert [b for b in (await store.config.backfills()).values() if b.done_at is None] == []


async def test_a_request_made_during_a_backfill_is_carried_out(store: Store) -> None:
    """A wider request that comes while the walk is on is not closed by the end of the narrower one."""
    wider = Backfill("r", AT - 1_000, AT + 5, False)

    class Asked:
        """The stories, whose first page is read when the wider request comes."""

        async def page(self, feed: str | None, since: int | None, cursor: str | None, limit: int) -> Page:
            if since == AT - 990:
                await store.config.ask_backfill(wider)
            return await store.stories.page(feed, since, cursor, limit)

        existing = staticmethod(store.stories.existing)

    backfiller = await make_backfiller(store, Asked())
    await store.config.ask_backfill(Backfill("r", AT - 990, AT + 1, False))
    for _ in range(2):
        await backfiller.run()
    assert len((await store.hits.page(["r"], None, None, 99)).ids) == 30


async def test_a_backfill_agrees_with_live_matching(store: Store) -> None:
    """What a back-fill finds is what the rulebook says of each story."""
    backfiller = await make_backfiller(store)
    await store.config.put_rule(make_spec("r", '"Ferry 7" OR "Ferry 8"'), None, AT)
    await store.config.ask_backfill(Backfill("r", AT - 1_000, AT + 1, False))
    await backfiller.run()
    book = Rulebook()
    book.put(make_spec("r", '"Ferry 7" OR "Ferry 8"'))
    for n in range(30):
        story = make_story(number=n)
        if book.percolate(Content.of(story)).matches:
            assert (await store.hits.get(f"r.{story.id}")).decision.reason == "backfill"
        else:
            with pytest.raises(NotFound):
                await store.hits.get(f"r.{story.id}")
