"""Ingest: a poll's outcome is written whole, in batches, and a crash in between is healed by the next poll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from monitor.embedded.launcher import EmbeddedServer
from monitor.errors import StoreUnavailable
from monitor.model.feed import FeedState, Health
from monitor.store.client import Argument
from monitor.store.store import Store
from tests.contract.test_feeds_store import (
    AT,
    LEASE,
    add_claimed,
    cut_before,
    make_story,
    meddled,
    plan_of,
    state_after,
    streamed,
)


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
async def test_an_ingest_writes_all_of_a_plan(store: Store, count: int) -> None:
    """A plan of any size, of several script calls too, is written whole: stories, stream, memory, state, due time."""
    claimed = await add_claimed(store)
    stories = [make_story(number=n, first_seen=AT + n) for n in range(count)]
    assert await store.feeds.ingest(claimed, plan_of(stories), state_after(), AT + 900_000)
    ids = [s.id for s in stories]
    assert await store.stories.existing(ids) == stories
    assert await streamed(store) == ids
    assert await store.feeds.seen("fa") == plan_of(stories).seen
    for feed in (None, "fa"):
        assert (await store.stories.page(feed, None, None, 500)).ids == tuple(reversed(ids))
    record = await store.feeds.get("fa")
    assert (record.state, record.due) == (state_after(), AT + 900_000)


async def test_an_ingest_without_a_plan_writes_state_and_due_time(store: Store) -> None:
    """After a 304 or a failure only the state changes; no due time ends the polling."""
    claimed = await add_claimed(store)
    state = FeedState(health=Health.GONE, reason="status", detail="410")
    assert await store.feeds.ingest(claimed, None, state, None)
    record = await store.feeds.get("fa")
    assert (record.state, record.due) == (state, None)
    assert await streamed(store) == []


async def test_a_changed_story_is_replaced_where_it_is_kept(store: Store) -> None:
    """An edit replaces the record and its memory, goes into no stream, and brings back no story that has expired."""
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT)
    (claimed,) = await store.feeds.claim(AT, AT + LEASE, 1)
    edited = make_story(title="Ferry cancelled", revision=2, text_key="t-new")
    plan = replace(plan_of(changed=[edited, make_story(number=9)]), seen=plan_of([edited]).seen)
    assert await store.feeds.ingest(claimed, plan, state_after(), AT)
    assert await store.stories.existing(["fa-0000", "fa-0009"]) == [edited]
    assert await streamed(store) == ["fa-0000"]
    assert {s.text_key for s in (await store.feeds.seen("fa")).values()} == {"t-new"}
    assert await store.client.call("TTL", store.keys.story("fa-0000")) > 29 * 86_400


async def test_forgotten_aliases_go(store: Store) -> None:
    """Aliases that a plan forgets are gone afterwards, the others stay."""
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, plan_of([make_story(), make_story(number=1)]), state_after(), AT)
    (claimed,) = await store.feeds.claim(AT, AT + LEASE, 1)
    await store.feeds.ingest(claimed, plan_of(forget=["guid:fa-0000", "link:fa-0000"]), state_after(), AT)
    assert set(await store.feeds.seen("fa")) == {"guid:fa-0001", "link:fa-0001"}


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_a_crash_between_batches_leaves_the_poll_unfinished(
    store: Store, server: EmbeddedServer, cut: int
) -> None:
    """After a crash the first-poll mark and the validators are those of before, and what was written is known."""
    claimed = await add_claimed(store)
    stories = [make_story(number=n) for n in range(250)]
    await store.feeds.ingest(replace(claimed, fence=0), None, FeedState(), AT)  # stale: it only loads the script
    async with meddled(store, server, cut_before(cut)) as feeds:
        with pytest.raises(StoreUnavailable):
            await feeds.ingest(claimed, plan_of(stories), state_after(), AT)
    record = await store.feeds.get("fa")
    assert (record.state, record.due) == (FeedState(), AT + LEASE)
    written = {s.id for s in stories[: (cut - 1) * 100]}
    assert {s.story for s in (await store.feeds.seen("fa")).values()} == written == set(await streamed(store))
    (again,) = await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 1)
    rest = [s for s in stories if s.id not in written]
    assert await store.feeds.ingest(again, plan_of(rest), state_after(), AT)
    assert await streamed(store) == [s.id for s in stories]
    assert (await store.feeds.get("fa")).state == state_after()


async def test_a_claim_overtaken_between_batches_stops_there(store: Store, server: EmbeddedServer) -> None:
    """A poller that loses its lease after the first of three batches returns False and writes no second one."""
    claimed = await add_claimed(store)
    calls = 0

    async def before(command: Sequence[Argument]) -> None:
        nonlocal calls
        calls += command[0] == "EVALSHA"
        if calls == 2:
            await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 1)

    await store.feeds.ingest(replace(claimed, fence=0), None, FeedState(), AT)  # stale: it only loads the script
    async with meddled(store, server, before) as feeds:
        plan = plan_of([make_story(number=n) for n in range(250)])
        assert not await feeds.ingest(claimed, plan, state_after(), AT)
    assert len(await streamed(store)) == 100
    assert (await store.feeds.get("fa")).state == FeedState()


async def test_stories_end_with_their_retention(store: Store) -> None:
    """A story's record carries its retention as time to live."""
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT)
    assert 30 * 86_400 - 10 <= await store.client.call("TTL", store.keys.story("fa-0000")) <= 30 * 86_400


async def test_a_flood_is_adopted_in_one_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is adopted without alerts is written whole or not at all: its rest would pass for news after a crash."""
    claimed = await add_claimed(store)
    stories = [replace(make_story(number=n), backfill=True) for n in range(250)]
    calls: list[str] = []
    script = store.client.script

    async def counted(name: str, keys: Sequence[str], args: Sequence[Argument]) -> object:
        calls.append(name)
        return await script(name, keys, args)

    monkeypatch.setattr(store.client, "script", counted)
    assert await store.feeds.ingest(claimed, replace(plan_of(stories), reason="flood"), state_after(), None)
    assert calls == ["ingest"]
    assert len((await store.stories.page(None, None, None, 500)).ids) == 250
