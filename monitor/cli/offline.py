"""Commands that need no store: check rule files, match stories."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from monitor.cli.output import table
from monitor.errors import ConfigurationError


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders; none: the rules folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Check that rule files load and that the rules' own tests hold. Exits 1 where something is wrong."""
    from monitor.rulebook.check import run_tests
    from monitor.rulebook.load import load_path, merge
    from monitor.settings import load

    loaded = merge([load_path(path) for path in paths or [load().rules_folder]])
    results = [result for rule in loaded.rules for result in run_tests(rule)]
    for problem in loaded.problems:
        typer.secho(str(problem), fg="red", err=True)
    rows = [
        {
            "rule": r.rule,
            "story": r.story,
            "expected": r.expected,
            "got": r.got,
            "why": r.why,
            "passed": r.passed,
        }
        for r in results
    ]
    if rows or as_json:
        table(rows, as_json=as_json)
    failed = sum(not r.passed for r in results)
    if not as_json:
        typer.echo(f"{len(loaded.rules)} rules, {len(results)} tests: {len(loaded.problems)} problems, {failed} failed")
    if loaded.problems or failed:
        raise typer.Exit(1)


def match(
    rules: Annotated[Path, typer.Option(help="A folder of rule files, one rule file, or JSON lines of rules.")],
    stories: Annotated[
        str, typer.Option(help="A file of JSON lines (id, title, body, …); - for standard input.")
    ] = "-",
) -> None:
    """Match stories against rules and print a JSON line for each hit. Exits 0 if there was any, else 1."""
    from monitor.match.percolate import Rulebook
    from monitor.rulebook.load import load_path

    loaded = load_path(rules)
    for problem in loaded.problems:
        typer.secho(str(problem), fg="red", err=True)
    if not loaded.rules:
        raise ConfigurationError(f"no usable rule in {rules}")
    book = Rulebook()
    for rule in loaded.rules:
        if rule.spec.enabled:
            book.put(rule.spec)
    hits = 0
    with _open(stories) as lines:
        for story in _stories(lines):
            result = book.percolate(story["title"], story["body"], story["language"])
            for failure in result.failures:
                typer.secho(f"rule {failure.rule} failed on story {story['id']}: {failure.error}", fg="red", err=True)
            for found in result.matches:
                hits += 1
                spans = [{"field": s.field, "start": s.start, "end": s.end} for s in found.spans]
                line = {"story": story["id"], "rule": found.rule, "score": found.score, "spans": spans}
                sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    raise typer.Exit(0 if hits else 1)


def _open(stories: str) -> Any:
    if stories == "-":
        return nullcontext(sys.stdin)
    try:
        return Path(stories).open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigurationError(f"cannot read {stories}: {error.strerror}") from error


_PARTS = ("title", "body", "language")


def _stories(lines: TextIO) -> Iterator[dict[str, Any]]:
    """The stories of JSON lines; a line that is none is reported and passed over."""
    from monitor.text.languages import normalize

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            story = json.loads(line)
        except (ValueError, RecursionError) as error:
            typer.secho(f"story line {number}: {error}", fg="red", err=True)
            continue
        parts = {name: story.get(name) or "" for name in _PARTS} if isinstance(story, dict) else {}
        if not parts or not all(isinstance(part, str) for part in parts.values()):
            typer.secho(
                f"story line {number}: an object with title, body and language as texts is needed", fg="red", err=True
            )
            continue
        yield {"id": story.get("id", number), **parts, "language": normalize(parts["language"])}
