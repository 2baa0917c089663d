"""Errors as problem+json (RFC 9457), each fault with a pointer to where it is and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from monitor.errors import Conflict, InvalidInput, NotFound, Problem, RuleSyntaxError, StoreUnavailable

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One fault; ``start`` and ``end`` are half-open code-point offsets into the text at ``pointer``."""

    pointer: str = Field(description="JSON pointer into the body, or the name of a parameter", examples=["/query"])
    detail: str
    code: str
    start: int | None = None
    end: int | None = None
    hint: str | None = None


class ProblemOut(BaseModel):
    """A problem (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries for answers with these error statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
    return {s: {"description": HTTPStatus(s).phrase, "content": {MEDIA_TYPE: schema}} for s in statuses}


def problem(
    status: int, detail: str, faults: Sequence[Fault] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """The answer for a problem."""
    body = ProblemOut(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(faults))
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, media_type=MEDIA_TYPE)


def rule_faults(problems: Sequence[Problem], pointer: str = "/query") -> list[Fault]:
    """A query's problems as faults at ``pointer``."""
    return [
        Fault(pointer=pointer, detail=p.detail, code=p.code, start=p.start, end=p.end, hint=p.hint or None)
        for p in problems
    ]


def install(app: FastAPI) -> None:
    """Answer every error of ours, and every one of the framework's, as a problem."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(e) for e in error.errors()]
        return problem(422, "; ".join(f"{f.pointer}: {f.detail}" for f in faults[:5]), faults)

    @app.exception_handler(RuleSyntaxError)
    async def bad_rule(_: Request, error: RuleSyntaxError) -> JSONResponse:
        return problem(422, f"the query does not parse: {error}", rule_faults(error.problems))

    @app.exception_handler(InvalidInput)
    async def unusable(_: Request, error: InvalidInput) -> JSONResponse:
        fault = Fault(pointer=f"/{error.field}", detail=error.detail, code="invalid", hint=error.hint or None)
        return problem(422, str(error), [fault])

    @app.exception_handler(NotFound)
    async def missing(_: Request, error: NotFound) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(Conflict)
    async def conflict(_: Request, error: Conflict) -> JSONResponse:
        return problem(409, str(error))

    @app.exception_handler(StoreUnavailable)
    async def unavailable(_: Request, error: StoreUnavailable) -> JSONResponse:
        return problem(503, str(error), headers={"Retry-After": "2"})

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
        return problem(500, "the service made a mistake; its log has the details")


def _fault(error: dict[str, Any]) -> Fault:
    place, *path = error["loc"]
    pointer = (
        "/" + "/".join(str(p).replace("~", "~0").replace("/", "~1") for p in path)
        if place == "body"
        else str(path[-1] if path else place)
    )
    if error["type"] == "json_invalid":
        return Fault(pointer="/", detail=f"the body is no valid JSON: {error['ctx']['error']}", code="json_invalid")
    return Fault(
        pointer=pointer if path else "/",
        detail=error["msg"].removeprefix("Value error, "),
        code=error["type"],
    )
