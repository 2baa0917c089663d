"""Pieces: what names and stories are compared by when places are looked for.

A token may be a whole compound (Guinea-Bissau, U.S.-led, d'Ivoire); its *pieces* are what hyphens, apostrophes and
points part, so that it does not matter how a tokenizer treats them. The case of each piece of a name says what a story
must have: C a capital first letter, U capitals only, a anything, t anything, right behind the piece before (scripts
without spaces).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from monitor.text.memo import remembered
from monitor.text.tokens import fold, tokenize

SMALL, CAPITAL, CAPITALS, CASELESS = range(4)
"""How a piece is written."""

_JOINT = re.compile(r"[\s\-\u2010-\u2015\u2212'\u2018\u2019\u02bb\u02bc`\u00b4.,&+/()\"\u05f4\u05f3\u00b7\u30fb:!]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d]"
)
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_ARABIC, _HEBREW, _HANGUL = re.compile("[\u0600-\u06ff]"), re.compile("[\u0590-\u05ff]"), re.compile("[\uac00-\ud7a3]")
_SHORTEST_STRIPPED = 4
# What Korean writes behind a name of two syllables; behind a longer one anything short may stand.
_BEHIND = """
은 는 이 가 을 를 의 에 에서 와 과 로 으로 도 만 까지 부터 인 군 측 산 내 발 행 어 계
과의 와의 에게 에는 에도 정부 대통령 총리
"""
_PARTICLES = frozenset(_BEHIND.split())
_LONGEST_TAIL = 4


class Piece(NamedTuple):
    """A folded piece of a token: how it is written, and where in the token it lies."""

    key: str
    case: int
    start: int
    end: int


def _case(text: str) -> int:
    first = text[:1]
    if first.isupper():
        return CAPITALS if len(text) > 1 and text.isupper() else CAPITAL
    return SMALL if first.islower() or first.isdecimal() else CASELESS


def _pieces(text: str) -> tuple[Piece, ...]:
    """The pieces of a token."""
    if text.isalnum():
        return (Piece(fold(text), _case(text), 0, len(text)),)
    found = []
    start = 0
    for joint in [*_JOINT.finditer(text), None]:
        end = len(text) if joint is None else joint.start()
        if end > start and (key := fold(text[start:end])):
            found.append(Piece(key, _case(text[start:end]), start, end))
        start = end if joint is None else joint.end()
    return tuple(found)


pieces = remembered(_pieces)


def name_pieces(name: str) -> tuple[list[str], list[str]]:
    """The pieces of a name of the table, as written and folded; never none."""
    if name.isascii() and name.isalpha():
        return [name], [name.lower()]
    if _UNSPACED.search(name):
        written = [token.text for token in tokenize(name)]
    else:
        written = [part for part in _JOINT.split(name) if part]
    written = written or [name]
    return written, [fold(part) for part in written]


def cases_of(written: list[str], *, first_only: bool) -> str:
    """The letters that say how each piece of a name must be written. ``first_only`` asks it of the first alone."""
    return "".join(
        _letter(text, i) if i == 0 or not first_only or _UNSPACED.match(text) else "a" for i, text in enumerate(written)
    )


def _letter(text: str, place: int) -> str:
    if place and _UNSPACED.match(text):
        return "t"
    return {SMALL: "a", CAPITAL: "C", CAPITALS: "U", CASELESS: "a"}[_case(text)]


def fits(letter: str, case: int) -> bool:
    """Whether a piece written so may stand where a name asks for ``letter``."""
    if letter == "C":
        return case != SMALL
    return case >= CAPITALS if letter == "U" else True


def katakana(text: str) -> bool:
    """Whether a piece belongs to a run of katakana: such a name must be the whole run, or タイトル held Thailand."""
    return bool(_KATAKANA.match(text))


def stripped(key: str) -> Iterable[str]:
    """A piece without what its script writes together with it: Arabic and Hebrew prefixes, Korean particles."""
    if _ARABIC.match(key):
        return _without_prefixes(key, "وفبكل", "لل", "ال")
    if _HEBREW.match(key):
        return _without_prefixes(key, "ובלמהשכ", "", "")
    return _without_particles(key) if _HANGUL.match(key) else ()


@lru_cache(maxsize=1 << 12)
def _without_prefixes(key: str, letters: str, contracted: str, article: str) -> tuple[str, ...]:
    found = []
    if contracted and key.startswith(contracted):
        found.append(article + key[len(contracted) :])
    rest = key
    while len(rest) > _SHORTEST_STRIPPED and rest[0] in letters:
        rest = rest[1:]
        found.append(rest)
        if contracted and rest.startswith(contracted):
            found.append(article + rest[len(contracted) :])
    return tuple(found)


@lru_cache(maxsize=1 << 12)
def _without_particles(key: str) -> tuple[str, ...]:
    heads = range(len(key) - 1, 1, -1)
    return tuple(key[:i] for i in heads if key[i:] in _PARTICLES or (i > 2 and len(key) - i <= _LONGEST_TAIL))
