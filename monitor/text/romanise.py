"""Cyrillic and Greek names in Latin letters, as news in English, German and French write them.

Горбачёв is Gorbachev, Gorbatschow, Gorbatchev: each language has its own way, and within one there are several. A word
that could be Russian or Ukrainian is read as both. No case endings are taken off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product, zip_longest

from monitor.text.memo import remembered
from monitor.text.scripts import APOSTROPHES, HYPHENS
from monitor.text.tokens import fold, legible

MOST = 24
"""Most writings of one word."""
_TRIED = 96
"""Combinations looked at for each way of writing."""
_LONGEST = 40
"""Longest word that is read, in code points; no name is longer."""

_SIGNS = re.compile(f"[{HYPHENS}{APOSTROPHES}]")
_CYRILLIC = re.compile("[\u0430-\u045f\u0491\u0493\u049b\u04a3\u04af\u04b1\u04bb\u04d9\u04e9]+")
_GREEK = re.compile("[\u03ac-\u03ce\u0390]+")

Ways = dict[str, tuple[str, ...]]
"""From letters to what they may become. ``^`` and ``$`` are a word's ends; capitals are letters in a special place."""


def _ways(text: str) -> Ways:
    """Pairs of letters and their writings by slashes; none after ``=`` means that they are not written."""
    pairs = (pair.partition("=") for pair in text.split())
    return {letters: tuple(writings.split("/")) for letters, _, writings in pairs}


_COMMON = """а=a б=b в=v г=g д=d е=e Е=e ё=e Ё=e ж=zh з=z и=i й=i к=k л=l м=m н=n о=o п=p р=r с=s С=s т=t у=u ф=f
х=kh ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya є=ye ї=i і=i ґ=g ў=u
ә=a ғ=g қ=k ң=n ө=o ү=u ұ=u һ=h ^= $= """
_SERBIAN = """ж=z х=h ц=c ч=c ш=s ј=j љ=lj њ=nj ћ=c ђ=dj/d џ=dz ѓ=gj ќ=kj ѕ=dz"""
_ENGLISH = """Е=ye/e ё=yo/e Ё=e/o ий$=y/iy/yy/i ый$=y/yy/iy й=y/i х=kh/h щ=shch/sch ю=yu/iu я=ya/ia ия$=ia/iya кс=ks/x
ьк=k"""
_GERMAN = """в=w Е=je/e ё=jo/e Ё=o/e ев$=ew/ow ж=sch/sh з=s с=s С=s/ss х=ch ц=z ч=tsch ш=sch щ=schtsch/stsch ю=ju
я=ja ий$=i/ij/y ый$=y/yj й=j/i ия$=ija/ia є=je ї=ji ў=u"""
_FRENCH = """в=v Е=e/ie ё=io/e Ё=e/o ж=j С=ss/s у=ou ч=tch ш=ch щ=chtch ю=iou/you я=ia/ya ий$=i/y/ii ый$=y ин$=ine
г=g Г=gu ў=ou"""
_UKRAINIAN = """г=h/g Г=h/g и=y/i ий$=y/yi/yy/yj/i ій$=iy/ii/ij/y є=ye/ie/e ї=i/yi зг=zgh"""
_GERMAN_UKRAINIAN = """г=h Г=h и=y/i ий$=yj/yi/y ій$=ij/i є=je ї=ji/i"""

_RUSSIAN = [_ways(_COMMON + way) for way in (_ENGLISH, _GERMAN, _FRENCH)]
_OF_UKRAINE = [
    _ways(f"{_COMMON}{first} {then}")
    for first, then in ((_ENGLISH, _UKRAINIAN), (_GERMAN, _GERMAN_UKRAINIAN), (_FRENCH, _UKRAINIAN))
]
_OF_SERBIA = [_ways(_COMMON + _SERBIAN)]
_OF_GREECE = [
    _ways("""α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s τ=t υ=y φ=f/ph χ=ch/h/kh ψ=ps ω=o
    μπ=b/mp ^μπ=b ντ=nt/d ^ντ=d γκ=gk/g/nk ^γκ=g/gk γγ=ng/gg γχ=nch/gch ου=ou αυ=av/af/au ευ=ev/ef/eu αι=ai/e ει=ei/i
    οι=oi/i γι=gi/yi γε=ge/ye Ι=i Υ=y ^= $=""")
]


def _romanised(word: str) -> frozenset[str]:
    if word.isascii() or len(word) > _LONGEST:
        return frozenset()
    letters = _SIGNS.sub("", legible(word))
    # An accent says nothing in Cyrillic; in Greek it tells άι from αι.
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFD", letters).replace("\u0301", ""))
    if _CYRILLIC.fullmatch(plain):
        marked, schemes = _marked(plain), _schemes(plain)
    elif _GREEK.fullmatch(letters):
        marked, schemes = _marked_greek(letters), _OF_GREECE
    else:
        return frozenset()
    found: dict[str, None] = {}
    # In turn, so that each language has its likeliest writings before any has its last.
    for row in zip_longest(*(_written(marked, scheme) for scheme in schemes)):
        found.update(dict.fromkeys(fold(writing) for writing in row if writing))
    return frozenset(islice(found, MOST))


romanised = remembered(_romanised)
"""The folded Latin writings of a Cyrillic or Greek word, at most MOST; none for a word of another script."""


def _schemes(word: str) -> list[Ways]:
    """The ways of writing, by the languages that have the word's letters."""
    if re.search("[јљњћђџѓќѕ]", word):
        return _OF_SERBIA
    if re.search("[іїєґ]", word):
        return _OF_UKRAINE
    return _RUSSIAN if re.search("[ёыэъ]", word) else _RUSSIAN + _OF_UKRAINE


def _marked(word: str) -> str:
    """A Cyrillic word with its ends, and in capitals the letters whose place matters."""
    word = re.sub("(?<![бвгджзйклмнпрстфхцчшщґ])е", "Е", word)
    word = re.sub("(?<=[жчшщ])ё", "Ё", word)
    word = re.sub("(?<=[аеёиоуыэюяєіїЕЁ])с(?=[аеёиоуыэюяєії])", "С", word)
    return f"^{re.sub('г(?=[еиіє])', 'Г', word)}$"


def _marked_greek(word: str) -> str:
    """A Greek word with its ends and no accents; in capitals the vowels that are no part of a digraph."""
    word = re.sub("[ϊΐ]", "Ι", re.sub("[ϋΰ]", "Υ", word))
    word = re.sub("(?<=[άέό])ι", "Ι", re.sub("(?<=[άέό])υ", "Υ", word))
    bare = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    return f"^{bare.replace('ς', 'σ')}$"


def _written(marked: str, scheme: Ways) -> Iterator[str]:
    """The writings of one scheme, those nearest to its first choices first."""
    choices = []
    at = 0
    while at < len(marked):
        length = next(size for size in (3, 2, 1) if marked[at : at + size] in scheme or size == 1)
        choices.append(scheme.get(marked[at : at + length], ("",)))
        at += length
    numbers = islice(product(*(range(len(choice)) for choice in choices)), _TRIED)
    for chosen in sorted(numbers, key=sum):
        yield "".join(choice[number] for choice, number in zip(choices, chosen, strict=True))
