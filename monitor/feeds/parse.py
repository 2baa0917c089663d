"""Bytes to a ParsedFeed. Runs in a worker process only: the input is hostile and may take for ever.

feedparser is given bytes in a file object, never bytes or text itself, which it would take for a URL
or a file's name; and the response's headers, without which it ignores the charset and leaves links
relative. Its own sanitising is off: everything becomes plain text here.
"""

from __future__ import annotations

import calendar
import io
import time
from typing import Any
from urllib.parse import urljoin

import feedparser

from monitor.feeds.discovery import named_feeds
from monitor.feeds.jsonfeed import NotJsonFeed, parse_json_feed
from monitor.model.feed import ParsedFeed, ParsedItem, ParseFailed
from monitor.text.markup import tidy, to_line, to_text

MAX_ITEMS = 2_000
"""Items read from one document; feeds list the newest first."""
MAX_TITLE = 1_000
MAX_TEXT = 100_000
"""Code points kept of a title and of a body."""
MAX_LINK = 4_000
LONGEST_TTL = 24 * 3600


def parse(body: bytes, url: str, content_type: str, content_location: str | None) -> ParsedFeed | ParseFailed:
    """The feed in ``body``, as fetched from ``url``."""
    base = url if content_location is None else _joined(url, content_location)
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        try:
            return _bounded(parse_json_feed(body, base))
        except NotJsonFeed as error:
            return ParseFailed("not-a-feed", str(error))
    headers = {"content-location": base, "content-type": content_type}
    document = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not document.version and not document.entries:
        return ParseFailed("not-a-feed", _what_it_is(body, base, content_type))
    feed = document.feed
    atom = document.version.startswith("atom")
    return _bounded(
        ParsedFeed(
            title=_title(feed, atom=atom) or None,
            link=_http(feed.get("link")),
            language=_string(feed.get("language")),
            min_interval=_ttl(feed),
            items=tuple(_item(entry, atom=atom) for entry in document.entries[:MAX_ITEMS]),
        )
    )


def _item(entry: Any, *, atom: bool) -> ParsedItem:
    title_detail = entry.get("title_detail") or {}
    texts = [content.get("value") for content in entry.get("content") or ()] + [entry.get("summary")]
    bodies = [to_text(text) for text in texts if isinstance(text, str)]
    return ParsedItem(
        guid=_string(entry.get("id")),
        link=_http(entry.get("link")),
        title=_title(entry, atom=atom),
        body=max(bodies, key=len, default=""),
        author=_string(entry.get("author")),
        published=_time(entry.get("published_parsed")) or _time(entry.get("updated_parsed")),
        language=_string(entry.get("language") or title_detail.get("language")),
        tags=tuple(t for tag in entry.get("tags") or () if (t := _string(tag.get("term") or tag.get("label")))),
    )


def _title(node: Any, *, atom: bool) -> str:
    detail = node.get("title_detail") or {}
    text = node.get("title") or ""
    # Atom says when a title is plain text; in RSS, titles with markup and entities are common.
    plain = atom and detail.get("type") == "text/plain"
    return tidy(text).replace("\n", " ") if plain else to_line(text)


def _string(value: Any) -> str | None:
    return (to_line(value)[:MAX_TITLE] or None) if isinstance(value, str) else None


def _http(value: Any) -> str | None:
    """Links are shown to people: http and https only."""
    if not isinstance(value, str) or len(value) > MAX_LINK:
        return None
    value = value.strip()
    return value if value.lower().startswith(("http://", "https://")) else None


def _time(value: time.struct_time | None) -> int | None:
    if value is None:
        return None
    try:
        return int(calendar.timegm(value) * 1000)
    except (OverflowError, ValueError):
        return None


def _ttl(feed: Any) -> int:
    """RSS ttl, minutes, as seconds."""
    try:
        return min(max(int(feed.get("ttl") or 0), 0) * 60, LONGEST_TTL)
    except ValueError:
        return 0


def _bounded(feed: ParsedFeed) -> ParsedFeed:
    """The feed with every text within its limit, lone surrogates replaced."""
    items = tuple(
        ParsedItem(
            guid=_cut(item.guid, MAX_LINK),
            link=_http(_cut(item.link, MAX_LINK + 1)),
            title=_cut(item.title, MAX_TITLE) or "",
            body=_cut(item.body, MAX_TEXT) or "",
            author=_cut(item.author, MAX_TITLE),
            published=item.published if item.published and item.published > 0 else None,
            language=_cut(item.language, 40),
            tags=tuple(t[:200] for t in item.tags[:50]),
        )
        for item in feed.items[:MAX_ITEMS]
        if item.title or item.body or item.link
    )
    return ParsedFeed(_cut(feed.title, MAX_TITLE), _http(feed.link), _cut(feed.language, 40), feed.min_interval, items)


def _cut(text: str | None, most: int) -> str | None:
    return None if text is None else text[:most].encode("utf-8", "replace").decode()


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return url


def _what_it_is(body: bytes, base: str, content_type: str) -> str:
    """What to tell the user about a body that is no feed."""
    if not body.strip():
        return "the body is empty"
    page = body[:200_000].decode("utf-8", "replace")
    if "<html" in page[:2_000].lower() or "<!doctype html" in page[:200].lower():
        feeds = named_feeds(page, base)
        return (
            f"this is a web page; the feeds it names: {', '.join(feeds)}"
            if feeds
            else "this is a web page that names no feed"
        )
    return f"no RSS, Atom or JSON Feed (the server calls it {content_type or 'nothing'})"
