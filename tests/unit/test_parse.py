"""Feed documents of every format, of every quality: what they say, as plain text and absolute links."""

from __future__ import annotations

import json
from html import escape

import pytest

from monitor.feeds.parse import parse
from monitor.model.feed import ParsedFeed, ParsedItem

URL = "https://news.example/dir/feed.xml"
DAY = 1_704_067_200_000
"""2024-01-01T00:00:00Z"""


def read(
    body: str | bytes, content_type: str = "application/xml", url: str = URL, location: str | None = None
) -> ParsedFeed:
    """The feed that ``body`` must be."""
    found = parse(body.encode() if isinstance(body, str) else body, url, content_type, location)
    assert isinstance(found, ParsedFeed), found
    return found


def rss(item: str, head: str = "") -> str:
    return f'<rss version="2.0"><channel><title>T</title>{head}<item>{item}</item></channel></rss>'


def json_feed(rows: list[object]) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": rows})


def only(body: str | bytes, content_type: str = "application/xml") -> ParsedItem:
    """The one item of a document."""
    (item,) = read(body, content_type).items
    return item


# ── formats ──

RSS091 = """<?xml version="1.0"?><rss version="0.91"><channel><title>Old</title><link>http://news.example/</link>
<language>en-us</language><item><title>Ferry runs again</title><link>http://news.example/1</link>
<description>After the storm.</description></item></channel></rss>"""
RSS10 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://news.example/">
<title>Old</title><link>http://news.example/</link><dc:language>en-us</dc:language></channel>
<item rdf:about="http://news.example/1"><title>Ferry runs again</title><link>http://news.example/1</link>
<description>After the storm.</description><dc:date>2024-01-01T00:00:00Z</dc:date><dc:creator>Ann Lee</dc:creator>
<dc:subject>sea</dc:subject></item></rdf:RDF>"""
RSS20 = """<rss version="2.0"><channel><title>Old</title><link>http://news.example/</link><language>en-us</language>
<item><title>Ferry runs again</title><link>http://news.example/1</link><guid isPermaLink="false">g-1</guid>
<description>After the storm.</description><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate><author>Ann Lee</author>
<category>sea</category></item></channel></rss>"""
ATOM03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en-us"><title>Old</title>
<link rel="alternate" type="text/html" href="http://news.example/"/><entry><title>Ferry runs again</title>
<link rel="alternate" type="text/html" href="http://news.example/1"/><id>tag:news.example,2024:1</id>
<author><name>Ann Lee</name></author><issued>2024-01-01T00:00:00Z</issued><modified>2024-01-02T00:00:00Z</modified>
<content type="text/html" mode="escaped">&lt;p&gt;After the storm.&lt;/p&gt;</content></entry></feed>"""
ATOM10 = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us"><title>Old</title>
<link rel="self" href="http://news.example/feed"/><link href="http://news.example/"/><entry>
<title>Ferry runs again</title><link rel="enclosure" href="http://news.example/a.mp3"/>
<link href="http://news.example/1"/>
<id>tag:news.example,2024:1</id><author><name>Ann Lee</name></author><published>2024-01-01T00:00:00Z</published>
<updated>2024-01-02T00:00:00Z</updated><category term="sea"/><content type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml"><p>After <b>the</b> storm.</p></div></content></entry></feed>"""
CDF = """<?xml version="1.0"?><CHANNEL HREF="http://news.example/"><TITLE>Old</TITLE>
<ITEM HREF="http://news.example/1"><TITLE>Ferry runs again</TITLE>
<ABSTRACT>After the storm.</ABSTRACT></ITEM></CHANNEL>"""
JSON10 = """{"version": "https://jsonfeed.org/version/1", "title": "Old", "home_page_url": "http://news.example/",
"items": [{"id": "g-1", "url": "http://news.example/1", "title": "Ferry runs again", "author": {"name": "Ann Lee"},
"content_html": "<p>After <b>the</b> storm.</p>", "date_published": "2024-01-01T01:00:00+01:00", "tags": ["sea"]}]}"""
JSON11 = """{"version": "https://jsonfeed.org/version/1.1", "title": "Old", "home_page_url": "http://news.example/",
"language": "en-US", "items": [{"id": 1, "external_url": "http://news.example/1", "title": "Ferry runs again",
"authors": [{"name": "Ann"}, {"url": "x"}, {"name": "Lee"}], "content_text": "After the storm.",
"date_modified": "2024-01-01T00:00:00Z", "tags": ["sea", 5, ""]}]}"""


