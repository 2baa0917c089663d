"""/v1/rules and /v1/rule-files"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.api.auth import KEYED
from monitor.api.context import Context, Ctx
from monitor.api.problems import documented
from monitor.api.schemas.common import Listing, PageQuery
from monitor.api.schemas.rules import (
    BackfillIn,
    ChangeQuery,
    CheckIn,
    CheckOut,
    ExplanationOut,
    FileProblemOut,
    MeaningOut,
    QueryProblem,
    RuleChange,
    RuleIn,
    RuleOut,
    SavedStoryOut,
    SaveStoryIn,
    UnderstoodOut,
)
from monitor.errors import ConfigurationError, Conflict, InvalidInput, Problem, RuleSyntaxError
from monitor.match.document import Content
from monitor.match.lint import lint, same_as
from monitor.match.percolate import explain_rule
from monitor.match.rule import read_rule
from monitor.match.topic import boolean, meanings, topic_of
from monitor.model.rule import Backfill, Rule, RuleSpec
from monitor.query import Query as ParsedQuery
from monitor.query import ast, parse, unparse
from monitor.rulebook import gate
from monitor.rulebook.check import save_story
from monitor.rulebook.schema import wordings
from monitor.rulebook.wording import with_wording
from monitor.text.lexicon import lexicon
from monitor.text.tokens import fold, folded_words

router = APIRouter(prefix="/v1/rules", tags=["rules"], dependencies=KEYED, responses=documented(401, 422, 503))
files = APIRouter(prefix="/v1/rule-files", tags=["rules"], dependencies=KEYED, responses=documented(401, 503))
DAY = 86_400_000


@router.post("", status_code=201, responses=documented(409))
async def add_rule(body: RuleIn, query: Annotated[ChangeQuery, Query()], context: Ctx) -> RuleOut:
    """Store a rule. It matches every story that comes in from now on, and older ones if ``backfill`` asks for it.

    Stories that were saved as tests under its id, for a rule of before, must hold.
    """
    if body.id is not None:
        rule = await _create(body, body.id, context, force=query.force)
    else:
        rule = await _put_named(body, context, force=query.force)
    return await _answer(rule, body.backfill, context)


async def _create(body: RuleIn, id_: str, context: Context, *, force: bool) -> Rule:
    folder = context.settings.rules_folder
    spec = _spec(body, id_, context)
    return await gate.create(context.store.config, spec, folder, context.clock(), force=force)


def _spec(body: RuleIn, id_: str, context: Context) -> RuleSpec:
    """The rule with the wording that holds for all rules. Raises RuleSyntaxError."""
    spec = body.spec(id_, body.name)
    return _worded(spec, read_rule(spec), context)


def _worded(spec: RuleSpec, query: ParsedQuery, context: Context) -> RuleSpec:
    """The rule with what the folder's wording says about it."""
    try:
        return with_wording(spec, query, context.settings.rules_folder)
    except ConfigurationError as error:
        raise InvalidInput("wording", str(error), "mend the file") from error


async def _put_named(body: RuleIn, context: Context, *, force: bool) -> Rule:
    """Store the rule under an id made from its name; the first free one of rule, rule-2, rule-3, …"""
    slug = re.sub(r"[^a-z0-9]+", "-", fold(body.name)).strip("-")[:55].strip("-") or "rule"
    for number in range(1, 1000):
        id_ = slug if number == 1 else f"{slug}-{number}"
        try:
            return await _create(body, id_, context, force=force)
        except Conflict:
            continue
    raise InvalidInput("name", "a thousand rules have this name", "choose another name, or give an id")


async def _answer(rule: Rule, backfill: BackfillIn | None, context: Context) -> RuleOut:
    asked = None
    if backfill is not None:
        now = context.clock()
        asked = Backfill(rule.id, now - backfill.days * DAY, now, backfill.alert)
        await context.store.config.ask_backfill(asked)
    warnings = await _warnings(rule.spec, parse(rule.spec.query), context)
    return RuleOut.of(rule, asked).model_copy(update={"warnings": warnings})


async def _warnings(spec: RuleSpec, query: ParsedQuery, context: Context) -> list[QueryProblem]:
    """What is legal in the rule and rarely meant; another rule that says the same included."""
    found = [QueryProblem.of(p) for p in lint(spec, query, context.seen())]
    words, said, same = sorted(folded_words(spec.query)), same_as(spec, query), False
    for other in await context.store.config.rules():
        # Only what has the same words is worth parsing: there may be ten thousand rules.
        if other.id == spec.id or sorted(folded_words(other.spec.query)) != words:
            continue
        with suppress(RuleSyntaxError):  # of another version of the service: such a rule is reported elsewhere
            same = same_as(other.spec, parse(other.spec.query)) == said
        if same:
            detail = f"it says the same as the rule {other.id!r}"
            problem = Problem("same-rule", detail, 0, len(spec.query), "remove one of them, or change one")
            return [*found, QueryProblem.of(problem)]
    return found


