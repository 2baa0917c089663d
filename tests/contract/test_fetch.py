"""One poll of a feed on the wire: what is asked, and what the answer is taken for."""

from __future__ import annotations

import asyncio
import gzip
import time
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from monitor.feeds import fetch as fetching
from monitor.feeds.fetch import MAX_BODY, fetch
from monitor.model.feed import (
    CacheHints,
    ClaimedFeed,
    FeedConfig,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    Validators,
)
from monitor.net.client import Client
from monitor.net.dates import seconds_until
from tests.contract.test_http_client import LOOPBACK, NO_NAMES, RawServer, answer, redirect

NOW = 1_700_000_000_000
"""Tue, 14 Nov 2023 22:13:20 GMT."""
BODY = b"<rss version='2.0'><channel><title>t</title></channel></rss>"


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(LOOPBACK, resolver=NO_NAMES) as made:
        yield made


def claimed(url: str, state: FeedState | None = None, credentials: str | None = None) -> ClaimedFeed:
    config = FeedConfig("f1", url, credentials, None, (), enabled=True, backfill_alerts=False, created_at=0)
    return ClaimedFeed(config, state or FeedState(), 1)


async def poll(client: Client, raw: RawServer, state: FeedState | None = None) -> FetchResult:
    return await fetch(client, claimed(f"{raw.url}/a", state), NOW)


# ── validators ──


@pytest.mark.parametrize(
    ("etag", "modified"),
    [
        ('"abc"', "Tue, 14 Nov 2023 22:13:20 GMT"),
        ('W/"weak"', None),
        ("unquoted", None),
        ('"with "inner" quotes"', None),
        ('"two  spaces;and,commas"', "tue, 14 nov 2023 22:13:20 +0000"),
        ('"käse-日本"', "yesterday"),
        (None, "2023-11-14T22:13:20Z"),
        (None, "0"),
    ],
)
async def test_validators_go_back_byte_for_byte(
    raw: RawServer, client: Client, etag: str | None, modified: str | None
) -> None:
    """What the server sent as ETag and Last-Modified is what it gets with the next poll, quotes and all."""
    headers = "".join(
        f"{name}: {value}\r\n" for name, value in (("ETag", etag), ("Last-Modified", modified)) if value is not None
    )
    raw.pages["/a"] = [answer(body=BODY, headers=headers), answer("304 Not Modified")]
    first = await poll(client, raw)
    assert isinstance(first, Fetched)
    second = await poll(client, raw, FeedState(validators=first.validators))
    assert isinstance(second, NotModified)
    assert (raw.header("If-None-Match"), raw.header("If-Modified-Since")) == (etag, modified)


async def test_without_validators_none_are_invented(raw: RawServer, client: Client) -> None:
    """A first poll is an ordinary GET; nothing forces a fresh copy past the caches."""
    raw.pages["/a"] = answer(body=BODY)
    found = await poll(client, raw)
    assert isinstance(found, Fetched)
    assert found.validators == Validators()
    for name in ("If-None-Match", "If-Modified-Since", "Cache-Control", "Pragma", "Cookie", "Referer"):
        assert raw.header(name) is None
    assert raw.requests[0].startswith(b"GET /a HTTP/1.1\r\n")
    assert raw.header("Accept-Encoding") == "gzip, deflate, br"


@pytest.mark.parametrize("etag", [b'"\xff\xfe"', b'"' + b"x" * 5000 + b'"', b"", b'"a\tb"'])
async def test_a_validator_that_could_not_be_sent_back_is_dropped(raw: RawServer, client: Client, etag: bytes) -> None:
    """Bytes that are no text, and lengths that servers refuse, are not kept."""
    raw.pages["/a"] = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\nETag: " + etag + b"\r\n\r\nx"
    found = await poll(client, raw)
    assert isinstance(found, Fetched)
    assert found.validators.etag is None


async def test_a_304_may_bring_new_validators(raw: RawServer, client: Client) -> None:
    """The validators of a 304 are handed on; those that it leaves out are None, for the caller to keep."""
    raw.pages["/a"] = answer("304 Not Modified", headers='ETag: "new"\r\nCache-Control: max-age=60\r\n')
    found = await poll(client, raw, FeedState(validators=Validators('"old"', "Tue, 14 Nov 2023 22:13:20 GMT")))
    assert found == NotModified(Validators('"new"', None), CacheHints(60))


