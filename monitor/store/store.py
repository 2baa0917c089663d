"""The store: all parts over one client, after a check that its data can be read by this version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from redis.exceptions import AuthenticationError, ResponseError

from monitor.errors import ConfigurationError, SchemaTooNew, StoreUnavailable
from monitor.settings import Settings
from monitor.store import keys as names
from monitor.store.client import Client
from monitor.store.config import ConfigStore
from monitor.store.deliveries import DeliveryStore
from monitor.store.digests import DigestStore
from monitor.store.feeds import FeedStore
from monitor.store.hits import HitStore
from monitor.store.keys import OUTBOX, STORIES_IN, Keys
from monitor.store.stories import StoryStore
from monitor.store.streams import Stream, lengths

log = structlog.get_logger(__name__)
SCHEMA = 1
"""Counts incompatible changes of what is stored."""
OLDEST_SERVER = (7, 0)
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Store:
    """One Redis or Valkey, as this service uses it."""

    client: Client
    keys: Keys
    feeds: FeedStore
    stories: StoryStore
    config: ConfigStore
    hits: HitStore
    deliveries: DeliveryStore
    digests: DigestStore

    def stories_in(self, consumer: str) -> list[Stream]:
        """The streams of stories to match, one a partition."""
        return [Stream(self.client, p + STORIES_IN, consumer) for p in self.keys.prefixes("f")]

    def outboxes(self, consumer: str) -> list[Stream]:
        """The streams of hits to hand out, one a partition."""
        return [Stream(self.client, p + OUTBOX, consumer) for p in self.keys.prefixes("r")]

    async def backlog(self) -> dict[str, int]:
        """Messages that wait, by kind of stream; dead ones apart."""
        kinds = {STORIES_IN: "f", OUTBOX: "r"}
        counted = {}
        for name, family in kinds.items():
            for kind in (name, name + names.DEAD):
                counted[kind] = sum(await lengths(self.client, [p + kind for p in self.keys.prefixes(family)]))
        return counted

    async def memory_ratio(self) -> float:
        """Used memory as a share of maxmemory; 0 where there is no limit."""
        info = await self.client.call("INFO", "memory")
        facts = _parse_info(info)
        limit = int(facts.get("maxmemory", 0))
        return int(facts["used_memory"]) / limit if limit else 0.0

    async def ping(self) -> None:
        """Raises StoreUnavailable where the store does not answer."""
        await self.client.call("PING")

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


async def connect(
    url: str,
    settings: Settings,
    *,
    embedded: bool,
    patience: float,
    on_error: Callable[[], None] = lambda: None,
) -> Store:
    """Open the store, waiting up to ``patience`` seconds for a server that is starting.

    Raises SchemaTooNew or ConfigurationError where this version cannot work with it.
    """
    try:
        client = Client(url, on_error)
    except ValueError as error:
        raise ConfigurationError(f"MONITOR_REDIS_URL is not usable: {error}") from error
    try:
        await _await_server(client, patience)
        partitions = await _check_meta(client, settings.partitions or (1 if embedded else 4))
    except BaseException:
        await client.close()
        raise
    keys = Keys(partitions)
    return Store(
        client,
        keys,
        FeedStore(client, keys, settings.story_days * DAY),
        StoryStore(client, keys, settings.story_days * DAY),
        ConfigStore(client),
        HitStore(client, keys, settings.hit_days * DAY),
        DeliveryStore(client, keys, settings.delivery_days * DAY),
        DigestStore(client, keys),
    )


async def _await_server(client: Client, patience: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    waiting = False
    while True:
        try:
            info = await client.call("INFO", "server")
            break
        except StoreUnavailable as error:
            # A wrong password is also a failed connect, but waiting does not mend it.
            if isinstance(error.__cause__, AuthenticationError):
                raise ConfigurationError(
                    f"the store refuses the user or password of MONITOR_REDIS_URL: {error}"
                ) from error
            if loop.time() > deadline:
                raise ConfigurationError(f"{error}; start it, or correct MONITOR_REDIS_URL") from error
            if not waiting:
                waiting = True
                log.warning("waiting for the store", seconds=patience, error=str(error))
            await asyncio.sleep(0.1)
        except ResponseError as error:
            raise ConfigurationError(f"the store refuses the service: {error}; correct MONITOR_REDIS_URL") from error
    facts = _parse_info(info)
    version = tuple(int(n) for n in str(facts.get("redis_version", "0")).split(".")[:2])
    if version < OLDEST_SERVER:
        raise ConfigurationError(f"the store is Redis {facts.get('redis_version')}; 7.0 or newer is needed")


async def _check_meta(client: Client, partitions: int) -> int:
    """The number of partitions that the data was laid out for; written at the first start."""
    try:
        schema, stored = map(_number, await client.call("HMGET", names.META, "schema_version", "partitions"))
        if schema is not None and schema > SCHEMA:
            raise SchemaTooNew(
                f"the data was written by a newer version (schema {schema}, this one knows {SCHEMA}); "
                "install that version, or use another data dir or database"
            )
        if schema is None or stored is None:
            # Two processes may start at once: the first one's answer holds for both.
            await client.call("HSETNX", names.META, "schema_version", SCHEMA)
            await client.call("HSETNX", names.META, "partitions", partitions)
            stored = _number(await client.call("HGET", names.META, "partitions"))
    except (ResponseError, ValueError) as error:
        raise ConfigurationError(
            f"the key {names.META!r} in the store is not this service's ({error}); use another database"
        ) from error
    return stored or partitions


def _number(data: bytes | None) -> int | None:
    """A positive number; None where there is none. Raises ValueError."""
    if data is None:
        return None
    if not data.isdigit() or int(data) < 1:
        raise ValueError(f"{data!r} is no positive number")
    return int(data)


def _parse_info(info: bytes) -> dict[str, str]:
    lines = [line.partition(":") for line in info.decode().splitlines() if ":" in line]
    return {name: value for name, _, value in lines}
