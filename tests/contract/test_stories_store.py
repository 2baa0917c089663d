"""Stories: listed in order of time with cursors, pushed in once, dropped from the lists by age."""

from __future__ import annotations

import pytest

from monitor.errors import InvalidInput, NotFound
from monitor.model.feed import PUSHED
from monitor.model.story import Story
from monitor.policy.freshness import pushed
from monitor.ports import Page
from monitor.store.store import Store
from tests.contract.test_feeds_store import AT, add_claimed, make_story, plan_of, state_after

FEEDS = ("fa", "fb", "fc", "fd", "fe")


async def fill(store: Store, stories: list[Story]) -> None:
    """Have the stories ingested by a feed of each one's name."""
    for feed in sorted({s.feed for s in stories}):
        claimed = await add_claimed(store, feed)
        assert await store.feeds.ingest(claimed, plan_of([s for s in stories if s.feed == feed]), state_after(), None)


async def walk(store: Store, limit: int, feed: str | None = None, since: int | None = None) -> list[str]:
    """The ids of all pages, and that every page but the last is full."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.stories.page(feed, since, cursor, limit)
        ids += page.ids
        if page.next is None:
            return ids
        assert len(page.ids) == limit
        cursor = page.next


@pytest.mark.parametrize("limit", [1, 2, 7, 30, 100])
async def test_pages_hold_every_story_once_newest_first(store: Store, limit: int) -> None:
    """Pages of any size give all stories of all partitions, the newest first, none twice."""
    stories = [make_story(FEEDS[n % 5], n, first_seen=AT + n * 1000) for n in range(30)]
    await fill(store, stories)
    assert await walk(store, limit) == [s.id for s in reversed(stories)]


async def test_ties_in_one_millisecond_are_cut_by_no_cursor(store: Store) -> None:
    """Stories of one millisecond, in one partition or many, are each listed once, whatever the page size."""
    stories = [make_story(FEEDS[n % 5], n, first_seen=AT) for n in range(20)]
    await fill(store, stories)
    for limit in (1, 3, 20):
        ids = await walk(store, limit)
        assert sorted(ids) == sorted(s.id for s in stories)
        assert ids == await walk(store, 7)


async def test_new_stories_disturb_no_reader_of_pages(store: Store) -> None:
    """Stories that come in between two pages make the reader neither skip nor repeat one."""
    stories = [make_story("fa", n, first_seen=AT + n) for n in range(10)]
    await fill(store, stories)
    first = await store.stories.page(None, None, None, 4)
    await fill(store, [make_story("fb", n, first_seen=AT + 500 + n) for n in range(10)])
    second = await store.stories.page(None, None, first.next, 100)
    assert [*first.ids, *second.ids] == [s.id for s in reversed(stories)]
    assert second.next is None


async def test_a_cursor_outlives_its_story(store: Store) -> None:
    """A page goes on behind its cursor although the story of the cursor was dropped meanwhile."""
    stories = [make_story("fa", n, first_seen=AT + n) for n in range(6)]
    await fill(store, stories)
    page = await store.stories.page("fa", None, None, 3)
    await store.stories.trim(AT + 2, ["fa"])
    assert await store.stories.page("fa", None, page.next, 3) == Page((stories[2].id,), None)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, [4, 3, 2, 1, 0]),
        (-62_135_596_800_000, [4, 3, 2, 1, 0]),
        (0, [4, 3, 2, 1, 0]),
        (AT + 2, [4, 3, 2]),
        (AT + 4, [4]),
        (AT + 5, []),
        (19_880_899_200_000, []),
        (253_402_300_799_000, []),
    ],
    ids=["none", "year 1", "1970", "one story's time", "the last story's time", "just after", "year 2600", "year 9999"],
)
async def test_since_is_the_first_time_that_is_listed(store: Store, since: int | None, expected: list[int]) -> None:
    """``since`` keeps what was first seen at or after it, for every time that a calendar can name."""
    await fill(store, [make_story("fa", n, first_seen=AT + n) for n in range(5)])
    for feed in (None, "fa"):
        page = await store.stories.page(feed, since, None, 10)
        assert page == Page(tuple(f"fa-{n:04d}" for n in expected), None)


async def test_since_holds_on_every_page(store: Store) -> None:
    """A reader with ``since`` who follows the cursors reaches no older story."""
    await fill(store, [make_story(FEEDS[n % 3], n, first_seen=AT + n) for n in range(12)])
    assert len(await walk(store, 2, since=AT + 5)) == 7


async def test_a_feeds_list_holds_its_own_stories_only(store: Store) -> None:
    """The list of one feed holds that feed's stories, and that of an unknown one nothing."""
    await fill(store, [make_story(FEEDS[n % 2], n, first_seen=AT + n) for n in range(6)])
    assert await walk(store, 2, feed="fb") == ["fb-0005", "fb-0003", "fb-0001"]
    assert await store.stories.page("fz", None, None, 5) == Page((), None)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "0",
        "18bcfe56800",
        "18BCFE56800fa-0001",
        "not-a-time-fa",
        "-18bcfe5680fa",
        "18bcfe5680 fa-0001",
        "\x00" * 20,
    ],
)
async def test_a_cursor_that_no_page_gave_out_is_refused(store: Store, cursor: str) -> None:
    """A made-up cursor raises InvalidInput that names the field, and never gives some other page."""
    await fill(store, [make_story("fa", 1)])
    with pytest.raises(InvalidInput) as caught:
        await store.stories.page(None, None, cursor, 10)
    assert caught.value.field == "cursor"


