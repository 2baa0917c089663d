"""What is written by hand: countries, regions, parts, metonyms, masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from monitor.text.place_table import MASK, NOTHING
from scripts.places import words
from scripts.places.table import Table, key_of, slug

HERE = Path(__file__).resolve().parent
ADJECTIVE_LOCAL_BELOW = 8
"""Shorter adjectives in small letters are looked for in stories of their own language only."""


def rows(name: str, columns: int) -> Iterator[list[list[str]]]:
    """The rows of a table: fields parted by bars, lists by semicolons."""
    for number, line in enumerate((HERE / name).read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [[item.strip() for item in cell.split(";") if item.strip()] for cell in line.split("|")]
        if len(fields) > columns:
            raise ValueError(f"{name}:{number}: {len(fields)} fields, at most {columns} are known")
        yield fields + [[]] * (columns - len(fields))


def document(name: str) -> Any:
    """A YAML file in which every scalar is text, so that Norway's code is no boolean."""
    return yaml.load((HERE / name).read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes no objects


def countries(table: Table) -> dict[str, list[str]]:
    """Add countries and territories; their capitals by id are for towns.py."""
    capitals = {}
    people = []
    for (head,), names, cities, english, german, french in rows("countries.txt", 6):
        place = head.removeprefix("~")
        table.place(place, "territory" if head.startswith("~") else "country", names[0].removeprefix("~"))
        for name in names:
            table.name(name, place, "name")
        capitals[place] = cities
        people.append((place, english, german, french))
    for place, english, german, french in people:
        add_people(table, place, english, german, french)
    return capitals


def add_people(table: Table, place: str, english: list[str], german: list[str], french: list[str]) -> None:
    """Adjectives and inhabitants, in every form."""
    forms = [(form, "en") for word in english for form in words.english(word)]
    forms += [(form, "de") for word in german for form in words.german(word)]
    forms += [(form, "fr") for word in french for form in words.french(word)]
    for form, language in forms:
        local = language != "en" and len(form) < ADJECTIVE_LOCAL_BELOW
        table.name(form, place, "demonym", language, local=local)


def adjectives(table: Table) -> None:
    """Spanish, Russian and Polish adjectives."""
    for (place,), spanish, russian, polish in rows("adjectives.txt", 4):
        forms = [(form, "es") for word in spanish for form in words.spanish(word)]
        forms += [(form, "ru") for word in russian for form in words.russian(word)]
        forms += [(form, "pl") for word in polish for form in words.polish(word)]
        for form, language in forms:
            table.name(form, place, "demonym", language, local=len(form) < ADJECTIVE_LOCAL_BELOW)


def regions(table: Table) -> None:
    """Regions, blocs and historic states; a country's parents are all regions that hold it."""
    described = {name: group for kind in document("regions.yaml").values() for name, group in kind.items()}
    historic = set(document("regions.yaml")["historic"])
    members = {name: _expand(name, described) for name in described}
    for name, region in described.items():
        wider = [other for other in described if other != name and members[name] and members[name] < members[other]]
        parents = [f"r.{other}" if other in described else other for other in [*region.get("within", ()), *wider]]
        place = f"r.{name}"
        table.place(place, "historic" if name in historic else "region", region["names"][0].removeprefix("~"), parents)
        for spelling in region["names"]:
            table.name(spelling, place, "region")
        add_people(table, place, region.get("people", []), region.get("de", "").split(), region.get("fr", "").split())
        for member in members[name]:
            if member not in table.places:
                raise ValueError(f"regions.yaml: {name} has the member {member}, which is no country")
            table.places[member][2].append(place)


def _expand(name: str, described: dict[str, Any]) -> frozenset[str]:
    """The countries of a region, those of its regions included."""
    found: set[str] = set()
    for member in described[name]["members"]:
        found |= _expand(member, described) if member in described else {member}
    return frozenset(found)


def successors() -> list[str]:
    """The lines of states that are no more."""
    return [f"H\tr.{name}\t{state['successor']}" for name, state in document("regions.yaml")["historic"].items()]


def parts(table: Table) -> None:
    """Provinces, islands, straits."""
    for (places,), names, english in rows("parts.txt", 3):
        parents = places.split()
        place = f"{parents[0]}.{slug(names[0].removeprefix('?'))}"
        if not table.place(place, "part", names[0].removeprefix("~"), parents):
            raise ValueError(f"parts.txt: {place} is there twice")
        for name in names:
            table.name(name, place, "part")
        add_people(table, place, english, [], [])


def metonyms(table: Table) -> None:
    """Buildings and institutions."""
    for place, names in document("metonyms.yaml").items():
        for name in names:
            table.name(name, place, "metonym")


def masks(table: Table) -> None:
    """Events, names inside other names, and what is no place at all."""
    described = document("masks.yaml")
    for kind, how in (("events", "event"), ("elsewhere", "name")):
        for place, names in described[kind].items():
            if place not in table.places:
                raise ValueError(f"masks.yaml: {place} is no place of the table")
            for name in names:
                table.entries.pop(key_of(name), None)
                table.name(name, place, how)
    for name in described["nothing"]:
        table.entries.pop(key_of(name), None)
        table.name(name, NOTHING, MASK)


def senses(table: Table) -> list[str]:
    """The lines of names with more than one sense."""
    lines = []
    for name, described in document("senses.yaml").items():
        table.name(name, next(iter(described[0])), "city" if "." in next(iter(described[0])) else "name")
        for sense in described:
            ((place, evidence),) = sense.items()
            if "." in place and place.split(".")[0] in table.places:
                table.place(place, "city", name, [place.split(".")[0]])  # the second Tripoli is in no other table
            for known in (place, *evidence["near"]):
                if known != NOTHING and known not in table.places:
                    raise ValueError(f"senses.yaml: {name}: {known} is no place of the table")
            lines.append("\t".join(("S", name, place, " ".join(evidence["near"]), " ".join(evidence["words"]))))
    return lines
