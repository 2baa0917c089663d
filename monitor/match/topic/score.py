"""How surely a story is about a topic, from 0 to 1.

The geometric mean of the evidence for the anchors (names and places), since a story on another company is another
story, and that for the rest; then the product of both, each with its power. A part that is missing does not make a
mean 0, but lowers it. Parts that all stand together, in a sentence or less, are enough for NORMAL wherever that is.

The figures here and in evidence.py were fitted on labelled rules and then rounded; benchmarks/topics.py judges them,
and docs/decisions/0009-topics.md says what was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from monitor.match.topic.compiled import ANCHORS, Part, TopicRule, shares
from monitor.match.topic.evidence import Evidence, Evidences
from monitor.model.rule import Strictness

THRESHOLDS = {Strictness.STRICT: 0.9, Strictness.NORMAL: 0.52, Strictness.BROAD: 0.3}
"""Least score of a hit."""

FLOORS = {"person": 0.1, "name": 0.1, "place": 0.1, "concept": 0.1, "word": 0.2}
"""What a missing part counts: little for a concept, since there are many ways to say it, and more for a mere word."""
TOGETHER, TOGETHER_WITHIN = 0.55, 8
"""The least score of a story in which strong evidence for every part stands within so many words; of a topic of one
part, in which it stands anywhere."""
CARRIED, CARRYING = 0.9, 2
"""The factor for a story in whose language some part cannot be told; how many others it takes, a name among them."""


def threshold(rule: TopicRule) -> float:
    """The least score of a hit."""
    return THRESHOLDS[rule.strictness]


def judge(rule: TopicRule, story: Evidences) -> tuple[float, list[Evidence]]:
    """The score of a story, and the evidence for each part in order."""
    found = [story.of(part, rule) for part in rule.parts]
    score = total(rule, found)
    return (max(score, TOGETHER), found) if score < TOGETHER and _together(found) else (score, found)


def reach(rule: TopicRule, story: Evidences) -> tuple[float, list[Evidence]] | None:
    """What ``judge`` says, or None as soon as it is sure that the score is below the threshold."""
    least, weak = log(threshold(rule)), False
    bound = 0.0  # of the score's logarithm, whatever the parts to come have
    for part, share in zip(rule.parts, rule.shares, strict=True):
        evidence = story.of(part, rule)
        if evidence.told:
            bound += share * _raised(part, evidence)
            weak = weak or not evidence.strong  # then not all parts stand together
            if weak and bound < least:
                return None
    score, found = judge(rule, story)
    return (score, found) if score >= threshold(rule) else None


def total(rule: TopicRule, found: Sequence[Evidence]) -> float:
    """The score of a story from the evidence for each part."""
    told = [(part, evidence) for part, evidence in zip(rule.parts, found, strict=True) if evidence.told]
    exponents = rule.shares if len(told) == len(found) else shares([part for part, _ in told])
    for group in (True, False):
        mine = [evidence.value for part, evidence in told if (part.kind in ANCHORS) is group]
        if mine and not any(mine):
            return 0.0
    score = exp(sum(share * _raised(*pair) for share, pair in zip(exponents, told, strict=True)))
    if len(told) == len(found):
        return score
    # The story's language has no words for a part: two others carry it, one of them a name or a place.
    if len(told) < CARRYING or not any(part.kind in ANCHORS for part, _ in told):
        return 0.0
    return CARRIED * score


def _raised(part: Part, evidence: Evidence) -> float:
    """The logarithm of the evidence, above the part's floor."""
    floor = FLOORS[part.kind]
    return log(floor + (1 - floor) * evidence.value)


def _together(found: Sequence[Evidence]) -> bool:
    """Whether strong evidence for every part stands within a few words."""
    if not all(e.strong for e in found):
        return False
    marks = sorted((find[0], find[1], i) for i, e in enumerate(found) for find in e.strong)
    latest: dict[int, int] = {}
    for first, last, i in marks:
        latest[i] = first
        if len(latest) == len(found) and last - min(latest.values()) <= TOGETHER_WITHIN:
            return True
    return False
