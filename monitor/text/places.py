"""Places in a text: countries, regions, cities, by their names, people, capitals and metonyms, in some 70 languages.

One pass over the tokens, the longest name first. In scripts with capitals a name must be capitalised (Turkey, not
turkey), an abbreviation in capitals (US, not us); German, French and Spanish adjectives are found in small letters too.
Which place an ambiguous name means is told from its story (place_senses.py).

    place_table.py    the table that scripts/build_places.py makes
    place_forms.py    what names and stories are compared by
    place_senses.py   Georgia, Jordan, Washington; Jack London
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import NamedTuple

from monitor.text.place_forms import CASELESS, SMALL, fits, katakana, name_pieces, stripped
from monitor.text.place_senses import Found, Story, resolve
from monitor.text.place_table import AFTER_COMMA, EVENT, MASK, NOTHING, Candidate, Names, Place, Table, load
from monitor.text.tokens import Token, fold

__all__ = ["EVENT", "Gazetteer", "Mention", "Place", "gazetteer"]

Normal = Callable[[str], str]
"""From a word to its base form in one language, such as a lemma or a stem."""

LONGEST_GAP = 3
"""Code points that may lie between two pieces of one name: "St. Kitts", "Bosnia & Herzegovina"."""
_SAME_LANGUAGE = {"nb": "no", "nn": "no", "fil": "tl"}
_SHORTEST_NORMAL = 3
_SHOWN_AFTER = {"demonym": 1, "metonym": 2}


class Mention(NamedTuple):
    """A place named in a text: its id, the first and last token (both included), and how it is named.

    ``how``: name, demonym, capital, metonym, city, part (of a country), region; event where the place is only in the
    name of something past (Vietnam War, Paris Agreement).
    """

    place: str
    first: int
    last: int
    how: str


class Gazetteer:
    """Finds places and knows what lies in what. ``gazetteer()`` is the one that the package ships."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._normal: dict[tuple[str, Normal], dict[str, tuple[Candidate, ...]]] = {}

    def find(self, tokens: Sequence[Token], language: str | None = None, normal: Normal | None = None) -> list[Mention]:
        """The places named in the tokens of a whole story, in order; offsets may start anew where a field begins.

        ``language`` is a primary subtag; with ``normal``, inflected names of that language are found too
        (Вьетнама, Wietnamu, Vietnamissa).
        """
        code = _SAME_LANGUAGE.get(language or "", language)
        if code == "en":
            normal = None  # its names have one form
        story = Story(tokens, self._table)
        story.found = list(self._scan(story, code, normal))
        if not story.found:
            return []
        of = story.of
        return [Mention(f.spec.place, of[f.first], of[f.last], f.spec.how) for f in resolve(story)]

    def place(self, place: str) -> Place | None:
        """The place of an id, or None."""
        return self._table.place(place)

    def kind(self, place: str) -> str | None:
        """Country, territory, region, historic, part, capital or city; None where the id is unknown."""
        known = self._table.place(place)
        return known.kind if known else None

    def successor(self, place: str) -> str | None:
        """The country that a state that is no more (kind historic) is looked for in today; None for all others."""
        return self._table.successors.get(place)

    def ids(self) -> tuple[str, ...]:
        """The ids of all places."""
        return tuple(self._table.ids())

    def lookup(self, words: str) -> Place | None:
        """What the author of a rule means by ``words``, in any language; None where it is no place.

        Case does not matter, but for the words that are others in small letters: us is not US.
        """
        written, keys = name_pieces(words.strip() or "-")
        if written == ["us"]:
            return None
        rest = tuple(keys[1:])
        for sense in self._table.senses.get(tuple(keys), ()):
            if sense.place != NOTHING:
                return self._table.place(sense.place)
        begun = self._table.names(keys[0])
        if begun is None:
            return None
        for candidate in begun.longer.get(rest[0], ()) if rest else (begun.alone,):
            if candidate and candidate.rest == rest and candidate.spec.how not in (MASK, EVENT):
                return self._table.place(candidate.spec.place)
        return None

    def members(self, place: str) -> frozenset[str]:
        """The ids of everything inside ``place``, itself included; none where the id is unknown."""
        return self._inside.get(place, frozenset())

    def names(self, place: str, language: str | None = None) -> tuple[str, ...]:
        """The names of ``place`` as written, those by which it is called first; of one language, or of all."""
        known = self._table.place(place)
        if known is None:
            return ()
        chosen = [
            (_SHOWN_AFTER.get(spec.how, 0), name)
            for name, spec in self._table.spellings(place)
            if spec.how not in (EVENT, AFTER_COMMA)
            and (language is None or not spec.languages or language in spec.languages)
        ]
        chosen.sort(key=lambda ranked: (ranked[0], ranked[1] != known.name, len(ranked[1]), ranked[1]))
        return tuple(name for _, name in chosen)

    @property
    def given_names(self) -> frozenset[str]:
        """Frequent given names, folded; not those that are more often something else."""
        return self._table.words["first"]

    def people(self, place: str, language: str) -> tuple[str, ...]:
        """The adjectives and inhabitants of ``place`` in one language."""
        spellings = self._table.spellings(place)
        return tuple(name for name, spec in spellings if spec.how == "demonym" and language in spec.languages)

    @cached_property
    def _inside(self) -> dict[str, frozenset[str]]:
        """The places inside each place."""
        found: dict[str, set[str]] = {}
        for place in self._table.ids():
            known = self._table.place(place)
            for wider in (place, *(known.within if known else ())):
                found.setdefault(wider, set()).add(place)
        return {place: frozenset(inside) for place, inside in found.items()}

    def _scan(self, story: Story, language: str | None, normal: Normal | None) -> Iterator[Found]:
        """Names in the order of the text, none inside another."""
        table, small = self._table, self._table.small
        after = 0
        for at, (key, case, _, _) in enumerate(story.pieces):
            if (case == SMALL and key not in small) or at < after:
                continue
            begun = table.names(key)
            found = _longest(begun, story, at, language) if begun else None
            if found is None and (case == CASELESS or (normal and case != SMALL)):
                found = self._inflected(story, at, language, normal)
            if found is not None:
                yield found
                after = found.last + 1

    def _inflected(self, story: Story, at: int, language: str | None, normal: Normal | None) -> Found | None:
        """A name under another form: without what its script writes together with it, or by its base form."""
        for key in stripped(story.key(at)) if story.case(at) == CASELESS else ():
            begun = self._table.names(key)
            if begun and begun.alone and begun.alone.spec.how != MASK:
                return Found(at, at, (key,), begun.alone.spec)
        if normal is None or language is None or len(story.key(at)) < _SHORTEST_NORMAL:
            return None
        for candidate in self._by_normal(language, normal).get(_base(story, at, normal), ()):
            last = at + len(candidate.rest)
            if last < len(story.pieces) and all(
                _base(story, at + i, normal) == part for i, part in enumerate(candidate.rest, 1)
            ):
                return Found(at, last, (story.key(at), *candidate.rest), candidate.spec)
        return None

    def _by_normal(self, language: str, normal: Normal) -> dict[str, tuple[Candidate, ...]]:
        """The names of a language by the base form of their pieces; made at its first use."""
        made = self._normal.get((language, normal))
        if made is None:
            index: dict[str, list[Candidate]] = {}
            for name, spec in self._table.of_language(language):
                keys = [fold(normal(part)) for part in name_pieces(name)[0]]
                index.setdefault(keys[0], []).append(Candidate(tuple(keys[1:]), "", spec))
            made = {key: tuple(sorted(found, key=lambda c: -len(c.rest))) for key, found in index.items()}
            self._normal[language, normal] = made
        return made


