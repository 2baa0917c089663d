"""Forms of adjectives and inhabitants by rule. Each function takes one word as the tables have it and gives all."""

from __future__ import annotations

_INVARIABLE = ("ese", "ish", "ch", "s", "ss", "men", "women")
_SKI_RUSSIAN = ("ий", "ая", "ое", "ие", "ого", "ой", "ому", "ую", "им", "ом", "ими", "их", "ою")
_SKI_POLISH = ("i", "a", "ie", "iego", "iej", "iemu", "ą", "im", "ich", "imi")


def english(word: str) -> list[str]:
    """Singular and plural."""
    if word.endswith(_INVARIABLE) or word.endswith("man"):
        return [word]
    return [word, word + "s"]


def german(word: str) -> list[str]:
    """A stem in small letters is an adjective; a capital is an inhabitant."""
    if word[0].islower():
        return [word + ending for ending in ("", "e", "er", "es", "en", "em")]
    if word.endswith("er"):
        return [word, word + "s", word + "n", word + "in", word + "innen"]
    if word.endswith("e"):
        return [word, word + "n", word[:-1] + "in", word[:-1] + "innen"]
    if word.endswith(("in", "innen")):
        return [word]
    return [word, word + ("s" if word.endswith("i") else "en"), word + "in", word + "innen"]


def french(word: str) -> list[str]:
    """Both genders and numbers of an adjective given in the masculine."""
    feminine = word if word.endswith("e") else word + ("ne" if word.endswith(("ien", "éen", "on")) else "e")
    if word.endswith("éen"):
        feminine = word + "ne"
    plural = word if word.endswith(("s", "x")) else word + "s"
    return list(dict.fromkeys((word, feminine, plural, feminine + "s")))


def spanish(word: str) -> list[str]:
    """Both genders and numbers of an adjective given in the masculine."""
    if word.endswith("o"):
        return [word, word[:-1] + "a", word + "s", word[:-1] + "as"]
    if word.endswith("és"):
        return [word, word[:-2] + "esa", word[:-2] + "eses", word[:-2] + "esas"]
    if word.endswith("án"):
        return [word, word[:-2] + "ana", word[:-2] + "anes", word[:-2] + "anas"]
    if word.endswith("ol"):
        return [word, word + "a", word + "es", word + "as"]
    if word.endswith("í"):
        return [word, word + "es", word + "s"]
    return [word, word + "s"] if word[-1] in "ae" else [word, word + "a", word + "es", word + "as"]


def russian(word: str) -> list[str]:
    """The cases of an adjective in -ский."""
    return [word.removesuffix("ий") + ending for ending in _SKI_RUSSIAN]


def polish(word: str) -> list[str]:
    """The cases of an adjective in -ki."""
    return [word.removesuffix("i") + ending for ending in _SKI_POLISH]
