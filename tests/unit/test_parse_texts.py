"""Texts of feeds: HTML to plain text, character sets, hostile documents, and bodies that are no feed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from monitor.feeds.parse import MAX_ITEMS, MAX_TEXT, MAX_TITLE, parse
from monitor.model.feed import ParseFailed
from tests.unit.test_parse import URL, json_feed, only, read, rss


def refused(body: bytes, content_type: str = "text/html") -> ParseFailed:
    """The failure that ``body`` must be."""
    found = parse(body, URL, content_type, None)
    assert isinstance(found, ParseFailed), found
    return found


def html_item(html: str) -> str:
    """The body of an RSS item whose description is ``html``."""
    return only(rss(f"<title>t</title><description>{escape(html)}</description>")).body


def texts(value: object) -> Iterator[str]:
    """Every string in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from texts(part)


# ── texts ──


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("Z&amp;uuml;rich &#8220;X&#8221;", "Zürich “X”"),
        ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
        ("<![CDATA[<i>Quick</i> &amp; easy]]>", "Quick & easy"),
        ("Profit &lt; 5% &amp; loss &gt; 3%", "Profit < 5% & loss > 3%"),
        ("I &lt;3 ferries", "I <3 ferries"),
        ("\n  Two\n   lines \t", "Two lines"),
        ("A&lt;br&gt;B", "A B"),
        ("bell &#7; and &#x0b; tab", "bell and tab"),
        ("Zero\u200bwidth 日本 🚀", "Zero\u200bwidth 日本 🚀"),
    ],
)
def test_titles_are_one_line_of_plain_text(title: str, expected: str) -> None:
    """Entities are read, doubly escaped ones too; tags go; comparisons stay."""
    assert only(rss(f"<title>{title}</title><link>https://news.example/1</link>")).title == expected


@pytest.mark.parametrize("kind", ["text", None])
def test_plain_text_in_atom_is_no_html(kind: str | None) -> None:
    """Where Atom says text (its default), a tag in it is a word that the author wrote."""
    given = f' type="{kind}"' if kind else ""
    item = only(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title{given}>Use &lt;b&gt; well</title>'
        f"<content{given}>Use &lt;b&gt; for bold &amp;amp; more</content></entry></feed>"
    )
    assert (item.title, item.body) == ("Use <b> well", "Use <b> for bold &amp; more")


def test_entities_in_a_plain_summary_are_read() -> None:
    """Blogger takes the tags out of a summary and leaves the entities in; a tag is still a word."""
    item = only(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title>'
        '<summary type="text">Studies&amp;nbsp;of &lt;b&gt; &amp;amp; more</summary></entry></feed>'
    )
    assert item.body == "Studies of <b> & more"


