"""The table of places while it is being made, and the form in which it is written.

A name belongs to the first place that claims it, so what is written by hand comes first and the packages last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.text.place_forms import SMALL, name_pieces, pieces
from monitor.text.place_table import HOWS

LOCAL_BELOW = 5
"""Latin names of fewer letters are looked for in stories of their own language only: Fas, Viro, Rom."""

_LETTERS = {how: letter for letter, how in HOWS.items()}
_SEPARATORS = re.compile(r"[^\w]+")


def slug(name: str) -> str:
    """The name's part of an id: small letters and hyphens; accents stay, so that no two cities fall together."""
    return "-".join(_SEPARATORS.sub(" ", name.lower().replace("'", "").replace("’", "")).split())


def key_of(name: str) -> str:
    """What a name is compared by while the table is made."""
    return " ".join(key for key in name_pieces(name)[1] if key)


def _case_of_first(name: str) -> int:
    return pieces(name_pieces(name)[0][0])[0].case


def latin(name: str) -> bool:
    """Whether the first letter is a Latin one."""
    letter = next((c for c in name if c.isalpha()), "")
    return bool(letter) and unicodedata.name(letter, "").startswith("LATIN")


@dataclass
class Entry:
    """One name of one place. ``weak`` and ``local`` as in monitor/text/place_table.py."""

    name: str
    place: str
    how: str
    languages: set[str]
    weak: bool
    local: bool

    def line(self) -> str:
        """The entry as it is written."""
        flags = _LETTERS[self.how] + ("w" if self.weak else "") + ("l" if self.local else "")
        languages = "" if "" in self.languages else " ".join(sorted(self.languages))
        return f"{self.name}|{self.place}|{flags}|{languages}"


@dataclass
class Table:
    """Places and names, in the order in which they came."""

    places: dict[str, tuple[str, str, list[str]]] = field(default_factory=dict)  # id -> kind, name, parents
    entries: dict[str, Entry] = field(default_factory=dict)  # by key
    common: frozenset[str] = frozenset()  # folded words that are more often something else than a foreign place

    def place(self, place: str, kind: str, name: str, parents: Iterable[str] = ()) -> bool:
        """Add a place; False where the id is taken."""
        if place in self.places:
            return False
        self.places[place] = (kind, name, list(parents))
        return True

    def name(self, name: str, place: str, how: str, language: str = "", *, local: bool = False) -> None:
        """Add a name of ``place``; ``language`` is a code, or empty where any story may use it. ~ marks a weak one."""
        weak = name.startswith("~")
        name = unicodedata.normalize("NFC", name.removeprefix("~").replace("\u00ad", "").replace("’", "'")).strip()
        key = key_of(name)
        if not key:
            return
        if language not in ("", "en") and latin(name):
            local = local or (len(key) < LOCAL_BELOW and not name.isupper()) or key in self.common
        have = self.entries.get(key)
        if have is None:
            self.entries[key] = Entry(name, place, how, {language}, weak, local)
        elif have.place == place:
            have.languages.add(language)
            have.local = have.local and local
            if how == have.how == "demonym" and name[0].islower():
                have.name = name  # French russe is German Russe as well: what allows small letters allows both

    def lines(self) -> list[str]:
        """Places and names as they are written; see monitor/text/place_table.py."""
        out = [
            "\t".join(("P", i, kind, name, " ".join(sorted(set(near)))))
            for i, (kind, name, near) in self.places.items()
        ]
        by_piece: dict[str, list[Entry]] = {}
        for key, entry in self.entries.items():
            by_piece.setdefault(key.split()[0], []).append(entry)
        for piece, entries in sorted(by_piece.items()):
            entries.sort(key=lambda entry: (-len(key_of(entry.name).split()), entry.name))
            small = any(_case_of_first(entry.name) == SMALL for entry in entries)
            out.append("\t".join(("k" if small else "K", piece, *(entry.line() for entry in entries))))
        return out
