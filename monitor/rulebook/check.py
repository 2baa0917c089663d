"""A rule's tests: stories, written into it or saved beside it, that it must hit or miss; and why it did not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import ConfigurationError, FileProblem, Problem
from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.lint import lint, same_as
from monitor.match.percolate import explain_rule
from monitor.model.rule import Rule, RuleSpec
from monitor.model.story import Story
from monitor.query.show import marked
from monitor.rulebook.fixtures import Fixture, FixtureFolders, fixture_folders, read_fixtures, write_fixture
from monitor.rulebook.load import FIXTURES, SUFFIXES, LoadedRule
from monitor.rulebook.schema import Expect, InlineStory, RuleTest, SavedStory
from monitor.rulebook.yamlmap import read_one

MOST_WORDS = 10
"""Matched words that a result names."""
MOST_PARTS, MOST_QUERY = 5, 60
"""Missing parts that a result names, and the characters of each that it shows."""
MOST_WHY = 300
"""Characters of the reason, in one sentence about a result."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test of one rule; ``got`` is hit, miss or error."""

    __test__ = False  # not one of pytest's

    rule: str
    story: str
    expected: str
    got: str
    why: str

    @property
    def passed(self) -> bool:
        """Whether the rule did what the test says."""
        return self.expected == self.got

    def __str__(self) -> str:
        why = self.why if len(self.why) <= MOST_WHY else self.why[: MOST_WHY - 1] + "…"
        return f"{self.story}: expected {self.expected}, got {self.got}: {why}"


@dataclass(frozen=True, slots=True)
class Case:
    """A test before it is run: the story, or why it cannot be read."""

    spec: RuleSpec
    story: str
    expected: str
    text: InlineStory | None
    problem: str = ""

    def run(self) -> TestResult:
        """What the rule does with the story."""
        try:
            got, why = ("error", self.problem) if self.text is None else _outcome(self.spec, self.text)
        except Exception as error:  # noqa: BLE001 - one rule's bug must not cost the others their tests; it is reported
            got, why = "error", repr(error)
        return TestResult(self.spec.id, self.story, self.expected, got, why)


def cases(rule: LoadedRule, folders: FixtureFolders) -> Iterator[Case]:
    """The tests of ``rule`` in order: its own ones, then the stories saved beside it."""
    for number, test in enumerate(rule.tests, 1):
        yield _own(rule, number, test)
    yield from saved_cases(rule.spec, folders.of(rule.path.parent, rule.spec.id))


def saved_cases(spec: RuleSpec, fixtures: Iterable[Fixture]) -> Iterator[Case]:
    """The saved stories of a rule as its tests."""
    for found in fixtures:
        # What a file that cannot be read expects is not known either.
        expected = found.story.expect if found.story else "hit or miss"
        yield Case(spec, found.name, expected, found.story, found.problem)


def run_tests(rule: LoadedRule, folders: FixtureFolders | None = None) -> list[TestResult]:
    """The results of all tests of ``rule``, in order."""
    return [case.run() for case in cases(rule, folders or FixtureFolders())]


def run_fixtures(spec: RuleSpec, folder: Path) -> Iterator[TestResult]:
    """The results of the stories saved for a rule whose file would be in ``folder``, one by one."""
    return (case.run() for case in saved_cases(spec, read_fixtures(folder, spec.id)))


def _own(rule: LoadedRule, number: int, test: RuleTest) -> Case:
    if isinstance(test.story, InlineStory):
        words = " ".join((test.story.title or test.story.body).split())
        return Case(rule.spec, f"test {number}: {words}"[:60], test.expect, test.story)
    try:
        return Case(rule.spec, test.story, test.expect, read_story(rule.path.parent / test.story))
    except ConfigurationError as error:
        return Case(rule.spec, test.story, test.expect, None, str(error))


def _outcome(spec: RuleSpec, story: InlineStory | Story) -> tuple[str, str]:
    """Hit or miss, and why. Raises RuleSyntaxError."""
    explanation = explain_rule(spec, Content.of(story))
    if not explanation.matched:
        return "miss", _missing(explanation, story)
    words = _words(explanation, story)  # none where a rule only excludes
    return "hit", f"matched: {words}" if words else explanation.detail


