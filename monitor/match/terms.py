"""A query in one language: words become the terms that stories are compared by.

A *term* is a stem (``procur``) or, with a leading quote, an exact folded word (``"arms``). The quote
keeps the two apart in the index; no word can hold one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from monitor.query import ast
from monitor.text.languages import Stem
from monitor.text.tokens import fold, tokenize


@dataclass(frozen=True, slots=True)
class Run:
    """Terms at consecutive positions; one term is the plain case."""

    terms: tuple[str, ...]
    source: ast.Word | ast.Phrase


@dataclass(frozen=True, slots=True)
class All:
    """Every part matches."""

    parts: tuple[Compiled, ...]
    source: ast.Query


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part matches."""

    parts: tuple[Compiled, ...]
    source: ast.Query


@dataclass(frozen=True, slots=True)
class Without:
    """The part does not match."""

    part: Compiled
    source: ast.Query


@dataclass(frozen=True, slots=True)
class Within:
    """The part matches inside one field."""

    field: str
    part: Compiled
    source: ast.Query


Compiled = Run | All | Any | Without | Within


def compile_query(query: ast.Query, stem: Stem) -> Compiled:
    """``query`` with its words as terms of one language."""
    match query:
        case ast.Plain():
            parts = tuple(compile_query(word, stem) for word in query.words)
            return parts[0] if len(parts) == 1 else All(parts, query)
        case ast.Word():
            return Run(tuple(stem(t.text) for t in tokenize(query.text)), query)
        case ast.Phrase():
            return Run(tuple(f'"{fold(t.text)}' for t in tokenize(query.text)), query)
        case ast.And():
            return All(tuple(compile_query(p, stem) for p in query.parts), query)
        case ast.Or():
            return Any(tuple(compile_query(p, stem) for p in query.parts), query)
        case ast.Not():
            return Without(compile_query(query.part, stem), query)
        case ast.InField():
            return Within(query.name, compile_query(query.part, stem), query)
        case _:
            assert_never(query)
