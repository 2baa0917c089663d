"""What readers do with the links in their mails, and digests by webhook and API. One service for the file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, ClientSession, FormData, MultipartWriter
from standardwebhooks import Webhook

from monitor.render.webhook import MAX_WEBHOOK
from tests.acceptance.test_mail import Made, env, settled, state, subscribe
from tests.harness.servers import Receiver
from tests.harness.service import Answer, Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
NIGHTLY = {"digest": {"cron": "0 3 1 1 *", "timezone": "Europe/Berlin"}}


@dataclass
class World:
    """A running service that writes its mails into files, with links to itself; and a receiver of webhooks."""

    service: Service
    receiver: Receiver

    async def mail(self, made: Made, *titles: str) -> EmailMessage:
        """The mail of a digest or of an alert about stories with these titles."""
        for title in titles:
            await self.service.post("/v1/stories", {"title": title, "body": f"More of {title} <b>& co</b>."})
        if made["mode"] != "instant":
            await self.pending(made, len(titles))
            await self.service.post(f"/v1/subscriptions/{made['id']}:send-now")
        sent = await settled(self.service, made, state("sent"))
        data = (self.service.data_dir / "outbox" / f"{sent['id']}.eml").read_bytes()
        message = message_from_bytes(data, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    async def pending(self, made: Made, count: int) -> None:
        """Wait until so many hits wait for a digest."""

        async def there() -> bool:
            return bool((await self.shown(made))["pending"] == count)

        await eventually(there, what=f"{count} hits wait")

    async def shown(self, made: Made) -> Made:
        """The subscription as the API shows it."""
        found: Made = await self.service.get(f"/v1/subscriptions/{made['id']}")
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service, known by its own address only."""
    folder = tmp_path_factory.mktemp("links")
    settings = env(folder)
    del settings["MONITOR_PUBLIC_URL"]
    async with Receiver() as receiver, Service(folder / "data", env=settings) as service:
        yield World(service, receiver)


async def open_(method: str, url: str, data: Any = None, **headers: str) -> tuple[ClientResponse, str]:
    """What somebody without a key gets; redirects are shown and not followed."""
    async with (
        ClientSession(headers=headers) as session,
        session.request(method, url, data=data, allow_redirects=False) as answer,
    ):
        return answer, await answer.text()


def link(message: EmailMessage) -> str:
    """The address in List-Unsubscribe."""
    return str(message["List-Unsubscribe"]).strip("<>")


# ── unsubscribing ──


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_opening_the_link_changes_nothing(world: World, method: str) -> None:
    """Mail programs and scanners open links by themselves: a page that asks, and the subscription goes on."""
    made = await subscribe(world.service, f"open{method.lower()}")
    url = link(await world.mail(made, f"A story of open{method.lower()}"))
    for _ in range(2):
        answer, page = await open_(method, url)
        assert answer.status in ((200,) if method == "GET" else (200, 204, 405))
        if method == "GET":
            assert answer.content_type == "text/html"
            assert made["name"] in page
            assert '<form method="post"' in page
    assert (await world.shown(made))["enabled"] is True


def one_click() -> dict[str, Any]:
    """The bodies of RFC 8058 and others that arrive in practice."""
    form = FormData({"List-Unsubscribe": "One-Click"})
    parts = MultipartWriter("form-data")
    part = parts.append("One-Click")
    part.set_content_disposition("form-data", name="List-Unsubscribe")
    return {"urlencoded": form, "multipart": parts, "empty": None, "nonsense": b"\xff\x00{"}


