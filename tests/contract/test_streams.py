"""Work streams: each message is handled until it is done, by one reader at a time, or given up with its error."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence

import pytest

from monitor.embedded.launcher import EmbeddedServer
from monitor.store.client import Argument
from monitor.store.keys import DEAD
from monitor.store.store import Store
from monitor.store.streams import GROUP, Stream
from tests.contract.test_feeds_store import Meddled

AT = 1_770_000_000_000
IDLE = 15_000


async def make_stream(store: Store, *ids: str, consumer: str = "one") -> Stream:
    """The first partition's story stream with messages about ``ids``."""
    stream = store.stories_in(consumer)[0]
    await stream.prepare()
    for id_ in ids:
        await store.client.call("XADD", stream.name, "*", "id", id_)
    return stream


async def age(store: Store, stream: Stream, entry: bytes, ms: int = IDLE + 1) -> None:
    """Let the reader of a message have said nothing for ``ms``; it counts as no delivery."""
    ((_, owner, _, _),) = await store.client.call("XPENDING", stream.name, GROUP, entry, entry, 1)
    await store.client.call("XCLAIM", stream.name, GROUP, owner, 0, entry, "IDLE", ms, "JUSTID")


async def pending(store: Store, stream: Stream) -> dict[str, str]:
    """Owner by entry of what was read and is not done."""
    rows = await store.client.call("XPENDING", stream.name, GROUP, "-", "+", 100)
    return {entry.decode(): owner.decode() for entry, owner, _, _ in rows}


async def dead(store: Store, stream: Stream) -> list[dict[str, str]]:
    """The dead stream's entries."""
    rows = await store.client.call("XRANGE", stream.name + DEAD, "-", "+")
    return [{k.decode(): v.decode() for k, v in zip(f[::2], f[1::2], strict=True)} for _, f in rows]


