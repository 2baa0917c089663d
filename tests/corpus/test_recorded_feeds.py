"""Sixty feed documents as real servers sent them."""

from __future__ import annotations

import asyncio
import re
import tarfile
from functools import cache
from html.entities import html5
from pathlib import Path

from monitor.feeds.parsers import Parsers
from monitor.model.feed import CacheHints, FeedConfig, Fetched, ParsedFeed, ParseFailed, Validators
from monitor.policy.freshness import plan

NOW = 1_780_000_000_000
FEED = FeedConfig("f1", "https://news.example/f", None, None, (), enabled=True, backfill_alerts=False, created_at=0)
TAG = re.compile(
    r"</?(p|a|b|i|u|br|hr|div|span|img|em|strong|ul|ol|li|table|tr|td|th|h[1-6]|blockquote|figure|figcaption|iframe"
    r"|script|style|pre|code|font|center|video|audio|source|svg|section|article)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Tags of running text. Other angle brackets may be the author's own words."""
ENTITY = re.compile(r"&(#\d{2,7}|#x[0-9a-f]{2,6}|[a-z]{2,31});", re.IGNORECASE)


def recorded(shared: Path) -> dict[str, bytes]:
    """Name -> bytes of every recorded document."""
    with tarfile.open(shared / "feeds" / "recorded.tar.xz") as archive:
        return {m.name: f.read() for m in archive.getmembers() if m.isfile() and (f := archive.extractfile(m))}


async def through_workers(documents: dict[str, bytes]) -> list[ParsedFeed | ParseFailed]:
    """What the parse workers say about each document."""
    pool = Parsers(2, 30)
    try:
        return await asyncio.gather(
            *(
                pool.parse(Fetched(f"https://{n}/f", b, "application/xml", None, Validators(), CacheHints(), None))
                for n, b in ((name.rsplit("/", 1)[-1] + ".example", body) for name, body in documents.items())
            )
        )
    finally:
        await pool.close()


@cache
def everything(shared: Path) -> tuple[dict[str, bytes], dict[str, ParsedFeed]]:
    """The documents and the feeds in them; all of them must be feeds."""
    documents = recorded(shared)
    found = dict(zip(documents, asyncio.run(through_workers(documents)), strict=True))
    assert {name: feed.detail for name, feed in found.items() if isinstance(feed, ParseFailed)} == {}
    return documents, {name: feed for name, feed in found.items() if isinstance(feed, ParsedFeed)}


def shown(body: bytes) -> set[str]:
    """The names of tags and entities that the document itself shows as text: code samples and the like."""
    literal = re.compile(rb"<!\[CDATA\[.*?\]\]>|<content[^>]*xhtml.*?</content>", re.DOTALL)
    inside = b"".join(found[0] for found in literal.finditer(body))
    names = re.findall(rb"&amp;lt;/?(\w+)", body) + re.findall(rb"&lt;/?(\w+)", inside)
    names += re.findall(rb"&amp;amp;(#?\w+);", body) + re.findall(rb"&amp;(#?\w+);", inside)
    return {name.decode().lower() for name in names}


def items_in(body: bytes) -> int:
    """How many items the document holds, counted without any parser."""
    return len(
        re.findall(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.sub(rb"<!\[CDATA\[.*?\]\]>", b"", body, flags=re.DOTALL))
    )


def test_every_item_of_every_real_feed_is_read(shared: Path) -> None:
    """As many items as a plain search finds, each with a title or a link to show, and links that are links."""
    documents, feeds = everything(shared)
    assert len(feeds) >= 60
    counts = {name: (items_in(documents[name]), len(feed.items)) for name, feed in feeds.items()}
    assert {name: count for name, count in counts.items() if count[0] != count[1]} == {}
    for name, feed in feeds.items():
        assert sum(bool(item.title or item.link) for item in feed.items) > 0.99 * len(feed.items), name
        assert all(item.link is None or item.link.startswith(("http://", "https://")) for item in feed.items), name


def test_a_second_poll_of_a_real_feed_finds_everything_known(shared: Path) -> None:
    """Nothing is new or changed when the same document comes again, nor when its order is turned around."""
    for name, feed in everything(shared)[1].items():
        first = plan(FEED, True, feed, {}, NOW)
        assert len(first.new) + first.known == len(feed.items), name
        assert len({story.id for story in first.new}) == len(first.new), name
        again = plan(FEED, False, feed, first.seen, NOW + 900_000)
        assert (again.new, again.changed, again.known) == ((), (), len(feed.items)), name
        turned = ParsedFeed(feed.title, feed.link, feed.language, 0, tuple(reversed(feed.items)))
        assert plan(FEED, False, turned, first.seen, NOW + 900_000).new == (), name


def test_nothing_of_html_is_left_in_real_texts(shared: Path) -> None:
    """No tag and no entity, but for those that the author shows to the reader."""
    documents, feeds = everything(shared)
    left = set()
    for name, feed in feeds.items():
        own = shown(documents[name])
        for item in feed.items:
            for text in (item.title, item.body, item.author or "", *item.tags):
                left |= {(name, tag[0]) for tag in TAG.finditer(text) if tag[1].lower() not in own}
                entities = [found for found in ENTITY.finditer(text) if found[1].lower() not in own]
                left |= {(name, found[0]) for found in entities if found[1][0] == "#" or f"{found[1]};" in html5}
    assert left == set()
