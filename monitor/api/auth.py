"""Bearer keys. Only their digests are stored; the comparison is a look-up of the digest."""

from __future__ import annotations

from typing import Any

from fastapi import Security
from fastapi.security import HTTPBearer
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.api.context import Context
from monitor.api.problems import problem, try_again
from monitor.errors import StoreUnavailable

OPEN = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})
"""Paths that answer anyone."""
SIGNED = ("/unsubscribe/", "/digest/")
"""What these paths start carries a signature of its own."""
KEYED: list[Any] = [
    Security(HTTPBearer(auto_error=False, description="an API key; the first one is in DATA_DIR/admin.key"))
]
"""Puts the key into the description of a route; it is RequireKey that asks for it."""


class RequireKey:
    """Answer 401 to requests without a known key, before a byte of their body is read.

    Not a dependency of the routes: those are run only after the body was read and parsed.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = None
        if scope["type"] == "http" and scope["path"] not in OPEN and not scope["path"].startswith(SIGNED):
            refusal = await self._refusal(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, authorization: str) -> Response | None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            detail = "send a key: Authorization: Bearer KEY (see DATA_DIR/admin.key)"
            return problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
        try:
            name = await self._context.store.config.key_name(key.strip())
        except StoreUnavailable as error:
            return try_again(error)
        if name is None:
            detail = "this key is not known"
            return problem(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return None