@router.get("")
async def list_rules(query: Annotated[PageQuery, Query()], context: Ctx) -> Listing[RuleOut]:
    """Rules in order of their ids."""
    rules = [r for r in await context.store.config.rules() if query.cursor is None or r.id > query.cursor]
    page = rules[: query.limit]
    return Listing(items=[RuleOut.of(r) for r in page], next=page[-1].id if len(rules) > len(page) else None)


@router.get("/{rule:id}", responses=documented(404))
async def get_rule(rule: str, context: Ctx) -> RuleOut:
    """A rule, and how far its last back-fill is."""
    return RuleOut.of(await context.store.config.rule(rule), await context.store.config.backfill(rule))


@router.get("/{rule:id}/versions/{version:id}", responses=documented(404))
async def get_rule_version(rule: str, version: int, context: Ctx) -> RuleOut:
    """A rule as it was in one of its versions; hits name the version that they are of."""
    return RuleOut.of(await context.store.config.rule_version(rule, version))


@router.put("/{rule:id}", responses=documented(404, 409))
async def change_rule(rule: str, body: RuleChange, query: Annotated[ChangeQuery, Query()], context: Ctx) -> RuleOut:
    """Make the rule's next version. A rule of a file is changed in its file. Stories saved as its tests must hold."""
    if body.id is not None and body.id != rule:
        raise InvalidInput("id", f"the body says {body.id!r}, the path {rule!r}", "leave it out; ids do not change")
    config = context.store.config
    before, spec, folder = await config.rule(rule), _spec(body, rule, context), context.settings.rules_folder
    changed = await gate.change(config, before, spec, folder, context.clock(), force=query.force)
    return await _answer(changed, body.backfill, context)


@router.delete("/{rule:id}", status_code=204, response_class=Response, responses=documented(404, 409))
async def remove_rule(rule: str, context: Ctx) -> None:
    """Remove the rule; its hits stay."""
    await context.store.config.remove_rule(rule)


@router.post("/{rule:id}:save-story", status_code=201, responses=documented(404))
async def save(rule: str, body: SaveStoryIn, context: Ctx) -> SavedStoryOut:
    """Keep a stored story as a test of the rule: a file beside the rule's file. Saved again, it is replaced."""
    found = await context.store.config.rule(rule)
    story = await context.store.stories.get(body.story)
    folder = context.settings.rules_folder
    try:
        path, result = save_story(found, story, body.expect, folder, context.clock())
    except ConfigurationError as error:
        raise InvalidInput("story", str(error)) from error
    return SavedStoryOut(path=path.relative_to(folder).as_posix(), expect=body.expect, got=result.got)


@router.post(":check")
async def check_query(body: CheckIn, context: Ctx) -> CheckOut:
    """Whether a query parses, how it is read, and, for a story, why it matches or not. Nothing is stored."""
    spec = RuleSpec("check", "check", body.query, strictness=body.strictness, wording=wordings(body.wording))
    try:
        query = read_rule(spec)
        spec = _worded(spec, query, context)
    except RuleSyntaxError as error:
        problems = [QueryProblem.of(p) for p in error.problems]
        return CheckOut(ok=False, canonical=None, problems=problems, warnings=[], explanation=None)
    explanation = ExplanationOut.of(explain_rule(spec, Content.of(body.story))) if body.story is not None else None
    warnings = await _warnings(spec, query, context)
    return CheckOut(
        ok=True,
        canonical=unparse(query),
        problems=[],
        warnings=warnings,
        explanation=explanation,
        understood=_understood(spec, query),
    )


def _understood(spec: RuleSpec, query: ParsedQuery) -> UnderstoodOut | None:
    if not isinstance(query, ast.Plain):
        return None
    topic = topic_of(spec, query, lexicon())
    parts = [MeaningOut.of(meaning) for meaning in meanings(topic, lexicon())]
    return UnderstoodOut(language=topic.language, parts=parts, boolean=boolean(topic, lexicon()))


@files.get("")
async def list_file_problems(context: Ctx) -> Listing[FileProblemOut]:
    """What is wrong with the rule files; what a faulty file held last stays active."""
    return Listing(items=[
        FileProblemOut(file=p.file, line=p.line, column=p.column, code=p.code, detail=p.detail, hint=p.hint)
        for p in await context.store.config.file_problems()
    ])  # fmt: skip
