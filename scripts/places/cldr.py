"""Names of countries, regions and time-zone cities in the languages of news (Unicode CLDR, through Babel)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel import Locale
from babel.core import get_global

from scripts.places.table import Table

_CODES = """
en de fr es pt it nl sv nb da fi is et lv lt pl cs sk hu ro bg sr hr sl bs mk sq el tr ru uk be ka hy az kk uz ky
ar fa he ur ps hi bn pa gu mr ta te kn ml si ne zh zh_Hant ja ko vi th id ms fil sw am so ha zu af
my km lo mn ca eu gl ga cy mt lb
"""
LANGUAGES = _CODES.split()
REGIONS = {
    "002": "africa", "142": "asia", "150": "europe", "035": "southeast-asia", "034": "south-asia", "030": "east-asia",
    "143": "central-asia", "419": "latin-america", "005": "south-america", "013": "central-america",
    "029": "caribbean", "003": "north-america", "009": "oceania", "011": "west-africa", "014": "east-africa",
    "015": "north-africa", "018": "southern-africa", "202": "sub-saharan", "151": "eastern-europe",
    "155": "western-europe", "039": "southern-europe", "EU": "eu", "EZ": "euro-zone",
}  # fmt: skip
# Their names in CLDR are of administrations, or hold another country's: written by hand.
_BY_HAND = frozenset(("HK", "MO", "CD", "CG", "PS"))
_TWO_NAMES = re.compile(r"([^(（]+)[(（]([^(（]+)[)）]")  # "Myanmar (Burma)", but not "Cocos (Keeling) Islands"
# Abbreviations of "island", which no story uses.
_ABBREVIATED = re.compile(r"\b(?:о-в|о-ва|ос\.|O\.|Isl\.)")


def languages() -> Iterator[tuple[str, Locale]]:
    """Language codes as stories have them, with their locales; both kinds of Chinese are zh."""
    for code in LANGUAGES:
        yield {"nb": "no", "zh_Hant": "zh", "fil": "tl"}.get(code, code), Locale.parse(code)


def territories(table: Table) -> None:
    """Names of countries and regions."""
    for language, locale in languages():
        for code, name in sorted(locale.territories.items()):
            place = f"r.{REGIONS[code]}" if code in REGIONS else code.lower()
            if place not in table.places or code in _BY_HAND or _ABBREVIATED.search(name):
                continue
            how = "region" if code in REGIONS else "name"
            two = _TWO_NAMES.fullmatch(name)
            for part in two.groups() if two else (name,):
                if len(part.strip()) > 1 and part.strip() != code and "(" not in part:
                    table.name(part, place, how, language)


def cities(table: Table, known: dict[tuple[str, str], str]) -> None:
    """Names of the cities that time zones are called after; ``known`` maps country and English name to the id."""
    zones: dict[str, str] = {zone: code.lower() for zone, code in get_global("zone_territories").items()}
    english = Locale.parse("en").time_zones
    for language, locale in languages():
        for zone, described in sorted(locale.time_zones.items()):
            if zone not in zones or "city" not in described:
                continue
            default = zone.rsplit("/", 1)[-1].replace("_", " ")
            place = known.get((zones[zone], english.get(zone, {}).get("city", default)))
            if place is not None:
                how = "capital" if table.places[place][0] == "capital" else "city"
                table.name(described["city"], place, how, language)
