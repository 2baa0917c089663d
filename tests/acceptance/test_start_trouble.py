"""Starts that cannot work end with code 2 and say why; stops are clean; a full disk is survived; roles split."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.conftest import need
from tests.harness.servers import FeedServer, Item, Receiver
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
DISK = "24m"
"""Size of the disk that is filled up."""
Mount = Callable[[Path, str], bool]


def new_service(folder: Path, *args: str, **env: str) -> Service:
    """A service below ``folder`` with an empty rules folder, not started yet."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    return Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules"), **env}, args=args)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service that started well."""
    async with new_service(tmp_path_factory.mktemp("well")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts a tmpfs at a path, with options; False where that is not allowed. Unmounted at the end."""
    mounted: list[Path] = []

    def make(at: Path, options: str) -> bool:
        at.mkdir(parents=True, exist_ok=True)
        if os.getuid() != 0 or shutil.which("mount") is None:
            return False
        done = call("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(at))
        if done:
            mounted.append(at)
        return done

    yield make
    for path in mounted:
        deadline = time.monotonic() + 5
        while not call("umount", str(path)):
            time.sleep(0.1)  # a process that was killed is still on its way out
            if time.monotonic() > deadline:
                assert call("umount", "-l", str(path))
                break


def call(*command: str) -> bool:
    """Whether a command of the system succeeds."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


async def refusal(service: Service) -> str:
    """What a service that must not start says on its way out, with exit code 2."""
    if service.process is None:
        await service.launch()
    assert service.process is not None
    code = await asyncio.wait_for(service.process.wait(), 30)
    await asyncio.gather(*service._readers)
    text = "\n".join(service.err)
    assert code == 2, (code, text)
    assert "Traceback" not in text
    return text


async def watch(service: Service, url: str, word: str) -> dict[str, Any]:
    """A rule for ``word`` and a subscription to it at ``url``."""
    await service.post("/v1/rules", {"id": word, "name": word, "query": word})
    channel = {"type": "webhook", "url": url}
    made: dict[str, Any] = await service.post("/v1/subscriptions", {"name": word, "channel": channel, "rules": [word]})
    return made


USELESS: dict[tuple[str, str], tuple[str, ...]] = {
    ("MONITOR_PROT", "8000"): ("MONITOR_PROT", "unknown"),
    ("MONITOR_PORT", "eighty"): ("MONITOR_PORT",),
    ("MONITOR_PORT", "70000"): ("MONITOR_PORT", "65535"),
    ("MONITOR_ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/99"): ("MONITOR_ALLOWED_PRIVATE_NETWORKS",),
    ("MONITOR_MAXMEMORY", "plenty"): ("MONITOR_MAXMEMORY",),
    ("MONITOR_CONFIG", "/nonexistent/monitor.toml"): ("MONITOR_CONFIG", "/nonexistent/monitor.toml"),
    ("MONITOR_REDIS_URL_FILE", "/nonexistent/url"): ("MONITOR_REDIS_URL_FILE", "/nonexistent/url"),
    ("MONITOR_HOST", "203.0.113.1"): ("203.0.113.1",),
    ("--role", "cook"): ("cook", "deliver"),
}
"""Settings and arguments that cannot be meant so, and words of what must be said."""


async def test_a_setting_that_cannot_be_meant_so_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Misspelt names, bad values and files that are not there end the start; nothing is ignored."""
    services = []
    for name, value in USELESS:
        env, args = ({}, (name, value)) if name.startswith("--") else ({name: value}, ())
        services.append(new_service(tmp_path_factory.mktemp("useless"), *args, **env))
        await services[-1].launch()
    try:
        texts = await asyncio.gather(*(refusal(s) for s in services))
    finally:
        for made in services:
            await made.finish()
    for (setting, words), text in zip(USELESS.items(), texts, strict=True):
        assert [word for word in words if word not in text] == [], (setting, text)


async def test_a_taken_port_is_named_and_what_runs_there_is_not_disturbed(tmp_path: Path, service: Service) -> None:
    """The second service ends with the port and the setting in its message, before it starts a server."""
    port = service.url.rpartition(":")[2]
    second = new_service(tmp_path, MONITOR_PORT=port)
    text = await refusal(second)
    assert f"127.0.0.1:{port}" in text
    assert "MONITOR_PORT" in text
    assert not (second.data_dir / "valkey" / "valkey.pid").exists()
    assert (await service.call("GET", "/readyz", key="")).status == 200


@pytest.mark.parametrize("obstacle", ["a file in its place", "a file above it", "read-only"])
async def test_a_data_dir_that_cannot_be_written_is_named(tmp_path: Path, mount: Mount, obstacle: str) -> None:
    """The path, the reason and the setting are in the message."""
    made = new_service(tmp_path)
    if obstacle == "a file in its place":
        made.data_dir.write_text("not a folder")
    elif obstacle == "read-only" and mount(made.data_dir, "ro,size=1m"):
        pass
    elif obstacle == "read-only" and os.getuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        made.data_dir = locked / "data"
    else:
        (tmp_path / "above").write_text("not a folder")
        made.data_dir = tmp_path / "above" / "data"
    text = await refusal(made)
    assert str(made.data_dir) in text
    assert "MONITOR_DATA_DIR" in text


async def test_without_a_known_key_the_answer_is_401(service: Service) -> None:
    """No key, a wrong one, an empty one, another scheme: 401 as a problem; what needs no key answers without."""
    good = (service.data_dir / "admin.key").read_text().strip()
    for key in ("", "mon_wrong", good[:-1], f"{good}x", good.upper(), "\N{SNOWMAN}".encode().hex()):
        for path in ("/v1/feeds", "/v1/hits", "/metrics"):
            answer = await service.call("GET", path, key=key)
            assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json"), (key, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await service.call("GET", "/v1/feeds")).status == 200
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert (await service.call("GET", path, key="")).status == 200, path


async def test_the_start_tells_where_everything_is_and_keeps_it_to_its_owner(service: Service) -> None:
    """The address (of a free port, for port 0) and the key's place are printed; nobody else can read the data."""
    said = "\n".join(service.out)
    assert service.url.startswith("http://127.0.0.1:")
    assert not service.url.endswith(":0")
    assert str(service.data_dir / "admin.key") in said
    assert "monitor feeds" in said, "with no feeds, the start names the command that adds some"
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in (service.data_dir, service.data_dir / "admin.key")}
    assert list(modes.values()) == [0o700, 0o600]
    # A listener for everyone is made only on request.
    with socket.socket() as elsewhere:
        assert elsewhere.connect_ex(("127.0.0.2", int(service.url.rpartition(":")[2]))) != 0


