"""Polling, alerting and retrying: decisions as tables of facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model.delivery import DeliveryState
from monitor.model.feed import (
    CacheHints,
    FeedConfig,
    FeedState,
    Fetched,
    FetchFailed,
    Health,
    NotModified,
    ParsedFeed,
    ParsedItem,
    ParseFailed,
    Validators,
)
from monitor.model.rule import Backfill, Rule, RuleSpec
from monitor.model.story import Story
from monitor.model.subscription import ReceiverHealth
from monitor.policy import alerting, polling, retry
from monitor.policy.polling import NextPoll

NOW = 1_700_000_000_000
HOUR = 3600
DAY = 24 * HOUR
FLOOR = 60
FEED = FeedConfig("f1", "https://news.example/rss", None, None, (), True, False, NOW)
OLD = Validators('W/"old"', "Tue, 14 Nov 2023 22:13:20 GMT")
STATE = FeedState(first_poll=False, validators=OLD, body_hash="h", health=Health.OK, since=NOW, interval=HOUR)
PARSED = ParsedFeed("News", None, None, 0, (ParsedItem("g", None, "t", "b"),))
NO_HINTS = CacheHints()


def fetched(hints: CacheHints = NO_HINTS, moved_to: str | None = None, validators: Validators | None = None) -> Fetched:
    """A 200 with a body."""
    return Fetched(FEED.url, b"x", "text/xml", None, validators or Validators(), hints, moved_to)


def parsed(state: FeedState, result: Fetched, new: int = 0, feed: FeedConfig = FEED, jitter: float = 0.0) -> NextPoll:
    """What follows a 200 that was read as a feed."""
    return polling.after_parsed(feed, state, result, PARSED, "h2", new, FLOOR, jitter, NOW)


def unchanged(state: FeedState, result: NotModified | Fetched, now: int = NOW) -> NextPoll:
    """What follows a 304 or the same bytes."""
    return polling.after_unchanged(FEED, state, result, FLOOR, 0.0, now)


def failed(state: FeedState, result: FetchFailed | ParseFailed, feed: FeedConfig = FEED) -> NextPoll:
    """What follows a failure."""
    return polling.after_failure(feed, state, result, FLOOR, 0.0, NOW)


def seconds(following: NextPoll) -> int:
    """The wait that was decided."""
    assert following.due is not None
    return (following.due - NOW) // 1000


# ── polling: intervals ──


@pytest.mark.parametrize(
    ("own", "last", "hints", "ttl", "new", "expected"),
    [
        (None, None, CacheHints(), 0, 3, polling.DEFAULT_INTERVAL),  # nothing known yet
        (None, HOUR, CacheHints(), 0, 1, HOUR // 2),
        (None, HOUR, CacheHints(), 0, 0, HOUR + HOUR // 4),
        (None, 400, CacheHints(), 0, 9, 300),
        (None, polling.SLOWEST, CacheHints(), 0, 0, polling.SLOWEST),
        (None, DAY, CacheHints(), 0, 0, polling.SLOWEST),
        (120, HOUR, CacheHints(), 0, 0, 120),  # a given interval switches adaptation off
        (120, HOUR, CacheHints(), 0, 5, 120),
        (7 * DAY, HOUR, CacheHints(), 0, 0, 7 * DAY),
        (1, HOUR, CacheHints(), 0, 0, FLOOR),
        (120, HOUR, CacheHints(max_age=1800), 0, 0, 1800),
        (120, HOUR, CacheHints(max_age=30), 0, 0, 120),
        (120, HOUR, CacheHints(), 2 * HOUR, 0, 2 * HOUR),
        (120, HOUR, CacheHints(max_age=1800), 2 * HOUR, 0, 2 * HOUR),
        (120, HOUR, CacheHints(max_age=365 * DAY), 0, 0, DAY),  # a year is a mistake
        (120, HOUR, CacheHints(), 365 * DAY, 0, DAY),
        (120, HOUR, CacheHints(max_age=0), 0, 0, 120),
    ],
)
def test_interval(own: int | None, last: int | None, hints: CacheHints, ttl: int, new: int, expected: int) -> None:
    """The wait is the longest of one's own, the server's (within a day) and the floor; news shorten one's own."""
    feed, state = replace(FEED, interval=own), replace(STATE, interval=last)
    document = replace(PARSED, min_interval=ttl)
    following = polling.after_parsed(feed, state, fetched(hints), document, "h2", new, FLOOR, 0.0, NOW)
    assert seconds(following) == expected
    assert following.state.interval == expected


