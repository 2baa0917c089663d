"""Random stories, rules over the whole grammar, and both together: they share their few words, so that rules hit."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import cycle

from hypothesis import strategies as st

from monitor.match.document import Content
from monitor.query.ast import (
    NAME_FIELDS,
    TEXT_FIELDS,
    And,
    AtLeast,
    Cased,
    Exact,
    Expression,
    First,
    InField,
    Leaf,
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Phrase,
    Positional,
    Same,
    Value,
    Weight,
    Wildcard,
    Word,
)
from tests.properties.naive import Paragraph, Sentence, Tale, address, fits
from tests.properties.vocabulary import FAMILIES, WILDCARDS, WORDS

HOSTS = ("news.example.vn", "www.example.co.uk", "example.com")
LANGUAGES = ("en", "en-us", "en-gb")
TAGS = ("World news", "arms", "Défense")
VALUES = {
    "site": ("example.com", "example.vn", "ample.vn", "co.uk", "news.example.vn", "WWW.example.co.uk"),
    "lang": ("en", "en-us", "de"),
    "country": ("vn", "gb", "us"),
    "tag": ("world news", "ARMS", "defense", "world"),
}
Words = tuple[str, ...]
MOST = 12
"""Words of one example. Trees and stories are drawn with the numbers of words, and spelled afterwards."""
numbers = st.integers(0, MOST - 1).map(str)


def word(number: str, words: Words) -> str:
    """The word of this number."""
    return words[int(number) % len(words)]


def spelled(made: object, words: Words) -> object:
    """A tree or a story with words in place of their numbers."""
    match made:
        case tuple() | list():
            return type(made)(spelled(part, words) for part in made)
        case str() if made.isdecimal():
            return word(made, words)
        case Word() | Phrase() | Exact() | Cased():
            return _term(made, " ".join(word(number, words) for number in made.text.split()))
        case Wildcard():
            fitting = [pattern for pattern in WILDCARDS if any(hits(pattern, word) for word in words)] or WILDCARDS
            return Wildcard(fitting[int(made.pattern) % len(fitting)])
        case Value() | str() | int() | None:
            return made
    inner = {f.name: spelled(getattr(made, f.name), words) for f in fields(made) if f.name != "at"}
    return replace(made, **inner)


def hits(pattern: str, word: str) -> bool:
    """Whether the wildcard is one for this word."""
    return any(fits(pattern, part.folded) for unit in WORDS[word] for part in unit.words())


def _term(made: Word | Phrase | Exact | Cased, text: str) -> Leaf:
    return Word(text) if isinstance(made, Exact) and not text.isalpha() else replace(made, text=text)


# ── stories ──

sentences = st.lists(numbers, max_size=7).map(tuple)
paragraphs = st.lists(st.lists(numbers, min_size=1, max_size=7).map(tuple), min_size=1, max_size=3).map(tuple)
names = st.lists(numbers, max_size=2).map(tuple)
stories = st.builds(
    Tale,
    title=sentences,
    body=st.lists(paragraphs, max_size=4).map(tuple),
    author=names,
    source=names,
    host=st.sampled_from(HOSTS),
    path=names,
    language=st.sampled_from(LANGUAGES),
    tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
    blank_lines=st.booleans(),
)


def tale(made: Tale, words: Words) -> Tale:
    """The story in these words. A sentence begins with a capital, and an address has plain words only."""
    made = spelled(made, words)
    body = tuple(tuple(("Now", *sentence) for sentence in paragraph) for paragraph in made.body)
    return replace(made, body=body, path=tuple(word for word in made.path if word.isascii() and word.isalnum()))


def content(tale: Tale) -> Content:
    """The story as the service gets it."""
    between = "\n\n" if tale.blank_lines else "\n"
    return Content(
        title=" ".join(tale.title),
        body=between.join(_paragraph(paragraph, blank_lines=tale.blank_lines) for paragraph in tale.body),
        language=tale.language,
        author=" ".join(tale.author),
        source=" ".join(tale.source),
        url=address(tale),
        tags=tale.tags,
    )


def _paragraph(sentences: Paragraph, *, blank_lines: bool) -> str:
    # A single line break is a space where paragraphs end at empty lines, and there has to be such a line at all.
    ends = cycle((". ", "! ", "? ", "… ", '." '))
    made = "".join(_sentence(sentence, end) for sentence, end in zip(sentences, ends, strict=False))
    return made.rstrip() + ("\n" if blank_lines else "")


def _sentence(words: Sentence, end: str) -> str:
    # A full stop behind an abbreviation or an initial is none.
    plain = len(words[-1]) > 2 and words[-1].isalpha()
    return " ".join(words) + (end if plain or "." not in end else "! ")


# ── rules ──


leaves = st.one_of(
    numbers.map(Word),
    numbers.map(Word),
    st.lists(numbers, min_size=1, max_size=3).map(" ".join).map(Phrase),
    st.lists(numbers, min_size=2, max_size=3).map(" ".join).map(Phrase),
    numbers.map(Exact),
    st.lists(numbers, min_size=1, max_size=2).map(" ".join).map(Cased),
    numbers.map(Wildcard),
)
"""Terms of every kind."""


def _proximity(below: st.SearchStrategy[Positional]) -> st.SearchStrategy[Positional]:
    distance = st.sampled_from((1, 1, 2, 3, 5, 50))
    return st.one_of(
        st.lists(below, min_size=2, max_size=3).map(tuple).map(Or),
        st.builds(Near, below, below, distance, st.booleans()),
        st.builds(Same, below, below, st.sampled_from("sp")),
        st.builds(NotNear, below, below, distance),
    )


def _narrower(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Operators, and the fields of the text."""
    return st.one_of(
        _operators(below),
        st.builds(First, st.integers(1, 12), below),
        st.builds(InField, st.sampled_from(TEXT_FIELDS), below),
        st.builds(First, st.integers(1, 12), st.builds(InField, st.sampled_from(TEXT_FIELDS), below)),
    )


