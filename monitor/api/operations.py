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
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Media monitor</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}
code {{ background: #8882; padding: .1em .3em }}
</style>
<h1>Media monitor {__version__}</h1>
<p>This service polls news feeds, matches every new story against your watch rules and sends alerts.</p>
<ul>
<li><a href="/docs">The API, to read and to try</a>
(press <b>Authorize</b> and paste the key from <code>admin.key</code>)</li>
<li><a href="/openapi.json">Its OpenAPI description</a></li>
<li><a href="/readyz">Is it at work?</a></li>
</ul>
<p>On the command line: <code>monitor --help</code>.</p>
</html>"""


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Whether the service does its work, and what keeps it from that."""

    ready: bool
    problems: list[str]


@router.get("/", include_in_schema=False)
async def index() -> HTMLResponse:
    """What this is, and where to go."""
    return HTMLResponse(_PAGE)


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
