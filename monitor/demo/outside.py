"""What lies outside the service: two outlets with their feeds, and a receiver of webhooks. All on loopback."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from html import escape
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from monitor.delivery.signature import sign
from monitor.text.fingerprints import digest

OLDEST = 300
"""Seconds; receivers refuse webhooks whose signed timestamp is further off, as a replay."""


@dataclass(frozen=True, slots=True)
class Item:
    """What an outlet publishes; ``published`` in seconds since the epoch."""

    slug: str
    title: str
    body: str
    published: float


class Outlet:
    """A news site with one feed, the newest item first."""

    def __init__(self, name: str, path: str, host: str) -> None:
        self.name = name
        self.path = path
        self._host = host
        self._items: list[Item] = []

    def publish(self, item: Item) -> None:
        """Put an item on top."""
        self._items.insert(0, item)

    def retitle(self, slug: str, title: str) -> None:
        """Edit a headline; everything else stays."""
        self._items = [replace(i, title=title) if i.slug == slug else i for i in self._items]

    def link(self, slug: str) -> str:
        """Where the item would be read."""
        return f"https://{self._host}/{slug}"

    async def serve(self, request: web.Request) -> web.Response:
        """The feed, or 304 where the client has it already."""
        body = self._rss()
        etag = f'"{digest(body.decode())}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": etag})

    def _rss(self) -> bytes:
        rss = Element("rss", version="2.0")
        channel = SubElement(rss, "channel")
        facts = {"title": self.name, "link": f"https://{self._host}/", "description": self.name, "language": "en"}
        for name, text in facts.items():
            SubElement(channel, name).text = text
        for item in self._items:
            entry = SubElement(channel, "item")
            paragraphs = "".join(f"<p>{escape(part)}</p>" for part in item.body.split("\n\n"))
            facts = {"guid": self.link(item.slug), "link": self.link(item.slug), "title": item.title,
                     "description": paragraphs, "pubDate": formatdate(item.published)}  # fmt: skip
            for name, text in facts.items():
                SubElement(entry, name).text = text
        return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(rss, encoding="unicode").encode()


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook as it came; ``verified`` says whether its signature is the sender's."""

    event: dict[str, Any]
    verified: bool


class Receiver:
    """Takes webhooks that are signed with ``secret``, and remembers them; others get 401."""

    path = "/hook"

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.calls: list[Call] = []

    async def take(self, request: web.Request) -> web.Response:
        """Take one call."""
        body = await request.read()
        verified = self._verify(request, body)
        self.calls.append(Call(json.loads(body), verified))
        return web.Response(status=204 if verified else 401)

    def _verify(self, request: web.Request, body: bytes) -> bool:
        """By the rules of Standard Webhooks: one of the signatures is ours, and it is not old."""
        message, stamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > OLDEST:
            return False
        expected = sign(self.secret, message, int(stamp), body).encode()
        given = request.headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(expected, one.encode()) for one in given)

    def about(self, story: str) -> list[Call]:
        """The calls that tell of a story."""
        return [call for call in self.calls if call.event["data"]["story"]["id"] == story]


@asynccontextmanager
async def outside(outlets: list[Outlet], receiver: Receiver) -> AsyncIterator[str]:
    """The outlets and the receiver, served on a free port of loopback; the URL, without a slash at its end."""
    app = web.Application()
    app.add_routes([web.get(outlet.path, outlet.serve) for outlet in outlets])
    app.add_routes([web.post(receiver.path, receiver.take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
