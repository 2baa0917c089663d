"""Rules, their checks and explanations."""

from __future__ import annotations

from pydantic import BaseModel, Field

from monitor.api.schemas.common import Flag, Name, SpanOut
from monitor.errors import Problem
from monitor.match.explain import Explanation
from monitor.match.topic import Meaning
from monitor.model.rule import Backfill, Rule, Severity, Strictness
from monitor.render.text import iso
from monitor.rulebook.schema import Expect, InlineStory, RuleFields, RuleId, Strict, WordingIn


class BackfillIn(Strict):
    """Run the rule over stored stories; its hits are marked, and alert only if ``alert`` is set."""

    days: int = Field(ge=1, le=3650)
    alert: Flag = False


class RuleIn(RuleFields):
    """A rule to store."""

    id: RuleId | None = Field(None, description="made from the name where it is left out")
    name: Name
    enabled: Flag = True
    backfill: BackfillIn | None = None


class RuleChange(RuleIn):
    """A rule's next version; what is left out takes its default."""

    id: RuleId | None = Field(None, description="if given, the id of the path")


class ChangeQuery(Strict):
    """How a rule is stored."""

    force: bool = Field(False, description="store it although it fails stories that were saved as its tests")


class SaveStoryIn(Strict):
    """A story to keep as a test of a rule, and what the rule must do with it."""

    story: str = Field(min_length=1, max_length=200, description="a stored story's id")
    expect: Expect


class SavedStoryOut(BaseModel):
    """Where the story was saved, below RULES_DIR, and what the rule as it is now does with it."""

    path: str
    expect: Expect
    got: str = Field(description="hit or miss")


class BackfillOut(BaseModel):
    """A back-fill and how far it is."""

    since: str
    alert: bool
    done: bool
    scanned: int
    matched: int

    @classmethod
    def of(cls, found: Backfill) -> BackfillOut:
        """The answer for a stored back-fill."""
        return cls(
            since=str(iso(found.since)),
            alert=found.alert,
            done=found.done_at is not None,
            scanned=found.scanned,
            matched=found.matched,
        )


class QueryProblem(BaseModel):
    """A fault in a query, or what is legal in it and rarely meant; offsets are code points of its text."""

    detail: str
    code: str
    start: int
    end: int
    hint: str

    @classmethod
    def of(cls, found: Problem) -> QueryProblem:
        """The answer for a problem."""
        return cls(detail=found.detail, code=found.code, start=found.start, end=found.end, hint=found.hint)


class RuleOut(BaseModel):
    """A rule; ``file`` names the rule file that owns it."""

    id: str
    name: str
    query: str
    tags: list[str]
    strictness: Strictness
    languages: list[str]
    wording: dict[str, WordingIn]
    severity: Severity
    enabled: bool
    expires: str | None
    version: int
    created_at: str
    updated_at: str
    file: str | None
    backfill: BackfillOut | None = None
    warnings: list[QueryProblem] | None = Field(None, description="in the answer to a change: what is rarely meant")

    @classmethod
    def of(cls, rule: Rule, backfill: Backfill | None = None) -> RuleOut:
        """The answer for a stored rule."""
        spec = rule.spec
        return cls(
            id=spec.id,
            name=spec.name,
            query=spec.query,
            tags=list(spec.tags),
            strictness=spec.strictness,
            languages=list(spec.languages),
            wording={own.words: WordingIn(add=list(own.add), strike=list(own.strike)) for own in spec.wording},
            severity=spec.severity,
            enabled=spec.enabled,
            expires=iso(spec.expires),
            version=rule.version,
            created_at=str(iso(rule.created_at)),
            updated_at=str(iso(rule.updated_at)),
            file=rule.file,
            backfill=BackfillOut.of(backfill) if backfill else None,
        )


class CheckIn(Strict):
    """A query to check, and a story to try it on."""

    query: str = Field(min_length=1, max_length=20_000)
    strictness: Strictness = Strictness.NORMAL
    wording: dict[str, WordingIn] = Field(default={}, max_length=50)
    story: InlineStory | None = None


class ExplanationOut(BaseModel):
    """Why a part of a query matched or not."""

    query: str
    kind: str
    matched: bool
    detail: str
    spans: list[SpanOut]
    parts: list[ExplanationOut]
    score: float | None = Field(None, description="of plain words: from 0 to 1")
    weight: float | None = Field(None, description="of a part of plain words: what it counts beside the others")

    @classmethod
    def of(cls, found: Explanation) -> ExplanationOut:
        """The answer for an explanation."""
        return cls(
            query=found.query,
            kind=found.kind,
            matched=found.matched,
            detail=found.detail,
            spans=[SpanOut.of(s) for s in found.spans],
            parts=[cls.of(p) for p in found.parts],
            score=found.score,
            weight=found.weight,
        )


class WayOut(BaseModel):
    """A way in which a part of plain words is found, and what it is worth, from 0 to 1."""

    text: str
    weight: float


class MeaningOut(BaseModel):
    """What a part of plain words was understood as."""

    words: str
    kind: str = Field(description="person, name, place, concept or word")
    means: str
    terms: list[WayOut]
    struck: list[str]

    @classmethod
    def of(cls, found: Meaning) -> MeaningOut:
        """The answer for a meaning."""
        terms = [WayOut(text=way.text, weight=way.weight) for way in found.terms]
        return cls(words=found.words, kind=found.kind, means=found.means, terms=terms, struck=list(found.struck))


class UnderstoodOut(BaseModel):
    """What plain words were understood as, and a Boolean rule that comes close."""

    language: str
    parts: list[MeaningOut]
    boolean: str


class CheckOut(BaseModel):
    """Whether the query parses, how it was read, and what it did with the story."""

    ok: bool
    canonical: str | None
    problems: list[QueryProblem]
    warnings: list[QueryProblem] = Field(description="what is legal and rarely meant")
    explanation: ExplanationOut | None
    understood: UnderstoodOut | None = Field(None, description="of a query of plain words")


class FileProblemOut(BaseModel):
    """A fault in a rule file."""

    file: str
    line: int
    column: int
    code: str
    detail: str
    hint: str
