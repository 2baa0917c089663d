"""A story as the matcher sees it: analysed once, shared by all rules.

Positions count words through title and body; a gap between the two keeps a phrase from reaching
across. Each position knows its offsets in the original text of its field.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.hit import Span
from monitor.text.languages import primary, stemmer
from monitor.text.tokens import fold, tokenize

GAP = 1_000
"""Positions between title and body."""


@dataclass(frozen=True, slots=True)
class Document:
    """``words`` and ``stems`` map a folded word or stem to its ascending positions."""

    language: str  # primary subtag
    words: dict[str, list[int]]
    stems: dict[str, list[int]]
    body_from: int  # first position of the body; those before are the title's
    places: dict[int, tuple[int, int]]  # position -> offsets in its field

    def terms(self) -> set[str]:
        """Every term that the document holds, as the index names them (see terms.py)."""
        return self.stems.keys() | {f'"{word}' for word in self.words}

    def span(self, first: int, last: int) -> Span:
        """The stretch of text from position ``first`` to ``last``, both included."""
        field = "title" if first < self.body_from else "body"
        return Span(field, self.places[first][0], self.places[last][1])


def analyse(title: str, body: str, language: str | None) -> Document:
    """The document of a story; ``language`` is a tag, or None where it is not known."""
    code = primary(language)
    stem = stemmer(code)
    words: dict[str, list[int]] = {}
    stems: dict[str, list[int]] = {}
    places: dict[int, tuple[int, int]] = {}
    position = body_from = 0
    for field, text in (("title", title), ("body", body)):
        if field == "body":
            body_from = position = position + GAP
        for start, end, word in tokenize(text):
            words.setdefault(fold(word), []).append(position)
            stems.setdefault(stem(word), []).append(position)
            places[position] = (start, end)
            position += 1
    return Document(code, words, stems, body_from, places)
