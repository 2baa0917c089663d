"""From feed server to webhook receiver: stories a second, where the time goes, memory, start-up.

    python benchmarks/pipeline.py [--stories N] [--feeds N] [--rules N] [--hit-share S]

Runs the real service on an empty data dir. A loopback process serves the feeds (RSS, 25 items a
document, 60-word bodies) and takes the webhooks; the rules are made by seed, so that a given share of
the stories hits exactly one rule and every other rule is near the vocabulary and misses. The clock
runs from the moment the new items are there to the arrival of the last expected webhook.

The yardstick, in the same run and on the same documents: one process that only calls feedparser, as
a service would that did nothing else. Machines are noisy: compare the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import resource
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from multiprocessing import Process, Queue
from pathlib import Path

import feedparser
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.harness.service import Service, eventually

ITEMS = 25
SYLLABLES = ["ba", "do", "ke", "li", "mu", "na", "po", "ra", "si", "tu", "ve", "zo"]


def vocabulary(seed: int, size: int) -> list[str]:
    """``size`` distinct made-up words."""
    chance = random.Random(seed)
    words: set[str] = set()
    while len(words) < size:
        words.add("".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))))
    return sorted(words)


def document(feed: int, generation: int, words: list[str], hit_share: float) -> bytes:
    """A feed's items of one generation; a share of them names one topic that one rule watches."""
    chance = random.Random(feed * 1000 + generation)
    rows = []
    for item in range(ITEMS):
        body = " ".join(chance.choices(words, k=60))
        topic = f"topic{(feed * ITEMS + item) % 1000}" if chance.random() < hit_share and generation else "nothing"
        rows.append(
            f"<item><guid>g-{feed}-{generation}-{item}</guid><title>{' '.join(chance.choices(words, k=8))}</title>"
            f"<link>https://news.example/{feed}/{generation}/{item}</link><pubDate>{formatdate()}</pubDate>"
            f"<description>&lt;p&gt;{body} watched {topic}&lt;/p&gt;</description></item>"
        )
    head = f"<title>Feed {feed}</title><link>https://news.example/</link><description>d</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(rows)}</channel></rss>'.encode()


def serve(ports: Queue, commands: Queue, counts: Queue, words: list[str], hit_share: float) -> None:
    """The outside world, in a process of its own: feeds and a receiver that counts."""

    async def main() -> None:
        generation, arrived = 0, set()
        cache: dict[tuple[int, int], bytes] = {}

        async def feed(request: web.Request) -> web.Response:
            key = (int(request.match_info["n"]), generation)
            if key not in cache:
                cache[key] = document(*key, words, hit_share)
            return web.Response(body=cache[key], content_type="application/rss+xml")

        async def hook(request: web.Request) -> web.Response:
            await request.read()
            arrived.add(request.headers["webhook-id"])
            return web.Response(status=204)

        app = web.Application()
        app.router.add_get("/feed/{n}", feed)
        app.router.add_post("/hook", hook)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.put(runner.addresses[0][1])
        while True:
            command = await asyncio.to_thread(commands.get)
            if command == "stop":
                return
            if command == "next":
                generation += 1
            counts.put(len(arrived))

    asyncio.run(main())


def rule(number: int, words: list[str]) -> str:
    """Rule ``number``: it watches one topic, and words that many stories have."""
    chance = random.Random(number)
    some = chance.sample(words, 4)
    return f"topic{number} AND (watched OR {some[0]} OR {some[1]}) AND NOT ({some[2]}x OR {some[3]}x)"


