"""Random queries over the whole rule language: every form, every nesting that is allowed, nothing that is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

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
    Near,
    Not,
    NotNear,
    Of,
    Or,
    Phrase,
    Plain,
    Positional,
    Query,
    Same,
    Value,
    Weight,
    Wildcard,
    Word,
)

WORDS = ("arms", "deal", "deals", "Vietnam", "visits", "F-16", "U.S", "AT&T", "the")
"""Few, so that the parts of a query meet the same words."""
VALUES = {
    "site": ("bbc.co.uk", "news.example", "example"),
    "lang": ("en", "de", "pt-br"),
    "country": ("vn", "gb"),
    "tag": ("world", "World news", "C#", "a,b", "AND", "3.5"),
}


def queries(words: Sequence[str] = WORDS, depth: int = 3) -> st.SearchStrategy[Query]:
    """Valid queries of words of one vocabulary, at most ``depth`` levels above their terms.

    Each word has to be one that the language reads as one plain word, as it is.
    """
    plain = st.lists(st.sampled_from(words).map(Word), min_size=1, max_size=4).map(lambda found: Plain(tuple(found)))
    return st.one_of(plain, *[expressions(words, depth)] * 4)


def expressions(words: Sequence[str] = WORDS, depth: int = 3) -> st.SearchStrategy[Expression]:
    """As ``queries``, without the plain ones."""
    grammar = Grammar(tuple(words))
    return st.builds(wanting, grammar.expression(depth, ""), grammar.leaf)


def wanting(tree: Expression, leaf: Expression) -> Expression:
    """The tree, or the leaf and the tree where it wants nothing to be there."""
    return tree if wants(tree) else And((leaf, tree))


def wants(tree: Expression) -> bool:
    """Whether something has to be there for some story to match: a term that stands under no NOT."""
    match tree:
        case Not():
            return False
        case First() | InField():
            return wants(tree.part)
        case And() | Or() | Of():
            return any(map(wants, tree.parts))
        case Weight():
            return any(wants(part) for part, weight in tree.parts if weight > 0)
        case _:
            return True


def wildcards(word: str) -> list[str]:
    """The wildcards that hit a word and are long enough."""
    good = len(word) >= 5 and word.isalpha()
    return [f"{word[:4]}*", f"*{word[1:]}", f"{word[:2]}?{word[3:]}", f"{word[:4]}??"] if good else []


class Grammar:
    """The rules of the grammar; each takes how many levels there may be below."""

    def __init__(self, words: tuple[str, ...]) -> None:
        word = st.sampled_from(words)
        exact = st.sampled_from([word for word in words if not word.startswith("^")])  # it would be a weight
        row = st.lists(word, min_size=1, max_size=3).map(" ".join)
        patterns = [pattern for word in words for pattern in wildcards(word)] or ["procur*"]
        self.leaf: st.SearchStrategy[Positional] = st.one_of(
            word.map(Word), word.map(Word), row.map(Phrase), exact.map(Exact), row.map(Cased),
            st.sampled_from(patterns).map(Wildcard),
        )  # fmt: skip
        self.positional = cache(self._positional)
        self.expression = cache(self._expression)

    def _positional(self, depth: int) -> st.SearchStrategy[Positional]:
        if not depth:
            return self.leaf
        part = self.positional(depth - 1)
        distance = st.integers(1, 4) | st.just(50)
        return st.one_of(
            self.leaf,
            several(part).map(Or),
            st.builds(Near, part, part, distance, st.booleans()),
            st.builds(Same, part, part, st.sampled_from("sp")),
            st.builds(NotNear, part, part, distance),
        )

    def _expression(self, depth: int, inside: str) -> st.SearchStrategy[Expression]:
        """``inside``: what is around, which says which fields there may be: nothing, a text (or FIRST), a name."""
        if not depth:
            return self.leaf if inside else st.one_of(*[self.leaf] * 3, values())
        part = self.expression(depth - 1, inside)
        count = st.integers(1, 3) | st.just(1000)
        forms = [
            self.positional(depth),
            several(part).map(And),
            several(part).map(Or),
            st.builds(Not, part),  # not part.map(Not): that would count as one form for each form of the part
            st.builds(AtLeast, count, self.positional(depth - 1)),
            st.builds(Of, count, several(part, least=1)),
            self._weight(part),
        ]
        if inside != "name":
            text = self.expression(depth - 1, "text")
            forms += [st.builds(First, count, text), st.builds(InField, st.sampled_from(TEXT_FIELDS), text)]
        if not inside:
            name = self.expression(depth - 1, "name")
            forms += [st.builds(InField, st.sampled_from(NAME_FIELDS), name), values()]
        return st.one_of(forms)

    def _weight(self, part: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        @st.composite
        def weight(draw: st.DrawFn) -> Weight:
            weights = st.integers(-3, 5) | st.sampled_from((-1000, 1000))
            first = (draw(part), draw(st.integers(1, 5)))
            parts = (first, *draw(st.lists(st.tuples(part, weights), max_size=3)))
            most = sum(max(number, 0) for _, number in parts)
            return Weight(parts, draw(st.integers(1, most)))

        return weight()


def several(part: st.SearchStrategy[Expression], least: int = 2) -> st.SearchStrategy[tuple[Expression, ...]]:
    """Some parts in a row."""
    return st.lists(part, min_size=least, max_size=3).map(tuple)


def values() -> st.SearchStrategy[Value]:
    """Facts about a story."""
    return st.sampled_from([Value(name, value) for name, found in VALUES.items() for value in found])
