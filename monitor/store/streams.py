"""Work streams: read by consumer group, acknowledged when the target is written, never trimmed by length.

A message that its reader left (a crash, an error) is handed out again by a timer, one at a time. Only
such single redeliveries count against it; after a few it goes to the stream's dead stream with the
last error, so that it stops nobody (the count is pipeline.work's).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from redis.exceptions import ResponseError

from monitor.ports import Message
from monitor.store.client import BLOCK_MS, Client, Command
from monitor.store.keys import DEAD

GROUP = "workers"


class Stream:
    """One partition's stream, read by one consumer."""

    def __init__(self, client: Client, name: str, consumer: str) -> None:
        self._client = client
        self.name = name
        self._consumer = consumer
        self._excused: Counter[bytes] = Counter()

    async def prepare(self) -> None:
        """Make the stream and its group, if they are not there."""
        try:
            await self._client.call("XGROUP", "CREATE", self.name, GROUP, "0", "MKSTREAM")
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def read(self, count: int, block_ms: int = BLOCK_MS) -> list[Message]:
        """New messages, waiting for them at most ``block_ms``."""
        try:
            answer = await self._client.call(
                "XREADGROUP",
                "GROUP",
                GROUP,
                self._consumer,
                "COUNT",
                count,
                "BLOCK",
                block_ms,
                "STREAMS",
                self.name,
                ">",
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.prepare()  # the store was emptied, or the partition is new
            return []
        return [_message(entry, fields) for _, entries in answer or () for entry, fields in entries]

    async def done(self, messages: Sequence[Message]) -> None:
        """Acknowledge and delete in one step."""
        if messages:
            ids = [m.entry for m in messages]
            await self._client.atomic([("XACK", self.name, GROUP, *ids), ("XDEL", self.name, *ids)])
            for entry in ids:
                self._excused.pop(entry, None)

    async def reclaim_one(self, idle_ms: int) -> Message | None:
        """A message that some reader has left for ``idle_ms``, now this consumer's; None if there is none."""
        try:
            rows = await self._client.call("XPENDING", self.name, GROUP, "IDLE", idle_ms, "-", "+", 1)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.prepare()
            return None
        if not rows:
            return None
        entry, _, _, tries = rows[0]
        claimed = await self._client.call("XCLAIM", self.name, GROUP, self._consumer, idle_ms, entry)
        if not claimed:
            return None  # somebody else was faster; or the entry was deleted, and its note is gone with this
        return _message(claimed[0][0], claimed[0][1], int(tries) + 1 - self._excused[entry])

    def excuse(self, message: Message) -> None:
        """Do not count the last try of ``message``: it failed for no fault of its own."""
        self._excused[message.entry] += 1

    async def give_up(self, message: Message, error: str, now: int) -> None:
        """Move a message to the dead stream, with its error."""
        note = json.dumps({"error": error[:2000], "tries": message.tries, "at": now})
        await self._client.atomic(
            [
                ("XADD", self.name + DEAD, "MAXLEN", "~", 10_000, "*", "id", message.id, "note", note),
                ("XACK", self.name, GROUP, message.entry),
                ("XDEL", self.name, message.entry),
            ]
        )
        self._excused.pop(message.entry, None)

    async def oldest_ms(self) -> int | None:
        """When the oldest message came in, by the server's clock; None where the stream is empty."""
        rows = await self._client.call("XRANGE", self.name, "-", "+", "COUNT", 1)
        return int(rows[0][0].split(b"-")[0]) if rows else None

    async def forget_idle_consumers(self, idle_ms: int) -> None:
        """Remove consumers of processes that are long gone and left nothing behind."""
        try:
            rows = await self._client.call("XINFO", "CONSUMERS", self.name, GROUP)
        except ResponseError:
            return  # no group yet: nothing to tidy
        commands: list[Command] = []
        for row in rows:
            facts = dict(zip(row[::2], row[1::2], strict=True))
            if facts[b"pending"] == 0 and facts[b"idle"] > idle_ms:
                commands.append(("XGROUP", "DELCONSUMER", self.name, GROUP, facts[b"name"]))
        await self._client.many(commands)


async def lengths(client: Client, names: Sequence[str]) -> list[int]:
    """How many messages each stream holds."""
    return [int(n) for n in await client.many([("XLEN", name) for name in names])]


def _message(entry: bytes, fields: Sequence[bytes], tries: int = 1) -> Message:
    return Message(entry, fields[1].decode(), tries)