async def test_a_signal_stops_cleanly_and_what_is_in_flight_is_finished(tmp_path: Path, receiver: Receiver) -> None:
    """SIGINT and SIGTERM end the service with code 0, also when they come twice; the call in flight is recorded,
    so that the next start does not make it again.
    """

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1.0)
        return web.Response(status=204)

    receiver.behave["/slow"] = slow
    service = new_service(tmp_path)
    try:
        await service.start()
        made = await watch(service, f"{receiver.url}/slow", "storm")
        for count, numbers in enumerate(((signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)), 1):
            await service.post("/v1/stories", {"title": f"Storm {count}"})

            async def called(count: int = count) -> bool:
                return len(receiver.at("/slow")) == count

            await eventually(called, what="the call is in flight")
            assert service.process is not None
            for number in numbers[1:]:
                service.process.send_signal(number)
                await asyncio.sleep(0.2)
            pid = service.server_pid
            assert await service.stop(numbers[0]) == 0
            assert not [e for e in service.events() if e["level"] in ("error", "critical") or "exception" in e]
            assert not any("Traceback" in line for line in service.err)
            assert not (service.data_dir / "valkey" / "valkey.pid").exists(), pid
            await service.start()
            (newest, *_) = (await service.get(f"/v1/deliveries?subscription={made['id']}"))["items"]
            assert (newest["state"], [a["status"] for a in newest["attempts"]]) == ("sent", [204])
        assert len(receiver.at("/slow")) == 2
    finally:
        await service.finish()


