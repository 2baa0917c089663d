"""Mails of the running service: what servers do to them, and what is shown of it. One service for the file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.test_cli import monitor, said
from tests.harness.mail import Mail, ScriptedMailServer
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
Made = dict[str, Any]
FROM = "News desk <monitor@news.example>"


@dataclass
class World:
    """A running service, the mail server that it knows, and what a test does to both."""

    service: Service
    server: ScriptedMailServer

    async def subscribe(self, word: str, **changes: Any) -> Made:
        """A mail subscription to stories with ``word``; who gets it is called like that too."""
        return await subscribe(self.service, word, **changes)

    async def settled(self, made: Made, check: Callable[[Made], bool]) -> Made:
        """The newest delivery of a subscription, as soon as ``check`` holds for it."""
        return await settled(self.service, made, check)

    def mails(self, word: str) -> list[Mail]:
        """What arrived for a subscription."""
        return [m for m in self.server.mails if m.to == f"{word}@example.org"]


async def subscribe(service: Service, word: str, **changes: Any) -> Made:
    """A rule for stories with ``word`` in them, and a mail subscription to it."""
    answer = await service.call("POST", "/v1/rules", {"id": word, "name": word, "query": f"({word})"})
    assert answer.status in (201, 409), answer
    body = {"name": f"Desk {word}", "channel": {"type": "mail", "to": f"{word}@example.org"}, "rules": [word]}
    made: Made = await service.post("/v1/subscriptions", body | changes)
    return made


async def settled(service: Service, made: Made, check: Callable[[Made], bool]) -> Made:
    """The newest delivery of a subscription, as soon as ``check`` holds for it."""

    async def found() -> Made | None:
        items = (await service.get(f"/v1/deliveries?subscription={made['id']}"))["items"]
        return items[0] if items and check(items[0]) else None

    answer: Made = await eventually(found, what=f"a delivery of {made['name']}")
    return answer


def state(name: str, tries: int = 1) -> Callable[[Made], bool]:
    """Whether a delivery is in that state after so many attempts."""
    return lambda d: d["state"] == name and len(d["attempts"]) >= tries


def env(folder: Path, **more: str) -> dict[str, str]:
    """The settings of a service with an empty rules folder."""
    (folder / "rules").mkdir()
    return {
        "MONITOR_RULES_DIR": str(folder / "rules"),
        "MONITOR_MAIL_FROM": FROM,
        "MONITOR_PUBLIC_URL": "https://monitor.example",
    } | more


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service with a scripted mail server."""
    folder = tmp_path_factory.mktemp("mail")
    async with ScriptedMailServer() as server:
        service = Service(folder / "data", env=env(folder, MONITOR_SMTP_URL=server.url))
        async with service:
            yield World(service, server)


@pytest.fixture
def world(running: World) -> World:
    """The same for each test, with a server that takes everything again."""
    running.server.replies.clear()
    return running


