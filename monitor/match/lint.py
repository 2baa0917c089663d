"""What is legal in a rule and rarely meant. Each warning has its place in the query, a code and what to do.

What can be said from the rule alone is said always; what depends on stories (words that none of them has, wildcards
that take too many) only where enough of them have been seen; see docs/rules.md for all codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import islice

from monitor.errors import Problem
from monitor.match.index import COMMON, Rarity, clauses
from monitor.match.rule import compile_rule
from monitor.match.terms import Compiled, Reading, compile_query
from monitor.match.wildcard import matcher
from monitor.model.rule import RuleSpec
from monitor.query import ast
from monitor.query.unparse import shown
from monitor.text.languages import DEFAULT, normal, primary
from monitor.text.tokens import fold

ENOUGH = 1_000
"""Stories that have to be seen before a word is said to be in none."""
MANY_WORDS = 100
"""Different words that make a wildcard wide."""
_LOWER = frozenset(("and", "or", "not", "near"))


def lint(spec: RuleSpec, query: ast.Query, seen: Rarity | None = None) -> tuple[Problem, ...]:
    """The warnings for ``query``, which is that of ``spec``; ``seen`` is what is known of stories."""
    language = primary(spec.languages[0]) if spec.languages else DEFAULT
    reading = Reading.of(language, normal(language))
    found = [*_lower_case(query), *_cost(spec, query, reading), *_never(query, spec)]
    if seen is not None and seen.documents >= ENOUGH:
        found += _of_stories(query, reading, seen)
    return tuple(sorted(dict.fromkeys(found), key=lambda p: (p.start, p.end, p.code)))


def same_as(spec: RuleSpec, query: ast.Query) -> str:
    """A text that is equal for rules that say the same in another order; ``query`` is that of ``spec``."""
    if isinstance(query, ast.Plain):
        words = " ".join(sorted(fold(word.text) for word in query.words))
        return f"plain, {spec.strictness.value}: {words} {sorted(map(astuple, spec.wording))}"
    return shown(_ordered(query))


def _ordered(node: ast.Expression) -> ast.Expression:
    match node:
        case ast.And() | ast.Or():
            return replace(node, parts=tuple(sorted(dict.fromkeys(map(_ordered, node.parts)), key=shown)))
        case ast.Not() | ast.InField() | ast.First():
            return replace(node, part=_ordered(node.part))
        case _:
            return node


def _lower_case(query: ast.Query) -> Iterator[Problem]:
    if isinstance(query, ast.Plain):
        for word in query.words:
            if word.text in _LOWER:
                detail = f"{word.text!r} in small letters is a word to look for"
                hint = f"write {word.text.upper()} for the operator, or leave it out"
                yield Problem("lower-case-operator", detail, *word.at, hint)


def _cost(spec: RuleSpec, query: ast.Query, reading: Reading) -> Iterator[Problem]:
    """Whether some term has to be there, and is one that not every story has."""
    compiled, rarity = compile_rule(spec, query, reading), Rarity()
    known = list(clauses(compiled, rarity))
    at = query.at
    if not known:
        detail = "no term has to be there, so this rule is looked at for every story"
        yield Problem("expensive", detail, *at, "add a term that every wanted story has: … AND …")
    elif all(any(term.lstrip('"') in COMMON for term in clause) for clause in known):
        detail = "the only terms that have to be there are words that nearly every story has"
        yield Problem("stop-word", detail, *at, "add a term that tells the wanted stories from others")


def _never(query: ast.Query, spec: RuleSpec) -> Iterator[Problem]:
    for node in _nodes(query):
        if (why := _impossible(node, spec)) is not None:
            yield Problem(
                "never-matches", f"{_cut(shown(node))} can never match: {why}", *node.at, "change or remove it"
            )


def _impossible(node: ast.Query, spec: RuleSpec) -> str | None:
    match node:
        case ast.And():
            banned = [part.part for part in node.parts if isinstance(part, ast.Not)]
            both = next((part for part in node.parts if part in banned), None)
            if both is not None:
                return f"{_cut(shown(both))} must be there and must not"
            languages = {
                primary(part.text) for part in node.parts if isinstance(part, ast.Value) and part.name == "lang"
            }
            return f"a story has one language, not {' and '.join(sorted(languages))}" if len(languages) > 1 else None
        case ast.Of() if node.count > len(node.parts):
            return f"the list has {len(node.parts)} entries"
        case ast.NotNear() if node.left == node.right:
            return "both sides are the same"
        case ast.InField(name="title"):
            inner = next((n for n in _nodes(node.part) if isinstance(n, ast.InField) and n.name != "title"), None)
            return f"{inner.name}: is outside of the headline" if inner is not None else None
        case ast.Value(name="lang") if spec.languages and primary(node.text) not in map(primary, spec.languages):
            return f"the rule is for stories in {', '.join(spec.languages)} only"
        case _:
            return None


def _of_stories(query: ast.Query, reading: Reading, seen: Rarity) -> Iterator[Problem]:
    # A plain word is found by other words, too: not to have been seen itself says nothing.
    for node in () if isinstance(query, ast.Plain) else _nodes(query):
        if isinstance(node, ast.Wildcard):
            yield from _wide(node, seen)
        elif isinstance(node, ast.Word | ast.Phrase | ast.Exact | ast.Cased):
            missing = _unseen(compile_query(node, reading), seen)
            if missing:
                detail = f"none of the last {seen.documents:,} stories had {shown(node)}"
                yield Problem("never-seen", detail, *node.at, "check its spelling")


def _unseen(compiled: Compiled, seen: Rarity) -> bool:
    return all(any(not seen.counts[term] for term in clause) for clause in clauses(compiled, seen))


def _wide(node: ast.Wildcard, seen: Rarity) -> Iterator[Problem]:
    accepts = matcher(fold(node.pattern))
    words = (term[1:] for term in seen.counts if term[0] == '"')
    taken = list(islice((word for word in words if accepts(word)), MANY_WORDS))
    if len(taken) == MANY_WORDS:
        detail = f"{node.pattern} takes {MANY_WORDS} different words and more: {', '.join(taken[:5])}, …"
        yield Problem("wide-wildcard", detail, *node.at, "give more letters")


def _nodes(query: ast.Query) -> Iterator[ast.Query]:
    """The node and every node below it."""
    yield query
    match query:
        case ast.Plain():
            yield from query.words
        case ast.And() | ast.Or() | ast.Of():
            for part in query.parts:
                yield from _nodes(part)
        case ast.Weight():
            for part, _ in query.parts:
                yield from _nodes(part)
        case ast.Not() | ast.InField() | ast.First() | ast.AtLeast():
            yield from _nodes(query.part)
        case ast.Near() | ast.Same() | ast.NotNear():
            yield from _nodes(query.left)
            yield from _nodes(query.right)
        case _:
            return


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
