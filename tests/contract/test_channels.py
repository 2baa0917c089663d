"""From settings to ways out: who mails are from, and where their links lead."""

from __future__ import annotations

from email.headerregistry import Address
from typing import Any

import pytest

from monitor.errors import ConfigurationError
from monitor.settings import Settings
from monitor.store.store import Store
from monitor.wiring.channels import _sender, make_links


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("desk@example.org", Address("", "desk", "example.org")),
        ("News desk <desk@example.org>", Address("News desk", "desk", "example.org")),
        ('"News, desk" <desk@example.org>', Address("News, desk", "desk", "example.org")),
        ("Köln <desk@example.org>", Address("Köln", "desk", "example.org")),
        (" <desk@example.org> ", Address("", "desk", "example.org")),
    ],
)
def test_the_sender_is_what_was_set(given: str, expected: Address) -> None:
    """MAIL_FROM is an address, with or without a name."""
    assert _sender(Settings(mail_from=given)) == expected


@pytest.mark.parametrize(
    "given",
    ["nobody", "@example.org", "desk@", "desk@ex ample.org", "a@b.example, c@d.example", "a@b.example <c@d.example>",
     "News, desk <desk@example.org>", "News <desk@example.org> x", "dêsk@example.org", "desk@exämple.org", "<>"],
)  # fmt: skip
def test_a_sender_that_is_no_address_is_refused(given: str) -> None:
    """No part of it is taken for the whole."""
    with pytest.raises(ConfigurationError, match="MONITOR_MAIL_FROM"):
        _sender(Settings(mail_from=given))


@pytest.mark.parametrize(
    ("public", "host"),
    [
        ("https://monitor.example.org", "monitor.example.org"),
        ("https://monitor.example.org:8443/news/", "monitor.example.org"),
        ("https://münchen.example/", "xn--mnchen-3ya.example"),
        ("http://192.0.2.5:8000", "localhost"),
        ("http://[2001:db8::1]:8000", "localhost"),
        (None, "localhost"),
    ],
)
def test_without_one_mails_are_from_the_host_that_readers_know(public: str | None, host: str) -> None:
    """The host of PUBLIC_URL in ASCII; a bare number is no address of a sender."""
    assert _sender(Settings(public_url=public)) == Address("Media monitor", "media-monitor", host)


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({"public_url": "https://monitor.example.org/"}, "https://monitor.example.org"),
        ({"public_url": "https://example.org/news/"}, "https://example.org/news"),
        ({"public_url": "https://münchen.example/größe"}, "https://xn--mnchen-3ya.example/gr%C3%B6%C3%9Fe"),
        ({"host": "0.0.0.0", "port": 8000}, "http://localhost:8000"),
        ({"host": "::1", "port": 0}, "http://[::1]:4711"),
        ({"port": 0}, "http://127.0.0.1:4711"),
    ],
)
async def test_links_lead_where_readers_reach_the_service(store: Store, given: dict[str, Any], base: str) -> None:
    """In ASCII, since they stand in headers; every process of a store makes and takes the same links."""
    links = await make_links(Settings(**given), store, 4711 if given.get("port") == 0 else None)
    assert links.unsubscribe("s1").startswith(f"{base}/unsubscribe/s1.")
    again = await make_links(Settings(), store)
    assert again.verify("unsubscribe", links.token("unsubscribe", "s1")) == "s1"
    await store.client.call("FLUSHALL")
    other = await make_links(Settings(), store)
    assert other.verify("unsubscribe", links.token("unsubscribe", "s1")) is None


@pytest.mark.parametrize(
    "given",
    [
        "monitor.example",
        "ftp://monitor.example",
        "https://",
        "http://[::1",
        "https:///x",
        "//x",
        "https://user:hunter2@x.example",
        "https://x.example/?a",
        "https://x.example/#a",
    ],
)
async def test_an_address_that_leads_nowhere_is_refused(store: Store, given: str) -> None:
    """Links that no reader can open would be found out too late."""
    with pytest.raises(ConfigurationError, match="MONITOR_PUBLIC_URL") as caught:
        await make_links(Settings(public_url=given), store)
    assert "hunter2" not in str(caught.value)
