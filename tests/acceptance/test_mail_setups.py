"""Mails over kills and restarts, and with other settings. Each test has a service of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from monitor.embedded.launcher import socket_path
from monitor.model.subscription import Subscription
from monitor.settings import Settings
from monitor.store.store import connect
from tests.acceptance.test_cli import monitor, said
from tests.acceptance.test_mail import Made, data_dir, env, settled, state, subscribe
from tests.conftest import need
from tests.harness.mail import Postbox
from tests.harness.service import Service, eventually

MINUTELY = {"digest": {"cron": "* * * * *"}}


async def backdate(service: Service, made: Made) -> None:
    """Make a digest's schedule two minutes older, as after a downtime: its last run is due now."""
    url = f"unix://{socket_path(service.data_dir)}"
    store = await connect(url, Settings(), embedded=True, patience=5)

    def older(found: Subscription) -> Subscription:
        assert found.digest is not None
        return replace(found, digest=replace(found.digest, since=found.digest.since - 120_000))

    try:
        await store.config.change_subscription(made["id"], older)
    finally:
        await store.close()


async def test_digests_over_kills_and_restarts(tmp_path: Path) -> None:
    """Through aiosmtpd: every story stands in exactly one digest, and no digest comes twice, although the process is
    killed before and after each of them; the first comes by its schedule, the others because they are asked for.
    """
    titles = [f"Eruption number {n}" for n in range(6)]
    async with Postbox() as postbox:

        def told() -> Counter[str]:
            return Counter(t for m in postbox.mails for t in titles if t in m.part("plain"))

        service = Service(tmp_path / "data", env=env(tmp_path, MONITOR_SMTP_URL=postbox.url))
        try:
            await service.start()
            made = await subscribe(service, "volcano", mode=MINUTELY)
            path = f"/v1/subscriptions/{made['id']}"
            assert (await service.get(path))["next_digest"]
            for count in (3, 6):
                for title in titles[count - 3 : count]:
                    await service.post("/v1/stories", {"title": f"{title} of the volcano"})

                async def matched(count: int = count) -> bool:
                    return (await service.get(path))["pending"] + sum(told().values()) >= count

                await eventually(matched, what="stories wait")
                await service.kill()
                await service.start()
                if count == 3:
                    await backdate(service, made)
                else:
                    await service.post(f"{path}:send-now")

                async def arrived(count: int = count) -> bool:
                    return sum(told().values()) == count

                await eventually(arrived, what="the digest arrives")
                await settled(service, made, state("sent"))
                await service.kill()
                await service.start()
            deliveries = (await service.get("/v1/deliveries"))["items"]
        finally:
            await service.finish()
    assert told() == dict.fromkeys(titles, 1)
    ids = [m.message["Message-ID"] for m in postbox.mails]
    assert sorted(ids) == sorted(f"<{d['id']}@news.example>" for d in deliveries)
    assert {d["state"] for d in deliveries} == {"sent"}
    assert all(d["run"] for d in deliveries)
    assert {m.message["References"] for m in postbox.mails} == {f"<{made['id']}@news.example>"}


@asynccontextmanager
async def sink(folder: Path, port: int, *options: str) -> AsyncIterator[None]:
    """Postfix's smtp-sink at ``port``, writing what it takes to files in ``folder``."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin")
    if program is None:
        need("smtp-sink of Debian's package postfix (.ci/install-debian installs it)")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)  # as root it wants to be somebody else, who then writes there
    somebody = ("-u", "nobody") if os.getuid() == 0 else ()
    process: Process = await asyncio.create_subprocess_exec(
        program,
        *somebody,
        "-c",
        "-d",
        "%H%M%S.",
        *options,
        f"127.0.0.1:{port}",
        "20",
        cwd=folder,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )

    async def listens() -> bool:
        assert process.returncode is None
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    try:
        await eventually(listens, what="smtp-sink listens")
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def test_at_most_once_leaves_an_unknown_outcome_to_its_owner(tmp_path: Path) -> None:
    """With MONITOR_MAIL_POLICY=at-most-once a mail that smtp-sink may have is not sent again by itself: it is unknown,
    with no next attempt, until its owner replays it.
    """
    with socket.socket() as made_socket:
        made_socket.bind(("127.0.0.1", 0))
        port = made_socket.getsockname()[1]
    more = {"MONITOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "MONITOR_MAIL_POLICY": "at-most-once"}
    async with Service(tmp_path / "data", env=env(tmp_path, **more)) as service:
        made = await subscribe(service, "quake")
        async with sink(tmp_path / "sink", port, "-q", "."):
            await service.post("/v1/stories", {"title": "A quake in the valley"})
            unknown = await settled(service, made, state("unknown"))
        assert unknown["next_attempt_at"] is None
        assert "may have the mail" in unknown["reason"]
        async with sink(tmp_path / "sink", port):
            await service.post(f"/v1/subscriptions/{made['id']}:send-now")
            await service.post("/v1/stories", {"title": "An aftershock of the quake"})
            other = await settled(service, made, state("sent"))
            assert other["id"] != unknown["id"]
            assert (await service.get(f"/v1/deliveries/{unknown['id']}"))["state"] == "unknown"
            await service.post(f"/v1/deliveries/{unknown['id']}:replay")

            async def sent() -> bool:
                return bool((await service.get(f"/v1/deliveries/{unknown['id']}"))["state"] == "sent")

            await eventually(sent, what="the replay is sent")
    written = b"".join(p.read_bytes() for p in (tmp_path / "sink").iterdir())
    for one in (unknown, other):
        assert f"<{one['id']}@news.example>".encode() in written


async def test_without_a_server_mails_are_files(tmp_path: Path) -> None:
    """No MONITOR_SMTP_URL: one .eml a delivery in the outbox folder, which the test button, the command line and the
    delivery name.
    """
    async with Service(tmp_path / "data", env=env(tmp_path)) as service:
        outbox = service.data_dir / "outbox"
        made = await subscribe(service, "monsoon")
        await service.post("/v1/stories", {"title": "The monsoon is late"})
        sent = await settled(service, made, state("sent"))
        assert [p.name for p in outbox.iterdir()] == [f"{sent['id']}.eml"]
        assert str(outbox) in sent["attempts"][0]["response"]
        message = message_from_bytes((outbox / f"{sent['id']}.eml").read_bytes(), policy=default)
        assert message["To"] == "monsoon@example.org"
        assert outbox.stat().st_mode & 0o077 == 0
        answer = await service.post(f"/v1/subscriptions/{made['id']}:test")
        assert answer["ok"] is True
        assert "MONITOR_SMTP_URL" in answer["response"]
        assert len(list(outbox.iterdir())) == 2
        added = await asyncio.to_thread(
            monitor, "subscriptions", "add", "night", "--mail", "night@example.org", env=service.env | data_dir(service)
        )
        assert added.returncode == 0, said(added)
        assert "MONITOR_SMTP_URL" in added.stderr.decode()
        assert str(outbox) in added.stderr.decode().replace("\n", "")


async def test_a_wrong_address_of_the_server_is_told_at_the_start(tmp_path: Path) -> None:
    """The service does not start, and says which setting is wrong, without the password."""
    wrong = env(
        tmp_path, MONITOR_SMTP_URL="smtp://desk:hunter2/x@mail.example", MONITOR_DATA_DIR=str(tmp_path / "data")
    )
    done = await asyncio.to_thread(monitor, "run", "--port", "0", env=wrong)
    assert done.returncode == 2, said(done)
    assert "MONITOR_SMTP_URL" in said(done)
    assert "hunter2" not in said(done)
