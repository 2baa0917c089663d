"""What a word is compared by. Every form depends on the word alone, so a rule's word and a story's get the same.

*key*: the folded whole without its hyphens: F-16 is ``f16``. Between two digits one stays: 3-2 is no 32. An
apostrophe goes, too (Xi'an is ``xian``), but not where it parts a short word off: d'une is no dune, she'll no shell,
n'est no nest. Other signs stay: ``at&t``, ``c++``, ``3.5``; those that only group digits go: ``1000``. A plural s
behind the number of a type goes: F-16s is ``f16``, but 1990s is ``1990s``. The tone of an emoji's skin goes.

*Abbreviations.* Points between single letters go as well, so that U.K. is UK, and ``uk``. But where the small letters
are a word that nearly every story has, points and capitals keep apart from it: U.S. and US are ``u.s``, and us is
``us``. ACRONYMS lists these words. A headline all in capitals says ``u.s``, then, where it means us.

*parts*: the keys of the parts of a compound, in order; none for a word that has no hyphen and no apostrophe. An
elided article or pronoun (d', l', qu'), O', and the verbs in don't, we're, he'll are left out.

*cased*, *cased_parts*: the same as written, case and accents kept; hyphens and apostrophes each in one form.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from monitor.text.memo import remembered
from monitor.text.scripts import APOSTROPHES, DRESSED, EMOJI, HYPHENS, IGNORED, REGIONAL, SKIN
from monitor.text.tokens import fold

ACRONYMS = frozenset(("als", "au", "bis", "ice", "is", "it", "mit", "start", "un", "us", "who"))
"""Words that say something else in capitals, and that hardly anybody looks for in small letters.

us, it, is, who: the country, the trade, the Islamic State, the World Health Organization. un, au: the United Nations
and the African Union; als, bis, mit: the illness, the bank, the institute; every French, Spanish or German story has
the small ones. ice, start: the agency and the treaty. Not here, since the small letters are used for the same thing:
AIDS (Aids), AI, EU (typed ai, eu), a.m. (am). For those and all others, ``{AIDS}`` is exact.
"""


class Forms(NamedTuple):
    """See the module."""

    key: str
    parts: tuple[str, ...]
    cased: str
    cased_parts: tuple[str, ...]


_INVISIBLE = re.compile(f"[{IGNORED}]")
_HYPHEN = re.compile(f"[{HYPHENS}]")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_JOINT = re.compile("([-'])")
_GROUPED = re.compile(r"\d{1,3}(?:(?:,\d{2,3})+|(?:\.\d{3}){2,})")
_HEBREW_MARK = re.compile('["\u05f4]')
_PICTURE = re.compile(f"[{EMOJI}{DRESSED}{REGIONAL}]|.\ufe0f?\u20e3")
_SKIN = re.compile(f"[{SKIN}]")
_TYPE_PLURAL = re.compile(r"(?!mid|pre)[^\W\d]{1,3}\d{1,3}s")
_ELIDED = frozenset(("d", "l", "qu"))
_CONTRACTED = frozenset(("d", "ll", "m", "re", "t", "ve"))
_LEFT_OUT = _ELIDED | _CONTRACTED


def _forms(text: str) -> Forms:
    if text.isascii() and text.isalpha():
        return Forms(_key(text), (), text, ())
    visible = _INVISIBLE.sub("", text)
    if _PICTURE.match(text):  # Unicode takes some for letters in disguise
        return Forms(_SKIN.sub("", visible) or visible, (), visible, ())
    cased = unicodedata.normalize("NFKC", _HYPHEN.sub("-", _APOSTROPHE.sub("'", visible)))
    split = _JOINT.split(cased)
    words, joints = [word.removesuffix(".") for word in split[0::2]], split[1::2]
    keys = [_key(word) for word in words]
    key = keys[0]
    for i, joint in enumerate(joints):
        key += (joint if _stays(joint, keys[i], keys[i + 1]) else "") + keys[i + 1]
    if _TYPE_PLURAL.fullmatch(key):
        key, keys[-1] = key[:-1], keys[-1][:-1] or keys[-1]
    parts = [i for i in range(len(keys)) if _counts(i, keys, joints)] if joints else []
    return Forms(key, tuple(keys[i] for i in parts), cased.removesuffix("."), tuple(words[i] for i in parts))


def _stays(joint: str, before: str, after: str) -> bool:
    """Whether the joint tells the word from another one."""
    if joint == "-":
        return before[-1:].isdecimal() and after[:1].isdecimal()
    article = before in _ELIDED or (len(before) == 1 and len(after) <= 3 and not before.isdecimal())
    return article or after in _CONTRACTED


def _key(word: str) -> str:
    """The key of a word, or of one part of a compound."""
    folded = _HEBREW_MARK.sub("", fold(word))
    dotted = "." in folded and not folded[0].isdecimal()
    if dotted:
        folded = folded.replace(".", "")
    elif grouped := _GROUPED.match(folded):
        folded = grouped[0].replace(",", "").replace(".", "") + folded[grouped.end() :]
    return ".".join(folded) if folded in ACRONYMS and (dotted or word.isupper()) else folded


def _counts(i: int, keys: list[str], joints: list[str]) -> bool:
    """Whether the part is a word of its own."""
    before, after = joints[i - 1 : i], joints[i : i + 1]
    if "'" not in before + after:
        return True
    negated = after == ["'"] and keys[i].endswith("n") and keys[i + 1] == "t"
    return not negated and len(keys[i]) > 1 and keys[i] not in _LEFT_OUT and not keys[i].isdecimal()


forms = remembered(_forms)
"""The forms of a token's text."""
