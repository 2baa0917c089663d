"""Lists of feeds, read however broken, written well-formed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from monitor.errors import InvalidInput
from monitor.feeds.opml import Outline, new_feeds, read_opml, write_opml

ONE = '<outline text="One" xmlUrl="https://one.example/f"/>'


def opml(body: str, prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{prolog}<opml version="2.0"><head><title>List</title></head><body>{body}</body></opml>'.encode()


def urls(data: bytes) -> list[str]:
    return [outline.url for outline in read_opml(data).outlines]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ONE, ["https://one.example/f"]),
        ('<outline type="rss" xmlUrl="https://one.example/f"></outline>', ["https://one.example/f"]),
        ("<OUTLINE TEXT='One' XMLURL='https://one.example/f'/>", ["https://one.example/f"]),
        ('<outline xmlurl="https://one.example/f"/>', ["https://one.example/f"]),
        ("<outline xmlUrl=https://one.example/f />", ["https://one.example/f"]),
        ('<outline xmlUrl=" https://one.example/f\n"/>', ["https://one.example/f"]),
        ('<outline xmlUrl="one.example/f"/>', ["https://one.example/f"]),
        (ONE + ONE, ["https://one.example/f"]),
        ('<outline text="a < b" xmlUrl="https://one.example/f"/>', ["https://one.example/f"]),
        ('<outline text="Q&A" xmlUrl="https://one.example/f"/>', ["https://one.example/f"]),
        ('<outline xmlUrl="https://one.example/f">' * 3, ["https://one.example/f"]),
        (f"{ONE}<outline text='never closed", ["https://one.example/f"]),
        (f"</outline></body></outline>{ONE}", ["https://one.example/f"]),
        (f"<!-- {ONE} -->", []),
        (f"<![if weird]>{ONE}", ["https://one.example/f"]),
        (f"<![odd[ x {ONE}", ["https://one.example/f"]),
        (f"<!DOCTYPE x [<!ENTITY a 'b'>]>{ONE}", ["https://one.example/f"]),
        (f"&nbsp;&bogus; stray text {ONE}", ["https://one.example/f"]),
        ("\x00\x01" + ONE, ["https://one.example/f"]),
        ('<outline description="<a href="x">y</a>" xmlUrl="https://one.example/f"/>', ["https://one.example/f"]),
        (
            """<outline text="It's a='b" c" description="x='" xmlUrl="https://one.example/f"/>""",
            ["https://one.example/f"],
        ),
        ('<outline text="xmlUrl=\'https://two.example/\'" xmlUrl="https://one.example/f"/>', ["https://one.example/f"]),
        ("<!-- never closed" + ONE, ["https://one.example/f"]),
        ('<outline text="Empty group"/>', []),
        ('<outline xmlUrl=""/>', []),
    ],
)
def test_broken_lists_give_the_feeds_that_they_hold(body: str, expected: list[str]) -> None:
    """Bare ampersands, unclosed and misspelt tags and stray characters do not hide a feed."""
    assert urls(opml(body)) == expected


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://one.example/?a=1&amp;b=2", "https://one.example/?a=1&b=2"),
        ("https://one.example/?a=1&b=2", "https://one.example/?a=1&b=2"),
        ("https://one.example/?a=1&section=2", "https://one.example/?a=1&section=2"),
        ("https://one.example/?a=1&region=eu&copy=3", "https://one.example/?a=1&region=eu&copy=3"),
        ("https://one.example/?a=1&notify=1&lt=5", "https://one.example/?a=1&notify=1&lt=5"),
        ("https://one.example/?a=1&amp;section=2&amp;copy=3", "https://one.example/?a=1&section=2&copy=3"),
        ("https://one.example/?a=1&#38;b=2", "https://one.example/?a=1&b=2"),
        ("https://one.example/&quot;x&quot;", 'https://one.example/"x"'),
    ],
)
def test_ampersands_in_urls_survive_escaped_or_bare(written: str, url: str) -> None:
    """A bare ``&section=`` is a parameter, not the sign §."""
    assert urls(opml(f'<outline text="x" xmlUrl="{written}"/>')) == [url]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "windows-1250", "no-such-encoding"]
)
def test_titles_are_read_in_the_encoding_of_the_file(encoding: str) -> None:
    """By byte order mark, by what is valid UTF-8, by the prolog, else as Windows-1252."""
    name = "no-such-encoding" if encoding == "no-such-encoding" else encoding.removesuffix("-sig")
    text = opml('<outline text="Zürich" xmlUrl="https://one.example/f"/>', f'<?xml version="1.0" encoding="{name}"?>')
    data = text.decode().encode("windows-1252" if encoding == "no-such-encoding" else encoding)
    (outline,) = read_opml(data).outlines
    assert (outline.title, outline.url) == ("Zürich", "https://one.example/f")