@pytest.mark.parametrize(
    ("document", "guid", "author", "published", "tags"),
    [
        (RSS091, None, None, None, ()),
        (RSS10, "http://news.example/1", "Ann Lee", DAY, ("sea",)),
        (RSS20, "g-1", "Ann Lee", DAY, ("sea",)),
        (ATOM03, "tag:news.example,2024:1", "Ann Lee", DAY, ()),
        (ATOM10, "tag:news.example,2024:1", "Ann Lee", DAY, ("sea",)),
        (CDF, None, None, None, ()),
        (JSON10, "g-1", "Ann Lee", DAY, ("sea",)),
        (JSON11, "1", "Ann, Lee", DAY, ("sea",)),
    ],
    ids=["RSS 0.91", "RSS 1.0", "RSS 2.0", "Atom 0.3", "Atom 1.0", "CDF", "JSON Feed 1.0", "JSON Feed 1.1"],
)
def test_every_format_says_the_same(
    document: str, guid: str | None, author: str | None, published: int | None, tags: tuple[str, ...]
) -> None:
    """One story in eight formats has one title, link and text, and what else the format can say."""
    found = read(document)
    item = found.items[0]
    assert (found.title, found.link, len(found.items)) == ("Old", "http://news.example/", 1)
    assert (item.title, item.link, item.body) == ("Ferry runs again", "http://news.example/1", "After the storm.")
    assert (item.guid, item.author, item.published, item.tags) == (guid, author, published, tags)


@pytest.mark.parametrize("document", [RSS091, RSS10, RSS20, ATOM03, ATOM10, JSON11])
def test_the_language_is_known(document: str) -> None:
    """From the feed's own element, dc:language, xml:lang or the JSON field."""
    assert (read(document).language or "").lower() == "en-us"


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "text/plain", "application/octet-stream", "nonsense;;;=", "application/json"]
)
@pytest.mark.parametrize("document", [RSS20, ATOM10, JSON10])
def test_the_declared_type_does_not_matter(document: str, content_type: str) -> None:
    """A feed served as HTML, text or nothing is still a feed."""
    assert len(read(document, content_type).items) == 1


@pytest.mark.parametrize("noise", ["", "\ufeff", "\n\n  ", "<!-- made by hand -->"])
def test_what_stands_before_the_document_does_not_matter(noise: str) -> None:
    """Byte order marks, blank lines and comments before the root are common."""
    assert read(noise + RSS20).items[0].title == "Ferry runs again"
    if not noise.startswith("<"):
        assert read(noise + JSON10).items[0].title == "Ferry runs again"


# ── links, ids, dates ──


