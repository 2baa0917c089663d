"""Plain words to a topic: which of them are names, places, concepts of the news, or just words.

`Vietnam arms procurement` is a place and two concepts; `Putin Asia visit` a name, a place and a concept. A topic says
nothing of languages: a story in German is compared with the German terms of the same concepts.

Words in capitals are names, unless that tells nothing: where every word has one, or none has, or it is the first
one, the lexicon decides, and what it doesn't know is a name. Two names in a row whose first is a frequent given name
are one person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from monitor.model.rule import Wording
from monitor.text.languages import capitalises_nouns, normal
from monitor.text.lexicon import Concept, Lexicon, words_of
from monitor.text.lexicon.concepts import SAME
from monitor.text.names import longest, other_writings
from monitor.text.places import Mention, Place, gazetteer
from monitor.text.tokens import fold, tokenize

Kind = Literal["person", "name", "place", "concept", "word"]
ENGLISH = "en"
_SMALL = {
    "en": "a an and at between by for from in into is of on or over the to their with against about new news",
    "de": "der die das den dem des ein eine und von vom im am auf zu zur zum gegen mit bei",
    "fr": "le la les l un une des du de d et en au aux sur dans par pour contre avec",
    "es": "el los las y del con por para",
    "pl": "i w na o z po za od do",
    "ru": "и в на о по с от за к у из",
}
_SMALL_OF = {code: frozenset(words.split()) for code, words in _SMALL.items()}
SMALL_WORDS = frozenset[str]().union(*_SMALL_OF.values())
"""Words of a rule that say nothing by themselves."""
ENGLISH_TOO = frozenset(("abattoir", "angst", "essence", "gift", "handy", "rat", "tag"))
"""Words that English has too, though its lexicon lacks them: they do not make a rule German or French."""
_LONGEST_PLACE = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """Some of the words, and what they were taken for.

    ``concept`` and ``place`` are ids, of lexicon and gazetteer; ``named`` says that the words are the very name of the
    concept, not one of its kinds (procurement, and not tender). ``added`` and ``struck`` are the user's own changes of
    what it is found by.
    """

    words: str
    kind: Kind
    place: str = ""
    concept: str = ""
    named: bool = False
    added: tuple[str, ...] = ()
    struck: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Topic:
    """What plain words were understood as; ``language`` is the one they are written in, as far as it matters."""

    language: str
    units: tuple[Unit, ...]


def understand(text: str, lexicon: Lexicon, languages: Sequence[str] = (), wording: Collection[Wording] = ()) -> Topic:
    """The topic that ``text`` names. ``languages``: those of the stories that are looked for, as primary subtags."""
    return _Reader(text, lexicon, languages).topic({fold(w.words): w for w in wording})


_PAIR = re.compile(r"(?<!\w)(\w{3,}+)[-–—](\w{3,}+)")


def _parted(pair: re.Match[str]) -> str:
    """Two countries that a dash joins, as two words: Russia–Ukraine war."""
    names = gazetteer()
    return f"{pair[1]} {pair[2]}" if names.lookup(pair[1]) and names.lookup(pair[2]) else pair[0]


def _says_little(word: str) -> bool:
    """Whether a word of a rule counts for nothing: a small one, or a sign such as an emoji."""
    return word.casefold() in SMALL_WORDS or not any(map(str.isalnum, word))


class _Reader:
    """The words of one rule, each taken once."""

    def __init__(self, text: str, lexicon: Lexicon, languages: Sequence[str]) -> None:
        self.text = _PAIR.sub(_parted, text)
        self.lexicon = lexicon
        self.tokens = list(tokenize(self.text))
        self.units: dict[int, Unit] = {}
        self.taken: set[int] = set()
        self.small = {i for i, token in enumerate(self.tokens) if _says_little(token.text)}
        if len(self.small) == len(self.tokens):
            self.small = set()  # nothing else is there: then they are meant
        self.language = self._language(languages)
        self.normal = normal(self.language)
        open_ = [t.text for i, t in enumerate(self.tokens) if i not in self.small]
        capitals = [word[0].isupper() for word in open_]
        self.tells = not capitalises_nouns(self.language) and any(capitals) and not (all(capitals) and len(open_) > 1)

    def _language(self, languages: Sequence[str]) -> str:
        """English, unless it does not know words that another language does."""
        # A place is called so in every language: Côte d'Ivoire makes no rule French.
        places = {i for m in gazetteer().find(self.tokens) for i in range(m.first, m.last + 1)}
        words = [fold(t.text) for i, t in enumerate(self.tokens) if i not in self.small and i not in places]
        words = [word for word in words if word not in ENGLISH_TOO]
        spoken = [self.lexicon.languages_of(word) for word in words]
        known = {code: sum(code in codes for codes in spoken) for code in self.lexicon.languages}
        small = {t.text.casefold() for t in self.tokens}
        own = {code: len(small & _SMALL_OF.get(code, frozenset())) for code in known}
        best = max(
            known, key=lambda code: (known[code], own[code], code == ENGLISH, code in languages), default=ENGLISH
        )
        return best if known.get(best) else ENGLISH

    def topic(self, wording: dict[str, Wording]) -> Topic:
        self._long_names()
        self._places()
        self._capitals()
        self._concepts()
        units = (self._worded(self.units[at], wording) for at in sorted(self.units))
        return Topic(self.language, tuple(units))

    def _worded(self, unit: Unit, wording: dict[str, Wording]) -> Unit:
        own = wording.get(fold(unit.words))
        if own is None:
            return unit
        return replace(unit, added=own.add, struck=frozenset(fold(term) for term in own.strike))

    def _take(self, first: int, end: int, kind: Kind, *, place: str = "") -> None:
        words = self.text[self.tokens[first].start : self.tokens[end - 1].end]
        self.units[first] = Unit(words, kind, place)
        self.taken.update(range(first, end))

    def _free(self, i: int) -> bool:
        return i < len(self.tokens) and i not in self.taken and i not in self.small

    def _places(self) -> None:
        names = gazetteer()
        for mention in names.find(self.tokens, self.language, self.normal):
            free = all(i not in self.taken for i in range(mention.first, mention.last + 1))
            if mention.how != "event" and free and not self._is_alliance(mention):
                self._take(mention.first, mention.last + 1, "place", place=mention.place)
        for first in range(len(self.tokens)):  # what is a place in a rule only: Gulf; vietnam, typed without capital
            for end in range(min(first + _LONGEST_PLACE, len(self.tokens)), first, -1):
                if all(map(self._free, range(first, end))) and (found := self._typed_place(first, end)):
                    self._take(first, end, "place", place=found.id)
                    break

    def _is_alliance(self, mention: Mention) -> bool:
        """Whether the author means the body (EU, NATO), which is less than all that happens in its countries."""
        words = self.text[self.tokens[mention.first].start : self.tokens[mention.last].end]
        return gazetteer().kind(mention.place) == "region" and bool(other_writings(words))

    def _typed_place(self, first: int, end: int) -> Place | None:
        words = self.text[self.tokens[first].start : self.tokens[end - 1].end]
        if (words.islower() and (self.tells or self._senses(first, end))) or other_writings(words):
            return None
        # Where nothing has a capital, us is the country: who types a topic does not mean us all.
        found = gazetteer().lookup("US" if words == "us" else words)
        return found if found and (words.islower() or found.kind in ("country", "region")) else None

    def _long_names(self) -> None:
        words = [token.text for token in self.tokens]
        for first, end in longest(words):
            if all(i not in self.taken for i in range(first, end)):
                self._take(first, end, "name")

    def _capitals(self) -> None:
        """Words that are names by their capital."""
        given = gazetteer().given_names
        at = 0
        while at < len(self.tokens):
            if not self._is_name(at):
                at += 1
                continue
            person = self._is_name(at + 1) and fold(self.tokens[at].text) in given
            if not person and not (self.tells or self._is_known_name(at)):
                at += 1  # an expression may begin here: state of emergency
                continue
            self._take(at, at + 1 + person, "person" if person else "name")
            at += 1 + person

    def _is_name(self, i: int) -> bool:
        if not self._free(i):
            return False
        word = self.tokens[i].text
        if self._is_known_name(i):
            return True
        if not self.tells:  # then what the lexicon does not know is most likely a name
            return not self._senses(i, i + 1)
        if not word[0].isupper():
            return False
        if word.isupper() and len(word) > 1:
            return not self._senses(i, i + 1)  # AMD is one; CEO and AI are something
        # A capital may be there only because the word is the first: Earthquake in Chile.
        others = [j for j, token in enumerate(self.tokens) if j > i and token.text[0].isupper()]
        sentence = all(j in self.small for j in range(i)) and (others or len(self.tokens) == 1)
        return not (sentence and self._is_term(i))

    def _is_known_name(self, i: int) -> bool:
        word = self.tokens[i].text
        return (word[0].isdigit() and not word.isdigit()) or bool(other_writings(word))

    def _is_term(self, i: int) -> bool:
        """Whether the word, in this very form, is the name of a concept: school, and not Queens."""
        word = fold(self.tokens[i].text)
        terms = (term for sense in self._senses(i, i + 1) for term in sense.terms.get(self.language, ()))
        return any(term.weight == SAME and fold(term.text) == word for term in terms)

    def _names(self, sense: Concept, first: int, end: int) -> bool:
        """Whether some words are a true synonym of a concept, not only a usual way of saying it."""
        form = [self.normal(self.tokens[i].text.lower()) for i in range(first, end)]
        terms = sense.terms.get(self.language, ())
        return any(term.weight == SAME and form == list(map(self.normal, words_of(term.text))) for term in terms)

    def _senses(self, first: int, end: int) -> tuple[Concept, ...]:
        said = [t.text.lower() if not self.tells else t.text for t in self.tokens[first:end]]
        others = [t.text for i, t in enumerate(self.tokens) if not first <= i < end and i not in self.small]
        return self.lexicon.senses(said, self.language, self.normal, others)

    def _concepts(self) -> None:
        found = [*self._expressions()]
        taken = {i for first, end in found for i in range(first, end)}
        found += self._rest(taken)
        senses = {(first, end): self._senses(first, end) for first, end in found}
        # The very name of a concept first: of two words for one concept, the other has to be there itself.
        known = [place for place in found if senses[place]]
        known.sort(key=lambda place: (not self._names(senses[place][0], *place), place))
        used: set[str] = set()
        for first, end in known:
            sense = senses[first, end][0]
            self._take(first, end, "concept" if sense.id not in used else "word")
            if sense.id not in used:
                named = self._names(sense, first, end)
                self.units[first] = replace(self.units[first], concept=sense.id, named=named)
            used.add(sense.id)
        for first, end in found:
            if not senses[first, end]:
                plain = self.tells or self.tokens[first].text.isdigit()
                self._take(first, end, "word" if plain else "name")

    def _expressions(self) -> Iterator[tuple[int, int]]:
        """Words that mean something together: all of them, or more than each by itself (riot police is no riot)."""
        rest = [i for i in range(len(self.tokens)) if i not in self.taken]  # small words as well: state of emergency
        for begin, stop in self.lexicon.expressions([self._said(i) for i in rest], self.language, self.normal):
            first, end = rest[begin], rest[stop - 1] + 1
            if end - first != stop - begin:
                continue  # something stands between them
            same = any(self._names(sense, first, end) for sense in self._senses(first, end))
            if same or not all(self._senses(i, i + 1) for i in range(first, end)):
                yield first, end

    def _said(self, i: int) -> str:
        return self.tokens[i].text if self.tells else self.tokens[i].text.lower()

    def _rest(self, expressions: set[int]) -> Iterator[tuple[int, int]]:
        """What is left, word by word; in a script without spaces, what is written together."""
        left = [i for i in range(len(self.tokens)) if self._free(i) and i not in expressions]
        begun = 0
        for at, i in enumerate(left, 1):
            following = left[at] if at < len(left) else None
            if following != i + 1 or self.tokens[following].start != self.tokens[i].end:
                yield left[begun], i + 1
                begun = at
