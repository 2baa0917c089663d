"""Which items of a polled feed are new, changed or known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from monitor.model.feed import FeedConfig, ParsedFeed, ParsedItem
from monitor.model.story import IngestPlan, Seen
from monitor.policy.freshness import DAY, REMEMBER_DAYS, plan, pushed, revise

NOW = 1_700_000_000_000
HOUR = DAY // 24
CONFIG = FeedConfig("f1", "https://news.example/rss", None, None, (), True, False, NOW)


def item(n: int, **changes: object) -> ParsedItem:
    """The n-th item of a well-made feed."""
    made = ParsedItem(
        guid=f"https://news.example/?p={n}",
        link=f"https://news.example/story/{n}",
        title=f"Headline number {n}",
        body=f"What happened in case {n}.",
        published=NOW - n * HOUR,
    )
    return replace(made, **changes)


def bare(n: int, **changes: object) -> ParsedItem:
    """An item without guid and date."""
    return item(n, guid=None, published=None, **changes)


def document(items: list[ParsedItem], **changes: object) -> ParsedFeed:
    """A feed document."""
    return replace(ParsedFeed("Example News", None, None, 0, tuple(items)), **changes)


@dataclass
class Feed:
    """A feed and what it remembers, as the store keeps it between polls."""

    config: FeedConfig = CONFIG
    seen: dict[str, Seen] = field(default_factory=dict)
    first: bool = True

    def poll(self, *items: ParsedItem, now: int = NOW) -> IngestPlan:
        """Poll a document of these items and remember what came of it."""
        made = plan(self.config, self.first, document(list(items)), self.seen, now)
        self.seen = {a: m for a, m in (self.seen | made.seen).items() if a not in made.forget}
        self.first = False
        return made


def polled(*items: ParsedItem, now: int = NOW) -> Feed:
    """A feed whose first poll showed these items."""
    feed = Feed()
    feed.poll(*items, now=now)
    return feed


def outcome(made: IngestPlan) -> tuple[list[str], list[str], int]:
    """Titles of the new, titles of the changed, and how many were known."""
    return [s.title for s in made.new], [s.title for s in made.changed], made.known


# ── the first poll ──


def test_first_poll_stores_and_never_alerts() -> None:
    """All items of a first poll are new, marked as back-fill, oldest first."""
    made = Feed().poll(item(1), item(2), item(3))
    assert [s.title[-1] for s in made.new] == ["3", "2", "1"]
    assert all(s.backfill for s in made.new)
    assert made.reason == "first-poll"


def test_first_poll_alerts_if_the_user_asked_for_it() -> None:
    """With backfill_alerts the first poll's stories are news, however many and old."""
    made = Feed(replace(CONFIG, backfill_alerts=True)).poll(*(item(n * 1000) for n in range(1, 9)))
    assert [s.backfill for s in made.new] == [False] * 8
    assert made.reason is None


def test_a_story_of_a_later_poll_is_news() -> None:
    """An item that was not there before is new and may alert; the others are known."""
    made = polled(item(1), item(2)).poll(item(0), item(1), item(2))
    assert outcome(made) == (["Headline number 0"], [], 2)
    assert not made.new[0].backfill
    assert made.reason is None


def test_story_carries_what_the_item_says() -> None:
    """A story keeps text, links and language, the feed's where the item has none, and when it was first seen."""
    parsed = document([item(1, language="de_AT", author="A. Writer", tags=("x",)), item(2)], language="EN-us")
    second, first = plan(CONFIG, False, parsed, {}, NOW).new
    assert (first.language, second.language) == ("de-at", "en-us")
    assert (first.feed, first.source, first.author, first.tags) == ("f1", "Example News", "A. Writer", ("x",))
    assert (first.first_seen, first.revision) == (NOW, 1)
    assert first.id.startswith("f1-")
    named = plan(replace(CONFIG, title="As imported"), False, parsed, {}, NOW).new
    assert named[0].source == "As imported"


@pytest.mark.parametrize(("published", "kept"), [(NOW + 9 * DAY, NOW), (NOW - 5, NOW - 5), (None, None)])
def test_future_dates_are_clamped(published: int | None, kept: int | None) -> None:
    """A claimed time after the poll becomes the time of the poll; others stay, absent ones too."""
    assert Feed().poll(item(1, published=published)).new[0].published == kept


