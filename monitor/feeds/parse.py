"""Bytes to a ParsedFeed. Runs in a worker process only: the input is hostile and may take for ever.

feedparser is given bytes in a file object, never bytes or text itself, which it would take for a URL
or a file's name; and the response's headers, without which it ignores the charset and leaves links
relative. Its own sanitising is off: everything becomes plain text here.
"""

from __future__ import annotations

import calendar
import io
import re
import time
from html import unescape
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXException
from xml.sax.saxutils import unescape as xml_unescape

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
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_REFERENCES = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]+|[0-9]+);?)+")

# A guid is a name: resolved like a link, it would change with the place that the document came from.
for _parser in (feedparser.api.StrictFeedParser, feedparser.api.LooseFeedParser):
    _parser.can_be_relative_uri = _parser.can_be_relative_uri - {"id"}


def parse(body: bytes, url: str, content_type: str, content_location: str | None) -> ParsedFeed | ParseFailed:
    """The feed in ``body``, as fetched from ``url``."""
    base = url if content_location is None else _joined(url, content_location)
    content_type = _storable(content_type)
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not body.strip():
        return _refused("the body is empty")
    if start.startswith(b"{"):
        try:
            return _bounded(parse_json_feed(body, base))
        except NotJsonFeed as error:
            return _refused(str(error))
    document = _document(body, base, content_type)
    if not document.version and not document.entries:
        return _refused(_what_it_is(body, base, content_type))
    # In a document that is no XML, feedparser leaves names with their entities.
    loose = isinstance(document.get("bozo_exception"), SAXException)
    feed = document.feed
    atom = document.version.startswith("atom")
    found = _bounded(
        ParsedFeed(
            title=_title(feed, atom=atom) or None,
            link=_http(feed.get("link")),
            language=_string(feed.get("language")),
            min_interval=_ttl(feed),
            items=tuple(_item(entry, base, atom=atom, loose=loose) for entry in document.entries[:MAX_ITEMS]),
        )
    )
    if loose and not found.items:
        # Taken for an empty feed, a document that was cut off would end the first poll, and the archive alert later.
        return _refused(f"broken XML without a single item: {document.bozo_exception}")
    return found


def _document(body: bytes, base: str, content_type: str) -> Any:
    headers = {"content-location": base, "content-type": content_type}
    source = io.BytesIO(_REFERENCES.sub(_characters, body))
    try:
        return feedparser.parse(source, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    except UnicodeError:
        if not content_type:
            raise
        return _document(body, base, "")  # some servers say "charset=undefined": a Python codec that only fails


def _characters(run: re.Match[bytes]) -> bytes:
    """A run of numeric references that all name characters.

    An emoji written as two surrogates (``&#55357;&#56832;``) is common, and ends feedparser for the whole feed.
    """
    codes = [int(h[:9], 16) if h else int(d[:9]) for h, d in _REFERENCE.findall(run[0])]
    if not any(0xD800 <= code <= 0xDFFF or code > 0x10FFFF for code in codes):
        return run[0]
    units = "".join(chr(code) if code <= 0x10FFFF else "\ufffd" for code in codes)
    joined = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"&#{ord(character)};" for character in joined).encode()


def _item(entry: Any, base: str, *, atom: bool, loose: bool) -> ParsedItem:
    title_detail = entry.get("title_detail") or {}
    bodies = [_body(content, atom=atom) for content in entry.get("content") or ()]
    bodies.append(_body(entry.get("summary_detail") or {}, atom=atom, summary=True))
    updated = entry.updated_parsed if "updated_parsed" in entry else None  # get() gives published_parsed, and warns
    return ParsedItem(
        guid=_guid(entry.get("id"), loose=loose),
        link=_link(entry.get("link"), base),
        title=_title(entry, atom=atom),
        body=max(bodies, key=len),
        author=_string(entry.get("author")),
        published=_time(entry.get("published_parsed")) or _time(updated),
        language=_string(entry.get("language") or title_detail.get("language")),
        tags=tuple(t for tag in entry.get("tags") or () if (t := _string(tag.get("term") or tag.get("label")))),
    )


def _body(detail: Any, *, atom: bool, summary: bool = False) -> str:
    text = detail.get("value")
    if not isinstance(text, str):
        return ""
    # Atom says what is plain text; in RSS, nobody knows.
    if not atom or detail.get("type") != "text/plain":
        return to_text(text)
    # Blogger and others make a plain summary by taking the tags out of HTML, and leave its entities in.
    return tidy(unescape(text) if summary else text)


def _link(value: Any, base: str) -> str | None:
    """The page of an item: absolute already, unless it is a guid that serves as the link."""
    try:
        return _http(urljoin(base, value)) if isinstance(value, str) and value.strip() else None
    except ValueError:
        return None


def _guid(value: Any, *, loose: bool) -> str | None:
    """A guid as it was written; the same in a document that is well-formed today and was not yesterday."""
    if not isinstance(value, str):
        return None
    return (xml_unescape(value, {"&quot;": '"', "&apos;": "'"}) if loose else value).strip() or None


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
            tags=tuple(_storable(tag[:200]) for tag in item.tags[:50]),
        )
        for item in feed.items[:MAX_ITEMS]
        if item.title or item.body or item.link
    )
    link = _http(_cut(feed.link, MAX_LINK + 1))
    return ParsedFeed(_cut(feed.title, MAX_TITLE), link, _cut(feed.language, 40), feed.min_interval, items)


def _cut(text: str | None, most: int) -> str | None:
    return None if text is None else _storable(text[:most])


def _storable(text: str) -> str:
    """The text without lone surrogates, which no encoding can write."""
    return text.encode("utf-8", "replace").decode()


def _refused(detail: str) -> ParseFailed:
    return ParseFailed("not-a-feed", _storable(detail))


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return url


def _what_it_is(body: bytes, base: str, content_type: str) -> str:
    """What to tell the user about a body that is no feed."""
    page = body[:200_000].decode("utf-8", "replace")
    if "<html" in page[:2_000].lower() or "<!doctype html" in page[:200].lower():
        feeds = named_feeds(page, base)
        return (
            f"this is a web page; the feeds it names: {', '.join(feeds)}"
            if feeds
            else "this is a web page that names no feed"
        )
    return f"no RSS, Atom or JSON Feed (the server calls it {content_type or 'nothing'})"
