"""Marks on a word: ``=word`` is one exact form, ``w?rd`` and ``wor*`` are wildcards."""

from __future__ import annotations

import re

from monitor.query.ast import MIN_LITERALS, Place
from monitor.query.tokens import Kind, Token, cut, fault
from monitor.text.tokens import fold, tokenize

_WILD = re.compile(r"[*?]")
# Hyphens and apostrophes join a word and are dropped where words are compared.
_JOINERS = re.compile("['’ʼ‐‑–-]")


def term(bare: str, at: Place) -> Token:
    """The word that ``bare`` is, plain or with a mark, or the fault in its marks."""
    if bare.startswith("="):
        return _exact(bare, at)
    return _wildcard(bare, at) if _WILD.search(bare) else Token(Kind.WORD, bare, at)


def _exact(bare: str, at: Place) -> Token:
    word = bare[1:]
    if not word or word.startswith("="):
        detail = "= goes right before a word"
        return fault(
            bare, at, "misplaced-mark", detail, "write =word for exactly this form; what is in quotes is exact"
        )
    if _WILD.search(word):
        detail = f"a word is either exact or has wildcards: {cut(bare)}"
        return fault(bare, at, "misplaced-mark", detail, _quoted(word, f"write {cut(word)}, or "))
    return Token(Kind.EXACT, word, at)


def _wildcard(bare: str, at: Place) -> Token:
    literal = _WILD.sub("", bare)
    joined = _JOINERS.sub("", literal)
    words = [token.text for token in tokenize(joined)]
    if len(words) > 1:
        hint = _quoted(bare)
        if "".join(words) == joined:  # a script without spaces
            hint = f"leave the mark out: {cut(literal)} is found wherever its characters stand in a row"
        return fault(bare, at, "bad-wildcard", f"a wildcard is one word: {cut(bare)}", hint)
    if sum(map(str.isalnum, fold(joined))) < MIN_LITERALS:
        detail = f"a wildcard needs at least {MIN_LITERALS} letters or digits: {cut(bare)}"
        hint = "* and ? stand for characters; write the words out, joined by OR"
        if bare.endswith("?") and "*" not in bare:
            hint = "leave out a question mark that ends a sentence; else write the words out, joined by OR"
        return fault(bare, at, "wildcard-too-short", detail, hint)
    if words != [joined]:
        return fault(bare, at, "bad-wildcard", f"a wildcard is letters and digits: {cut(bare)}", _quoted(bare))
    return Token(Kind.WILDCARD, bare, at)


def _quoted(text: str, before: str = "") -> str:
    return f'{before}quote it to search for the text: "{cut(text)}"'
