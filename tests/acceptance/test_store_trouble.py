"""The store dies, hangs, comes back, is shared, or cannot be used: each is said, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from monitor.embedded.launcher import find_binary
from tests.harness.servers import FeedServer, Item, Receiver
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
OUTAGE = 8.0
"""Seconds that a store of one's own is away."""
LEFTOVERS = 60.0
"""Seconds within which what a dead process had in hand is taken up: its leases run for 30 s at most."""


@dataclass
class External:
    """A server of the user's own on a loopback port, with a password."""

    folder: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it, on its data and port of before if it had any, and wait until it answers."""
        self.port = self.port or free_port()
        self.folder.mkdir(exist_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            find_binary().path, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
            "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--requirepass", self.password,
            stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
        async with self.client() as client:

            async def answers() -> bool:
                try:
                    return bool(await client.ping())
                except (OSError, RedisError):
                    return False

            await eventually(answers, what="the external server answers")

    def client(self, database: int = 0) -> Redis:
        return Redis(host="127.0.0.1", port=self.port, password=self.password, db=database)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def running(pid: int) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self/stat").exists()


def new_service(folder: Path, **env: str) -> Service:
    """A service below ``folder`` with an empty rules folder, not started yet."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    return Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules"), **env})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def external(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[External]:
    made = External(tmp_path_factory.mktemp("external") / "valkey")
    await made.start()
    yield made
    await made.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def unreachable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service whose store is not there. It waits half a minute for it, so it is launched before all tests."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    made = new_service(tmp_path_factory.mktemp("unreachable"), MONITOR_REDIS_URL=url)
    await made.launch()
    yield made
    await made.finish()


async def watch(service: Service, receiver: Receiver, word: str) -> str:
    """A rule for ``word`` and a subscription to it; the receiver's path."""
    await service.post("/v1/rules", {"id": word, "name": word, "query": word})
    channel = {"type": "webhook", "url": f"{receiver.url}/{word}"}
    await service.post("/v1/subscriptions", {"name": word, "channel": channel, "rules": [word]})
    return f"/{word}"


async def told(receiver: Receiver, path: str, titles: set[str], seconds: float = 20.0) -> None:
    """Wait until stories of all these titles have alerted at ``path``."""

    async def complete() -> bool:
        return alerts(receiver, path).keys() >= titles

    await eventually(complete, seconds, f"{len(titles)} alerts at {path}")


def alerts(receiver: Receiver, path: str) -> dict[str, list[str]]:
    """The ids of all calls at ``path``, by the story's title."""
    found: dict[str, list[str]] = {}
    for call in receiver.at(path):
        found.setdefault(call.event["data"]["story"]["title"], []).append(call.id)
    return found


async def ready(service: Service, seconds: float = 20.0) -> None:
    """Wait until the service says that it does its work."""

    async def works() -> bool:
        return (await service.call("GET", "/readyz")).status == 200

    await eventually(works, seconds, "the service is ready")


async def test_after_a_sigkill_everything_is_back(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> None:
    """A live service restarts its server, a new one adopts the server that runs, and if both died both come back;
    what was acknowledged is there, what was in hand arrives, and repeats carry the id of before.
    """
    cases = ("server", "service", "both")
    services = [new_service(tmp_path_factory.mktemp(killed)) for killed in cases]
    try:
        # At the same time, as most of it is waiting for leases.
        await asyncio.gather(*(kill(s, receiver, killed) for s, killed in zip(services, cases, strict=True)))
    finally:
        for service in services:
            await service.finish()


async def kill(service: Service, receiver: Receiver, killed: str) -> None:
    """Kill what is named while stories are in hand, bring it back, and look whether all is there."""
    await service.start()
    path = await watch(service, receiver, killed)
    before, after = f"{killed} before", f"{killed} after"
    await service.post("/v1/stories", {"title": before})
    await told(receiver, path, {before})
    await recorded(service, before)
    pid = service.server_pid
    burst = {f"{killed} in hand {number}" for number in range(20)}
    await asyncio.gather(*(service.post("/v1/stories", {"title": title}) for title in burst))
    if killed != "service":
        os.kill(pid, signal.SIGKILL)
    if killed != "server":
        await service.kill()
        await service.start()
    else:

        async def restarted() -> bool:
            return service.server_pid != pid

        await eventually(restarted, what="the server is restarted")
    await ready(service)
    assert (service.server_pid == pid) == (killed == "service")
    assert running(service.server_pid)
    await service.post("/v1/stories", {"title": after})
    everything = {before, after} | burst
    await told(receiver, path, everything, LEFTOVERS)
    found = alerts(receiver, path)
    assert found.keys() == everything
    assert all(len(set(ids)) == 1 for ids in found.values())
    assert len(found[before]) == 1, "it had been sent and recorded"
    hits = (await service.get(f"/v1/hits?rule={killed}&limit=500"))["items"]
    assert {h["title"] for h in hits} == everything


async def recorded(service: Service, title: str) -> None:
    """Wait until the first delivery is known as sent: a crash before that may send it again."""

    async def sent() -> bool:
        return bool((await service.get("/v1/deliveries?state=sent"))["items"])

    await eventually(sent, what=f"the delivery of {title!r} is recorded")


async def test_two_services_on_one_data_dir_share_the_server_and_lose_nothing(
    tmp_path: Path, receiver: Receiver
) -> None:
    """Started at once, they agree on one server; what either takes in alerts once; the last to leave stops it."""
    first, second = new_service(tmp_path), new_service(tmp_path)
    try:
        await asyncio.gather(first.start(), second.start())
        started = [e for s in (first, second) for e in s.events() if e["event"] == "valkey started"]
        assert len(started) == 1
        pid = first.server_pid
        path = await watch(first, receiver, "shared")
        titles = {f"Shared {number}" for number in range(30)}
        await asyncio.gather(
            *((first, second)[n % 2].post("/v1/stories", {"title": title}) for n, title in enumerate(titles))
        )
        await told(receiver, path, titles)
        assert await first.stop() == 0
        assert running(pid)
        await second.post("/v1/stories", {"title": "Shared by one"})
        await told(receiver, path, {"Shared by one"})
        assert await second.stop() == 0
        assert not running(pid)
        assert {title: len(ids) for title, ids in alerts(receiver, path).items()} == dict.fromkeys(
            titles | {"Shared by one"}, 1
        )
        await first.start()
        hits = (await first.get("/v1/hits?limit=500"))["items"]
        assert {h["title"] for h in hits} == titles | {"Shared by one"}
    finally:
        await first.finish()
        await second.finish()


async def test_a_store_of_ones_own_goes_away_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> None:
    """Whether it hangs or dies: meanwhile the API says 503 and why, and is alive; then all goes on by itself."""
    ways = ("frozen", "dead")
    servers = [External(tmp_path_factory.mktemp(how) / "valkey") for how in ways]
    feeds = FeedServer()
    await feeds.start()
    try:
        await asyncio.gather(*(server.start() for server in servers))
        folders = [tmp_path_factory.mktemp(how) for how in ways]
        services = [new_service(f, MONITOR_REDIS_URL=s.url) for f, s in zip(folders, servers, strict=True)]
        cases = zip(services, servers, ways, strict=True)
        await asyncio.gather(*(outage(service, server, feeds, receiver, how) for service, server, how in cases))
    finally:
        for server in servers:
            await server.kill()
        for service in services:
            await service.finish()
        await feeds.stop()


async def outage(service: Service, server: External, feeds: FeedServer, receiver: Receiver, how: str) -> None:
    """Take the store away for a while and look at the service during and after it."""
    await service.start()
    path = await watch(service, receiver, how)
    feeds.feeds[path] = [Item("old", "Nothing")]
    id_ = (await service.post("/v1/feeds", {"url": feeds.url + path, "interval": 1}))["id"]

    async def polled() -> bool:
        return (await service.get(f"/v1/feeds/{id_}"))["health"]["status"] == "ok"

    await eventually(polled, what="the first poll")
    await service.post("/v1/stories", {"title": f"{how} before"})
    await told(receiver, path, {f"{how} before"})
    await recorded(service, f"{how} before")
    began = time.monotonic()
    server.signal(signal.SIGSTOP if how == "frozen" else signal.SIGKILL)
    await asyncio.sleep(0.1)  # the signal is on its way
    feeds.feeds[path] = [Item("new", f"{how} feed"), Item("old", "Nothing")]
    problem, refused, unready = await asyncio.gather(
        service.call("GET", "/v1/hits"),
        service.call("POST", "/v1/stories", {"title": f"{how} refused"}),
        service.call("GET", "/readyz", key=""),
    )
    for answer in (problem, refused):
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer
        assert answer.body["detail"].startswith("the store "), answer
    assert unready.status == 503
    assert any("store" in text for text in unready.body["problems"]), unready
    assert (await service.call("GET", "/healthz", key="")).status == 200
    await asyncio.sleep(max(0.0, began + OUTAGE - time.monotonic()))
    if how == "frozen":
        server.signal(signal.SIGCONT)
    else:
        await server.kill()
        await server.start()
    await ready(service)
    await service.post("/v1/stories", {"title": f"{how} after"})
    # A claim of the poller that reached the store, but not the poller, would hold the feed for two minutes.
    await service.post(f"/v1/feeds/{id_}:poll")
    await told(receiver, path, {f"{how} after", f"{how} feed"}, LEFTOVERS)
    said = [e["event"] for e in service.events()]
    assert any(event.startswith("the store is not usable") for event in said)
    assert "the store is back" in said
    assert len(alerts(receiver, path)[f"{how} before"]) == 1
    assert await service.stop() == 0


async def refusal(service: Service, seconds: float = 15.0) -> str:
    """What a service that must not start says on its way out, with exit code 2."""
    assert service.process is not None
    code = await asyncio.wait_for(service.process.wait(), seconds)
    await asyncio.gather(*service._readers)
    text = "\n".join(service.err)
    assert code == 2, text
    assert "Traceback" not in text
    return text


USELESS = {
    "redis://:a-wrong-secret@127.0.0.1:{port}/0": ("password", "MONITOR_REDIS_URL"),
    "redis://127.0.0.1:{port}/0": ("password", "MONITOR_REDIS_URL"),
    "http://127.0.0.1:{port}/": ("MONITOR_REDIS_URL", "redis://"),
    "redis://127.0.0.1:no-port/0": ("MONITOR_REDIS_URL",),
    "redis://:{password}@127.0.0.1:{port}/4000": ("MONITOR_REDIS_URL", "DB index"),
}
"""URLs that no waiting mends, and words of what must be said."""


async def test_a_url_that_cannot_work_ends_the_start_with_code_2(
    tmp_path_factory: pytest.TempPathFactory, external: External
) -> None:
    """At once, naming the setting, and without printing the password."""
    services = []
    for url in USELESS:
        filled = url.format(port=external.port, password=external.password)
        services.append(new_service(tmp_path_factory.mktemp("useless"), MONITOR_REDIS_URL=filled))
        await services[-1].launch()
    texts = await asyncio.gather(*(refusal(service) for service in services))
    for (url, words), text in zip(USELESS.items(), texts, strict=True):
        assert [word for word in words if word not in text] == [], (url, text)
        assert "a-wrong-secret" not in text
        assert external.password not in text


async def test_a_newer_schema_is_refused_with_code_2_and_left_alone(tmp_path: Path, external: External) -> None:
    """Data of a newer version is not touched; the message says what to do."""
    async with external.client(database=1) as client:
        written = {b"schema_version": b"999", b"partitions": b"16"}
        await client.hset("meta", mapping=written)
        service = new_service(tmp_path, MONITOR_REDIS_URL=external.url.removesuffix("0") + "1")
        await service.launch()
        text = await refusal(service)
        assert "newer version" in text
        assert "999" in text
        assert await client.hgetall("meta") == written
        assert await client.keys() == [b"meta"]


async def test_an_unreachable_store_ends_the_start_with_code_2(unreachable: Service) -> None:
    """A store may start later than the service, so it is waited for; not for ever."""
    text = await refusal(unreachable, 45.0)
    assert "does not answer" in text
    assert "MONITOR_REDIS_URL" in text
