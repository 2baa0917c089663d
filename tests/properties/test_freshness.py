"""Laws of freshness, over random feeds of sloppy publishers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model.feed import FeedConfig, ParsedFeed, ParsedItem
from monitor.model.story import IngestPlan, Seen
from monitor.policy.freshness import DAY, plan

NOW = 1_700_000_000_000
CONFIG = FeedConfig("f1", "https://news.example/rss", None, None, (), True, False, NOW)

calm = settings(deadline=None, database=None, max_examples=120)
"""No deadline, since the machine is shared; no database, so that every run stands for itself."""

guids = st.sampled_from(
    [None, "1", "2", "tag:news.example,2024:3", "https://news.example/?p=4", "http://news.example/?p=5",
     "https://other.example/?p=4", "https://news.example/", "urn:uuid:6"]
)  # fmt: skip
links = st.sampled_from(
    [None, "https://news.example/", "https://news.example/a", "http://www.news.example/b/?utm_source=rss",
     "https://news.example/b", "https://news.example/c#top", "https://other.example/a", "mailto:x"]
)  # fmt: skip
titles = st.sampled_from(["", "Weather", "Live updates", "Arms deal signed", "LIVE UPDATES"])
bodies = st.sampled_from(["", "Sunny.", "More to follow.", "Both sides signed it."])
dates = st.sampled_from([None, NOW, NOW - DAY, NOW - 40 * DAY, NOW + 9 * DAY])
items = st.builds(ParsedItem, guid=guids, link=links, title=titles, body=bodies, published=dates)
documents = st.lists(items, max_size=9)


def poll(found: list[ParsedItem], seen: dict[str, Seen], now: int = NOW, *, first: bool = False) -> IngestPlan:
    """The plan for a document of these items."""
    return plan(CONFIG, first, ParsedFeed("News", None, None, 0, tuple(found)), seen, now)


def after(seen: dict[str, Seen], made: IngestPlan) -> dict[str, Seen]:
    """What the feed remembers once the plan is carried out."""
    return {alias: memory for alias, memory in (seen | made.seen).items() if alias not in made.forget}


@calm
@given(documents, documents, st.integers(0, 400))
def test_the_same_document_again_has_nothing_new(first: list[ParsedItem], second: list[ParsedItem], days: int) -> None:
    """Whatever a document holds and whatever was known before, a second poll of it finds no new story."""
    seen = after({}, poll(first, {}, first=True))
    seen = after(seen, poll(second, seen))
    again = poll(second, seen, NOW + days * DAY)
    assert again.new == ()
    assert again.known == len(second)
    assert poll(second, after(seen, again), NOW + 2 * days * DAY).new == ()


@calm
@given(documents, st.integers(0, 400))
def test_nothing_present_is_forgotten(found: list[ParsedItem], days: int) -> None:
    """No alias by which a present item is known is forgotten, however long ago it was written."""
    seen = after({}, poll(found, {}, first=True))
    assert poll(found, seen, NOW + days * DAY).forget == ()


@calm
@given(documents, st.integers())
def test_order_does_not_change_identity(found: list[ParsedItem], seed: int) -> None:
    """However a document orders its items, the ids of its stories are the same."""
    shuffled = Random(seed).sample(found, len(found))
    assert {s.id for s in poll(found, {}).new} == {s.id for s in poll(shuffled, {}).new}


@calm
@given(documents)
def test_every_item_is_accounted_for(found: list[ParsedItem]) -> None:
    """Each item is new or known, ids are never given twice, and every alias written belongs to a story."""
    made = poll(found, {})
    assert len(made.new) + made.known == len(found)
    ids = [s.id for s in made.new]
    assert len(ids) == len(set(ids))
    assert {memory.story for memory in made.seen.values()} == set(ids)
    assert made == poll(found, {})


@calm
@given(documents)
def test_items_with_guids_of_their_own_are_stories_of_their_own(found: list[ParsedItem]) -> None:
    """As many different guids as a document has, so many stories it has at least."""
    own = {item.guid for item in found if item.guid}
    by_guid = list({item.guid: item for item in found if item.guid}.values())
    assert len(poll(by_guid, {}).new) == len(own)


edits = st.one_of(
    st.fixed_dictionaries({"title": st.text(max_size=20)}),
    st.fixed_dictionaries({"body": st.text(max_size=20)}),
    st.fixed_dictionaries({"link": links}),
    st.fixed_dictionaries({"published": dates}),
    st.fixed_dictionaries({"author": st.none() | st.text(max_size=5)}),
    st.fixed_dictionaries({"language": st.sampled_from([None, "de", "?"])}),
)


@calm
@given(st.lists(items, min_size=1, max_size=8), st.data())
def test_an_edit_of_one_field_never_makes_a_new_story(found: list[ParsedItem], data: st.DataObject) -> None:
    """An item with a guid of its own stays the same story, whichever other field its publisher edits."""
    marked = [replace(item, guid=f"guid {n}") for n, item in enumerate(found)]
    stored = poll(marked, {}, first=True)
    seen = after({}, stored)
    at = data.draw(st.integers(0, len(marked) - 1))
    edited = [*marked[:at], replace(marked[at], **data.draw(edits)), *marked[at + 1 :]]
    made = poll(edited, seen)
    assert made.new == ()
    assert len(made.changed) <= 1
    assert {s.id for s in made.changed} <= {s.id for s in stored.new if s.title == marked[at].title}


@calm
@given(st.lists(items, min_size=1, max_size=8))
def test_a_new_guid_scheme_alone_never_makes_a_new_story(found: list[ParsedItem]) -> None:
    """Items with links of their own stay known when the feed moves to https or changes its guids."""
    linked = [
        replace(item, guid=f"http://a.example/{n}x", link=f"http://a.example/{n}") for n, item in enumerate(found)
    ]
    seen = after({}, poll(linked, {}, first=True))
    moved = [replace(item, guid=f"https://b.example/{n}x") for n, item in enumerate(linked)]
    renamed = [replace(item, guid=f"new {n}", link=f"https://a.example/{n}") for n, item in enumerate(linked)]
    assert poll(moved, seen).new == ()
    assert poll(renamed, seen).new == ()
