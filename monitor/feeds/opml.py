"""Lists of feeds. Two thirds of real OPML files are not well-formed XML (bare ampersands, wrong
encodings, unclosed tags), so they are read with an HTML parser, which takes what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.sax.saxutils import quoteattr

from monitor.errors import InvalidInput
from monitor.feeds.address import new_feed, parse_address
from monitor.model.feed import FeedConfig

# All that a character of XML 1.0 may not be (section 2.2), not even as an entity.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROLOG = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of a list; ``tags`` are the names of the groups around it."""

    url: str
    credentials: str | None
    title: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedList:
    """What a file holds; ``problems`` says what was left out, and why."""

    outlines: tuple[Outline, ...]
    problems: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.groups: list[str | None] = []
        self.feeds: list[tuple[str, str | None, tuple[str, ...]]] = []
        self.seen_opml = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open(tag, attrs)
        if tag == "outline":
            given = dict(attrs)
            self.groups.append(None if given.get("xmlurl") else _name(given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open(tag, attrs)

    def open(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen_opml = self.seen_opml or tag in ("opml", "outline")
        given = dict(attrs)
        url = (given.get("xmlurl") or "").strip()
        if tag == "outline" and url:
            self.feeds.append((url, _name(given), tuple(dict.fromkeys(g for g in self.groups if g))))

    def handle_endtag(self, tag: str) -> None:
        if tag == "outline" and self.groups:
            self.groups.pop()


def _name(given: dict[str, str | None]) -> str | None:
    name = " ".join((given.get("title") or given.get("text") or "").split())
    return name[:200] or None


def read_opml(data: bytes) -> FeedList:
    """The feeds of a list, each URL once. Raises InvalidInput where it is no OPML at all."""
    reader = _Reader()
    reader.feed(_decoded(data))
    reader.close()
    if not reader.seen_opml:
        raise InvalidInput(
            "body", "this is no OPML: it has no outline", "export the list of feeds from your reader as OPML"
        )
    found: dict[str, Outline] = {}
    problems: list[str] = []
    for url, title, tags in reader.feeds:
        try:
            address, credentials = parse_address(url)
        except InvalidInput as error:
            problems.append(f"{_without_userinfo(url)[:200]}: {error.detail}")
            continue
        found.setdefault(address, Outline(address, credentials, title, tags))
    return FeedList(tuple(found.values()), tuple(problems))


def _without_userinfo(url: str) -> str:
    """A URL that does not parse, fit to be shown: whatever stands before an @ may be a password."""
    before, at, after = url.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    return f"{scheme}{slashes}…@{after}" if slashes else f"…@{after}" if at else url


def _decoded(data: bytes) -> str:
    for bom, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return data.decode(name, "replace")
    declared = _PROLOG.search(data[:300])
    for encoding in ("utf-8", declared[1].decode() if declared else "windows-1252"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("windows-1252", "replace")


def new_feeds(found: FeedList, now: int, floor: int) -> list[FeedConfig]:
    """Records for the feeds of a list."""
    return [new_feed(o.url, o.credentials, now=now, floor=floor, tags=o.tags, title=o.title) for o in found.outlines]


def write_opml(outlines: Sequence[Outline]) -> str:
    """The list as well-formed OPML 2.0, grouped by first tag. Credentials are left out."""
    groups: dict[str, list[str]] = {}
    for outline in outlines:
        name = outline.title or outline.url
        line = f'<outline type="rss" text={quoteattr(name)} title={quoteattr(name)} xmlUrl={quoteattr(outline.url)}/>'
        groups.setdefault(outline.tags[0] if outline.tags else "", []).append(line)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        "<head><title>Feeds</title></head>",
        "<body>",
    ]
    for group, feeds in sorted(groups.items()):
        lines += [f"<outline text={quoteattr(group)}>", *feeds, "</outline>"] if group else feeds
    return _FORBIDDEN.sub("", "\n".join([*lines, "</body>", "</opml>", ""]))
