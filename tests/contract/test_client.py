"""The client and the opened store: scripts heal, failures are of one kind, keys keep to their tags."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.embedded.launcher import EmbeddedServer, prepare_data_dir
from monitor.errors import ConfigurationError, SchemaTooNew, StoreUnavailable
from monitor.model.rule import Backfill
from monitor.model.subscription import DigestSchedule
from monitor.policy.digest import Run
from monitor.policy.freshness import pushed
from monitor.settings import Settings
from monitor.store import keys
from monitor.store.client import Client
from monitor.store.store import Store, connect
from tests.contract.test_config_store import make_spec, make_subscription
from tests.contract.test_deliveries_store import AT, LEASE, SENT, again, tried
from tests.contract.test_feeds_store import add_claimed, make_story, plan_of, state_after
from tests.contract.test_hits_store import make_hit

DAILY = DigestSchedule("0 7 * * *", "UTC", AT)
TAG = re.compile(r"\{(?:[frs]\d+|cfg)\}")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server of the test's own, to be stopped and spoilt."""
    prepare_data_dir(tmp_path)
    made = EmbeddedServer(tmp_path, "64mb")
    await made.join()
    yield made
    await made.leave()


@pytest.fixture
async def raw(own: EmbeddedServer) -> AsyncIterator[Client]:
    """A client of that server."""
    made = Client(own.url)
    yield made
    await made.close()


async def walk_through_everything(store: Store) -> None:
    """Every kind of write and every script at least once, over many ids."""
    config, feeds, deliveries = store.config, store.feeds, store.deliveries
    for n in range(12):
        stories = [make_story(f"f{n}", m) for m in range(2)]
        await feeds.postpone(await add_claimed(store, f"f{n}"), AT)
        (claimed,) = await feeds.claim(AT, AT + LEASE, 10)
        await feeds.renew([claimed], AT + 2 * LEASE)
        await feeds.ingest(claimed, plan_of(stories), state_after(), AT)
        (claimed,) = await feeds.claim(AT, AT + LEASE, 10)
        await feeds.ingest(claimed, plan_of(changed=stories, forget=[f"guid:f{n}-0000"]), state_after(), None)
        await config.put_rule(make_spec(f"r{n}"), None, AT)
        await config.add_subscription(make_subscription(f"s{n}"))
        await feeds.poll_now(f"f{n}", AT)
        await feeds.reschedule((await feeds.get(f"f{n}")).config, AT + 9)
        asked = Backfill(f"r{n}", AT, AT, False)
        await config.ask_backfill(asked)
        await config.finish_backfill(asked, asked)
        hits = [make_hit(f"r{n}", s.id) for s in stories]
        await store.hits.commit(hits)
        await deliveries.enqueue(
            [(make_subscription(f"s{n}"), hit) for hit in (*hits, make_hit("other", hits[0].story))], AT, AT
        )
        one, two = await deliveries.claim(f"s{n}", AT, AT + LEASE, 9)
        await deliveries.renew([one, two], AT + 2 * LEASE)
        await deliveries.record(one, SENT, tried(), AT)
        await deliveries.record(two, again(AT + 9), tried(AT, 503), AT)
        await deliveries.replay(one.id, AT)
        await deliveries.hurry(f"s{n}", AT)
        await deliveries.enqueue([(make_subscription(f"s{n}", digest=DAILY), make_hit("late", hits[0].story))], AT, AT)
        await store.digests.make(f"s{n}", Run("2026-02-02 07:00", AT), AT, planned=True, all_quiet=False)
        await config.remove_rule(f"r{n}")
    from monitor.model.feed import PUSHED, ParsedItem

    for n in range(2):
        await store.stories.push(*pushed(PUSHED, ParsedItem(f"g{n}", None, "A title", ""), None, AT))
    await config.lease(keys.SYNC_LEASE, "one", 9_000)
    await config.release(keys.SYNC_LEASE, "one")
    await config.add_key("mon_x", "x", AT)
    for stream in (*store.stories_in("one"), *store.outboxes("one")):
        await stream.prepare()
        for message in await stream.read(1, 10):
            await stream.give_up(message, "error", AT)
        await stream.done(await stream.read(100, 10))


