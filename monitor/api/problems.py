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

from monitor.api.paths import allowed
from monitor.errors import Conflict, FixtureFailed, InvalidInput, NotFound, Problem, RuleSyntaxError, StoreUnavailable

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One fault; ``start`` and ``end`` are half-open code-point offsets into the text at ``pointer``."""

    pointer: str = Field(
        description="JSON pointer (RFC 6901) into the body, or the name of a parameter", examples=["/query"]
    )
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


def try_again(error: StoreUnavailable) -> JSONResponse:
    """The answer while the store is away."""
    return problem(503, str(error), headers={"Retry-After": "2"})


def rule_faults(problems: Sequence[Problem], pointer: str) -> list[Fault]:
    """A query's problems as faults at ``pointer``."""
    return [
        Fault(pointer=pointer, detail=p.detail, code=p.code, start=p.start, end=p.end, hint=p.hint or None)
        for p in problems
    ]


def install(app: FastAPI) -> None:
    """Answer every error of ours, and every one of the framework's, as a problem."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(e, error.body) for e in error.errors()]
        return problem(422, "; ".join(f"{f.pointer}: {f.detail}" for f in faults[:5]), faults)

    @app.exception_handler(RuleSyntaxError)
    async def bad_rule(request: Request, error: RuleSyntaxError) -> JSONResponse:
        pointer = "q" if "q" in request.query_params else "/query"
        return problem(422, f"the query does not parse: {error}", rule_faults(error.problems, pointer))

    @app.exception_handler(InvalidInput)
    async def unusable(request: Request, error: InvalidInput) -> JSONResponse:
        pointer = error.field if error.field in request.query_params else _place(error.field)
        fault = Fault(pointer=pointer, detail=error.detail, code="invalid", hint=error.hint or None)
        return problem(422, str(error), [fault])

    @app.exception_handler(NotFound)
    async def missing(_: Request, error: NotFound) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(Conflict)
    async def conflict(_: Request, error: Conflict) -> JSONResponse:
        return problem(409, str(error))

    @app.exception_handler(FixtureFailed)
    async def broken_fixture(_: Request, error: FixtureFailed) -> JSONResponse:
        hint = "mend the query or the saved story, or send ?force=true"
        faults = [Fault(pointer="/query", detail=f, code="fixture-failed", hint=hint) for f in error.failures]
        return problem(409, str(error), faults)

    @app.exception_handler(StoreUnavailable)
    async def unavailable(_: Request, error: StoreUnavailable) -> JSONResponse:
        return try_again(error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(allowed(request))
        return problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("a request failed", method=request.method, path=request.url.path, exc_info=error)
        return problem(500, "the service made a mistake; its log has the details")


def _place(field: str) -> str:
    """The pointer for a field of InvalidInput; ``body`` is all of it, which RFC 6901 writes as nothing."""
    return "" if field == "body" else f"/{field}"


def _fault(error: dict[str, Any], body: Any) -> Fault:
    place, *path = error["loc"]
    if error["type"] == "json_invalid":
        return Fault(pointer="", detail=f"the body is no valid JSON: {error['ctx']['error']}", code="json_invalid")
    pointer = _pointer(path, body, error["type"]) if place == "body" else str(path[-1] if path else place)
    return Fault(pointer=pointer, detail=error["msg"].removeprefix("Value error, "), code=error["type"])


def _pointer(path: Sequence[str | int], body: Any, kind: str) -> str:
    """The pointer to ``path``, without the names of union members that pydantic mixes into it."""
    steps: list[str | int] = []
    for step in path:
        members = dict(enumerate(body)) if isinstance(body, list) else body
        if isinstance(members, dict) and step in members:
            body = members[step]
            steps.append(step)
    if kind == "missing":
        steps += path[-1:]
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
