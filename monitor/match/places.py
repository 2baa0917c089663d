"""Which places a story is about: how prominent each is, from 0 to 1, and from where on ``place:`` matches.

A place gathers evidence from every mention of it and of all that lies in it: one in the title, in the dateline,
in the opening, in the lead, and how many there are. The logistic function of the sum is the prominence. The weights
were fitted on half of the labelled stories that benchmarks/places.py reads, then rounded, with two changes by
judgement: a place in the title is enough by itself, since many feeds bring little more; and in a short text one
mention weighs more. What is named in passing, late in a long story, stays far below the threshold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, log2

from monitor.text.places import EVENT, Gazetteer, Mention
from monitor.text.tokens import Token, fold

THRESHOLD = 0.5
"""``place:`` matches from here on."""

OPENING, LEAD = 25, 60
"""Words of the body that are its opening, and its lead, without the dateline."""
SHORT = 120
"""A body of fewer words is short: the fewer, the more a mention in it weighs."""

IN_TITLE, IN_DATELINE, IN_OPENING, IN_LEAD = 2.4, 3.0, 1.1, 0.7
EACH_IN_LEAD, EACH_LATER = 0.9, 0.45
IN_SHORT = 1.5
NONE = -2.3
"""The sum to begin with."""

_DATELINE_WORDS = 5
_SIGNS = """
january february march april may june july august september october november december jan feb mar apr jun jul aug
sep sept oct nov dec reuters reuter ap afp upi dpa xinhua tass efe ansa kyodo yonhap bloomberg pti interfax ani
"""
_DATELINES = frozenset(_SIGNS.split())


def rank(
    title: Sequence[Token], body: Sequence[Token], mentions: Sequence[Mention], places: Gazetteer
) -> dict[str, float]:
    """The prominence of every place named in a story, and of every wider one.

    ``mentions`` are what ``places.find([*title, *body])`` gave. What is named as an event (Vietnam War) is left out.
    """
    dateline = _dateline(body, [m._replace(first=m.first - len(title), last=m.last - len(title)) for m in mentions])
    zones = Counter((m.place, _zone(m.first - len(title), dateline)) for m in mentions if m.how != EVENT)
    counts: dict[str, list[int]] = {}
    for (named, zone), count in zones.items():
        if place := places.place(named):
            for wider in (named, *place.within):
                counts.setdefault(wider, [0] * 5)[zone] += count
    shortness = max(0.0, 1 - (len(body) - dateline) / SHORT)
    return {place: _prominence(found, shortness) for place, found in counts.items()}


def _zone(at: int, dateline: int) -> int:
    """Where a mention stands: 0 title, 1 dateline, 2 opening, 3 lead, 4 later; ``at`` counts from the body's start."""
    if at < 0:
        return 0
    if at < dateline:
        return 1
    at -= dateline
    return 2 if at < OPENING else 3 if at < LEAD else 4


def _prominence(counts: list[int], shortness: float) -> float:
    title, dateline, opening, lead, later = counts
    total = (
        NONE + IN_TITLE * bool(title) + IN_DATELINE * bool(dateline) + IN_OPENING * bool(opening) + IN_LEAD * bool(lead)
    )
    early = opening + lead
    if early:
        total += EACH_IN_LEAD * log2(early) + IN_SHORT * shortness
    return 1 / (1 + exp(-total - EACH_LATER * log2(1 + later)))


def _dateline(body: Sequence[Token], mentions: Sequence[Mention]) -> int:
    """How many tokens the dateline has: HANOI, Oct 3 (Reuters) -; 0 where there is none."""
    first = next((m for m in mentions if m.first >= 0), None)
    if first is None or first.first != 0 or first.how not in ("city", "capital", "name", "part", "region", "metonym"):
        return 0
    following = body[first.last + 1 : first.last + 1 + _DATELINE_WORDS]
    signs = [i for i, token in enumerate(following) if fold(token.text) in _DATELINES]
    if signs:
        end = first.last + 1 + signs[-1]
        return end + 1 + (end + 1 < len(body) and body[end + 1].text.isdecimal())
    shouted = all(token.text.isupper() for token in body[: first.last + 1])
    return first.last + 1 if shouted and following and not following[0].text.isupper() else 0