async def test_messages_are_read_in_order_and_once(store: Store) -> None:
    """Readers of one group share the messages; each comes to one of them, in order, as its first try."""
    one = await make_stream(store, *"abcde")
    two = store.stories_in("two")[0]
    first, second, third = await one.read(2, 10), await two.read(2, 10), await one.read(9, 10)
    assert [[m.id for m in part] for part in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert {m.tries for m in (*first, *second, *third)} == {1}
    assert await one.read(9, 10) == []


async def test_a_read_waits_for_news(store: Store) -> None:
    """A reader that found nothing gets a message that comes while it waits; otherwise it returns in time."""
    stream = await make_stream(store)
    began = time.monotonic()
    assert await stream.read(5, 20) == []
    assert time.monotonic() - began < 2
    reading = asyncio.create_task(stream.read(5, 5_000))
    await store.client.call("XADD", stream.name, "*", "id", "late")
    assert [m.id for m in await reading] == ["late"]


async def test_messages_from_before_the_group_are_read(store: Store) -> None:
    """What was written before any reader started is not skipped; preparing twice changes nothing."""
    stream = store.stories_in("one")[0]
    await store.client.call("XADD", stream.name, "*", "id", "early")
    await stream.prepare()
    await stream.prepare()
    assert [m.id for m in await stream.read(5, 10)] == ["early"]


async def test_a_store_that_was_emptied_is_read_again(store: Store) -> None:
    """Without its group a read finds nothing, makes the group anew, and the next one goes on."""
    stream = await make_stream(store, "a")
    await store.client.call("DEL", stream.name)
    assert await stream.read(5, 10) == []
    await store.client.call("XADD", stream.name, "*", "id", "b")
    assert [m.id for m in await stream.read(5, 10)] == ["b"]


async def test_a_store_that_was_emptied_has_nothing_left_behind(store: Store) -> None:
    """Without its group there is nothing to reclaim, no oldest message and no consumer; none of it is an error."""
    stream = await make_stream(store, "a")
    await store.client.call("DEL", stream.name)
    assert await stream.oldest_ms() is None
    await stream.forget_idle_consumers(0)
    assert await stream.reclaim_one(IDLE) is None


async def test_done_acknowledges_and_deletes(store: Store) -> None:
    """A message that is done is neither pending nor in the stream; the others are both."""
    stream = await make_stream(store, "a", "b", "c")
    a, b, c = await stream.read(9, 10)
    await stream.done([a, c])
    await stream.done([])
    assert await pending(store, stream) == {b.entry.decode(): "one"}
    assert await store.client.call("XLEN", stream.name) == 1
    assert (await store.backlog())["stories-in"] == 1
    await stream.done([a, b])
    assert (await store.backlog())["stories-in"] == 0


async def test_what_a_reader_left_is_handed_out_singly(store: Store) -> None:
    """After the idle time another reader gets the messages one by one, oldest first, as their second try."""
    one = await make_stream(store, "a", "b")
    two = store.stories_in("two")[0]
    messages = await one.read(9, 10)
    assert await two.reclaim_one(IDLE) is None
    for message in messages:
        await age(store, one, message.entry)
    first, second = await two.reclaim_one(IDLE), await two.reclaim_one(IDLE)
    assert first is not None
    assert second is not None
    assert [(m.id, m.tries, m.entry) for m in (first, second)] == [(m.id, 2, m.entry) for m in messages]
    assert await two.reclaim_one(IDLE) is None
    assert set((await pending(store, one)).values()) == {"two"}


async def test_each_reclaim_counts_as_a_try(store: Store) -> None:
    """The number of tries grows by one each time a message is handed out, whoever gets it."""
    stream = await make_stream(store, "a")
    (message,) = await stream.read(9, 10)
    tries = []
    for consumer in ("two", "one", "three", "two"):
        await age(store, stream, message.entry)
        reclaimed = await store.stories_in(consumer)[0].reclaim_one(IDLE)
        assert reclaimed is not None
        tries.append(reclaimed.tries)
    assert tries == [2, 3, 4, 5]


async def test_a_message_that_fails_hides_no_other(store: Store) -> None:
    """A message reclaimed a moment ago does not stand before the next one that was left."""
    stream = await make_stream(store, "bad", "good")
    for message in await stream.read(9, 10):
        await age(store, stream, message.entry)
    assert [m.id for m in (await stream.reclaim_one(IDLE), await stream.reclaim_one(IDLE)) if m] == ["bad", "good"]


async def test_a_pending_note_without_its_message_is_dropped(store: Store) -> None:
    """A message that was deleted while it was pending stops no reclaimer: its note goes, the next is handed out."""
    stream = await make_stream(store, "a", "b")
    a, b = await stream.read(9, 10)
    for message in (a, b):
        await age(store, stream, message.entry)
    await store.client.call("XDEL", stream.name, a.entry)
    found = [await stream.reclaim_one(IDLE), await stream.reclaim_one(IDLE)]
    assert [m.id for m in found if m] == ["b"]
    assert await pending(store, stream) == {b.entry.decode(): "one"}


async def test_the_loser_of_a_race_acknowledges_nothing(store: Store, server: EmbeddedServer) -> None:
    """A message that another reclaimer took a moment earlier stays that one's: if it dies, it is handed out again."""
    stream = await make_stream(store, "a")
    (message,) = await stream.read(9, 10)
    await age(store, stream, message.entry)
    faster = store.stories_in("faster")[0]

    async def before(command: Sequence[Argument]) -> None:
        if command[0] == "XCLAIM":
            assert await faster.reclaim_one(IDLE) is not None

    client = Meddled(server.url, before)
    try:
        assert await Stream(client, stream.name, "slower").reclaim_one(IDLE) is None
    finally:
        await client.close()
    assert await pending(store, stream) == {message.entry.decode(): "faster"}


async def test_many_reclaimers_get_each_message_once(store: Store) -> None:
    """Ten processes that reclaim at once share what was left; nobody gets what another has, and all stays pending."""
    stream = await make_stream(store, *(f"m{n:02d}" for n in range(20)))
    for message in await stream.read(99, 10):
        await age(store, stream, message.entry)

    async def take(consumer: str) -> list[str]:
        reader = store.stories_in(consumer)[0]
        return [m.id for _ in range(20) if (m := await reader.reclaim_one(IDLE)) is not None]

    taken = [i for ids in await asyncio.gather(*(take(f"c{n}") for n in range(10))) for i in ids]
    assert sorted(taken) == [f"m{n:02d}" for n in range(20)]
    assert len(await pending(store, stream)) == 20


async def test_giving_up_keeps_the_message_and_its_error(store: Store) -> None:
    """The message moves to the dead stream with error, tries and time, and is nowhere else; a long error is cut."""
    stream = await make_stream(store, "bad")
    (message,) = await stream.read(9, 10)
    await stream.give_up(message, "ValueError('ü')" + "x" * 9_000, AT)
    (found,) = await dead(store, stream)
    note = json.loads(found["note"])
    assert (found["id"], note["tries"], note["at"], len(note["error"])) == ("bad", 1, AT, 2_000)
    assert note["error"].startswith("ValueError('ü')")
    assert await pending(store, stream) == {}
    assert await store.backlog() == {"stories-in": 0, "stories-in:dead": 1, "outbox": 0, "outbox:dead": 0}


@pytest.mark.parametrize("read", [False, True], ids=["waiting", "being handled"])
async def test_the_oldest_message_tells_its_time(store: Store, read: bool) -> None:
    """oldest_ms is the time at which the oldest message came in, handled or not, until it is done."""
    stream = await make_stream(store)
    assert await stream.oldest_ms() is None
    for ms in (AT, AT + 70):
        await store.client.call("XADD", stream.name, f"{ms}-0", "id", str(ms))
    if read:
        await stream.read(1, 10)
    assert await stream.oldest_ms() == AT
    if read:
        await store.client.call("XDEL", stream.name, f"{AT}-0")
        assert await stream.oldest_ms() == AT + 70


async def test_only_idle_consumers_without_work_are_forgotten(store: Store) -> None:
    """A consumer that left messages stays, with them; one that left nothing goes; a recent one stays."""
    stream = await make_stream(store, "a", consumer="busy")
    await stream.read(1, 10)
    idle = store.stories_in("idle")[0]
    await idle.read(1, 10)

    async def consumers() -> set[bytes]:
        rows = await store.client.call("XINFO", "CONSUMERS", stream.name, GROUP)
        return {dict(zip(r[::2], r[1::2], strict=True))[b"name"] for r in rows}

    await idle.forget_idle_consumers(60_000)
    assert await consumers() == {b"busy", b"idle"}
    await idle.forget_idle_consumers(-1)
    assert await consumers() == {b"busy"}
    assert list((await pending(store, stream)).values()) == ["busy"]


async def test_partitions_have_their_own_streams(store: Store) -> None:
    """There is one story stream and one outbox a partition, each with a name of its own."""
    names = [s.name for s in (*store.stories_in("one"), *store.outboxes("one"))]
    assert len(set(names)) == 2 * store.keys.partitions
    assert names[0] == "{f0}:stories-in"
