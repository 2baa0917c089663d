"""Characters to tokens. The lexer never fails: what it can't read becomes a FAULT token with a
problem in it, so that the parser can go on and report everything at once. One pass, linear time.

What a character is depends on the bracket around it: a comma parts the list of OF and WEIGHT and is
punctuation elsewhere, and within ``site:(…)`` a word is a value as it is typed.
"""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from functools import lru_cache

from monitor.query.ast import FIELDS, MAX_COUNT, VALUE_FIELDS, Place
from monitor.query.limits import MAX_PROBLEMS
from monitor.query.operators import OPERATORS, counted, number, operator
from monitor.query.terms import term
from monitor.query.tokens import TERMS, Kind, Token, fault

OPENING, CLOSING = '"“„«', '"”“»'
_QUOTE_END, _TURNED_END = re.compile(f"[{CLOSING}]"), re.compile(f"[{CLOSING}«]")
COMMAS = ",，、"

# White space may follow the colon: "title: Putin" would else look for the word "title".
_FIELD = re.compile(rf"({'|'.join(FIELDS)}):", re.IGNORECASE | re.ASCII)
# What could be meant for a field; "12:30", "https://…" and "Moscow: …" are only text.
_LIKE_FIELD = re.compile(r"([A-Za-z]{2,20}):(?=[^\s:/)])")
# A ^ behind a term is a weight; at the start of a word (^GSPC) it is part of it.
_WORD = re.compile(r"\^*[^\s()\"“”„«»{}^]+|\^+")
_WORD_OF_LIST = re.compile(rf"\^*[^\s()\"“”„«»{{}}^{COMMAS}]+|\^+")
_WORD_WITH_WEIGHT = re.compile(rf"[^\s()\"“”„«»{{}}^{COMMAS}]+")
_WEIGHT = re.compile(rf"\^\s*([^\s(){COMMAS}^]*)")
_REACHES = re.compile(rf"\s*(>=|≥|=>|>|<=|<|=)\s*([^\s()^{COMMAS}]*)")
_INTEGER = re.compile(r"([+\-−–]?)([0-9]+)")
# The thousands of a number, or three items.
_GROUPED = re.compile(r"(?<![0-9])[0-9]{1,3},[0-9]{3}(?![0-9])")
# Punctuation that hangs on a word in running text carries no meaning for a match.
_HANGING = ".,;:!…"
_LOOSE = re.compile(rf"[{_HANGING}]+(?=[\s()]|\Z)")
_NOTHING = re.compile(r"\s+")
_OTHER_FIELDS = {"headline": "title", "hlead": "lead", "byline": "author", "by": "author", "language": "lang",
                 "domain": "site", "host": "site", "publication": "source", "link": "url", "text": "body",
                 "category": "tag", "section": "tag"}  # fmt: skip


_WEIGHABLE = TERMS | {Kind.CLOSE}


class Inside(StrEnum):
    """What the innermost bracket is."""

    GROUP = "("
    OF = "OF ("
    WEIGHT = "WEIGHT ("
    VALUES = "site:("


_WORDS = {Inside.OF: _WORD_OF_LIST, Inside.WEIGHT: _WORD_WITH_WEIGHT}


