"""The application: routers, errors, limits, and a description that a client can rely on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel

from monitor import __version__
from monitor.api import deliveries, feeds, hits, links, operations, problems, rules, stories, subscriptions
from monitor.api.auth import RequireKey
from monitor.api.context import Context
from monitor.api.limits import LimitBody
from monitor.api.schemas.common import SpanOut

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


class WebhookCopy(BaseModel):
    """The same item in another outlet."""

    story: str
    title: str
    url: str | None
    source: str | None


class WebhookEntry(BaseModel):
    """A story of a digest, and every rule that it matched."""

    story: WebhookStory
    rules: list[WebhookRule]
    copies: list[WebhookCopy]


class DigestData(BaseModel):
    """What came up since the digest before, newest first; ``truncated`` where stories were left out or shortened."""

    id: str
    run: str
    total: int
    url: str
    truncated: bool
    stories: list[WebhookEntry]


class DigestCreated(BaseModel):
    """Many hits in one message."""

    type: Literal["digest.created"]
    timestamp: datetime
    data: DigestData


def create_app(context: Context) -> FastAPI:
    """The application over ``context``."""
    app = FastAPI(
        title="Media monitor",
        version=__version__,
        description=ABOUT,
        redirect_slashes=False,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.context = context
    routers = (feeds, rules, stories, hits, subscriptions, deliveries, operations, links)
    for module in routers:
        app.include_router(module.router)
    app.include_router(rules.files)
    problems.install(app)
    app.add_middleware(LimitBody)
    app.add_middleware(RequireKey, context=context)  # the last one added is the first one asked

    @app.webhooks.post("hit.created")
    def hit_created(body: HitCreated) -> None:
        """Sent to webhook subscriptions, signed by the rules of Standard Webhooks: headers `webhook-id`
        (the same in every attempt), `webhook-timestamp` and `webhook-signature`. Answer 2xx within 15 s.
        """

    @app.webhooks.post("digest.created")
    def digest_created(body: DigestCreated) -> None:
        """Sent to webhook subscriptions in digest mode, signed in the same way. `url` is a page that shows all."""

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
