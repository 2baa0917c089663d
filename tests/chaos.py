"""Crash loop: SIGKILLs at random while stories flow; afterwards nothing may be missing.

    python -m tests.chaos [--seconds 60] [--stories 20000] [--seed N]

Feeds show their items in generations of fifty, and go on to the next one only when the service has
proved, by sending back the validator of the present one, that it stored that; so every item was seen,
whatever died meanwhile. A quarter of the items hits. The service, its bundled server or both are
killed every few seconds; the receiver refuses one first call in twenty. When all generations are out and the
killing is over, every expected hit must be stored, every alert must have arrived at least once, and
every repeat must have carried the webhook-id of the first. Digests go out by mail meanwhile, each minute and
whenever it occurs to their reader: every hit must stand in exactly one of them, and every digest must have
arrived, more than once only where a kill came between its sending and its record.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.harness.servers import Item, LoopbackServer, rss
from tests.harness.service import Service, eventually

FEEDS = 40
WINDOW = 50
DRAIN = 120
"""Seconds that the service gets to catch up when the killing is over."""


class World(LoopbackServer):
    """The feeds and the receiver, with what they know of the truth."""

    def __init__(self, stories: int, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.per_feed = stories // FEEDS
        self.generation = [-1] * FEEDS  # generation -1 is the first poll: one item, no alert
        self.last = -(-self.per_feed // WINDOW) - 1
        self.arrived: dict[str, set[str]] = defaultdict(set)  # title -> webhook-ids
        self.calls = Counter[str]()
        self.mails = Counter[str]()  # by the local part of their Message-ID, which is the delivery's id
        self.app.router.add_get("/feed/{n}", self._feed)
        self.app.router.add_post("/hook", self._hook)

    def items(self, feed: int, generation: int) -> list[Item]:
        if generation < 0:
            return [Item(f"{feed}-first", f"opening item of feed {feed}")]
        numbers = range(generation * WINDOW, min((generation + 1) * WINDOW, self.per_feed))
        return [Item(f"{feed}-{n}", self.title(feed, n), "a body with a few words in it") for n in numbers]

    def title(self, feed: int, number: int) -> str:
        kind = "earthquake" if number % 4 == 0 else "concert"
        return f"{kind} reported as item number {number} of feed {feed}"

    def expected(self) -> set[str]:
        """The titles that must alert."""
        return {self.title(f, n) for f in range(FEEDS) for n in range(0, self.per_feed, 4)}

    @property
    def published(self) -> bool:
        """Whether every feed has shown, and the service stored, all there is."""
        return all(g > self.last for g in self.generation)

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        feed = int(request.match_info["n"])
        if request.headers.get("If-None-Match") == self.etag(feed) and self.generation[feed] <= self.last:
            self.generation[feed] += 1
        if self.generation[feed] > self.last:
            return web.Response(status=304, headers={"ETag": self.etag(feed)})
        body = rss(self.items(feed, self.generation[feed]))
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": self.etag(feed)})

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.mails[email.message_from_bytes(content)["Message-ID"].strip("<>").partition("@")[0]] += 1
        return "250 OK"

    def etag(self, feed: int) -> str:
        return f'"{feed}.{min(self.generation[feed], self.last + 1)}"'

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        event = await request.json()
        self.calls[request.headers["webhook-id"]] += 1
        # Once an id only: after a second refusal the schedule waits five minutes.
        if self.calls[request.headers["webhook-id"]] == 1 and self.chance.random() < 0.05:
            return web.Response(status=500)
        self.arrived[event["data"]["story"]["title"]].add(request.headers["webhook-id"])
        return web.Response(status=204)


async def set_up(service: Service, world: World) -> str:
    """Rule, subscriptions and feeds; the id of the subscription to digests."""
    await service.start()
    await service.post("/v1/rules", {"id": "quake", "name": "Quakes", "query": "earthquake AND reported"})
    await service.post(
        "/v1/subscriptions", {"name": "chaos", "channel": {"type": "webhook", "url": f"{world.url}/hook"}}
    )
    made = await service.post(
        "/v1/subscriptions",
        {
            "name": "digests",
            "channel": {"type": "mail", "to": "desk@example.org"},
            "mode": {"digest": {"cron": "* * * * *"}},
        },
    )
    for number in range(FEEDS):
        await service.post("/v1/feeds", {"url": f"{world.url}/feed/{number}", "interval": 1})
    return str(made["id"])


async def kill_at_random(service: Service, digests: str, chance: random.Random, until: float) -> Counter[str]:
    """SIGKILL the service, the server or both, every one to five seconds; the service is started again.

    Half of the time a digest is asked for just before.
    """
    killed: Counter[str] = Counter()
    while True:
        await asyncio.sleep(chance.uniform(1, 5))
        if time.monotonic() > until:
            return killed
        if chance.random() < 0.5:
            with suppress(ClientError, AssertionError, OSError):  # the store may be on its way up
                await service.post(f"/v1/subscriptions/{digests}:send-now")
        victim = chance.choice(["service", "server", "both"])
        killed[victim] += 1
        if victim != "service":
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(service.server_pid, signal.SIGKILL)
        if victim != "server":
            await service.kill()
            await service.start()


async def stored_hits(service: Service) -> set[str]:
    titles: set[str] = set()
    cursor = ""
    while cursor is not None:
        page = await service.get(f"/v1/hits?limit=500{cursor and '&cursor=' + cursor}")
        titles |= {hit["title"] for hit in page["items"]}
        cursor = page["next"]
    return titles


async def all_digests(service: Service, id_: str) -> list[dict[str, Any]]:
    """The digests' deliveries, when nothing is pending or waiting any more."""

    async def quiet() -> bool:
        await service.post(f"/v1/subscriptions/{id_}:send-now")
        pending = (await service.get(f"/v1/subscriptions/{id_}"))["pending"]
        waiting = (await service.get(f"/v1/deliveries?subscription={id_}&state=scheduled"))["items"]
        return not pending and not waiting

    with suppress(AssertionError):
        await eventually(quiet, DRAIN)
    return list((await service.get(f"/v1/deliveries?subscription={id_}&limit=500"))["items"])


