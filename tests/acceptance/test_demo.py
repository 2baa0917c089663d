"""`monitor demo`: by itself, with settings of the user's own in the way, interrupted, and killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from monitor.embedded.lock import try_exclusive
from tests.harness.service import eventually

LONGEST = 40.0
"""Seconds that the demo may take."""
OTHERS_SETTINGS = {
    "MONITOR_REDIS_URL": "redis://127.0.0.1:1/garbage",
    "MONITOR_SMTP_URL": "smtp://127.0.0.1:1",
    "MONITOR_PORT": "eighty",
    "MONITOR_RULES_DIR": "/nonexistent",
    "MONITOR_MISSPELT": "1",
}


class Demo:
    """The command in a process group of its own, with ``home`` as its home folder; what it prints is kept."""

    program: tuple[str, ...] = ("-m", "monitor")

    def __init__(self, home: Path, env: dict[str, str], *args: str) -> None:
        base = {k: v for k, v in os.environ.items() if not k.startswith(("MONITOR_", "XDG_"))}
        self._env = base | {"HOME": str(home), "PYTHONUNBUFFERED": "1"} | env
        self._args = args
        self.out = ""
        self.seconds = 0.0

    async def start(self) -> None:
        self._began = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *self.program, "demo", *self._args, env=self._env, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while data := await self.process.stdout.read(4096):
            self.out += data.decode()

    async def end(self, seconds: float = LONGEST + 20) -> int:
        """Wait for the end; the exit code."""
        code = await asyncio.wait_for(self.process.wait(), seconds)
        await self._reader
        self.seconds = time.monotonic() - self._began
        return code

    async def said(self, words: str) -> None:
        """Wait until it has printed ``words``."""

        async def look() -> bool:
            assert self.process.returncode is None, self.out
            return words in self.out

        await eventually(look, what=words)

    @property
    def folder(self) -> Path:
        """The data dir that it names."""
        named = re.search(r"^Data +(.+)$", self.out, re.MULTILINE)
        assert named, self.out
        return Path(named[1].replace("~", self._env["HOME"], 1))

    def left_behind(self) -> list[str]:
        """What still runs: a member of the process group (a worker), or a server that holds the data dir."""
        found = []
        try:
            os.killpg(self.process.pid, 0)
            found.append("a process of its group")
        except ProcessLookupError:
            pass
        held = self.folder / "valkey" / "server.lock"
        lock = try_exclusive(held) if held.exists() else -1
        if lock is None:
            found.append("its server")
        elif lock >= 0:
            os.close(lock)
        return found


@asynccontextmanager
async def demo(
    home: Path, env: dict[str, str] | None = None, *args: str, program: tuple[str, ...] = Demo.program
) -> AsyncIterator[Demo]:
    """The demo, started; whatever is left of it at the end is killed."""
    made = Demo(home, env or {}, *args)
    made.program = program
    await made.start()
    try:
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(made.process.pid, signal.SIGKILL)
        await made.end()
        pid = made.folder / "valkey" / "valkey.pid" if "Data " in made.out else None
        if pid is not None and pid.exists():
            os.kill(int(pid.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("env", [{}, OTHERS_SETTINGS], ids=["no settings", "settings of a real service"])
async def test_it_shows_everything_and_ends_by_itself(tmp_path: Path, env: dict[str, str]) -> None:
    """Hits with their marked words, verified webhooks, a copy, an edit, near misses and a digest; then nothing is
    left running. The user's own settings change nothing.
    """
    async with demo(tmp_path, env, "--pace", "0") as made:
        code = await made.end()
        text = re.sub(r"\s+", " ", made.out)
        assert code == 0, made.out
        assert made.seconds < LONGEST
        assert made.left_behind() == []
        assert made.folder.is_relative_to(tmp_path)
        assert made.folder.name == "media-monitor-demo"
    for words in (
        "what is old does not alert",
        "no hit Vietnam's coffee procurement slows",
        "nearest rule: Vietnam arms procurement; missing arms",
        "nearest rule: Putin Asia visit; missing visit",
        "HIT Putin Asia visit + Vietnam arms procurement [Putin lands in Hanoi]",
        "webhook received, signature verified, one alert for 2 rules",
        "Copy in another outlet: no second alert.",
        "Headline edited: no second alert.",
        "11 stories, 9 hits, 4 webhooks verified, 1 copy folded",
    ):
        assert words in text, made.out
    assert text.count("signature verified") == 4
    assert not re.search(r"\x1b|Traceback|level|Not as it should be", made.out), made.out
    assert max(len(line) for line in made.out.splitlines() if "/" not in line) <= 80


async def test_the_digest_can_be_opened_after_the_end(tmp_path: Path) -> None:
    """Both files that it names are there: the mail, and its HTML with every story that hit, the copy folded."""
    async with demo(tmp_path, None, "--pace", "0", "--data-dir", str(tmp_path / "some where")) as made:
        assert await made.end() == 0, made.out
        url = re.search(r"file:///\S+", made.out)
        assert url, made.out
        page = Path(unquote(urlsplit(url[0]).path))
        assert page.parent == made.folder == tmp_path / "some where"
        (mail,) = (made.folder / "outbox").glob("*.eml")
        assert str(mail.name) in made.out
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert message["To"] == "you@example.org"
    html = page.read_text(encoding="utf-8")
    for title in ("ALERT: ", "present of friendship", "as Moscow courts friends"):
        assert title in html
    assert "coffee" not in html


OTHER_SCRIPT = """
import monitor.demo.running as demo
from monitor.cli import main
from monitor.demo.script import ARMS, COURIER, Act, Fate

