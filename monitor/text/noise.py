"""Page noise: what a page says around its story, such as error boxes, calls to subscribe and links to other stories.

A story must never lose a sentence to this, so noise is told by its shape (noise_lines.py), never by a word: a whole
line, or the first or last sentence of one, has to be accounted for to its end. Whatever is quoted is prose.

Every line is looked at once, a repeated one from memory; of a long line, only a bounded stretch at either end. So the
work is linear. A sentence that was broken at a fixed width is no line of its own.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from monitor.text import noise_words
from monitor.text.noise_shapes import LETTER, LINKS, WORD, Rank, may_begin, names_sources, rank_of


class _Line(NamedTuple):
    """A line's rank, and where, from its start, the prose of it begins and ends."""

    rank: Rank
    first: int
    last: int


class _Found(NamedTuple):
    """A line with noise on it: its number among the lines with words, where it starts, its text."""

    number: int
    start: int
    text: str
    line: _Line


LONGEST = 400
"""Code points of the longest line that can be noise as a whole."""
SHORTEST = 24
"""Code points of the shortest line that can hold prose before noise."""
LONGEST_SENTENCE = 240
"""Code points of the longest sentence that can be noise in a line that goes on."""
NARROWEST, WIDEST = 24, 200
"""Code points of the lines of a text of a fixed width."""
MOST_EDGES = 3
"""Sentences that are looked at from either end of a line."""
MOST_MARKS = 6
"""Full stops inside words, as in news.example, that are passed by on the way to a sentence's beginning."""
_MARK = re.compile(r"[.!?…]++\s++")
_ENDS = frozenset(".!?…:\"”“»’')]|")
_NOT_SPACE = re.compile(r"[^\S\r\n]*+(\S)")
_SUBMITTED = re.compile(r"submitted by\s++/?u/")


def noise(text: str) -> list[tuple[int, int]]:
    """Half-open code-point ranges of text that are page furniture, ascending, disjoint. In linear time.

    Lines of noise that follow one another make one range, and text without a word of prose is one range as a whole.
    """
    found = _found(text)
    whole = _whole_lines(found)
    ranges: list[tuple[int, int]] = []
    for (_, at, line, judged), all_of_it in zip(found, whole, strict=True):
        end = at + len(line.rstrip())
        if all_of_it:
            ranges.append((at + len(line) - len(line.lstrip()), end))
            continue
        if judged.first:
            ranges.append((at, at + judged.first))
        if at + judged.last < end:
            ranges.append((at + judged.last, end))
    merged = _merged(text, ranges)
    end = merged[-1][0] if merged and merged[-1][1] == len(text) else len(text)
    end = len(text[:end].rstrip())
    signed = _signed(text, text.rfind("\n", 0, end) + 1, end)
    return merged if signed is None else _merged(text, sorted([*ranges, (signed, end)]))


def _found(text: str) -> list[_Found]:
    """The lines that may hold noise, in their order."""
    seen: dict[str, _Line | None] = {}
    found: list[_Found] = []
    start = number = 0
    for line in text.splitlines(keepends=True):
        judged = seen.get(line, _NEW)
        if judged is _NEW:
            judged = seen[line] = _judge(line)
        if judged is None:
            number += 1
        elif judged is not _BLANK:
            number += 1
            found.append(_Found(number, start, line, judged))
        start += len(line)
    starts = {each.start for each in found}
    return [
        each
        for each, before in zip(found, (None, *found), strict=False)
        if ((before and before.start + len(before.text) == each.start) or not _runs_into(text, each.start))
        and (each.start + len(each.text) in starts or not _runs_into(text, each.start + len(each.text)))
    ]


def _runs_into(text: str, start: int) -> bool:
    """Whether the line that starts here goes on with the sentence of the line above, as in text of a fixed width."""
    here = _NOT_SPACE.match(text, start)
    if here is None or start < NARROWEST or text[start - 2] == "\n":
        return False
    above = text[max(0, start - WIDEST) : start].splitlines()[-1].strip()
    if len(above) < NARROWEST or above[-1] in _ENDS:
        return False
    last = above.rpartition(" ")[2]
    return here[1].islower() or here[1].isdecimal() or last[-1] in ",;" or last in LINKS