# ── aliases ──


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "Edited headline"},
        {"body": "Another text."},
        {"link": "https://news.example/moved/1"},
        {"link": None},
        {"published": None},
        {"published": NOW - 40 * DAY},
        {"guid": None},
        {"guid": "a new scheme"},
        {"guid": "http://news.example/?p=1"},
        {"guid": "https://cdn.example/?p=1", "link": None, "title": "Edited headline"},
        {"guid": "new", "link": "http://www.news.example/story/1/?utm_source=rss#top", "title": "Edited headline"},
        {"guid": "new", "link": "https://moved.example/x", "body": "Another text."},
    ],
)
def test_any_alias_makes_an_item_known(changes: dict[str, object]) -> None:
    """Guid, guid without scheme and host, link without tracking, or title and day: one of them is enough."""
    feed = polled(item(1), item(2))
    made = feed.poll(item(1, **changes), item(2))
    assert (len(made.new), made.known) == (0, 2)


def test_an_edit_is_a_revision_and_not_news() -> None:
    """An edited headline changes the stored story under its own id, and once only."""
    feed = Feed()
    old = feed.poll(item(1)).new[0]
    edited = item(1, title="Edited headline")
    made = feed.poll(edited, now=NOW + HOUR)
    assert outcome(made) == ([], ["Edited headline"], 1)
    assert made.changed[0].id == old.id
    assert outcome(feed.poll(edited, now=NOW + 2 * HOUR)) == ([], [], 1)


def test_revision_keeps_identity_and_first_seen() -> None:
    """A revision takes the new text and keeps id, time of first sight and whether it was back-fill."""
    old = Feed().poll(item(1)).new[0]
    fresh = replace(old, title="Edited", first_seen=NOW + DAY, backfill=False, text_key="k")
    new = revise(old, fresh)
    assert (new.title, new.text_key, new.revision) == ("Edited", "k", 2)
    assert (new.id, new.first_seen, new.backfill) == (old.id, NOW, True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (item(1), item(2)),
        (item(1), item(2, title="Headline number 1")),
        (item(1, guid="same"), item(2, guid="same")),
        (bare(1), bare(2)),
        (bare(1, link="https://news.example/"), bare(2, link="https://news.example/")),
        (bare(1, link=None), bare(2, link=None)),
        (bare(1, title=""), bare(2, title="")),
        (item(1, link="https://a.example/#1"), item(2, link="https://a.example/#2")),
        (item(1, guid="https://one.example/?p=7"), item(2, guid="https://two.example/?p=7")),
    ],
    ids=["all", "title", "guid", "link", "home page", "text only", "no title", "fragment", "guids of two hosts"],
)
def test_two_stories_in_one_document_are_two(one: ParsedItem, other: ParsedItem) -> None:
    """Items that share a guid, a link, a title or a guid's path but are not the same are told apart, and stay so."""
    feed = Feed()
    made = feed.poll(one, other)
    assert len({s.id for s in made.new}) == 2
    again = feed.poll(one, other, now=NOW + HOUR)
    assert outcome(again) == ([], [], 2)


def test_an_item_twice_in_one_document_is_one() -> None:
    """The same item listed twice without any mark of its own is one story."""
    made = Feed().poll(bare(1), bare(1))
    assert len(made.new) == 1


@pytest.mark.parametrize("same", [{"guid": "same"}, {"title": "Live updates"}])
def test_a_twin_that_leaves_does_not_lend_its_identity(same: dict[str, object]) -> None:
    """When one of two items with the same guid or title leaves the feed, the other stays itself, unchanged."""
    one, other = item(1, **same), item(2, published=NOW - HOUR, **same)
    feed = polled(one)
    second = feed.poll(other, one).new
    assert [s.body for s in second] == [other.body]
    assert outcome(feed.poll(other, now=NOW + HOUR)) == ([], [], 1)


def test_an_edit_beside_a_twin_that_left_is_seen_at_the_next_poll() -> None:
    """Once the aliases of the item that stayed agree again, its edits are edits of its own story."""
    one, other = item(1, guid="same"), item(2, guid="same")
    feed = Feed()
    ids = {s.body: s.id for s in feed.poll(one, other).new}
    feed.seen |= polled(one).seen  # the guid was known as the first one's
    feed.poll(other, now=NOW + HOUR)
    edited = feed.poll(replace(other, body="Edited."), now=NOW + 2 * HOUR)
    assert [s.id for s in edited.changed] == [ids[other.body]]


def test_a_shared_link_does_not_make_stories_copies() -> None:
    """Items that all link to the home page carry no common link key: one's alert would silence the others."""
    made = Feed().poll(*(item(n, link="https://news.example/") for n in (1, 2, 3)))
    keys = [s.link_key for s in made.new if s.link_key is not None]
    assert len(keys) == len(set(keys))


# ── the flood gate ──


def archive(count: int, **changes: object) -> list[ParsedItem]:
    """Old items of which nothing is known."""
    return [item(1000 + n, **{"published": NOW - (30 + n) * DAY} | changes) for n in range(count)]