@pytest.mark.parametrize(
    ("link", "location", "expected"),
    [
        ("/1", None, "https://news.example/1"),
        ("1?a=%7E", None, "https://news.example/dir/1?a=%7E"),
        ("//cdn.example/1", None, "https://cdn.example/1"),
        ("1", "/other/", "https://news.example/other/1"),
        ("1", "https://mirror.example/x/", "https://mirror.example/x/1"),
        ("1", "http://[broken", "https://news.example/dir/1"),
        ("  http://news.example/1\n ", None, "http://news.example/1"),
        ("HTTP://News.example/1", None, "HTTP://News.example/1"),
        ("javascript:alert(1)", None, None),
        ("data:text/html,x", None, None),
        ("mailto:a@b.example", None, None),
        ("http://[broken/1", None, None),
        ("https://news.example/" + "x" * 5000, None, None),
    ],
)
def test_links_are_absolute_and_lead_to_pages(link: str, location: str | None, expected: str | None) -> None:
    """Relative ones are resolved against where the document came from; other schemes are no links."""
    item = read(rss(f"<title>t</title><link>{escape(link)}</link>"), location=location).items[0]
    assert (item.link or "").lower() == (expected or "").lower()
    row = json_feed([{"id": "1", "title": "t", "url": link}])
    assert (read(row, location=location).items[0].link or "").lower() == (expected or "").lower()


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ("abc 1", "abc 1"),
        ("https://news.example/?p=1&section=2", "https://news.example/?p=1&section=2"),
        ("<20240101.ab@news.example>", "<20240101.ab@news.example>"),
        ("<ab.20240101@news.example>", "<ab.20240101@news.example>"),
        ("a?b=1&copy;=2", "a?b=1&copy;=2"),
        ("x" * 1500, "x" * 1500),
    ],
)
def test_a_guid_stays_as_it_was_written(guid: str, expected: str) -> None:
    """A guid is a name, neither HTML nor a link: changing it could make two items one, or none."""
    assert only(rss(f'<title>t</title><guid isPermaLink="false">{escape(guid)}</guid>')).guid == expected


@pytest.mark.parametrize("guid", ["1", "item-1", "a/b", "?p=1"])
def test_a_guid_does_not_depend_on_where_the_document_was_fetched(guid: str) -> None:
    """After a redirect to another host or folder the items are still the same items."""
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>{guid}</id><title>t</title></entry></feed>'
    for document in (atom, rss(f"<title>t</title><guid>{guid}</guid>")):
        places = [URL, "http://cdn7.example/cache/feed"]
        assert [read(document, url=place).items[0].guid for place in places] == [guid, guid]


def test_a_guid_is_the_same_in_a_document_that_is_no_xml() -> None:
    """A stray ampersand elsewhere in the feed makes no item a new one."""
    item = (
        '<title>t</title><guid isPermaLink="false">a?b=1&amp;copy;=2&amp;section=3</guid><description>{}</description>'
    )
    well, ill = (only(rss(item.format(text))) for text in ("Q and A", "Q & A &nbsp; <br>"))
    assert (well.guid, ill.guid) == ("a?b=1&copy;=2&section=3",) * 2


def test_a_permalink_guid_is_the_link_where_there_is_none() -> None:
    """RSS 2.0: a guid is a link unless it says otherwise."""
    assert only(rss("<title>t</title><guid>https://news.example/1</guid>")).link == "https://news.example/1"
    assert only(rss('<title>t</title><guid isPermaLink="false">https://news.example/1</guid>')).link is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 01 Jan 2024 00:00:00 GMT", DAY),
        ("Mon, 01 Jan 2024 02:00:00 +0200", DAY),
        ("2024-01-01T00:00:00Z", DAY),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 4_102_444_800_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Mon, 01 Jan 1900 00:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
        ("Mon, 45 Foo 99999 99:99:99 GMT", None),
    ],
)
def test_dates_are_taken_as_claimed(date: str, expected: int | None) -> None:
    """Future dates too, which freshness clamps; what is no date, or before 1970, is none."""
    assert only(rss(f"<title>t</title><pubDate>{date}</pubDate>")).published == expected


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [("60", 3600), (" 15 ", 900), ("0", 0), ("-5", 0), ("soon", 0), ("", 0), ("99999999", 86400), ("9" * 5000, 0)],
)
def test_the_ttl_is_in_minutes_and_bounded(ttl: str, expected: int) -> None:
    """At most a day; garbage says nothing."""
    assert read(rss("<title>t</title>", f"<ttl>{ttl}</ttl>")).min_interval == expected


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        ("<title>only a title</title>", True),
        ("<link>https://news.example/1</link>", True),
        ("<description>only a text</description>", True),
        ('<guid isPermaLink="false">only an id</guid>', False),
        ("<pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate>", False),
        ("", False),
    ],
)
def test_an_item_needs_something_to_show(inner: str, kept: bool) -> None:
    """Any of title, link and text makes an item; without all three there is nothing to alert about."""
    assert len(read(rss(inner)).items) == int(kept)
