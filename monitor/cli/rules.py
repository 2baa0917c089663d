"""``monitor rules`` and ``monitor explain``"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, checked, now, on_store

rules = typer.Typer(no_args_is_help=True, help="The watch rules in the store.")


@rules.command("list")
def list_rules(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All rules in the store, and what keeps rule files from being taken over."""
    from monitor.api.schemas.rules import RuleOut

    async def load(store: Any) -> tuple[Any, Any]:
        return await store.config.rules(), await store.config.file_problems()

    rules, problems = on_store(data_dir, load)
    for problem in problems:
        typer.secho(str(problem), fg="red", err=True)
    found = [RuleOut.of(r).model_dump(mode="json") for r in rules]
    shown = ("id", "version", "enabled", "file", "name", "query")
    table(found if as_json else [{k: r[k] for k in shown} for r in found], as_json=as_json)


@rules.command("show")
def show_rule(rule: str, as_json: Json = False, data_dir: DataDir = None) -> None:
    """A rule."""
    from monitor.api.schemas.rules import RuleOut

    record(
        RuleOut.of(on_store(data_dir, lambda store: store.config.rule(rule))).model_dump(mode="json"),
        as_json=as_json,
    )


@rules.command("understand")
def understand_words(
    words: Annotated[str, typer.Argument(help='Plain words, for example "Vietnam arms procurement"; or a rule file.')],
    language: Annotated[str | None, typer.Option(help="Show the terms of this language: en, de, …")] = None,
    as_json: Json = False,
) -> None:
    """Show what plain words are understood as, by which terms stories are found, and a Boolean rule that is close."""
    from dataclasses import asdict

    from monitor.errors import InvalidInput
    from monitor.match.rule import read_rule
    from monitor.match.topic import boolean, meanings, topic_of
    from monitor.model.rule import RuleSpec
    from monitor.query import ast
    from monitor.rulebook.load import load_path
    from monitor.text.lexicon import lexicon

    specs = [rule.spec for rule in load_path(Path(words)).rules] if Path(words).is_file() else []
    for spec in specs or [RuleSpec("plain", "plain", words)]:
        query = read_rule(spec)
        if not isinstance(query, ast.Plain):
            raise InvalidInput("words", f"{spec.query[:60]!r} is a Boolean rule", "it means what it says; see rules.md")
        topic = topic_of(spec, query, lexicon())
        meant = meanings(topic, lexicon(), language)
        if as_json:
            record({"boolean": boolean(topic, lexicon()), "parts": [asdict(m) for m in meant]}, as_json=True)
            continue
        for meaning in meant:
            typer.secho(f"{meaning.words}: {meaning.kind}", fg="green", nl=False)
            typer.echo(f", {meaning.means}")
            _show_terms(meaning)
        typer.echo(f"\nas a Boolean rule, nearly: {boolean(topic, lexicon())}")


def _show_terms(meaning: Any) -> None:
    """The terms of a part in lines by what they are worth."""
    for weight in sorted({way.weight for way in meaning.terms}, reverse=True):
        texts = [way.text for way in meaning.terms if way.weight == weight]
        typer.echo(
            textwrap.fill(f"{weight:.2f}  {', '.join(texts)}", 100, initial_indent="  ", subsequent_indent="        ")
        )
    if meaning.struck:
        typer.echo(f"  struck: {', '.join(meaning.struck)}")


