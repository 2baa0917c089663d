"""What the routers work with: the store, the clock, a sender for test calls, and how the service is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from jinja2 import Environment

from monitor.delivery.links import Links
from monitor.match.index import Rarity
from monitor.metrics import Metrics
from monitor.ports import Clock, Send
from monitor.settings import Settings
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service does its work; ``problems`` says what keeps it from that."""

    ready: bool
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """One service, as the API sees it. ``random`` gives so many unguessable bytes."""

    store: Store
    settings: Settings
    metrics: Metrics
    clock: Clock
    random: Callable[[int], bytes]
    send: Send
    readiness: Callable[[], Awaitable[Readiness]]
    wake: Callable[[], None]
    templates: Environment
    links: Links
    seen: Callable[[], Rarity]  # what this process has learned of the stories' words


def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


Ctx = Annotated[Context, Depends(_context)]

__all__ = ["Context", "Ctx", "Readiness"]