async def test_every_key_has_the_tag_of_a_family(store: Store) -> None:
    """After a run through everything there are only keys of {f0}… {r0}… {s0}… and {cfg}, and meta."""
    await walk_through_everything(store)
    names = {k.decode() for k in await store.client.call("KEYS", "*")}
    assert "meta" in names
    tags = set()
    for name in names - {"meta"}:
        found = TAG.match(name)
        assert found is not None, name
        tags.add(found[0])
    everywhere = {f"{{{family}{n}}}" for family in "frs" for n in range(store.keys.partitions)}
    assert tags == everywhere | {"{cfg}"}


async def test_a_script_touches_keys_of_one_tag_only(store: Store, server: EmbeddedServer) -> None:
    """The server's own record of commands shows every script, and within each call the keys of one tag."""
    reader, writer = await asyncio.open_unix_connection(str(server.socket))
    writer.write(b"MONITOR\r\n")
    assert (await reader.readline()).startswith(b"+OK")
    await store.client.call("SCRIPT", "FLUSH")
    await walk_through_everything(store)
    await store.client.call("ECHO", "the end")
    touched: list[set[str]] = []
    scripts: set[str] = set()
    while b'"the end"' not in (line := await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)):
        text = line.decode()
        if " lua] " in text:
            touched[-1] |= set(TAG.findall(text.split('"', 3)[3].split('" "')[0]))
        elif '"EVAL' in text:
            scripts |= set(re.findall(r'"EVALSHA" "(\w+)"', text))
            touched.append(set())
    writer.close()
    await writer.wait_closed()
    lua = Path(str(keys.__file__)).parent / "lua"
    assert len(scripts) == len(list(lua.glob("*.lua")))
    assert len(touched) > 100
    assert all(len(tags) <= 1 for tags in touched)


async def test_scripts_heal_after_the_server_forgot_them(store: Store) -> None:
    """A server that restarted knows no script; single calls and batches, mixed ones too, go on as if it did."""
    client = store.client
    await client.call("SCRIPT", "FLUSH")
    assert await client.script("lease", ["{cfg}:a"], ["one", 9_000]) == 1
    await client.call("SCRIPT", "FLUSH")
    calls = [([f"{{cfg}}:{n}"], ["one", 9_000]) for n in range(5)]
    assert await client.scripts("lease", calls) == [1] * 5
    assert await client.scripts("lease", calls) == [1] * 5
    assert await client.scripts("lease", []) == []
    await client.call("SCRIPT", "FLUSH")
    assert await asyncio.gather(*(client.scripts("lease", calls) for _ in range(5))) == [[1] * 5] * 5


CALLS: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "call": lambda c: c.call("PING"),
    "many": lambda c: c.many([("PING",), ("SET", "{cfg}:x", "1")]),
    "atomic": lambda c: c.atomic([("SET", "{cfg}:x", "1"), ("GET", "{cfg}:x")]),
    "script": lambda c: c.script("lease", ["{cfg}:x"], ["one", 9_000]),
    "scripts": lambda c: c.scripts("lease", [(["{cfg}:x"], ["one", 9_000])]),
}
WRITES = {name: CALLS[name] for name in ("many", "atomic", "script", "scripts")}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_server_that_is_gone_is_unavailable(tmp_path: Path, call: Callable[[Client], Awaitable[Any]]) -> None:
    """Every way to speak to a dead server raises StoreUnavailable and is counted."""
    errors: list[int] = []
    client = Client(f"unix://{tmp_path}/none.sock", lambda: errors.append(1))
    with pytest.raises(StoreUnavailable):
        await call(client)
    assert errors == [1]
    await client.close()


async def test_connections_that_broke_are_made_anew(raw: Client) -> None:
    """After the server cut every connection the first call may fail; the next one works on the same client."""
    await raw.many([("PING",)] * 3)
    assert await raw.call("CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal") >= 1
    try:
        await raw.call("PING")
    except StoreUnavailable:
        assert await raw.call("PING") == b"PONG"


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
async def test_a_server_that_cannot_save_is_unavailable(
    raw: Client, tmp_path: Path, call: Callable[[Client], Awaitable[Any]]
) -> None:
    """A disk that takes no more writes (MISCONF) is StoreUnavailable, so that no message is blamed for it."""
    (tmp_path / "valkey" / "dump.rdb").mkdir()  # a snapshot cannot be renamed over a folder
    await raw.call("CONFIG", "SET", "save", "3600 1")
    await raw.call("BGSAVE")
    while b"rdb_bgsave_in_progress:1" in await raw.call("INFO", "persistence"):
        await asyncio.sleep(0.01)
    assert b"rdb_last_bgsave_status:err" in await raw.call("INFO", "persistence")
    try:
        with pytest.raises(StoreUnavailable):
            await call(raw)
    finally:
        await raw.call("CONFIG", "SET", "save", "")