async def test_an_alert_arrives_as_a_mail(world: World) -> None:
    """Within seconds, once, with headers that say what it is, and both bodies; the delivery shows the answer."""
    world.server.replies["."] = b"250 2.0.0 queued as 4711"
    made = await world.subscribe("ferry")
    assert "secret" not in made or made["secret"] is None
    await world.service.post("/v1/stories", {"title": "Fähre läuft aus: ferry", "body": "Mehr weiß man nicht."})
    delivery = await world.settled(made, state("sent"))
    (mail,) = world.mails("ferry")
    message = mail.message
    assert mail.sender == "monitor@news.example"
    assert (message["From"], message["To"]) == (FROM, "ferry@example.org")
    assert "Fähre läuft aus: ferry" in message["Subject"]
    assert message["Message-ID"] == f"<{delivery['id']}@news.example>"
    assert message["List-Id"] == f"<{made['id']}.news.example>"
    assert message["List-Unsubscribe"].startswith("<https://monitor.example/unsubscribe/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    for subtype in ("plain", "html"):
        assert "Fähre läuft aus" in mail.part(subtype)
        assert "Mehr weiß man nicht." in mail.part(subtype)
        assert message["List-Unsubscribe"].strip("<>") in mail.part(subtype)
    (attempt,) = delivery["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["response"]) == ("sent", 250, "2.0.0 queued as 4711")


async def test_a_temporary_refusal_is_tried_again(world: World) -> None:
    """451, then 250: the same mail under the same Message-ID, after the schedule's 5 s and its jitter."""
    at: list[float] = []

    async def first_later() -> bytes:
        at.append(asyncio.get_running_loop().time())
        return b"451 4.7.1 greylisted" if len(at) == 1 else b"250 OK"

    world.server.replies["RCPT"] = first_later
    made = await world.subscribe("glacier")
    await world.service.post("/v1/stories", {"title": "A glacier calves"})
    waiting = await world.settled(made, state("scheduled"))
    assert (waiting["attempts"][0]["status"], waiting["attempts"][0]["outcome"]) == (451, "failed")
    assert "greylisted" in waiting["reason"]
    assert waiting["next_attempt_at"]
    delivery = await world.settled(made, state("sent", 2))
    assert 5.0 <= at[1] - at[0] < 8.0
    assert [m.message["Message-ID"] for m in world.mails("glacier")] == [f"<{delivery['id']}@news.example>"]


async def test_a_refusal_for_good_ends_the_delivery(world: World) -> None:
    """554: dead, with the server's words; the subscription stays, and its next mail arrives."""
    world.server.replies["."] = [b"554 5.7.1 looks like spam", b"250 OK"]
    made = await world.subscribe("comet")
    await world.service.post("/v1/stories", {"title": "A comet in sight"})
    dead = await world.settled(made, state("dead"))
    assert (dead["next_attempt_at"], dead["attempts"][0]["status"]) == (None, 554)
    assert "5.7.1 looks like spam" in dead["reason"]
    assert (await world.service.get(f"/v1/subscriptions/{made['id']}"))["enabled"] is True
    await world.service.post("/v1/stories", {"title": "Another comet"})
    await world.settled(made, state("sent"))
    assert len(world.mails("comet")) == 1


async def test_a_mailbox_that_does_not_exist_switches_the_subscription_off(world: World) -> None:
    """550 5.1.1 at RCPT: off, with the server's words as the reason; switched on again it is served again."""
    world.server.replies["RCPT"] = b"550-5.1.1 The account that you tried to reach\r\n550 5.1.1 does not exist"
    made = await world.subscribe("meteor")
    path = f"/v1/subscriptions/{made['id']}"
    await world.service.post("/v1/stories", {"title": "A meteor shower"})
    await world.settled(made, state("dead"))

    async def off() -> bool:
        return not (await world.service.get(path))["enabled"]

    await eventually(off, what="the subscription is off")
    assert "5.1.1 does not exist" in (await world.service.get(path))["disabled_reason"]
    world.server.replies.clear()
    answer = await world.service.call("PATCH", path, {"enabled": True})
    assert answer.body["disabled_reason"] is None
    await world.service.post("/v1/deliveries:replay", {"subscription": made["id"]})
    await world.settled(made, state("sent"))


async def test_a_hang_up_after_the_message_is_unknown_and_sent_again_later(world: World) -> None:
    """A state of its own, with the time of the next attempt; the repeat carries the same Message-ID."""
    world.server.replies["."] = [None, b"250 OK"]
    made = await world.subscribe("tide")
    await world.service.post("/v1/stories", {"title": "The tide is high"})
    unknown = await world.settled(made, state("unknown"))
    assert (unknown["attempts"][0]["outcome"], unknown["attempts"][0]["status"]) == ("unknown", None)
    assert "may have the mail" in unknown["reason"]
    wait = datetime.fromisoformat(unknown["next_attempt_at"]) - datetime.fromisoformat(unknown["attempts"][0]["at"])
    assert 300 <= wait.total_seconds() < 370
    listed = (await world.service.get("/v1/deliveries?state=unknown"))["items"]
    assert [d["id"] for d in listed] == [unknown["id"]]
    await world.service.post(f"/v1/subscriptions/{made['id']}:send-now")
    sent = await world.settled(made, state("sent", 2))
    assert sent["id"] == unknown["id"]
    first, second = [raw for raw in world.server.raw if b"To: tide@example.org" in raw]
    assert first == second
    assert f"<{sent['id']}@news.example>".encode() in first


async def test_no_server_is_waited_for(world: World) -> None:
    """While nobody listens the mail is scheduled and says why; when the server is back, send-now sends it."""
    made = await world.subscribe("eclipse")
    await world.server.stop()
    await world.service.post("/v1/stories", {"title": "An eclipse at noon"})
    waiting = await world.settled(made, state("scheduled"))
    assert waiting["attempts"][0]["status"] is None
    assert "connect" in waiting["reason"].lower()
    await world.server.start()
    assert (await world.service.post(f"/v1/subscriptions/{made['id']}:send-now"))["count"] == 1
    await world.settled(made, state("sent", 2))
    assert len(world.mails("eclipse")) == 1


async def test_an_answer_in_another_encoding_does_no_harm(world: World) -> None:
    """A server that says 250 in Latin-1 has got the mail once, and that is recorded."""
    world.server.replies["."] = "250 Message reçu".encode("latin-1")
    made = await world.subscribe("aurora")
    await world.service.post("/v1/stories", {"title": "An aurora over the bay"})
    sent = await world.settled(made, state("sent"))
    assert sent["attempts"][0]["response"].startswith("Message re")
    assert len(world.mails("aurora")) == 1


@pytest.mark.parametrize(
    ("reply", "ok"),
    [(b"250 2.0.0 queued as 4711", True), (b"452 4.2.2 mailbox full", False), (b"550 5.1.1 nobody", False)],
)
async def test_the_test_mail_shows_the_servers_real_answer(world: World, reply: bytes, ok: bool) -> None:
    """What the server says is shown as it is, on the API and the command line, and changes nothing."""
    world.server.replies["." if ok else "RCPT"] = reply
    made = await world.subscribe("ping", enabled=False)
    text = reply.decode()[4:]
    answer = await world.service.post(f"/v1/subscriptions/{made['id']}:test")
    assert (answer["ok"], answer["status"], answer["response"]) == (ok, int(reply[:3]), text)
    assert answer["error"] == (None if ok else reply.decode())
    found = await world.service.get(f"/v1/subscriptions/{made['id']}")
    assert (found["disabled_reason"], found["receiver"]["failures"]) == (None, 0)
    told = await asyncio.to_thread(
        monitor, "subscriptions", "test", made["id"], "--json", env=world.service.env | data_dir(world.service)
    )
    assert told.returncode == (0 if ok else 1), said(told)
    shown = json.loads(told.stdout)
    assert (shown["ok"], shown["status"], shown["response"]) == (ok, int(reply[:3]), text)


def data_dir(service: Service) -> dict[str, str]:
    """The setting that names the service's data dir."""
    return {"MONITOR_DATA_DIR": str(service.data_dir)}