async def bench(args: argparse.Namespace) -> None:
    feeds = max(1, args.stories // ITEMS)
    words = vocabulary(1, 3000)
    expected = sum(
        b"watched topic" in line
        for n in range(feeds)
        for line in document(n, 1, words, args.hit_share).split(b"</item>")
    )
    ports, commands, counts = Queue(), Queue(), Queue()
    world = Process(target=serve, args=(ports, commands, counts, words, args.hit_share), daemon=True)
    world.start()
    port = await asyncio.to_thread(ports.get)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    rules_dir = folder / "rules"
    rules_dir.mkdir()
    service = Service(folder / "data", {"MONITOR_RULES_DIR": str(rules_dir), "MONITOR_LOG_LEVEL": "warning"})
    try:
        began = time.perf_counter()
        await service.start()
        await service.call("GET", "/healthz", key="")
        startup = time.perf_counter() - began
        await prepare(service, port, feeds, args.rules, words)
        await asyncio.sleep(2)
        idle = memory(service.process.pid)
        before = await steps(service)
        commands.put("next")
        await asyncio.to_thread(counts.get)
        began = time.perf_counter()
        for record in await pages(service, "/v1/feeds"):
            await service.post(f"/v1/feeds/{record['id']}:poll")
        arrived = await drained(commands, counts, expected, args.timeout)
        seconds = time.perf_counter() - began
        report(args, feeds * ITEMS, expected, arrived, seconds, await steps(service), before, idle, startup)
        print(f"memory of the service under load  {memory(service.process.pid):8.0f} MB, parse workers included")
    finally:
        await service.finish()
        commands.put("stop")
        world.join(5)
    yardstick(feeds, words, args.hit_share)


async def prepare(service: Service, port: int, feeds: int, rules: int, words: list[str]) -> None:
    await service.post(
        "/v1/subscriptions", {"name": "b", "channel": {"type": "webhook", "url": f"http://127.0.0.1:{port}/hook"}}
    )
    for number in range(rules):
        await service.post("/v1/rules", {"id": f"r{number}", "name": f"r{number}", "query": rule(number, words)})
    for number in range(feeds):
        await service.post("/v1/feeds", {"url": f"http://127.0.0.1:{port}/feed/{number}", "interval": 86400})

    async def first_polls_done() -> bool:
        polled = await service.metric("monitor_parses_total")
        matched = await service.metric("monitor_stories_matched_total")
        return polled >= feeds and matched >= feeds * ITEMS

    await eventually(first_polls_done, 300, "the first polls")


async def pages(service: Service, path: str) -> list[dict]:
    found, cursor = [], ""
    while cursor is not None:
        page = await service.get(f"{path}?limit=500{cursor and '&cursor=' + cursor}")
        found, cursor = found + page["items"], page["next"]
    return found


async def drained(commands: Queue, counts: Queue, expected: int, seconds: float) -> int:
    deadline = time.perf_counter() + seconds
    while True:
        commands.put("count")
        arrived = await asyncio.to_thread(counts.get)
        if arrived >= expected or time.perf_counter() > deadline:
            return arrived
        await asyncio.sleep(0.05)


async def steps(service: Service) -> dict[str, float]:
    lines = (await service.get("/metrics")).splitlines()
    found = {}
    for line in lines:
        if line.startswith("monitor_step_seconds_sum"):
            found[line.split('"')[1]] = float(line.rsplit(" ", 1)[1])
    cpu = next(float(x.rsplit(" ", 1)[1]) for x in lines if x.startswith("process_cpu_seconds_total"))
    return found | {"cpu of the service": cpu}


def memory(pid: int) -> float:
    """Resident memory of the process and its Python children, in MB."""
    children = subprocess.run(
        ["/bin/ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    pids = [pid, *(int(line.split()[0]) for line in children.stdout.splitlines() if "worker" in line)]
    total = 0
    for one in pids:
        status = Path(f"/proc/{one}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0])
    return total / 1024


def report(args, stories, expected, arrived, seconds, after, before, idle, startup) -> None:
    print(f"\nstories {stories}, rules {args.rules}, webhooks expected {expected}, arrived {arrived}")
    print(f"{'stories a second, feed server to receiver':48}{stories / seconds:10.0f}")
    print(f"{'webhooks a second':48}{arrived / seconds:10.0f}")
    print(f"{'step (wall time; steps overlap)':34}{'ms a story':>12}{'share':>10}")
    spent = {name: after[name] - before.get(name, 0) for name in after}
    total = sum(v for k, v in spent.items() if not k.startswith("cpu"))
    for name, value in sorted(spent.items(), key=lambda pair: -pair[1]):
        share = f"{value / total:9.0%}" if not name.startswith("cpu") else ""
        print(f"{name:34}{1000 * value / stories:12.3f}{share:>10}")
    print(f"{'memory, idle after the first polls':34}{idle:8.0f} MB, parse workers included (aim: under 200)")
    print(f"{'from `monitor run` to a request':34}{startup:8.2f} s (aim: under 2)")


def yardstick(feeds: int, words: list[str], hit_share: float) -> None:
    documents = [document(n, 1, words, hit_share) for n in range(min(feeds, 40))]
    began = time.perf_counter()
    for body in documents:
        feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    seconds = time.perf_counter() - began
    print(f"{'yardstick: feedparser alone, one process':48}{len(documents) * ITEMS / seconds:10.0f} stories a second")
    print(f"peak memory of this script {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stories", type=int, default=5000)
    options.add_argument("--rules", type=int, default=1000)
    options.add_argument("--hit-share", type=float, default=0.2)
    options.add_argument("--timeout", type=float, default=120)
    asyncio.run(bench(options.parse_args()))


if __name__ == "__main__":
    main()
