"""Polls, back-fills and the reading of streams on a real store, with scripted feeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import StoreUnavailable
from monitor.metrics import Metrics
from monitor.model.feed import (
    CacheHints,
    ClaimedFeed,
    Fetched,
    FetchFailed,
    FetchResult,
    Health,
    NotModified,
    ParsedFeed,
    ParsedItem,
    ParseFailed,
    Validators,
)
from monitor.pipeline import work
from monitor.pipeline.poll import Poller
from monitor.ports import Message
from monitor.store.store import Store
from tests.contract.test_feeds_store import make_feed, streamed
from tests.contract.test_streams import age, dead, make_stream, pending

AT = 1_770_000_000_000
LEASE = 15_000


class Web:
    """A feed that answers as told, and a poller of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = AT
        self.items: list[ParsedItem] = []
        self.answer: FetchResult | None = None
        self.during: Callable[[], Awaitable[Any]] | None = None
        self.parses: ParseFailed | None = None
        self.poller = Poller(
            store.feeds, store.stories, self.fetch, self.parse, Metrics(), lambda: self.now, lambda: 0.0, 60
        )

    async def fetch(self, claimed: ClaimedFeed, _now: int) -> FetchResult:
        if self.during is not None:
            await self.during()
        body = repr(self.items).encode()
        hints, validators = CacheHints(), Validators(f'"{len(self.items)}"')
        return self.answer or Fetched(claimed.config.url, body, "text/xml", None, validators, hints, None)

    async def parse(self, _document: Fetched) -> ParsedFeed | ParseFailed:
        return self.parses or ParsedFeed("Ferries", None, "en", 0, tuple(self.items))

    def show(self, *numbers: int) -> None:
        """Let the feed hold items, newest first."""
        self.items = [ParsedItem(f"g{n}", f"https://fa.example/{n}", f"Ferry {n} left", "", None, AT) for n in numbers]

    async def poll(self) -> str:
        """Claim the one feed that is due and poll it."""
        (claimed,) = await self.store.feeds.claim(self.now, self.now + LEASE, 9)
        return await self.poller.poll(claimed)

    async def again(self) -> str:
        """A poll ten days later."""
        self.now += 10 * 86_400_000
        return await self.poll()


@pytest.fixture
async def web(store: Store) -> Web:
    """A feed ``fa`` that is due, with two items."""
    await store.feeds.add(make_feed(), AT)
    made = Web(store)
    made.show(2, 1)
    return made


# ── polls ──


async def test_polls_store_each_item_once(web: Web) -> None:
    """The first poll stores what is there as old; later ones only what is new; the same bytes nothing."""
    assert await web.poll() == "parsed"
    assert await web.again() == "same-bytes"
    web.show(3, 2, 1)
    assert await web.again() == "parsed"
    stories = await web.store.stories.existing((await web.store.stories.page("fa", None, None, 9)).ids)
    assert {s.title: s.backfill for s in stories} == {"Ferry 1 left": True, "Ferry 2 left": True, "Ferry 3 left": False}
    assert len(await streamed(web.store)) == 3
    assert (await web.store.feeds.get("fa")).state.stories == 3


async def test_a_poll_that_is_repeated_after_a_crash_adds_nothing(web: Web) -> None:
    """A poll whose ingest was done and whose process then died is repeated without a second story."""
    await web.poll()
    await web.store.feeds.reschedule(make_feed(), web.now)
    record = await web.store.feeds.get("fa")
    (claimed,) = await web.store.feeds.claim(web.now, web.now + LEASE, 9)
    await web.store.feeds.ingest(claimed, None, replace(record.state, body_hash=None, first_poll=True), web.now)
    assert await web.poll() == "parsed"
    assert len(await streamed(web.store)) == 2
    assert len((await web.store.stories.page(None, None, None, 9)).ids) == 2


