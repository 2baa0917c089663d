"""How well places are found: Asia as a region, and single countries, over labelled stories of a news agency.

    python benchmarks/places.py [--misses PLACE]

Reads ../shared/data/reuters (4,000 stories of 1987 with the places that editors gave them). Each label counts as
today's country, but for states that are no more. The weights of monitor/match/places.py were fitted on the half of
the stories marked "tuned on"; the figures of the other half were in view while they were rounded (docs/decisions/0007).
The baseline takes every mention anywhere.
The USA is left out of the countries: the editors gave it to every company of the country, named or not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from monitor.match.places import THRESHOLD, rank
from monitor.text.places import gazetteer
from monitor.text.tokens import tokenize

STORIES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "reuters" / "stories.jsonl.gz"
# Where today's name or code is another one than the label says.
LABELS = {"usa": "us", "uk": "gb", "west-germany": "de", "ussr": "r.ussr", "yugoslavia": "r.yugoslavia", "uae": "ae",
          "yemen-arab-republic": "ye", "yemen-demo-republic": "ye", "trinidad-tobago": "tt"}  # fmt: skip
KINDS = ("country", "territory", "historic")
LEFT_OUT = "us"
RARE = 5
"""Countries with fewer labels are not in the macro average."""


class Story(NamedTuple):
    """A labelled story: the places found anywhere, and their prominence."""

    id: str
    title: str
    labels: frozenset[str]
    ranks: dict[str, float]
    tuned: bool


class Counts(NamedTuple):
    """How many places were found rightly, found wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    def __str__(self) -> str:
        return f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def label(name: str) -> str:
    """The id of a label of the data."""
    if name in LABELS:
        return LABELS[name]
    found = gazetteer().lookup(name.replace("-", " "))
    if found is None:
        raise SystemExit(f"the label {name} is no place that the gazetteer knows; add it to LABELS")
    return found.id


def read() -> tuple[list[Story], list[float]]:
    """The stories, and the seconds that finding and ranking took for each."""
    places = gazetteer()
    stories, seconds = [], []
    with gzip.open(STORIES, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            title = list(tokenize(record["title"]))
            body = list(tokenize(f"{record['dateline']} {record['body']}"))
            began = time.perf_counter()
            ranks = rank(title, body, places.find([*title, *body]), places)
            seconds.append(time.perf_counter() - began)
            labels = frozenset(map(label, record["places"]))
            tuned = zlib.crc32(record["id"].encode()) % 2 == 0
            stories.append(Story(record["id"], record["title"], labels, ranks, tuned))
    return stories, seconds


def judge(
    stories: Iterable[Story], threshold: float, wanted: Callable[[Story], set[str]], among: frozenset[str]
) -> Counts:
    """Right, wrong and missed over all stories and the places ``among``."""
    right = wrong = missed = 0
    for story in stories:
        found = {place for place, score in story.ranks.items() if score >= threshold and place in among}
        expected = wanted(story)
        right += len(found & expected)
        wrong += len(found - expected)
        missed += len(expected - found)
    return Counts(right, wrong, missed)


def macro(stories: list[Story], threshold: float, countries: frozenset[str]) -> float:
    """The mean F1 of the countries that have enough labels."""
    labelled = Counter(place for story in stories for place in story.labels & countries)
    often = [place for place, count in labelled.items() if count >= RARE]
    return statistics.mean(
        judge(stories, threshold, lambda s, p=place: set(s.labels & {p}), frozenset((place,))).f1 for place in often
    )


def show_misses(stories: list[Story], place: str, inside: frozenset[str]) -> None:
    """The stories that a place was missed or wrongly found in."""
    for story in stories:
        found, right = story.ranks.get(place, 0) >= THRESHOLD, bool(story.labels & inside)
        if found != right:
            top = sorted(story.ranks.items(), key=lambda item: -item[1])[:6]
            shown = " ".join(f"{p}={score:.2f}" for p, score in top if not p.startswith("r.") or p == place)
            print(
                f"{'missed' if right else 'wrong ':6} {story.id:6} {story.title[:70]:70} {sorted(story.labels)} {shown}"
            )


def table(title: str, threshold: float, stories: list[Story], asia: frozenset[str], countries: frozenset[str]) -> None:
    """One method over both halves and all."""
    print(f"\n{title}")
    for name, half in (
        ("tuned on", [s for s in stories if s.tuned]),
        ("kept apart", [s for s in stories if not s.tuned]),
        ("all", stories),
    ):
        region = judge(half, threshold, lambda s: {"r.asia"} if s.labels & asia else set(), frozenset(("r.asia",)))
        micro = judge(half, threshold, lambda s: set(s.labels & countries), countries)
        print(f"  {name:11} Asia       {region}")
        print(f"  {'':11} countries  {micro}  (micro, {LEFT_OUT} aside)")
        print(f"  {'':11} countries  F1 {macro(half, threshold, countries):.3f}  (macro, of {RARE} labels and more)")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", metavar="PLACE", help="list the stories in which this place was missed or wrong")
    wanted = parser.parse_args().misses
    if not STORIES.exists():
        raise SystemExit(f"the labelled stories are not on this machine ({STORIES.name})")
    places = gazetteer()
    stories, seconds = read()
    named = {place for story in stories for place in (*story.labels, *story.ranks)}
    countries = frozenset(i for i in named - {LEFT_OUT} if (p := places.place(i)) and p.kind in KINDS)
    asia = places.members("r.asia")
    table(f"prominence >= {THRESHOLD}", THRESHOLD, stories, asia, countries)
    table("any mention (baseline)", 0.0, stories, asia, countries)
    labelled = Counter(place for story in stories for place in story.labels & countries)
    print("\ncountry  stories")
    for place, count in labelled.most_common(25):
        counts = judge(stories, THRESHOLD, lambda s, p=place: set(s.labels & {p}), frozenset((place,)))
        print(f"{place:12} {count:4}  {counts}")
    most = statistics.quantiles(seconds, n=20)[-1]
    print(f"\n{statistics.median(seconds) * 1e3:.3f} ms a story (median), {most * 1e3:.3f} ms (19 of 20)")
    if wanted:
        show_misses(stories, wanted, places.members(wanted))


if __name__ == "__main__":
    main()
