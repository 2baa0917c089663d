"""Rules under pytest: each test of a rule, and each story saved beside it, is a test of its own.

pytest finds this wherever it and the service are installed, and loads it in each run there: the rulebook is
imported only when a rule file turns up. Rule files are YAML files, not hidden and not in a folder ``fixtures``,
that have ``id`` and ``query`` among the fields of what they hold; any other YAML file is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from monitor.rulebook.check import Case
    from monitor.rulebook.fixtures import FixtureFolders
    from monitor.rulebook.load import LoadedRule

_SUFFIXES = (".yaml", ".yml")
_LOOK = 1_000_000
"""Characters that are looked at; much more than a rule file has."""
_FIRST_LINE = re.compile(r"^(?![ \t]*(?:#|---|%|$))( *)(- +)?", re.MULTILINE)


class Failed(Exception):
    """A rule did not do what its test says, or its file does not load; the text is the report."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A rule file as a collector of its tests; None for any other file."""
    if file_path.suffix not in _SUFFIXES or not _in_sight(file_path, parent.config.rootpath):
        return None
    try:
        with file_path.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_LOOK)
    except OSError:
        return None
    if not looks_like_rules(text):
        return None
    made: pytest.Collector = RuleFile.from_parent(parent, path=file_path)
    return made


def _in_sight(path: Path, root: Path) -> bool:
    inside = path.relative_to(root).parts if path.is_relative_to(root) else path.parts[-2:]
    return not any(part == "fixtures" or part.startswith(".") for part in inside)


def looks_like_rules(text: str) -> bool:
    """Whether ``id:`` and ``query:`` stand, each in a line of its own, where a rule's fields stand.

    That is as far to the right as the first field of the text, so that what other files nest is not meant.
    """
    first = _FIRST_LINE.search(text)
    if first is None:
        return False
    indent, dash = len(first[1]), len(first[2] or "")
    begin = rf"^(?: {{{indent}}}- {{{dash - 1}}}| {{{indent + dash}}})" if dash else rf"^ {{{indent}}}"
    return all(re.search(rf"{begin}(['\"]?){name}\1 *:", text, re.MULTILINE) for name in ("id", "query"))


class RuleFile(pytest.File):
    """A file of rules."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """The rules; and an item that fails where the file has problems."""
        from monitor.rulebook.fixtures import FixtureFolders
        from monitor.rulebook.load import load_file

        loaded = load_file(self.path, _shown(self.path, self.config))
        if loaded.problems:
            report = "\n".join(str(problem) for problem in loaded.problems)
            yield BadRuleFile.from_parent(self, name="loads", report=report)
        folders = FixtureFolders()
        for rule in loaded.rules:
            yield RuleNode.from_parent(self, name=rule.spec.id, rule=rule, folders=folders)


class RuleNode(pytest.Collector):
    """A rule. A node of its own, so that FILE::RULE and FILE::RULE::STORY can be chosen on the command line."""

    def __init__(self, *, rule: LoadedRule, folders: FixtureFolders, **given: Any) -> None:
        super().__init__(**given)
        self.rule, self.folders = rule, folders

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each test of the rule's own and each story saved beside it."""
        from monitor.rulebook.check import cases

        for case in cases(self.rule, self.folders):
            yield RuleItem.from_parent(self, name=case.story, case=case, line=self.rule.line)


def _shown(path: Path, config: pytest.Config) -> str:
    start = config.invocation_params.dir
    return str(path.relative_to(start) if path.is_relative_to(start) else path)


class BadRuleFile(pytest.Item):
    """The problems of a rule file."""

    def __init__(self, *, report: str, **given: Any) -> None:
        super().__init__(**given)
        self.report = report

    def runtest(self) -> None:
        raise Failed(self.report)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems, one a line."""
        return str(excinfo.value) if isinstance(excinfo.value, Failed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, for the heading."""
        return self.path, None, self.name


class RuleItem(pytest.Item):
    """A story that a rule must hit or miss."""

    def __init__(self, *, case: Case, line: int, **given: Any) -> None:
        super().__init__(**given)
        self.case, self.line = case, line

    def runtest(self) -> None:
        result = self.case.run()
        if not result.passed:
            spec = self.case.spec
            lines = {
                "story": result.story,
                "expected": result.expected,
                "got": result.got,
                "why": result.why,
                "query": " ".join(spec.query.split()),
            }
            shown = "".join(f"\n  {name:<9} {value}" for name, value in lines.items())
            raise Failed(f"{_shown(self.path, self.config)}:{self.line}: the rule {spec.id!r} fails a test{shown}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected, what came and why."""
        return str(excinfo.value) if isinstance(excinfo.value, Failed) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the rule stands, for the heading."""
        return self.path, self.line - 1, f"{self.case.spec.id}::{self.name}"