async def test_a_304_that_nobody_asked_for_is_a_failure(raw: RawServer, client: Client) -> None:
    """Without validators sent, "not modified" would leave a feed without stories and without a reason."""
    raw.pages["/a"] = answer("304 Not Modified", headers='ETag: "x"\r\n')
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert (found.reason, found.status) == ("status", 304)


# ── when to come back ──


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("Cache-Control: max-age=600", 600),
        ("cache-control: PUBLIC, MAX-AGE=600", 600),
        ("Cache-Control: public,max-age=600,must-revalidate", 600),
        ('Cache-Control: max-age="600"', 600),
        ("Cache-Control: s-maxage=5, max-age=600", 600),
        ("Cache-Control: s-maxage=600", None),
        ("Cache-Control: max-age=0", 0),
        ("Cache-Control: max-age=-1", None),
        ("Cache-Control: max-age=soon", None),
        ("Cache-Control: max-age=31536000", 31536000),
        ("Cache-Control: public\r\nCache-Control: max-age=600", 600),
        ("Cache-Control: max-age=600\r\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", 600),
        ("Cache-Control: no-cache\r\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", None),
        ("Cache-Control: public\r\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", 3600),
        ("Expires: Tue, 14 Nov 2023 23:13:20 GMT", 3600),
        ("Expires: Tuesday, 14-Nov-23 23:13:20 GMT", 3600),
        ("Expires: Tue Nov 14 23:13:20 2023", 3600),
        ("Expires: Tue, 14 Nov 2023 21:13:20 GMT", None),
        ("Expires: 0", None),
        ("Expires: -1", None),
        ("Expires: Tue, 99 Foo 9999 99:99:99 GMT", None),
        ("Expires: ", None),
        ("X-Other: 1", None),
    ],
)
async def test_cache_headers_say_how_long_the_copy_is_good(
    raw: RawServer, client: Client, headers: str, expected: int | None
) -> None:
    """max-age wins over Expires; garbage and past dates say nothing."""
    raw.pages["/a"] = answer(body=BODY, headers=f"{headers}\r\n")
    found = await poll(client, raw)
    assert isinstance(found, Fetched)
    assert found.hints.max_age == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("999999999999999999999999", 999_999_999),
        ("Tue, 14 Nov 2023 22:15:20 GMT", 120),
        ("Tue, 14 Nov 2023 22:00:00 GMT", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
async def test_retry_after_is_read_in_seconds_or_as_a_date(
    raw: RawServer, client: Client, value: str, expected: int | None
) -> None:
    """On 429 and 503; a date that is past, and garbage, say nothing."""
    for status in ("429 Too Many Requests", "503 Service Unavailable"):
        raw.pages["/a"] = answer(status, headers=f"Retry-After: {value}\r\n")
        found = await poll(client, raw)
        assert isinstance(found, FetchFailed)
        assert found.hints.retry_after == expected, status


@pytest.mark.parametrize("status", ["200 OK", "301 Moved", "304 Not Modified", "404 Not Found"])
async def test_retry_after_counts_only_where_it_has_a_meaning(raw: RawServer, client: Client, status: str) -> None:
    """A Retry-After on another status is ignored."""
    raw.pages["/a"] = answer(status, body=b"" if "304" in status else BODY, headers="Retry-After: 999\r\n")
    assert (await poll(client, raw)).hints.retry_after is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize(
    "date",
    [
        "Tue, 14 Nov 2023 23:13:20 GMT", "Tue, 14 Nov 2023 23:13:20", "Tue Nov 14 23:13:20 2023",
        "Tue, 14 Nov 2023 23:13:20 -0000", "Wed, 15 Nov 2023 00:13:20 +0100",
    ],
)  # fmt: skip
def test_http_dates_do_not_depend_on_the_machines_zone(zone: str, date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A date in a header without a zone is GMT (RFC 9110, section 5.6.7), wherever the service runs."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", zone)
        time.tzset()
        found = seconds_until(date, NOW)
    time.tzset()
    assert found == 3600


# ── outcomes ──


@pytest.mark.parametrize(
    ("status", "reason"),
    [("401 No", "status"), ("403 No", "status"), ("404 No", "status"), ("410 Gone", "gone"), ("429 Wait", "status"),
     ("500 Oops", "status"), ("503 Later", "status"), ("204 Nothing", "status"), ("206 Part", "status"),
     ("301 No Location", "status"), ("999 Denied", "status")],
)  # fmt: skip
async def test_statuses_become_reasons(raw: RawServer, client: Client, status: str, reason: str) -> None:
    """Only 200 is a feed; everything else fails with its status, and 410 alone ends the polling."""
    raw.pages["/a"] = answer(status, body=b"" if status[0:3] == "204" else BODY)
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert (found.reason, found.status, found.gone) == (reason, int(status[:3]), reason == "gone")
    assert status[:3] in found.detail or status[:3] == "401"


async def test_the_final_url_and_a_permanent_move_are_told(raw: RawServer, client: Client) -> None:
    """The base of relative links is where the document came from; only a 301 or 308 is a move."""
    raw.pages |= {"/b": answer(body=BODY, headers="Content-Type: text/xml\r\nContent-Location: /c\r\n")}
    for status, moved in ((301, f"{raw.url}/b"), (302, None)):
        raw.pages["/a"] = redirect("/b", status)
        found = await poll(client, raw)
        assert found == Fetched(f"{raw.url}/b", BODY, "text/xml", "/c", Validators(), CacheHints(), moved)


async def test_credentials_do_not_follow_a_feed_that_has_moved(raw: RawServer, client: Client) -> None:
    """After a permanent move to another origin, the password of the first one is still not sent there."""
    async with RawServer() as other:
        raw.pages["/a"] = other.pages["/b"] = answer(body=BODY)
        await fetch(client, claimed(f"{raw.url}/a", credentials="us:pw"), NOW)
        assert raw.header("Authorization") == "Basic " + b64encode(b"us:pw").decode()
        await fetch(client, claimed(f"{raw.url}/a", FeedState(url=f"{other.url}/b"), "us:pw"), NOW)
        assert other.paths == ["/b"]
        assert other.header("Authorization") is None


async def test_a_broken_encoding_is_asked_for_once_more_without_any(raw: RawServer, client: Client) -> None:
    """A server that announces gzip and sends plain text gets a second chance, with the same validators."""
    raw.pages["/a"] = [answer(body=BODY, headers="Content-Encoding: gzip\r\n"), answer(body=BODY)]
    found = await poll(client, raw, FeedState(validators=Validators('"x"')))
    assert isinstance(found, Fetched)
    assert found.body == BODY
    assert [raw.header("Accept-Encoding", n) for n in (0, 1)] == ["gzip, deflate, br", "identity"]
    assert [raw.header("If-None-Match", n) for n in (0, 1)] == ['"x"', '"x"']


async def test_an_encoding_that_stays_broken_fails_after_the_second_request(raw: RawServer, client: Client) -> None:
    """Once is enough: there is no third request."""
    raw.pages["/a"] = answer(body=b"plain", headers="Content-Encoding: gzip\r\n")
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert (found.reason, len(raw.requests)) == ("encoding", 2)


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "200 OK"])
async def test_other_failures_are_not_repeated(raw: RawServer, client: Client, status: str) -> None:
    """Everything but a broken encoding waits for the next poll."""
    raw.pages["/a"] = answer(status, body=BODY)
    await poll(client, raw)
    assert len(raw.requests) == 1


