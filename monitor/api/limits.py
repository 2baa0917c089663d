"""How much a request may send."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.api.problems import problem

MAX_BODY = 10 << 20
"""Bytes of a request; an OPML file of ten thousand feeds is a tenth of that."""
_TOO_LARGE = f"a request has at most {MAX_BODY >> 20} MB"


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
            await problem(413, _TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, limited, send)
