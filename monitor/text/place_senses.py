"""Which place a name means in its story, and whether it means one at all.

The rules, in order:

1. A city before a comma and a state that it is not in is another city: Paris, Texas; Athens, Ga.
2. A name that a title, a given name, or a surname behind it makes a person's is no place: Ms. London, Jack London,
   Jordan Smith; nor are the same name's other occurrences, unless the story has the place otherwise, or "in" it.
3. A name of several senses (Georgia, Turkey, Washington) takes the one that the story's other places and words
   speak for most (senses.yaml of scripts/places).
4. A weak name (Nice, Reading) needs another mention of its country.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from monitor.text.place_forms import CAPITAL, CAPITALS, SMALL, pieces
from monitor.text.place_table import AFTER_COMMA, EVENT, MASK, NOTHING, Sense, Spec, Table
from monitor.text.tokens import Token

SPACE, COMMA = 1, 2
"""Code points between two words that have a space, or a sign and a space, between them."""
NEAR_COUNTS = 3
"""So many places inside a near one count at most."""
OWN = 3
"""A mention of the sense's own place counts so many times."""
_NAMES = frozenset(("name", "capital", "city", "part", "demonym"))
_MANY_CAPITALS = 0.6
_AROUND = 8


class Found(NamedTuple):
    """A name found: its first and last piece, its key, what it may mean, and whether that is settled."""

    first: int
    last: int
    key: tuple[str, ...]
    spec: Spec
    settled: bool = False

    def means(self, place: str, how: str) -> Found:
        """The name with its meaning settled."""
        return self._replace(spec=self.spec._replace(place=place, how=how, weak=False), settled=True)


class Story:
    """The pieces of a story, the token that each is of, and the names found."""

    __slots__ = ("found", "of", "pieces", "table", "tokens")

    def __init__(self, tokens: Sequence[Token], table: Table) -> None:
        parted = [pieces(token[2]) for token in tokens]
        self.pieces = [piece for parts in parted for piece in parts]
        self.of = [i for i, parts in enumerate(parted) for _ in parts]
        self.tokens = tokens
        self.found: list[Found] = []
        self.table = table

    def key(self, at: int) -> str:
        """The folded piece."""
        return self.pieces[at].key

    def case(self, at: int) -> int:
        """How the piece is written."""
        return self.pieces[at].case

    def gap(self, left: int) -> int:
        """Code points between a piece and the next; negative at the ends, and where another field begins."""
        if left < 0 or left + 1 >= len(self.pieces):
            return -1
        begin = self.tokens[self.of[left + 1]].start + self.pieces[left + 1].start
        return begin - self.tokens[self.of[left]].start - self.pieces[left].end


def resolve(story: Story) -> list[Found]:
    """The names that mean a place, each with the place that it means."""
    senses = story.table.senses
    story.found = _commas(story)
    found = _persons(story)
    open_ = [f for f in found if f.key in senses and not f.settled and f.spec.how not in (MASK, EVENT)]
    sure = [f for f in found if not f.spec.weak and f.spec.how not in (MASK, EVENT) and f not in open_]
    present = _places(sure)
    if open_:
        chosen = _choose(story, open_, present)
        found = [chosen[f.key](f) if f in open_ else f for f in found]
        present |= _places([f for f in found if f.settled])
    return [f for f in found if f.spec.place != NOTHING and (not f.spec.weak or _supported(story.table, f, present))]


def _places(found: list[Found]) -> set[str]:
    return {f.spec.place for f in found}


def _commas(story: Story) -> list[Found]:
    """Rule 1; abbreviated states stay only behind a comma."""
    kept: list[Found] = []
    for found in story.found:
        f = found
        behind = story.gap(f.first - 1) == COMMA and story.case(f.first - 1) in (CAPITAL, CAPITALS)
        if f.spec.how == AFTER_COMMA:
            runs_on = story.gap(f.last) == SPACE and story.case(f.last + 1) == CAPITAL  # Sgt. La Croix
            if not behind or runs_on:
                continue
            f = f._replace(spec=f.spec._replace(how="part"))
        elif f.spec.how != "part" and not _is_state(story, f):
            behind = False
        if behind and kept and kept[-1].last == f.first - 1:
            f = _after_city(story, kept, f)
        kept.append(f)
    return kept


def _is_state(story: Story, f: Found) -> bool:
    return any(sense.place.startswith("us.") for sense in story.table.senses.get(f.key, ()))


def _after_city(story: Story, kept: list[Found], state: Found) -> Found:
    """A state behind a city: which of the two are what."""
    city = kept[-1]
    if city.spec.how not in ("city", "capital") and state.spec.how == "part" and city.spec.how != "name":
        return state
    options = [s.place for s in story.table.senses.get(city.key, ())] or [city.spec.place]
    senses = [s.place for s in story.table.senses.get(state.key, ())] or [state.spec.place]
    for meant in senses:
        country = meant.split(".")[0]
        inside = [option for option in options if option == country or country in _within(story.table, option)]
        if inside:
            kept[-1] = city.means(inside[0], city.spec.how)
            return state.means(meant, state.spec.how)
    states = [meant for meant in senses if (known := story.table.place(meant)) and known.kind == "part"]
    if states and city.spec.how in ("city", "capital", "name"):
        kept.pop()
        return state.means(states[0], "part")
    return state


