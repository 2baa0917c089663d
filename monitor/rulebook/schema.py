"""The fields of a rule, as files and the API share them. Unknown fields are errors: a typo must not
switch an option off in silence.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from monitor.model.rule import RuleSpec, Severity, Strictness, Wording
from monitor.text.languages import normalize
from monitor.text.tokens import tokenize

ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _language(tag: str) -> str:
    found = normalize(tag)
    if found is None:
        raise ValueError("not a language tag; write for example en, de or pt-br")
    return found


def _relative(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError("a story's path is relative to the rule file and stays below its folder")
    return path


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("not within the years 1 to 9999 in UTC") from None


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time that can be told in UTC; without a zone it is UTC."""
Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s,][^,\x00-\x1f]*$")]
Language = Annotated[str, Field(max_length=35), AfterValidator(_language)]
RuleId = Annotated[
    str,
    Field(
        pattern=ID_PATTERN,
        description="lower-case letters, digits, - and _; at most 64",
        examples=["vietnam-arms"],
    ),
]


class Strict(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _with_a_word(term: str) -> str:
    if next(tokenize(term), None) is None:
        raise ValueError("it holds no word; write what stories say")
    return term


Term = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^\S(?:[^\x00-\x1f]*\S)?$"), AfterValidator(_with_a_word)
]


class WordingIn(Strict):
    """Further ways of saying a part of a plain rule, and ways that do not count."""

    add: list[Term] = Field(default=[], max_length=200)
    strike: list[Term] = Field(default=[], max_length=200)


def wordings(given: dict[str, WordingIn]) -> tuple[Wording, ...]:
    """The wording of a rule as the service keeps it."""
    return tuple(Wording(words, tuple(own.add), tuple(own.strike)) for words, own in given.items())


class WordingFile(RootModel[dict[Term, WordingIn]]):
    """The file of what holds for all plain rules of an installation."""


class RuleFields(Strict):
    """What makes a rule, without its id."""

    query: str = Field(min_length=1, max_length=10_000, examples=['(Vietnam OR Hanoi) AND "arms deal"'])
    tags: list[Tag] = Field(default=[], max_length=50)
    strictness: Strictness = Strictness.NORMAL
    languages: list[Language] = Field(
        default=[], max_length=50, description="only stories in these languages; empty: all"
    )
    wording: dict[Term, WordingIn] = Field(
        default={},
        max_length=50,
        description="for plain words: by a part of the query, further ways of saying it, and ways that do not count",
        examples=[{"procurement": {"add": ["offset deal"], "strike": ["deal"]}}],
    )
    severity: Severity = Severity.NORMAL
    enabled: bool = True
    expires: Moment | None = Field(None, description="from then on the rule matches nothing")

    def spec(self, id_: str, name: str) -> RuleSpec:
        """The rule as the service keeps it."""
        return RuleSpec(
            id=id_,
            name=name,
            query=self.query,
            tags=tuple(dict.fromkeys(self.tags)),
            strictness=self.strictness,
            languages=tuple(dict.fromkeys(self.languages)),
            wording=wordings(self.wording),
            severity=self.severity,
            enabled=self.enabled,
            expires=milliseconds(self.expires),
        )


def milliseconds(moment: datetime | None) -> int | None:
    """A Moment in milliseconds since the epoch, rounded down; None stays None."""
    # Whole numbers all the way: as a float, the last microsecond of 9999 is in the year 10000.
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


class InlineStory(Strict):
    """A story written into a rule's test, or into a file of its own."""

    title: str = ""
    body: str = ""
    language: Language | None = None
    source: str | None = Field(None, max_length=200)
    author: str | None = Field(None, max_length=200)
    url: str | None = Field(None, max_length=2000)
    tags: list[Tag] = Field(default=[], max_length=50)


Expect = Literal["hit", "miss"]


class SavedStory(InlineStory):
    """A story that was saved beside a rule as one of its tests; a file of its own."""

    rule: RuleId
    expect: Expect
    language: Annotated[str, AfterValidator(_language)] | None = None  # as long as a feed may say it
    published: Moment | None = None


class RuleTest(Strict):
    """A story that the rule must hit or miss."""

    story: Annotated[str, AfterValidator(_relative)] | InlineStory
    expect: Expect


class FileRule(RuleFields):
    """A rule in a file."""

    id: RuleId
    name: str | None = Field(None, min_length=1, max_length=200, description="for people; the id where it is left out")
    tests: list[RuleTest] = []

    def file_spec(self) -> RuleSpec:
        """The rule as the service keeps it."""
        return self.spec(self.id, self.name or self.id)
