"""How fast stories are matched, against brute force and against mokaccino.

    python benchmarks/matching.py [--sizes 1000,10000,100000,1000000] [--stories 1000] [--data ../shared/data]

Stories are those of the Reuters collection, with their language given: one half teaches the rulebook how rare
words are and feeds the generator of rules, the other half is matched. Rules have the shape of real watch lists:

- 1 to 4 groups joined by AND, of 1 to 4 alternatives joined by OR; the first group is the subject (names and other
  rare words: met in at most one story of 250, and the more rules there are, the more of them watch for something that
  is never met at all), the others are topics (words drawn by the number of stories that hold them, at most one in ten);
- 20 % have a phrase that really occurs in place of an alternative, 15 % a NEAR/5 in place of a group, 10 % a NOT.

Times are for one process on one core, analysis of the story included. mokaccino (a percolator in Rust, if it is
installed: pip install mokaccino) gets the same rules without NEAR, which it does not have, with its phrases as two
ANDed words, and each story's words as its document, made beforehand: its subset of the language, no analysis, no spans.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import importlib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from monitor.match.document import Content, analyse
from monitor.match.percolate import Rulebook
from monitor.model.rule import RuleSpec

WORD = re.compile(r"[A-Za-z]{3,}")
Group = list[str]
Shape = tuple[list[Group], str | None]


def load(folder: Path) -> list[Content]:
    """The stories, their language given."""
    with gzip.open(folder / "reuters" / "stories.jsonl.gz", "rt") as lines:
        found = [json.loads(line) for line in lines]
    return [Content(s["title"], f"{s.get('dateline') or ''} {s['body']}", "en") for s in found]


class Generator:
    """Random rules of realistic shape over the words of ``stories``."""

    def __init__(self, stories: list[Content], seed: int) -> None:
        self.chance = random.Random(seed)
        texts = [WORD.findall(f"{s.title} {s.body}") for s in stories]
        self.frequency = Counter(word for text in texts for word in {w.lower() for w in text})
        most = len(stories) / 10
        self.topics = [w for text in texts for w in {w.lower() for w in text} if 5 <= self.frequency[w] <= most]
        self.rare = [w for w, n in self.frequency.items() if n <= len(stories) / 250]
        self.texts = texts
        self.telling = {*self.topics, *self.rare}  # words that phrases are made of: not "said the"

    def shapes(self, count: int) -> Iterator[Shape]:
        """Groups of alternatives, and what must not be there."""
        met = min(1.0, (1_000 / count) ** 0.8)
        for number in range(count):
            groups = [self._subject(met, number)]
            groups += [self._group() for _ in range(self.chance.randint(1, 4) - 1)]
            if self.chance.random() < 0.2:
                self.chance.choice(groups)[0] = self._phrase()
            banned = self.chance.choice(self.topics) if self.chance.random() < 0.1 else None
            yield groups, banned

    def _subject(self, met: float, number: int) -> Group:
        made_up = (f"zq{number:x}x{i}" for i in range(4))
        return [
            self.chance.choice(self.rare) if self.chance.random() < met else name
            for name, _ in zip(made_up, range(self.chance.randint(1, 4)), strict=False)
        ]

    def _group(self) -> Group:
        return [self.chance.choice(self.topics) for _ in range(self.chance.randint(1, 4))]

    def _phrase(self) -> str:
        while True:
            text = self.chance.choice(self.texts)
            start = self.chance.randrange(len(text))
            words = [word.lower() for word in text[start : start + 2]]
            if len(words) == 2 and self.telling.issuperset(words):
                return f'"{words[0]} {words[1]}"'

    def query(self, shape: Shape) -> str:
        """The rule's text; 15 % of rules have a NEAR."""
        groups, banned = shape
        parts = [g[0] if len(g) == 1 else f"({' OR '.join(g)})" for g in groups]
        if len(parts) > 1 and self.chance.random() < 0.15:
            parts[-1] = f"({parts[-1]} NEAR/5 {self.chance.choice(self.topics)})"
        text = " AND ".join(parts) + (f" AND NOT {banned}" if banned else "")
        return text if len(parts) > 1 or banned or text[0] in '("' else f"({text})"