async def test_roles_in_processes_of_their_own_do_the_main_job_together(tmp_path: Path, receiver: Receiver) -> None:
    """poll, match, deliver and api on one data dir: feed to webhook, and a bad rule file is seen by the API."""
    feeds = FeedServer()
    await feeds.start()
    feeds.feeds["/a"] = [Item("old", "Nothing")]
    roles = {role: new_service(tmp_path, "--role", role) for role in ("api", "poll", "match", "deliver")}
    try:
        await asyncio.gather(*(s.start() for s in roles.values()))
        api = roles["api"]
        assert [role for role, s in roles.items() if s.url != "no api"] == ["api"]
        made = await watch(api, f"{receiver.url}/roles", "monsoon")
        id_ = (await api.post("/v1/feeds", {"url": f"{feeds.url}/a", "interval": 1}))["id"]

        async def polled() -> bool:
            return (await api.get(f"/v1/feeds/{id_}"))["health"]["status"] == "ok"

        await eventually(polled, what="the first poll")
        feeds.feeds["/a"] = [Item("new", "Monsoon is late"), Item("old", "Nothing")]
        (tmp_path / "rules" / "bad.yaml").write_text("id: bad\nname: bad\nquery: (\n")

        async def arrived() -> bool:
            return bool(receiver.at("/roles"))

        await eventually(arrived, what="the webhook")
        assert len(receiver.verified("/roles", made["secret"])) == 1

        async def reported() -> bool:
            return any(p["file"] == "bad.yaml" for p in (await api.get("/v1/rule-files"))["items"])

        await eventually(reported, 8.0, "the API shows the problem of the rule file")
    finally:
        codes = await asyncio.gather(*(s.stop() for s in roles.values() if s.process is not None))
        for s in roles.values():
            await s.finish()
        await feeds.stop()
    assert codes == [0, 0, 0, 0]


def fill(path: Path) -> None:
    """Write a file until the disk is full."""
    too_much = bytes(shutil.disk_usage(path.parent).free + (1 << 20))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        path.write_bytes(too_much)


async def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(
    tmp_path: Path, mount: Mount, receiver: Receiver
) -> None:
    """While the disk is full, stories are refused with 503 and the log says so; with space again all goes on."""
    service = new_service(tmp_path)
    if not mount(service.data_dir, f"size={DISK},mode=700"):
        need("a small disk: root and mount")
    try:
        await service.start()
        await watch(service, f"{receiver.url}/disk", "flood")
        filler = service.data_dir / "filler"
        fill(filler)
        acknowledged, refused = [], None
        for number in range(200):
            body = os.urandom(2_000).hex()
            answer = await service.call("POST", "/v1/stories", {"title": f"Flood {number}", "body": body})
            if answer.status != 201:
                refused = answer
                break
            acknowledged.append(f"Flood {number}")
        assert refused is not None, "two hundred stories fit on a full disk"
        assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json"), refused

        async def said() -> bool:
            late = time.monotonic() > began + 5.0
            return late or any("disk" in str(e) and "full" in str(e) for e in service.events())

        began = time.monotonic()
        await eventually(said)
        unready = await service.call("GET", "/readyz", key="")
        assert unready.status == 503
        filler.unlink()

        async def ready() -> bool:
            return (await service.call("GET", "/readyz", key="")).status == 200

        await eventually(ready, 20.0, "with space again the service is ready")
        await service.post("/v1/stories", {"title": "Flood is over"})

        async def all_alerted() -> bool:
            titles = {call.event["data"]["story"]["title"] for call in receiver.at("/disk")}
            return titles >= {*acknowledged, "Flood is over"}

        await eventually(all_alerted, 60.0, f"{len(acknowledged)} stories of before and one of after")
        stored = {s["title"] for s in (await service.get("/v1/stories?limit=500"))["items"]}
        assert stored >= {*acknowledged, "Flood is over"}
        told = [e for e in service.events() if "disk" in str(e) and "full" in str(e)]
        assert told, "the log did not say within five seconds that the disk is full"
        assert await service.stop() == 0
    finally:
        await service.finish()


async def test_a_start_that_waits_can_be_interrupted(tmp_path: Path) -> None:
    """While the store is not there yet, SIGTERM ends the start at once and cleanly."""
    service = new_service(tmp_path, MONITOR_REDIS_URL="redis://127.0.0.1:1/0")
    await service.launch()

    async def waiting() -> bool:
        return any(e["event"] == "waiting for the store" for e in service.events())

    try:
        await eventually(waiting, what="the start says that it waits")
        began = time.monotonic()
        assert await service.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 5
        assert not any(e["level"] in ("error", "critical") for e in service.events())
    finally:
        await service.finish()
