"""What a user types as a feed's address."""

from __future__ import annotations

import pytest

from monitor.errors import InvalidInput
from monitor.feeds.address import LONGEST, new_feed, parse_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://news.example/feed.xml", "https://news.example/feed.xml"),
        ("  https://news.example/feed.xml\n", "https://news.example/feed.xml"),
        ("news.example/feed", "https://news.example/feed"),
        ("news.example", "https://news.example/"),
        ("news.example:8080/feed", "https://news.example:8080/feed"),
        ("news.example/feed?url=https://other.example/", "https://news.example/feed?url=https://other.example/"),
        ("http://news.example", "http://news.example/"),
        ("http://news.example?x=1", "http://news.example/?x=1"),
        ("HTTPS://News.Example/Feed", "https://news.example/Feed"),
        ("http://news.example:80/f", "http://news.example/f"),
        ("https://news.example:443/f", "https://news.example/f"),
        ("http://news.example:443/f", "http://news.example:443/f"),
        ("https://news.example:/f", "https://news.example/f"),
        ("https://news.example/f#latest", "https://news.example/f"),
        ("feed://news.example/f", "http://news.example/f"),
        ("feed:https://news.example/f", "https://news.example/f"),
        ("FEED:https://news.example/f", "https://news.example/f"),
        ("https://news.example/%7Euser/%e4?q=%2F&r=a+b;c", "https://news.example/%7Euser/%e4?q=%2F&r=a+b;c"),
        ("https://news.example/~user//b/../c", "https://news.example/~user//b/../c"),
        ("http://127.0.0.1:8080/f", "http://127.0.0.1:8080/f"),
        ("http://[::1]:8080/f", "http://[::1]:8080/f"),
        ("http://[2001:DB8::A]/f", "http://[2001:db8::a]/f"),
        ("https://under_score.example/f", "https://under_score.example/f"),
        ("https://xn--bcher-kva.example/f", "https://xn--bcher-kva.example/f"),
        ("https://bücher.example/f", "https://xn--bcher-kva.example/f"),
        ("https://BÜCHER.example/f", "https://xn--bcher-kva.example/f"),
    ],
)
def test_one_feed_has_one_address(typed: str, address: str) -> None:
    """Spellings that mean the same URL become one; what the server may care about stays as written."""
    assert parse_address(typed) == (address, None)
    assert parse_address(address) == (address, None), "an address is its own address"


@pytest.mark.parametrize(
    ("typed", "credentials"),
    [
        ("https://user:pass@news.example/f", "user:pass"),
        ("user:pass@news.example/f", "user:pass"),
        ("https://user@news.example/f", "user:"),
        ("https://:token@news.example/f", ":token"),
        ("https://us%40er:p%3Ass%2Fword@news.example/f", "us@er:p:ss/word"),
        ("https://user:p%C3%A4ss@news.example/f", "user:päss"),
        ("https://user:a:b@news.example/f", "user:a:b"),
        ("feed:https://user:pass@news.example/f", "user:pass"),
        ("https://@news.example/f", None),
    ],
)
def test_userinfo_is_kept_apart(typed: str, credentials: str | None) -> None:
    """The stored address never holds a password; the credentials are decoded."""
    assert parse_address(typed) == ("https://news.example/f", credentials)


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", "ftp://news.example/f", "file:///etc/hostname", "file:/etc/hostname", "javascript:alert(1)",
        "data:text/xml,x", "http:", "http://", "https:///f", "//news.example/f",
        "http:/news.example/f", "http:news.example/f", "https://news example/f", "https://news.example/a b",
        "https://news.example/a\nb", "https://news.example/\x00", "https://news.example/\u202egnp.exe",
        "https://news.example:99999/f", "https://news.example:0/f", "https://news.example:port/f", "https://[::1/f",
        "https://[zz::1]/f", "https://./f", "https://a..b/f", "https://.news.example/f",
        "https://" + "a" * 64 + ".example/f", "https://news.example/" + "x" * LONGEST,
        "https://good.example\\@evil.example/f", "https://h%6Fst.example/f", "https://ne<ws.example/f",
        "https://ne|ws.example/f", "feed:", "\ud800.example",
    ],
)  # fmt: skip
def test_what_cannot_be_polled_is_refused(typed: str) -> None:
    """The error names the field, so that the API can point at it."""
    with pytest.raises(InvalidInput) as caught:
        parse_address(typed)
    assert caught.value.field == "url"
    assert caught.value.detail


def test_an_interval_below_the_floor_is_raised_to_it() -> None:
    """Nobody polls more often than the service allows; None stays None; a tag stands once."""
    address = "https://news.example/f"
    made = [new_feed(address, None, now=1, floor=60, interval=i, tags=("a", "b", "a")) for i in (5, 60, 900, None)]
    assert [feed.interval for feed in made] == [60, 60, 900, None]
    assert {feed.tags for feed in made} == {("a", "b")}


def test_one_url_is_one_feed_id() -> None:
    """The id is a function of the address alone."""
    first = new_feed("https://news.example/f", None, now=1, floor=60)
    again = new_feed("https://news.example/f", "user:pass", now=2, floor=1, interval=5, title="t")
    other = new_feed("https://news.example/g", None, now=1, floor=60)
    assert first.id == again.id != other.id
