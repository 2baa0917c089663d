"""A second reading of docs/rules.md: no index, no cleverness, no part of the code under test but the tree.

A story is made of words whose meaning stands in vocabulary.py, and of sentences and paragraphs that are
known because it was built from them. Every question is answered by trying everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from monitor.query.ast import (
    NAME_FIELDS,
    And,
    AtLeast,
    Cased,
    Expression,
    First,
    InField,
    Leaf,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Positional,
    Same,
    Value,
    Weight,
    Wildcard,
    Word,
    positional,
)
from tests.properties.vocabulary import WORDS, Part, Unit

Sentence = tuple[str, ...]
Paragraph = tuple[Sentence, ...]
Stretch = tuple[int, int]
"""First and last word, by number."""
LEAD = 60


@dataclass(frozen=True)
class Tale:
    """A story as it was built: words in sentences in paragraphs, and its facts."""

    title: Sentence
    body: tuple[Paragraph, ...]
    author: Sentence = ()
    source: Sentence = ()
    host: str = ""
    path: Sentence = ()
    language: str | None = None
    tags: tuple[str, ...] = ()
    blank_lines: bool = True


@dataclass(frozen=True)
class Spot:
    """A word of a story. ``number`` runs on from headline to body; a name's words have numbers of their own."""

    number: int
    field: str
    sentence: int
    paragraph: int
    unit: Unit


class Naive:
    """One story, and whether a query matches it."""

    def __init__(self, tale: Tale) -> None:
        self.tale = tale
        self.text = self._text()
        self._terms: dict[tuple[Leaf, object], set[Stretch]] = {}

    def matches(self, query: Expression) -> bool:
        """Whether the story is a hit."""
        return self.holds(query, self.text)

    def _text(self) -> list[Spot]:
        """Headline and body, word by word."""
        sentences = [("title", 0, self.tale.title)]
        for number, paragraph in enumerate(self.tale.body, 1):
            sentences += [("body", number, sentence) for sentence in paragraph]
        spots: list[Spot] = []
        for number, (field, paragraph, words) in enumerate(sentences):
            for unit in units(words):
                spots.append(Spot(len(spots), field, number, paragraph, unit))
        return spots

    def _name(self, field: str) -> list[Spot]:
        """Author, source's name or address, word by word; none has sentences."""
        if field == "url":
            written = address(self.tale).replace(":", " ").replace("/", " ").replace(".", " ").split()
            found = [WORDS.get(word, (Unit(Part(word, word, word)),))[0] for word in written]
        else:
            found = units(self.tale.author if field == "author" else self.tale.source)
        return [Spot(i, field, 0, 0, unit) for i, unit in enumerate(found)]

    # ── what holds ──

    def holds(self, node: Expression, view: list[Spot]) -> bool:
        """Whether the part of a query holds where it may look."""
        if positional(node):
            return bool(self.stretches(node, view))
        match node:
            case And():
                return all(self.holds(part, view) for part in node.parts)
            case Or():
                return any(self.holds(part, view) for part in node.parts)
            case Not():
                return not self.holds(node.part, view)
            case AtLeast():
                return len({start for start, _ in self.stretches(node.part, view)}) >= node.count
            case Of():
                return sum(self.holds(part, view) for part in node.parts) >= node.count
            case Weight():
                return sum(w for part, w in node.parts if self.holds(part, view)) >= node.threshold
            case First():
                return self.holds(node.part, [spot for spot in view if spot.number < node.words])
            case InField():
                return self.holds(node.part, self.narrow(node.name, view))
            case Value():
                return self.value(node.name, node.text)
        raise AssertionError(node)

    def narrow(self, field: str, view: list[Spot]) -> list[Spot]:
        """What of the view is in the field."""
        if field in NAME_FIELDS:
            return self._name(field)
        if field == "lead":
            body = [spot for spot in self.text if spot.field == "body"]
            lead = [spot for spot in body if spot.paragraph == body[0].paragraph][:LEAD]
            return [spot for spot in view if spot in lead]
        return [spot for spot in view if spot.field == field]

    def value(self, field: str, text: str) -> bool:
        """Whether the story's fact is this one."""
        text = text.lower()
        match field:
            case "site":
                return self.tale.host == text or self.tale.host.endswith(f".{text}")
            case "lang":
                language = self.tale.language or "en"
                return language == text or language.startswith(f"{text}-")
            case "country":
                end = self.tale.host.rpartition(".")[2]
                return text == {"uk": "gb"}.get(end, end)
            case "tag":
                return text in [tag.lower().replace("é", "e") for tag in self.tale.tags]
        raise AssertionError(field)

    # ── where it stands ──

    def stretches(self, node: Positional, view: list[Spot]) -> set[Stretch]:
        """Every stretch of words that the part of a query matches."""
        match node:
            case Or():
                return {found for part in node.parts for found in self.stretches(part, view)}
            case Near():
                return {
                    hull(a, b)
                    for a, b in self.pairs(node.left, node.right, view)
                    if 1 <= apart(a, b) <= node.distance and (a < b or not node.ordered) and same("field", a, b, view)
                }
            case Same():
                unit = {"s": "sentence", "p": "paragraph"}[node.unit]
                return {
                    hull(a, b)
                    for a, b in self.pairs(node.left, node.right, view)
                    if apart(a, b) >= 1 and same(unit, a, b, view)
                }
            case NotNear():
                right = self.stretches(node.right, view)
                return {
                    a
                    for a in self.stretches(node.left, view)
                    if not any(apart(a, b) <= node.distance and same("field", a, b, view) for b in right)
                }
            case _:
                return self.term(node, view)

    def pairs(self, left: Positional, right: Positional, view: list[Spot]) -> Iterable[tuple[Stretch, Stretch]]:
        """Every match of the one with every match of the other."""
        return product(self.stretches(left, view), self.stretches(right, view))

    def term(self, leaf: Leaf, view: list[Spot]) -> set[Stretch]:
        """Every stretch that a term is; each term is looked for once in a text."""
        field = view[0].field if view else "body"
        text = self._name(field) if field in NAME_FIELDS else self.text
        key = leaf, field in NAME_FIELDS and field
        if key not in self._terms:
            self._terms[key] = {(row[0].number, row[-1].number) for row in rows(leaf, text) if reads(leaf, row)}
        there = {spot.number for spot in view}
        return {(first, last) for first, last in self._terms[key] if there.issuperset(range(first, last + 1))}