async def test_a_full_server_drains_and_takes_nothing_in(own: EmbeddedServer) -> None:
    """With its memory full the store refuses new stories as unavailable, and still hands out what it holds."""
    store = await connect(own.url, Settings(), embedded=True, patience=5)
    claimed = await add_claimed(store)
    await store.feeds.ingest(claimed, plan_of([make_story()]), state_after(), AT)
    (claimed,) = await store.feeds.claim(AT, AT + LEASE, 1)
    await store.client.call("CONFIG", "SET", "maxmemory", "1mb")
    with pytest.raises(StoreUnavailable, match="MONITOR_MAXMEMORY"):
        await store.feeds.ingest(claimed, plan_of([make_story(number=1)]), state_after(), AT)
    with pytest.raises(StoreUnavailable):
        await store.feeds.claim(AT + LEASE, AT + 2 * LEASE, 1)
    assert await store.memory_ratio() > 1
    assert await store.hits.commit([make_hit("r", "fa-0000")])
    assert [
        e.result for e in await store.deliveries.enqueue([(make_subscription("sa"), make_hit("r", "fa-0000"))], AT, AT)
    ] == ["new"]
    (delivery,) = await store.deliveries.claim("sa", AT, AT + LEASE, 9)
    assert await store.deliveries.record(delivery, SENT, tried(), AT) == "recorded"
    await store.close()


# ── opening ──


async def test_partitions_are_those_of_the_first_start(server: EmbeddedServer, store: Store) -> None:
    """A setting that was changed later is ignored: the data stays where it was put."""
    was = store.keys.partitions
    for setting in (0, 2, 7):
        opened = await connect(server.url, Settings(partitions=setting), embedded=False, patience=1)
        assert opened.keys.partitions == was
        await opened.close()


@pytest.mark.parametrize(
    ("setting", "embedded", "expected"), [(0, True, 1), (0, False, 4), (3, True, 3), (3, False, 3)]
)
async def test_a_first_start_lays_the_partitions_out(
    own: EmbeddedServer, setting: int, embedded: bool, expected: int
) -> None:
    """One for the bundled server, four for a server of the user's own, or as set."""
    opened = await connect(own.url, Settings(partitions=setting), embedded=embedded, patience=1)
    assert opened.keys.partitions == expected
    assert await opened.client.call("HGET", "meta", "partitions") == str(expected).encode()
    await opened.close()


async def test_a_newer_schema_is_refused_and_not_touched(own: EmbeddedServer, raw: Client) -> None:
    """Data of a newer version raises SchemaTooNew; nothing is written to it."""
    await raw.call("HSET", "meta", "schema_version", 2, "layout", "other")
    with pytest.raises(SchemaTooNew, match="newer version"):
        await connect(own.url, Settings(), embedded=True, patience=1)
    assert await raw.call("HGETALL", "meta") == [b"schema_version", b"2", b"layout", b"other"]


@pytest.mark.parametrize(
    "command",
    [("SET", "meta", "theirs"), ("HSET", "meta", "schema_version", "one"), ("HSET", "meta", "partitions", "many")],
    ids=["no hash", "no number", "no number of partitions"],
)
async def test_a_database_of_something_else_is_refused(
    own: EmbeddedServer, raw: Client, command: tuple[str, ...]
) -> None:
    """A database whose ``meta`` another program wrote ends in a ConfigurationError, not in a crash."""
    await raw.call(*command)
    with pytest.raises(ConfigurationError):
        await connect(own.url, Settings(), embedded=True, patience=1)


@pytest.mark.parametrize("url", ["nonsense", "http://localhost", "redis://localhost:port", "unix:///none/x.sock", ""])
async def test_an_address_that_leads_nowhere_is_a_configuration_error(url: str) -> None:
    """A wrong or dead address ends in a ConfigurationError that names the setting, after the patience asked for."""
    with pytest.raises(ConfigurationError, match="MONITOR_REDIS_URL"):
        await connect(url, Settings(), embedded=False, patience=0)
