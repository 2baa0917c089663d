"""Language codes and stemmers (Snowball, through PyStemmer)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

import Stemmer

from monitor.text.tokens import fold, legible

Stem = Callable[[str], str]

DEFAULT = "en"
"""Taken where a story's language is unknown."""

_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "nb": "norwegian",
    "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")


def normalize(tag: str | None) -> str | None:
    """A language tag in lower case with hyphens (``en-us``), or None where it is no tag (RFC 5646)."""
    if tag is None or not _TAG.match(tag := tag.strip()):
        return None
    return tag.replace("_", "-").lower()


def primary(tag: str | None) -> str:
    """The primary subtag (``en`` of ``en-us``); DEFAULT where the language is unknown."""
    return tag.split("-", 1)[0] if tag else DEFAULT


def stemmer(language: str) -> Stem:
    """A function from a word to its folded stem in ``language``; only folding where no stemmer is known.

    Languages that are stemmed alike get the very same function.
    """
    name = _SNOWBALL.get(language)
    return fold if name is None else _snowball(name)


@cache
def _snowball(name: str) -> Stem:
    # The stemmer's suffix rules know accented letters, so fold only afterwards.
    algorithm = Stemmer.Stemmer(name, 0)

    @lru_cache(maxsize=1 << 16)
    def stem(word: str) -> str:
        return fold(algorithm.stemWord(legible(word)))

    return stem