@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "empty", "nonsense"])
async def test_a_post_unsubscribes_at_once(world: World, kind: str) -> None:
    """200 without a redirect, a key or a cookie; off with the reason; again is the same; nothing arrives any more."""
    made = await subscribe(world.service, kind)
    url = link(await world.mail(made, f"A story of {kind}"))
    answer, page = await open_("POST", url, one_click()[kind])
    assert answer.status == 200
    assert not answer.cookies
    assert "You are unsubscribed" in page
    found = await world.shown(made)
    assert (found["enabled"], "unsubscribed" in found["disabled_reason"]) == (False, True)
    answer, _ = await open_("POST", url, one_click()[kind])
    assert (answer.status, await world.shown(made)) == (200, found)
    answer, page = await open_("GET", url)
    assert "You are unsubscribed" in page
    await world.service.post("/v1/stories", {"title": f"Another story of {kind}"})
    other = await subscribe(world.service, kind)  # whoever else wants them gets the next
    await world.mail(other, f"A third story of {kind}")
    assert len((await world.service.get(f"/v1/deliveries?subscription={made['id']}"))["items"]) == 1


async def test_who_unsubscribes_from_what_is_off_is_remembered(world: World) -> None:
    """Its owner, who switched it off for a while, learns of it before switching it on again."""
    made = await subscribe(world.service, "pause")
    url = link(await world.mail(made, "A pause"))
    await world.service.call("PATCH", f"/v1/subscriptions/{made['id']}", {"enabled": False})
    assert (await world.shown(made))["disabled_reason"] is None
    answer, _ = await open_("POST", url)
    assert answer.status == 200
    assert "unsubscribed" in (await world.shown(made))["disabled_reason"]


async def test_a_digest_is_unsubscribed_from_with_what_waits(world: World) -> None:
    """What is pending stays where it is and is not sent."""
    made = await subscribe(world.service, "hail", mode=NIGHTLY)
    url = link(await world.mail(made, "Hail in May"))
    await world.service.post("/v1/stories", {"title": "Hail in June"})
    await world.pending(made, 1)
    await open_("POST", url)
    found = await world.shown(made)
    assert (found["enabled"], found["pending"], found["next_digest"]) == (False, 1, None)


async def test_links_that_are_not_ours_are_404(world: World) -> None:
    """Forged, cut or of another purpose: a page that says so, for GET and POST, and nothing changes."""
    made = await subscribe(world.service, "forged")
    url = link(await world.mail(made, "A forged note"))
    base, _, token = url.rpartition("/")
    id_, _, tag = token.rpartition(".")
    tokens = [f"{id_}.{'a' * 16}", token[:-1], id_, f"{id_}.", f".{tag}", f"{token}a", token.upper()]
    tokens += ["%00", "%ff%fe", "%ed%a0%80", "x" * 3_000]
    digest = (await world.mail(made)).get_body(("plain",))
    assert digest is not None
    page = next(word for word in digest.get_content().split() if "/digest/" in word)
    tokens.append(page.rpartition("/")[2])
    for tried in tokens:
        for method in ("GET", "POST"):
            answer, text = await open_(method, f"{base}/{tried}")
            assert (answer.status, "not valid" in text) == (404, True), tried
            answer, _ = await open_(method, f"{base.replace('/unsubscribe', '/digest')}/{tried}")
            if method == "GET" and tried != tokens[-1]:
                assert answer.status == 404, tried
    for path in ("/unsubscribe", "/unsubscribe/", "/digest", "/digest/", f"/unsubscribe/{token}/x"):
        answer, _ = await open_("GET", world.service.url + path)
        assert answer.status in (401, 404), path
    assert (await world.shown(made))["enabled"] is True


async def test_a_deleted_subscription_needs_no_unsubscribing(world: World) -> None:
    """The link of an old mail leads to a page that says that nothing more comes."""
    made = await subscribe(world.service, "gone")
    url = link(await world.mail(made, "A story that is gone"))
    assert (await world.service.call("DELETE", f"/v1/subscriptions/{made['id']}")).status == 204
    for method in ("GET", "POST"):
        answer, page = await open_(method, url)
        assert (answer.status, "Nothing to unsubscribe from" in page) == (200, True)


# ── the page of a digest ──


