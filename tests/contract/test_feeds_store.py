"""Feeds in the store: kept, listed, claimed by lease, and written only under the claim's fence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from monitor.embedded.launcher import EmbeddedServer
from monitor.errors import Conflict, NotFound, StoreUnavailable
from monitor.model.feed import ClaimedFeed, FeedConfig, FeedState, Health, Validators
from monitor.model.story import IngestPlan, Seen, Story
from monitor.store.client import Argument, Client, Command
from monitor.store.feeds import FeedStore
from monitor.store.store import Store

AT = 1_770_000_000_000
LEASE = 120_000


def make_feed(id_: str = "fa", **changes: Any) -> FeedConfig:
    """A feed's config, with ``changes``."""
    return replace(FeedConfig(id_, f"https://{id_}.example/rss", None, None, (), True, False, AT), **changes)


def make_story(feed: str = "fa", number: int = 0, **changes: Any) -> Story:
    """The story ``<feed>-<number>``, with ``changes``."""
    story = Story(
        id=f"{feed}-{number:04d}", feed=feed, title=f"Ferry {number} left the harbour", body="It was on time.",
        url=f"https://{feed}.example/{number}", source=feed, author=None, language="en", tags=(), published=AT,
        first_seen=AT, backfill=False, link_key=f"l{number}", text_key=f"t{number}",
    )  # fmt: skip
    return replace(story, **changes)


