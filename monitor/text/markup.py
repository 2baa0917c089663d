"""HTML to plain text: what a reader would see, with a blank line between blocks.

Runs inside the parse workers, on hostile input, under a deadline.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCK_ELEMENTS = """
address article aside blockquote br center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
h6 header hr li main nav ol p pre section table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_ELEMENTS.split())
_HIDDEN_ELEMENTS = """
head iframe noscript object script style svg template title
"""
_HIDDEN = frozenset(_HIDDEN_ELEMENTS.split())
_MARKUP = re.compile(r"<[A-Za-z/!?]|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACE = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[ \n]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class calls it so
        if tag in _HIDDEN:
            self.hidden.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag == self.hidden[-1]:
            self.hidden.pop()
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            # A line break in the source is only a space to the reader.
            self.parts.append(data.replace("\n", " ").replace("\r", " "))


def to_text(html: str) -> str:
    """The visible text of an HTML fragment: blocks on lines of their own, white space folded."""
    if not _MARKUP.search(html):
        return tidy(html)
    parser = _Text()
    parser.feed(html)
    parser.close()
    return tidy("".join(parser.parts))


def to_line(html: str) -> str:
    """The visible text on one line, for titles and names."""
    return to_text(html).replace("\n", " ")


def tidy(text: str) -> str:
    """Plain text without control characters; runs of spaces and of line breaks folded into one."""
    folded = _SPACE.sub(" ", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return _BREAKS.sub("\n", folded).strip()
