"""Receivers that hang, fail, move or lie, and what the service makes of them. One service for the file."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from standardwebhooks import Webhook

from tests.harness.servers import Handler, Receiver, hang
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
Made = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, running, with an empty rules folder."""
    rules = tmp_path_factory.mktemp("rules")
    async with Service(tmp_path_factory.mktemp("receivers") / "data", env={"MONITOR_RULES_DIR": str(rules)}) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest.fixture
def refused() -> str:
    """A URL on a port of loopback where nobody listens."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{made.getsockname()[1]}/"


async def subscribe(service: Service, url: str, word: str) -> Made:
    """A rule for stories with ``word`` in them, if it is not there yet, and a subscription to it."""
    answer = await service.call("POST", "/v1/rules", {"id": word, "name": word, "query": word})
    assert answer.status in (201, 409), answer
    made: Made = await service.post(
        "/v1/subscriptions", {"name": word, "channel": {"type": "webhook", "url": url}, "rules": [word]}
    )
    return made


async def settled(service: Service, made: Made, check: Callable[[Made], bool]) -> Made:
    """The subscription's newest delivery, as soon as ``check`` holds for it."""

    async def found() -> Made | None:
        items = (await service.get(f"/v1/deliveries?subscription={made['id']}"))["items"]
        return items[0] if items and check(items[0]) else None

    answer: Made = await eventually(found, what=f"a delivery to {made['channel']['url']}")
    return answer


def tried(times: int) -> Callable[[Made], bool]:
    """Whether a delivery has been tried so many times."""
    return lambda delivery: len(delivery["attempts"]) >= times


async def test_a_hanging_and_a_dead_receiver_hold_nobody_up(service: Service, receiver: Receiver, refused: str) -> None:
    """While one receiver never answers and another's port is closed, a third gets every alert within seconds."""
    receiver.behave["/hang"] = hang
    hanging = await subscribe(service, f"{receiver.url}/hang", "tide")
    dead = await subscribe(service, refused, "tide")
    good = await subscribe(service, f"{receiver.url}/good", "tide")
    # More than the service has slots for one receiver.
    for number in range(30):
        await service.post("/v1/stories", {"title": f"Tide number {number}"})

    async def all_there() -> bool:
        return len(receiver.at("/good")) == 30

    await eventually(all_there, 5.0, "thirty alerts at the good receiver")
    assert {e["data"]["story"]["title"] for e in receiver.verified("/good", good["secret"])} == {
        f"Tide number {number}" for number in range(30)
    }
    assert receiver.at("/hang"), "the hanging receiver was called meanwhile"
    failed = await settled(service, dead, tried(1))
    assert (failed["state"], failed["attempts"][0]["status"]) == ("scheduled", None)
    assert failed["attempts"][0]["error"].startswith("connect: ")
    assert (await service.get(f"/v1/subscriptions/{dead['id']}"))["receiver"]["failures"] >= 1
    for made in (hanging, dead):
        answer = await service.call("PATCH", f"/v1/subscriptions/{made['id']}", {"enabled": False})
        assert answer.status == 200


async def test_a_500_is_tried_again_with_the_same_id_and_a_later_timestamp(
    service: Service, receiver: Receiver
) -> None:
    """The second attempt comes after the schedule's 5 s (and 20 % jitter), signed anew under the same id."""

    async def once_broken(_: web.Request) -> web.StreamResponse:
        first = len(receiver.received["/flaky"]) == 1
        return web.Response(status=500, text="out of order") if first else web.Response(status=204)

    receiver.behave["/flaky"] = once_broken
    made = await subscribe(service, f"{receiver.url}/flaky", "glacier")
    await service.post("/v1/stories", {"title": "Glacier calves"})
    delivery = await settled(service, made, lambda d: d["state"] == "sent")
    first, second = receiver.at("/flaky")
    assert first.id == second.id == delivery["id"]
    assert first.body == second.body
    assert 5.0 <= second.at - first.at < 8.0
    assert 4 <= int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) <= 8
    receiver.verified("/flaky", made["secret"])
    assert [(a["outcome"], a["status"], a["response"]) for a in delivery["attempts"]] == [
        ("failed", 500, "out of order"),
        ("sent", 204, ""),
    ]


