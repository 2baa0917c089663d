"""Attributes of tags in files that only resemble HTML or XML.

Found by search, without a parser: html.parser gives up on ``<![``, takes quadratic time for some input
and reads the ``&section=`` of a bare query as a sign. Everything here is linear in its input.
"""

from __future__ import annotations

import re
from html import unescape

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NAME = r"[^\s\"'<>/=]"
# A name starts where none can be going on, and is never given back: each character is read as part of one only.
_ATTRIBUTE = re.compile(rf"(?<!{_NAME})({_NAME}++)\s*+=\s*+(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_REFERENCE = re.compile(r"&#?\w+;")


def without_comments(text: str) -> str:
    """The text without its comments; one that never ends is taken for text."""
    end = text.rfind("-->") + 3  # beyond it, every ``<!--`` would be looked for in vain
    return _COMMENT.sub("", text[:end]) + text[end:]


def attributes(tag: str) -> dict[str, str]:
    """The attributes in the text of a tag, by names in lower case; of several with one name, the first."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), unquoted(value))
    return found


def unquoted(value: str) -> str:
    """What an attribute's value means. Only whole references count: the ``&copy=`` of a query is its own."""
    bare = value[1:-1] if value[0] in "\"'" else value
    return _REFERENCE.sub(lambda found: unescape(found[0]), bare)