async def test_the_page_of_a_digest_shows_everything(world: World) -> None:
    """Every hit, for whoever has the link, with headers that keep it to them; hostile titles stay text."""
    made = await subscribe(world.service, "storm", mode=NIGHTLY)
    titles = [f"Storm number {n} &lt;script&gt;alert({n})&lt;/script&gt;" for n in range(60)]
    message = await world.mail(made, *titles)
    body = message.get_body(("plain",))
    assert body is not None
    url = next(word for word in body.get_content().split() if "/digest/" in word)
    answer, page = await open_("GET", url)
    assert (answer.status, answer.content_type) == (200, "text/html")
    for n in range(60):
        assert f"number {n} &lt;script&gt;alert({n})&lt;/script&gt;" in page
    assert "<script" not in page.lower()
    assert "/unsubscribe/" not in page  # whoever the mail was forwarded to may read it, and not end it
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    post, _ = await open_("POST", url)
    assert post.status == 405
    ask, _ = await open_("GET", link(message))
    assert {h: ask.headers[h] for h in ("Content-Security-Policy", "Referrer-Policy", "Cache-Control")} == {
        h: answer.headers[h] for h in ("Content-Security-Policy", "Referrer-Policy", "Cache-Control")
    }


# ── digests by webhook ──


async def test_a_digest_arrives_as_a_webhook(world: World) -> None:
    """300 stories in one signed digest.created of at most 20 kB that says it is cut and where all can be read."""
    url = f"{world.receiver.url}/digest"
    made = await subscribe(world.service, "tornado", channel={"type": "webhook", "url": url}, mode=NIGHTLY)
    for start in range(0, 300, 30):
        stories = [{"title": f"Tornado number {n} – 竜巻 🌪️"} for n in range(start, start + 30)]
        await asyncio.gather(*(world.service.post("/v1/stories", story) for story in stories))
    await world.pending(made, 300)
    assert (await world.service.post(f"/v1/subscriptions/{made['id']}:send-now"))["count"] == 1
    sent = await settled(world.service, made, state("sent"))
    (call,) = world.receiver.at("/digest", "digest.created")
    assert Webhook(made["secret"]).verify(call.body, call.headers)["type"] == "digest.created"
    assert call.id == sent["id"]
    assert len(call.body) <= MAX_WEBHOOK
    data = call.event["data"]
    assert (data["id"], data["total"], data["truncated"], data["run"]) == (sent["id"], 300, True, sent["run"])
    assert 20 < len(data["stories"]) < 300
    answer, page = await open_("GET", data["url"])
    assert answer.status == 200
    assert all(f"number {n} – 竜巻" in page for n in range(300))
    schema = (await world.service.get("/openapi.json"))["components"]["schemas"]["DigestData"]
    assert set(schema["required"]) <= data.keys() <= set(schema["properties"])


async def test_a_small_digest_is_whole(world: World) -> None:
    """Two rules on one story are one entry, and the same item elsewhere is its copy."""
    url = f"{world.receiver.url}/small"
    made = await subscribe(world.service, "flood", channel={"type": "webhook", "url": url}, mode=NIGHTLY)
    await subscribe(world.service, "dyke")
    answer = await world.service.call("PATCH", f"/v1/subscriptions/{made['id']}", {"rules": ["flood", "dyke"]})
    assert answer.status == 200
    story = {"title": "The flood breaks a dyke", "body": "It was a long night. " * 20}
    await world.service.post("/v1/stories", story | {"url": "https://one.example/a", "source": "One"})
    await world.pending(made, 2)
    await world.service.post("/v1/stories", story | {"url": "https://two.example/b", "source": "Two"})

    async def copied() -> bool:
        return len((await world.service.get("/v1/hits?rule=flood"))["items"]) == 2 and bool(
            await world.service.metric('monitor_enqueued_total{result="copy"}')
        )

    await eventually(copied, what="the copy")
    await world.service.post(f"/v1/subscriptions/{made['id']}:send-now")
    await settled(world.service, made, state("sent"))
    (call,) = world.receiver.at("/small", "digest.created")
    (entry,) = call.event["data"]["stories"]
    assert sorted(rule["id"] for rule in entry["rules"]) == ["dyke", "flood"]
    assert [copy["source"] for copy in entry["copies"]] == ["Two"]
    assert call.event["data"]["truncated"] is False


