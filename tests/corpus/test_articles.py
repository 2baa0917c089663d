"""The project's own articles and the shipped rules, and how they fare beside two pages that a site has published."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from monitor.match.document import Content
from monitor.match.percolate import Rulebook, explain_rule
from monitor.rulebook.check import read_story, run_tests
from monitor.rulebook.load import LoadedRule, load_path
from monitor.rulebook.schema import InlineStory
from monitor.settings import shipped
from monitor.text.languages import detect
from monitor.text.tokens import folded_words

OURS = {path.stem: path for path in sorted((shipped("rules") / "fixtures" / "articles").glob("*.yaml"))}
"""Shipped beside the rules, as their tests; in English."""
FOREIGN = {path.stem: path for path in sorted((Path(__file__).parent / "articles").glob("*.yaml"))}
"""In other languages: not shipped, since the rules' tests would load six dictionaries at the first start."""
ARTICLES = OURS | FOREIGN
FOOLS = {("miss-es", "vietnam-arms"), ("miss-ar", "putin-asia-visit"), ("miss-pl", "putin-asia-visit")}
"""Near misses in other languages that a rule takes for a hit: docs/topics.md, what it gets wrong."""
RULES = {rule.spec.id: rule for rule in load_path(shipped("rules")).rules}
LANGUAGES = {"en", "de", "fr", "es", "pl", "ru", "ar", "zh", "ja"}
"""Those of the lexicon."""
UNSPACED = {"zh", "ja"}
"""Languages in which each character counts as a word."""
WORDS, CHARACTERS = (60, 200), (180, 300)
"""Fewest and most words of an article; characters, where these are counted."""
TEASERS = {"arms-radars-teaser", "miss-rice-mills", "visit-delhi-december"}
"""Articles of which a feed has the first sentences only."""
TEASER_WORDS = (30, 45)
ONE_PARAGRAPH = 70
"""Most words of an article in one paragraph."""
COPIED, COPIED_CHARACTERS = 8, 16
"""Words in a row that two texts on the same facts do not share unless one has it from the other."""

VIETNAM, PUTIN = "vietnam-arms", "putin-asia-visit"
FOR = {"arms": {VIETNAM}, "visit": {PUTIN}, "miss": set(), "plain": set()}
"""What an article is for, by how its name begins: the rules that it is a hit of. All others miss it."""
FOR_BOTH = {"visit-agency", "visit-analysis", "visit-respun"}
"""Stories of a visit that also say on whose weapons Vietnam's forces depend."""
MOST_FOOLED = 8
"""Near misses that plain words may take for a hit: a fifth."""


def hit_of(name: str) -> set[str]:
    """The rules that an article is to be a hit of."""
    return {VIETNAM, PUTIN} if name in FOR_BOTH else FOR[name.partition("-")[0]]


def runs(story: InlineStory) -> set[str]:
    """Every so many words in a row, folded."""
    return rows(f"{story.title}\n{story.body}", COPIED_CHARACTERS if story.language in UNSPACED else COPIED)


def rows(text: str, length: int) -> set[str]:
    """Every ``length`` words in a row, folded."""
    words = folded_words(text)
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.fixture
def pages(shared: Path) -> list[Path]:
    """The two outside pages, where they are on this machine."""
    found = sorted((shared / "articles").glob("*.txt"))
    assert len(found) == 2
    return found


@pytest.mark.parametrize("name", ARTICLES)
def test_an_article_is_a_story_of_a_title_and_a_few_paragraphs(name: str) -> None:
    """A title of one line, the language that it is written in, and as many words and paragraphs as a news item has."""
    story = read_story(ARTICLES[name])
    assert story.title.strip() == story.title != ""
    assert "\n" not in story.title
    assert story.language == detect(f"{story.title}\n{story.body}")
    words, paragraphs = len(folded_words(story.body)), story.body.strip().split("\n\n")
    least, most = CHARACTERS if story.language in UNSPACED else TEASER_WORDS if name in TEASERS else WORDS
    assert least <= words <= most
    assert all(paragraph.strip() for paragraph in paragraphs)
    assert len(paragraphs) <= 5
    assert len(paragraphs) > 1 or words <= ONE_PARAGRAPH