def _whole_lines(found: list[_Found]) -> list[bool]:
    """Which lines are noise as a whole, on their own or on account of their neighbours."""
    ranks = [each.line.rank for each in found]
    whole = [rank >= Rank.LINE for rank in ranks]
    near = [b.number - a.number == 1 for a, b in pairwise(found)]
    for i, beside in enumerate(near):
        if beside and ranks[i] == ranks[i + 1] == Rank.TOGETHER and found[i].text != found[i + 1].text:
            whole[i] = whole[i + 1] = True
    for i, beside in enumerate(near):
        whole[i + 1] = whole[i + 1] or (beside and whole[i] and ranks[i + 1] > 0)
    for i in reversed(range(len(near))):
        whole[i] = whole[i] or (near[i] and whole[i + 1] and ranks[i] > 0)
    return whole


def _merged(text: str, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges with no word between them made one, to the ends of the text where no word is left there either."""
    merged: list[tuple[int, int]] = []
    before = 0
    for start, end in ranges:
        apart = LETTER.search(text, before, start)
        first = start if apart else merged.pop()[0] if merged else 0
        merged.append((first, end))
        before = end
    if merged and not LETTER.search(text, before):
        merged[-1] = merged[-1][0], len(text)
    return merged


def _judge(line: str) -> _Line | None:
    """What of a line is noise, looked at alone: None for nothing, and ``_BLANK`` for a line without words."""
    opening = WORD.search(line)
    if opening is None:
        return _BLANK
    size = len(line)
    begins = may_begin(line, opening)
    if begins and size <= LONGEST and (rank := _whole(line)):
        return _Line(rank, 0, size)
    first = _head(line) if begins else 0
    last = _tail(line, first) if size > SHORTEST else size
    return _Line(Rank.PROSE, first, last) if first or last < size else None


def _head(line: str) -> int:
    """Where the prose of a line begins."""
    first = 0
    for _ in range(MOST_EDGES):
        mark = _MARK.search(line, first, first + LONGEST_SENTENCE)
        if mark is None or rank_of(line, first, mark.end()) != Rank.EDGE:
            break
        first = mark.end()
    return first


def _tail(line: str, first: int) -> int:
    """Where the prose of a line, which begins at ``first``, ends."""
    last = len(line)
    for _ in range(MOST_EDGES):
        start = _last_sentence(line, max(first, last - LONGEST_SENTENCE), last - 2)
        opening = WORD.search(line, start, last) if start else None
        if opening is None or not may_begin(line, opening) or rank_of(line, start, last) != Rank.EDGE:
            break
        last = start
    if line.find("[comments]", last - 12) >= 0:
        submitted = _SUBMITTED.search(line, max(first, last - LONGEST_SENTENCE))
        last = submitted.start() if submitted else last
    return last


def _last_sentence(line: str, low: int, high: int) -> int:
    """Where the last sentence begins that has a mark before it in ``line[low:high]``; 0 where none does."""
    for _ in range(MOST_MARKS):
        # One character at a time: that is four times as fast as a mark with its space, or as a pattern.
        mark = max(
            line.rfind(".", low, high),
            line.rfind("!", low, high),
            line.rfind("?", low, high),
            line.rfind("…", low, high),
            line.rfind("]", low, high),
        )
        if mark < 0:
            break
        if line[mark + 1].isspace():
            return mark + 2
        high = mark
    return 0


def _whole(line: str) -> Rank:
    """The rank of a line of one shape, or of several sentences that all have one."""
    if names_sources(line):
        return Rank.LINE
    rank = rank_of(line, 0, len(line))
    if rank or not _MARK.search(line.rstrip()):
        return rank
    ranks, start = [], 0
    for end in (*(mark.end() for mark in _MARK.finditer(line)), len(line)):
        if start < end and not (rank := rank_of(line, start, end)):
            return Rank.PROSE
        ranks.append(rank)
        start = end
    strong = max(ranks) >= Rank.LINE or ranks.count(Rank.TOGETHER) > 1
    return Rank.LINE if strong else min(ranks)


def _signed(text: str, first: int, last: int) -> int | None:
    """Where WordPress's signature begins that ends the line ``text[first:last]``, the last one with prose."""
    last = first + len(text[first:last].rstrip())
    lowest = max(first, last - LONGEST)
    for begins, links in noise_words.SIGNED:
        link = text.rfind(links, lowest, last)
        start = text.rfind(begins, lowest, link) if link > 0 else -1
        if start < 0 or (start > 0 and not text[start - 1].isspace()):
            continue
        title, site = text[start + len(begins) : link], text[link + len(links) : last]
        # "The post office appeared first on the map" is prose: titles and names of sites begin with a capital.
        named = title and site and not title[0].islower() and (not site[0].islower() or "." in site[1:-1])
        if named and not _MARK.search(site):
            return start
    return None


_BLANK = _Line(Rank.PROSE, 0, -1)
_NEW = _Line(Rank.PROSE, 0, -2)
