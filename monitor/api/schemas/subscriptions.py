"""Subscriptions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from monitor.api.schemas.common import Flag, Name
from monitor.errors import InvalidInput
from monitor.feeds.address import parse_address
from monitor.model.subscription import ReceiverHealth, Subscription
from monitor.render.text import iso
from monitor.rulebook.schema import RuleId, Strict, Tag


class WebhookIn(Strict):
    """A receiver of webhooks."""

    type: Literal["webhook"]
    url: str = Field(min_length=1, max_length=2000, examples=["https://example.org/hook"])


class MailIn(Strict):
    """A mailbox."""

    type: Literal["mail"]
    to: str = Field(min_length=3, max_length=320)


class DigestMode(Strict):
    """When digests go out."""

    cron: str = Field(min_length=1, max_length=100, examples=["0 7 * * 1-5"])
    timezone: str = Field("UTC", max_length=64, examples=["Europe/Berlin"])


class Digest(Strict):
    """Many hits in one delivery."""

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
    channel: WebhookOut
    rules: list[str]
    tags: list[str]
    enabled: bool
    mode: Literal["instant"]
    created_at: str
    disabled_reason: str | None
    receiver: ReceiverOut

    @classmethod
    def of(cls, found: Subscription, health: ReceiverHealth) -> SubscriptionOut:
        """The answer for a stored subscription."""
        return cls(**_shown(found, health))


class SubscriptionCreated(SubscriptionOut):
    """A new subscription, with its secret: keep it, it is not shown again."""

    secret: str

    @classmethod
    def made(cls, found: Subscription) -> SubscriptionCreated:
        """The answer for a subscription that was just made."""
        return cls(**_shown(found, ReceiverHealth()), secret=found.channel.secret)


def _shown(found: Subscription, health: ReceiverHealth) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "channel": WebhookOut(type="webhook", url=found.channel.url),
        "rules": list(found.rules),
        "tags": list(found.tags),
        "enabled": found.enabled,
        "mode": "instant",
        "created_at": iso(found.created_at),
        "disabled_reason": found.disabled_reason,
        "receiver": ReceiverOut(
            failures=health.failures,
            failing_since=iso(health.failing_since),
            last_success=iso(health.last_success),
            last_error=health.last_error,
        ),
    }


class SecretOut(BaseModel):
    """A new secret; the old one signs as well until ``old_until``."""

    secret: str
    old_until: str


class TestOut(BaseModel):
    """What the receiver really answered to a test call."""

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