async def test_410_switches_the_subscription_off_and_a_replay_brings_the_alert_back(
    service: Service, receiver: Receiver
) -> None:
    """Gone means gone, with the reason on show; switched on again, dead letters are sent under their old ids."""
    receiver.behave["/gone"] = 410
    made = await subscribe(service, f"{receiver.url}/gone", "comet")
    path = f"/v1/subscriptions/{made['id']}"
    await service.post("/v1/stories", {"title": "Comet in sight"})
    dead = await settled(service, made, lambda d: d["state"] == "dead")

    async def switched_off() -> bool:
        return not (await service.get(path))["enabled"]

    await eventually(switched_off, what="the subscription is switched off")
    assert "410" in (await service.get(path))["disabled_reason"]
    assert any(e.get("subscription") == made["id"] and e["level"] == "error" for e in service.events())
    receiver.behave["/gone"] = 204
    answer = await service.call("PATCH", path, {"enabled": True})
    assert (answer.body["enabled"], answer.body["disabled_reason"]) == (True, None)
    assert await service.post("/v1/deliveries:replay", {"subscription": made["id"]}) == {"count": 1}
    again = await settled(service, made, lambda d: d["state"] == "sent")
    assert again["id"] == dead["id"]
    assert [call.id for call in receiver.at("/gone")] == [dead["id"]] * 2
    assert [a["status"] for a in again["attempts"]] == [410, 204]


async def test_a_delivery_that_arrived_can_be_replayed_under_its_id(service: Service, receiver: Receiver) -> None:
    """A receiver that lost its data gets the same message once more, with the id that it can recognise."""
    made = await subscribe(service, f"{receiver.url}/replay", "meteor")
    await service.post("/v1/stories", {"title": "Meteor shower"})
    sent = await settled(service, made, lambda d: d["state"] == "sent")
    for times in (2, 3):
        await service.post(f"/v1/deliveries/{sent['id']}:replay")
        await settled(service, made, lambda d, times=times: d["state"] == "sent" and tried(times)(d))
    calls = receiver.at("/replay")
    assert [c.id for c in calls] == [sent["id"]] * 3
    assert len({c.body for c in calls}) == 1
    stamps = [int(c.headers["webhook-timestamp"]) for c in calls]
    assert all(a <= b for a, b in pairwise(stamps))
    assert (await service.call("POST", f"/v1/deliveries/{made['id']}-nothing:replay")).status == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_never_followed(service: Service, receiver: Receiver, status: int) -> None:
    """Whatever the receiver's 3xx points at is not asked for: neither by an alert nor by a test call."""

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"{receiver.url}/landing/{status}"})

    receiver.behave[f"/moved/{status}"] = elsewhere
    made = await subscribe(service, f"{receiver.url}/moved/{status}", f"eclipse{status}")
    answer = await service.post(f"/v1/subscriptions/{made['id']}:test")
    assert (answer["ok"], answer["status"]) == (False, status)
    await service.post("/v1/stories", {"title": f"eclipse{status}"})
    delivery = await settled(service, made, tried(1))
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("scheduled", status)
    assert str(status) in delivery["reason"]
    assert f"/landing/{status}" not in receiver.received