def test_the_articles_differ_from_each_other() -> None:
    """No two share a title or eight words in a row; in Chinese and Japanese, sixteen characters."""
    stories = [read_story(path) for path in ARTICLES.values()]
    assert len({s.title for s in stories}) == len(stories)
    found = Counter(run for s in stories for run in runs(s))
    assert [run for run, count in found.items() if count > 1] == []


def test_nothing_is_copied_from_the_outside_pages(pages: list[Path]) -> None:
    """No article of ours shares eight words in a row with them."""
    theirs = set().union(*(rows(page.read_text(encoding="utf-8"), COPIED) for page in pages))
    assert len(theirs) > 1000
    for path in ARTICLES.values():
        story = read_story(path)
        assert not rows(f"{story.title}\n{story.body}", COPIED) & theirs, path.name


def test_every_language_has_a_story_of_each_kind() -> None:
    """Hits of both rules and near misses in each language of the lexicon; in English, fourteen near misses at least."""
    kinds = {(read_story(path).language, name.partition("-")[0]) for name, path in ARTICLES.items()}
    assert {language for language, _ in kinds} == LANGUAGES
    assert kinds >= {(language, kind) for language in LANGUAGES for kind in ("arms", "visit", "miss")}
    misses = [name for name, path in ARTICLES.items() if name.startswith("miss-") and read_story(path).language == "en"]
    assert len(misses) >= 14


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_shipped_rule_does_what_its_tests_say(rule: LoadedRule) -> None:
    """They are at least five hits and eight misses, each a file of its own, and all hold."""
    results = run_tests(rule)
    assert [r for r in results if not r.passed] == []
    assert sum(r.expected == "hit" for r in results) >= 5
    assert sum(r.expected == "miss" for r in results) >= 8
    assert len({r.story for r in results}) == len(results)


def listed(rule: LoadedRule) -> dict[str, str]:
    """What a rule's own tests expect of articles."""
    stories = [(test.story, test.expect) for test in rule.tests if isinstance(test.story, str)]
    return {Path(story).stem: expect for story, expect in stories if "articles" in Path(story).parts}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_rules_tests_say_of_an_article_what_it_is_for(rule: LoadedRule) -> None:
    """Each article that a rule lists is there, and a hit or a miss of the rule as its name says."""
    expected = {name: "hit" if rule.spec.id in hit_of(name) else "miss" for name in ARTICLES}
    assert {name: said for name, said in listed(rule).items() if said != expected.get(name)} == {}


def test_every_article_is_in_the_tests_of_a_rule() -> None:
    """None lies about unused: a hit is in the tests of each of its rules, and what misses both in those of one."""
    unused = {}
    for name in OURS:
        used = {id_ for id_, rule in RULES.items() if name in listed(rule)}
        if lacking := hit_of(name) - used:
            unused[name] = f"to be listed as a hit of {', '.join(sorted(lacking))}"
        elif not used:
            unused[name] = "to be listed as a miss of the rule that it comes close to"
    assert unused == {}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_only_near_misses_that_fool_a_rule_are_not_in_its_tests(rule: LoadedRule) -> None:
    """Plain words have their limits, and these articles show them: they are few, and one that is missed is listed."""
    book = Rulebook()
    book.put(rule.spec)
    left = OURS.keys() - listed(rule).keys()
    assert {name for name in left if not name.startswith("miss-")} == set()
    missed = {name for name in left if not book.percolate(Content.of(read_story(ARTICLES[name]))).matches}
    assert missed == set(), "list them as misses"
    assert len(left) <= MOST_FOOLED


@pytest.mark.parametrize("name", FOREIGN)
def test_one_rule_is_for_stories_in_all_languages(name: str) -> None:
    """A rule in English finds the story in each other language, and not what comes close to it."""
    story = read_story(FOREIGN[name])
    found = {id_ for id_, rule in RULES.items() if explain_rule(rule.spec, Content.of(story)).matched}
    assert found == hit_of(name) | {rule for fool, rule in FOOLS if fool == name}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_shipped_rule_finds_both_outside_pages(pages: list[Path], rule: LoadedRule) -> None:
    """Both with their first line as the title and as a body without any: scrapers give either."""
    for page in pages:
        story = read_story(page)
        for title, body in ((story.title, story.body), ("", page.read_text(encoding="utf-8"))):
            explanation = explain_rule(rule.spec, Content(title, body, "en"))
            assert explanation.matched, (page.name, title, explanation.detail)
