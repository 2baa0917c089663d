"""Messages as they go over the wire: what every program that reads them must find in them."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.delivery.message import Envelope, compose
from monitor.render.mail import Rendered

NOW = 1_700_000_000_123
"""Tue, 14 Nov 2023 22:13:20 GMT."""
UNSUBSCRIBE = "https://monitor.example/unsubscribe/s2xq5mzvydpqbhafe.abcdefghijklmnop"
ENVELOPE = Envelope(
    Address("News desk", "monitor", "news.example"),
    "reader@example.org",
    "s2xq5m",
    "Desk",
    "s2xq5m-0f3a",
    NOW,
    UNSUBSCRIBE,
)
MAIL = Rendered("3 hits: Vietnam arms", "<p>Hanoi</p>\n", "Hanoi\n")


def parsed(message: bytes) -> EmailMessage:
    """The message as Python's own parser reads it."""
    found = message_from_bytes(message, policy=default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def subject(text: str) -> bytes:
    """A message with that subject."""
    return compose(ENVELOPE, replace(MAIL, subject=text))


def header(message: bytes, name: str) -> bytes:
    """A header as it stands on the wire, with its folds; there is exactly one."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.findall(rb"(?im)^%s:(?:.*\r\n)(?:[ \t].*\r\n)*" % name.encode(), head)
    assert len(found) == 1, name
    made: bytes = found[0]
    return made


def sound(message: bytes) -> None:
    """What holds for every message: ASCII, CRLF only, no line over 998 bytes, and none over 76 with an encoded word."""
    assert message.isascii()
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert max(len(line) for line in message.split(b"\r\n")) <= 998
    head = message.partition(b"\r\n\r\n")[0]
    for word in re.findall(rb"=\?\S*?\?=", head):
        assert len(word) <= 75, word
    assert all(len(line) <= 76 for line in head.split(b"\r\n") if b"=?" in line)


# ── headers ──


def test_headers_say_what_the_mail_is() -> None:
    """Who from, who to, when, a list's mail made by a machine; the ids follow from delivery and subscription."""
    message = parsed(compose(ENVELOPE, MAIL))
    assert message["From"].addresses == (Address("News desk", "monitor", "news.example"),)
    assert message["To"].addresses == (Address("", "reader", "example.org"),)
    assert message["Subject"] == "3 hits: Vietnam arms"
    assert parsedate_to_datetime(message["Date"]).timestamp() == NOW // 1000
    expected = {
        "Message-ID": "<s2xq5m-0f3a@news.example>",
        "References": "<s2xq5m@news.example>",
        "List-Id": "<s2xq5m.news.example>",
        "List-Unsubscribe": f"<{UNSUBSCRIBE}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }
    assert {name: message[name] for name in expected} == expected
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("length", [20, 76, 79, 200, 500, 900])
def test_a_long_unsubscribe_address_stays_whole(length: int) -> None:
    """List-Unsubscribe is one line and no encoded word, however long the address (cpython issue 85725)."""
    url = f"https://monitor.example/{'x' * length}/unsubscribe/token"
    message = compose(replace(ENVELOPE, unsubscribe=url), MAIL)
    assert header(message, "List-Unsubscribe") == f"List-Unsubscribe: <{url}>\r\n".encode()
    sound(message)


@pytest.mark.parametrize("name", ["Message-ID", "References", "List-Id"])
def test_ids_stay_whole(name: str) -> None:
    """Ids at a host with a long name are not folded either."""
    far = replace(ENVELOPE, sender=Address("", "monitor", f"{'a-long-label.' * 15}example"), delivery="s" * 60)
    message = compose(far, MAIL)
    assert header(message, name).count(b"\r\n") == 1
    assert b"=?" not in header(message, name)
    sound(message)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (UNSUBSCRIBE, {"List-Unsubscribe", "List-Unsubscribe-Post"}),
        (UNSUBSCRIBE.replace("https", "http"), {"List-Unsubscribe"}),
        ("httpsx://monitor.example/", {"List-Unsubscribe"}),
        (None, set()),
    ],
)
def test_one_click_is_offered_over_https_only(url: str | None, headers: set[str]) -> None:
    """RFC 8058: no https, no List-Unsubscribe-Post; no address, neither."""
    message = parsed(compose(replace(ENVELOPE, unsubscribe=url), MAIL))
    assert {h for h in message if h.startswith("List-Unsub")} == headers


def test_the_same_delivery_is_the_same_bytes() -> None:
    """An attempt that is made again is the same mail; another delivery has another id and another boundary."""
    mail = replace(MAIL, subject="Überraschung 驚き", html="<p>驚き</p>" * 90, text="驚き\n" * 90)
    assert compose(ENVELOPE, mail) == compose(ENVELOPE, mail)
    other = parsed(compose(replace(ENVELOPE, delivery="s2xq5m-9999"), mail))
    mine = parsed(compose(ENVELOPE, mail))
    for message, same in ((other, False), (mine, True)):
        assert (message["Message-ID"] == mine["Message-ID"]) is same
        assert (message.get_boundary() == mine.get_boundary()) is same
        assert message["References"] == mine["References"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "News",
        "Nachrichten für Köln",
        "ニュース速報",
        'A "quoted" name, with comma',
        "x" * 300,
        "a\u202eb",
        "🗞️" * 40,
    ],
)
def test_a_senders_name_arrives(name: str) -> None:
    """Whatever the operator calls the sender, one address with that name is what a reader sees."""
    message = compose(replace(ENVELOPE, sender=Address(name, "monitor", "news.example")), MAIL)
    sound(message)
    old = message_from_bytes(message, policy=compat32)["From"].replace("\r\n", "")
    assert parseaddr(str(make_header(decode_header(old)))) == (name, "monitor@news.example")
    (address,) = parsed(message)["From"].addresses  # this parser puts blanks between the encoded words of a name
    assert (address.addr_spec, address.display_name.replace(" ", "")) == ("monitor@news.example", name.replace(" ", ""))


