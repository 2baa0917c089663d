"""The bundled server: one a data dir, shared, restarted, shut down by the last, and never two."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from monitor.embedded.launcher import LONGEST_SOCKET_PATH, EmbeddedServer, find_binary, prepare_data_dir
from monitor.embedded.lock import try_exclusive
from monitor.errors import ConfigurationError
from monitor.settings import Settings
from monitor.store.client import Client
from monitor.store.store import connect
from tests.harness.service import eventually


class Servers:
    """Makes EmbeddedServers and leaves them all in the end."""

    def __init__(self) -> None:
        self.made: list[EmbeddedServer] = []

    def on(self, data_dir: Path) -> EmbeddedServer:
        """One service's share in the server of ``data_dir``, not joined yet."""
        prepare_data_dir(data_dir)
        self.made.append(EmbeddedServer(data_dir, "64mb"))
        return self.made[-1]

    async def joined(self, data_dir: Path) -> EmbeddedServer:
        """The same, joined."""
        server = self.on(data_dir)
        await server.join()
        return server


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Servers that end with the test."""
    found = Servers()
    yield found
    for server in found.made:
        await server.leave()
    for server in found.made:
        if server._process is not None:  # one process plays many here, so it has children that others shut down
            server._process.wait(10)
        if "media-monitor" in server.socket.parent.name and server.socket.parent.exists():
            server.socket.parent.rmdir()


def pid_of(data_dir: Path) -> int:
    """The process id that the running server wrote."""
    return int((data_dir / "valkey" / "valkey.pid").read_text())


async def say(server: EmbeddedServer, *command: str | int) -> object:
    """One command's answer."""
    client = Client(server.url)
    try:
        return await client.call(*command)
    finally:
        await client.close()


async def kill(data_dir: Path) -> None:
    """SIGKILL the server of ``data_dir`` and wait for the end of its lock."""
    os.kill(pid_of(data_dir), signal.SIGKILL)

    async def free() -> bool:
        lock = try_exclusive(data_dir / "valkey" / "server.lock")
        if lock is not None:
            os.close(lock)
        return lock is not None

    await eventually(free, 10, "the lock ends with the server")


def locked(data_dir: Path) -> bool:
    """Whether somebody holds the lock of the data dir's server."""
    lock = try_exclusive(data_dir / "valkey" / "server.lock")
    if lock is not None:
        os.close(lock)
    return lock is None


# ── start, share, leave ──


async def test_a_server_starts_and_answers(servers: Servers, tmp_path: Path) -> None:
    """A first join on an empty data dir starts a server that takes writes."""
    server = await servers.joined(tmp_path / "data")
    assert await say(server, "SET", "a", "1") == b"OK"
    assert await server.ensure() is False


async def test_services_share_one_server(servers: Servers, tmp_path: Path) -> None:
    """A second service adopts the server that runs; what one writes the other reads."""
    one = await servers.joined(tmp_path)
    pid = pid_of(tmp_path)
    two = await servers.joined(tmp_path)
    assert two.url == one.url
    await say(one, "SET", "a", "1")
    assert await say(two, "GET", "a") == b"1"
    assert pid_of(tmp_path) == pid


async def test_services_that_start_at_once_start_one_server(servers: Servers, tmp_path: Path) -> None:
    """Five services that join in the same moment end up on one process."""
    found = await asyncio.gather(*(servers.joined(tmp_path) for _ in range(5)))
    pids = {bytes(str(await say(s, "INFO", "server")), "ascii").partition(b"process_id:")[2][:8] for s in found}
    assert len(pids) == 1


async def test_the_last_to_leave_shuts_the_server_down(servers: Servers, tmp_path: Path) -> None:
    """The first to leave changes nothing for the other; after the last the process and its lock are gone."""
    one, two = await servers.joined(tmp_path), await servers.joined(tmp_path)
    await one.leave()
    assert await say(two, "SET", "a", "1") == b"OK"
    await two.leave()
    assert not locked(tmp_path)
    assert not two.socket.exists()
    assert one._process is not None
    assert one._process.wait(10) == 0
    again = await servers.joined(tmp_path)
    assert await say(again, "GET", "a") == b"1"


