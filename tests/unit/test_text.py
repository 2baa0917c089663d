"""HTML to text, and digests, with every pitfall of real text."""

from __future__ import annotations

import time

import pytest

from monitor.text.fingerprints import canonical_link, digest, feed_id, link_key, text_key
from monitor.text.markup import tidy, to_line, to_text

# ── markup ──


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Arms&nbsp;deal</p><p>signed</p>", "Arms deal\nsigned"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>Ha</b>noi", "Hanoi"),
        ("<td>a</td><td>b</td>", "a\nb"),
        ("<details><summary>Arms</summary>Vietnam</details>", "Arms\nVietnam"),
        ("line\nbreak <i>in</i>\r\nsource", "line break in source"),
        ("plain\r\n\r\n text", "plain\ntext"),
        ("AT&T, a < b, R&D; &foo; <3", "AT&T, a < b, R&D; &foo; <3"),
        ("AT&amp;T &#8212; &#x41;", "AT&T — A"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&lt;script&gt; is a tag", "<script> is a tag"),
        ("<script>if (a<b) {}</script>after", "after"),
        ("<style>p{}</style>after<!-- secret -->!", "after!"),
        ('<a href="x>y" onclick="z">link</a>', "link"),
        ("<svg><title>icon</svg>Vietnam", "Vietnam"),
        ("<object><noscript>x</object>Vietnam", "Vietnam"),
        ("<html><head><title>page</title><body>Vietnam", "Vietnam"),
        ("<object><object>a</object>b</object>Vietnam", "Vietnam"),
        ("<iframe src='x'/>Vietnam", "Vietnam"),
        ("<title>a <b> c</title >Vietnam<SCRIPT>x</scripts>y</SCRIPT>", "Vietnam"),
        ("</svg>Vietnam</p></p>", "Vietnam"),
        ("&#" + "1" * 5_000 + "; <b>Vietnam</b>", "&#" + "1" * 5_000 + "; Vietnam"),
        ("<![if !supportLists]>a<![endif]>b", "ab"),
        ("<![foo[x]]>Vietnam", "Vietnam"),
        ("<!doctype html>Vietnam", "Vietnam"),
        ("a\x00b\x1b", "ab"),
        ("a\x0bb\x0cc", "a b c"),
        ("<p>a\u2028b\x85c</p>", "a b c"),
        ("", ""),
        (" <p> </p> ", ""),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str) -> None:
    """Visible words stay, in blocks; scripts and mark-up go; a fault in one tag costs no words after it."""
    assert to_text(html) == text


@pytest.mark.parametrize("cut", ["<", "<b", "</p", "<!--", "<![", "<![CDATA[", '<a href="x', "&am", "<?"])
def test_html_cut_off_anywhere_keeps_the_words_before(cut: str) -> None:
    """A fragment that ends inside a tag, a comment or a reference is no error and loses nothing read so far."""
    assert to_text(f"<p>Vietnam buys jets</p>{cut}").startswith("Vietnam buys jets")


@pytest.mark.parametrize("html", ["&#xD800;x", "&#1114112;x", "\ud800x", "&#0;x"])
def test_no_lone_surrogates_or_nulls_come_out(html: str) -> None:
    """What comes out can always be encoded, whatever character references say."""
    text = to_text(html)
    assert text.encode().endswith(b"x")
    assert "\x00" not in text


def test_line_has_no_breaks() -> None:
    """A title is one line, even of several blocks."""
    assert to_line("<p>Arms</p><p>deal &amp; more</p>\n") == "Arms deal & more"


def test_tidy_is_idempotent() -> None:
    """Tidying twice changes nothing."""
    assert tidy(tidy(" a \n\n b\t\tc ")) == tidy(" a \n\n b\t\tc ") == "a\nb c"


HOSTILE = [
    "<", "<!", "<a ", "<a/", "<!--", "<!-- >", "</", "<?", "<svg>", "<b><p>", " \n", "&#", "<![x", '<a b="', "<a b='>",
    "=", "<title>", "</title", "\x00", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("start", ["<b>", "<b ", "<b c=", "<script>", "<svg>"])
def test_hostile_html_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one broken piece are read in well under a second of processor time."""
    started = time.process_time()
    to_text(start + piece * (100_000 // len(piece)))
    assert time.process_time() - started < 0.5


# ── fingerprints ──


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a/1?id=5",
        "http://news.example/a/1?id=5",
        "https://www.news.example/a/1/?id=5",
        "HTTPS://NEWS.example:443/a/1?id=5#comments",
        "http://news.example:80/a/1?id=5",
        " https://news.example/a/1?id=5 ",
        "https://news.example/a/1?utm_source=rss&id=5&fbclid=x",
        "https://news.example/a/1?id=5&at_medium=RSS&ref=rss",
        "https://news.example/a/1?id=5&WT.mc_id=RSS&wt_zmc=1",
        "https://user:secret@news.example/a/1?id=5",
    ],
)
def test_one_page_has_one_link_key(url: str) -> None:
    """Scheme, www, default port, fragment, tracking and userinfo do not tell pages apart."""
    assert canonical_link(url) == "//news.example/a/1?id=5"
    assert link_key(url) == link_key("https://news.example/a/1?id=5")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://news.example/a", "https://news.example/b"),
        ("https://news.example/a", "https://news.example/A"),
        ("https://news.example/a?id=1", "https://news.example/a?id=2"),
        ("https://news.example/a?id=", "https://news.example/a?id=1"),
        ("https://news.example/a", "https://blog.news.example/a"),
        ("https://news.example:8443/a", "https://news.example/a"),
        ("https://news.example/?p=1", "https://news.example/?p=2"),
        ("https://tenders.example/notice?ref=10117", "https://tenders.example/notice?ref=10118"),
        ("https://news.example/?q=%E9t%E9", "https://news.example/?q=%E8t%E8"),
        ("https://live.example/#!/post/1", "https://live.example/#!/post/2"),
        ("https://news.example/?wtf=1", "https://news.example/?wtf=2"),
    ],
)
def test_two_pages_have_two_link_keys(one: str, other: str) -> None:
    """What names another page is never stripped: one story would silence the other."""
    assert link_key(one) != link_key(other)


@pytest.mark.parametrize(
    "text", ["", "mailto:a@b.example", "urn:x:1", "http://[::1", "https://x:99999/", "//", "http://"]
)
def test_what_is_no_link_comes_back_as_it_is(text: str) -> None:
    """Text that is no http(s) URL is its own identity, and never an error."""
    assert canonical_link(text) == text


def test_no_link_has_no_key() -> None:
    """A story without a link is never taken for another one's page."""
    assert link_key(None) is None
    assert link_key("") is None


def test_text_key_is_of_the_words() -> None:
    """Case, accents, spacing and punctuation do not count; words, their order and number do."""
    base = text_key("Arms deal", "Élysée says: no.")
    assert text_key("ARMS  DEAL!", "E\u0301lyse\u0301e says “no”") == base
    assert text_key("Arms deal", "Elysee says yes") != base
    assert text_key("deal Arms", "Elysee says no") != base


def test_digests_are_short_and_stable() -> None:
    """Ids are the same in every process and every version: they stand in stores and alerts."""
    assert digest("a") == "5mp4s6n5gttrnyzf"
    assert len(digest("\ud800")) == 16
    assert feed_id("https://news.example/rss") == "f" + digest("https://news.example/rss")[:12]
