"""A rule's own tests: stories that it must hit or miss, and why it did not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import ConfigurationError
from monitor.match.evaluate import Explanation
from monitor.match.percolate import explain_rule
from monitor.rulebook.load import SUFFIXES, LoadedRule
from monitor.rulebook.schema import InlineStory, RuleTest
from monitor.rulebook.yamlmap import Reader
from monitor.text.languages import primary


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


def run_tests(rule: LoadedRule) -> list[TestResult]:
    """The results of all tests of ``rule``, in order."""
    return [_run(rule, number, test) for number, test in enumerate(rule.tests, 1)]


def _run(rule: LoadedRule, number: int, test: RuleTest) -> TestResult:
    name = test.story if isinstance(test.story, str) else f"test {number}: {test.story.title or test.story.body}"[:60]
    try:
        story = read_story(rule.path.parent / test.story) if isinstance(test.story, str) else test.story
    except ConfigurationError as error:
        return TestResult(rule.spec.id, name, test.expect, "error", str(error))
    languages = {primary(tag) for tag in rule.spec.languages}
    if languages and primary(story.language) not in languages:  # the service keeps the rule from such stories
        why = f"the rule is for stories in {', '.join(sorted(languages))}, this one is in {primary(story.language)}"
        return TestResult(rule.spec.id, name, test.expect, "miss", why)
    explanation = explain_rule(rule.spec, story.title, story.body, story.language)
    return TestResult(rule.spec.id, name, test.expect, "hit" if explanation.matched else "miss", _why(explanation))


def _why(explanation: Explanation) -> str:
    if not explanation.matched:
        return explanation.detail
    return f"{len(explanation.spans)} matched stretches"


def read_story(path: Path) -> InlineStory:
    """A story file: JSON or YAML with title and body, else text whose first line is the title.

    Raises ConfigurationError that names the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            return InlineStory.model_validate(json.loads(text))
        if path.suffix in SUFFIXES:
            return InlineStory.model_validate(_yaml(text, path))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no story file {path}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"the story file {path} cannot be read: {error}") from error
    title, _, body = text.partition("\n")
    return InlineStory(title=title.strip(), body=body.strip())


def _yaml(text: str, path: Path) -> Any:
    """The one value of a YAML file, read as rule files are: ``no`` is Norwegian here too. Raises ValueError."""
    reader = Reader(path.name)
    documents = reader.read(text)
    if reader.problems:
        raise ValueError(str(reader.problems[0]))
    if len(documents) != 1:
        raise ValueError(f"it holds {len(documents)} documents, not one")
    return documents[0].value