async def test_a_server_that_is_only_starting_is_shut_down_too(servers: Servers, tmp_path: Path) -> None:
    """A stop in the moment in which the server holds its lock and does not listen yet leaves no server behind."""
    server = servers.on(tmp_path)
    joining = asyncio.create_task(server.join())
    while server._process is None:
        await asyncio.sleep(0)
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    await server.leave()
    assert server._process.poll() is not None


async def test_leaving_twice_or_before_joining_harms_nobody(servers: Servers, tmp_path: Path) -> None:
    """A service that never joined, or has left, takes no server away from those that stay."""
    one, other = await servers.joined(tmp_path), servers.on(tmp_path)
    await other.leave()
    await other.join()
    await other.leave()
    await other.leave()
    assert await say(one, "PING") == b"PONG"


# ── death and restart ──


async def test_a_dead_server_is_restarted_with_everything_acknowledged(servers: Servers, tmp_path: Path) -> None:
    """After SIGKILL ensure() starts it anew, says so, and every write that was answered is there."""
    server = await servers.joined(tmp_path)
    client = Client(server.url)
    for n in range(50):
        await client.call("SET", f"k{n}", n)
    await client.close()
    await kill(tmp_path)
    assert await server.ensure() is True
    assert await server.ensure() is False
    assert await say(server, "DBSIZE") == 50


async def test_any_service_restarts_the_server(servers: Servers, tmp_path: Path) -> None:
    """A service that only adopted the server restarts it too; of several that try at once, one does."""
    found = [await servers.joined(tmp_path) for _ in range(3)]
    await say(found[0], "SET", "a", "1")
    await kill(tmp_path)
    assert sum(await asyncio.gather(*(s.ensure() for s in found))) == 1
    assert [await say(s, "GET", "a") for s in found] == [b"1"] * 3


async def test_the_lock_lives_as_long_as_the_server(servers: Servers, tmp_path: Path) -> None:
    """Nobody gets the data dir while the server runs, even after the service that started it has left."""
    one, two = await servers.joined(tmp_path), await servers.joined(tmp_path)
    assert locked(tmp_path)
    await one.leave()
    assert locked(tmp_path)
    await kill(tmp_path)
    assert not locked(tmp_path)
    await two.ensure()
    assert locked(tmp_path)