def plan_of(new: Sequence[Story] = (), changed: Sequence[Story] = (), forget: Sequence[str] = ()) -> IngestPlan:
    """A plan in which every new story has two aliases."""
    seen = {f"{kind}{s.id}": Seen(s.id, s.text_key, AT // 86_400_000) for s in new for kind in ("guid:", "link:")}
    return IngestPlan(tuple(new), tuple(changed), seen, tuple(forget), 0)


def state_after(etag: str = '"2"') -> FeedState:
    """The state that a first poll that went well leaves."""
    return FeedState(first_poll=False, validators=Validators(etag), body_hash="h", health=Health.OK)


async def add_claimed(store: Store, feed: str = "fa") -> ClaimedFeed:
    """A new feed, and a claim on it."""
    await store.feeds.add(make_feed(feed), AT)
    (claimed,) = await store.feeds.claim(AT, AT + LEASE, 10)
    return claimed


async def streamed(store: Store) -> list[str]:
    """The ids in the story streams, in order within each partition."""
    rows = await store.client.many([("XRANGE", s.name, "-", "+") for s in store.stories_in("test")])
    return [fields[1].decode() for answer in rows for _, fields in answer]


class Meddled(Client):
    """A client before whose commands something else happens; what is raised there is the command's failure."""

    def __init__(self, url: str, before: Callable[[Sequence[Argument]], Awaitable[None]]) -> None:
        super().__init__(url)
        self._before = before

    async def call(self, *command: Argument) -> Any:
        await self._before(command)
        return await super().call(*command)

    async def _pipeline(self, commands: Sequence[Command], *, transaction: bool) -> list[Any]:
        for command in commands[:1]:
            await self._before(command)
        return await super()._pipeline(commands, transaction=transaction)


@asynccontextmanager
async def meddled(
    store: Store, server: EmbeddedServer, before: Callable[[Sequence[Argument]], Awaitable[None]]
) -> AsyncIterator[FeedStore]:
    """The same feeds through a Meddled client."""
    client = Meddled(server.url, before)
    try:
        yield FeedStore(client, store.keys, 3600)
    finally:
        await client.close()


def cut_before(number: int) -> Callable[[Sequence[Argument]], Awaitable[None]]:
    """The connection is lost for ever before command ``number``, counted from 1."""
    count = 0

    async def before(command: Sequence[Argument]) -> None:
        nonlocal count
        count += 1
        if count >= number:
            raise StoreUnavailable(f"the connection was cut before {command[0]!r}")

    return before


# ── kept and listed ──


async def test_a_feed_reads_back_as_added(store: Store) -> None:
    """Config comes back whole, the state is that of a feed never polled, and it is due at once."""
    config = make_feed(
        credentials="user:pä:ss", interval=900, tags=("a", "b"), title="Ferry news", backfill_alerts=True
    )
    await store.feeds.add(config, AT)
    record = await store.feeds.get("fa")
    assert (record.config, record.state, record.due) == (config, FeedState(), AT)
    assert await store.feeds.waiting(AT - 1) == 0
    assert await store.feeds.waiting(AT) == 1


async def test_a_feed_that_is_switched_off_is_not_due(store: Store) -> None:
    """A feed added switched off is listed and never claimed."""
    await store.feeds.add(make_feed(enabled=False), AT)
    assert (await store.feeds.get("fa")).due is None
    assert await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 10) == []


async def test_a_feed_is_added_once(store: Store) -> None:
    """A second add raises Conflict and leaves what the first wrote."""
    await store.feeds.add(make_feed(tags=("first",)), AT)
    with pytest.raises(Conflict):
        await store.feeds.add(make_feed(tags=("second",)), AT + 1)
    assert [r.config.tags for r in await store.feeds.all()] == [("first",)]
    assert await store.feeds.add_all([make_feed(), make_feed("fb"), make_feed("fb")], AT) == (1, 2)


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_an_add_that_was_cut_off_can_be_repeated(store: Store, server: EmbeddedServer, cut: int) -> None:
    """Wherever the connection was lost, the feed is listed and due in the end, after a second add or without."""
    async with meddled(store, server, cut_before(cut)) as feeds:
        try:
            await feeds.add(make_feed(), AT)
        except StoreUnavailable:
            await store.feeds.add_all([make_feed()], AT)
    assert [r.config.id for r in await store.feeds.all()] == ["fa"]
    assert len(await store.feeds.claim(AT, AT + LEASE, 10)) == 1


@pytest.mark.parametrize("limit", [1, 3, 9, 10])
async def test_pages_of_feeds_hold_each_once_in_order(store: Store, limit: int) -> None:
    """Pages of any size give all feeds by id, and the last one no cursor."""
    ids = [f"f{n:02d}" for n in range(9)]
    await store.feeds.add_all([make_feed(i) for i in reversed(ids)], AT)
    found: list[str] = []
    cursor: str | None = None
    while True:
        records, cursor = await store.feeds.page(cursor, limit)
        found += [r.config.id for r in records]
        if cursor is None:
            break
    assert found == ids == [r.config.id for r in await store.feeds.all()]


async def test_a_feed_removed_while_a_page_is_read_spoils_no_page(store: Store, server: EmbeddedServer) -> None:
    """A page whose feed goes between the reading of its ids and of its records still lists the others."""
    await store.feeds.add_all([make_feed("fa"), make_feed("fb")], AT)

    async def before(command: Sequence[Argument]) -> None:
        if command[0] == "HMGET":
            await store.feeds.remove("fa")

    async with meddled(store, server, before) as feeds:
        records, _ = await feeds.page(None, 10)
    assert [r.config.id for r in records] == ["fb"]


async def test_a_change_keeps_the_state_and_moves_the_due_time(store: Store) -> None:
    """The user's change writes over the config only; a due time of None stops polling."""
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, None, state_after(), AT + 900_000)
    await store.feeds.reschedule(make_feed(tags=("x",)), AT + 5)
    record = await store.feeds.get("fa")
    assert (record.config.tags, record.state, record.due) == (("x",), state_after(), AT + 5)
    await store.feeds.reschedule(make_feed(enabled=False), None)
    assert (await store.feeds.get("fa")).due is None


async def test_a_change_makes_the_poll_in_flight_stale(store: Store) -> None:
    """A poll that began before the user's change writes nothing after it."""
    claimed = await add_claimed(store)
    await store.feeds.reschedule(make_feed(enabled=False), None)
    assert not await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT + 1)
    assert await streamed(store) == []
    assert (await store.feeds.get("fa")).due is None


