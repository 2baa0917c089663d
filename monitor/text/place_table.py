"""The gazetteer's table: places, their names by first piece, and what tells senses apart.

data/places.txt.gz is made by scripts/build_places.py. Its lines, fields parted by tabs:

    P id kind name parents       a place; parents by blanks
    K piece name…                the names that begin with a folded piece, the longest first, each as
                                 name|place|how and flags|languages; how is a letter of HOWS; flags: w weak, l local;
                                 languages by blanks, none for any; k instead of K where one may begin small
    S name place near words      one sense of an ambiguous name; place may be "nothing"
    H id successor               a state that is no more, and the country to look at today
    W list words                 a word list: titles, first and last names, …

A *weak* name (Nice, Reading) counts only where the story names its country as well. A *local* one (Rom, Viro) is
looked for only in stories of its own language. Lines of names and places are taken apart when they are asked for:
a process needs few of the 50,000, and starts in a tenth of the time.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

from monitor.text.place_forms import cases_of, name_pieces

NOTHING = "nothing"
MASK, AFTER_COMMA, EVENT = "mask", "after-comma", "event"
HOWS = {
    "n": "name", "d": "demonym", "c": "capital", "t": "city", "m": "metonym", "p": "part", "r": "region",
    "e": EVENT, "k": MASK, "a": AFTER_COMMA,
}  # fmt: skip


_COMMON = ("n", "c", "r")


class Place(NamedTuple):
    """``within`` holds the ids of every wider place: country, regions, blocs."""

    id: str
    kind: str  # country, territory, region, historic, part, capital, city
    name: str
    within: tuple[str, ...]


class Spec(NamedTuple):
    """What names of one kind share."""

    place: str
    how: str
    weak: bool
    local: bool
    languages: frozenset[str]


class Candidate(NamedTuple):
    """A name by its first piece: the pieces that follow, the case of each, and what it means."""

    rest: tuple[str, ...]
    cases: str
    spec: Spec


class Names(NamedTuple):
    """The names that begin with one piece: longer ones by their second piece, the longest first; that of it alone."""

    longer: dict[str, tuple[Candidate, ...]]
    alone: Candidate | None


class Sense(NamedTuple):
    """One meaning of an ambiguous name, with what speaks for it."""

    place: str
    near: tuple[str, ...]
    words: frozenset[str]


class Table:
    """Everything of the file."""

    def __init__(self, text: str) -> None:
        self.senses: dict[tuple[str, ...], tuple[Sense, ...]] = {}
        self.words: dict[str, frozenset[str]] = {}
        self.successors: dict[str, str] = {}
        self._lines_of: dict[str, str] = {}  # piece -> its line
        self._names: dict[str, Names] = {}  # what was asked for
        self.small: set[str] = set()  # the pieces in small letters that begin a name
        self._lines: dict[str, str] = {}  # id -> its line
        self._places: dict[str, Place] = {}
        for line in text.splitlines():
            kind, key, rest = (*line.split("\t", 2), "", "")[:3]
            match kind:
                case "K" | "k":
                    self._lines_of[key] = rest
                    if kind == "k":
                        self.small.add(key)
                case "P":
                    self._lines[key] = rest
                case "S":
                    place, near, cues = rest.split("\t")
                    sense = Sense(place, tuple(near.split()), frozenset(cues.split()))
                    keys = tuple(name_pieces(key)[1])
                    self.senses[keys] = (*self.senses.get(keys, ()), sense)
                case "H":
                    self.successors[key] = rest
                case "W":
                    self.words[key] = frozenset(rest.split())
                case _:
                    pass  # the header

    def names(self, piece: str) -> Names | None:
        """The names that begin with a folded piece."""
        made = self._names.get(piece)
        if made is None and (line := self._lines_of.get(piece)) is not None:
            made = self._names[piece] = _names(line)
        return made

    def place(self, place: str) -> Place | None:
        """The place of an id, or None."""
        made = self._places.get(place)
        if made is None and place in self._lines:
            kind, name, _ = self._lines[place].split("\t")
            made = self._places[place] = Place(place, kind, name, self._wider(place))
        return made

    def ids(self) -> Iterator[str]:
        """The ids of all places."""
        return iter(self._lines)

    def pieces(self) -> Iterator[str]:
        """The folded pieces that begin a name."""
        return iter(self._lines_of)

    def spellings(self, place: str) -> list[tuple[str, Spec]]:
        """The names of a place as written. All lines are looked through: this is for people, not for every story."""
        mark = f"|{place}|"
        lines = (line for line in self._lines_of.values() if mark in line)
        return [_named(written) for line in lines for written in line.split("\t") if mark in written]

    def of_language(self, language: str) -> Iterator[tuple[str, Spec]]:
        """The names that stories of a language may inflect: its own; of countries and capitals, those of all."""
        for line in self._lines_of.values():
            for written in line.split("\t"):
                _, _, how, languages = written.split("|")
                if language in languages.split() or (not languages and how in _COMMON):
                    yield _named(written)

    def _wider(self, place: str) -> tuple[str, ...]:
        """Every place around ``place``, the nearest first.

        A country's parents are all the regions that hold it, so none is looked for behind a region: the Middle East
        lies in Asia, but Egypt does not.
        """
        near = self._lines[place].rsplit("\t", 1)[1].split()
        states = [wider for wider in near if not wider.startswith("r.")]
        around = [wider for state in states for wider in self._lines[state].rsplit("\t", 1)[1].split()]
        return tuple(sys.intern(wider) for wider in dict.fromkeys((*near, *around)) if wider != place)


def load() -> Table:
    """The table that the package ships."""
    packed = (resources.files("monitor.text") / "data" / "places.txt.gz").read_bytes()
    return Table(gzip.decompress(packed).decode())


def _named(written: str) -> tuple[str, Spec]:
    name, place, how, languages = written.split("|")
    spec = Spec(sys.intern(place), HOWS[how[0]], "w" in how, "l" in how, frozenset(languages.split()))
    return name, spec


def _names(line: str) -> Names:
    """A line's names, taken apart."""
    longer: dict[str, list[Candidate]] = {}
    alone = None
    for written in line.split("\t"):
        name, spec = _named(written)
        shown, keys = name_pieces(name)
        candidate = Candidate(tuple(keys[1:]), cases_of(shown, first_only=spec.how in (MASK, EVENT)), spec)
        if candidate.rest:
            longer.setdefault(keys[1], []).append(candidate)
        else:
            alone = candidate
    return Names({second: tuple(found) for second, found in longer.items()}, alone)
