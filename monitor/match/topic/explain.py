"""Why a story is about a topic or not: for each part by which words it was found, and what these are worth."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.match.document import Find
from monitor.match.evaluate import spans
from monitor.match.explain import SHOWN, Explanation
from monitor.match.terms import Reading
from monitor.match.topic.compiled import ANCHORS, Part, compile_topic
from monitor.match.topic.evidence import LEAD, OPENING, Evidence, Evidences, marked, worths
from monitor.match.topic.meaning import Meaning, meaning
from monitor.match.topic.score import CARRYING, judge, threshold
from monitor.match.topic.understand import Topic, Unit
from monitor.match.topic.view import View
from monitor.model.rule import RuleSpec
from monitor.text.lexicon import Lexicon

MOST_WAYS = 12
"""Most different words that an explanation of a part lists."""


def explain_topic(spec: RuleSpec, topic: Topic, reading: Reading, view: View, words: Lexicon) -> Explanation:
    """The score of a story with the evidence for each part of the topic, and for that each word found."""
    rule = compile_topic(topic, spec.strictness, reading)
    score, found = judge(rule, Evidences(view))
    wanted = threshold(rule)
    parts = tuple(
        _part(unit, evidence, part, view, meaning(unit, words, topic.language))
        for unit, evidence, part in zip(topic.units, found, rule.parts, strict=True)
    )
    detail = f"{score:.2f} of 1; {wanted:.2f} is wanted at strictness {spec.strictness.value}"
    if score < wanted:
        detail += f"; {_lacking(topic, found)}"
    words_found = spans(marked(found), view.document)
    return Explanation(spec.query, "topic", score >= wanted, detail, words_found, parts, round(score, 3))


def _part(unit: Unit, evidence: Evidence, part: Part, view: View, meant: Meaning) -> Explanation:
    matched = evidence.value > 0
    detail = _where(evidence.finds, view) if matched else _missing(evidence, meant, view)
    words_found = spans(marked([evidence]), view.document)
    ways = _ways(evidence, part, view) if matched else ()
    value = round(evidence.value, 3)
    return Explanation(unit.words, unit.kind, matched, detail, words_found, ways, value, part.weight)


def _ways(evidence: Evidence, part: Part, view: View) -> tuple[Explanation, ...]:
    """The different words by which a part was found, those that are worth most first."""
    text = view.document.text_of
    worth = worths(part, view)
    groups: dict[str, list[Find]] = {}
    for find in evidence.finds:
        groups.setdefault(" ".join(text(find[:2]).split()).casefold(), []).append(find)
    made = []
    for finds in groups.values():
        value = max(worth.get(find[:2], 1.0) for find in finds)
        said = " ".join(text(finds[0][:2]).split())
        where, places = _where(finds, view), spans(finds, view.document)
        made.append(Explanation(said, "way", matched=True, detail=where, spans=places, score=value))
    made.sort(key=lambda way: (-(way.score or 0), -len(way.spans)))
    return tuple(made[:MOST_WAYS])


def _where(finds: Iterable[Find], view: View) -> str:
    stretches = {find[:2] for find in finds}
    first = min(stretches)[0]
    depth = view.document.depth(first)
    if first <= view.document.fields[0].last:
        place = "in the headline"
    elif depth < OPENING:
        place = "in the opening"
    else:
        place = "in the lead" if depth < LEAD else f"at word {depth + 1}"
    times = "once" if len(stretches) == 1 else f"{len(stretches)} times, first"
    return f"{times} {place}"


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