async def test_a_story_reads_back_as_it_was_written(store: Store) -> None:
    """Every field of a story survives the store, in scripts of any kind; an unknown id raises NotFound."""
    story = make_story("fa", 1, title="Đà Nẵng 🛰 سفينة", body="x" * 200_000, url="https://news.example/ä?b=c")
    await fill(store, [story])
    assert await store.stories.get(story.id) == story
    assert await store.stories.existing(["fa-9999", story.id]) == [story]
    for unknown in ("fa-9999", "nothing", "", "-"):
        with pytest.raises(NotFound):
            await store.stories.get(unknown)


def make_push(guid: str | None, link: str | None, now: int = AT) -> tuple[Story, tuple[str, ...]]:
    """A pushed item as the API hands it to the store."""
    from monitor.model.feed import ParsedItem

    return pushed(PUSHED, ParsedItem(guid, link, "Harbour works", "The new pier is open."), "desk", now)


async def test_a_pushed_story_is_stored_listed_and_streamed_once(store: Store) -> None:
    """A push is kept, listed and put in the stream; the same push again gives the same id and does nothing."""
    story, aliases = make_push("g1", "https://news.example/1")
    assert await store.stories.push(story, aliases) == (story.id, True)
    again, _ = make_push("g1", "https://news.example/1", AT + 5000)
    assert await store.stories.push(again, aliases) == (story.id, False)
    assert await store.stories.get(story.id) == story
    assert await walk(store, 5) == await walk(store, 5, feed=PUSHED) == [story.id]
    assert (await store.backlog())["stories-in"] == 1


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("g1", "https://news.example/other"),
        ("g2", "http://www.news.example/1/?utm_source=x"),
        (None, "https://news.example/1"),
    ],
    ids=["same guid", "same page under another guid", "same page without a guid"],
)
async def test_any_alias_makes_a_push_known(store: Store, guid: str | None, link: str) -> None:
    """A push that shares its guid or its page with an earlier one is that story."""
    story, aliases = make_push("g1", "https://news.example/1")
    await store.stories.push(story, aliases)
    other, others = make_push(guid, link)
    assert await store.stories.push(other, others) == (story.id, False)
    assert await walk(store, 5) == [story.id]


async def test_an_alias_learnt_from_a_known_push_counts_too(store: Store) -> None:
    """A page, then the page with its guid, then the guid alone are three pushes of one story, as in a feed."""
    first, aliases = make_push(None, "https://news.example/1")
    await store.stories.push(first, aliases)
    await store.stories.push(*make_push("g1", "https://news.example/1"))
    assert await store.stories.push(*make_push("g1", None)) == (first.id, False)


async def test_pushed_stories_and_their_aliases_end_together(store: Store) -> None:
    """Record and aliases carry the retention as their time to live, so neither outlives the other."""
    story, aliases = make_push("g1", "https://news.example/1")
    await store.stories.push(story, aliases)
    names = [store.keys.story(story.id), *(f"{store.keys.f(PUSHED)}pushed:{a}" for a in aliases)]
    ttls = await store.client.many([("TTL", name) for name in names])
    assert len(ttls) == 3
    assert all(30 * 86_400 - 10 <= ttl <= 30 * 86_400 for ttl in ttls)


async def test_trim_drops_what_is_older_and_nothing_else(store: Store) -> None:
    """Index entries older than the bound leave both lists; those at the bound stay."""
    await fill(store, [make_story(FEEDS[n % 2], n, first_seen=AT + n) for n in range(6)])
    story, aliases = make_push("g1", None, AT)
    await store.stories.push(story, aliases)
    assert await store.stories.trim(AT + 3, FEEDS) == 8  # four stories, each in two lists
    assert await walk(store, 10) == ["fb-0005", "fa-0004", "fb-0003"]
    assert await walk(store, 10, feed="fa") == ["fa-0004"]
    assert await walk(store, 10, feed=PUSHED) == []
