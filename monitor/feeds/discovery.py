"""The feeds that an HTML page names, so that a user who gives a site's address is told the right one."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from monitor.feeds.tags import attributes, without_comments

_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_LINK = re.compile(r"<link\b([^<>]*)", re.IGNORECASE)
_MOST = 10


def named_feeds(page: str, base: str) -> list[str]:
    """Absolute URLs of the feeds in the page's ``link rel=alternate``, in order, at most ten."""
    found: dict[str, None] = {}
    for link in _LINK.finditer(without_comments(page)):
        given = attributes(link[1])
        kind = given.get("type", "").split(";")[0].strip().lower()
        if kind not in _TYPES or "alternate" not in given.get("rel", "").lower().split() or not given.get("href"):
            continue
        try:
            found[urljoin(base, given["href"].strip())] = None
        except ValueError:
            continue  # an href that is no URL names no feed
    return list(found)[:_MOST]
