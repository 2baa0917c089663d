"""What every resource shares: pages of lists, spans, names."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from monitor.model.hit import Span
from monitor.rulebook.schema import Strict

T = TypeVar("T")


Flag = StrictBool
"""A boolean of a JSON body: true or false, never "no" or 0."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Listing(BaseModel, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None


class PageQuery(Strict):
    """How much of a list, and from where on."""

    cursor: str | None = Field(None, max_length=200, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=500)


class SpanOut(BaseModel):
    """Matched text: half-open code-point offsets into the story's field."""

    field: str
    start: int
    end: int

    @classmethod
    def of(cls, span: Span) -> SpanOut:
        """The answer for a span."""
        return cls(field=span.field, start=span.start, end=span.end)


class CountOut(BaseModel):
    """How many there were."""

    count: int
