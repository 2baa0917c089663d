"""/, /healthz, /readyz and /metrics"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from monitor import __version__
from monitor.api.auth import KEYED
from monitor.api.context import Ctx
from monitor.api.problems import documented

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Whether the service does its work, and what keeps it from that."""

    ready: bool
    problems: list[str]


@router.get("/", include_in_schema=False)
async def index(context: Ctx) -> HTMLResponse:
    """What this is, and where to go."""
    page = context.templates.get_template("pages/index.html")
    return HTMLResponse(page.render(version=__version__, key_file="DATA_DIR/admin.key"))


@router.get("/healthz")
async def healthz() -> Alive:
    """Whether the process answers at all."""
    return Alive(status="ok")


@router.get("/readyz", responses={503: {"model": Ready, "description": "Something keeps it from working"}})
async def readyz(context: Ctx, response: Response) -> Ready:
    """Whether the store answers and every part of the service is alive."""
    found = await context.readiness()
    response.status_code = 200 if found.ready else 503
    return Ready(ready=found.ready, problems=list(found.problems))


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "Prometheus' text format"}
}


@router.get("/metrics", dependencies=KEYED, response_class=Response, responses=_TEXT | documented(401, 503))
async def metrics(context: Ctx) -> Response:
    """Counters and gauges for Prometheus."""
    return Response(context.metrics.expose(), media_type="text/plain; version=0.0.4; charset=utf-8")