def test_ttl_of_the_last_document_holds_for_unchanged_polls() -> None:
    """A 304 carries no ttl: the one that the last document named goes on."""
    state = replace(STATE, interval=300, min_interval=5 * HOUR)
    assert seconds(unchanged(state, NotModified(Validators(), NO_HINTS))) == 5 * HOUR


def test_jitter_only_lengthens_and_by_a_tenth_at_most() -> None:
    """Feeds drift apart, and none comes early."""
    dues = [parsed(STATE, fetched(), feed=replace(FEED, interval=1000), jitter=j).due for j in (0.0, 0.5, 0.999)]
    assert dues == [NOW + 1_000_000, NOW + 1_050_000, NOW + 1_099_900]


# ── polling: what is learned ──


def test_a_parsed_document_is_remembered() -> None:
    """Title, hash, counts and the end of the first poll are state; an untitled document keeps the old title."""
    following = parsed(FeedState(), fetched(), new=2).state
    assert (following.first_poll, following.body_hash, following.title) == (False, "h2", "News")
    assert (following.stories, following.last_story, following.health) == (2, NOW, Health.OK)
    untitled = polling.after_parsed(
        FEED, following, fetched(), replace(PARSED, title=None), "h3", 0, FLOOR, 0.0, NOW + 5
    ).state
    assert (untitled.title, untitled.stories, untitled.last_story) == ("News", 2, NOW)


def test_an_empty_feed_is_healthy_and_says_so() -> None:
    """A feed without items is read, with the reason shown for as long as it stays empty."""
    first = polling.after_parsed(FEED, STATE, fetched(), replace(PARSED, items=()), "h2", 0, FLOOR, 0.0, NOW).state
    assert (first.health, first.reason) == (Health.OK, "empty")
    assert unchanged(first, NotModified(Validators(), NO_HINTS)).state.reason == "empty"
    assert parsed(first, fetched(), new=1).state.reason is None


@pytest.mark.parametrize(
    ("answered", "kept"),
    [
        (Validators(), OLD),
        (Validators('"new"', None), Validators('"new"', OLD.last_modified)),
        (Validators(None, "Wed, 15 Nov 2023 00:00:00 GMT"), Validators(OLD.etag, "Wed, 15 Nov 2023 00:00:00 GMT")),
    ],
)
def test_validators_after_304(answered: Validators, kept: Validators) -> None:
    """A 304 may renew validators; those it leaves out stay in force."""
    assert unchanged(STATE, NotModified(answered, NO_HINTS)).state.validators == kept


@pytest.mark.parametrize("answered", [Validators(), Validators('"new"', None), Validators(None, "x")])
def test_validators_after_200(answered: Validators) -> None:
    """A 200, parsed or with the same bytes, replaces both: one without a validator clears it."""
    result = fetched(validators=answered)
    assert parsed(STATE, result).state.validators == answered
    assert unchanged(STATE, result).state.validators == answered


def test_a_permanent_redirect_is_believed_after_five_polls() -> None:
    """Only the fifth poll in a row that leads to the same place stores it; any other answer starts again."""
    state = STATE
    for seen in range(1, polling.STABLE_REDIRECT):
        state = parsed(state, fetched(moved_to="https://new.example/rss")).state
        assert (state.url, state.moved_seen) == (None, seen)
    certain = unchanged(state, fetched(moved_to="https://new.example/rss")).state
    assert (certain.url, certain.moved_to, certain.moved_seen) == ("https://new.example/rss", None, 0)
    assert parsed(certain, fetched()).state.url == "https://new.example/rss"
    other = parsed(state, fetched(moved_to="https://portal.example/")).state
    assert (other.url, other.moved_to, other.moved_seen) == (None, "https://portal.example/", 1)
    answered = NotModified(Validators(), NO_HINTS, moved_to="https://new.example/rss")
    assert unchanged(state, answered).state.url == "https://new.example/rss"
    direct = parsed(state, fetched()).state
    assert (direct.url, direct.moved_to, direct.moved_seen) == (None, None, 0)


# ── polling: failures ──

BROKEN = FetchFailed("status", "the server answered 500", 500)


