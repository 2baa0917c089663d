"""The duel of topics: the index against every rule on every story, and what must hold for the score of any story."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.match.document import Content, analyse
from monitor.match.percolate import LOOK_AGAIN_AT, LOOKED_AT, Rulebook, explain_rule
from monitor.match.terms import Reading
from monitor.match.topic import ConceptTable, Evidences, View, compile_topic, judge, reach, threshold, topic_of
from monitor.model.rule import RuleSpec, Strictness, Wording
from monitor.query import ast, parse
from monitor.text.languages import normal
from monitor.text.lexicon import lexicon
from monitor.text.names import other_writings
from monitor.text.places import gazetteer
from tests.properties.test_duel import duel

PLACES = ("Vietnam", "Chile", "Germany", "Asia", "Gulf", "Balkans", "Berlin", "Hanoi", "Georgia", "U.S.")
NAMES = (
    "Putin", "Nokia", "Boeing", "Taylor Swift", "Jennifer Lopez", "World Bank", "Red Cross", "Zelensky", "76ers",
    "AT&T", "EU", "NATO", "WHO", "Apple", "Kvorvak", "Kvorvak", "Sarah Quorvak",
)  # fmt: skip
SPELLED = ("Кворвак", "Кворвака", "Кворваком", "Кворваке")
"""A name that is in no list, as Cyrillic stories have it."""
JUNK = ("the", "with", "committee", "Tuesday", "pilots", "flurbl", "river's", "🚀", "F-16", "signed", "its", "2026")
LANGUAGES = ("en", "en", "en", "de", "fr", "es", "ru", "zh", "ja", "pl", "ar", "uk", "fi", "xx", None)
CASES = (str, str, str, str.lower, str.upper, str.title)
OPERATORS = re.compile(r"\b(?:OF|AND|OR|NOT|O?NEAR|SAME|FIRST|ATLEAST|WEIGHT)\b")
"""Words that are none of a plain rule where they are all in capitals."""
seeds = st.integers(0, 2**32)


class World:
    """A few places, names, concepts and other words: rules and stories of one example share them, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        words = lexicon()
        asked = ("arms", "procurement", "visit", "earthquake", "emergency-rule", "takeover", "layoffs", "riot")
        any_ = self.random.sample(sorted(words.concepts), 2)
        self.concepts = [words.concepts[id_] for id_ in (*self.random.sample(asked, 3), *any_)]
        self.places = self.random.sample(PLACES, 3)
        self.names = self.random.sample(NAMES, 3)
        self.junk = self.random.sample(JUNK, 4)

    def term(self, language: str) -> str:
        """A term of a concept, in English where the language has none."""
        concept = self.random.choice(self.concepts)
        return self.random.choice(concept.terms.get(language) or concept.terms["en"]).text

    def said(self, language: str) -> str:
        """Something that a story of this language says."""
        turn = self.random.random()
        if turn < 0.2:
            place = self.random.choice(self.places)
            found = gazetteer().lookup(place)
            return self.random.choice([place, *(gazetteer().names(found.id, language) if found else ())])
        if turn < 0.4:
            name = self.random.choice(self.names)
            spelled = SPELLED if name == "Kvorvak" and language in ("ru", "uk") else ()
            return self.random.choice([name, *name.split(), *other_writings(name), *spelled])
        return self.term(language) if turn < 0.6 else self.random.choice(self.junk)

    def story(self, longest: int = 200) -> Content:
        """A story of at most about so many words in any language."""
        language = self.random.choice(LANGUAGES)
        code, pick = language or "en", self.random
        title = " ".join(self.said(code) for _ in range(pick.choice((0, 1, 3, 6))))
        body: list[str] = []
        for _ in range(pick.choice((0, 2, 10, 40, longest)) // 2):
            body += [self.said(code), pick.choice(("", "and", ".", "said.\n\n", "weather,"))]
        return Content(title, " ".join(body), language)

    def rule(self, id_: str) -> RuleSpec:
        """A rule of plain words; one in six has operators."""
        if self.random.random() < 1 / 6:
            return RuleSpec(id_, id_, self.boolean())
        pick = self.random
        parts = pick.sample([*self.places[:2], *self.names[:2], self.term("en"), self.term("en"), *self.junk[:2]], 3)
        if pick.random() < 0.1:
            parts = [self.term(pick.choice(("de", "fr", "ru", "zh"))) for _ in range(2)]
        query = pick.choice(CASES)(" ".join(parts[: pick.randint(1, 3)]))
        query = OPERATORS.sub(lambda found: found[0].lower(), query)
        languages = ("de", "uk") if pick.random() < 0.1 else ()
        spec = RuleSpec(id_, id_, query, (), pick.choice(list(Strictness)), languages)
        return replace(spec, wording=self.wording(spec)) if pick.random() < 0.4 else spec

    def wording(self, spec: RuleSpec) -> tuple[Wording, ...]:
        """What a user may add to and strike from a part of a rule."""
        query = parse(spec.query)
        if not isinstance(query, ast.Plain):
            return ()
        unit = self.random.choice(topic_of(spec, query, lexicon()).units)
        terms = [term for concept in self.concepts for term in concept.terms["en"][:4]]
        strike = [unit.words, *(term.text for term in terms), *self.places]
        add = [self.said("en"), self.said("uk"), self.term("en")]
        return (Wording(unit.words, tuple(add[: self.random.randint(0, 3)]), tuple(self.random.sample(strike, 4))),)

    def boolean(self) -> str:
        """A rule with operators."""
        a, b = ('"' + self.said("en").replace('"', "") + '"' for _ in range(2))
        shapes = (f"{a} OR {b}", f"{a} AND NOT {b}", f"{a} NEAR/5 {b}", f"title:({a})", "procur*", "place:Vietnam")
        return self.random.choice(shapes)


def both(rules: tuple[Rulebook, Rulebook], story: Content, counts: Counter[str]) -> None:
    """The index and the twin without it find the same, with the same scores and spans."""
    indexed, brute = rules
    found, every = indexed.percolate(story), brute.percolate(story)
    assert found.failures == every.failures == ()
    assert found.matches == every.matches, (
        [indexed._rules[m.rule] for m in {*found.matches} ^ {*every.matches}],
        story,
    )
    assert found.candidates <= every.candidates == len(indexed)
    counts.update(
        cases=every.candidates, evaluated=found.candidates, hits=len(found.matches), stories=1,
    )  # fmt: skip


def told(counts: Counter[str]) -> None:
    """Print the pruning statistics."""
    print(  # noqa: T201 - they are part of what the duel is to show
        f"topics: {counts['cases']:,} cases over {counts['stories']:,} stories, {counts['hits']:,} hits, "
        f"{counts['evaluated'] / counts['stories']:.1f} candidates a story, "
        f"{counts['evaluated'] / counts['cases']:.0%} of the rules evaluated"
    )


def test_the_index_finds_what_every_rule_on_every_story_finds() -> None:
    """Over fifteen thousand plain and Boolean rules and stories, through puts, replacements and removals, in fifteen
    languages, nothing differs.
    """
    counts: Counter[str] = Counter()

    @settings(duel, max_examples=32)
    @given(seeds)
    def fight(seed: int) -> None:
        world = World(seed)
        rules = Rulebook(), Rulebook(no_filter=True)
        for i in range(40):
            spec = world.rule(f"r{i}")
            for book in rules:
                book.put(spec)
        for _ in range(7):
            both(rules, world.story(), counts)
        for i in world.random.sample(range(45), 12):
            gone, spec = world.random.random() < 0.4, world.rule(f"r{i}")
            for book in rules:
                book.remove(spec.id) if gone else book.put(spec)
        for _ in range(7):
            both(rules, world.story(), counts)

    fight()
    told(counts)
    assert counts["cases"] >= 15_000
    assert 0 < counts["hits"] < counts["evaluated"] < counts["cases"]


def test_looking_at_the_rules_again_changes_nothing() -> None:
    """Rules that are indexed anew by what the stream showed to be rare find the same before, meanwhile and after."""
    counts: Counter[str] = Counter()
    for seed in (1, 2):
        world = World(seed)
        rules = Rulebook(), Rulebook(no_filter=True)
        for i in range(2 * LOOKED_AT + 20):
            spec = world.rule(f"r{i}")
            for book in rules:
                book.put(spec)
        looked_at = 0
        for _ in range(LOOK_AGAIN_AT[0] + 8):
            both(rules, world.story(40), counts)
            looked_at += bool(rules[0]._to_look_at)
        assert looked_at > 0
        assert not rules[0]._to_look_at
    told(counts)


@settings(duel, max_examples=12)
@given(seeds)
def test_what_the_stream_was_changes_no_score(seed: int) -> None:
    """Two fresh rulebooks find the same in a story, whatever stories they saw before, and in whatever order their
    rules came.
    """
    world = World(seed)
    specs = [world.rule(f"r{i}") for i in range(25)]
    early, late = Rulebook(), Rulebook()
    for spec in specs:
        early.put(spec)
    for _ in range(12):
        late.percolate(world.story())
    for spec in reversed(specs):
        late.put(spec)
    other = World(seed + 1)
    for _ in range(6):
        early.percolate(other.story())
    for _ in range(6):
        story = world.story()
        assert early.percolate(story).matches == late.percolate(story).matches


@settings(duel, max_examples=12)
@given(seeds)
def test_explanations_agree_with_what_was_found(seed: int) -> None:
    """An explanation says of a rule and a story what the rulebook did: hit or miss, the same score, the same words."""
    world = World(seed)
    specs = [world.rule(f"r{i}") for i in range(6)]
    book = Rulebook()
    for spec in specs:
        book.put(spec)
    for _ in range(3):
        story = world.story()
        found = {match.rule: match for match in book.percolate(story).matches}
        for spec in specs:
            why = explain_rule(spec, story)
            assert why.matched == (spec.id in found), (spec, story)
            if why.matched and why.kind == "topic":
                assert (why.score, why.spans) == (found[spec.id].score, found[spec.id].spans), (spec, story)
            if why.kind == "topic":
                assert [part.matched for part in why.parts] == [bool(part.spans) for part in why.parts], (spec, story)


@cache
def table(language: str) -> ConceptTable:
    """The concepts of a language."""
    return ConceptTable(lexicon(), language)


def scored(spec: RuleSpec, story: Content) -> tuple[float, bool]:
    """The score of a story, and whether that is a hit."""
    document, query = analyse(story), parse(spec.query)
    assert isinstance(query, ast.Plain)
    rule = compile_topic(
        topic_of(spec, query, lexicon()), spec.strictness, Reading.of(document.language, normal(document.language))
    )
    evidences = Evidences(View(document, table(document.language), lexicon().languages))
    score, found = judge(rule, evidences)
    assert 0 <= score <= 1
    assert all(0 <= evidence.value <= 1 for evidence in found)
    reached = reach(rule, evidences)
    assert (reached is None) == (score < threshold(rule)), (spec, story)
    assert reached is None or reached[0] == score
    return score, reached is not None


def plain(world: World) -> RuleSpec:
    """A rule of plain words."""
    while True:
        spec = world.rule("r")
        if isinstance(parse(spec.query), ast.Plain):
            return spec


@settings(duel, max_examples=25)
@given(seeds)
def test_scores_are_shares_and_levels_nest(seed: int) -> None:
    """Each score and each evidence is from 0 to 1, stopping early changes nothing, and what a stricter level finds, a
    broader one finds, with the same score.
    """
    world = World(seed)
    for _ in range(8):
        spec, story = plain(world), world.story()
        levels = [scored(replace(spec, strictness=level), story) for level in Strictness]  # strict, normal, broad
        assert len({score for score, _ in levels}) == 1
        assert [hit for _, hit in levels] == sorted(hit for _, hit in levels)


@settings(duel, max_examples=25)
@given(seeds)
def test_what_a_user_adds_never_lowers_and_what_he_strikes_never_raises(seed: int) -> None:
    """In a story of a language that the rule's parts have words in."""
    world = World(seed)
    for _ in range(8):
        spec, story = replace(plain(world), wording=()), replace(world.story(), language="en")
        before, _ = scored(spec, story)
        for wording in world.wording(spec):
            if wording.add:
                added, _ = scored(replace(spec, wording=(replace(wording, strike=()),)), story)
                assert added >= before, (spec, wording, story)
            struck, _ = scored(replace(spec, wording=(replace(wording, add=()),)), story)
            assert struck <= before, (spec, wording, story)
