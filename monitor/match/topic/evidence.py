"""How far a story has one part of a topic, from 0 to 1.

*Of words*: the best term where it stands best, and a little for each more. A term in the first words counts more than
one far down. *Of a name*: that it stands early, or is among the story's most frequent ones; one that is named once,
late, is not what the story is about. *Of a place*: its prominence (places.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.match.document import Find
from monitor.match.evaluate import evaluate, everywhere
from monitor.match.terms import Compiled
from monitor.match.topic.compiled import ANCHORS, NAMES, Part, TopicRule
from monitor.match.topic.view import View
from monitor.text.tokens import fold

OPENING, LEAD, TOP = 30, 60, 150
"""Words that are a story's opening, its lead, and its upper part, the headline among them."""
DEPTHS = ((OPENING, 1.0), (LEAD, 0.8), (TOP, 0.5))
DEEP = 0.3
"""What evidence is worth by where it stands: before so many words; anywhere else."""
WORTH = {1.0: 1.0, 0.7: 0.8, 0.4: 0.4}
"""What a term is worth by its weight in the lexicon: same, usual, hint."""
STRONG = 0.7
"""Worth from which on a find is more than a hint."""
HALF = 0.5
"""One word of an expression."""
EACH_MORE, MOST_MORE = 0.5, 5
"""Each further find takes away so much of what is missing."""

HEADLINE = 1.0
EARLY = ((OPENING, 0.7), (LEAD, 0.6))
"""How far the place of its first mention makes a name the story's subject: the headline; before so many words."""
RIVALLED, RIVALLED_PERSON = 0.9, 0.1
"""What is left of an early name where others are far more frequent."""
SHARE = 0.5
"""A name is a main one from this share of the most frequent other one on."""
ONCE = 0.5
"""Taken off the count of a late name, and added to its measure: a single mention is one in passing."""
OFTEN = 3
"""Mentions from which on a name is a main one, where capitals tell no other names."""
LATE = 0.8
"""The most that a frequent name is worth which comes late."""
SURNAME = 0.85
"""A surname without its given name."""
NAMED = 0.1
"""The evidence of a place that is named at all."""
PASSING, PROMINENT = 0.2, 0.4
"""The prominence up to which a place has no more than that, and from which on its evidence is full."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far a part was found, from 0 to 1, and by what; ``told`` is false where the story's language can't say it.

    ``finds`` are the strongest first; ``strong`` are those that are more than hints.
    """

    value: float
    finds: tuple[Find, ...] = ()
    strong: tuple[Find, ...] = ()
    told: bool = True

    @property
    def shown(self) -> tuple[Find, ...]:
        """What a reader gets marked: hints only where there is nothing better."""
        return self.strong or self.finds


def marked(found: Iterable[Evidence]) -> Iterator[Find]:
    """What a reader gets marked of a whole topic; of what lies in a longer stretch, the longer one."""
    reached = -1
    for find in sorted({find for evidence in found for find in evidence.shown}, key=lambda find: (find[0], -find[1])):
        if find[1] > reached:
            reached = find[1]
            yield find


NOTHING = Evidence(0.0)


