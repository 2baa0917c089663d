"""Explanations of random rules and stories agree with what matches, part by part."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.percolate import Rulebook, explain_rule
from monitor.model.rule import RuleSpec
from monitor.query import Query, unparse
from monitor.text.tokens import tokenize
from tests.properties.naive import Tale
from tests.properties.strategies import Words, content, queries, spelled, stories, tale, vocabularies

LEAVES = {"word", "phrase", "exact", "cased", "wildcard"}


def flat(node: Explanation) -> Iterator[Explanation]:
    """The explanation and all its parts."""
    yield node
    for part in node.parts:
        yield from flat(part)


def check_part(part: Explanation, story: Content) -> None:
    """What a part says of itself is true of the story, and of its own parts."""
    for span in part.spans:
        assert 0 <= span.start < span.end <= len(getattr(story, span.field))
        assert any(tokenize(story.text(span)))
    hold = [below.matched for below in part.parts]
    match part.kind:
        case "all":
            assert part.matched == all(hold)
        case "any":
            assert part.matched == any(hold)
        case "not":
            assert part.matched == (not hold[0])
        case "near" | "same":
            assert part.matched <= all(hold)
        case "not-near":
            assert part.matched <= hold[0]
        case "count":
            assert part.matched <= hold[0]
        case "first" | "field":
            assert part.matched == hold[0]
        case kind if kind in LEAVES:
            assert part.matched == bool(part.spans)
            assert part.detail.startswith("found" if part.matched else "not found")
    if part.kind in ("all", "any", "of"):
        assert part.detail.startswith(f"{sum(hold)} of {len(hold)} hold")
        assert ("missing: " in part.detail) == (not part.matched)


@settings(
    deadline=None,
    database=None,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(queries, min_size=5, max_size=12), st.lists(stories, min_size=2, max_size=4), vocabularies)
def test_an_explanation_agrees_with_the_match(rules: list[Query], tales: list[Tale], words: Words) -> None:
    """The whole matches just where the rule does, with the same spans; every part fits together and into the text."""
    specs = [RuleSpec(str(i), str(i), unparse(spelled(query, words))) for i, query in enumerate(rules)]
    book = Rulebook()
    for spec in specs:
        book.put(spec)
    for made in tales:
        story = content(tale(made, words))
        matches = {match.rule: match for match in book.percolate(story).matches}
        for spec in specs:
            why = explain_rule(spec, story)
            assert why.matched == (spec.id in matches), spec.query
            assert why.kind == "not" or why.spans == (matches[spec.id].spans if why.matched else ()), spec.query
            for part in flat(why):
                check_part(part, story)
