"""Paths: what an id in one may be, and which methods a path takes."""

from __future__ import annotations

from fastapi import Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match


class IdConvertor(Convertor[str]):
    """An id: no slash, and no colon, since ``/{id}:poll`` is another path than ``/{id}``."""

    regex = "[^/:]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", IdConvertor())


def allowed(request: Request) -> list[str]:
    """Every method that the path of ``request`` takes, whichever route takes it (RFC 9110, section 15.5.6)."""
    scope = dict(request.scope)
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in request.app.routes)
    ]
