"""What a story costs with thousands of plain-language rules: analysis and matching, beside evaluating every rule.

    python benchmarks/topic_cost.py [--rules 10000 50000] [--stories 300]

Rules are drawn as users type them: a country, a region or a name, then one to three words of the lexicon. As in
benchmarks/matching.py, the more rules there are, the more of them watch for something that no story has. Stories are
those of ../shared/data/reuters. The named alternative in the same run is the rulebook without its index (no_filter), on
a few stories; the first line is analysis with a single rule.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from monitor.match.document import Content
from monitor.match.percolate import LOOK_AGAIN_AT, LOOKED_AT, Rulebook
from monitor.model.rule import RuleSpec
from monitor.text.lexicon import lexicon
from monitor.text.places import gazetteer
from monitor.text.tokens import tokenize

STORIES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "reuters" / "stories.jsonl.gz"
SEED = 5
WARM = 300
"""Stories before the clock runs, as often as it takes to index all rules anew by what is rare."""
BRUTE = 3
"""Stories that every rule is evaluated on."""


def stories(number: int) -> list[Content]:
    """The first stories with a body, in English."""
    with gzip.open(STORIES, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    contents = [Content(s.get("title") or "", s.get("body") or s.get("text") or "", "en") for s in found]
    return [content for content in contents if len(content.body) > 400][:number]


def rules(number: int, texts: list[Content]) -> Iterator[RuleSpec]:
    """Plain rules as users type them."""
    chosen = random.Random(SEED)
    places = [
        place.name
        for id_ in gazetteer().ids()
        if (place := gazetteer().place(id_)) and place.kind in ("country", "region")
    ]
    words = Counter(token.text for text in texts for token in tokenize(text.body) if token.text[0].isupper())
    names = [word for word, count in words.items() if count < 20 and len(word) > 3]
    topics = [terms[0].text for concept in lexicon().concepts.values() if (terms := concept.terms.get("en"))]
    met = min(1.0, (1_000 / number) ** 0.8)
    for i in range(number):
        kind = chosen.random()
        subject = chosen.choice(places) if kind < met / 2 else chosen.choice(names) if kind < met else f"Zq{i:x}x"
        query = " ".join([subject, *chosen.sample(topics, chosen.choice((1, 2, 2, 3)))])
        yield RuleSpec(f"r{i}", query, query)


def timed(book: Rulebook, texts: list[Content]) -> tuple[float, float, float]:
    """Milliseconds of processor time, hits and candidates a story."""
    began = time.process_time()
    found = [book.percolate(text) for text in texts]
    spent = time.process_time() - began
    hits, candidates = sum(len(f.matches) for f in found), sum(f.candidates for f in found)
    return 1000 * spent / len(texts), hits / len(texts), candidates / len(texts)


def memory() -> float:
    """The most that this process has taken, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sizes: list[int], number: int) -> None:
    """Print the table."""
    texts = stories(WARM + number)
    print(f"{'rules':>8}{'build s':>10}{'ms/story':>10}{'hits':>8}{'looked at':>11}{'every rule ms':>15}{'MB':>8}")
    for size in [1, *sizes]:
        before, began = memory(), time.process_time()
        book = Rulebook()
        for spec in rules(size, texts):
            book.put(spec)
        timed(book, texts[:1])
        built = time.process_time() - began
        for _ in range(1 + (LOOK_AGAIN_AT[1] + size // LOOKED_AT) // WARM):
            timed(book, texts[:WARM])
        spent, hits, candidates = timed(book, texts[WARM:])
        book.no_filter = True
        brute = timed(book, texts[:BRUTE])[0] if size > 1 else 0.0
        print(f"{size:8,}{built:10.2f}{spent:10.3f}{hits:8.1f}{candidates:11.1f}{brute:15.1f}{memory() - before:8.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--stories", type=int, default=300)
    given = parser.parse_args()
    main(given.rules, given.stories)
