"""Rule files to rules. Every problem of every file is found in one go; a bad file hides no good one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.errors import ConfigurationError, FileProblem, Problem, RuleSyntaxError
from monitor.match.rule import read_rule
from monitor.match.topic import topic_problems
from monitor.model.rule import RuleSpec, Wording
from monitor.query import Query, parse
from monitor.query.show import marked
from monitor.rulebook.schema import FileRule, RuleTest
from monitor.rulebook.wording import FILE as WORDING
from monitor.rulebook.wording import read_wording, worded
from monitor.rulebook.yamlmap import Document, Reader, place_in
from monitor.text.lexicon import lexicon

SUFFIXES = (".yaml", ".yml")
FIXTURES = "fixtures"
"""Folders of this name hold stories, not rules."""
MAX_FILE = 2_000_000


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule from a file, with its tests; ``path`` is the file, for the stories beside it."""

    spec: RuleSpec
    tests: tuple[RuleTest, ...]
    path: Path
    line: int
    query: Query = field(compare=False)  # the spec's, read


@dataclass(frozen=True, slots=True)
class Loaded:
    """What files hold: the good rules, and the problems of the bad ones."""

    rules: tuple[LoadedRule, ...]
    problems: tuple[FileProblem, ...]


def rule_files(folder: Path) -> list[Path]:
    """The rule files in ``folder`` and below it, fixtures and hidden ones aside."""
    return sorted(
        path
        for suffix in SUFFIXES
        for path in folder.rglob(f"*{suffix}")
        if path != folder / WORDING
        and not any(part == FIXTURES or part.startswith(".") for part in path.relative_to(folder).parts)
    )


def load_path(path: Path) -> Loaded:
    """The rules of a folder, a rule file or a file of JSON lines.

    Raises ConfigurationError where there is nothing at ``path``, or nothing that can be read.
    """
    try:
        if path.is_dir():
            common = read_wording(path)
            return merge(load_file(file, file.relative_to(path).as_posix(), common) for file in rule_files(path))
        if not path.exists():
            raise ConfigurationError(f"there is no file or folder {path}")
        if path.suffix in SUFFIXES:
            return load_file(path, path.name, read_wording(path.parent))
        return load_json_lines(path)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def merge(parts: Iterable[Loaded]) -> Loaded:
    """All parts as one; an id that came before is a problem, and the first rule of that id stays."""
    rules: dict[str, LoadedRule] = {}
    problems: list[FileProblem] = []
    for part in parts:
        problems += part.problems
        for rule in part.rules:
            if (first := rules.setdefault(rule.spec.id, rule)) is not rule:
                detail = f"the id {rule.spec.id!r} is taken by {first.path.name}:{first.line}"
                problems.append(FileProblem(rule.path.name, rule.line, 1, "duplicate-id", detail, "choose another id"))
    return Loaded(tuple(rules.values()), tuple(problems))


def load_file(path: Path, name: str, common: tuple[Wording, ...] = ()) -> Loaded:
    """The rules of one YAML file, called ``name`` in its problems: a mapping, a list of them, or several documents.

    ``common`` is the wording that holds for all rules.
    """
    text = _read(path, name)
    if isinstance(text, FileProblem):
        return Loaded((), (text,))
    reader = Reader(name)
    rules: list[LoadedRule] = []
    for document in reader.read(text):
        value = document.value
        entries = [((), value)] if not isinstance(value, list) else [((i,), v) for i, v in enumerate(value)]
        for prefix, entry in entries:
            if found := _rule(entry, prefix, document, reader, text):
                rule, query = found
                line = document.node(prefix).start_mark.line + 1
                spec = worded(rule.file_spec(), query, common)
                rules.append(LoadedRule(spec, tuple(rule.tests), path, line, query))
    if not rules and not reader.problems:
        reader.problems.append(FileProblem(name, 1, 1, "empty", "the file holds no rule", "write id, name and query"))
    merged = merge([Loaded((rule,), ()) for rule in rules])
    return Loaded(merged.rules, (*reader.problems, *merged.problems))