async def chaos(seconds: float, stories: int, seed: int) -> bool:
    """One run; prints the counts. True where nothing was lost and no id changed."""
    chance = random.Random(seed)
    world = World(stories, seed)
    await world.start()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    (folder / "rules").mkdir()
    mail_server = await asyncio.get_running_loop().create_server(lambda: SMTP(world), "127.0.0.1", 0)
    smtp = f"smtp://127.0.0.1:{mail_server.sockets[0].getsockname()[1]}"
    service = Service(
        folder / "data",
        {"MONITOR_RULES_DIR": str(folder / "rules"), "MONITOR_LOG_LEVEL": "error", "MONITOR_SMTP_URL": smtp},
    )
    began = time.monotonic()
    try:
        digests = await set_up(service, world)
        killed = await kill_at_random(service, digests, chance, began + seconds)
        wanted = world.expected()

        async def complete() -> bool:
            return world.published and wanted <= world.arrived.keys()

        with suppress(AssertionError):
            await eventually(complete, DRAIN)
        hits = await stored_hits(service)
        told = await all_digests(service, digests)
        dead = await service.metric("monitor_dead_letters_total")
        code = await service.stop()
    finally:
        await service.finish()
        mail_server.close()
        await world.stop()
    missing_hits, missing_alerts = wanted - hits, wanted - world.arrived.keys()
    changed = {t for t, ids in world.arrived.items() if len(ids) > 1}
    alien = world.arrived.keys() - wanted
    in_digests = Counter(hit for digest in told for hit in digest["hits"])
    repeated_mails = sum(world.mails.values()) - len(world.mails)
    lost_mails = {digest["id"] for digest in told} ^ world.mails.keys()
    shown = {
        "seed": seed,
        "seconds": round(time.monotonic() - began),
        "killed": dict(killed),
        "stories published": sum(min((g + 1) * WINDOW, world.per_feed) for g in world.generation),
        "hits expected": len(wanted),
        "hits stored": len(hits),
        "hits missing": len(missing_hits),
        "alerts missing": len(missing_alerts),
        "calls": sum(world.calls.values()),
        "calls that repeat an id": sum(n - 1 for n in world.calls.values()),
        "alerts whose id changed": len(changed),
        "alerts that nobody expected": len(alien),
        "digests": len(told),
        "hits not in a digest": len(wanted) - len(in_digests),
        "hits in several digests": sum(n > 1 for n in in_digests.values()),
        "digests that did not arrive": len(lost_mails),
        "mails that repeat a Message-ID": repeated_mails,
        "dead letters": int(dead),
        "exit code of the clean stop": code,
    }
    for name, value in shown.items():
        print(f"{name:31}{value}")
    for lost in lost_mails:
        print(lost, [digest for digest in told if digest["id"] == lost])
    webhooks = not (missing_hits or missing_alerts or changed or alien)
    mails = set(in_digests.values()) == {1} and len(in_digests) == len(wanted) and not lost_mails
    return webhooks and mails and repeated_mails <= killed.total() and not dead and not code and world.published


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60, help="how long to go on killing")
    options.add_argument("--stories", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    args = options.parse_args()
    held = asyncio.run(chaos(args.seconds, args.stories, args.seed))
    print("nothing was lost" if held else "SOMETHING WAS LOST, or an id changed: see above")
    sys.exit(not held)


if __name__ == "__main__":
    main()
