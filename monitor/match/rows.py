"""Words in a row, where a compound is one word or several: in the rule, in the story, or in both.

`"cease fire deal"` stands in *a cease-fire deal*, and `"cease-fire deal"` in *a cease fire deal* and in *a ceasefire
deal*. So a position of the story may take one word of the row or some, and a compound of the row be taken whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from monitor.match.document import MOST_JOINED, Document
from monitor.match.terms import CasedRun, Run

Stretch = tuple[int, int]
MOST_WAYS = 10_000
"""Most ways of reading the first words of a row that are kept; only a story made for the purpose has more."""


def rows(run: Run, document: Document, scope: Stretch) -> list[Stretch]:
    """Where the words of a run stand inside ``scope``: first and last position, in order."""
    halves = document.halves
    if run.joined or any(one in halves and other in halves for one, other in pairwise(run.terms)):
        return sorted(_ways(run, document, scope))
    return neighbours(run.terms, document, scope)


def as_written(run: CasedRun, document: Document, scope: Stretch) -> list[Stretch]:
    """Where words stand in a row exactly as they are written."""
    found = neighbours(run.terms, document, scope)
    return [row for row in found if all(word in document.cased_at(row[0] + i) for i, word in enumerate(run.cased))]


def neighbours(terms: tuple[str, ...], document: Document, scope: Stretch) -> list[Stretch]:
    """Where each term stands at the position after the one before it."""
    reach = len(terms) - 1
    # From the rarest word outwards: the others are only looked up.
    places = [document.positions(term) for term in terms]
    rarest = min(range(len(places)), key=lambda i: len(places[i]))
    starts = [p - rarest for p in places[rarest] if scope[0] <= p - rarest and p - rarest + reach <= scope[1]]
    for i, positions in enumerate(places):
        if starts and i != rarest:
            there = set(positions)
            starts = [p for p in starts if p + i in there]
    return [(start, start + reach) for start in starts]


def _ways(run: Run, document: Document, scope: Stretch) -> set[Stretch]:
    """Word by word: which stretches read as the first ``i`` words of the row."""
    low, high = scope
    reached: list[set[Stretch]] = [set() for _ in range(len(run.terms) + 1)]
    for i in range(len(run.terms)):
        for term, after in _steps(run, i):
            positions = document.positions(term)
            if i == 0:
                reached[after].update((p, p) for p in positions if low <= p <= high)
            elif positions and len(reached[after]) < MOST_WAYS:
                there = set(positions)
                reached[after].update((start, p + 1) for start, p in reached[i] if p < high and p + 1 in there)
    return reached[-1]


def _steps(run: Run, i: int) -> Iterator[tuple[str, int]]:
    """What a position may hold that takes words of the row from number ``i`` on, and the number after these."""
    yield run.terms[i], i + 1
    for end in range(i + 2, min(i + MOST_JOINED, len(run.terms)) + 1):
        yield '"' + "-".join(term[1:] for term in run.terms[i:end]), end
    for start, end, term in run.joined:
        if start == i:
            yield term, end