async def test_a_feed_beyond_the_size_limit_is_refused_not_parsed_in_part(raw: RawServer, client: Client) -> None:
    """Ten megabytes after decompression are the end; half a document would look like deleted items."""
    raw.pages["/a"] = answer(body=gzip.compress(bytes(MAX_BODY + 1), 1), headers="Content-Encoding: gzip\r\n")
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert (found.reason, found.status) == ("too-large", 200)
    raw.pages["/a"] = answer(body=gzip.compress(bytes(MAX_BODY), 1), headers="Content-Encoding: gzip\r\n")
    whole = await poll(client, raw)
    assert isinstance(whole, Fetched)
    assert len(whole.body) == MAX_BODY


@pytest.mark.parametrize(
    ("page", "reason"),
    [(b"", "protocol"), (b"not http\r\n\r\n", "protocol"), (redirect("ftp://127.0.0.1/"), "bad-url"),
     (redirect("/a"), "too-many-redirects"), (redirect("http://10.0.0.1/"), "blocked")],
    ids=["nothing", "garbage", "ftp", "loop", "private"],
)  # fmt: skip
async def test_what_goes_wrong_on_the_way_is_a_result(raw: RawServer, client: Client, page: bytes, reason: str) -> None:
    """A poll never raises on account of the server."""
    raw.pages["/a"] = page
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert found.reason == reason
    assert found.detail


async def test_a_drip_is_a_timeout(raw: RawServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll's deadline is over everything."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(fetching, "DEADLINE", 0.2)
    raw.pages["/a"] = drip
    found = await poll(client, raw)
    assert isinstance(found, FetchFailed)
    assert found.reason == "timeout"
