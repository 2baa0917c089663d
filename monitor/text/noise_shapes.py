"""The shapes of page noise as a tree of words, and the walk of a line or sentence down it.

A walk leaves at the first word that fits no shape, mostly at the first of all. What a shape leaves open is looked at
once. So the work is linear.
"""

from __future__ import annotations

import re
from enum import IntEnum

from monitor.text import noise_lines, noise_words


class Rank(IntEnum):
    """How sure it is that words are noise."""

    PROSE = 0
    TOGETHER = 1  # beside another part of an error box, or other noise
    BESIDE = 2  # beside other noise
    LINE = 3  # alone on a line
    EDGE = 4  # at the beginning and end of a line, too


class _Node:
    """Where a walk may stand: the next words, the rank of what ends here, and how an open shape may go on."""

    __slots__ = ("next", "open", "rank")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.rank = Rank.PROSE
        self.open: tuple[tuple[str, Rank], ...] = ()


MOST_NAMES = 14
"""Words of names or of a date in an open shape."""
_QUOTES = "\"“”„‟«‹‘’'‚"  # not » and ›: they serve as arrows, and where they quote, their twin stands at the other end
WORD = re.compile(rf"[^\W_]++(?:['’ʼ.,-][^\W_]++)*+|[:&%©{_QUOTES}]")
LETTER = re.compile(r"[^\W_]")
_SHAPE_WORD = re.compile(rf"#|{WORD.pattern}")
_GROUP = re.compile(r"\(([^)]*+)\)|\[([^\]]*+)\]|([^\s(\[]++)")
_PARTS = re.compile(r"[,;/&|]| (?:and|und|et|y) ")
_IGNORED = frozenset(":&")
_SPEECH = frozenset(noise_words.SPEECH.split())
LINKS = frozenset(noise_words.LINKS.split())
_DATES = frozenset(noise_words.DATES.split())
_HEADLINE = frozenset(noise_words.HEADLINE.split())
_OUTLETS = frozenset(noise_words.OUTLETS.split())
_SOURCES = frozenset(noise_words.SOURCES)


def may_begin(line: str, opening: re.Match[str]) -> bool:
    """Whether some shape begins with the first two words of a line. It costs little, and most lines end here."""
    word = _folded(opening[0])
    node = _ROOT.next.get(word) or (_ROOT.next["#"] if word[0].isdecimal() else None)
    if word in _SOURCES:
        return True
    if node is None:
        return False
    if node.rank or node.open:
        return True
    second = WORD.search(line, opening.end())
    return second is not None and (_folded(second[0]) in node.next or ("#" in node.next and second[0][0].isdecimal()))


def rank_of(line: str, start: int, end: int) -> Rank:
    """The rank of the one shape that all of ``line[start:end]`` has."""
    node, opened, word = _ROOT, [], ""
    before = node
    words = WORD.finditer(line, start, end)
    for found in words:
        word = _folded(found[0])
        following = node.next.get(word) or (node.next.get("#") if word[0].isdecimal() else None)
        if following is None:
            if node.rank and word in _IGNORED and not LETTER.search(line, found.end(), end):
                return node.rank
            break
        before, node = node, following
        if node.open:
            opened += [(kind, rank, found.end()) for kind, rank in node.open]
    else:
        return node.rank or (before.rank if word in _IGNORED else Rank.PROSE)
    if not opened:
        return Rank.PROSE
    return max((rank for kind, rank, at in opened if _goes_on(kind, line[at:end])), default=Rank.PROSE)


def _goes_on(kind: str, rest: str) -> bool:
    """Whether an open shape may end in these words."""
    words = WORD.findall(rest)
    if kind == "**":
        return True
    if kind == "*":
        return not any(word in _QUOTES for word in words) and _SPEECH.isdisjoint(map(_folded, words))
    if len(words) > MOST_NAMES:
        return False
    if kind == "@":
        return _are_names(words)
    return any(word[0].isdecimal() for word in words) and all(
        word[0].isdecimal() or word == ":" or word.lower() in _DATES for word in words
    )


def _are_names(words: list[str]) -> bool:
    """Whether words are names and what links them. Letters without case, as in Chinese, tell nothing: no names."""
    named = False
    for word in words:
        low = word.lower()
        if low in LINKS or word in _IGNORED:
            named = named or low in _OUTLETS
        elif word[0].isupper() or word[0].isdecimal() or "." in word:
            named = True
        else:
            return False
    return named


def names_sources(line: str) -> bool:
    """Whether a line is the word Sources, a colon and a short list of names, not a headline."""
    opening = WORD.search(line)
    if opening is None or opening[0].lower() not in _SOURCES:
        return False
    colon, _, listed = line[opening.end() :].partition(":")
    words = WORD.findall(listed)
    if colon.strip(" ()sn") or "?" in listed or not 0 < len(words) <= 2 * MOST_NAMES:
        return False
    if not _are_names(words) or not _HEADLINE.isdisjoint(map(_folded, words)):
        return False
    parts = [part.split() for part in _PARTS.split(listed) if part.strip()]
    known = any("." in word or word.lower() in _OUTLETS for word in words)
    return all(len(part) <= (6 if known else 1) for part in parts)


def _folded(word: str) -> str:
    return '"' if word in _QUOTES else word.lower().replace("’", "'").replace("ʼ", "'")


def _tree() -> _Node:
    root = _Node()
    kinds = {
        Rank.EDGE: noise_lines.EDGE,
        Rank.LINE: noise_lines.LINE,
        Rank.BESIDE: noise_lines.BESIDE,
        Rank.TOGETHER: noise_lines.TOGETHER,
    }
    for rank, shapes in kinds.items():
        for shape in shapes:
            _plant(root, shape, rank)
    return root


def _plant(root: _Node, shape: str, rank: Rank) -> None:
    """Adds all that a shape can say to the tree."""
    nodes = [root]
    before = ""
    for group in _GROUP.finditer(shape):
        if group[0] in ("*", "@", "~"):
            # What follows a colon or a quote is a headline, which may well quote.
            kind = "**" if group[0] == "*" and before in (":", '"') else group[0]
            for node in nodes:
                node.open += ((kind, rank),)
            return
        choices = (group[1] or group[2] or group[3]).split("|")
        grown = [_grown(node, choice) for node in nodes for choice in choices]
        nodes = list(dict.fromkeys([*grown, *(nodes if group[2] else ())]))
        before = group[0]
    for node in nodes:
        node.rank = max(node.rank, rank)


def _grown(node: _Node, words: str) -> _Node:
    """The node at the end of these words, from a node on."""
    for word in _SHAPE_WORD.findall(words):
        node = node.next.setdefault("#" if word == "#" else _folded(word), _Node())
    return node


_ROOT = _tree()