def lex(text: str) -> list[Token]:
    """The tokens of ``text``, the last one END."""
    return _Lexer(text).tokens


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.before = Token(Kind.END, "", (-1, -1))
        self.brackets: list[Inside] = []
        self.position = 0
        self.faults = 0
        # Where there are too many to be told, the rest makes no difference.
        while self.position < len(text) and self.faults <= MAX_PROBLEMS:
            if found := _NOTHING.match(text, self.position) or self.loose():
                self.position = found.end()
            else:
                self.add(self.next())
        self.add(Token(Kind.END, "", (len(text), len(text))))

    def add(self, token: Token) -> None:
        self.tokens.append(token)
        self.before = token
        self.faults += token.problem is not None
        self.position = token.at[1]

    @property
    def inside(self) -> Inside:
        return self.brackets[-1] if self.brackets else Inside.GROUP

    def loose(self) -> re.Match[str] | None:
        """Punctuation that hangs on a quote or bracket, as it does on a word, and parts no list."""
        if self.before.kind not in (Kind.PHRASE, Kind.CASED, Kind.CLOSE) or self.before.at[1] != self.position:
            return None
        found = _LOOSE.match(self.text, self.position)
        parts = found is not None and "," in found[0] and self.inside in (Inside.OF, Inside.WEIGHT)
        return None if parts else found

    def next(self) -> Token:
        text, position = self.text, self.position
        char, at = text[position], (position, position + 1)
        if char == "(":
            return self.open()
        if char == ")":
            return self.close()
        if char in COMMAS and self.inside in (Inside.OF, Inside.WEIGHT):
            return self.comma(at)
        if char in OPENING or char in CLOSING:
            return self.phrase()
        if char in "{}":
            return self.cased()
        behind = self.before.at[1] == position and self.before.kind in _WEIGHABLE
        if char == "^" and (behind or self.inside is Inside.WEIGHT):
            return self.weight()
        if self.inside is Inside.WEIGHT and text.startswith((">=", "≥"), position):  # its bracket is not closed
            self.brackets.pop()
            return self.threshold()
        follows = text[position + 1 : position + 2]
        glued = behind and self.before.kind is not Kind.CLOSE
        if char == "-" and follows and not follows.isspace() and not glued:
            return Token(Kind.MINUS, "-", at)
        if char.isalpha() and (found := _FIELD.match(text, position)):
            return Token(Kind.FIELD, found[1].lower(), found.span())
        return self.value() if self.wants_value() else self.word()

    # ── brackets ──

    def open(self) -> Token:
        before = self.before
        kinds = {Kind.OF: Inside.OF, Kind.WEIGHT: Inside.WEIGHT}
        values = before.kind is Kind.FIELD and before.text in VALUE_FIELDS
        self.brackets.append(Inside.VALUES if values else kinds.get(before.kind, Inside.GROUP))
        return Token(Kind.OPEN, "(", (self.position, self.position + 1))

    def close(self) -> Token:
        weight = bool(self.brackets) and self.brackets.pop() is Inside.WEIGHT
        token = Token(Kind.CLOSE, ")", (self.position, self.position + 1))
        if weight and _REACHES.match(self.text, token.at[1]):
            self.add(token)
            return self.threshold()
        return token

    def threshold(self) -> Token:
        found = _REACHES.match(self.text, self.position)
        assert found is not None  # noqa: S101 - the callers have looked
        at = (found.start(1), found.end())
        whole = re.fullmatch("[0-9]+", found[2].rstrip(_HANGING))
        if found[1] in (">=", "≥") and whole and number(whole[0]):
            return Token(Kind.REACHES, found[0], at, number=number(whole[0]))
        hint = "write >= and a whole number above 0, for example >= 30"
        problem = fault("", at, "bad-threshold", "WEIGHT(…) is compared to a number by >=", hint).problem
        return Token(Kind.REACHES, found[0], at, problem)

    def comma(self, at: Place) -> Token:
        """A comma of a list. In ``1,000`` it could as well be within a number."""
        grouped = _GROUPED.search(self.text, at[0] - 3, at[1] + 4) if self.text[at[0]] == "," else None
        if grouped is None or grouped.end() <= at[0]:
            return Token(Kind.COMMA, ",", at)
        hint = "write the number without it, or a space behind it to part the list"
        problem = fault("", at, "unclear-comma", "this comma can be read in two ways", hint).problem
        return Token(Kind.COMMA, ",", at, problem)

    # ── what needs no bracket ──

    def phrase(self) -> Token:
        text, position = self.text, self.position
        # German and Danish turn the French quotes round: »…«
        found = (_TURNED_END if text[position] == "»" else _QUOTE_END).search(text, position + 1)
        if found is None:
            at = (position, len(text))
            return fault(text[position + 1 :], at, "unclosed-quote", "this quote is never closed", 'add a closing "')
        return Token(Kind.PHRASE, text[position + 1 : found.start()], (position, found.end()))

    def cased(self) -> Token:
        text, position = self.text, self.position
        if text[position] == "}":
            at = (position, position + 1)
            return fault(
                "}", at, "unopened-brace", "this brace was never opened", "write {Word} for a word as it is written"
            )
        end = text.find("}", position)
        if end < 0:
            at = (position, len(text))
            return fault(text[position + 1 :], at, "unclosed-brace", "this brace is never closed", "add a closing }")
        return Token(Kind.CASED, text[position + 1 : end], (position, end + 1))

    def weight(self) -> Token:
        found = _WEIGHT.match(self.text, self.position)
        assert found is not None  # noqa: S101 - a ^ stands here
        at = found.span()
        written = found[1].rstrip(_HANGING)
        whole = _INTEGER.fullmatch(written)
        value = number(whole[2]) * (-1 if whole[1] in ("-", "−", "–") else 1) if whole else 0
        if self.inside is not Inside.WEIGHT:
            hint = f"write {OPERATORS['WEIGHT'].example}, or quote it to search for the text"
            return fault(found[0], at, "misplaced-weight", "a weight stands in WEIGHT(…) only", hint)
        if whole and abs(value) <= MAX_COUNT:
            return Token(Kind.CARET, found[0], at, number=value)
        detail = f"a weight is a whole number from -{MAX_COUNT:,} to {MAX_COUNT:,}"
        problem = fault("", at, "bad-weight", detail, "write it behind the term, for example word^20").problem
        return Token(Kind.CARET, found[0], at, problem)

    def wants_value(self) -> bool:
        before = self.before
        return self.inside is Inside.VALUES or (before.kind is Kind.FIELD and before.text in VALUE_FIELDS)

    def value(self) -> Token:
        word, at = self.bare()
        return Token(OPERATORS[word].kind, word, at) if word in ("AND", "OR", "NOT") else Token(Kind.WORD, word, at)

    def word(self) -> Token:
        if found := _LIKE_FIELD.match(self.text, self.position):
            return _unknown_field(found)
        if self.text[self.position].isdecimal() and (token := counted(self.text, self.position)):
            return token
        word, at = self.bare()
        return operator(word, self.text, at) or term(word, at)

    def bare(self) -> tuple[str, Place]:
        """The word that begins here, without what hangs on it, and its place with that."""
        found = _WORDS.get(self.inside, _WORD).match(self.text, self.position)
        word = found[0] if found else self.text[self.position]
        return word.rstrip(_HANGING) or word, (self.position, self.position + len(word))


def _unknown_field(found: re.Match[str]) -> Token:
    name, at = found[1].lower(), found.span()
    close = _nearest(name)
    hint = f"did you mean {close}:?" if close else f"fields are {', '.join(FIELDS)}; quote it to search for the text"
    return fault(name, at, "unknown-field", f"there is no field {found[1]!r}", hint)


@lru_cache(maxsize=1024)
def _nearest(name: str) -> str | None:
    return _OTHER_FIELDS.get(name) or next(iter(difflib.get_close_matches(name, FIELDS, n=1)), None)
