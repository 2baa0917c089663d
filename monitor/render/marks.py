"""Text of strangers as a mail shows it: cleaned, cut, with the matched words marked, wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category, east_asian_width

COLUMNS = 76
"""Width of plain text."""
WORDS = 8
"""Most words of a "matched:" line."""

_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Control characters and line separators could forge lines; a surrogate is no text; direction overrides
# would turn round what follows. Each stays one character or goes, so this comes after cutting at offsets.
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "�"),
    **dict.fromkeys((*_DIRECTIONS, 0xFEFF), None),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of clean text that matched or did not."""

    text: str
    marked: bool


def clean(text: str) -> str:
    """``text`` without what could break a line, a document or the direction of writing."""
    return text.translate(_CLEAN)


def line(text: str) -> str:
    """Clean text with single spaces, for subjects and names."""
    return " ".join(clean(text).split())


def cut(text: str, most: int) -> str:
    """At most ``most`` code points of ``text``; an ellipsis stands for the rest."""
    return text if len(text) <= most else text[: _end(text, most)].rstrip() + "…"


def pieces(text: str, spans: Iterable[tuple[int, int]], most: int | None = None) -> tuple[Piece, ...]:
    """``text``, or its first ``most`` code points, as stretches that matched and stretches that did not.

    Spans may overlap, be empty, in any order or out of range: all text comes out once. Marks with nothing but
    space between become one.
    """
    end = len(text) if most is None else _end(text, most)
    made: list[Piece] = []
    position = 0
    for start, stop in _joined(text, merged(spans, end)):
        made += (Piece(clean(text[position:start]), False), Piece(clean(text[start:stop]), True))
        position = stop
    rest = clean(text[position:end])
    made.append(Piece(rest.rstrip() + "…" if end < len(text) else rest, False))
    return tuple(piece for piece in made if piece.text)


def merged(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The same places as spans in order, not empty, apart from each other, within [0, length)."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted((max(0, start), min(stop, length)) for start, stop in spans):
        if start >= stop:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def matched(texts: Iterable[tuple[str, Sequence[tuple[int, int]]]]) -> tuple[str, ...]:
    """The first WORDS distinct words at the spans of the texts, as they stand there; case does not tell apart."""
    words: dict[str, str] = {}
    for text, spans in texts:
        for start, stop in merged(spans, len(text)):
            if word := cut(line(text[start:stop]), 60):
                words.setdefault(word.casefold(), word)
            if len(words) == WORDS:
                return tuple(words.values())
    return tuple(words.values())


def starred(marked: Iterable[Piece]) -> str:
    """Plain text, the matched words between asterisks."""
    return "".join(f"*{piece.text}*" if piece.marked else piece.text for piece in marked)


def wrapped(text: str, indent: str = "") -> str:
    """``text`` in lines of at most COLUMNS, each after ``indent``; a word or URL is never broken."""
    lines, room = [""], COLUMNS - len(indent)
    used = 0
    for atom, glue in _atoms(text):
        width = _width(atom)
        if used and used + len(glue) + width > room:
            lines.append(atom)
            used = width
        else:
            space = glue if used else ""
            lines[-1] += space + atom
            used += len(space) + width
    return "\n".join(indent + made for made in lines)


def _end(text: str, most: int) -> int:
    """Where to cut: at a space if there is one in the last third."""
    if len(text) <= most:
        return len(text)
    space = text.rfind(" ", most * 2 // 3, most)
    return space if space > 0 else most - 1


def _joined(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, stop in spans:
        if found and text[found[-1][1] : start].isspace():
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


def _atoms(text: str) -> Iterator[tuple[str, str]]:
    """What may not be broken, and the space before it: words, and each character of a script without spaces."""
    for word in text.split():
        glue = " "
        for atom in _WIDE.findall(word):
            yield atom, glue
            glue = ""


def _width(text: str) -> int:
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


# A wide character takes the punctuation behind it along: no line begins with a full stop.
_WIDE = re.compile(
    r"[ᄀ-ᇿ⺀-鿿가-힯豈-﫿\U00020000-\U0003ffff][、。，．！？：；」』）】〉》…]*|[^ᄀ-ᇿ⺀-鿿가-힯豈-﫿\U00020000-\U0003ffff]+"
)