demo.NEWS = (Act(COURIER, "miss-coffee", Fate.HIT, (ARMS,)),)
main()
"""


async def test_what_does_not_happen_is_said_and_counts_as_a_failure(tmp_path: Path) -> None:
    """With a script that wants a hit where there is none: exit code 1, and what is missing, by name."""
    async with demo(tmp_path, None, "--pace", "0", program=("-c", OTHER_SCRIPT)) as made:
        assert await made.end() == 1, made.out
        assert made.left_behind() == []
    text = re.sub(r"\s+", " ", made.out)
    assert "Not as it should be: \"Vietnam's coffee procurement slows" in text
    assert "0 webhooks came, not 1" in text
    assert "no digest was sent" in text


@pytest.mark.parametrize("after", ["Data ", "HIT", "copy"])
async def test_ctrl_c_ends_it_at_once_and_cleanly(tmp_path: Path, after: str) -> None:
    """During the start and in the middle: exit code 0, a few seconds, no traceback, nothing left running; a second
    signal on its heels changes nothing.
    """
    async with demo(tmp_path) as made:
        await made.said(after)
        began = time.monotonic()
        os.killpg(made.process.pid, signal.SIGINT)
        os.killpg(made.process.pid, signal.SIGTERM)
        assert await made.end() == 0, made.out
        assert time.monotonic() - began < 8
        assert "Stopped." in made.out
        assert "Traceback" not in made.out
        assert made.left_behind() == []


async def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """Exit code 2, the folder and the option in the message, and nothing is deleted."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "precious").touch()
    async with demo(tmp_path, None, "--data-dir", str(foreign)) as made:
        assert await made.end() == 2
        assert str(foreign) in made.out
        assert "--data-dir" in made.out
        assert "Traceback" not in made.out
    assert [p.name for p in foreign.iterdir()] == ["precious"]


async def test_after_a_kill_the_next_demo_starts_afresh(tmp_path: Path) -> None:
    """The server that a killed demo left behind is ended first, and not robbed of its files; then all is as ever."""
    async with demo(tmp_path) as killed:
        await killed.said("HIT")
        os.killpg(killed.process.pid, signal.SIGKILL)
        await killed.end()

        async def only_its_server() -> bool:  # a worker needs a moment to see that its parent is gone
            return killed.left_behind() == ["its server"]

        await eventually(only_its_server)
        async with demo(tmp_path) as made:
            await made.said("HIT")
            os.killpg(made.process.pid, signal.SIGINT)
            assert await made.end() == 0, made.out
            assert made.left_behind() == []