class Evidences:
    """The evidence of one story, found once for all rules that share a part."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[Part, Evidence] = {}

    def of(self, part: Part, rule: TopicRule) -> Evidence:
        """How far the story has one part of a topic."""
        if part.kind in NAMES:  # which names are its rivals depends on the rule
            return _of_name(part, rule, self._view)
        found = self._known.get(part)
        if found is None:
            made = _of_place if part.kind == "place" else _of_words
            found = self._known[part] = made(part, self._view)
        return found


def _finds(compiled: Iterable[Compiled], view: View) -> list[Find]:
    found: list[Find] = []
    for node in compiled:
        found += evaluate(node, view.document, everywhere(view.document)) or ()
    return found


def _of_place(part: Part, view: View) -> Evidence:
    share, stretches = view.place(part.place, part.struck)
    finds: list[Find] = [(*stretch, (stretch,)) for stretch in stretches]
    value = NAMED + (1 - NAMED) * _between(share, PASSING, PROMINENT) if finds else 0.0
    if added := _finds(part.exact, view):
        value, finds = max(value, _scaled(view.document.depth(added[0][0]), DEPTHS, DEEP)), [*finds, *added]
    return Evidence(value, tuple(finds), tuple(finds))


def _of_name(part: Part, rule: TopicRule, view: View) -> Evidence:
    spelled = (at for node in part.exact if isinstance(node, str) for at in view.romanised.get(node, ()))
    finds = sorted({*_finds(part.exact, view), *((at, at, ((at, at),)) for at in spelled)})
    if not finds:
        return NOTHING
    count = len({find[1] for find in finds})
    rival = view.rival(rule.own)
    share = min(1.0, count / OFTEN if rival is None else count / (rival * SHARE))
    often = share if rival is None else min(1.0, (count - ONCE) / (rival * SHARE + ONCE))
    headline = finds[0][0] <= view.document.fields[0].last
    early = HEADLINE if headline else _scaled(view.document.depth(finds[0][0]), EARLY, 0.0)
    least = 1.0 if rival is None else RIVALLED_PERSON if part.kind == "person" else RIVALLED
    value = early * (least + (1 - least) * share) + (1 - early) * LATE * often**2
    if part.given is not None and not _is_whole(part, finds, view):
        value *= SURNAME
    return Evidence(value, tuple(finds), tuple(finds))


def _is_whole(part: Part, finds: list[Find], view: View) -> bool:
    """Whether the given name stands before the surname somewhere, or the whole name in another writing."""
    given = {find[1] for find in _finds((part.given,) if part.given is not None else (), view)}
    return any(find[0] < find[1] or not given.isdisjoint((find[0] - 1, find[0] - 2)) for find in finds)


def _of_words(part: Part, view: View) -> Evidence:
    rated = list(_rated(part, view))
    if not (view.tells(part.concept) or part.abroad not in view.abroad):
        # Where the language has no words for it, a find (an added one, a loan) says all there is to say.
        finds = tuple(find for _, find in rated)
        return Evidence(1.0, finds, finds) if finds else Evidence(0.0, told=False)
    if not rated:
        return NOTHING
    depth = view.document.depth
    placed = sorted((-worth * _scaled(depth(find[0]), DEPTHS, DEEP), find) for worth, find in rated)
    missing = 1 + placed[0][0]
    for value, _ in placed[1 : 1 + MOST_MORE]:
        missing *= 1 + EACH_MORE * value
    strong = tuple(find for worth, find in rated if worth >= STRONG)
    return Evidence(1 - missing, tuple(find for _, find in placed), strong)


def _rated(part: Part, view: View) -> Iterator[tuple[float, Find]]:
    """Every find of a part's words, with what it is worth wherever it stands."""
    for find in _finds(part.exact, view):
        yield 1.0, find
    for first, last, weight, term in view.sayings(part.concept):
        if not part.struck or fold(term) not in part.struck:
            yield part.worth * WORTH[weight], (first, last, ((first, last),))
    for find in _finds(part.halves, view):
        yield HALF, find


def worths(part: Part, view: View) -> dict[tuple[int, int], float]:
    """What each stretch that a part's words were found at is worth; a name's or a place's finds are not in it."""
    found: dict[tuple[int, int], float] = {}
    if part.kind not in ANCHORS:
        for worth, find in _rated(part, view):
            found[find[:2]] = max(worth, found.get(find[:2], 0.0))
    return found


def _scaled(depth: int, steps: tuple[tuple[int, float], ...], otherwise: float) -> float:
    for words, value in steps:
        if depth < words:
            return value
    return otherwise


def _between(value: float, low: float, high: float) -> float:
    """0 up to ``low``, 1 from ``high`` on, and in between as far as it has come."""
    return max(0.0, min(1.0, (value - low) / (high - low)))