def test_surrogates_that_are_a_pair_are_one_character() -> None:
    """Word and old JavaScript write an emoji as two references; in CDATA too; a lone one is U+FFFD."""
    for text in ("&#55357;&#56832;&#xd800;!", "<![CDATA[&#xD83D;&#xDE00;&#55357!]]>"):
        assert only(rss(f"<title>t</title><description>{text}</description>")).body == "😀\ufffd!"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<b>bo</b>ld <a href='x'>link</a>", "bold link"),
        ("<script>alert(1)</script><style>p{}</style>Text", "Text"),
        ("Text<!-- hidden --> more", "Text more"),
        ("a &lt;tag&gt; &amp;amp; b", "a <tag> &amp; b"),
        ("<p>Never closed <b>bold", "Never closed bold"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<img src=x onerror=alert(1) alt=p>after", "after"),
        ("<![if !vml]>Word<![endif]>", "Word"),
        ("<![odd[ text ]]>after", "after"),
        ("before <![ x", "before"),
        ("<html><head><title>t</title><body><p>Hello", "Hello"),
        ("<svg><title>x</svg>after", "after"),
        ("<iframe src='x'>", ""),
        ("5 < 6 & 7 > 6", "5 < 6 & 7 > 6"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1\n2"),
        ("non&nbsp;breaking\u00a0 spaces", "non breaking spaces"),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, expected: str) -> None:
    """Blocks on lines of their own, nothing of tags, scripts or comments; odd markup hides no text."""
    assert html_item(html) == expected
    assert html_item(f"<p>Start</p>{html}").split("\n", 1)[0] == "Start"


def test_the_longest_text_of_an_item_is_its_body() -> None:
    """A feed with summary and full content gives the content."""
    item = only(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>t</title>'
        "<description>Short.</description><content:encoded>&lt;p&gt;The whole text.&lt;/p&gt;</content:encoded>"
        "</item></channel></rss>"
    )
    assert item.body == "The whole text."


@pytest.mark.parametrize(
    "odd",
    [
        "x &lt;![odd[ y",
        "x &lt;![ y",
        "grin &#55357;&#56832;",
        "x &#xD800; y",
        "x &#x110000; y",
        "x &#99999999999; y",
        "x &#0; y",
        "x &bogus; y",
        "x & y",
        "x <unclosed y",
        "x &amp;#xD800; &amp;#99999999999; y",
    ],
)
def test_one_odd_item_does_not_cost_the_others(odd: str) -> None:
    """Markup that a parser chokes on (an emoji written as two surrogates, Word's sections) is one item's loss."""
    titles = ["first", "second", odd, "fourth"]
    items = "".join(
        f"<item><title>n{n}</title><description>{text}</description></item>" for n, text in enumerate(titles)
    )
    found = read(f'<rss version="2.0"><channel>{items}</channel></rss>').items
    assert [item.title for item in found] == ["n0", "n1", "n2", "n3"]
    assert [found[n].body for n in (0, 1, 3)] == ["first", "second", "fourth"]


# ── character sets ──

GREETING = "Привет, Łódź"


@pytest.mark.parametrize(
    ("encoding", "prolog", "content_type"),
    [
        ("utf-8", "", "text/xml"),
        ("utf-8", "utf-8", "application/xml"),
        ("utf-8", "", "application/rss+xml; charset=utf-8"),
        ("utf-8", "iso-8859-1", "application/xml; charset=utf-8"),
        ("utf-8-sig", "", "text/xml"),
        ("utf-8-sig", "utf-16", "application/xml"),
        ("utf-8", "utf-16", "text/xml; charset=utf-8"),
        ("utf-16", "utf-16", "application/xml"),
        ("utf-8", "no-such-charset", "application/xml"),
        ("utf-8", "utf-8", "application/xml; charset=no-such-charset"),
        ("utf-8", "utf-8", 'application/xml; charset="'),
        ("utf-8", "utf-8", "application/xml; charset=\udcff\udcfe"),
        ("utf-8", "utf-8", "application/xml; charset=zip"),
        ("utf-8", "utf-8", "application/xml; charset=undefined"),
    ],
)
def test_the_charset_is_found(encoding: str, prolog: str, content_type: str) -> None:
    """By HTTP header, prolog or byte order mark; a name that is no charset does not spoil the rest."""
    head = f'<?xml version="1.0" encoding="{prolog}"?>' if prolog else ""
    document = head + rss(f"<title>{GREETING}</title>")
    assert only(document.encode(encoding), content_type).title == GREETING


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r"])
def test_the_header_wins_over_the_prolog(encoding: str) -> None:
    """RFC 7303: the charset parameter is authoritative; without it the prolog counts."""
    document = f'<?xml version="1.0" encoding="{encoding}"?>' + rss("<title>Привет</title>")
    assert only(document.encode(encoding), "application/xml").title == "Привет"
    wrong = document.replace(encoding, "utf-8")
    assert only(wrong.encode(encoding), f"text/xml; charset={encoding}").title == "Привет"


# ── hostile and empty ──


def test_files_and_addresses_in_the_body_are_never_opened(tmp_path: Path) -> None:
    """A body that is a path, a URL or an entity that names a file is only text."""
    secret = tmp_path / "secret.xml"
    secret.write_text(rss("<title>secret</title>"))
    for body in (str(secret), f"{secret}\n", secret.as_uri(), "http://127.0.0.1:9/feed"):
        assert refused(body.encode(), "text/plain").reason == "not-a-feed"
    entity = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + rss("<title>a&x;b</title>")
    external = f'<!DOCTYPE r SYSTEM "{secret.as_uri()}">' + rss("<title>ab</title>")
    for document in (entity, external):
        assert "secret" not in " ".join(texts(dataclasses.asdict(read(document))))


HOSTILE = [
    (
        '{"version":"https://jsonfeed.org/version/1","title":"\\ud800","home_page_url":"https://x.example/\\ud800",'
        '"language":"\\ud800","items":[{"id":"\\ud800","title":"t\\ud800","content_text":"\\ud800","url":"/\\ud800",'
        '"author":{"name":"\\ud800"},"tags":["\\ud800"],"language":"\\udfff"}]}'
    ),
    rss("<title>t &#xD800;</title><category>&#xDFFF;</category><description>&amp;#xD800;</description>"),
]


@pytest.mark.parametrize("document", HOSTILE, ids=["json", "xml"])
def test_every_text_of_a_feed_can_be_stored(document: str) -> None:
    """Lone surrogates are replaced in every field: nothing that comes out fails to encode."""
    found = read(document)
    assert found.items
    assert [text for text in texts(dataclasses.asdict(found)) if any("\ud800" <= c <= "\udfff" for c in text)] == []


def test_every_text_of_a_failure_can_be_stored() -> None:
    """Headers that are no UTF-8 arrive as lone surrogates, and must not reach the feed's stored state."""
    assert "no RSS" in refused(b"no feed", "text/\udcff").detail.encode().decode()


def test_sizes_are_bounded() -> None:
    """Endless titles, texts, tags and lists are cut."""
    categories = "".join(f"<category>c{n}</category>" for n in range(99))
    long = rss(f"<title>{'t' * 5000}</title><description>{'x' * 200_000}</description>" + categories)
    item = only(long)
    assert (len(item.title), len(item.body), len(item.tags)) == (MAX_TITLE, MAX_TEXT, 50)
    many = "".join(f"<item><title>{n}</title></item>" for n in range(MAX_ITEMS + 50))
    assert len(read(f'<rss version="2.0"><channel>{many}</channel></rss>').items) == MAX_ITEMS
    rows = [{"id": str(n), "title": "x"} for n in range(MAX_ITEMS + 50)]
    assert len(read(json_feed(rows)).items) == MAX_ITEMS


@pytest.mark.parametrize(
    "document",
    ["<rss version='2.0'><channel><title>T</title></channel></rss>", "<feed xmlns='http://www.w3.org/2005/Atom'/>",
     "<rss/>", '{"version":"https://jsonfeed.org/version/1.1","items":[]}',
     '{"version":"https://jsonfeed.org/version/1.1"}', '{"version":"https://jsonfeed.org/version/1","items":[5,null]}'],
)  # fmt: skip
def test_a_feed_without_items_is_a_feed(document: str) -> None:
    """Empty is not broken."""
    assert read(document).items == ()


def test_a_document_cut_in_the_middle_keeps_what_came_before() -> None:
    """A truncated body still gives the items that are whole."""
    whole = "".join(f"<item><title>n{n}</title></item>" for n in range(3))
    found = read(f'<rss version="2.0"><channel>{whole}<item><title>cut in the mid')
    assert [item.title for item in found.items][:3] == ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"plain text", "no RSS"),
        (b"%PDF-1.7 ...", "no RSS"),
        (b"\x00" * 500, "no RSS"),
        (b"\x1f\x8b\x08\x00garbage", "no RSS"),
        (b"<?xml version='1.0'?><note>hello</note>", "no RSS"),
        (b'{"items": []}', "jsonfeed.org"),
        (b'{"version": "https://jsonfeed.org/version/1", ', "not valid JSON"),
        (b'{"a":' * 5000, "not valid JSON"),
        (b"{% template %}", "not valid JSON"),
        (b"<html><body>No feed.</body></html>", "names no feed"),
        (b"<!DOCTYPE html><![odd[<title>x</title>", "names no feed"),
        (b"<!doctype html><link rel=alternate type=application/rss+xml href=/rss>", "https://news.example/rss"),
        (b"<html><link rel='ALTERNATE home' type='application/atom+xml; charset=utf-8' href='a.xml'>",
         "https://news.example/dir/a.xml"),
        (b"<html><link rel=alternate type=application/feed+json href=//cdn.example/f>", "https://cdn.example/f"),
        (b"<html><link rel=alternate type=application/rss+xml href='http://[bad'><link rel=alternate type=text/html>",
         "names no feed"),
        (b"<html><![odd[ x><link rel=alternate type=application/rss+xml href=/rss>", "https://news.example/rss"),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_what_it_is(body: bytes, said: str) -> None:
    """The reason is for people: an empty body, a page and the feeds it names, the declared type."""
    found = refused(body)
    assert found.reason == "not-a-feed"
    assert said in found.detail