def _within(table: Table, place: str) -> tuple[str, ...]:
    known = table.place(place)
    return known.within if known else ()


def _persons(story: Story) -> list[Found]:
    """Rule 2."""
    names = {i for f in story.found for i in range(f.first, f.last + 1)}
    persons = [f for f in story.found if f.spec.how in _NAMES and f.first == f.last and _is_person(story, f, names)]
    if not persons:
        return story.found
    keys = {f.key for f in persons}
    others = _places([f for f in story.found if f.key not in keys and f.spec.how not in (MASK, EVENT)])

    def stays(f: Found) -> bool:
        if f.key not in keys or f.spec.how == MASK:
            return True
        if f in persons:
            return False
        country = "." not in f.spec.place
        return f.spec.place in others or (country and _supported(story.table, f, others)) or _placed(story, f)

    return [f for f in story.found if stays(f)]


def _is_person(story: Story, f: Found, names: set[int]) -> bool:
    lists = story.table.words
    if story.case(f.first) not in (CAPITAL, CAPITALS) or len(f.key[0]) < 3:
        return False
    gap = story.gap(f.first - 1)
    if gap in (SPACE, COMMA) and story.case(f.first - 1) != SMALL:
        before = story.key(f.first - 1)
        if before in lists["titles"]:
            return True
        if gap == SPACE and f.spec.how != "demonym" and f.first - 1 not in names:
            if before in lists["first"]:
                return True
            if f.key[0] in lists["last"] and _unknown_given_name(story, f.first - 1):
                return True
    if f.spec.how == "demonym" and f.key[0] not in lists["given"]:
        return False
    return (f.key[0] in lists["given"] or f.key[0] in lists["given-names"]) and _named(story, f, names)


def _unknown_given_name(story: Story, at: int) -> bool:
    """Whether the word before a frequent surname (Jackson, Houston) may be a given name: Tarvaris Jackson."""
    lists = story.table.words
    plain = any(story.key(at) in lists[name] for name in ("heads", "prepositions", "openers"))
    return story.case(at) == CAPITAL and not plain and not _headline(story, at)


def _named(story: Story, f: Found, names: set[int]) -> bool:
    """Whether a surname follows."""
    lists, behind = story.table.words, f.last + 1
    if story.gap(f.last) != SPACE or behind in names or story.case(behind) == SMALL:
        return False
    key = story.key(behind)
    initial = len(key) == 1 and story.gap(behind) in (SPACE, COMMA) and story.case(behind + 1) == CAPITAL
    if initial or (key in lists["last"] and key not in lists["heads"]):
        return True
    if key in lists["heads"] or f.key[0] not in lists["given-names"] or story.case(behind) != CAPITAL:
        return False
    after = story.case(behind + 1) if story.gap(behind) == SPACE else SMALL
    return after == SMALL and not _headline(story, f.first)


def _headline(story: Story, i: int) -> bool:
    """Whether most words around are capitalised, as in English titles: then a capital proves nothing."""
    around = story.pieces[max(0, i - _AROUND) : i] + story.pieces[i + 2 : i + 2 + _AROUND]
    return sum(piece.case in (CAPITAL, CAPITALS) for piece in around) > _MANY_CAPITALS * len(around)


def _placed(story: Story, f: Found) -> bool:
    """Whether a preposition of place stands before the name."""
    return story.gap(f.first - 1) == SPACE and story.key(f.first - 1) in story.table.words["prepositions"]


def _supported(table: Table, f: Found, present: set[str]) -> bool:
    """Whether the story names the country of the place, or something in it, as well; of a region, a member."""
    place = f.spec.place
    wanted = (
        {place} if place.startswith("r.") or "." not in place else {w for w in _within(table, place) if w[:2] != "r."}
    )
    return any(
        other in wanted or not wanted.isdisjoint(_within(table, other)) for other in present if other != place
    ) or (place in present and "." not in place)


def _choose(story: Story, names: list[Found], present: set[str]) -> dict[tuple[str, ...], Callable[[Found], Found]]:
    """Rule 3: one sense for a name, all through the story."""
    text = {piece.key for piece in story.pieces}
    chosen = {}
    for f in names:
        if f.key not in chosen:
            placed = any(g.key == f.key and _placed(story, g) for g in names)
            best = max(story.table.senses[f.key], key=_scorer(story.table, present, text, placed=placed))
            how = f.spec.how if f.spec.how == "demonym" else _how(story.table, best)
            chosen[f.key] = _settler(best.place, how)
    return chosen


def _settler(place: str, how: str) -> Callable[[Found], Found]:
    return lambda found: found.means(place, how)


def _how(table: Table, sense: Sense) -> str:
    known = table.place(sense.place)
    kind = known.kind if known else ""
    return {"region": "metonym", "country": "name", "territory": "name"}.get(kind, kind or "name")


def _scorer(table: Table, present: set[str], text: set[str], *, placed: bool) -> Callable[[Sense], int]:
    def score(sense: Sense) -> int:
        total = len(sense.words & text) + (placed and sense.place != NOTHING)
        for near in sense.near:
            inside = sum(1 for place in present if place == near or near in _within(table, place))
            total += min(inside, NEAR_COUNTS) * (OWN if near == sense.place else 1)
        return total

    return score
