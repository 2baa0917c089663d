"""A change that makes a test fail does not take effect, unless it is forced.

A rule of a file is held back where its own tests or the stories saved beside it fail, and what was in force
before stays. It is looked at again when its file, its saved stories or the stories that its tests name change,
or when `monitor rules force` has approved it. A rule that is switched off anyway needs to pass nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from monitor.errors import FileProblem, FixtureFailed
from monitor.model.rule import Rule, RuleSpec
from monitor.ports import RulePort
from monitor.rulebook.check import TestResult, cases, run_fixtures
from monitor.rulebook.fixtures import FixtureFolders
from monitor.rulebook.load import FIXTURES, LoadedRule

BREATH = 20
"""Tests that are run in a row, until others get the event loop."""
MOST_SHOWN = 3
"""Failing stories that a problem names."""

Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the tests of a rule said about it, and the story files that they were run on."""

    rule: LoadedRule
    stamp: Stamp
    problem: FileProblem | None


class Gate:
    """The rules of files that wait for their tests to hold."""

    def __init__(self, rules: RulePort) -> None:
        self._rules = rules
        self._verdicts: dict[str, _Verdict] = {}
        self._approved: dict[str, str] = {}
        self._folders = FixtureFolders()
        self._run = 0

    async def begin(self) -> None:
        """Start a turn: what is approved and which rules have saved stories is looked up once for all of them."""
        self._folders = FixtureFolders()
        self._approved = await self._rules.approvals()

    async def problem(self, name: str, rule: LoadedRule) -> FileProblem | None:
        """Why the rule of the file ``name`` may not take effect; None where it may."""
        if not rule.spec.enabled:
            return None
        stamp, known = _stamp(rule), self._verdicts.get(rule.spec.id)
        if known is None or known.stamp != stamp or known.rule != rule:
            known = self._verdicts[rule.spec.id] = _Verdict(rule, stamp, await self._try(name, rule))
        return None if self._approves(rule) else known.problem

    async def _try(self, name: str, rule: LoadedRule) -> FileProblem | None:
        failed = []
        for case in cases(rule, self._folders):
            result = case.run()
            if not result.passed:
                failed.append(result)
            self._run += 1
            if self._run % BREATH == 0:
                await asyncio.sleep(0)
        if not failed:
            return None
        hint = f"mend the rule or the test; or `monitor rules force {rule.spec.id}`"
        detail = f"the rule {rule.spec.id!r} is not taken over, since a test fails: {_shown(failed)}"
        return FileProblem(name, rule.line, 1, "test-failed", detail, hint)

    def _approves(self, rule: LoadedRule) -> bool:
        return self._approved.get(rule.spec.id) == spec_digest(rule.spec)

    async def written(self, rule: LoadedRule) -> None:
        """The rule is in force: its approval is used up."""
        if self._approves(rule):
            await self._rules.drop_approval(rule.spec.id)

    def keep(self, rules: Collection[str]) -> None:
        """End a turn: forget what was found out about any rule but these, which are still not taken over."""
        for gone in self._verdicts.keys() - rules:
            del self._verdicts[gone]

    async def stirred(self) -> bool:
        """Whether anything changed for a rule that is held back. Runs no tests."""
        held = [known.rule for known in self._verdicts.values() if known.problem]
        if not held:
            return False
        self._approved = await self._rules.approvals()
        for number, rule in enumerate(held, 1):
            if self._approves(rule) or _stamp(rule) != self._verdicts[rule.spec.id].stamp:
                return True
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return False


def _shown(failed: list[TestResult]) -> str:
    more = len(failed) - MOST_SHOWN
    return "; ".join(map(str, failed[:MOST_SHOWN])) + (f"; and {more} more" if more > 0 else "")


def _stamp(rule: LoadedRule) -> Stamp:
    """What tells whether a story file that the rule is tested with has changed, come or gone."""
    folder = rule.path.parent
    found = [folder / test.story for test in rule.tests if isinstance(test.story, str)]
    with contextlib.suppress(OSError):  # most rules have none; a folder that cannot be read is a result of the tests
        found += (folder / FIXTURES / rule.spec.id).iterdir()
    return tuple(sorted(map(_state, found)))


def _state(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def spec_digest(spec: RuleSpec) -> str:
    """SHA-256 of everything that the spec says; an approval is of exactly that."""
    return hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()


# ── rules of the API ──


async def create(rules: RulePort, spec: RuleSpec, rules_folder: Path, now: int, *, force: bool) -> Rule:
    """Store a new rule of the API. Raises FixtureFailed where stories saved for its id fail, or Conflict."""
    failed = [] if force else await _failures(spec, rules_folder)
    if failed and spec.id not in {rule.id for rule in await rules.rules()}:  # else it is a conflict first of all
        raise FixtureFailed(spec.id, tuple(map(str, failed)))
    return await rules.put_rule(spec, None, now, create=True)


async def change(rules: RulePort, before: Rule, spec: RuleSpec, rules_folder: Path, now: int, *, force: bool) -> Rule:
    """Store the next version of a rule of the API. Raises FixtureFailed, or Conflict where a file owns it."""
    if not force and before.file is None and before.spec != spec and (failed := await _failures(spec, rules_folder)):
        raise FixtureFailed(spec.id, tuple(map(str, failed)))
    return await rules.put_rule(spec, None, now)


async def _failures(spec: RuleSpec, folder: Path) -> list[TestResult]:
    if not spec.enabled:
        return []
    failed: list[TestResult] = []
    results: Iterable[TestResult] = run_fixtures(spec, folder)
    for number, result in enumerate(results, 1):
        if not result.passed:
            failed.append(result)
        if number % BREATH == 0:
            await asyncio.sleep(0)
    return failed
