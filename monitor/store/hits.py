"""Hits, and the outbox of those that alert."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import NotFound
from monitor.model.hit import Hit
from monitor.ports import Page
from monitor.store import codec
from monitor.store.client import Argument, Client
from monitor.store.index import member, page, trim
from monitor.store.keys import OUTBOX, Keys

BATCH = 100


class HitStore:
    """Hits of all partitions."""

    def __init__(self, client: Client, keys: Keys, hit_seconds: int) -> None:
        self._client = client
        self._keys = keys
        self._hit_seconds = hit_seconds

    async def commit(self, hits: Sequence[Hit]) -> list[Hit]:
        """Store those that are not stored yet, alerting ones with their outbox entry; which were new.

        Doing it again does nothing: the pair of rule and story is the identity of a hit.
        """
        by_prefix: dict[str, list[Hit]] = {}
        for hit in hits:
            by_prefix.setdefault(self._keys.r(hit.rule), []).append(hit)
        batches = [
            (prefix, group[start : start + BATCH])
            for prefix, group in by_prefix.items()
            for start in range(0, len(group), BATCH)
        ]
        calls: list[tuple[list[str], list[Argument]]] = []
        for prefix, batch in batches:
            args: list[Argument] = [self._hit_seconds, prefix]
            for hit in batch:
                entry = member(hit.matched_at, hit.id)
                args += [hit.id, hit.rule, entry, codec.HIT.dump(hit), int(hit.decision.alert)]
            calls.append(([f"{prefix}{OUTBOX}", f"{prefix}hits"], args))
        answers = await self._client.scripts("commit_hits", calls) if calls else []
        return [
            hit
            for (_, batch), flags in zip(batches, answers, strict=True)
            for hit, new in zip(batch, flags, strict=True)
            if new
        ]

    async def get(self, hit: str) -> Hit:
        """The hit. Raises NotFound."""
        data = await self._client.call("GET", self._keys.hit(hit))
        if data is None:
            raise NotFound("hit", hit)
        return codec.HIT.load(data)

    async def load(self, ids: Sequence[str]) -> list[bytes | None]:
        """The records of ``ids``, not yet decoded; None where a hit is gone."""
        return await self._client.many([("GET", self._keys.hit(i)) for i in ids])

    async def existing(self, ids: Sequence[str]) -> list[Hit]:
        """The hits of ``ids`` that are still kept."""
        return [codec.HIT.load(data) for data in await self.load(ids) if data is not None]

    async def page(self, rules: Sequence[str] | None, since: int | None, cursor: str | None, limit: int) -> Page:
        """Ids, newest first, of ``rules`` (None: of all). Raises InvalidInput on a bad cursor."""
        if rules is None:
            keys = [f"{p}hits" for p in self._keys.prefixes("r")]
        else:
            keys = [f"{self._keys.r(rule)}hits:{rule}" for rule in rules]
        return await page(self._client, keys, since, cursor, limit)

    async def trim(self, before: int, rules: Sequence[str]) -> int:
        """Drop index entries older than ``before``; the records expire by themselves."""
        keys = [f"{p}hits" for p in self._keys.prefixes("r")]
        return await trim(self._client, keys + [f"{self._keys.r(r)}hits:{r}" for r in rules], before)