# ── the API ──


async def test_modes_change_both_ways(world: World) -> None:
    """Instant to digest and back, with the schedule's own defaults; what was pending goes out with the change."""
    made = await subscribe(world.service, "frost")
    path = f"/v1/subscriptions/{made['id']}"
    assert (made["mode"], made["next_digest"], made["pending"]) == ("instant", None, 0)
    changed = (await world.service.call("PATCH", path, {"mode": {"digest": {"cron": "0 7 * * 1-5"}}})).body
    assert changed["mode"] == {"digest": {"cron": "0 7 * * 1-5", "timezone": "UTC", "all_quiet": False}}
    assert changed["next_digest"].endswith("T07:00:00.000Z")
    await world.service.post("/v1/stories", {"title": "Frost in April"})
    await world.pending(made, 1)
    moved = (await world.service.call("PATCH", path, {"mode": NIGHTLY})).body
    assert (moved["next_digest"][5:], moved["pending"]) == ("01-01T02:00:00.000Z", 1)
    back = (await world.service.call("PATCH", path, {"mode": "instant"})).body
    assert (back["mode"], back["next_digest"]) == ("instant", None)
    sent = await settled(world.service, made, state("sent"))
    assert sent["run"]
    assert (await world.shown(made))["pending"] == 0
    (listed,) = [s for s in (await world.service.get("/v1/subscriptions?limit=500"))["items"] if s["id"] == made["id"]]
    assert {"next_digest", "pending", "mode"} <= listed.keys()


REFUSED = {
    "other channel": ({"channel": {"type": "webhook", "url": "https://x.example/"}}, "/channel/type"),
    "no address": ({"channel": {"type": "mail", "to": "nobody"}}, "/channel/to"),
    "two addresses": ({"channel": {"type": "mail", "to": "a@b.example, c@d.example"}}, "/channel/to"),
    "line break": ({"channel": {"type": "mail", "to": "a@b.example\r\nBcc: c@d.example"}}, "/channel/to"),
    "cron": ({"mode": {"digest": {"cron": "0 0 30 2 *"}}}, "/mode/digest/cron"),
    "seconds": ({"mode": {"digest": {"cron": "0 0 7 * * *"}}}, "/mode/digest/cron"),
    "zone": ({"mode": {"digest": {"cron": "0 7 * * *", "timezone": "../../etc/passwd"}}}, "/mode/digest/timezone"),
    "no zone": ({"mode": {"digest": {"cron": "0 7 * * *", "timezone": "Berlin"}}}, "/mode/digest/timezone"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_wrong_changes_are_refused(world: World, name: str) -> None:
    """422 that points at the field; nothing of the change is kept."""
    body, pointer = REFUSED[name]
    made = await subscribe(world.service, "rain")
    before = await world.shown(made)
    for method, path, sent in (
        ("PATCH", f"/v1/subscriptions/{made['id']}", body | {"name": "Renamed"}),
        ("POST", "/v1/subscriptions", {"name": "New", "channel": {"type": "mail", "to": "a@b.example"}} | body),
    ):
        if method == "POST" and name == "other channel":
            continue
        answer: Answer = await world.service.call(method, path, sent)
        assert answer.status == 422, answer
        (error,) = answer.body["errors"]
        assert error["pointer"].lstrip("#") == pointer
        assert error["hint"]
    assert await world.shown(made) == before


async def test_openapi_describes_digests(world: World) -> None:
    """digest.created is among the webhooks; the signed links are for readers and not part of the API."""
    described = await world.service.get("/openapi.json")
    assert {"hit.created", "digest.created"} <= described["webhooks"].keys()
    assert not [path for path in described["paths"] if "unsubscribe" in path or path.startswith("/digest")]
    assert {"next_digest", "pending", "mode"} <= described["components"]["schemas"]["SubscriptionOut"][
        "properties"
    ].keys()
