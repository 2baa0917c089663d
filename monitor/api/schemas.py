"""Bodies and answers of the API. Times are RFC 3339 in UTC; unknown fields of a body are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints

from monitor.errors import InvalidInput
from monitor.feeds.address import parse_address
from monitor.match.evaluate import Explanation
from monitor.model.delivery import Delivery
from monitor.model.feed import Health
from monitor.model.hit import Hit, Span
from monitor.model.rule import Backfill, Rule, Severity, Strictness
from monitor.model.story import Story
from monitor.model.subscription import ReceiverHealth, Subscription
from monitor.render import iso
from monitor.rulebook.schema import InlineStory, Language, RuleFields, RuleId, Strict, Tag
from monitor.store.feeds import FeedRecord

T = TypeVar("T")
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Interval = Annotated[
    int, Field(ge=1, le=30 * 86_400, description="seconds between polls; given, it switches adaptation off")
]


class Listing(BaseModel, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None


class PageQuery(Strict):
    """How much of a list, and from where on."""

    cursor: str | None = Field(None, max_length=200, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=500)


# ── feeds ──


class FeedIn(Strict):
    """A feed to poll."""

    url: str = Field(min_length=1, max_length=2000, examples=["https://example.org/feed.xml"])
    interval: Interval | None = None
    tags: list[Tag] = Field(default=[], max_length=50)
    enabled: bool = True
    backfill_alerts: bool = Field(False, description="whether the stories of the first poll may alert")


class FeedPatch(Strict):
    """What to change of a feed; what is left out stays."""

    interval: Interval | None = None
    tags: list[Tag] | None = Field(None, max_length=50)
    enabled: bool | None = None


class FeedHealth(BaseModel):
    """How the feed fares, why, and since when."""

    status: Health
    reason: str | None
    detail: str | None
    since: str | None
    last_polled: str | None
    last_ok: str | None
    failures: int


class FeedOut(BaseModel):
    """A feed. Passwords in its URL are never shown."""

    id: str
    url: str
    title: str | None
    interval: int | None
    tags: list[str]
    enabled: bool
    backfill_alerts: bool
    created_at: str
    health: FeedHealth
    next_poll: str | None
    stories: int
    last_story: str | None

    @classmethod
    def of(cls, record: FeedRecord) -> FeedOut:
        """The answer for a stored feed."""
        config, state = record.config, record.state
        health = FeedHealth(
            status=state.health if config.enabled else Health.PAUSED,
            reason=state.reason,
            detail=state.detail,
            since=iso(state.since),
            last_polled=iso(state.last_polled),
            last_ok=iso(state.last_ok),
            failures=state.failures,
        )
        return cls(
            id=config.id,
            url=config.url,
            title=config.title or state.title,
            interval=config.interval,
            tags=list(config.tags),
            enabled=config.enabled,
            backfill_alerts=config.backfill_alerts,
            created_at=str(iso(config.created_at)),
            health=health,
            next_poll=iso(record.due),
            stories=state.stories,
            last_story=iso(state.last_story),
        )


class ImportOut(BaseModel):
    """What came of an import."""

    added: int
    known: int
    problems: list[str]


# ── rules ──


class BackfillIn(Strict):
    """Run the rule over stored stories; its hits are marked, and alert only if ``alert`` is set."""

    days: int = Field(ge=1, le=3650)
    alert: bool = False


class RuleIn(RuleFields):
    """A rule to store."""

    id: RuleId | None = Field(None, description="made from the name where it is left out")
    name: Name
    backfill: BackfillIn | None = None


class RuleChange(RuleFields):
    """A rule's next version; what is left out takes its default."""

    id: RuleId | None = Field(None, description="if given, the id of the path")
    name: Name
    backfill: BackfillIn | None = None


class BackfillOut(BaseModel):
    """A back-fill and how far it is."""

    since: str
    alert: bool
    done: bool
    scanned: int
    matched: int

    @classmethod
    def of(cls, found: Backfill) -> BackfillOut:
        """The answer for a stored back-fill."""
        return cls(
            since=str(iso(found.since)),
            alert=found.alert,
            done=found.done_at is not None,
            scanned=found.scanned,
            matched=found.matched,
        )


class RuleOut(BaseModel):
    """A rule; ``file`` names the rule file that owns it."""

    id: str
    name: str
    query: str
    tags: list[str]
    strictness: Strictness
    languages: list[str]
    severity: Severity
    enabled: bool
    expires: str | None
    version: int
    created_at: str
    updated_at: str
    file: str | None
    backfill: BackfillOut | None = None

    @classmethod
    def of(cls, rule: Rule, backfill: Backfill | None = None) -> RuleOut:
        """The answer for a stored rule."""
        spec = rule.spec
        return cls(
            id=spec.id,
            name=spec.name,
            query=spec.query,
            tags=list(spec.tags),
            strictness=spec.strictness,
            languages=list(spec.languages),
            severity=spec.severity,
            enabled=spec.enabled,
            expires=iso(spec.expires),
            version=rule.version,
            created_at=str(iso(rule.created_at)),
            updated_at=str(iso(rule.updated_at)),
            file=rule.file,
            backfill=BackfillOut.of(backfill) if backfill else None,
        )


class CheckIn(Strict):
    """A query to check, and a story to try it on."""

    query: str = Field(min_length=1, max_length=20_000)
    story: InlineStory | None = None


class SpanOut(BaseModel):
    """Matched text: half-open code-point offsets into the story's field."""

    field: str
    start: int
    end: int

    @classmethod
    def of(cls, span: Span) -> SpanOut:
        """The answer for a span."""
        return cls(field=span.field, start=span.start, end=span.end)