def test_a_title_comes_from_title_or_text_on_one_line() -> None:
    """``title`` wins over ``text``; line breaks are folded; none is None."""
    found = read_opml(
        opml(
            '<outline title="A\n  B" text="C" xmlUrl="https://a.example/f"/>'
            '<outline text="C &amp;amp; D" xmlUrl="https://b.example/f"/><outline xmlUrl="https://c.example/f"/>'
        )
    )
    assert [outline.title for outline in found.outlines] == ["A B", "C &amp; D", None]


def test_nested_groups_become_tags() -> None:
    """Every group around a feed is a tag of its own, outermost first; a feed is no group; groups end."""
    found = read_opml(
        opml(
            '<outline text="World"><outline text="Asia"><outline text="World">'
            '<outline text="A" xmlUrl="https://a.example/f"><outline text="C" xmlUrl="https://c.example/f"/></outline>'
            '</outline></outline><outline text="B" xmlUrl="https://b.example/f"/></outline>'
            '<outline text="D" xmlUrl="https://d.example/f"/>'
        )
    )
    assert {outline.url[8]: outline.tags for outline in found.outlines} == {
        "a": ("World", "Asia"),
        "c": ("World", "Asia"),
        "b": ("World",),
        "d": (),
    }


def test_what_cannot_be_polled_is_named_and_hides_nothing() -> None:
    """Each bad address is a problem with its text; the good ones are kept."""
    found = read_opml(opml(f'<outline xmlUrl="ftp://x.example/f"/>{ONE}<outline xmlUrl="https://a..b/f"/>'))
    assert [outline.url for outline in found.outlines] == ["https://one.example/f"]
    assert [problem.split(": ")[0] for problem in found.problems] == ["ftp://x.example/f", "https://a..b/f"]


@pytest.mark.parametrize(
    "data",
    [b"", b"   ", b"{}", b'{"feeds": ["https://one.example/f"]}', b"https://one.example/f", b"\x00\xff\xfe\x80" * 50,
     b"<html><body><p>A page</p></body></html>", b"<rss version='2.0'><channel/></rss>", b"<![x[ <p>", b"<!",
     b"PK\x03\x04"],
)  # fmt: skip
def test_what_is_no_opml_is_refused(data: bytes) -> None:
    """Another kind of file is an InvalidInput for the whole body, whatever bytes it holds."""
    with pytest.raises(InvalidInput) as caught:
        read_opml(data)
    assert caught.value.field == "body"


def test_a_list_without_feeds_is_a_list() -> None:
    """An empty OPML file holds nothing, and that is no error."""
    assert read_opml(opml("")) == read_opml(b"<opml/>")
    assert read_opml(opml("")).outlines == ()


def test_what_is_written_is_read_back() -> None:
    """Titles and URLs with everything that XML escapes, and one tag each, survive export and import."""
    listed = [
        Outline("https://a.example/?x=1&section=2", None, "Quotes \" and ' and <tags> & more", ()),
        Outline("https://b.example/f", None, "日本 🚀 Zürich", ("News & Views",)),
        Outline("https://c.example/f", None, None, ("News & Views",)),
        Outline("https://d.example/f", None, "D", ('A "group"',)),
    ]
    found = read_opml(write_opml(listed).encode())
    assert found.problems == ()
    expected = {o.url: (o.title or o.url, o.tags) for o in listed}
    assert {o.url: (o.title, o.tags) for o in found.outlines} == expected


@pytest.mark.parametrize("title", ["a\x0bb", "bell \x07", "nul \x00", "\ufffe", "tab\tnewline\n"])
def test_what_is_written_is_well_formed_whatever_the_titles(title: str) -> None:
    """Any XML parser reads the export, although an imported title may hold control characters."""
    listed = [Outline("https://a.example/f", None, title, (title,))]
    root = ET.fromstring(write_opml(listed))  # noqa: S314 - our own text
    assert [node.get("xmlUrl") for node in root.iter("outline") if node.get("xmlUrl")] == ["https://a.example/f"]


def test_passwords_stay_at_home() -> None:
    """Credentials are read apart on import and left out on export."""
    found = read_opml(opml('<outline text="One" xmlUrl="https://user:secret@one.example/f"/>'))
    assert found.outlines == (Outline("https://one.example/f", "user:secret", "One", ()),)
    assert "secret" not in write_opml(found.outlines)
    assert new_feeds(found, now=1, floor=60)[0].credentials == "user:secret"


def test_records_of_a_list_carry_title_and_tags() -> None:
    """An imported feed keeps the name and the groups that its reader gave it."""
    found = read_opml(opml(f'<outline text="World">{ONE}</outline>'))
    (feed,) = new_feeds(found, now=5, floor=60)
    assert (feed.url, feed.title, feed.tags, feed.interval, feed.created_at) == (
        "https://one.example/f", "One", ("World",), None, 5,
    )  # fmt: skip