@rules.command("add")
def add_rule(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    query: str,
    name: Annotated[str | None, typer.Option(help="For people; the id where it is left out.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    strictness: Annotated[str, typer.Option(help="Of plain words: strict, normal or broad.")] = "normal",
    say: Annotated[
        list[str] | None, typer.Option(help="Another way of saying a part: procurement=offset deal. Can be repeated.")
    ] = None,
    strike: Annotated[
        list[str] | None, typer.Option(help="A way that does not count: procurement=deal. Can be repeated.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Although it fails stories saved as its tests.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Store a rule, as the API would. Rules in files need no command: save the file."""
    from monitor.api.schemas.rules import RuleIn
    from monitor.match.rule import read_rule
    from monitor.rulebook.gate import create
    from monitor.rulebook.wording import with_wording
    from monitor.settings import load

    given: dict[str, dict[str, list[str]]] = {}
    for kind, pairs in (("add", say or []), ("strike", strike or [])):
        for pair in pairs:
            words, _, term = pair.partition("=")
            given.setdefault(words.strip(), {}).setdefault(kind, []).append(term.strip())
    body = checked(
        RuleIn,
        id=id_,
        name=id_ if name is None else name,
        query=query,
        tags=tag or [],
        strictness=strictness,
        wording=given,
    )
    folder, spec = load(data_dir=data_dir).rules_folder, body.spec(id_, body.name)
    spec = with_wording(spec, read_rule(spec), folder)
    on_store(data_dir, lambda store: create(store.config, spec, folder, now(), force=force))


@rules.command("remove")
def remove_rule(rule: str, data_dir: DataDir = None) -> None:
    """Remove a rule; its hits stay."""
    on_store(data_dir, lambda store: store.config.remove_rule(rule))


@rules.command("save-story")
def save_story(
    rule: Annotated[str, typer.Argument(help="A rule's id.")],
    story: Annotated[str, typer.Argument(help="A stored story's id, as `monitor hits list --json` shows it.")],
    expect: Annotated[str, typer.Option(help="What the rule must do with it: hit or miss.")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Keep a story as a test of a rule, in a file beside the rule's own. Every change of the rule has to pass it."""
    from monitor.api.schemas.rules import SaveStoryIn
    from monitor.rulebook import check
    from monitor.settings import load

    body = checked(SaveStoryIn, story=story, expect=expect)
    folder = load(data_dir=data_dir).rules_folder

    async def save(store: Any) -> tuple[Path, check.TestResult]:
        found = await store.config.rule(rule), await store.stories.get(body.story)
        return check.save_story(*found, body.expect, folder, now())

    path, result = on_store(data_dir, save)
    if as_json:
        place = path.relative_to(folder).as_posix()
        record({"path": place, "expect": body.expect, "got": result.got, "why": result.why}, as_json=True)
    else:
        holds = "the rule does so now" if result.passed else f"the rule does not do so now: {result.why}"
        typer.echo(f"saved as {path}, expected to {expect}; {holds}")


@rules.command("force")
def force_rule(
    rule: Annotated[str, typer.Argument(help="The id of a rule in a file.")], data_dir: DataDir = None
) -> None:
    """Let a rule file's rule take effect although its tests fail: once, and as its file has it now.

    Exits 1 where nothing holds it back.
    """
    from monitor.errors import NotFound
    from monitor.rulebook.check import run_tests
    from monitor.rulebook.gate import spec_digest
    from monitor.rulebook.load import load_path
    from monitor.settings import load

    folder = load(data_dir=data_dir).rules_folder
    found = next((r for r in load_path(folder).rules if r.spec.id == rule), None)
    if found is None:
        raise NotFound(f"sound rule in {folder} with the id", rule)
    failed = [result for result in run_tests(found) if not result.passed]

    async def approve(store: Any) -> bool:
        if not failed or any(r.spec == found.spec for r in await store.config.rules()):
            return False
        await store.config.approve(rule, spec_digest(found.spec))
        return True

    if not on_store(data_dir, approve):
        typer.echo(f"nothing holds the rule {rule!r} back: " + ("it is in force" if failed else "its tests hold"))
        raise typer.Exit(1)
    for result in failed:
        typer.secho(f"fails: {result}", fg="yellow", err=True)
    typer.echo("approved; a running service takes the rule over within a few seconds")


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, or a rule file.")],
    story: Annotated[str, typer.Argument(help="A stored story's id, or a story file (.json, .yaml or text).")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show why a rule matches a story or not, part by part. Exits 1 where it does not."""
    from monitor.api.schemas.rules import ExplanationOut
    from monitor.errors import ConfigurationError
    from monitor.match.document import Content
    from monitor.match.percolate import explain_rule
    from monitor.rulebook.check import read_story
    from monitor.rulebook.load import load_path

    rule_file, story_file = Path(rule), Path(story)

    async def from_store(store: Any) -> tuple[Any, Any]:
        spec = None if rule_file.exists() else (await store.config.rule(rule)).spec
        found = None if story_file.exists() else await store.stories.get(story)
        return spec, found

    spec, found = (None, None) if rule_file.exists() and story_file.exists() else on_store(data_dir, from_store)
    if spec is None:
        loaded = load_path(rule_file)
        if not loaded.rules:
            raise ConfigurationError("\n".join(str(p) for p in loaded.problems) or f"no rule in {rule}")
        spec = loaded.rules[0].spec
    found = found or read_story(story_file)
    explanation = explain_rule(spec, Content.of(found))
    if as_json:
        record(ExplanationOut.of(explanation).model_dump(mode="json"), as_json=True)
    else:
        _show(explanation, Content.of(found), 0)
    if not explanation.matched:
        raise typer.Exit(1)


def _show(part: Any, content: Any, depth: int) -> None:
    indent, colour = "  " * depth, "green" if part.matched else "red"
    if part.kind == "way":  # a word by which a part of plain words was found
        typer.echo(f"{indent}     {part.score:.2f}  {part.query}, {part.detail}")
        return
    query = part.query if len(part.query) <= 100 else part.query[:99] + "…"
    if part.weight is not None:
        typer.secho(f"{indent}{part.score:.2f}  {query} ({part.kind}), {part.detail[:200]}", fg=colour)
    else:
        words = sorted({content.text(span) for span in part.spans}) if not part.parts else []
        found = f": {', '.join(words)}" if words else ""
        typer.secho(f"{indent}{'yes' if part.matched else 'no '}  {query}  ({part.detail[:200]}{found})", fg=colour)
    for inner in part.parts:
        _show(inner, content, depth + 1)