class ExplanationOut(BaseModel):
    """Why a part of a query matched or not."""

    query: str
    kind: str
    matched: bool
    detail: str
    spans: list[SpanOut]
    parts: list[ExplanationOut]

    @classmethod
    def of(cls, found: Explanation) -> ExplanationOut:
        """The answer for an explanation."""
        return cls(
            query=found.query,
            kind=found.kind,
            matched=found.matched,
            detail=found.detail,
            spans=[SpanOut.of(s) for s in found.spans],
            parts=[cls.of(p) for p in found.parts],
        )


class QueryProblem(BaseModel):
    """A fault in a query."""

    detail: str
    code: str
    start: int
    end: int
    hint: str


class CheckOut(BaseModel):
    """Whether the query parses, how it was read, and what it did with the story."""

    ok: bool
    canonical: str | None
    problems: list[QueryProblem]
    explanation: ExplanationOut | None


class FileProblemOut(BaseModel):
    """A fault in a rule file."""

    file: str
    line: int
    column: int
    code: str
    detail: str
    hint: str


# ── stories and hits ──


class StoryIn(Strict):
    """A story to match. The same ``id`` or ``url`` again is the same story."""

    title: str = Field("", max_length=1000)
    body: str = Field("", max_length=100_000, description="plain text or HTML")
    id: str | None = Field(None, min_length=1, max_length=500, description="the pusher's own id")
    url: str | None = Field(None, max_length=2000)
    source: Name | None = None
    author: str | None = Field(None, max_length=200)
    language: Language | None = None
    published: datetime | None = None
    tags: list[Tag] = Field(default=[], max_length=50)


class StoryOut(BaseModel):
    """A stored story; spans of hits point into ``title`` and ``body``."""

    id: str
    feed: str
    title: str
    body: str
    url: str | None
    source: str | None
    author: str | None
    language: str | None
    tags: list[str]
    published: str | None
    first_seen: str
    revision: int

    @classmethod
    def of(cls, story: Story) -> StoryOut:
        """The answer for a stored story."""
        return cls(
            id=story.id,
            feed=story.feed,
            title=story.title,
            body=story.body,
            url=story.url,
            source=story.source,
            author=story.author,
            language=story.language,
            tags=list(story.tags),
            published=iso(story.published),
            first_seen=str(iso(story.first_seen)),
            revision=story.revision,
        )


class HitOut(BaseModel):
    """A hit; ``rule`` and ``story`` are ids, ``decision`` says whether it alerts and why (not)."""

    id: str
    rule: str
    rule_name: str
    rule_version: int
    severity: Severity
    story: str
    title: str
    url: str | None
    source: str | None
    language: str | None
    score: float
    spans: list[SpanOut]
    snippet: str
    published: str | None
    first_seen: str
    matched_at: str
    alert: bool
    decision: str

    @classmethod
    def of(cls, hit: Hit) -> HitOut:
        """The answer for a stored hit."""
        return cls(
            id=hit.id,
            rule=hit.rule,
            rule_name=hit.rule_name,
            rule_version=hit.rule_version,
            severity=hit.severity,
            story=hit.story,
            title=hit.title,
            url=hit.url,
            source=hit.source,
            language=hit.language,
            score=hit.score,
            spans=[SpanOut.of(s) for s in hit.spans],
            snippet=hit.snippet.text,
            published=iso(hit.published),
            first_seen=str(iso(hit.first_seen)),
            matched_at=str(iso(hit.matched_at)),
            alert=hit.decision.alert,
            decision=hit.decision.reason,
        )


# ── subscriptions and deliveries ──


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
    enabled: bool = True
    mode: Literal["instant"] | Digest = "instant"


class SubscriptionPatch(Strict):
    """What to change; what is left out stays."""

    name: Name | None = None
    channel: Annotated[WebhookIn | MailIn, Field(discriminator="type")] | None = None
    rules: list[RuleId] | None = Field(None, max_length=1000)
    tags: list[Tag] | None = Field(None, max_length=100)
    enabled: bool | None = None
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


class CountOut(BaseModel):
    """How many there were."""

    count: int


class AttemptOut(BaseModel):
    """One try."""

    at: str
    outcome: str
    status: int | None
    latency_ms: int
    response: str
    error: str | None


class DeliveryOut(BaseModel):
    """A delivery; its id is the webhook-id of every attempt."""

    id: str
    subscription: str
    state: str
    hits: list[str]
    created_at: str
    next_attempt_at: str | None
    reason: str | None
    copies: list[str] = Field(description="stories that this alert stands for as well")
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, found: Delivery) -> DeliveryOut:
        """The answer for a stored delivery."""
        return cls(
            id=found.id,
            subscription=found.subscription,
            state=found.state.value,
            hits=list(found.hits),
            created_at=str(iso(found.created_at)),
            next_attempt_at=iso(found.next_attempt_at),
            reason=found.reason,
            copies=list(found.copies),
            attempts=[
                AttemptOut(
                    at=str(iso(a.at)),
                    outcome=a.outcome,
                    status=a.status,
                    latency_ms=a.latency_ms,
                    response=a.response,
                    error=a.error,
                )
                for a in found.attempts
            ],
        )


def checked_receiver(url: str) -> str:
    """A receiver's URL as it will be called. Raises InvalidInput."""
    address, credentials = parse_address(url)
    if "://" not in url:
        raise InvalidInput("channel/url", "write the scheme: https://…")
    if credentials is not None:
        raise InvalidInput(
            "channel/url", "a receiver's URL holds no user and password; it checks the signature instead"
        )
    return address
