"""What a user types as a feed's address: one URL, one feed, secrets kept apart."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import unquote

from yarl import URL

from monitor.errors import InvalidInput
from monitor.model.feed import FeedConfig
from monitor.text.fingerprints import feed_id

LONGEST = 2_000
_EXAMPLE = "https://example.org/feed.xml"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")


def parse_address(text: str) -> tuple[str, str | None]:
    """The URL without userinfo and fragment, and ``user:password`` where it had any.

    The path and query stay exactly as written: servers may care. Raises InvalidInput.
    """
    url = _url(text.strip())
    credentials = None
    if url.raw_user is not None or url.raw_password is not None:
        credentials = f"{unquote(url.raw_user or '')}:{unquote(url.raw_password or '')}"
    authority = _host(url)
    if url.explicit_port not in (None, {"http": 80, "https": 443}[url.scheme]):
        authority += f":{url.explicit_port}"
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    return f"{url.scheme}://{authority}{url.raw_path or '/'}{query}", credentials


def _url(text: str) -> URL:
    if not text or len(text) > LONGEST or any(c.isspace() or not c.isprintable() for c in text):
        raise InvalidInput("url", f"not a URL of at most {LONGEST:,} characters without spaces", _EXAMPLE)
    scheme, colon, rest = text.partition(":")
    if scheme.lower() == "feed" and colon:  # feed://host/ and feed:https://host/
        text = f"http:{rest}" if rest.startswith("//") else rest
    elif not _SCHEME.match(text):
        if re.split("[/?#]", text, maxsplit=1)[0].endswith(":"):  # http:/host, file:/etc: no host has such a name
            raise InvalidInput("url", f"{scheme}: is not followed by // and a host", _EXAMPLE)
        text = f"https://{text}"
    try:
        url = URL(text, encoded=text.isascii())
        host, port = url.host, url.explicit_port
    except ValueError as error:
        raise InvalidInput("url", f"not a URL: {error}", _EXAMPLE) from None
    if url.scheme not in ("http", "https") or not host:
        raise InvalidInput("url", "only http and https URLs with a host can be polled", _EXAMPLE)
    if port == 0:
        raise InvalidInput("url", "nothing can be reached at port 0", _EXAMPLE)
    return url


def _host(url: URL) -> str:
    """The host in the one spelling that stands for all: lower case, punycode, the shortest IPv6."""
    host = (url.raw_host or "").lower()
    if _NAME.fullmatch(host):
        return host
    try:
        return f"[{ipaddress.IPv6Address(host)}]"
    except ValueError:
        raise InvalidInput("url", f"{host!r} is no host name", _EXAMPLE) from None


def new_feed(
    address: str,
    credentials: str | None,
    *,
    now: int,
    floor: int,
    interval: int | None = None,
    tags: Sequence[str] = (),
    enabled: bool = True,
    backfill_alerts: bool = False,
    title: str | None = None,
) -> FeedConfig:
    """The record of a new feed at a parsed address; an ``interval`` below ``floor`` seconds is raised to it."""
    return FeedConfig(
        id=feed_id(address),
        url=address,
        credentials=credentials,
        interval=None if interval is None else max(interval, floor),
        tags=tuple(dict.fromkeys(tags)),
        enabled=enabled,
        backfill_alerts=backfill_alerts,
        created_at=now,
        title=title,
    )
