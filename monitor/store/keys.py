"""Every key's name. ``{f0}`` and the like are hash tags: what shares one can change in one script."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

EPOCH = "{cfg}:epoch"
CHANGES = "{cfg}:changes"  # ZSET "<kind>:<id>" -> epoch of its last change
RULES = "{cfg}:rules"  # HASH id -> record
SUBSCRIPTIONS = "{cfg}:subscriptions"  # HASH id -> record
API_KEYS = "{cfg}:keys"  # HASH SHA-256 of the key -> record
BACKFILLS = "{cfg}:backfills"  # HASH rule id -> record
SYNC_LEASE = "{cfg}:lease:rule-files"  # who reads the rule files into the store
FILE_PROBLEMS = "{cfg}:rule-file-problems"  # STRING
APPROVALS = "{cfg}:approvals"  # HASH rule id -> digest of the spec that may take effect although its tests fail
BACKFILL_LEASE = "{cfg}:lease:backfill"
LINKS = "{cfg}:links"  # STRING: signs the links of mails
META = "meta"  # HASH schema_version, partitions


def versions(rule: str) -> str:
    """HASH version -> record: every version that the rule ever had."""
    return f"{{cfg}}:versions:{rule}"


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the partitioned keys, for one number of partitions."""

    partitions: int

    def _of(self, id_: str) -> int:
        return zlib.crc32(id_.encode()) % self.partitions

    def f(self, feed: str) -> str:
        """The prefix of everything that belongs to ``feed``."""
        return f"{{f{self._of(feed)}}}:"

    def r(self, rule: str) -> str:
        """The prefix of everything that belongs to ``rule``."""
        return f"{{r{self._of(rule)}}}:"

    def s(self, subscription: str) -> str:
        """The prefix of everything that belongs to ``subscription``."""
        return f"{{s{self._of(subscription)}}}:"

    def prefixes(self, family: str) -> list[str]:
        """The prefixes of all partitions of the family f, r or s."""
        return [f"{{{family}{n}}}:" for n in range(self.partitions)]

    # Below a feed's prefix: feed:<id> HASH config, state, fence, lease; feeds, due ZSET; fence counter; seen:<id> HASH;
    # story:<id> STRING; stories, stories:<feed> time index; pushed:<alias> STRING; stories-in STREAM.

    def feed(self, feed: str) -> str:
        """HASH of a feed."""
        return f"{self.f(feed)}feed:{feed}"

    def seen(self, feed: str) -> str:
        """HASH alias -> Seen."""
        return f"{self.f(feed)}seen:{feed}"

    def story(self, story: str) -> str:
        """STRING: a story's record. Its id starts with its feed's."""
        return f"{self.f(story.partition('-')[0])}story:{story}"

    # Below a rule's prefix: hit:<id> STRING; hits, hits:<rule> time index; outbox STREAM.

    def hit(self, hit: str) -> str:
        """STRING: a hit's record. Its id starts with its rule's."""
        return f"{self.r(hit.partition('.')[0])}hit:{hit}"

    # Below a subscription's prefix: delivery:<id> HASH; attempts:<id> LIST; due:<subscription> ZSET;
    # ready ZSET subscription -> its earliest due time; health:<subscription> HASH;
    # alerted:<subscription>:<item> HASH rule -> delivery; deliveries:<state>,
    # deliveries:<subscription>:<state> time index. Of digests: pending:<subscription> ZSET hit -> first
    # seen; copies:<subscription> HASH hit -> hits of its copies; told:<subscription> HASH hit -> delivery, for some
    # days; waiting ZSET subscription -> since when something is pending; runs:<subscription> HASH last, name.

    def queues(self, subscription: str) -> list[str]:
        """Where a hit can wait for ``subscription``: due, ready, pending, waiting, copies, told."""
        prefix = self.s(subscription)
        own = [f"{prefix}{name}:{subscription}" for name in ("due", "pending", "copies", "told")]
        return [own[0], f"{prefix}ready", own[1], f"{prefix}waiting", own[2], own[3]]

    def delivery(self, delivery: str) -> str:
        """HASH of a delivery. Its id starts with its subscription's."""
        return f"{self.s(delivery.partition('-')[0])}delivery:{delivery}"


STORIES_IN = "stories-in"
OUTBOX = "outbox"
DEAD = ":dead"
"""Suffix of a stream's stream of messages that were given up on."""