def _missing(explanation: Explanation, story: InlineStory | Story) -> str:
    missing = [part for part in explanation.parts if not part.matched]
    if explanation.kind not in ("all", "any"):
        return explanation.detail
    shown = []
    for part in missing[:MOST_PARTS]:
        query = part.query if len(part.query) <= MOST_QUERY else part.query[: MOST_QUERY - 1] + "…"
        found = _words(part, story) if part.kind == "not" else ""
        shown.append(f"{query} (found {found})" if found else query)
    hold = len(explanation.parts) - len(missing)
    more = ", …" if len(missing) > MOST_PARTS else ""
    return f"{hold} of {len(explanation.parts)} hold; missing: {', '.join(shown)}{more}"


def _words(explanation: Explanation, story: InlineStory | Story) -> str:
    """The words that matched, in reading order, each once."""
    words: dict[str, str] = {}
    for span in explanation.spans:
        word = " ".join(Content.of(story).text(span).split())
        words.setdefault(word.casefold(), word)
    shown = list(words.values())
    return ", ".join(shown[:MOST_WORDS]) + (", …" if len(shown) > MOST_WORDS else "")


def warnings(rules: Iterable[LoadedRule]) -> Iterator[FileProblem]:
    """What is legal in ``rules`` and rarely meant, rules that say the same as one before included."""
    first: dict[str, LoadedRule] = {}
    for rule in rules:
        query = rule.query
        for found in lint(rule.spec, query):
            yield _warning(rule, found)
        before = first.setdefault(same_as(rule.spec, query), rule)
        if before is not rule:
            detail = f"it says the same as {before.spec.id} ({before.path.name}:{before.line})"
            yield _warning(rule, Problem("same-rule", detail, *query.at, "remove one of them"))


def _warning(rule: LoadedRule, found: Problem) -> FileProblem:
    detail = f"rule {rule.spec.id}: {found.detail}"
    excerpt = marked(rule.spec.query, (found.start, found.end))
    return FileProblem(rule.path.name, rule.line, 1, found.code, detail, found.hint, excerpt)


def unclaimed(folder: Path, rules: Iterable[LoadedRule]) -> list[str]:
    """A sentence for each folder of saved stories below ``folder`` that belongs to none of ``rules``."""
    found = {rule.spec.id: rule.path.parent for rule in rules}
    resolved = {parent: parent.resolve() for parent in set(found.values())}
    places = {rule: resolved[parent] for rule, parent in found.items()}
    notes = []
    try:
        for parent, rule in fixture_folders(folder):
            place = (parent / FIXTURES / rule).relative_to(folder).as_posix()
            if rule not in places:
                notes.append(f"{place}: no file here has the rule {rule!r}; these stories are tried if the API has it")
            elif places[rule] != parent.resolve():
                there = (places[rule] / FIXTURES / rule).as_posix()
                notes.append(
                    f"{place}: these stories are not tried, since the rule's file is elsewhere; move to {there}"
                )
    except OSError as error:
        notes.append(f"{error.filename}: cannot be looked through for saved stories: {error.strerror}")
    return notes


def save_story(rule: Rule, story: Story, expect: Expect, rules_folder: Path, now: int) -> tuple[Path, TestResult]:
    """Save ``story`` as a test of ``rule``: the file, and what the rule as it is in force does with the story.

    Raises ConfigurationError or InvalidInput where it cannot be saved.
    """
    folder = rules_folder if rule.file is None else (rules_folder / rule.file).parent
    got, why = _outcome(rule.spec, story)
    return write_fixture(folder, rule.id, story, expect, now), TestResult(rule.id, story.id, expect, got, why)


def read_story(path: Path) -> InlineStory:
    """A story file: JSON or YAML with title and body, a saved story, else text whose first line is the title.

    Raises ConfigurationError that names the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            return _story(json.loads(text))
        if path.suffix in SUFFIXES:
            return _story(read_one(text, path.name))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no story file {path}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"the story file {path} cannot be read: {error}") from error
    title, _, body = text.partition("\n")
    return InlineStory(title=title.strip(), body=body.strip())


def _story(value: Any) -> InlineStory:
    saved = isinstance(value, dict) and "expect" in value
    return (SavedStory if saved else InlineStory).model_validate(value)
