"""Stories: read, list, push in."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import NotFound
from monitor.model.feed import PUSHED
from monitor.model.story import Story
from monitor.ports import Page
from monitor.store import codec
from monitor.store.client import Argument, Client
from monitor.store.index import member, page, trim
from monitor.store.keys import STORIES_IN, Keys


class StoryStore:
    """Stories of all partitions."""

    def __init__(self, client: Client, keys: Keys, story_seconds: int) -> None:
        self._client = client
        self._keys = keys
        self._story_seconds = story_seconds

    async def get(self, story: str) -> Story:
        """The story. Raises NotFound."""
        data = await self._client.call("GET", self._keys.story(story))
        if data is None:
            raise NotFound("story", story)
        return codec.STORY.load(data)

    async def load(self, ids: Sequence[str]) -> list[bytes | None]:
        """The records of ``ids``, not yet decoded; None where a story is gone."""
        return await self._client.many([("GET", self._keys.story(i)) for i in ids])

    async def existing(self, ids: Sequence[str]) -> list[Story]:
        """The stories of ``ids`` that are still kept."""
        return [codec.STORY.load(data) for data in await self.load(ids) if data is not None]

    async def page(self, feed: str | None, since: int | None, cursor: str | None, limit: int) -> Page:
        """Ids, newest first. Raises InvalidInput on a bad cursor."""
        keys = [f"{self._keys.f(feed)}stories:{feed}"] if feed else [f"{p}stories" for p in self._keys.prefixes("f")]
        return await page(self._client, keys, since, cursor, limit)

    async def push(self, story: Story, aliases: Sequence[str]) -> tuple[str, bool]:
        """Store a pushed story; its id, or that of the story already known by an alias, and whether it is new."""
        prefix = self._keys.f(PUSHED)
        keys = [f"{prefix}{STORIES_IN}", f"{prefix}stories", f"{prefix}stories:{PUSHED}"]
        args: list[Argument] = [
            story.id, member(story.first_seen, story.id), codec.STORY.dump(story), self._story_seconds,
            self._keys.story(story.id), *(f"{prefix}pushed:{alias}" for alias in aliases),
        ]  # fmt: skip
        new, id_ = await self._client.script("push_story", keys, args)
        return id_.decode(), bool(new)

    async def trim(self, before: int, feeds: Sequence[str]) -> int:
        """Drop index entries older than ``before``; the records expire by themselves."""
        keys = [f"{p}stories" for p in self._keys.prefixes("f")]
        return await trim(self._client, keys + [f"{self._keys.f(f)}stories:{f}" for f in (*feeds, PUSHED)], before)