async def test_a_server_that_hangs_is_not_doubled(servers: Servers, tmp_path: Path) -> None:
    """While the server is stopped and answers nothing, ensure() waits and starts no second one on its files."""
    server = await servers.joined(tmp_path)
    pid = pid_of(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(servers.on(tmp_path).join())
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
    finally:
        os.kill(pid, signal.SIGCONT)
    await asyncio.wait_for(waiting, 10)
    assert pid_of(tmp_path) == pid
    assert await say(server, "PING") == b"PONG"


async def test_a_damaged_log_ends_in_its_last_words(servers: Servers, tmp_path: Path) -> None:
    """Data that the server cannot read is a ConfigurationError that quotes it, and the files stay as they are."""
    server = await servers.joined(tmp_path)
    await say(server, "SET", "a", "1")
    await server.leave()
    (log,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"*nonsense\r\n" + log.read_bytes())
    damaged = log.read_bytes()
    with pytest.raises(ConfigurationError, match="stopped at start"):
        await servers.on(tmp_path).join()
    assert log.read_bytes() == damaged
    assert not locked(tmp_path)


# ── who may come near ──


async def test_data_and_socket_are_the_owners_only(servers: Servers, tmp_path: Path) -> None:
    """Data dir and server folder are 0700, the socket lets nobody else in, also where the dir was open before."""
    (tmp_path / "data").mkdir(mode=0o755)
    server = await servers.joined(tmp_path / "data")
    for path in (tmp_path / "data", tmp_path / "data" / "valkey", server.socket):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


async def test_the_server_listens_on_its_socket_only(servers: Servers, tmp_path: Path) -> None:
    """There is no TCP port, and the answers to writes wait for the disk."""
    server = await servers.joined(tmp_path)
    info = str(await say(server, "INFO", "server"))
    assert "tcp_port:0" in info
    assert "name=unix" in info
    assert "name=tcp" not in info
    wanted = {"port": b"0", "appendonly": b"yes", "appendfsync": b"always", "maxmemory-policy": b"noeviction"}
    for name, value in wanted.items():
        assert (await say(server, "CONFIG", "GET", name)) == [name.encode(), value]


# ── data dirs of all kinds ──


@pytest.mark.parametrize("name", ["d" * 120, "ü" * 60, "a/" * 40], ids=["long", "long in bytes", "deep"])
async def test_a_long_path_works(servers: Servers, tmp_path: Path, name: str) -> None:
    """A data dir whose path is too long for a socket gets one in a short folder that only the owner enters."""
    data_dir = tmp_path / name
    server = await servers.joined(data_dir)
    assert len(os.fsencode(server.socket)) <= LONGEST_SOCKET_PATH
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
    assert await say(server, "PING") == b"PONG"
    assert (await servers.joined(data_dir)).socket == server.socket
    assert servers.on(tmp_path / f"{name}2").socket != server.socket


@pytest.mark.parametrize("name", ["my data", "C# news", "what?", "100%25", "a;b&c=d", "neuigkeiten-für-ünal", "[x]"])
async def test_a_data_dir_may_have_any_name(servers: Servers, tmp_path: Path, name: str) -> None:
    """Signs that mean something in a URL are plain letters in a path: the store opens."""
    server = await servers.joined(tmp_path / name)
    store = await connect(server.url, Settings(), embedded=True, patience=0)
    await store.ping()
    await store.close()


async def test_the_socket_is_found_from_every_session(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that runs under a supervisor and one in a login shell look for one server at one place."""
    data_dir = tmp_path / ("d" * 120)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    supervised = servers.on(data_dir)
    with TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        assert servers.on(data_dir).socket == supervised.socket


async def test_a_runtime_folder_that_is_missing_is_no_obstacle(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_RUNTIME_DIR often names a folder that is not there (sudo, cron); a long data dir works all the same."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/no-such-user")
    server = await servers.joined(tmp_path / ("d" * 120))
    assert await say(server, "PING") == b"PONG"


@pytest.mark.parametrize("below", ["data", "data/deeper"])
def test_a_data_dir_that_cannot_be_written_is_named(tmp_path: Path, below: str) -> None:
    """A path that leads through a regular file is a ConfigurationError that names it and the setting."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="MONITOR_DATA_DIR") as caught:
        prepare_data_dir(tmp_path / "file" / below)
    assert str(tmp_path / "file" / below) in str(caught.value)
    with pytest.raises(ConfigurationError):
        prepare_data_dir(tmp_path / "file")


async def test_the_writer_of_a_data_dir_is_recorded(servers: Servers, tmp_path: Path) -> None:
    """server.json names kind and version of the server that wrote the data."""
    await servers.joined(tmp_path)
    binary = find_binary()
    written = json.loads((tmp_path / "valkey" / "server.json").read_text())
    assert written == {"kind": "valkey", "version": list(binary.version)}


@pytest.mark.parametrize(
    ("kind", "version"), [("redis", [7, 2, 4]), ("redis", [9, 1, 0]), ("valkey", [99, 0, 0])],
)  # fmt: skip
async def test_another_servers_data_are_refused(
    servers: Servers, tmp_path: Path, kind: str, version: list[int]
) -> None:
    """Data of another kind of server, or of a newer one, are not opened; the error says whose they are."""
    prepare_data_dir(tmp_path)
    record = tmp_path / "valkey" / "server.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"kind": kind, "version": version}))
    with pytest.raises(ConfigurationError, match=rf"written by {kind} {'.'.join(map(str, version))}"):
        await servers.on(tmp_path).join()
    assert sorted(p.name for p in record.parent.iterdir() if "lock" not in p.name) == ["server.json"]
    assert json.loads(record.read_text())["kind"] == kind
    assert not locked(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"{}", b'{"kind": "valkey"}', b'{"kind": "valkey", "version": null}', b"\xff\xfe\x00",
     b'{"kind": "valkey", "version": "9.1"}', b'{"kind": "valkey", "version": ["nine"]}'],
)  # fmt: skip
async def test_a_damaged_record_is_a_clear_error(servers: Servers, tmp_path: Path, content: bytes) -> None:
    """Whatever stands in server.json, the start ends in a ConfigurationError that names the file."""
    prepare_data_dir(tmp_path)
    record = tmp_path / "valkey" / "server.json"
    record.parent.mkdir()
    record.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"server\.json"):
        await servers.on(tmp_path).join()
    assert record.read_bytes() == content
    assert not locked(tmp_path)
