"""A story as the matcher sees it: analysed once, shared by all rules.

Positions number the words through headline, body, author, source and address; a gap between two fields keeps
phrases and proximity from reaching across. A position holds several *terms*: a word's folded form, its parts and
its normal form all stand at one place, so that each can be looked for without the others getting out of step.

    "arms     the folded form of a word, or of a part of a compound
    "a-b      parts of a compound in a row, as a phrase would look for them
    arm       the normal form: stem of the lemma
    *arm?     a wildcard, found by going through the story's different words
    :lang:de  a fact about the story; :place:vn a place that it is about

What only evaluation needs (where each term stands) is made when it is first asked for: most stories are candidates of
no rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain
from sys import intern
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from monitor.match.places import THRESHOLD, rank
from monitor.match.wildcard import matcher
from monitor.model.hit import Span
from monitor.text.forms import forms
from monitor.text.languages import DEFAULT, detect, normal, normalize, primary
from monitor.text.memo import remembered
from monitor.text.noise import noise
from monitor.text.places import gazetteer
from monitor.text.sentences import breaks
from monitor.text.tokens import Token, fold, spans

PLACE = ":place:"
"""How terms for places begin."""
GAP = 1_000
"""Positions between two fields; more than proximity reaches."""
LEAD_WORDS = 60
"""Most words of the lead."""
MOST_JOINED = 6
"""Most parts of a compound in a row that are looked for in one place."""
LONGEST_HOST = 253
"""Most characters of a host's name (RFC 1035)."""
Normal = Callable[[str], str]
Find = tuple[int, int, tuple[tuple[int, int], ...]]
"""A stretch of positions, both ends included, and the stretches of the single terms that it is made of."""


