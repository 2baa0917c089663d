"""Lists of feeds. Two thirds of real OPML files are not well-formed XML (bare ampersands and quotes, wrong
encodings, unclosed tags), so no parser reads them: an outline is all from its ``<outline`` to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from xml.sax.saxutils import quoteattr

from monitor.errors import InvalidInput
from monitor.feeds.address import new_feed, parse_address
from monitor.feeds.tags import attributes, unquoted, without_comments
from monitor.model.feed import FeedConfig

# Characters that XML 1.0 forbids (section 2.2), escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Of a URL that does not parse, all that stands before an @ may be a password.
_USERINFO = re.compile(r"^([^/@]*//)?.*@", re.DOTALL)
_OPML = re.compile(r"<(?:opml|outline)\b", re.IGNORECASE)
_OUTLINE = re.compile(r"<(/?)outline\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_XML_URL = re.compile(r"\bxmlurl\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
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


def starter_list() -> bytes:
    """The OPML that comes along: public news feeds to begin with."""
    return resources.files("monitor.feeds").joinpath("starter.opml").read_bytes()


def read_opml(data: bytes) -> FeedList:
    """The feeds of a list, each URL once. Raises InvalidInput where it is no OPML at all."""
    text = without_comments(_decoded(data))
    if not _OPML.search(text):
        raise InvalidInput(
            "body", "this is no OPML: it has no outline", "export the list of feeds from your reader as OPML"
        )
    found: dict[str, Outline] = {}
    problems: list[str] = []
    for url, title, tags in _outlines(text):
        try:
            address, credentials = parse_address(url)
        except InvalidInput as error:
            shown = _USERINFO.sub(r"\1…@", url)
            problems.append(f"{shown[:200]}: {error.detail}")
            continue
        found.setdefault(address, Outline(address, credentials, title, tags))
    return FeedList(tuple(found.values()), tuple(problems))


def _outlines(text: str) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
    """Address, title and groups of every outline that names a feed."""
    open_groups: list[str | None] = []  # None: a feed, whose title is no group
    _, *parts = _OUTLINE.split(text)
    for slash, outline in zip(parts[::2], parts[1::2], strict=True):
        if slash:
            del open_groups[-1:]
            continue
        given = attributes(outline)
        # A quote inside of a quoted value shifts all that follow, so the one that matters is searched for by itself.
        url = given.get("xmlurl") or (unquoted(found[1]) if (found := _XML_URL.search(outline)) else "")
        title = " ".join((given.get("title") or given.get("text") or "").split())[:200] or None
        if url.strip():
            yield url.strip(), title, tuple(dict.fromkeys(group for group in open_groups if group))
        if "/>" not in _QUOTED.sub("", outline):
            open_groups.append(None if url else title)


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
