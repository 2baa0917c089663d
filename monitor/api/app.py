"""The application: routers, errors, limits, and a description that a client can rely on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor import __version__
from monitor.api import deliveries, feeds, hits, operations, problems, rules, stories, subscriptions
from monitor.api.context import Context
from monitor.api.schemas.common import SpanOut

MAX_BODY = 10 << 20
"""Bytes of a request; an OPML file of ten thousand feeds is a tenth of that."""
_TOO_LARGE = f"a request has at most {MAX_BODY >> 20} MB"
ABOUT = """Polls news feeds, matches every new story against watch rules, and alerts.

Send `Authorization: Bearer KEY` with every request; the first key is in `DATA_DIR/admin.key`.
Errors are `application/problem+json`; a fault in a rule points into its text.
"""


class WebhookStory(BaseModel):
    """The story of an alert."""

    id: str
    title: str
    url: str | None
    source: str | None
    published: datetime | None
    first_seen: datetime
    language: str | None
    snippet: str


class WebhookRule(BaseModel):
    """A rule that the story matched."""

    id: str
    name: str
    version: int
    score: float
    severity: str
    hit: str
    spans: list[SpanOut]


class WebhookData(BaseModel):
    """What happened; ``truncated`` where lists were cut to keep the body under 20 kB."""

    id: str
    story: WebhookStory
    rules: list[WebhookRule]
    truncated: bool = False


class HitCreated(BaseModel):
    """A story matched at least one rule."""

    type: Literal["hit.created"]
    timestamp: datetime
    data: WebhookData


def create_app(context: Context) -> FastAPI:
    """The application over ``context``."""
    app = FastAPI(title="Media monitor", version=__version__, description=ABOUT, redirect_slashes=False)
    app.state.context = context
    routers = (feeds, rules, stories, hits, subscriptions, deliveries, operations)
    for module in routers:
        app.include_router(module.router)
    app.include_router(rules.files)
    problems.install(app)
    app.add_middleware(LimitBody)

    @app.webhooks.post("hit.created")
    def hit_created(body: HitCreated) -> None:
        """Sent to webhook subscriptions, signed by the rules of Standard Webhooks: headers `webhook-id`
        (the same in every attempt), `webhook-timestamp` and `webhook-signature`. Answer 2xx within 15 s.
        """

    describe(app)
    return app


def describe(app: FastAPI) -> None:
    """Make OpenAPI say what is true: our problems in place of the framework's own error bodies."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = original()
            schemas = schema["components"]["schemas"]
            for model in (problems.ProblemOut,):
                made = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas |= made.pop("$defs", {})
                schemas[model.__name__] = made
            problem = problems.documented(400, 413, 500)
            for path in schema["paths"].values():
                for operation in path.values():
                    if "requestBody" in operation:
                        operation["responses"] |= {str(s): problem[s] for s in (400, 413)}
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


class LimitBody:
    """Refuse bodies over MAX_BODY, whether they say their length or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise HTTPException(413, _TOO_LARGE)
            return message

        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BODY:
            await problems.problem(413, _TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, limited, send)
