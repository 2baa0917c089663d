"""Why a story is about a topic or not: for each part by which words it was found, and what these are worth."""

from __future__ import annotations

from monitor.match.document import Find
from monitor.match.evaluate import spans
from monitor.match.explain import SHOWN, Explanation
from monitor.match.terms import Reading
from monitor.match.topic.compiled import ANCHORS, compile_topic
from monitor.match.topic.evidence import LEAD, OPENING, Evidence, Evidences
from monitor.match.topic.meaning import Meaning, meaning
from monitor.match.topic.score import CARRYING, judge, threshold
from monitor.match.topic.understand import Topic, Unit
from monitor.match.topic.view import View
from monitor.model.rule import RuleSpec
from monitor.text.lexicon import Lexicon


def explain_topic(spec: RuleSpec, topic: Topic, reading: Reading, view: View, words: Lexicon) -> Explanation:
    """The score of a story with the evidence for each part of the topic."""
    rule = compile_topic(topic, spec.strictness, reading)
    score, found = judge(rule, Evidences(view))
    wanted = threshold(rule)
    parts = tuple(
        _part(unit, evidence, part.weight, view, meaning(unit, words, topic.language))
        for unit, evidence, part in zip(topic.units, found, rule.parts, strict=True)
    )
    detail = f"{score:.2f} of 1; {wanted:.2f} is wanted at strictness {spec.strictness.value}"
    if score < wanted:
        detail += f"; {_lacking(topic, found)}"
    marked = spans((find for evidence in found for find in evidence.shown), view.document)
    return Explanation(spec.query, "topic", score >= wanted, detail, marked, parts, round(score, 3))


def _part(unit: Unit, evidence: Evidence, weight: float, view: View, meant: Meaning) -> Explanation:
    matched = evidence.value > 0
    detail = _found(evidence, view) if matched else _missing(evidence, meant, view)
    marked = spans(evidence.shown, view.document)
    return Explanation(unit.words, unit.kind, matched, detail, marked, (), round(evidence.value, 3), weight)


def _found(evidence: Evidence, view: View) -> str:
    text = view.document.text_of
    shown = list(dict.fromkeys(text(find[:2]) for find in evidence.finds))
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return f"{evidence.value:.2f}: {', '.join(shown[:SHOWN])}{more}{_where(evidence.finds, view)}"


def _where(finds: tuple[Find, ...], view: View) -> str:
    first = min(find[0] for find in finds)
    depth = view.document.depth(first)
    if first <= view.document.fields[0].last:
        place = "in the headline"
    elif depth < OPENING:
        place = "in the opening"
    else:
        place = "in the lead" if depth < LEAD else f"not before word {depth + 1}"
    return f" ({len({find[:2] for find in finds})} times, first {place})"


def _missing(evidence: Evidence, meant: Meaning, view: View) -> str:
    if not evidence.told:
        return f"cannot be told in a story in {view.document.language}: there are no words for it"
    more = f" and {len(meant.terms) - SHOWN} more" if len(meant.terms) > SHOWN else ""
    return f"not found; looked for {', '.join(term.text for term in meant.terms[:SHOWN])}{more}"


def _lacking(topic: Topic, found: list[Evidence]) -> str:
    """What kept the score down, the worst first."""
    told = [(evidence, unit) for unit, evidence in zip(topic.units, found, strict=True) if evidence.told]
    if len(told) < len(found) and sum(unit.kind in ANCHORS for _, unit in told) < CARRYING:
        return f"the story's language has no words for the rest, and that takes {CARRYING} names or places"
    missing = [unit.words for evidence, unit in told if evidence.value == 0]
    if missing:
        return f"missing: {', '.join(missing)}"
    weakest = min(told, key=lambda pair: pair[0].value)[1]
    return f"weakest: {weakest.words}"
