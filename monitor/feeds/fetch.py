"""One conditional GET of a feed, as a polite reader makes it.

Validators go back byte for byte and are never invented; there is no forced refetch; what the server
says about coming back is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from yarl import URL

from monitor.model.feed import (
    CacheHints,
    ClaimedFeed,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    Validators,
)
from monitor.net.client import Client, RequestFailed, Response
from monitor.net.dates import parse_retry_after, seconds_until

DEADLINE = 20.0
"""Seconds for everything, redirects and body included."""
MAX_BODY = 10 << 20
"""Bytes after decompression."""
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/json;q=0.8, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


async def fetch(client: Client, claimed: ClaimedFeed, now: int) -> FetchResult:
    """Poll the feed once. Never raises on account of the server or the network."""
    feed, state = claimed.config, claimed.state
    headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip, deflate, br"}
    if state.validators.etag:
        headers["If-None-Match"] = state.validators.etag
    if state.validators.last_modified:
        headers["If-Modified-Since"] = state.validators.last_modified
    url = state.url or feed.url
    # A feed that has moved elsewhere took no password along: the user gave it to the first host only.
    credentials = feed.credentials if _same_origin(url, feed.url) else None
    try:
        try:
            answer = await _get(client, url, headers, credentials)
        except RequestFailed as error:
            if error.reason != "encoding":
                raise
            # Some servers announce gzip and send something else; asked for nothing, they behave.
            answer = await _get(client, url, headers | {"Accept-Encoding": "identity"}, credentials)
    except RequestFailed as error:
        return FetchFailed(error.reason, error.detail)
    if answer.status == 304 and state.validators == Validators():
        return FetchFailed("status", "the server answers 304 (not modified) although nobody asked it that", 304)
    return _judged(answer, now)


def _same_origin(url: str, other: str) -> bool:
    return URL(url, encoded=True).origin() == URL(other, encoded=True).origin()


async def _get(client: Client, url: str, headers: Mapping[str, str], credentials: str | None) -> Response:
    return await client.request(
        "GET", url, headers=headers, credentials=credentials, follow=True, deadline=DEADLINE, limit=MAX_BODY
    )


def _judged(answer: Response, now: int) -> FetchResult:
    hints = CacheHints(_max_age(answer, now), _retry_after(answer, now))
    validators = Validators(_clean(answer.headers.get("ETag")), _clean(answer.headers.get("Last-Modified")))
    moved = answer.url if answer.redirected and answer.permanent else None
    if answer.status == 304:
        return NotModified(validators, hints, moved)
    if answer.status == 200 and not answer.cut:
        kind = answer.headers.get("Content-Type", "").encode("utf-8", "replace").decode()
        return Fetched(answer.url, answer.body, kind, answer.headers.get("Content-Location"), validators, hints, moved)
    if answer.cut:
        return FetchFailed("too-large", f"the feed is larger than {MAX_BODY >> 20} MB", answer.status, hints)
    detail = {
        401: "the server asks for a user and password; write them into the URL: https://user:password@host/",
        403: "the server refuses this reader (403)",
        404: "there is nothing at this URL (404)",
        410: "the feed is gone for good (410); polling has stopped",
        429: "the server asks for fewer requests (429)",
    }.get(answer.status, f"the server answered {answer.status}")
    return FetchFailed("gone" if answer.status == 410 else "status", detail, answer.status, hints)


def _clean(validator: str | None) -> str | None:
    """A validator that can be sent back unaltered; bytes that are no UTF-8 could not."""
    if validator is None or len(validator) > 2_000 or not validator.isprintable():
        return None
    return validator or None


def _max_age(answer: Response, now: int) -> int | None:
    control = ", ".join(answer.headers.getall("Cache-Control", ()))
    if found := _MAX_AGE.search(control):
        return int(found[1])
    if _NO_CACHE.search(control):
        return None
    return seconds_until(answer.headers.get("Expires"), now)


def _retry_after(answer: Response, now: int) -> int | None:
    if answer.status != 429 and answer.status < 500:
        return None
    return parse_retry_after(answer.headers.get("Retry-After"), now)