def _operators(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(below, min_size=2, max_size=4).map(tuple)
    weighed = st.lists(st.tuples(below, st.sampled_from((-30, 5, 10, 20, 40))), min_size=1, max_size=4).map(tuple)
    return st.one_of(
        several.map(And),
        several.map(Or),
        below.map(Not),
        st.builds(_of, st.integers(1, 4), several),
        st.builds(_weight, weighed, st.sampled_from((5, 15, 30, 60))),
    )


def _of(count: int, parts: tuple[Expression, ...]) -> Of:
    return Of(min(count, len(parts)), parts)


def _weight(parts: tuple[tuple[Expression, int], ...], threshold: int) -> Weight:
    """A sum that can be reached."""
    first, weight = parts[0]
    parts = ((first, abs(weight)), *parts[1:])
    return Weight(parts, min(threshold, sum(max(weight, 0) for _, weight in parts)))


def positive(node: Expression) -> bool:
    """Whether a term stands outside every NOT, as the language demands."""
    match node:
        case Not():
            return False
        case And() | Or() | Of():
            return any(positive(part) for part in node.parts)
        case Weight():
            return any(weight > 0 and positive(part) for part, weight in node.parts)
        case InField() | First():
            return positive(node.part)
    return True


def _positive(tree: Expression) -> Expression:
    return tree if positive(tree) else And((Word("0"), tree))


positionals = st.recursive(leaves, _proximity, max_leaves=5)
"""Terms, and proximity of terms, nested."""
_near = st.recursive(leaves, _proximity, max_leaves=3)
_simple = st.one_of(_near, st.builds(AtLeast, st.integers(1, 4), _near))
texts = st.recursive(_simple, _narrower, max_leaves=4)
"""Expressions that look into headline and body only, as FIRST and title: take them."""
_facts = st.sampled_from([Value(name, value) for name, found in VALUES.items() for value in found])
_names = st.builds(InField, st.sampled_from(NAME_FIELDS), st.one_of(_near, _operators(_near)))
expressions = st.recursive(st.one_of(_simple, texts, texts, _facts, _names), _operators, max_leaves=6).map(_positive)
"""Expressions of every kind."""
_all_words = st.lists(numbers.map(Word), min_size=2, max_size=3).map(tuple).map(And)
queries = st.one_of(expressions, expressions, expressions, numbers.map(Word), _all_words)
"""Boolean rules as users may write them, the simplest often: a word in brackets, and all of some words.

Plain words are not among them: they are a topic, which has a score and no such reading (test_topics.py).
"""
vocabularies = st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=3, unique=True).map(
    lambda families: tuple(dict.fromkeys(word for family in families for word in family))[:MOST]
)
"""The words of one example: of few families, so that they meet."""
