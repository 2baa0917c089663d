"""A rule as its author wrote it, read and compiled: plain words as a topic, anything else as the query that it is."""

from __future__ import annotations

from monitor.match.terms import Compiled, Reading, compile_query
from monitor.match.topic import TopicRule, checked, compile_topic, topic_of
from monitor.model.rule import RuleSpec
from monitor.query import Query, ast, parse
from monitor.text.lexicon import Lexicon, lexicon


def read_rule(spec: RuleSpec, words: Lexicon | None = None) -> Query:
    """The rule's query. Raises RuleSyntaxError where that, or what its wording says about it, is wrong."""
    query = parse(spec.query)
    if spec.wording or isinstance(query, ast.Plain):
        checked(spec, query, words or lexicon())
    return query


def compile_rule(spec: RuleSpec, query: Query, reading: Reading, words: Lexicon | None = None) -> Compiled | TopicRule:
    """The rule for stories that are read in one way; ``query`` is what it was read as."""
    if isinstance(query, ast.Plain):
        return compile_topic(topic_of(spec, query, words or lexicon()), spec.strictness, reading)
    return compile_query(query, reading)
