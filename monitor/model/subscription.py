"""A subscription: who gets which hits, by which channel, at once or as a digest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from monitor.model.hit import Hit
from monitor.model.rule import RuleSpec


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A receiver of Standard Webhooks. Secrets are ``whsec_`` + base64 of the key."""

    url: str
    secret: str
    old_secret: str | None = None  # signs as well until old_secret_until, so that a rotation loses none
    old_secret_until: int | None = None
    type: Literal["webhook"] = "webhook"


@dataclass(frozen=True, slots=True)
class MailChannel:
    """A mailbox; ``to`` is one address, its domain in ASCII (IDNA)."""

    to: str
    type: Literal["mail"] = "mail"


Channel = WebhookChannel | MailChannel


@dataclass(frozen=True, slots=True)
class DigestSchedule:
    """When digests go out: a cron expression in a time zone. ``since`` is when it was chosen; no run is before it."""

    cron: str
    timezone: str  # IANA
    since: int
    all_quiet: bool = False  # send a mail also where there is nothing to tell


@dataclass(frozen=True, slots=True)
class Subscription:
    """``rules`` and ``tags`` select hits; both empty means all. Without a ``digest`` each story alerts at once."""

    id: str
    name: str
    channel: Channel
    rules: tuple[str, ...]
    tags: tuple[str, ...]
    enabled: bool
    created_at: int
    disabled_reason: str | None = None  # why the service switched it off, for its owner to read
    digest: DigestSchedule | None = None

    def switched_on(self, now: int) -> Subscription:
        """The subscription, switched on at ``now``: digests begin with the next run, not with those of before."""
        digest = replace(self.digest, since=now) if self.digest and not self.enabled else self.digest
        return replace(self, enabled=True, disabled_reason=None, digest=digest)

    def unmet(self, rules: Iterable[RuleSpec]) -> tuple[str, ...]:
        """The rules and tags asked for that none of ``rules`` is or has: as long as that is so, they bring nothing."""
        specs = list(rules)
        ids, tags = {spec.id for spec in specs}, {tag for spec in specs for tag in spec.tags}
        return (*(r for r in self.rules if r not in ids), *(t for t in self.tags if t not in tags))

    def wants(self, hit: Hit) -> bool:
        """Whether the hit is one that this subscription asked for."""
        if not self.enabled:
            return False
        if not self.rules and not self.tags:
            return True
        return hit.rule in self.rules or any(tag in self.tags for tag in hit.rule_tags)


@dataclass(frozen=True, slots=True)
class ReceiverHealth:
    """How a subscription's receiver fares, over all its deliveries."""

    failures: int = 0  # in a row
    failing_since: int | None = None
    last_success: int | None = None
    last_error: str | None = None