def _rule(
    entry: Any, prefix: tuple[int, ...], document: Document, reader: Reader, text: str
) -> tuple[FileRule, Query] | None:
    if not isinstance(entry, dict):
        reader.problem_at(document.node(prefix), "not-a-rule", "a rule is a mapping with id, name and query")
        return None
    before = len(reader.problems)
    try:
        rule = FileRule.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors():
            if (fault["type"], type(fault["input"])) in _OTHER_BRANCH:
                continue
            path = (*prefix, *(part for part in fault["loc"] if part not in _BRANCHES))
            field = ".".join(str(p) for p in path[len(prefix) :])
            reader.problem_at(document.node(path), fault["type"], f"{field}: {fault['msg']}", _hint(fault["type"]))
        rule = None
    query, tree = entry.get("query"), None
    if isinstance(query, str) and query:
        try:
            tree = parse(query)
        except RuleSyntaxError as error:
            node = document.node((*prefix, "query"))
            for problem in error.problems:
                line, column = place_in(node, text, problem.start)
                detail = f"query: {problem.detail}"
                excerpt = marked(query, (problem.start, problem.end))
                reader.problems.append(
                    FileProblem(reader.file, line, column, problem.code, detail, problem.hint, excerpt)
                )
    if rule is not None and tree is not None:
        for problem in topic_problems(rule.file_spec(), tree, lexicon()):
            node = document.node((*prefix, "wording" if problem.code == "wording" else "query"))
            reader.problem_at(node, problem.code, problem.detail, problem.hint)
    sound = len(reader.problems) == before and document.clear(prefix)
    return (rule, tree) if sound and rule is not None and tree is not None else None


# A test's story is a path or a mapping; of the two sets of errors, only that of the branch meant is of use.
_BRANCHES = ("InlineStory", "function-after[_relative(), str]")
_OTHER_BRANCH = {("string_type", dict), ("model_type", str)}


def _hint(kind: str) -> str:
    known = ", ".join(FileRule.model_fields)
    return {"extra_forbidden": f"fields are {known}", "missing": "add it"}.get(kind, "")


def _read(path: Path, name: str) -> str | FileProblem:
    try:
        if path.stat().st_size > MAX_FILE:
            return FileProblem(name, 1, 1, "too-large", f"a rule file has at most {MAX_FILE:,} bytes", "split it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return FileProblem(name, 1, 1, "encoding", f"not UTF-8 (byte {error.start})", "save the file as UTF-8")
    except OSError as error:
        return FileProblem(name, 1, 1, "unreadable", f"cannot be read: {error.strerror}", "check its permissions")


def load_json_lines(path: Path) -> Loaded:
    """The rules of a file with one JSON object a line. Raises OSError."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return merge(_json_lines(text, path))


def _json_lines(text: str, path: Path) -> Iterator[Loaded]:
    # Not splitlines(): inside a JSON text, the other line separators of Unicode are ordinary characters.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rule = FileRule.model_validate(json.loads(line))
            query = read_rule(rule.file_spec())
        except ValidationError as error:
            faults = [(e["type"], ".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
            yield Loaded((), tuple(_at_line(path, number, kind, f"{at}: {text}") for kind, at, text in faults))
        except RuleSyntaxError as error:
            yield Loaded((), tuple(_in_query(path, number, error.query, problem) for problem in error.problems))
        except (ValueError, RecursionError) as error:
            yield Loaded((), (FileProblem(path.name, number, 1, "json", f"not valid JSON: {error}"),))
        else:
            yield Loaded((LoadedRule(rule.file_spec(), tuple(rule.tests), path, number, query),), ())


def _in_query(path: Path, number: int, query: str, problem: Problem) -> FileProblem:
    detail = f"query: {problem.detail} (at {problem.start})"
    return FileProblem(
        path.name, number, 1, problem.code, detail, problem.hint, marked(query, (problem.start, problem.end))
    )


def _at_line(path: Path, number: int, kind: str, detail: str) -> FileProblem:
    return FileProblem(path.name, number, 1, kind, detail.lstrip(": "), _hint(kind))
