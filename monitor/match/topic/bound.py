"""What a story must hold to reach a topic's threshold: the clauses by which the index looks a topic up.

A set of parts is *needed* if the score stays below the threshold where none of them is found and all others fully
are. One of its terms must then be in every story that matches. The score itself decides, so that a change of its
formula cannot make the index wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from monitor.match.terms import CasedRun, Compiled, Run
from monitor.match.topic.compiled import ANCHORS, Part, TopicRule
from monitor.match.topic.evidence import NOTHING, Evidence
from monitor.match.topic.score import threshold, total
from monitor.model.rule import Strictness

Clause = tuple[str, ...]
_FULL = Evidence(1.0)


def topic_clauses(rule: TopicRule, cost: Callable[[Clause], float]) -> Iterator[Clause]:
    """The clauses of a topic. ``cost`` gives the rarity of a clause."""
    needed = _singly_needed(tuple(part.kind for part in rule.parts), rule.shares, rule.strictness)
    terms = [_terms(part) for part in rule.parts]
    for i in needed:
        yield terms[i]
    others = sorted((i for i in range(len(terms)) if i not in needed), key=lambda i: (cost(terms[i]), i))
    for group in (others, [i for i in others if rule.parts[i].kind not in ANCHORS]):
        for size in range(2, len(group) + 1):
            if _needed(rule, group[:size]):
                yield tuple(dict.fromkeys(chain.from_iterable(terms[i] for i in group[:size])))
                break


def _needed(rule: TopicRule, missing: Sequence[int]) -> bool:
    found = [NOTHING if i in missing else _FULL for i in range(len(rule.parts))]
    return total(rule, found) < threshold(rule)


@lru_cache(maxsize=1_000)
def _singly_needed(kinds: tuple[str, ...], shares: tuple[float, ...], strictness: Strictness) -> tuple[int, ...]:
    """Which parts are each needed; it depends on their kinds alone."""
    rule = TopicRule(tuple(Part(kind, 1.0) for kind in kinds), shares, strictness, frozenset())
    return tuple(i for i in range(len(kinds)) if _needed(rule, (i,)))


@lru_cache(maxsize=20_000)
def _terms(part: Part) -> Clause:
    """Terms of which a story holds at least one wherever there is any evidence for a part, or none can be told."""
    words = chain.from_iterable(map(_clause, (*part.exact, *part.halves)))
    keys = (part.place, part.concept, part.abroad)
    return tuple(dict.fromkeys((*words, *filter(None, keys))))


def _clause(compiled: Compiled) -> Clause:
    """Terms of which one must be there; of a row its longest word, which is most likely rare."""
    if isinstance(compiled, str):
        return (compiled,)
    if not isinstance(compiled, Run | CasedRun):
        raise TypeError(f"no word of a topic: {compiled}")
    at = max(range(len(compiled.terms)), key=lambda i: len(compiled.terms[i]))
    joined = compiled.joined if isinstance(compiled, Run) else ()
    return (compiled.terms[at], *(whole for start, end, whole in joined if start <= at < end))