def same(unit: str, a: Stretch, b: Stretch, view: list[Spot]) -> bool:
    """Whether all words of both stretches are in one field, sentence or paragraph."""
    first = view[0].number
    inside = [view[n - first] for stretch in (a, b) for n in range(stretch[0], stretch[1] + 1)]
    return len({getattr(spot, unit) for spot in inside}) == 1


def address(tale: Tale) -> str:
    """The story's address, as it is written."""
    return f"https://{tale.host}/{'/'.join(tale.path)}"


def units(words: Iterable[str]) -> list[Unit]:
    """The units of a row of words."""
    return [unit for word in words for unit in WORDS[word]]


def hull(a: Stretch, b: Stretch) -> Stretch:
    """From the first word of both to the last."""
    return min(a[0], b[0]), max(a[1], b[1])


def apart(a: Stretch, b: Stretch) -> int:
    """Words from the end of the one to the start of the other: 1 for neighbours, 0 or less where they overlap."""
    return max(b[0] - a[1], a[0] - b[1])


def rows(leaf: Leaf, text: list[Spot]) -> Iterable[list[Spot]]:
    """Every row of neighbours in one field that is not too long for the term."""
    most = 1 if isinstance(leaf, Wildcard) else max(map(len, asked(units(leaf.text.split()))))
    for first in range(len(text)):
        for last in range(first, min(first + most, len(text))):
            if text[first].field == text[last].field:
                yield text[first : last + 1]


def reads(leaf: Leaf, spots: list[Spot]) -> bool:
    """Whether the term of a rule is what stands in the row, no word more and no word less."""
    row = [spot.unit for spot in spots]
    if isinstance(leaf, Wildcard):
        return any(fits(leaf.pattern.lower(), word.folded) for word in row[0].words())
    wanted = units(leaf.text.split())
    if isinstance(leaf, Cased):
        return len(wanted) == len(row) and all(
            want.whole.cased in [word.cased for word in unit.words()] for want, unit in zip(wanted, row, strict=True)
        )
    if isinstance(leaf, Word) and len(wanted) == 1 and not wanted[0].parts and leaf.text == leaf.text.lower():
        return wanted[0].whole.normal in [word.normal for word in row[0].words()]
    return any(says(row, way) for way in asked(wanted))


def asked(wanted: list[Unit]) -> list[list[str]]:
    """How a row of a rule may be said: each compound as one word or as its parts."""
    ways = []
    for unit in wanted:
        apart = [[part.folded for part in unit.parts]] if len(unit.parts) > 1 else []
        ways.append([[unit.whole.folded], *apart])
    return [[word for way in chosen for word in way] for chosen in product(*ways)]


def says(row: list[Unit], wanted: list[str]) -> bool:
    """Whether the row of a story can be read so: each compound as one word, or as some of its parts in a row."""
    if not row or not wanted:
        return not row and not wanted
    parts = [part.folded for part in row[0].parts]
    runs = [parts[i:j] for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)]
    ways = [[row[0].whole.folded], *runs]
    return any(way == wanted[: len(way)] and says(row[1:], wanted[len(way) :]) for way in ways)


def fits(pattern: str, word: str) -> bool:
    """Whether the wildcard covers the whole word."""
    if not pattern:
        return not word
    if pattern[0] == "*":
        return fits(pattern[1:], word) or (bool(word) and fits(pattern, word[1:]))
    return bool(word) and pattern[0] in ("?", word[0]) and fits(pattern[1:], word[1:])
