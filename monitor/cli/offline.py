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
    from monitor.errors import FileProblem
    from monitor.match.document import Content
    from monitor.match.percolate import Rulebook


def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders; none: the rules folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Check that rule files load and that the rules' tests hold, those in the files and the stories saved beside.

    Exits 1 where something is wrong.
    """
    from monitor.rulebook.check import run_tests, unclaimed, warnings
    from monitor.rulebook.fixtures import FixtureFolders
    from monitor.rulebook.load import load_path, merge

    places = paths or [_rules_folder()]
    loaded, saved = merge([load_path(path) for path in places]), FixtureFolders()
    results = [result for rule in loaded.rules for result in run_tests(rule, saved)]
    for problem in loaded.problems:
        _tell(problem, "red")
    warned = list(warnings(loaded.rules))
    for warning in warned:
        _tell(warning, "yellow", "warning: ")
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
        typer.echo(
            f"{len(loaded.rules)} rules, {len(results)} tests: {len(loaded.problems)} problems, {failed} failed, "
            f"{len(warned)} warnings"
        )
    if loaded.problems or failed:
        raise typer.Exit(1)


def _tell(problem: FileProblem, colour: str, kind: str = "") -> None:
    typer.secho(f"{kind}{problem}", fg=colour, err=True)
    if problem.excerpt:
        typer.echo(problem.excerpt, err=True)


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
    rate: Annotated[bool, typer.Option("--rate", help="Say at the end how fast it was, on standard error.")] = False,
) -> None:
    """Match stories against rules and print a JSON line for each hit.

    Exits 0 if there was any, 1 if there was none, 2 if no rule or no story could be read.
    """
    book, began = _rulebook(rules), time.perf_counter()
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
            hits += _print_hits(book, *story)
    if rate:
        seconds = time.perf_counter() - began
        told = (
            f"{read:,} stories, {len(book):,} rules, {hits:,} hits in {seconds:.1f} s: {read / seconds:,.0f} stories/s"
        )
        typer.echo(told, err=True)
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
        _tell(problem, "red")
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


def _story(line: str, number: int) -> tuple[Any, Content]:
    """The id of a JSON line's story (else the line's number), and what can be matched of it. Raises ValueError."""
    from monitor.match.document import Content

    given = json.loads(line)
    if not isinstance(given, dict):
        raise ValueError("a story is an object with title and body")  # noqa: TRY004 - it is the line's value that is wrong
    texts: dict[str, Any] = {name: given.get(name) for name in ("title", "body", "language", "author", "source", "url")}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{', '.join(texts)} are texts")
    tags = given.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("tags is a list of texts")
    texts |= {name: texts[name] or "" for name in ("title", "body")}
    return given.get("id", number), Content(**texts, tags=tuple(tags))


def _print_hits(book: Rulebook, id_: Any, content: Content) -> int:
    """Print the story's hits; how many there are."""
    result = book.percolate(content)
    for failure in result.failures:
        typer.secho(f"rule {failure.rule} failed on story {id_}: {failure.error}", fg="red", err=True)
    for found in result.matches:
        spans = [{"field": s.field, "start": s.start, "end": s.end} for s in found.spans]
        line = {"story": id_, "rule": found.rule, "score": found.score, "spans": spans}
        sys.stdout.write(json_line(line) + "\n")
    return len(result.matches)