async def drip(request: web.Request) -> web.StreamResponse:
    """An answer with a status and a very long body."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(64):
        await answer.write(b"x" * 65_536)
    return answer


@pytest.mark.parametrize(
    ("behaviour", "ok", "status"),
    [(204, True, 204), (404, False, 404), (410, False, 410), (503, False, 503), (drip, True, 200)],
)
async def test_the_test_call_shows_the_receivers_real_answer(
    service: Service, receiver: Receiver, behaviour: int | Handler, ok: bool, status: int
) -> None:
    """A signed test.ping goes out, and what comes back is shown as it is; a 404 looks like a failure."""
    path = f"/ping/{status}"
    receiver.behave[path] = behaviour
    made = await subscribe(service, receiver.url + path, "ping")
    answer = await service.post(f"/v1/subscriptions/{made['id']}:test")
    assert (answer["ok"], answer["status"], answer["error"]) == (ok, status, None)
    assert len(answer["response"]) <= 1_000
    (call,) = receiver.at(path, "test.ping")
    assert Webhook(made["secret"]).verify(call.body, call.headers)["type"] == "test.ping"
    found = await service.get(f"/v1/subscriptions/{made['id']}")
    assert found["enabled"], "a test call changes nothing"


async def test_the_test_call_says_why_there_was_no_answer(service: Service, refused: str) -> None:
    """A closed port is no 500 of ours, but a plain statement."""
    made = await subscribe(service, refused, "ping")
    answer = await service.post(f"/v1/subscriptions/{made['id']}:test")
    assert (answer["ok"], answer["status"]) == (False, None)
    assert answer["error"].startswith("connect: ")


async def test_after_a_rotation_both_secrets_verify(service: Service, receiver: Receiver) -> None:
    """Whoever still has the old secret and whoever has the new one accept the same message."""
    made = await subscribe(service, f"{receiver.url}/rotated", "aurora")
    fresh = await service.post(f"/v1/subscriptions/{made['id']}:rotate-secret")
    assert fresh["secret"] != made["secret"]
    await service.post("/v1/stories", {"title": "Aurora over the bay"})
    await settled(service, made, lambda d: d["state"] == "sent")
    for secret in (made["secret"], fresh["secret"]):
        assert len(receiver.verified("/rotated", secret)) == 1
    assert len(receiver.at("/rotated")[0].headers["webhook-signature"].split(" ")) == 2
    shown = await service.call("GET", f"/v1/subscriptions/{made['id']}")
    assert "whsec_" not in str(shown.body)


async def test_private_addresses_are_refused_unless_allowed(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> None:
    """Without MONITOR_ALLOWED_PRIVATE_NETWORKS no spelling of loopback is called; the attempts say so."""
    folder = tmp_path_factory.mktemp("private")
    env = {"MONITOR_RULES_DIR": str(folder), "MONITOR_ALLOWED_PRIVATE_NETWORKS": ""}
    service = Service(folder / "data", env=env)
    try:
        await service.start()
        port = receiver.url.rpartition(":")[2]
        hosts = [
            *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "0.0.0.0"),
            *("169.254.169.254", "10.0.0.1", "[fe80::1]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"),
        ]
        made = {host: await subscribe(service, f"http://{host}:{port}/secret", "quake") for host in hosts}
        answers = await asyncio.gather(*(service.post(f"/v1/subscriptions/{m['id']}:test") for m in made.values()))
        for host, answer in zip(hosts, answers, strict=True):
            assert (answer["ok"], answer["status"]) == (False, None), host
            reason, _, detail = answer["error"].partition(": ")
            if host in hosts[-4:]:  # no addresses by the letter of RFC 3986: names then, which do not resolve
                assert reason in ("blocked", "dns", "bad-url"), host
            else:
                assert (reason, "MONITOR_ALLOWED_PRIVATE_NETWORKS" in detail) == ("blocked", True), host
        await service.post("/v1/stories", {"title": "Quake in the valley"})
        delivery = await settled(service, made["127.0.0.1"], tried(1))
        assert delivery["attempts"][0]["error"].startswith("blocked: ")
        assert delivery["state"] == "scheduled"
        feed = (await service.post("/v1/feeds", {"url": f"{receiver.url}/secret"}))["id"]

        async def failing() -> Any:
            health = (await service.get(f"/v1/feeds/{feed}"))["health"]
            return health if health["status"] == "failing" else None

        assert (await eventually(failing))["reason"] == "blocked"
        assert "/secret" not in receiver.received
    finally:
        await service.finish()
