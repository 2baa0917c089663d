"""The real service as a process of its own, with an API client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession

LOOPBACK = "127.0.0.0/8,::1/128"


async def eventually(check: Callable[[], Awaitable[Any]], seconds: float = 20.0, what: str = "") -> Any:
    """The first true answer of ``check``, asked again and again for at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or check}; last answer: {answer!r}")
        await asyncio.sleep(0.05)


@dataclass
class Answer:
    """An answer of the API; ``body`` is parsed JSON, or text."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Service:
    """``monitor run`` in ``data_dir``. Start it, use it, stop or kill it; its output is kept."""

    data_dir: Path
    env: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    process: Process | None = None
    url: str = ""
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The process's environment: this one's, without its own MONITOR_ settings."""
        base = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")}
        return base | {
            "MONITOR_DATA_DIR": str(self.data_dir),
            "MONITOR_PORT": "0",
            "MONITOR_ALLOWED_PRIVATE_NETWORKS": LOOPBACK,
            "MONITOR_MIN_POLL_INTERVAL": "1",
            "MONITOR_LOG_FORMAT": "json",
        } | self.env  # fmt: skip

    async def launch(self) -> None:
        """Start the process without waiting for anything."""
        self.out.clear()
        self.err.clear()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", "run", *self.args, env=self.environment, stdout=PIPE, stderr=PIPE
        )
        assert self.process.stdout
        assert self.process.stderr
        self._readers = [
            asyncio.create_task(self._collect(self.process.stdout, self.out)),
            asyncio.create_task(self._collect(self.process.stderr, self.err)),
        ]

    async def _collect(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        while line := await stream.readline():
            lines.append(line.decode(errors="replace").rstrip())

    async def start(self, seconds: float = 30.0) -> Service:
        """Start, and wait until it says where it listens."""
        await self.launch()

        async def announced() -> str | None:
            if self.process is not None and self.process.returncode is not None:
                raise AssertionError(f"the service ended with {self.process.returncode}: {self.err[-5:]}")
            found = [m for line in self.out if (m := re.search(r"http://\S+?:\d+", line))]
            done = any("running as" in line for line in self.out)
            return found[0][0] if found else ("no api" if done else None)

        self.url = await eventually(announced, seconds, "the service announces itself")
        return self

    async def stop(self, number: int = signal.SIGTERM, seconds: float = 40.0) -> int:
        """Signal the process and wait for its end; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), seconds)
        await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """SIGKILL; the bundled server lives on."""
        await self.stop(signal.SIGKILL)

    @property
    def server_pid(self) -> int:
        """The bundled server's process id."""
        return int((self.data_dir / "valkey" / "valkey.pid").read_text())

    async def finish(self) -> None:
        """End everything that was started, whatever state it is in."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()
        pid_file = self.data_dir / "valkey" / "valkey.pid"
        if pid_file.exists():
            try:
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                return

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.finish()

    def events(self) -> list[dict[str, Any]]:
        """The structured log so far."""
        return [json.loads(line) for line in self.err if line.startswith("{")]

    async def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any) -> Answer:
        """One API request with the admin key (or ``key``; empty for none)."""
        if key is None:
            key = (self.data_dir / "admin.key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            ClientSession() as session,
            session.request(method, self.url + path, json=body, headers=headers, **kwargs) as answer,
        ):
            text = await answer.text()
            parsed = json.loads(text) if text and "json" in answer.content_type else text
            return Answer(answer.status, parsed, dict(answer.headers))

    async def get(self, path: str) -> Any:
        """The body of a GET that must succeed."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer
        return answer.body

    async def post(self, path: str, body: Any = None) -> Any:
        """The body of a POST that must succeed."""
        answer = await self.call("POST", path, body)
        assert answer.status in (200, 201, 202), answer
        return answer.body

    async def metric(self, name: str) -> float:
        """The sum of a metric's samples, labels included in ``name`` if wanted."""
        lines = (await self.get("/metrics")).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))