async def test_an_edited_item_is_a_revision_and_no_news(web: Web) -> None:
    """A changed headline replaces the stored text, counts the revision up, and goes into no stream."""
    await web.poll()
    web.items[0] = replace(web.items[0], title="Ferry 2 stayed in port")
    await web.again()
    stories = await web.store.stories.existing((await web.store.stories.page("fa", None, None, 9)).ids)
    assert sorted((s.title, s.revision) for s in stories) == [("Ferry 1 left", 1), ("Ferry 2 stayed in port", 2)]
    assert len(await streamed(web.store)) == 2


@pytest.mark.parametrize("what", ["removed", "changed", "overtaken"])
async def test_a_poll_that_lost_its_feed_writes_nothing(web: Web, what: str) -> None:
    """A feed that was removed, changed or claimed by another during the fetch is not written to."""
    during = {
        "removed": lambda: web.store.feeds.remove("fa"),
        "changed": lambda: web.store.feeds.reschedule(make_feed(enabled=False), None),
        "overtaken": lambda: web.store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 9),
    }
    web.during = during[what]
    assert await web.poll() == "overtaken"
    assert await streamed(web.store) == []
    assert await web.store.feeds.seen("fa") == {}


FAILURES = [
    FetchFailed("dns", "there is no such host"),
    FetchFailed("status", "500", 500),
    ParseFailed("not-a-feed", "a page"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=[f.reason for f in FAILURES])
async def test_a_failed_poll_is_due_again_and_says_why(web: Web, failure: FetchFailed | ParseFailed) -> None:
    """The feed is marked as failing with the reason, stays first-polled or not as it was, and is polled later."""
    if isinstance(failure, ParseFailed):
        web.parses = failure
    else:
        web.answer = failure
    assert await web.poll() == "failed"
    record = await web.store.feeds.get("fa")
    assert (record.state.health, record.state.reason, record.state.first_poll) == (Health.FAILING, failure.reason, True)
    assert record.due is not None
    assert record.due > AT
    web.answer = web.parses = None
    assert await web.again() == "parsed"
    assert (await web.store.feeds.get("fa")).state.health is Health.OK


async def test_a_feed_that_is_gone_is_polled_no_more(web: Web) -> None:
    """410 ends the polling; the feed stays listed as gone, and a poll by hand brings it back."""
    web.answer = FetchFailed("status", "gone", 410)
    await web.poll()
    record = await web.store.feeds.get("fa")
    assert (record.state.health, record.due) == (Health.GONE, None)
    web.answer = None
    await web.store.feeds.poll_now("fa", AT)
    assert await web.poll() == "parsed"
    assert (await web.store.feeds.get("fa")).due is not None


async def test_a_feed_switched_off_and_polled_by_hand_stays_off(web: Web) -> None:
    """A poll on request of a feed that its user switched off is one poll, not the return of all of them."""
    await web.store.feeds.reschedule(make_feed(enabled=False), None)
    await web.store.feeds.poll_now("fa", AT)
    assert await web.poll() == "parsed"
    assert (await web.store.feeds.get("fa")).due is None


async def test_a_304_keeps_validators_and_stories(web: Web) -> None:
    """Not modified leaves what it leaves out, and the feed is well."""
    await web.poll()
    web.answer = NotModified(Validators(), CacheHints())
    assert await web.again() == "not-modified"
    state = (await web.store.feeds.get("fa")).state
    assert (state.validators, state.health) == (Validators('"2"'), Health.OK)


async def test_one_host_is_polled_once_at_a_time(web: Web) -> None:
    """A second feed of a host that is being polled is given back for a moment; a poll that breaks frees the host."""
    await web.store.feeds.add(make_feed("fb", url="https://fa.example/second"), AT)
    one, two = sorted(await web.store.feeds.claim(AT, AT + LEASE, 9), key=lambda c: c.config.id)
    outcomes: list[str] = []

    async def meanwhile() -> None:
        web.during = None
        outcomes.append(await web.poller.poll(two))
        raise RuntimeError("a bug")

    web.during = meanwhile
    assert await web.poller.poll(one) == "failed"
    assert outcomes == ["postponed"]
    assert AT < int((await web.store.feeds.get("fb")).due or 0) <= AT + 2_000
    web.now += 2_000
    assert await web.poll() == "parsed"


async def test_a_mistake_of_ours_is_a_failure_of_the_feed(web: Web) -> None:
    """A poll that breaks inside backs off and says so in the feed's health, and does not come back at once."""

    async def broken() -> None:
        raise RuntimeError("a bug")

    web.during = broken
    await web.store.feeds.add(make_feed("fz", url="https://other.example/z"), AT)
    for claimed in await web.store.feeds.claim(AT, AT + LEASE, 9):
        assert await web.poller.poll(claimed) == "failed"
    found = await web.store.feeds.get("fz")
    assert (found.state.reason, found.state.failures) == ("internal", 1)
    assert int(found.due or 0) > AT + LEASE


# ── reading streams ──


class Handler:
    """Handles messages, fails on the poisonous ones, and keeps what it was given."""

    def __init__(self, poison: str = "bad", error: Exception | None = None) -> None:
        self.poison = poison
        self.error = error or ValueError("cannot be digested")
        self.given: list[list[str]] = []

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.given.append([m.id for m in messages])
        if any(m.id == self.poison for m in messages):
            raise self.error


async def reclaim_all(store: Store, stream: Any, handle: Handler) -> None:
    """Let everything that is pending have been left, and reclaim it."""
    for entry in await pending(store, stream):
        await age(store, stream, entry.encode(), work.IDLE_MS + 1)
    await work.reclaim(stream, handle, Metrics(), lambda: AT)


async def test_a_batch_that_was_handled_is_done(store: Store) -> None:
    """Read, handled, gone; an empty stream is nothing to do."""
    stream, handle = await make_stream(store, "a", "b"), Handler()
    assert await work.read_batch(stream, handle, 100) == 2
    assert handle.given == [["a", "b"]]
    assert await store.client.call("XLEN", stream.name) == 0


async def test_a_poison_message_is_given_up_and_harms_no_other(store: Store) -> None:
    """Its batch is handed out again singly; the good ones are done, the bad one goes to the dead stream at last."""
    stream, handle = await make_stream(store, "a", "bad", "c"), Handler()
    assert await work.read_batch(stream, handle, 100) == 3
    await reclaim_all(store, stream, handle)
    assert handle.given[1:] == [["a"], ["bad"], ["c"]]
    assert len(await pending(store, stream)) == 1
    for _ in range(5):
        await reclaim_all(store, stream, handle)
    assert handle.given.count(["bad"]) == work.MAX_TRIES - 1
    (found,) = await dead(store, stream)
    assert found["id"] == "bad"
    assert "cannot be digested" in found["note"]
    assert await pending(store, stream) == {}


async def test_a_message_that_kills_its_reader_is_given_up(store: Store) -> None:
    """A message whose readers die one after the other without a word goes to the dead stream, unhandled."""
    stream, handle = await make_stream(store, "bad"), Handler()
    (message,) = await stream.read(1, 10)
    for _ in range(work.MAX_TRIES - 1):
        await age(store, stream, message.entry, work.IDLE_MS + 1)
        assert await stream.reclaim_one(work.IDLE_MS) is not None
    await reclaim_all(store, stream, handle)
    assert handle.given == []
    assert [d["id"] for d in await dead(store, stream)] == ["bad"]


async def test_a_store_that_is_away_is_not_held_against_a_message(store: Store) -> None:
    """However often the store failed while a message was handled, it is handled when the store is back."""
    stream, handle = await make_stream(store, "a"), Handler("a", StoreUnavailable("the store does not answer"))
    with pytest.raises(StoreUnavailable):
        await work.read_batch(stream, handle, 100)
    for _ in range(work.MAX_TRIES + 2):
        with pytest.raises(StoreUnavailable):
            await reclaim_all(store, stream, handle)
    healthy = Handler()
    await reclaim_all(store, stream, healthy)
    assert healthy.given == [["a"]]
    assert await dead(store, stream) == []