def test_backoff_doubles_up_to_three_days_and_never_gives_up() -> None:
    """Failures in a row double the wait from the interval on, up to three days, for ever."""
    state, waits = STATE, []
    for _ in range(40):
        following = failed(state, BROKEN)
        waits.append(seconds(following))
        state = following.state
    assert waits[:8] == [HOUR * 2**n for n in range(7)] + [72 * HOUR]
    assert set(waits[7:]) == {72 * HOUR}
    assert (state.failures, state.health, state.since) == (40, Health.FAILING, NOW)
    assert (state.validators, state.body_hash) == (OLD, "h")


@pytest.mark.parametrize(("own", "expected"), [(7 * DAY, 7 * DAY), (1, FLOOR), (120, 120)])
def test_backoff_never_polls_faster_than_the_interval(own: int, expected: int) -> None:
    """A failure waits at least the user's interval, and at least the floor."""
    assert seconds(failed(STATE, BROKEN, replace(FEED, interval=own))) == expected


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(10, HOUR), (2 * HOUR, 2 * HOUR), (30 * DAY, 72 * HOUR), (None, HOUR)]
)
def test_retry_after_is_obeyed_within_bounds(retry_after: int | None, expected: int) -> None:
    """Retry-After lengthens the wait, to three days at most, and never shortens it."""
    limited = FetchFailed("status", "asks for fewer requests", 429, CacheHints(retry_after=retry_after))
    assert seconds(failed(STATE, limited)) == expected


def test_a_feed_that_fails_where_it_moved_to_is_looked_for_at_its_old_place() -> None:
    """Three failures in a row end the belief in a permanent redirect; two do not."""
    state, error = FeedState(url="https://moved.example/rss"), FetchFailed("dns", "no such host")
    for expected in ("https://moved.example/rss", "https://moved.example/rss", None):
        state = failed(state, error).state
        assert state.url == expected


def test_gone_stops_the_feed_and_says_so() -> None:
    """410 is the one answer after which there is no next poll."""
    following = failed(STATE, FetchFailed("gone", "the feed is gone for good", 410))
    assert (following.due, following.state.health, following.state.reason) == (None, Health.GONE, "gone")
    assert failed(STATE, FetchFailed("status", "nothing there", 404)).due is not None


def test_a_body_that_is_no_feed_is_a_failure_with_its_reason() -> None:
    """A parse failure backs off like any other, keeps the first poll open, and shows its reason."""
    state = failed(FeedState(), ParseFailed("not-a-feed", "this is a web page")).state
    assert (state.health, state.reason, state.detail) == (Health.FAILING, "not-a-feed", "this is a web page")
    assert state.first_poll


def test_one_success_recovers_at_once() -> None:
    """After many failures the first good poll is back to the old rhythm, with nothing left of the trouble."""
    state = STATE
    for _ in range(9):
        state = failed(state, BROKEN).state
    later = NOW + DAY * 1000
    following = unchanged(state, NotModified(Validators(), NO_HINTS), later)
    assert following.due == later + (HOUR + HOUR // 4) * 1000
    recovered = following.state
    assert (recovered.health, recovered.since, recovered.failures) == (Health.OK, later, 0)
    assert (recovered.reason, recovered.detail, recovered.last_ok) == (None, None, later)


# ── alerting ──

STORY = Story("f1-a", "f1", "t", "b", None, None, None, None, (), None, NOW, False, None, "k")
RULE = Rule(RuleSpec("r", "r", "t"), 1, NOW - 1000, NOW - 1000)
REQUEST = Backfill("r", 0, NOW, alert=False)


@pytest.mark.parametrize(
    ("story", "rule", "backfill", "alert", "reason"),
    [
        (STORY, RULE, None, True, "live"),
        (STORY, replace(RULE, created_at=NOW), None, True, "live"),
        (STORY, replace(RULE, updated_at=NOW + 5000, version=9), None, True, "live"),
        (STORY, replace(RULE, created_at=NOW + 1), None, False, "before-rule"),
        (replace(STORY, backfill=True), RULE, None, False, "first-poll"),
        (STORY, RULE, REQUEST, False, "backfill"),
        (STORY, RULE, replace(REQUEST, alert=True), True, "backfill-alert"),
        (replace(STORY, backfill=True), replace(RULE, created_at=NOW + 1), replace(REQUEST, alert=True), True,
         "backfill-alert"),
    ],
)  # fmt: skip
def test_whether_a_hit_alerts(story: Story, rule: Rule, backfill: Backfill | None, alert: bool, reason: str) -> None:
    """Story and rule alone decide, with a reason; an edit of the rule changes nothing."""
    decision = alerting.decide(story, rule, backfill)
    assert (decision.alert, decision.reason) == (alert, reason)


# ── retrying ──

HEALTHY = ReceiverHealth()
SCHEDULE = [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]


def answer(status: int | None, retry_after: int | None = None) -> retry.Answer:
    """A receiver's answer, or none."""
    return retry.of_http(status, None if status else "timed out", 12, "", retry_after)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_success(status: int) -> None:
    """Any 2xx ends the delivery as sent."""
    outcome = retry.decide(answer(status), 1, HEALTHY, 0.5, NOW)
    assert (outcome.state, outcome.next_attempt_at, outcome.disable) == (DeliveryState.SENT, None, None)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 304, 307, 400, 401, 404, 429, 500, 502, 503])
