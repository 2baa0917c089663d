"""HTML to plain text: what a reader would see, each block on a line of its own.

Runs on hostile input, in the API's own process too, so the work must be linear. It is not with the
usual parsers. Measured on the worst input found: html.parser takes 4 s for 20 kB, and is quadratic;
lexbor, which builds a tree, takes 26 s and 6 GB for 100 kB. Hence only tags, comments and declarations
are told from text here, by the HTML standard's rules; one that never ends takes in the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from html import unescape

_BLOCK_ELEMENTS = """
address article aside blockquote br caption center dd details div dl dt fieldset figcaption figure footer form h1
h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table td th tr ul
"""
_BLOCKS = frozenset(_BLOCK_ELEMENTS.split())
_HIDDEN = frozenset(("noscript", "object", "svg", "template"))
# Hidden too, and nothing inside them is a tag: the first end tag of their name ends them.
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("iframe", "script", "style", "title")}
# No alternative can fail once it has begun, so nothing is read twice.
_TAG = re.compile(
    r"""<(?:
        !--(?:-?>|.*?(?:--!?>|\Z))                    # a comment
        |(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*)        # a tag: its name, then
        (?:[^>=]++|=\s*+(?:"[^"]*+"?|'[^']*+'?)?)*+>?    # attributes, whose quoted values may hold a >
        |[!?/][^>]*>?                                 # a declaration, or what the standard takes for a comment
    )""",
    re.DOTALL | re.VERBOSE,
)
_MARKUP = re.compile(r"<[A-Za-z/!?]|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACE = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[ \n]*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")


def to_text(html: str) -> str:
    """The visible text of an HTML fragment: blocks on lines of their own, white space folded."""
    return tidy("".join(_visible(html))) if _MARKUP.search(html) else tidy(html)


def to_line(html: str) -> str:
    """The visible text on one line, for titles and names."""
    return to_text(html).replace("\n", " ")


def tidy(text: str) -> str:
    """Plain text without control characters; runs of spaces and of line breaks folded into one."""
    folded = _SPACE.sub(" ", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return _BREAKS.sub("\n", folded).strip()


def _visible(html: str) -> Iterator[str]:
    """The stretches of text that are shown, and a line break for every start and end of a block."""
    position = 0
    hidden, depth = "", 0  # the outermost hidden element, and how often its name is open: misnested tags can't undo it
    while tag := _TAG.search(html, position):
        if not depth:
            yield _data(html[position : tag.start()])
        position = tag.end()
        name = (tag["name"] or "").lower()
        # XHTML travels in feeds: there, <iframe/> hides nothing after it.
        step = -1 if tag["end"] else int(not tag[0].endswith("/>"))
        if depth:
            depth += step * (name == hidden)
        elif name in _BLOCKS:
            yield "\n"
        elif step == 1 and name in _HIDDEN:
            hidden, depth = name, 1
        elif step == 1 and name in _RAW_END:
            end = _RAW_END[name].search(html, position)
            position = end.start() if end else len(html)
    if not depth:
        yield _data(html[position:])


def _data(source: str) -> str:
    """Text with its character references resolved. A line break in the source is only a space to the reader."""
    with suppress(ValueError):  # int() refuses a number of more than 4,300 digits
        source = unescape(source)
    return source.replace("\n", " ").replace("\r", " ")
