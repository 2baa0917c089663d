"""The rules folder and the store, kept in step: one process at a time reads the files and writes the
rules; matchers read only the store.

A bad file is reported and changes nothing: the rules that it last held stay active. So does a new or changed
rule whose tests fail (gate.py). A file that is deleted switches its rules off and keeps their hits. A folder
that is missing altogether (a volume not mounted) changes nothing either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.errors import ConfigurationError, Conflict, FileProblem
from monitor.model.rule import Rule, Wording
from monitor.ports import Clock, RulePort
from monitor.rulebook.gate import Gate
from monitor.rulebook.load import Loaded, LoadedRule, load_file, rule_files
from monitor.rulebook.wording import read_wording, wording_problem

Stamp = tuple[int, int, int]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a turn did: rules written or switched off, and the problems of all files as they are now."""

    changed: int
    problems: tuple[FileProblem, ...]


class RuleFiles:
    """The state of the folder as last seen."""

    def __init__(self, folder: Path, rules: RulePort, clock: Clock) -> None:
        self._folder = folder
        self._rules = rules
        self._clock = clock
        self._common: tuple[Wording, ...] = ()
        self._stamps: dict[str, Stamp] = {}
        self._loaded: dict[str, Loaded] = {}
        self._conflicts: dict[str, FileProblem] = {}
        self._gate = Gate(rules)
        self._held: dict[str, FileProblem] = {}  # rules that their tests keep out of force
        self._told: dict[str, FileProblem] = {}  # the conflicts and the held rules of the turn before
        self._synced = False

    def forget(self) -> None:
        """Read everything anew the next time, after another process had the turn."""
        self._stamps.clear()
        self._synced = False

    async def sync(self) -> SyncReport:
        """Bring the store in step with the folder. Raises StoreUnavailable."""
        if not self._folder.is_dir():
            missing = FileProblem(
                str(self._folder),
                1,
                1,
                "no-folder",
                "the rules folder is not there",
                "make it, or set MONITOR_RULES_DIR",
            )
            return SyncReport(0, (missing,))
        try:
            common = read_wording(self._folder)
        except ConfigurationError as error:
            return SyncReport(0, (*self._problems(), wording_problem(error)))
        if common != self._common:
            self._common = common
            self._stamps.clear()
        # A conflict with a rule of the API ends there, and a rule is forced there, without a change of any file.
        if not self._rescan() and self._synced and not self._conflicts and not await self._gate.stirred():
            return SyncReport(0, self._problems())
        self._synced = False  # until it is written: the store may go away in between
        changed = await self._write()
        self._synced = True
        return SyncReport(changed, self._problems())

    def _rescan(self) -> bool:
        """Read the files that changed; whether any did."""
        stamps: dict[str, Stamp] = {}
        changed = False
        for path in rule_files(self._folder):
            name = path.relative_to(self._folder).as_posix()
            if not name.isprintable():
                shown = name.encode("utf-8", "backslashreplace").decode()
                problem = FileProblem(shown, 1, 1, "name", "the file's name is no plain text", "rename it")
                self._load(shown, stamps, Loaded((), (problem,)))
                continue
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # deleted a moment ago
            except OSError as error:
                problem = FileProblem(name, 1, 1, "unreadable", f"cannot be read: {error.strerror}", "check what it is")
                self._load(name, stamps, Loaded((), (problem,)))
                continue
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._stamps.get(name) == stamp:
                stamps[name] = stamp
            else:
                changed = True
                self._load(name, stamps, load_file(path, name, self._common), stamp)
        for gone in self._loaded.keys() - stamps.keys():
            changed = True
            del self._loaded[gone]
        self._stamps = stamps
        return changed

    def _load(self, name: str, stamps: dict[str, Stamp], loaded: Loaded, stamp: Stamp = (0, 0, 0)) -> None:
        """Keep what a file holds now, and say what is wrong with it, once."""
        stamps[name] = stamp
        if self._stamps.get(name) != stamp:
            for problem in loaded.problems:
                log.error("a rule file has a problem; what it last held stays active", problem=str(problem))
        self._loaded[name] = loaded

    async def _write(self) -> int:
        stored = {rule.id: rule for rule in await self._rules.rules()}
        self._told, self._conflicts, self._held = self._conflicts | self._held, {}, {}
        await self._gate.begin()
        wanted = self._wanted(stored)
        # A file with problems may have lost a rule only by a typo: what it last held stays.
        sound = {name for name, loaded in self._loaded.items() if not loaded.problems}
        changed = 0
        waiting = set()
        for name, rule in wanted.values():
            before = stored.get(rule.spec.id)
            if before is not None and before.spec == rule.spec and before.file == name:
                continue
            if await self._take_over(name, rule, before, sound):
                changed += 1
            else:
                waiting.add(rule.spec.id)
        # Nor does a rule go that got another id while its tests fail: it is the old one that stays in force.
        sound -= {name for name, rule in wanted.values() if rule.spec.id in waiting and rule.spec.id not in stored}
        for old in stored.values():
            if old.file is None or old.id in wanted or not (old.file in sound or old.file not in self._loaded):
                continue
            await self._rules.disable_file_rule(old.id, self._clock())
            log.info("a rule has left its file and is switched off", rule=old.id, file=old.file)
            changed += 1
        self._gate.keep(waiting)
        return changed

    async def _take_over(self, name: str, rule: LoadedRule, before: Rule | None, sound: Collection[str]) -> bool:
        """Write a new or changed rule to the store; False, and a problem, where its tests or its owner forbid it."""
        # A rule that only moved to another file is in force already; a story saved since then changes nothing.
        moved = before is not None and before.spec == rule.spec
        if not moved and (problem := await self._gate.problem(name, rule)) is not None:
            self._report(self._held, rule, problem)
            return False
        owner = before.file if before is not None else None
        left = owner if owner in sound or owner not in self._loaded else None
        try:
            written = await self._rules.put_rule(rule.spec, name, self._clock(), left=left)
        except Conflict as error:
            self._conflict(name, rule, str(error))
            return False
        await self._gate.written(rule)
        log.info("a rule was taken over from its file", rule=written.id, version=written.version, file=name)
        return True

    def _wanted(self, stored: Mapping[str, Rule]) -> dict[str, tuple[str, LoadedRule]]:
        """The rules of all files by id; of several with one id, the present owner's, else that of the first file."""
        wanted: dict[str, tuple[str, LoadedRule]] = {}
        found = [(name, rule) for name, loaded in sorted(self._loaded.items()) for rule in loaded.rules]
        for name, rule in sorted(found, key=lambda pair: not _owns(stored, *pair)):
            first, _ = wanted.setdefault(rule.spec.id, (name, rule))
            if first != name:
                self._conflict(name, rule, f"the id {rule.spec.id!r} is defined in {first} already")
        return wanted

    def _conflict(self, name: str, rule: LoadedRule, detail: str) -> None:
        self._report(self._conflicts, rule, FileProblem(name, rule.line, 1, "conflict", detail))

    def _report(self, kind: dict[str, FileProblem], rule: LoadedRule, problem: FileProblem) -> None:
        """Keep a problem that the store or the tests found, and say it, once."""
        key = f"{problem.file}:{rule.spec.id}"
        kind[key] = problem
        if self._told.get(key) != problem:
            log.error("a rule file has a problem", problem=str(problem))

    def _problems(self) -> tuple[FileProblem, ...]:
        faults = (p for loaded in self._loaded.values() for p in loaded.problems)
        return (*faults, *self._conflicts.values(), *self._held.values())


def _owns(stored: Mapping[str, Rule], name: str, rule: LoadedRule) -> bool:
    return rule.spec.id in stored and stored[rule.spec.id].file == name