def test_all_else_is_tried_again(status: int | None) -> None:
    """Redirects, refusals, faults and silence are failures that are tried again, with a reason to read."""
    outcome = retry.decide(answer(status), 1, HEALTHY, 0.0, NOW)
    assert (outcome.state, outcome.next_attempt_at) == (DeliveryState.SCHEDULED, NOW + 5000)
    assert str(status or "timed out") in str(outcome.reason)


def test_schedule_with_its_jitter() -> None:
    """Each wait follows the schedule, lengthened by a fifth at most; after the last there is a dead letter."""
    for tries, wait in enumerate(SCHEDULE, 1):
        for jitter in (0.0, 0.5, 0.999):
            outcome = retry.decide(answer(500), tries, HEALTHY, jitter, NOW)
            assert outcome.state is DeliveryState.SCHEDULED
            assert outcome.next_attempt_at is not None
            assert wait * 1000 <= outcome.next_attempt_at - NOW <= wait * 1200
    waits = [retry.decide(answer(500), 3, HEALTHY, jitter, NOW).next_attempt_at for jitter in (0.0, 0.9)]
    assert waits[0] != waits[1]
    for tries in (10, 11, 99):
        last = retry.decide(answer(500), tries, HEALTHY, 0.5, NOW)
        assert (last.state, last.next_attempt_at, last.disable) == (DeliveryState.DEAD, None, None)


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(None, 5), (0, 5), (3, 5), (-9, 5), (600, 600), (30 * DAY, 24 * HOUR)]
)
def test_retry_after_of_a_receiver(retry_after: int | None, expected: int) -> None:
    """Retry-After lengthens the wait to a day at most and never shortens it."""
    outcome = retry.decide(answer(429, retry_after), 1, HEALTHY, 0.0, NOW)
    assert outcome.next_attempt_at == NOW + expected * 1000


def test_gone_ends_the_delivery_and_the_subscription() -> None:
    """410 makes a dead letter at once and switches the subscription off, with the reason."""
    outcome = retry.decide(answer(410, 60), 1, HEALTHY, 0.0, NOW)
    assert (outcome.state, outcome.next_attempt_at) == (DeliveryState.DEAD, None)
    assert "410" in str(outcome.disable)


@pytest.mark.parametrize(
    ("failing_since", "disabled"),
    [(None, False), (NOW, False), (NOW - retry.DISABLE_AFTER + 1, False), (NOW - retry.DISABLE_AFTER, True)],
)
def test_five_days_of_failures_switch_the_subscription_off(failing_since: int | None, disabled: bool) -> None:
    """Nothing but failures for five days disables the receiver and says so; the delivery itself is kept."""
    outcome = retry.decide(answer(500), 2, ReceiverHealth(7, failing_since), 0.0, NOW)
    assert outcome.state is DeliveryState.SCHEDULED
    assert (outcome.disable is not None) == disabled
    if disabled:
        assert "5 days" in str(outcome.disable)


def test_success_never_disables() -> None:
    """A receiver that answers after a long failure is trusted again."""
    outcome = retry.decide(answer(200), 9, ReceiverHealth(50, NOW - 9 * DAY * 1000), 0.0, NOW)
    assert (outcome.state, outcome.disable) == (DeliveryState.SENT, None)


@pytest.mark.parametrize(("failures", "most", "allowed"), [(0, 8, 8), (4, 8, 8), (5, 8, 1), (99, 8, 1), (5, 1, 1)])
def test_concurrency(failures: int, most: int, allowed: int) -> None:
    """A receiver that keeps failing gets one request at a time until one succeeds."""
    assert retry.concurrency(ReceiverHealth(failures, NOW), most) == allowed
