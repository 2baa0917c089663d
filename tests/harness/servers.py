"""A feed server and a webhook receiver on loopback that do what a test tells them to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self
from xml.sax.saxutils import escape

from aiohttp import web
from standardwebhooks import Webhook

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Item:
    """An item of a feed; ``published`` is seconds since the epoch, None for no date."""

    guid: str
    title: str
    body: str = ""
    link: str | None = None
    published: float | None = field(default_factory=time.time)

    def xml(self) -> str:
        """The item as RSS."""
        date = f"<pubDate>{formatdate(self.published)}</pubDate>" if self.published is not None else ""
        link = self.link or f"https://news.example/{self.guid}"
        return (
            f"<item><guid isPermaLink='false'>{escape(self.guid)}</guid><title>{escape(self.title)}</title>"
            f"<link>{escape(link)}</link><description>{escape(self.body)}</description>{date}</item>"
        )


def rss(items: list[Item], title: str = "Test feed", extra: str = "") -> bytes:
    """An RSS 2.0 document."""
    rows = "".join(item.xml() for item in items)
    head = f"<title>{escape(title)}</title><link>https://news.example/</link><description>d</description>{extra}"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{rows}</channel></rss>'.encode()


class LoopbackServer:
    """An HTTP server on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.app = web.Application(client_max_size=1 << 24)
        self._runner = web.AppRunner(self.app, shutdown_timeout=0.1)
        self.url = ""

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class FeedServer(LoopbackServer):
    """Feeds by path. Set ``feeds[path]`` to a list of Items, to bytes, or to a handler of your own.

    Lists of items get an ETag and answer conditional requests with 304. ``requests`` keeps what came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.feeds: dict[str, list[Item] | bytes | Handler] = {}
        self.requests: list[web.Request] = []
        self.app.router.add_route("*", "/{path:.*}", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        found = self.feeds.get(request.path)
        if found is None:
            raise web.HTTPNotFound
        if callable(found):
            return await found(request)
        body = rss(found) if isinstance(found, list) else found
        etag = f'"{hash(body) & 0xFFFFFFFF:x}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": etag})

    def hits(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return sum(r.path == path for r in self.requests)


@dataclass
class Received:
    """A webhook call as it arrived."""

    id: str
    body: bytes
    headers: dict[str, str]
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """The parsed body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Receiver(LoopbackServer):
    """Takes webhooks at any path. ``behave[path]`` is a status to answer with, or a handler of your own."""

    def __init__(self) -> None:
        super().__init__()
        self.received: dict[str, list[Received]] = {}
        self.behave: dict[str, int | Handler] = {}
        self.app.router.add_route("*", "/{path:.*}", self._take)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = Received(request.headers.get("webhook-id", ""), body, dict(request.headers), time.time())
        self.received.setdefault(request.path, []).append(call)
        behaviour = self.behave.get(request.path, 204)
        return web.Response(status=behaviour) if isinstance(behaviour, int) else await behaviour(request)

    def at(self, path: str, kind: str = "hit.created") -> list[Received]:
        """The calls at ``path`` of one type."""
        return [call for call in self.received.get(path, []) if call.event["type"] == kind]

    def verified(self, path: str, secret: str) -> list[dict[str, Any]]:
        """The events at ``path``, each verified by the reference library; raises where a signature is wrong."""
        return [Webhook(secret).verify(call.body, call.headers) for call in self.at(path)]


async def hang(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.sleep(3600)
    return web.Response()
