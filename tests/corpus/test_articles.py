"""The project's own articles and the shipped rules, and how they fare beside two pages that a site has published."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.match.document import Content
from monitor.match.percolate import explain_rule
from monitor.rulebook.check import read_story, run_tests
from monitor.rulebook.load import LoadedRule, load_path
from monitor.settings import shipped
from monitor.text.tokens import folded_words

ARTICLES = sorted((shipped("rules") / "fixtures" / "articles").glob("*.yaml"))
RULES = {rule.spec.id: rule for rule in load_path(shipped("rules")).rules}
COPIED = 8
"""Words in a row that two texts on the same facts do not share unless one has it from the other."""


def runs(text: str) -> set[str]:
    """Every COPIED words in a row, folded."""
    words = folded_words(text)
    return {" ".join(words[i : i + COPIED]) for i in range(len(words) - COPIED + 1)}


@pytest.fixture
def pages(shared: Path) -> list[Path]:
    """The two outside pages, where they are on this machine."""
    found = sorted((shared / "articles").glob("*.txt"))
    assert len(found) == 2
    return found


@pytest.mark.parametrize("path", ARTICLES, ids=lambda p: p.stem)
def test_an_article_is_a_story_of_a_title_and_a_few_paragraphs(path: Path) -> None:
    """It has a title of one line, a language, and 60 to 200 words."""
    story = read_story(path)
    assert story.title.strip() == story.title != ""
    assert "\n" not in story.title
    assert story.language == "en"
    assert 60 <= len(folded_words(story.body)) <= 200


def test_the_articles_differ_from_each_other() -> None:
    """No two share a title or eight words in a row."""
    stories = [read_story(path) for path in ARTICLES]
    assert len({s.title for s in stories}) == len(stories)
    found = [run for s in stories for run in runs(f"{s.title}\n{s.body}")]
    assert len(found) == len(set(found))


def test_nothing_is_copied_from_the_outside_pages(pages: list[Path]) -> None:
    """No article of ours shares eight words in a row with them."""
    theirs = set().union(*(runs(page.read_text(encoding="utf-8")) for page in pages))
    assert len(theirs) > 1000
    for path in ARTICLES:
        story = read_story(path)
        assert not runs(f"{story.title}\n{story.body}") & theirs, path.name


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_shipped_rule_does_what_its_tests_say(rule: LoadedRule) -> None:
    """They are at least five hits and eight misses, each a file of its own, and all hold."""
    results = run_tests(rule)
    assert [r for r in results if not r.passed] == []
    assert sum(r.expected == "hit" for r in results) >= 5
    assert sum(r.expected == "miss" for r in results) >= 8
    assert len({r.story for r in results}) == len(results)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_shipped_rule_finds_both_outside_pages(pages: list[Path], rule: LoadedRule) -> None:
    """Both with their first line as the title and as a body without any: scrapers give either."""
    for page in pages:
        story = read_story(page)
        for title, body in ((story.title, story.body), ("", page.read_text(encoding="utf-8"))):
            explanation = explain_rule(rule.spec, Content(title, body, "en"))
            assert explanation.matched, (page.name, title, explanation.detail)


def test_there_are_enough_near_misses() -> None:
    """At least fourteen articles that come close to a rule are missed by both."""
    missed = [path for path in ARTICLES if path.stem.startswith("miss-")]
    assert len(missed) >= 14
    for path in missed:
        story = read_story(path)
        hit = [
            id_
            for id_, rule in RULES.items()
            if explain_rule(rule.spec, Content(story.title, story.body, "en")).matched
        ]
        assert hit == [], path.name
