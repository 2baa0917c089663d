"""The feeds that an HTML page names, so that a user who gives a site's address is told the right one."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_MOST = 10


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag != "link" or "alternate" not in given.get("rel", "").lower().split():
            return
        if given.get("type", "").split(";")[0].strip().lower() in _TYPES and given.get("href"):
            self.found.append(given["href"].strip())


def named_feeds(page: str, base: str) -> list[str]:
    """Absolute URLs of the feeds in the page's ``link rel=alternate``, in order, at most ten."""
    parser = _Links()
    parser.feed(page)
    found: list[str] = []
    for href in parser.found[:_MOST]:
        try:
            found.append(urljoin(base, href))
        except ValueError:
            continue  # an href that is no URL names no feed
    return list(dict.fromkeys(found))