async def test_a_change_of_a_removed_feed_brings_nothing_back(store: Store) -> None:
    """A change that comes after the removal raises NotFound; no feed is polled that no list shows."""
    await store.feeds.add(make_feed(), AT)
    await store.feeds.remove("fa")
    with pytest.raises(NotFound):
        await store.feeds.reschedule(make_feed(tags=("late",)), AT)
    assert await store.feeds.claim(AT, AT + LEASE, 10) == []


async def test_removal_forgets_feed_and_memory_and_keeps_stories(store: Store) -> None:
    """After a removal there is no feed and nothing it has seen; its stories stay; a second one raises NotFound."""
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT)
    await store.feeds.remove("fa")
    assert (await store.feeds.all(), await store.feeds.seen("fa")) == ([], {})
    assert await store.feeds.claim(AT + LEASE, AT + LEASE, 10) == []
    assert (await store.stories.get("fa-0000")).id == "fa-0000"
    for call in (store.feeds.remove("fa"), store.feeds.get("fa"), store.feeds.poll_now("fa", AT)):
        with pytest.raises(NotFound):
            await call


async def test_a_feed_that_comes_back_lists_each_story_once(store: Store) -> None:
    """A feed that was removed and added again finds its old stories; no list shows one of them twice."""
    for moment in (AT, AT + 60_000):
        claimed = await add_claimed(store)
        await store.feeds.ingest(claimed, plan_of([make_story(first_seen=moment)]), state_after(), None)
        await store.feeds.remove("fa")
    assert (await store.stories.page("fa", None, None, 10)).ids == ("fa-0000",)
    assert (await store.stories.page(None, None, None, 10)).ids == ("fa-0000",)


async def test_poll_now_makes_a_feed_due(store: Store) -> None:
    """A feed that waits for hours, or whose polling had stopped, can be claimed after poll_now."""
    for due in (AT + 3_600_000, None):
        await store.feeds.add_all([make_feed()], AT)
        await store.feeds.reschedule(make_feed(), due)
        await store.feeds.poll_now("fa", AT)
        assert len(await store.feeds.claim(AT, AT + LEASE, 10)) == 1


# ── claims ──


async def test_a_claim_is_a_lease(store: Store) -> None:
    """A claimed feed is not handed out again before its lease runs out, and then it is, with a newer fence."""
    first = await add_claimed(store)
    assert await store.feeds.claim(AT + LEASE - 1, AT + 2 * LEASE, 10) == []
    (second,) = await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 10)
    assert second.fence > first.fence
    assert second.config == first.config == make_feed()


async def test_claimers_share_what_is_due(store: Store) -> None:
    """Many claimers at once get every due feed, none of them twice, and no claimer more than its limit a partition."""
    ids = [f"f{n:02d}" for n in range(40)]
    await store.feeds.add_all([make_feed(i) for i in ids], AT)
    answers = await asyncio.gather(*(store.feeds.claim(AT, AT + LEASE, 3) for _ in range(40)))
    assert sorted(c.config.id for answer in answers for c in answer) == ids
    assert all(len(answer) <= 3 * store.keys.partitions for answer in answers)


async def test_of_two_claimers_only_the_later_writes(store: Store) -> None:
    """Whoever's lease ran out writes nothing, whether its ingest comes before or after that of the newer claim."""
    old = await add_claimed(store)
    (new,) = await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 10)
    assert not await store.feeds.ingest(old, plan_of([make_story(number=1)]), state_after('"old"'), AT)
    assert await store.feeds.ingest(new, plan_of([make_story(number=2)]), state_after('"new"'), AT + 7)
    assert not await store.feeds.ingest(old, plan_of([make_story(number=3)]), state_after('"old"'), AT)
    record = await store.feeds.get("fa")
    assert (record.state, record.due) == (state_after('"new"'), AT + 7)
    assert await streamed(store) == ["fa-0002"]
    assert set(await store.feeds.seen("fa")) == {"guid:fa-0002", "link:fa-0002"}
    assert await store.stories.existing(["fa-0001", "fa-0003"]) == []


