"""The commands on the store, beside a running service and without one."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import InvalidInput, RuleSyntaxError
from tests.acceptance.test_cli import lines, monitor, said
from tests.harness.servers import FeedServer, Item, Receiver
from tests.harness.service import LOOPBACK, Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "hunter2"


@dataclass
class World:
    """A running service, what it polls and what it calls."""

    service: Service
    feeds: FeedServer
    receiver: Receiver

    async def cli(self, *args: object) -> subprocess.CompletedProcess[bytes]:
        """A command on the service's data dir, while the service runs."""
        return await asyncio.to_thread(monitor, *args, env={"MONITOR_DATA_DIR": str(self.service.data_dir)})

    async def each(self, *commands: list[object]) -> list[subprocess.CompletedProcess[bytes]]:
        """Commands that do not touch each other, as many at a time as there are processors."""
        turn = asyncio.Semaphore(2)

        async def one(command: list[object]) -> subprocess.CompletedProcess[bytes]:
            async with turn:
                return await self.cli(*command)

        return await asyncio.gather(*map(one, commands))

    async def done(self, *args: object) -> str:
        """What a command prints that must succeed."""
        result = await self.cli(*args)
        assert result.returncode == 0, said(result)
        return result.stdout.decode().strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service with one rule of a file."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "rules").mkdir()
    (folder / "rules" / "kept.yaml").write_text("id: kept\nname: Kept\nquery: quokka\n")
    service = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    feeds, receiver = FeedServer(), Receiver()
    await feeds.start()
    await receiver.start()
    try:
        await service.start()
        yield World(service, feeds, receiver)
    finally:
        await service.finish()
        await feeds.stop()
        await receiver.stop()


async def test_a_feed_added_here_is_polled_there(world: World) -> None:
    """The running service polls it at once; list, export and remove see it; its password is shown nowhere."""
    world.feeds.feeds["/cli"] = [Item("one", "First")]
    host = world.feeds.url.removeprefix("http://")
    added = await world.cli("feeds", "add", f"http://user:{PASSWORD}@{host}/cli", "--tag", "a", "--interval", "900")
    assert added.returncode == 0, said(added)
    id_ = added.stdout.decode().strip()

    async def polled() -> bool:
        return bool((await world.service.get(f"/v1/feeds/{id_}"))["stories"])

    await eventually(polled, what="the feed is polled")
    outputs = [added, *await world.each(["feeds", "list"], ["feeds", "list", "--json"], ["feeds", "export"])]
    assert [o.returncode for o in outputs] == [0, 0, 0, 0]
    assert not [o for o in outputs if PASSWORD.encode() in o.stdout + o.stderr]
    (feed,) = [f for f in lines(outputs[2]) if f["id"] == id_]
    assert (feed["url"], feed["tags"], feed["interval"]) == (f"http://{host}/cli", ["a"], 900)
    assert f"http://{host}/cli" in {o.get("xmlUrl") for o in ET.fromstring(outputs[3].stdout).iter("outline")}  # noqa: S314 - our own output
    again = await world.cli("feeds", "add", f"http://{host}/cli")
    assert (again.returncode, id_ in said(again)) == (1, True)
    await world.done("feeds", "remove", id_)
    assert (await world.service.call("GET", f"/v1/feeds/{id_}")).status == 404
    assert (await world.cli("feeds", "remove", id_)).returncode == 1


async def test_feeds_are_imported(world: World, tmp_path: Path) -> None:
    """What can be used is added, what cannot is named without its password and makes the exit code 1."""
    good = f'<outline text="x" xmlUrl="{world.feeds.url}/imported"/>'
    bad = f'<outline text="y" xmlUrl="ftp://user:{PASSWORD}@old.example/"/>'
    for name, text, code in (("good", good, 0), ("mixed", good + bad, 1), ("none", "words", 1)):
        (tmp_path / name).write_text(f"<opml><body>{text}</body></opml>" if name != "none" else text)
        result = await world.cli("feeds", "import", tmp_path / name)
        assert result.returncode == code, said(result)
        assert PASSWORD not in said(result)
    assert (await world.cli("feeds", "import", tmp_path / "gone")).returncode == 2
    urls = [f["url"] for f in (await world.service.get("/v1/feeds?limit=500"))["items"]]
    assert urls.count(f"{world.feeds.url}/imported") == 1


async def test_a_start_without_feeds_names_the_commands_that_add_some(world: World) -> None:
    """Whoever starts it for the first time is told what to type next."""
    (line,) = [line for line in world.service.out if "No feeds yet" in line]
    assert "monitor feeds add URL" in line
    assert "monitor feeds import --starter" in line


