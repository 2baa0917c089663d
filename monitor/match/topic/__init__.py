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
from monitor.match.topic.evidence import Evidences
from monitor.match.topic.explain import explain_topic
from monitor.match.topic.meaning import Meaning, meanings
from monitor.match.topic.score import judge, reach, threshold
from monitor.match.topic.understand import Topic, understand
from monitor.match.topic.view import View
from monitor.model.rule import RuleSpec
from monitor.query import ast
from monitor.text.languages import primary
from monitor.text.lexicon import Lexicon
from monitor.text.tokens import fold

__all__ = [
    "ConceptTable",
    "Evidences",
    "Meaning",
    "Topic",
    "TopicRule",
    "View",
    "boolean",
    "checked",
    "compile_topic", "concept_table",
    "explain_topic",
    "judge",
    "meanings",
    "plain_text",
    "reach",
    "threshold",
    "topic_of",
    "understand",
    "wording_problems",
]  # fmt: skip


def topic_of(spec: RuleSpec, query: ast.Plain, words: Lexicon) -> Topic:
    """The topic of a plain rule."""
    return understand(plain_text(query), words, tuple(map(primary, spec.languages)), spec.wording)


def plain_text(query: ast.Plain) -> str:
    """The words of a plain rule with a space between two."""
    return " ".join(word.text for word in query.words)


def wording_problems(spec: RuleSpec, query: ast.Query, words: Lexicon) -> Iterator[Problem]:
    """What a rule's ``wording`` speaks of that is not in the rule."""
    if not spec.wording:
        return
    end = len(spec.query)
    if not isinstance(query, ast.Plain):
        detail = "wording is for plain words, and this query has operators"
        yield Problem("wording", detail, 0, end, "write the alternatives into the query: (… OR …)")
        return
    known = [unit.words for unit in topic_of(spec, query, words).units]
    for own in spec.wording:
        if fold(own.words) not in map(fold, known):
            detail = f"wording: {own.words!r} is none of the rule's parts"
            yield Problem("wording", detail, 0, end, f"write it for one of {', '.join(known)}")


def checked(spec: RuleSpec, query: ast.Query, words: Lexicon) -> None:
    """Raise RuleSyntaxError where the rule's wording does not fit its query."""
    if problems := tuple(wording_problems(spec, query, words)):
        raise RuleSyntaxError(spec.query, problems)