def rulebook(stories: list[Content], queries: list[str]) -> tuple[Rulebook, float, float]:
    """A rulebook that knows how rare words are; seconds and bytes (of resident memory) a rule."""
    book = Rulebook()
    for story in stories:
        book.percolate(story)
    specs = [RuleSpec(f"r{i}", f"r{i}", query) for i, query in enumerate(queries)]
    gc.collect()
    before, began = _resident(), time.perf_counter()
    for spec in specs:
        book.put(spec)
    seconds = time.perf_counter() - began
    gc.collect()
    memory = _resident() - before + sum(map(sys.getsizeof, queries)) + len(specs) * SPEC
    gc.freeze()
    return book, seconds / len(specs), memory / len(specs)


SPEC = 200
"""Bytes of a rule's record, which was made before and belongs to the rulebook."""


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def matched(book: Rulebook, stories: list[Content]) -> tuple[float, float, float]:
    """Milliseconds, candidates and hits a story."""
    began = time.perf_counter()
    found = [book.percolate(story) for story in stories]
    took = (time.perf_counter() - began) / len(stories) * 1000
    return took, mean(f.candidates for f in found), mean(len(f.matches) for f in found)


def brute_force(book: Rulebook, stories: list[Content]) -> float:
    """Milliseconds a story without the index."""
    book.no_filter = True
    took = matched(book, stories)[0]
    book.no_filter = False
    return took


def one_change(book: Rulebook, queries: list[str]) -> float:
    """Milliseconds for replacing one rule by another."""
    began = time.perf_counter()
    for i, query in enumerate(queries):
        book.put(RuleSpec(f"r{i}", f"r{i}", query))
    return (time.perf_counter() - began) / len(queries) * 1000


def mokaccino_ms(shapes: list[Shape], stories: list[Content]) -> float | None:
    """Milliseconds a story by mokaccino; None where it is not installed."""
    try:
        moka: Any = importlib.import_module("mokaccino")
    except ImportError:
        return None
    percolator = moka.Percolator()
    for groups, banned in shapes:
        parts = [_either(moka, [_both(moka, alternative) for alternative in group]) for group in groups]
        if banned:
            parts.append(moka.Query.from_not(moka.Query.from_kv("w", banned)))
        percolator.add_query(moka.Query.from_and(parts))
    documents = []
    for story in stories:
        document = moka.Document()
        for word in {w.lower() for w in WORD.findall(f"{story.title} {story.body}")}:
            document = document.with_value("w", word)
        documents.append(document)
    began = time.perf_counter()
    for document in documents:
        percolator.percolate_list(document)
    return (time.perf_counter() - began) / len(stories) * 1000


def _both(moka: Any, alternative: str) -> Any:
    words = [moka.Query.from_kv("w", word) for word in WORD.findall(alternative.lower())] or [
        moka.Query.from_kv("w", alternative)
    ]
    return words[0] if len(words) == 1 else moka.Query.from_and(words)


def _either(moka: Any, queries: list[Any]) -> Any:
    return queries[0] if len(queries) == 1 else moka.Query.from_or(queries)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="1000,10000,100000")
    options.add_argument("--stories", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    args = options.parse_args()
    stories = load(args.data)
    half = len(stories) // 2
    taught, tried = stories[:half], stories[half : half + args.stories]
    for story in tried:
        analyse(story)
    began = time.perf_counter()
    for story in tried:
        analyse(story)
    print(f"{len(tried)} stories; analysis alone {(time.perf_counter() - began) / len(tried) * 1000:.3f} ms a story")
    print(f"{'rules':>9} {'ms/story':>9} {'stories/s':>10} {'candidates':>11} {'hits':>7} {'build ms':>9} "
          f"{'bytes/rule':>11} {'change ms':>10} {'brute ms':>9} {'mokaccino ms':>13}")  # fmt: skip
    for size in map(int, args.sizes.split(",")):
        generator = Generator(taught, args.seed)
        shapes = list(generator.shapes(size))
        queries = [generator.query(shape) for shape in shapes]
        book, build, memory = rulebook(taught[:1000], queries)
        took, candidates, hits = matched(book, tried)
        brute = brute_force(book, tried[: max(1, min(50, 200_000 // size))]) if size <= 100_000 else None
        change = one_change(book, [generator.query(s) for s in generator.shapes(500)])
        moka = mokaccino_ms(shapes, tried) if size <= 100_000 else None
        shown = [f"{brute:.2f}" if brute else "-", f"{moka:.3f}" if moka else "-"]
        print(f"{size:>9,} {took:>9.3f} {1000 / took:>10,.0f} {candidates:>11.1f} {hits:>7.2f} {build * 1000:>9.3f} "
              f"{memory:>11,.0f} {change:>10.3f} {shown[0]:>9} {shown[1]:>13}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
