"""Commands that need no store: check rule files, match stories."""

from __future__ import annotations

import json
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import json_line, table
from monitor.errors import ConfigurationError

if TYPE_CHECKING:
    from monitor.match.percolate import Rulebook


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders; none: the rules folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Check that rule files load and that the rules' tests hold, those in the files and the stories saved beside.

    Exits 1 where something is wrong.
    """
    from monitor.rulebook.check import run_tests, unclaimed
    from monitor.rulebook.fixtures import FixtureFolders
    from monitor.rulebook.load import load_path, merge

    places = paths or [_rules_folder()]
    loaded, saved = merge([load_path(path) for path in places]), FixtureFolders()
    results = [result for rule in loaded.rules for result in run_tests(rule, saved)]
    for problem in loaded.problems:
        typer.secho(str(problem), fg="red", err=True)
    if not loaded.problems:  # else the rule may be there, but cannot be read
        for note in (note for path in places if path.is_dir() for note in unclaimed(path, loaded.rules)):
            typer.secho(f"note: {note}", fg="yellow", err=True)
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


def _rules_folder() -> Path:
    """The rules folder; the shipped rules where they are still to be copied there."""
    from monitor.settings import load, shipped

    settings = load()
    folder = settings.rules_folder
    return shipped("rules") if settings.rules_need_seeding and not folder.exists() else folder


def match(
    rules: Annotated[Path, typer.Option(help="A folder of rule files, one rule file, or JSON lines of rules.")],
    stories: Annotated[
        str, typer.Option(help="A file of JSON lines (id, title, body, …); - for standard input.")
    ] = "-",
) -> None:
    """Match stories against rules and print a JSON line for each hit.

    Exits 0 if there was any, 1 if there was none, 2 if no rule or no story could be read.
    """
    book = _rulebook(rules)
    hits = read = bad = 0
    with _open(stories) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                story = _story(line, number)
            except (ValueError, RecursionError) as error:
                typer.secho(f"story line {number}: {error}", fg="red", err=True)
                bad += 1
                continue
            read += 1
            hits += _print_hits(book, story)
    if bad and not read:
        raise ConfigurationError(f"none of {bad} lines could be read as a story")
    raise typer.Exit(0 if hits else 1)


def _rulebook(path: Path) -> Rulebook:
    """The rules at ``path`` that the service would apply now; problems are reported. Raises ConfigurationError."""
    from monitor.match.percolate import Rulebook
    from monitor.model.rule import Rule
    from monitor.rulebook.load import load_path

    loaded = load_path(path)
    for problem in loaded.problems:
        typer.secho(str(problem), fg="red", err=True)
    if not loaded.rules:
        raise ConfigurationError(f"no usable rule in {path}")
    book, now = Rulebook(), time.time_ns() // 1_000_000
    for rule in loaded.rules:
        if Rule(rule.spec, version=1, created_at=now, updated_at=now).active(now):
            book.put(rule.spec)
    return book


def _open(stories: str) -> TextIOWrapper:
    """The lines of stories: UTF-8 whatever the locale says, ended by line feeds only, as JSON lines are."""
    try:
        binary = sys.stdin.buffer if stories == "-" else Path(stories).open("rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        raise ConfigurationError(f"cannot read {stories}: {error.strerror}") from error
    return TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="\n")


def _story(line: str, number: int) -> dict[str, Any]:
    """The story of a JSON line: id (else the line's number), title, body, language. Raises ValueError."""
    from monitor.text.languages import normalize

    given = json.loads(line)
    if not isinstance(given, dict):
        raise ValueError("a story is an object with title and body")  # noqa: TRY004 - it is the line's value that is wrong
    story: dict[str, Any] = {name: given.get(name) or "" for name in ("title", "body", "language")}
    if not all(isinstance(part, str) for part in story.values()):
        raise ValueError("title, body and language are texts")
    return story | {"id": given.get("id", number), "language": normalize(story["language"])}


def _print_hits(book: Rulebook, story: dict[str, Any]) -> int:
    """Print the story's hits; how many there are."""
    result = book.percolate(story["title"], story["body"], story["language"])
    for failure in result.failures:
        typer.secho(f"rule {failure.rule} failed on story {story['id']}: {failure.error}", fg="red", err=True)
    for found in result.matches:
        spans = [{"field": s.field, "start": s.start, "end": s.end} for s in found.spans]
        line = {"story": story["id"], "rule": found.rule, "score": found.score, "spans": spans}
        sys.stdout.write(json_line(line) + "\n")
    return len(result.matches)