def _base(story: Story, at: int, normal: Normal) -> str:
    """The folded base form of a piece."""
    piece = story.pieces[at]
    return fold(normal(story.tokens[story.of[at]].text[piece.start : piece.end]))


def _longest(begun: Names, story: Story, at: int, language: str | None) -> Found | None:
    """The longest of the names that stand here."""
    pieces = story.pieces
    key, case, _, _ = pieces[at]
    following = begun.longer.get(pieces[at + 1].key, ()) if begun.longer and at + 1 < len(pieces) else ()
    for rest, asked, spec in following:
        last = at + len(rest)
        if (
            last < len(pieces)
            and fits(asked[0], case)
            and not (spec.local and language not in spec.languages)
            and _follow(rest, asked, story, at)
            and (case != CASELESS or _whole_run(story, at, last))
        ):
            return Found(at, last, (key, *rest), spec)
    if begun.alone is None:
        return None
    _, asked, spec = begun.alone
    if not fits(asked, case) or (spec.local and language not in spec.languages):
        return None
    return Found(at, at, (key,), spec) if case != CASELESS or _whole_run(story, at, at) else None


def _follow(rest: tuple[str, ...], asked: str, story: Story, at: int) -> bool:
    """Whether the further pieces of a name stand behind its first."""
    for i, key in enumerate(rest, 1):
        piece = story.pieces[at + i]
        if piece.key != key or not fits(asked[i], piece.case):
            return False
        if not 0 <= story.gap(at + i - 1) <= (0 if asked[i] == "t" else LONGEST_GAP):
            return False
    return True


def _whole_run(story: Story, first: int, last: int) -> bool:
    """Whether a name in katakana is a whole run of katakana; any other is."""
    if not katakana(story.key(first)):
        return True
    if story.gap(first - 1) == 0 and katakana(story.key(first - 1)):
        return False
    return not (katakana(story.key(last)) and story.gap(last) == 0 and katakana(story.key(last + 1)))


@cache
def gazetteer() -> Gazetteer:
    """The shipped gazetteer, loaded at its first use."""
    return Gazetteer(load())
