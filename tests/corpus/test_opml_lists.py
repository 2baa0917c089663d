"""Forty lists of real feeds, two thirds of them not well-formed."""

from __future__ import annotations

import re
import tarfile
from html import unescape
from pathlib import Path

from monitor.errors import InvalidInput
from monitor.feeds.address import parse_address
from monitor.feeds.opml import read_opml, write_opml

XML_URL = re.compile(r"""xmlUrl\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def lists(shared: Path) -> dict[str, bytes]:
    """Name -> bytes of every list."""
    with tarfile.open(shared / "feeds" / "opml.tar.xz") as archive:
        return {m.name: f.read() for m in archive.getmembers() if m.isfile() and (f := archive.extractfile(m))}


def counted(data: bytes) -> set[str]:
    """The addresses of all valid xmlUrl values, found without a parser."""
    found = set()
    for match in XML_URL.finditer(data.decode("utf-8", "replace")):
        try:
            # Only whole references, so that a bare & of a query keeps its meaning.
            value = re.sub(r"&[#\w]+;", lambda reference: unescape(reference[0]), match[1] or match[2] or "")
            found.add(parse_address(value)[0])
        except InvalidInput:
            continue
    return found


def test_no_feed_of_a_real_list_is_lost(shared: Path) -> None:
    """Every address that a plain search finds in the file is among the feeds that were read, and no other."""
    files = lists(shared)
    assert len(files) >= 40
    wrong = {}
    for name, data in files.items():
        read = {outline.url for outline in read_opml(data).outlines}
        if read != counted(data):
            wrong[name] = read ^ counted(data)
    assert wrong == {}
    assert sum(len(counted(data)) for data in files.values()) > 400


def test_names_of_real_feeds_are_plain_text(shared: Path) -> None:
    """Nearly every feed of these lists has a name, and none shows an escaped character."""
    outlines = [outline for data in lists(shared).values() for outline in read_opml(data).outlines]
    assert sum(outline.title is not None for outline in outlines) > 0.98 * len(outlines)
    assert [o.title for o in outlines if o.title and re.search(r"&(amp|quot|lt|gt|#\d+);", o.title)] == []


def test_real_lists_survive_export_and_import(shared: Path) -> None:
    """What is written from a real list holds the same feeds, names and first tags."""
    for name, data in lists(shared).items():
        found = read_opml(data)
        again = read_opml(write_opml(found.outlines).encode())
        assert again.problems == (), name
        expected = {outline.url: (outline.title or outline.url, outline.tags[:1]) for outline in found.outlines}
        assert {outline.url: (outline.title, outline.tags) for outline in again.outlines} == expected, name