class Readable(Protocol):
    """A story in whatever form."""

    @property
    def title(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def language(self) -> str | None: ...
    @property
    def author(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def url(self) -> str | None: ...
    @property
    def tags(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Content:
    """What of a story can be matched. ``language`` is a tag, or None where it has to be detected."""

    title: str
    body: str
    language: str | None = None
    author: str | None = None
    source: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, story: Readable) -> Content:
        """What can be matched of a story, stored or written beside a rule."""
        return cls(story.title, story.body, story.language, story.author, story.source, story.url, tuple(story.tags))

    def text(self, span: Span) -> str:
        """The words under a span."""
        return str(getattr(self, span.field) or "")[span.start : span.end]


class Field(NamedTuple):
    """A field's words: they have the positions from ``first`` on."""

    name: str
    text: str
    first: int
    tokens: list[tuple[int, int, str]]  # start, end, word

    @property
    def last(self) -> int:
        """The last position; before ``first`` where there are no words."""
        return self.first + len(self.tokens) - 1


@lru_cache(maxsize=64)
def terms_of(normal_form: Normal) -> Callable[[str], tuple[str, ...]]:
    """A function from a word to every term that stands where it stands; words met before are looked up."""

    def made(word: str) -> tuple[str, ...]:
        form = forms(word)
        terms = [f'"{form.key}', *(f'"{part}' for part in form.parts), *_joined(form.parts)]
        said = zip((form.key, *form.parts), (form.cased, *form.cased_parts), strict=True)
        # An abbreviation has one form only: "us" is another word than U.S.
        terms += [normal_form(cased) for key, cased in said if "." not in key]
        return tuple(intern(term) for term in dict.fromkeys(terms))

    return remembered(made)


def _joined(parts: tuple[str, ...]) -> Iterator[str]:
    for start in range(len(parts) - 1):
        for end in range(start + 2, min(start + MOST_JOINED, len(parts)) + 1):
            yield '"' + "-".join(parts[start:end])


class Document:
    """An analysed story. Build it with ``analyse``."""

    def __init__(self, language: str, normal_form: Normal, fields: list[Field], facts: set[str]) -> None:
        self.language = language  # primary subtag
        self.normal = normal_form
        self.fields = fields
        terms = terms_of(normal_form)
        self.terms_at = [list(map(terms, [token[2] for token in found.tokens])) for found in fields]
        self.terms: set[str] = facts.union(*chain.from_iterable(self.terms_at))
        self._firsts = [found.first for found in fields]
        self._spans: dict[tuple[int, int], Span] = {}
        self._finds: dict[str, list[Find]] = {}
        self.text_last = fields[1].last if fields[1].tokens else fields[0].last

    @cached_property
    def _postings(self) -> dict[str, list[int]]:
        postings: dict[str, list[int]] = {}
        for found, words in zip(self.fields, self.terms_at, strict=True):
            for position, terms in enumerate(words, found.first):
                for term in terms:
                    if term in postings:
                        postings[term].append(position)
                    else:
                        postings[term] = [position]
        return postings

    @cached_property
    def named(self) -> dict[str, tuple[float, list[tuple[int, int]]]]:
        """Every place that the story names, and every wider one: how prominent it is, and the stretches that name it.

        Looked for only where some rule asks for a place.
        """
        title, body = ([Token._make(token) for token in found.tokens] for found in self.fields[:2])
        shift = self.fields[1].first - len(title)
        mentions = gazetteer().find([*title, *body], self.language, self.normal)
        ranked = rank(title, body, mentions, gazetteer())
        found: dict[str, tuple[float, list[tuple[int, int]]]] = {id_: (share, []) for id_, share in ranked.items()}
        for mention in mentions:
            place = gazetteer().place(mention.place)
            for id_ in (mention.place, *(place.within if place else ())):
                if id_ in found:
                    by = 0 if mention.first < len(title) else shift
                    found[id_][1].append((mention.first + by, mention.last + by))
        return found

    @cached_property
    def places(self) -> dict[str, list[tuple[int, int]]]:
        """The places that the story is about, as terms, each with the stretches that name it or what lies in it."""
        return {f"{PLACE}{id_}": stretches for id_, (share, stretches) in self.named.items() if share >= THRESHOLD}

    @cached_property
    def words(self) -> set[str]:
        """The folded words that the story holds, parts of compounds included."""
        return {term[1:] for term in self.terms if term[0] == '"'}

    @cached_property
    def halves(self) -> set[str]:
        """The terms of all parts of compounds."""
        joined = (term[1:] for term in self.terms if term[0] == '"' and "-" in term)
        return {f'"{half}' for term in joined for half in term.split("-")}

    def positions(self, term: str) -> list[int]:
        """Where a term stands, ascending."""
        if term[0] != "*":
            return self._postings.get(term, [])
        found = self._wild.get(term)
        if found is None:
            accepts = matcher(term[1:])
            standing = (self._postings[f'"{word}'] for word in self.words if "-" not in word and accepts(word))
            found = self._wild[term] = sorted({position for positions in standing for position in positions})
        return found

    def terms_after(self, position: int) -> tuple[str, ...]:
        """The terms at the next position; none behind the end of a field."""
        index, found = self._field(position)
        at = position + 1 - found.first
        return self.terms_at[index][at] if at < len(found.tokens) else ()

    def depth(self, position: int) -> int:
        """How many words of headline and body stand before a position of these."""
        body = self.fields[1]
        return position if position < body.first else position - body.first + len(self.fields[0].tokens)

    def finds(self, term: str) -> list[Find]:
        """Where a term stands, as finds (see evaluate.py); the same list for every rule: do not change it."""
        found = self._finds.get(term)
        if found is None:
            found = self._finds[term] = [(p, p, ((p, p),)) for p in self.positions(term)]
        return found

    @cached_property
    def _wild(self) -> dict[str, list[int]]:
        return {}

    def scope(self, name: str, around: tuple[int, int]) -> tuple[int, int]:
        """The first and the last position of a field; of one of the text's fields, what of it lies in ``around``."""
        if name in ("title", "lead", "body"):
            found = self.fields[0 if name == "title" else 1]
            last = found.first + self._lead - 1 if name == "lead" else found.last
            return max(found.first, around[0]), min(last, around[1])
        return next(((found.first, found.last) for found in self.fields[2:] if found.name == name), (0, -1))

    @cached_property
    def _lead(self) -> int:
        """How many words the lead has."""
        body = self.fields[1]
        ends = [start for start in self._breaks(1)[1] if start > 0 and body.tokens and start > body.tokens[0][0]]
        words = next((i for i, token in enumerate(body.tokens) if ends and token[0] >= ends[0]), len(body.tokens))
        return min(words, LEAD_WORDS)

    def first_words(self, count: int, around: tuple[int, int]) -> tuple[int, int]:
        """What of the first ``count`` words of headline and body lies in ``around``."""
        title, body = self.fields[0], self.fields[1]
        last = count - 1 if count <= len(title.tokens) else body.first + count - len(title.tokens) - 1
        return around[0], min(last, around[1])

    def _breaks(self, index: int) -> tuple[list[int], list[int]]:
        return self._units[index]

    @cached_property
    def _units(self) -> list[tuple[list[int], list[int]]]:
        """Sentence and paragraph starts of each field; a headline is one of either."""
        return [breaks(f.text) if f.name == "body" else ([0], [0]) for f in self.fields]

    def unit(self, position: int, kind: str) -> tuple[int, int]:
        """Which sentence (s) or paragraph (p) a position is in: field and number."""
        index, found = self._field(position)
        starts = self._breaks(index)[0 if kind == "s" else 1]
        return index, bisect_right(starts, found.tokens[position - found.first][0])

    def _field(self, position: int) -> tuple[int, Field]:
        index = bisect_right(self._firsts, position) - 1
        return index, self.fields[index]

    def folded(self, stretch: tuple[int, int]) -> str:
        """The folded words of a stretch, with a space between two."""
        _, found = self._field(stretch[0])
        words = found.tokens[stretch[0] - found.first : stretch[1] + 1 - found.first]
        return " ".join(fold(token[2]) for token in words)

    def text_of(self, stretch: tuple[int, int]) -> str:
        """The text of a stretch."""
        span = self.span(stretch)
        _, found = self._field(stretch[0])
        return found.text[span.start : span.end]

    def cased_at(self, position: int) -> tuple[str, ...]:
        """The word at a position as it is written, and its parts."""
        _, found = self._field(position)
        form = forms(found.tokens[position - found.first][2])
        return (form.cased, *form.cased_parts)

    def span(self, stretch: tuple[int, int]) -> Span:
        """The text of a stretch of positions, both ends included. Rules share words, so spans are made once."""
        span = self._spans.get(stretch)
        if span is None:
            _, found = self._field(stretch[0])
            start, end = found.tokens[stretch[0] - found.first][0], found.tokens[stretch[1] - found.first][1]
            span = self._spans[stretch] = Span(found.name, start, end)
        return span


def in_language(content: Content) -> Content:
    """The content with its language, detected where it is not given."""
    if normalize(content.language):
        return content
    return replace(content, language=detect(f"{content.title}\n{content.body}") or DEFAULT)


def analyse(content: Content) -> Document:
    """The document of a story. A language that is not given is detected."""
    tag = normalize(in_language(content).language) or DEFAULT
    code = primary(tag)
    fields: list[Field] = []
    first = 0
    texts = (("title", content.title), ("body", content.body), ("author", content.author), ("source", content.source),
             ("url", content.url))  # fmt: skip
    for name, text in texts:
        if text or len(fields) < 2:
            tokens = list(spans(text)) if text else []
            if name == "body" and text and (unwanted := noise(text)):
                tokens = _without(tokens, unwanted)
            fields.append(Field(name, text or "", first, tokens))
            first += len(tokens) + GAP
    return Document(code, normal(code), fields, set(_facts(content, tag or code)))


def _without(tokens: list[tuple[int, int, str]], ranges: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """The words outside of some ranges, in order: what a page says around its story is never matched."""
    kept: list[tuple[int, int, str]] = []
    at = 0
    for start, end in [*ranges, (tokens[-1][1] + 1, 0)]:
        while at < len(tokens) and tokens[at][0] < start:
            kept.append(tokens[at])
            at += 1
        while at < len(tokens) and tokens[at][0] < end:
            at += 1
    return kept


def _facts(content: Content, tag: str) -> Iterator[str]:
    yield f":lang:{tag}"
    subtags = tag.split("-")[:3]
    for i in range(1, len(subtags)):  # zh-hant-tw is zh-hant and zh as well
        yield f":lang:{'-'.join(subtags[:i])}"
    for name in content.tags:
        yield fact("tag", name)
    if content.url and (host := _host(content.url)):
        labels = host.split(".")
        for i in range(len(labels)):
            yield fact("site", ".".join(labels[i:]))
        if len(labels) > 1 and len(labels[-1]) == 2:
            yield f":country:{_COUNTRY.get(labels[-1], labels[-1])}"


_COUNTRY = {"uk": "gb", "eu": "", "su": "ru", "ac": "sh"}


def _host(url: str) -> str:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return host if len(host) <= LONGEST_HOST else ""


def fact(name: str, value: str) -> str:
    """The term that stands for the fact that field ``name`` has ``value``."""
    if name == "place":
        found = gazetteer().lookup(value)
        return f"{PLACE}{found.id if found else fold(value)}"
    value = fold(" ".join(value.split()))
    if name == "lang":
        value = value.replace("_", "-")
    return f":{name}:{_COUNTRY.get(value, value) if name == 'country' else value}"
