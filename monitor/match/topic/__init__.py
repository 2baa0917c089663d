"""Plain words as a topic: `Putin Asia visit` finds what it means, not only the three words.

understand.py   text -> Topic: which words are names, places, concepts
meaning.py      a topic in words, for its author: what each part is found by
boolean.py      a topic as a Boolean rule
compiled.py     a topic in one way of reading words
concepts.py     which concepts a story mentions
view.py         a story as topics see it: concepts, places, names
score.py        evidence for each part, and how it adds up
bound.py        what a story must hold to reach the threshold: what the index goes by
explain.py      why a story reached it or not
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.errors import Problem, RuleSyntaxError
from monitor.match.topic.boolean import boolean
from monitor.match.topic.compiled import TopicRule, compile_topic
from monitor.match.topic.concepts import ConceptTable, concept_table
from monitor.match.topic.evidence import Evidences, marked
from monitor.match.topic.explain import explain_topic
from monitor.match.topic.meaning import Meaning, meanings
from monitor.match.topic.score import judge, reach, threshold
from monitor.match.topic.understand import Topic, understand
from monitor.match.topic.view import View
from monitor.model.rule import RuleSpec
from monitor.query import ast
from monitor.text.languages import primary
from monitor.text.lexicon import Lexicon
from monitor.text.tokens import fold, tokenize

MOST_WORDS = 40
"""Most words of a topic."""

__all__ = [
    "MOST_WORDS",
    "ConceptTable",
    "Evidences",
    "Meaning",
    "Topic",
    "TopicRule",
    "View",
    "boolean",
    "checked",
    "compile_topic",
    "concept_table",
    "explain_topic",
    "judge",
    "marked",
    "meanings",
    "plain_text",
    "reach",
    "threshold",
    "topic_of",
    "topic_problems",
    "understand",
]  # fmt: skip


def topic_of(spec: RuleSpec, query: ast.Plain, words: Lexicon) -> Topic:
    """The topic of a plain rule."""
    return understand(plain_text(query), words, tuple(map(primary, spec.languages)), spec.wording)


def plain_text(query: ast.Plain) -> str:
    """The words of a plain rule with a space between two."""
    return " ".join(word.text for word in query.words)


def topic_problems(spec: RuleSpec, query: ast.Query, words: Lexicon) -> Iterator[Problem]:
    """What keeps plain words from being a topic: too many, or a ``wording`` that speaks of what is not in the rule."""
    end = len(spec.query)
    if isinstance(query, ast.Plain) and len(query.words) > MOST_WORDS:
        detail = f"plain words are at most {MOST_WORDS}; these are {len(query.words)}"
        yield Problem("too-many-words", detail, 0, end, "keep those that say what it is about, or join them by OR")
        return
    if not spec.wording:
        return
    if not isinstance(query, ast.Plain):
        detail = "wording is for plain words, and this query has operators"
        yield Problem("wording", detail, 0, end, "write the alternatives into the query: (… OR …)")
        return
    known = [unit.words for unit in topic_of(spec, query, words).units]
    for own in spec.wording:
        if any(next(tokenize(term), None) is None for term in (*own.add, *own.strike)):
            yield Problem(
                "wording", f"wording: a term for {own.words!r} holds no word", 0, end, "write what stories say"
            )
        if fold(own.words) not in map(fold, known):
            detail = f"wording: {own.words!r} is none of the rule's parts"
            yield Problem("wording", detail, 0, end, f"write it for one of {', '.join(known)}")


def checked(spec: RuleSpec, query: ast.Query, words: Lexicon) -> None:
    """Raise RuleSyntaxError where plain words are no topic, or the rule's wording does not fit them."""
    if problems := tuple(topic_problems(spec, query, words)):
        raise RuleSyntaxError(spec.query, problems)
