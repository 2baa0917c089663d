"""A compiled query on a document: what matched, or None.

A *find* is a stretch of positions, both ends included, and the stretches of the single terms that it is made of: those
are what a reader gets marked. Proximity measures the stretch, so that `(a NEAR/3 b) NEAR/5 c` means what it says.
NOT and facts contribute nothing to mark.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from operator import itemgetter
from typing import assert_never

from monitor.match.document import PLACE, Document, Find
from monitor.match.rows import as_written, rows
from monitor.match.terms import (
    All,
    Any,
    Apart,
    AtLeast,
    CasedRun,
    Compiled,
    First,
    Near,
    Of,
    Run,
    Same,
    Weight,
    Within,
    Without,
)
from monitor.model.hit import Span

Stretch = tuple[int, int]
MOST_FINDS = 10_000
"""Finds of one part that are kept; only a text made for the purpose has more, and it must not cost more."""


def everywhere(document: Document) -> Stretch:
    """The headline and the body."""
    return 0, document.text_last


def evaluate(node: Compiled, document: Document, scope: Stretch) -> list[Find] | None:
    """The finds by which ``node`` matches inside ``scope``; None where it does not match."""
    if isinstance(node, str):
        if node.startswith(PLACE):
            stretches = document.places.get(node)
            return None if stretches is None else [(*s, (s,)) for s in stretches]
        if node[0] == ":":
            return [] if node in document.terms else None
        low, high = scope
        finds = document.finds(node)
        if not finds:
            return None
        if low <= finds[0][0] and finds[-1][0] <= high:
            return finds
        return [find for find in finds if low <= find[0] <= high] or None
    match node:
        case Any():
            matched = [f for part in node.parts if (f := evaluate(part, document, scope)) is not None]
            return [find for finds in matched for find in finds] if matched else None
        case All():
            return _all(node.parts, document, scope)
        case Run():
            return _found(rows(node, document, scope))
        case CasedRun():
            return _found(as_written(node, document, scope))
        case Without():
            return [] if evaluate(node.part, document, scope) is None else None
        case Near() | Same() | Apart():
            return _proximity(node, document, scope)
        case _:
            return _rest(node, document, scope)


def _rest(node: AtLeast | Of | Weight | First | Within, document: Document, scope: Stretch) -> list[Find] | None:
    match node:
        case AtLeast():
            finds = evaluate(node.part, document, scope)
            return finds if finds and len({find[0] for find in finds}) >= node.least else None
        case Of():
            matched = [f for part in node.parts if (f := evaluate(part, document, scope)) is not None]
            return [find for finds in matched for find in finds] if len(matched) >= node.least else None
        case Weight():
            return _weight(node, document, scope)
        case First():
            return evaluate(node.part, document, document.first_words(node.words, scope))
        case Within():
            return evaluate(node.part, document, document.scope(node.field, scope))
        case _:
            assert_never(node)


def _all(parts: tuple[Compiled, ...], document: Document, scope: Stretch) -> list[Find] | None:
    found: list[Find] = []
    for part in parts:
        finds = evaluate(part, document, scope)
        if finds is None:
            return None
        found += finds
    return found


def _weight(node: Weight, document: Document, scope: Stretch) -> list[Find] | None:
    total, found = 0, list[Find]()
    for part, weight in zip(node.parts, node.weights, strict=True):
        finds = evaluate(part, document, scope)
        if finds is not None:
            total += weight
            if weight > 0:
                found += finds
    return found if total >= node.threshold else None


def _found(stretches: list[Stretch]) -> list[Find] | None:
    return [(*stretch, (stretch,)) for stretch in stretches] or None


def _proximity(node: Near | Same | Apart, document: Document, scope: Stretch) -> list[Find] | None:
    left = evaluate(node.left, document, scope)
    if not left:
        return None
    right = evaluate(node.right, document, scope) or []
    match node:
        case Apart():
            return _apart(left, sorted(right), node.distance) or None
        case Near():
            pairs = _following(left, right, node.distance)
            if not node.ordered:
                pairs += _following(right, left, node.distance)
        case Same():
            pairs = _together(left, right, node.unit, document)
    return _joined(pairs) or None


def _following(left: list[Find], right: list[Find], distance: int) -> list[tuple[Find, Find]]:
    """Pairs in which the right one begins at most ``distance`` after the left one's end."""
    ordered = sorted(right)
    firsts = [find[0] for find in ordered]
    pairs: list[tuple[Find, Find]] = []
    for find in left:
        low, high = bisect_right(firsts, find[1]), bisect_right(firsts, find[1] + distance)
        pairs += [(find, other) for other in ordered[low:high]]
        if len(pairs) > MOST_FINDS:
            break
    return pairs


def _together(left: list[Find], right: list[Find], unit: str, document: Document) -> list[tuple[Find, Find]]:
    """Pairs that lie in one sentence or paragraph and do not overlap."""
    by_unit: dict[tuple[int, int], list[Find]] = {}
    for find in right:
        if (where := _unit(find, unit, document)) is not None:
            by_unit.setdefault(where, []).append(find)
    # Both orders, so that what does not overlap a find is a stretch of either, however many do.
    ordered = {
        where: (sorted(finds), [find[0] for find in sorted(finds)], sorted(finds, key=_LAST), sorted(map(_LAST, finds)))
        for where, finds in by_unit.items()
    }
    pairs: list[tuple[Find, Find]] = []
    for find in left:
        where = _unit(find, unit, document)
        if where in ordered:
            by_first, firsts, by_last, lasts = ordered[where]
            pairs += [(find, other) for other in by_last[: bisect_left(lasts, find[0])]]
            pairs += [(find, other) for other in by_first[bisect_right(firsts, find[1]) :]]
        if len(pairs) > MOST_FINDS:
            break
    return pairs


_LAST = itemgetter(1)


def _unit(find: Find, unit: str, document: Document) -> tuple[int, int] | None:
    """The sentence or paragraph that holds all of a find."""
    first = document.unit(find[0], unit)
    return first if find[0] == find[1] or document.unit(find[1], unit) == first else None


def _joined(pairs: Iterable[tuple[Find, Find]]) -> list[Find]:
    """Each pair as one find from the first to the last of both; equal stretches are one, with all of their terms."""
    joined: dict[Stretch, dict[Stretch, None]] = {}
    for one, other in pairs:
        stretch = min(one[0], other[0]), max(one[1], other[1])
        joined.setdefault(stretch, {}).update(dict.fromkeys(one[2] + other[2]))
    return [(*stretch, tuple(terms)) for stretch, terms in joined.items()][:MOST_FINDS]


def _apart(left: list[Find], right: list[Find], distance: int) -> list[Find]:
    """Those of ``left`` that no right one is within ``distance`` of, or overlaps."""
    firsts = [find[0] for find in right]
    # Of all that begin before a point, the one that reaches furthest.
    reach = list(accumulate((find[1] for find in right), max))
    found = []
    for find in left:
        before = bisect_left(firsts, find[1] + distance + 1)
        if not before or reach[before - 1] < find[0] - distance:
            found.append(find)
    return found


def spans(finds: Iterable[Find], document: Document) -> tuple[Span, ...]:
    """The terms of all finds as spans of the original text, in reading order, each once."""
    return tuple(map(document.span, sorted({stretch for find in finds for stretch in find[2]})))
