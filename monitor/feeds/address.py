"""What a user types as a feed's address: one URL, one feed, secrets kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from yarl import URL

from monitor.errors import InvalidInput
from monitor.model.feed import FeedConfig
from monitor.text.fingerprints import feed_id

LONGEST = 2_000


def parse_address(text: str) -> tuple[str, str | None]:
    """The URL without userinfo and fragment, and ``user:password`` where it had any.

    The path and query stay exactly as written: servers may care. Raises InvalidInput.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or any(c.isspace() or not c.isprintable() for c in text):
        raise InvalidInput(
            "url",
            f"not a URL of at most {LONGEST:,} characters without spaces",
            "https://example.org/feed.xml",
        )
    scheme, colon, rest = text.partition(":")
    if scheme.lower() == "feed" and colon:  # feed://host/ and feed:https://host/
        text = f"http:{rest}" if rest.startswith("//") else rest
    elif "://" not in text:
        text = f"https://{text}"
    try:
        url = URL(text, encoded=text.isascii())
        host, port = url.host, url.port
    except ValueError as error:
        raise InvalidInput("url", f"not a URL: {error}", "https://example.org/feed.xml") from None
    if url.scheme not in ("http", "https") or not host:
        raise InvalidInput("url", "only http and https URLs with a host can be polled", "https://example.org/feed.xml")
    credentials = None
    if url.raw_user is not None or url.raw_password is not None:
        credentials = f"{unquote(url.raw_user or '')}:{unquote(url.raw_password or '')}"
    if not all(0 < len(label) <= 63 for label in host.rstrip(".").split(".")) and ":" not in host:
        raise InvalidInput("url", f"{host!r} is no host name")
    authority = f"[{host}]" if ":" in host else (url.raw_host or host).lower()
    if port and port != {"http": 80, "https": 443}[url.scheme]:
        authority += f":{port}"
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    return f"{url.scheme}://{authority}{url.raw_path or '/'}{query}", credentials


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