# ── subjects ──


def unbroken(text: str) -> str:
    """The subject that a reader should see: no line breaks or other controls, and a mark in place of broken Unicode."""
    text = re.sub(r"[\ud800-\udfff]", "?", text)
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)


SUBJECTS = {
    "plain": "3 hits: Vietnam arms",
    "line breaks": "Hanoi\r\nBcc: victim@example.org\r\n\r\nbody",
    "bare breaks": "a\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h",
    "controls": "a\x00b\x1bc\x7fd\te",
    "thousand": "x" * 1_000,
    "thousand words": "word " * 200 + "end",
    "thousand wide": "長" * 1_000,
    "emoji": "👩‍👩‍👧‍👦 🇻🇳 ✈️ " * 30 + "end",
    "rtl": "\u202eعاجل: صفقة أسلحة\u202c – مباشر",
    "hebrew": "\u200fשלום עולם\u200f 3",
    "surrogates": "a\ud800b\udfffc",
    "encoded word": "=?utf-8?q?Bcc=3A?= plain",
    "looks encoded": "=?utf-8?b?" + "QUJD" * 30 + "?=",
    "spaces": "a  b   c",
    "wide spaces": "名 前  と",
    "mixed": "Überraschung: “F-16” for Hanoi — 日本語 und mehr, naïve façade",
    "only last is wide": "a" * 70 + " b" * 20 + " é",
    "quotes": '"quoted" <a@b.example>, (comment) \\ back',
    "underscores": "snake_case = ? _é_",
    "one": "é",
    "digits": "1" * 75 + "é" + "2" * 75,
}


@pytest.mark.parametrize("text", SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_arrives_as_it_was(text: str) -> None:
    """One header, that two generations of parsers read as the very subject, on one line."""
    message = subject(text)
    sound(message)
    assert parsed(message)["Subject"] == unbroken(text)
    old = message_from_bytes(message, policy=compat32)["Subject"].replace("\r\n", "")
    assert str(make_header(decode_header(old))) == unbroken(text)
    assert parsed(message).keys() == parsed(subject("x")).keys()


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_subject_arrives_as_it_was(text: str) -> None:
    """The same for whatever text."""
    message = subject(text)
    sound(message)
    assert parsed(message)["Subject"] == unbroken(text)
    assert parsed(message).keys() == parsed(subject("x")).keys()


# ── bodies ──


def breaks(text: str) -> str:
    """The text with all line breaks alike, and a last one."""
    text = re.sub(r"\r\n?", "\n", re.sub(r"[\ud800-\udfff]", "?", text))
    return text if text.endswith("\n") else f"{text}\n"


BODIES = {
    "plain": "Hanoi\n",
    "german": "Überraschung für Köln: größer, „schöner“ – und naïv.\n" * 40,
    "japanese": "ベトナムが戦闘機を購入。\n" * 40,
    "arabic": "\u202bعاجل: صفقة أسلحة جديدة\u202c\n" * 40,
    "emoji": "👩‍👩‍👧‍👦 🇻🇳 ✈️\n" * 40,
    "one long line": "<p>" + "word " * 9_000 + "</p>\n",
    "one long wide line": "<p>" + "名前" * 9_000 + "</p>\n",
    "dots": ".\n..\n.QUIT\n\n.\n",
    "boundary": "--=_s2xq5m-0f3a\n--=_s2xq5m-0f3a--\n",
    "from": "From the desk\n>From the desk\nFrom: x\n",
    "blanks at ends": "a \nb\t\n \n\t\n",
    "equals": "a=3D b=\nc=20 https://x.example/?a=b&c=%20\n",
    "breaks": "a\r\nb\rc\n\n\n",
    "controls": "a\x00b\x0cc\x0bd\x85e\u2028f\n",
    "surrogates": "a\ud800b\n",
    "no last break": "a\nb",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_arrive_as_they_were(body: str) -> None:
    """Both bodies come back exactly, in an encoding that any server takes."""
    message = compose(ENVELOPE, replace(MAIL, html=f"<pre>{body}</pre>\n", text=body))
    sound(message)
    found = parsed(message)
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert breaks(plain.get_content()) == breaks(body)
    assert breaks(html.get_content()) == breaks(f"<pre>{body}</pre>\n")
    for part in (plain, html):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64")


@given(st.text(max_size=400), st.text(max_size=400))
@settings(deadline=None)
def test_any_bodies_arrive_as_they_were(text: str, html: str) -> None:
    """The same for whatever text."""
    message = compose(ENVELOPE, replace(MAIL, html=html, text=text))
    sound(message)
    parts = [breaks(part.get_content()) for part in parsed(message).iter_parts()]
    assert parts == [breaks(text), breaks(html)]