async def test_the_starter_list_is_imported_when_asked(tmp_path: Path) -> None:
    """Its feeds are added with titles and tags and printed; what is there already stays and is only counted. No
    service runs here: it would poll them. A file beside the option, or neither, is refused before anything is added.
    """
    env = {"MONITOR_DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "list.opml").write_text('<opml><outline text="x" xmlUrl="https://a.example/"/></opml>')
    for args in ([], ["--starter", tmp_path / "list.opml"]):
        refused = await asyncio.to_thread(monitor, "feeds", "import", *args, env=env)
        assert (refused.returncode, refused.stdout) == (2, b"")
        assert "either" in said(refused)
        assert "--starter" in said(refused)
    first, again = [await asyncio.to_thread(monitor, "feeds", "import", "--starter", env=env) for _ in range(2)]
    rows = lines(await asyncio.to_thread(monitor, "feeds", "list", "--json", env=env))
    assert (first.returncode, again.returncode) == (0, 0)
    assert f"{len(rows)} feeds added, 0 were there already" in first.stdout.decode()
    assert f"0 feeds added, {len(rows)} were there already" in again.stdout.decode()
    assert len(rows) >= 40
    for row in rows:
        assert row["title"] in first.stdout.decode()
        assert row["title"] not in again.stdout.decode()
        assert row["tags"]


async def test_from_rule_to_replay_on_the_command_line(world: World) -> None:
    """Rule, subscription, hit, explanation and delivery: made and seen by commands, worked by the service."""
    world.receiver.behave["/cli"] = 204
    added, rule = await world.each(
        ["subscriptions", "add", "desk", "--webhook", f"{world.receiver.url}/cli", "--rule", "mara", "--json"],
        ["rules", "add", "mara", "mara AND pampas", "--name", "Maras", "--tag", "x"],
    )
    assert (added.returncode, rule.returncode) == (0, 0), said(added) + said(rule)
    subscription = json.loads(added.stdout)

    async def known() -> bool:
        return "mara" in {r["id"] for r in (await world.service.get("/v1/rules"))["items"]}

    await eventually(known, what="the API knows the rule")
    story = await world.service.post("/v1/stories", {"title": "A mara on the pampas", "id": "mara"})
    await eventually(lambda: asyncio.sleep(0, world.receiver.at("/cli")), what="the webhook")
    (event,) = world.receiver.verified("/cli", subscription["secret"])

    async def sent() -> bool:
        return bool((await world.service.get(f"/v1/deliveries?subscription={subscription['id']}&state=sent"))["items"])

    await eventually(sent, what="the delivery is recorded")
    hits, deliveries, shown, listed, plain, *explained = await world.each(
        ["hits", "list", "--rule", "mara", "--json"],
        ["deliveries", "list", "--subscription", subscription["id"], "--state", "sent", "--json"],
        ["hits", "list"],
        ["subscriptions", "list", "--json"],
        ["subscriptions", "list"],
        *(["explain", rule, story["id"]] for rule in ("mara", "kept", "unheard-of")),
    )
    (hit,) = lines(hits)
    assert (hit["story"], hit["rule"], hit["title"]) == (story["id"], "mara", "A mara on the pampas")
    assert [d["id"] for d in lines(deliveries)] == [event["data"]["id"]]
    assert "A mara on the pampas" in shown.stdout.decode()
    assert [s["name"] for s in lines(listed) if s["id"] == subscription["id"]] == ["desk"]
    bare = subscription["secret"].removeprefix("whsec_").encode()
    assert bare not in listed.stdout + plain.stdout
    assert [e.returncode for e in explained] == [0, 1, 1]
    await world.done("deliveries", "replay", event["data"]["id"])
    await eventually(lambda: asyncio.sleep(0, len(world.receiver.at("/cli")) == 2), what="the replay")
    await world.done("rules", "remove", "mara")
    assert len(lines(await world.cli("hits", "list", "--rule", "mara", "--json"))) == 1
    await world.done("subscriptions", "remove", subscription["id"])


async def test_a_key_opens_the_api_until_it_is_removed(world: World) -> None:
    """Keys add prints a key that works; list shows its name, not the key; remove shuts it out."""
    key = await world.done("keys", "add", "press office")
    assert (await world.service.call("GET", "/v1/feeds", key=key)).status == 200
    listed = await world.cli("keys", "list", "--json")
    (found,) = [k for k in lines(listed) if k["name"] == "press office"]
    assert key.encode() not in listed.stdout
    await world.done("keys", "remove", found["digest"])
    assert (await world.service.call("GET", "/v1/feeds", key=key)).status == 401
    assert (await world.cli("keys", "remove", found["digest"])).returncode == 1


WRONG = [
    (["feeds", "add", "not a url"], "url"),
    (["feeds", "add", "https://a.example/1", "--tag", "a,b"], "tag"),
    (["feeds", "add", "https://a.example/2", "--interval", "99999999"], "interval"),
    (["rules", "add", "Not An Id", "tapir"], "id"),
    (["rules", "add", "open", "(tapir"], "bracket"),
    (["subscriptions", "add", "x", "--webhook", "ftp://a.example/"], "http"),
    (["subscriptions", "add", " ", "--webhook", "https://a.example/"], "name"),
    (["subscriptions", "add", "x", "--webhook", "https://a.example/", "--rule", "Not An Id"], "rule"),
    (["deliveries", "list", "--state", "lost"], "lost"),
]


@pytest.mark.parametrize(("args", "word"), WRONG, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
async def test_what_the_api_refuses_the_command_line_refuses_too(args: list[str], word: str) -> None:
    """The fault is named before the store is opened, so nothing is stored. In this process: starts take long."""
    nowhere = {"MONITOR_DATA_DIR": "/dev/null/none"}
    done = await asyncio.to_thread(CliRunner().invoke, app, args, env=nowhere)
    assert isinstance(done.exception, InvalidInput | RuleSyntaxError)
    assert word in str(done.exception).lower()


async def test_what_the_store_refuses_is_told(world: World) -> None:
    """Exit 1 with the fault on standard error, and the file's rule stays as it is."""
    before = await world.service.get("/v1/rules?limit=500")
    commands: list[list[object]] = [
        ["subscriptions", "add", " ", "--webhook", "https://a.example/"],
        ["rules", "add", "kept", "tapir"],
        ["rules", "remove", "kept"],
        ["deliveries", "replay", "unheard-of"],
    ]
    for word, result in zip(("name", "kept", "kept.yaml", "unheard-of"), await world.each(*commands), strict=True):
        assert (result.returncode, result.stdout) == (1, b""), word
        assert word in said(result)
    assert await world.service.get("/v1/rules?limit=500") == before


async def test_json_output_is_json_lines(world: World) -> None:
    """Everything that takes --json prints one object a line, also where it is only one."""
    story = (await world.service.post("/v1/stories", {"title": "A quokka"}))["id"]
    commands: list[list[object]] = [
        ["rules", "show", "kept"], ["explain", "kept", story], ["rules", "list"], ["keys", "list"],
        ["subscriptions", "add", "lines", "--webhook", "https://a.example/", "--rule", "none"],
        ["keys", "add", "lines"], ["feeds", "add", f"{world.feeds.url}/lines"],
    ]  # fmt: skip
    for result in await world.each(*([*command, "--json"] for command in commands)):
        assert result.returncode == 0, said(result)
        rows: list[Any] = [json.loads(line) for line in result.stdout.decode().splitlines()]
        assert rows
        assert all(isinstance(row, dict) for row in rows)


async def test_keys_are_made_and_kept_without_a_service(tmp_path: Path) -> None:
    """A command that has to start the server itself prints the key or the rows, and no log line between them. An
    empty digest, as an unset variable of a script leaves it, removes no key, be there one or two.
    """
    env = {"MONITOR_DATA_DIR": str(tmp_path / "data")}
    for name in ("one", "two"):
        key = await asyncio.to_thread(monitor, "keys", "add", name, env=env)
        assert len(key.stdout.split()) == 1, key.stdout
        removed = await asyncio.to_thread(monitor, "keys", "remove", "", env=env)
        assert removed.returncode in (1, 2), name
    listed = await asyncio.to_thread(monitor, "keys", "list", "--json", env=env)
    assert [row["name"] for row in lines(listed)] == ["one", "two"]


async def test_commands_work_without_a_service(tmp_path: Path) -> None:
    """On an empty data dir lists are empty, what is added stays, and no server is left behind; a service that starts
    later works on it.
    """
    data = tmp_path / "data"
    rules = tmp_path / "rules"
    rules.mkdir()
    env = {"MONITOR_DATA_DIR": str(data), "MONITOR_RULES_DIR": str(rules), "MONITOR_ALLOWED_PRIVATE_NETWORKS": LOOPBACK}
    empty = await asyncio.to_thread(monitor, "feeds", "list", "--json", env=env)
    assert empty.returncode == 0, said(empty)
    assert b"http" not in empty.stdout
    feeds = FeedServer()
    await feeds.start()
    feeds.feeds["/later"] = [Item("one", "First")]
    service = Service(data, env=env)
    try:
        added = await asyncio.to_thread(monitor, "feeds", "add", f"{feeds.url}/later", env=env)
        assert added.returncode == 0, said(added)
        listed = (await asyncio.to_thread(monitor, "feeds", "list", "--json", env=env)).stdout.decode()
        (row,) = [json.loads(line) for line in listed.splitlines() if line.startswith("{")]
        assert row["url"] == f"{feeds.url}/later"
        pid_file = data / "valkey" / "valkey.pid"
        assert not pid_file.exists() or not Path(f"/proc/{pid_file.read_text().strip()}").exists()
        await service.start()
        await eventually(lambda: asyncio.sleep(0, feeds.hits("/later") > 0), what="the feed is polled")
        assert await service.stop() == 0
    finally:
        await service.finish()
        await feeds.stop()