@pytest.mark.parametrize(
    ("new", "known", "flood"),
    [
        (archive(5), 4, True),
        (archive(20), 0, True),
        (archive(5), 5, False),  # no more than half
        (archive(4), 0, False),  # too few
        ([item(-n, published=NOW - n * HOUR) for n in range(1, 9)], 0, False),  # fresh: a busy feed after an outage
        (archive(4) + [item(-n, published=NOW) for n in range(1, 4)], 0, True),  # fewer fresh than old
        (archive(3) + [item(-n, published=NOW) for n in range(1, 5)], 0, False),
        (archive(6, published=None), 0, True),  # undated, and nothing known left
        (archive(6, published=None), 1, False),  # undated, beside something known
    ],
)
def test_flood_gate(new: list[ParsedItem], known: int, flood: bool) -> None:
    """More than half and at least five unknown items are adopted in silence, unless their dates are fresh."""
    old = [item(n) for n in range(1, 6)]
    made = polled(*old).poll(*new, *old[:known])
    assert len(made.new) == len(new)
    assert {s.backfill for s in made.new} == {flood}
    assert made.reason == ("flood" if flood else None)


def test_a_feed_that_was_empty_at_first_floods_as_well() -> None:
    """Where the first poll showed nothing, an old archive that follows is adopted, fresh and undated news is not."""
    assert polled().poll(*archive(9)).reason == "flood"
    assert polled().poll(*(bare(n) for n in range(9))).reason is None


def test_after_a_flood_all_is_known() -> None:
    """What was adopted is remembered: the next poll finds nothing new, and one more item is news."""
    feed = polled(item(1))
    feed.poll(*archive(9))
    assert outcome(feed.poll(item(0), *archive(9))) == (["Headline number 0"], [], 9)


# ── memory ──


def test_an_alias_is_forgotten_long_after_it_left() -> None:
    """What left the feed is known for 90 days and forgotten after them."""
    feed = polled(item(1), item(2))
    assert outcome(feed.poll(item(1), item(2), now=NOW))[2] == 2
    for day in range(1, REMEMBER_DAYS + 1):
        assert feed.poll(item(2), now=NOW + day * DAY).forget == ()
    assert replace(feed, seen=dict(feed.seen)).poll(item(1), item(2), now=NOW + REMEMBER_DAYS * DAY).new == ()
    assert feed.poll(item(2), now=NOW + (REMEMBER_DAYS + 1) * DAY).forget
    assert len(feed.poll(item(1), item(2), now=NOW + (REMEMBER_DAYS + 1) * DAY).new) == 1


def test_what_is_in_the_document_is_never_forgotten() -> None:
    """Neither a year of the same items nor a year without a parsed document makes a present item new."""
    feed = polled(item(1), item(2))
    for day in range(1, 366, 7):
        made = feed.poll(item(1), item(2), now=NOW + day * DAY)
        assert (made.new, made.forget) == ((), ())
    made = feed.poll(item(0), item(1), item(2), now=NOW + 800 * DAY)
    assert outcome(made) == (["Headline number 0"], [], 2)
    assert made.forget == ()


def test_memory_is_written_once_a_day() -> None:
    """A second poll on the same day has nothing to write; on the next day the aliases are renewed."""
    feed = polled(item(1), item(2))
    assert feed.poll(item(1), item(2)).seen == {}
    assert feed.poll(item(1), item(2), now=NOW + DAY).seen


def test_the_plan_is_pure() -> None:
    """The same arguments give the same plan, and nothing that was passed in is changed."""
    seen = dict(polled(item(1), item(2)).seen)
    before = dict(seen)
    parsed = document([item(0), item(1, title="Edited"), *archive(6)])
    assert plan(CONFIG, False, parsed, seen, NOW) == plan(CONFIG, False, parsed, seen, NOW)
    assert seen == before


# ── stories pushed in ──


def test_a_second_push_is_known_by_id_or_link() -> None:
    """A pushed story is known by its id and its link; without either by its text."""
    _, by_both = pushed("push", item(1), "desk", NOW)
    assert set(pushed("push", item(1, link=None, title="Edited"), None, NOW)[1]) & set(by_both)
    assert set(pushed("push", item(1, guid=None, link="http://www.news.example/story/1"), None, NOW)[1]) & set(by_both)
    assert not set(pushed("push", item(2), None, NOW)[1]) & set(by_both)
    text = pushed("push", bare(1, link=None), None, NOW)
    assert pushed("push", bare(1, link=None), None, NOW + DAY)[1] == text[1]
    assert (text[0].backfill, text[0].first_seen) == (False, NOW)
