"""The rules folder and the store, kept in step: one process at a time reads the files and writes the
rules; matchers read only the store.

A bad file is reported and changes nothing: the rules that it last held stay active. A file that is
deleted switches its rules off and keeps their hits. A folder that is missing altogether (a volume not
mounted) changes nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.errors import Conflict, FileProblem
from monitor.ports import Clock, RulePort
from monitor.rulebook.load import Loaded, LoadedRule, load_file, rule_files

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
        self._stamps: dict[str, Stamp] = {}
        self._loaded: dict[str, Loaded] = {}
        self._conflicts: dict[str, FileProblem] = {}
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
        if not self._rescan() and self._synced:
            return SyncReport(0, self._problems())
        changed = await self._write()
        self._synced = True
        return SyncReport(changed, self._problems())

    def _rescan(self) -> bool:
        """Read the files that changed; whether any did."""
        stamps: dict[str, Stamp] = {}
        changed = False
        for path in rule_files(self._folder):
            name = path.relative_to(self._folder).as_posix()
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # deleted a moment ago
            stamps[name] = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._stamps.get(name) != stamps[name]:
                changed = True
                self._loaded[name] = load_file(path, name)
                for problem in self._loaded[name].problems:
                    log.error("a rule file has a problem; what it last held stays active", problem=str(problem))
        for gone in self._loaded.keys() - stamps.keys():
            changed = True
            del self._loaded[gone]
        self._stamps = stamps
        return changed

    async def _write(self) -> int:
        stored = {rule.id: rule for rule in await self._rules.rules()}
        wanted: dict[str, tuple[str, LoadedRule]] = {}
        self._conflicts.clear()
        for name, loaded in sorted(self._loaded.items()):
            for rule in loaded.rules:
                first = wanted.setdefault(rule.spec.id, (name, rule))
                if first[1] is not rule:
                    self._conflict(name, rule, f"the id {rule.spec.id!r} is defined in {first[0]} already")
        changed = 0
        # A file with problems may have lost a rule only by a typo: what it last held stays.
        sound = {name for name, loaded in self._loaded.items() if not loaded.problems}
        for old in stored.values():
            owner = old.file
            if (
                owner is not None
                and (old.id not in wanted or wanted[old.id][0] != owner)
                and (owner in sound or owner not in self._loaded)
            ):
                await self._rules.disable_file_rule(old.id, self._clock())
                log.info("a rule has left its file and is switched off", rule=old.id, file=owner)
                changed += 1
        for name, rule in wanted.values():
            before = stored.get(rule.spec.id)
            if before is not None and before.spec == rule.spec and before.file == name:
                continue
            try:
                written = await self._rules.put_rule(rule.spec, name, self._clock())
            except Conflict as error:
                self._conflict(name, rule, str(error))
                continue
            changed += 1
            log.info("a rule was taken over from its file", rule=written.id, version=written.version, file=name)
        return changed

    def _conflict(self, name: str, rule: LoadedRule, detail: str) -> None:
        problem = FileProblem(name, rule.line, 1, "conflict", detail)
        self._conflicts[f"{name}:{rule.spec.id}"] = problem
        log.error("a rule file has a problem", problem=str(problem))

    def _problems(self) -> tuple[FileProblem, ...]:
        return (*(p for loaded in self._loaded.values() for p in loaded.problems), *self._conflicts.values())
