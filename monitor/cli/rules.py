"""``monitor rules`` and ``monitor explain``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.output import record, table
from monitor.cli.store import DataDir, Json, checked, now, on_store

rules = typer.Typer(no_args_is_help=True, help="The watch rules in the store.")


@rules.command("list")
def list_rules(as_json: Json = False, data_dir: DataDir = None) -> None:
    """All rules in the store."""
    from monitor.api.schemas.rules import RuleOut

    found = [RuleOut.of(r).model_dump(mode="json") for r in on_store(data_dir, lambda store: store.config.rules())]
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


@rules.command("add")
def add_rule(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    query: str,
    name: Annotated[str | None, typer.Option(help="For people; the id where it is left out.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Store a rule, as the API would. Rules in files need no command: save the file."""
    from monitor.api.schemas.rules import RuleIn
    from monitor.query import parse

    body = checked(RuleIn, id=id_, name=id_ if name is None else name, query=query, tags=tag or [])
    parse(body.query)
    spec = body.spec(id_, body.name)
    on_store(data_dir, lambda store: store.config.put_rule(spec, None, now(), create=True))


@rules.command("remove")
def remove_rule(rule: str, data_dir: DataDir = None) -> None:
    """Remove a rule; its hits stay."""
    on_store(data_dir, lambda store: store.config.remove_rule(rule))


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, or a rule file.")],
    story: Annotated[str, typer.Argument(help="A stored story's id, or a story file (.json, .yaml or text).")],
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show why a rule matches a story or not, part by part. Exits 1 where it does not."""
    from monitor.api.schemas.rules import ExplanationOut
    from monitor.errors import ConfigurationError
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
    explanation = explain_rule(spec, found.title, found.body, found.language)
    if as_json:
        record(ExplanationOut.of(explanation).model_dump(mode="json"), as_json=True)
    else:
        _show(explanation, found, 0)
    if not explanation.matched:
        raise typer.Exit(1)


def _show(part: Any, story: Any, depth: int) -> None:
    words = sorted({getattr(story, s.field)[s.start : s.end] for s in part.spans}) if not part.parts else []
    found = f": {', '.join(words)}" if words else ""
    query = part.query if len(part.query) <= 100 else part.query[:99] + "…"
    typer.secho(
        f"{'  ' * depth}{'yes' if part.matched else 'no '}  {query}  ({part.detail[:200]}{found})",
        fg="green" if part.matched else "red",
    )
    for inner in part.parts:
        _show(inner, story, depth + 1)
