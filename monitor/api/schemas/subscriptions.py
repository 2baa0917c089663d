"""Subscriptions."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from monitor.api.schemas.common import Flag, Name
from monitor.errors import InvalidInput
from monitor.feeds.address import parse_address
from monitor.model.subscription import (
    Channel,
    DigestSchedule,
    MailChannel,
    ReceiverHealth,
    Subscription,
    WebhookChannel,
)
from monitor.policy.digest import next_run
from monitor.render.text import iso
from monitor.rulebook.schema import RuleId, Strict, Tag

_PLAIN = re.compile(r"[^\s\"(),:;<>@\[\\\]]+@[^\s\"(),;<>@\\]+\Z")


class WebhookIn(Strict):
    """A receiver of webhooks."""

    type: Literal["webhook"]
    url: str = Field(min_length=1, max_length=2000, examples=["https://example.org/hook"])


class MailIn(Strict):
    """A mailbox."""

    type: Literal["mail"]
    to: str = Field(min_length=3, max_length=320, examples=["desk@example.org"])


class DigestMode(Strict):
    """When digests go out."""

    cron: str = Field(min_length=1, max_length=100, examples=["0 7 * * 1-5"])
    timezone: str = Field("UTC", max_length=64, examples=["Europe/Berlin"])
    all_quiet: Flag = Field(False, description="send a mail also where there is nothing to tell")


class Digest(Strict):
    """Many hits in one delivery, at set times."""

    digest: DigestMode


class SubscriptionIn(Strict):
    """Who gets which hits, and how; neither rules nor tags means all hits."""

    name: Name
    channel: Annotated[WebhookIn | MailIn, Field(discriminator="type")]
    rules: list[RuleId] = Field(default=[], max_length=1000)
    tags: list[Tag] = Field(default=[], max_length=100)
    enabled: Flag = True
    mode: Literal["instant"] | Digest = "instant"


class SubscriptionPatch(Strict):
    """What to change; what is left out stays."""

    name: Name | None = None
    channel: Annotated[WebhookIn | MailIn, Field(discriminator="type")] | None = None
    rules: list[RuleId] | None = Field(None, max_length=1000)
    tags: list[Tag] | None = Field(None, max_length=100)
    enabled: Flag | None = None
    mode: Literal["instant"] | Digest | None = None


class WebhookOut(BaseModel):
    """A receiver; its secret is shown once, when it is made."""

    type: Literal["webhook"]
    url: str


class MailOut(BaseModel):
    """A mailbox."""

    type: Literal["mail"]
    to: str


class ReceiverOut(BaseModel):
    """How the receiver fares."""

    failures: int
    failing_since: str | None
    last_success: str | None
    last_error: str | None


class SubscriptionOut(BaseModel):
    """A subscription; ``disabled_reason`` says why the service switched it off."""

    id: str
    name: str
    channel: Annotated[WebhookOut | MailOut, Field(discriminator="type")]
    rules: list[str]
    tags: list[str]
    enabled: bool
    mode: Literal["instant"] | Digest
    created_at: str
    disabled_reason: str | None
    receiver: ReceiverOut
    next_digest: str | None = Field(
        description="when the next digest goes out; null in instant mode, or while switched off"
    )
    pending: int = Field(description="hits that wait for the next digest")

    @classmethod
    def of(cls, found: Subscription, health: ReceiverHealth, pending: int, now: int) -> SubscriptionOut:
        """The answer for a stored subscription."""
        return cls(**_shown(found, health, pending, now))


class SubscriptionCreated(SubscriptionOut):
    """A new subscription; a webhook's with its secret: keep it, it is not shown again."""

    secret: str | None = Field(description="of a webhook; null for mail, which is not signed")

    @classmethod
    def made(cls, found: Subscription, now: int) -> SubscriptionCreated:
        """The answer for a subscription that was just made."""
        secret = found.channel.secret if isinstance(found.channel, WebhookChannel) else None
        return cls(**_shown(found, ReceiverHealth(), 0, now), secret=secret)


def _shown(found: Subscription, health: ReceiverHealth, pending: int, now: int) -> dict[str, Any]:
    schedule = found.digest
    return {
        "id": found.id,
        "name": found.name,
        "channel": _channel(found.channel),
        "rules": list(found.rules),
        "tags": list(found.tags),
        "enabled": found.enabled,
        "mode": _mode(schedule),
        "created_at": iso(found.created_at),
        "disabled_reason": found.disabled_reason,
        "receiver": ReceiverOut(
            failures=health.failures,
            failing_since=iso(health.failing_since),
            last_success=iso(health.last_success),
            last_error=health.last_error,
        ),
        "next_digest": iso(next_run(schedule, now).at) if schedule and found.enabled else None,
        "pending": pending,
    }


def _channel(channel: Channel) -> WebhookOut | MailOut:
    if isinstance(channel, MailChannel):
        return MailOut(type="mail", to=channel.to)
    return WebhookOut(type="webhook", url=channel.url)


def _mode(schedule: DigestSchedule | None) -> Literal["instant"] | Digest:
    if schedule is None:
        return "instant"
    return Digest(digest=DigestMode(cron=schedule.cron, timezone=schedule.timezone, all_quiet=schedule.all_quiet))


class SecretOut(BaseModel):
    """A new secret; the old one signs as well until ``old_until``."""

    secret: str
    old_until: str


class TestOut(BaseModel):
    """What the receiver really answered to a test message; ``status`` is of HTTP or SMTP."""

    __test__ = False

    ok: bool
    status: int | None
    latency_ms: int
    response: str
    error: str | None


def checked_receiver(url: str) -> str:
    """A receiver's URL as it will be called. Raises InvalidInput."""
    try:
        address, credentials = parse_address(url)
    except InvalidInput as error:
        raise InvalidInput("channel/url", error.detail, error.hint) from None
    if "://" not in url:
        raise InvalidInput("channel/url", "write the scheme: https://…")
    if credentials is not None:
        raise InvalidInput(
            "channel/url", "a receiver's URL holds no user and password; it checks the signature instead"
        )
    return address


def checked_mailbox(to: str) -> str:
    """One mail address as a server takes it, its domain in ASCII. Raises InvalidInput."""
    hint = "write one address, for example desk@example.org"
    try:
        domain = to.rpartition("@")[2].encode("idna").decode("ascii")
        address = Address(addr_spec=f"{to.rpartition('@')[0]}@{domain}")
    except (ValueError, IndexError, MessageError) as error:
        raise InvalidInput("channel/to", f"{to!r} is no mail address", hint) from error
    # The parser takes more than servers do: quoted names, names that are not ASCII (RFC 6531), any length (RFC 5321).
    spec = address.addr_spec
    if not spec.isascii() or not _PLAIN.match(spec) or len(address.username) > 64 or len(spec) > 254:
        raise InvalidInput("channel/to", f"{to!r} is no address that every mail server takes", hint)
    return spec