async def test_a_claim_on_a_removed_feed_writes_nothing(store: Store) -> None:
    """The ingest of a feed that was deleted meanwhile returns False and leaves no key of the feed behind."""
    claimed = await add_claimed(store)
    await store.feeds.remove("fa")
    assert not await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT)
    assert await store.client.call("KEYS", "*fa*") == []
    assert await streamed(store) == []
    assert await store.feeds.waiting(AT + LEASE) == 0


async def test_a_claim_from_before_a_removal_is_stale_for_ever(store: Store) -> None:
    """A feed that was removed, added again and claimed anew is not written by the claim of before."""
    old = await add_claimed(store)
    await store.feeds.remove("fa")
    new = await add_claimed(store)
    assert not await store.feeds.ingest(old, plan_of([make_story(number=1)]), state_after('"old"'), AT)
    assert await store.feeds.ingest(new, plan_of([make_story(number=2)]), state_after('"new"'), AT)
    assert await streamed(store) == ["fa-0002"]


async def test_postponing_gives_a_claim_back(store: Store) -> None:
    """A postponed feed is due when its poller said; a poller that was overtaken moves nothing."""
    old = await add_claimed(store)
    await store.feeds.postpone(old, AT + 1_000)
    assert await store.feeds.claim(AT + 999, AT + LEASE, 10) == []
    (new,) = await store.feeds.claim(AT + 1_000, AT + LEASE, 10)
    await store.feeds.postpone(old, AT)
    assert (await store.feeds.get("fa")).due == AT + LEASE
    await store.feeds.remove("fa")
    await store.feeds.postpone(new, AT)
    assert await store.feeds.waiting(AT + LEASE) == 0


async def test_a_renewed_claim_is_kept(store: Store) -> None:
    """A poll in flight keeps its feed as long as it renews; one that ended or was overtaken moves no due time."""
    old = await add_claimed(store)
    await store.feeds.renew([old], AT + 2 * LEASE)
    assert await store.feeds.claim(AT + 2 * LEASE - 1, AT + 3 * LEASE, 10) == []
    (new,) = await store.feeds.claim(AT + 2 * LEASE, AT + 3 * LEASE, 10)
    await store.feeds.renew([old], AT + 9 * LEASE)
    assert (await store.feeds.get("fa")).due == AT + 3 * LEASE
    await store.feeds.ingest(new, None, state_after(), AT + 5)
    await store.feeds.renew([old, new], AT + 9 * LEASE)
    assert (await store.feeds.get("fa")).due == AT + 5
    await store.feeds.remove("fa")
    await store.feeds.renew([old, new], AT)
    await store.feeds.renew([], AT)
    assert await store.feeds.waiting(AT + 9 * LEASE) == 0


async def test_a_request_to_poll_does_not_disturb_a_poll_in_flight(store: Store) -> None:
    """While a poll is in flight, asking for one changes nothing: its outcome is written, and the feed rests."""
    claimed = await add_claimed(store)
    await store.feeds.poll_now("fa", AT + 1)
    assert await store.feeds.claim(AT + 2, AT + LEASE, 9) == []
    assert await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT + 9_000)
    assert (await store.feeds.get("fa")).due == AT + 9_000
    await store.feeds.poll_now("fa", AT + 3)
    assert (await store.feeds.get("fa")).due == AT + 3


async def test_a_change_that_is_none_of_the_schedule_leaves_it_alone(store: Store) -> None:
    """New tags during a poll are kept, and the poll's outcome is written all the same."""
    claimed = await add_claimed(store)
    await store.feeds.change(make_feed(tags=("x",)))
    assert await store.feeds.ingest(claimed, None, state_after(), AT + 9_000)
    found = await store.feeds.get("fa")
    assert (found.config.tags, found.due) == (("x",), AT + 9_000)
