"""Language codes, the normal forms of words, and which language a text is in.

Normal form: the folded stem of the lemma. The lemma (simplemma; English by a list of our own) knows what no suffix
tells, the stem (Snowball) takes in words that no dictionary has. Over word tables of 40 languages, stems alone unite
half of the forms, both together 98 %. Either is left out where there is none for a language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import category

import Stemmer

from monitor.text import english
from monitor.text.forms import forms
from monitor.text.memo import remembered
from monitor.text.tokens import fold, legible

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier
    from simplemma.strategies import DictionaryLookupStrategy

WordFunction = Callable[[str], str]

DEFAULT = "en"
"""Taken where a story's language is unknown."""

_SNOWBALL = {
    "ar": "arabic", "bs": "serbian", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian",
    "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hr": "serbian", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sh": "serbian", "sr": "serbian", "st": "sesotho", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_DICTIONARIES = """
ar bg ca cs cy da de el eo es et fa fi fr ga gd gl he hi hu hy id is it ka lb lt lv mk ml ms nb nl nn pl pt ro ru sk sl
sq sv sw tl tr uk
"""
_LEMMAS = {code: code for code in _DICTIONARIES.split()} | dict.fromkeys(("bs", "hr", "sh", "sr"), "hbs") | {"no": "nb"}
_NOUNS_IN_CAPITALS = frozenset(("de", "lb"))

# Told apart by detect(): written by newspapers, and seldom taken for one another. "zxx" is no language: tables.
_DETECTED = """
am ar az be bg bn ca cs da de el en es et fa fi fr gu he hi hr hu hy id is it ja ka kk km kn ko lo lt lv mk ml mn mr ms
my ne nl no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh zxx
"""
_SAMPLE = 600
"""Code points that detection looks at."""
_SURE = 0.4
"""Least probability. At it, 85 % of English headlines are recognised and 1.4 % taken for another language; of headlines
with the text below, 97 to 100 % and less than 0.1 %. The rest stays unknown."""

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
_SIGNS = re.compile("[-'.\"\u05f4]")


def normalize(tag: str | None) -> str | None:
    """A language tag in lower case with hyphens (``en-us``), or None where it is no tag (RFC 5646)."""
    if tag is None or not _TAG.match(tag := tag.strip()):
        return None
    return tag.replace("_", "-").lower()


def primary(tag: str | None) -> str:
    """The primary subtag (``en`` of ``en-us``); DEFAULT where the language is unknown."""
    return tag.split("-", 1)[0] if tag else DEFAULT


def capitalises_nouns(language: str) -> bool:
    """Whether all nouns are written with a capital letter, so that a capital does not make a name."""
    return language in _NOUNS_IN_CAPITALS


def normal(language: str) -> WordFunction:
    """A function from a word to its normal form in ``language``; languages that are treated alike get the very same.

    The word is a token's text or one of its cased parts, not its key, since accents matter to lemma and stem. What does
    not consist of letters (numbers, AT&T, U.S., she'll) has its key for a normal form. Words of one key have the same
    normal form unless an accent tells them apart.
    """
    return _normal(_LEMMAS.get(language, language if language == "en" else ""), _SNOWBALL.get(language, ""))


@cache
def _normal(lemmas: str, stems: str) -> WordFunction:
    lemma = english.lemma if lemmas == "en" else _lemmatizer(lemmas) if lemmas else str
    stem = Stemmer.Stemmer(stems, 0).stemWord if stems else str

    def function(word: str) -> str:
        found = forms(word)
        if not all(category(char)[0] in "LM" for char in found.key):
            return found.key
        # The stemmer's suffix rules know accented letters, so fold only afterwards.
        return fold(stem(lemma(_SIGNS.sub("", legible(found.cased)))))

    return remembered(function)


def _lemmatizer(code: str) -> WordFunction:
    """Loads the dictionary at the first word: 0.1 to 3 s of processor time and 1 to 50 MB (Polish)."""

    def lemma(word: str) -> str:
        # Two letters are a particle or a foreign abbreviation: of ai, French makes avoir.
        return word if len(word) < 3 else (_dictionaries().get_lemma(word, code) or word).lower()

    return lemma


@cache
def _dictionaries() -> DictionaryLookupStrategy:
    from simplemma.strategies import DictionaryLookupStrategy
    from simplemma.strategies.dictionaries import StreamDictionaryFactory

    # Looked up in its packed form: 30 to 55 µs a new word, and a sixth of the memory that an unpacked one takes.
    return DictionaryLookupStrategy(StreamDictionaryFactory(cache_max_size=len(_LEMMAS)))


def detect(text: str) -> str | None:
    """The language of a text (headline and beginning) by its primary subtag; None where it is not clear.

    Loads the model at the first call: 0.9 s of processor time and 70 MB; then 0.1 to 0.4 ms a text.
    """
    sample = text[:_SAMPLE]
    language, probability = _identifier().classify(sample)
    return language if probability >= _SURE and language != "zxx" else None


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    from py3langid.modelio import load_model

    by_feature, by_class, classes, moves, rows, output = load_model(MODEL_DIR / MODEL_FILE)
    # set_languages() would keep the other languages in memory.
    kept = [i for i, name in enumerate(classes) if name in _DETECTED.split()]
    return LanguageIdentifier(
        by_feature[:, kept], by_class[kept], [classes[i] for i in kept], moves, output, norm_probs=True, tk_row=rows
    )
