"""The list of feeds that comes along."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from monitor.feeds.opml import new_feeds, read_opml, starter_list
from monitor.model.feed import FeedConfig

FEEDS = new_feeds(read_opml(starter_list()), now=0, floor=60)


def test_nothing_in_it_is_left_out() -> None:
    """Every outline with an address becomes a feed of its own: no problems, no feed twice."""
    outlines = [o for o in ET.fromstring(starter_list()).iter("outline") if o.get("xmlUrl")]  # noqa: S314 - our own file
    assert read_opml(starter_list()).problems == ()
    assert len({feed.id for feed in FEEDS}) == len(FEEDS) == len(outlines) >= 40


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.title)
def test_every_feed_can_be_polled_and_told_apart(feed: FeedConfig) -> None:
    """A public https address without a password, a title, and the names of its groups as tags."""
    assert feed.url.startswith("https://")
    assert feed.credentials is None
    assert feed.title
    assert feed.tags
    assert all(tag == tag.strip().lower() and "," not in tag for tag in feed.tags)


def test_its_addresses_are_written_as_they_are_kept() -> None:
    """A feed that a user adds by the address in the list is the same feed."""
    outlines = ET.fromstring(starter_list()).iter("outline")  # noqa: S314 - our own file
    assert [feed.url for feed in FEEDS] == [url for o in outlines if (url := o.get("xmlUrl"))]


def test_it_covers_the_world_and_several_languages() -> None:
    """Whoever starts here has something to match in each of the areas that the shipped rules are about."""
    tags = {tag for feed in FEEDS for tag in feed.tags}
    assert {"world", "asia", "europe", "africa", "defence", "economy", "risk", "disaster", "technology"} <= tags
    assert {"german", "french", "spanish"} <= tags
