"""How a poll leaves the feed's health, and when the feed is polled next.

Polite by rule: what the server says about coming back (max-age, Expires, ttl, Retry-After) is
obeyed within bounds; errors back off exponentially and never give up; one success is enough to
recover at once. Jitter in [0, 1) is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.model.feed import (
    CacheHints,
    FeedConfig,
    FeedState,
    Fetched,
    FetchFailed,
    Health,
    NotModified,
    ParsedFeed,
    ParseFailed,
    Validators,
)

HOUR = 3600
DEFAULT_INTERVAL = 15 * 60
"""Seconds between polls of a feed of which nothing is known yet."""
SLOWEST = 6 * HOUR
"""Adaptation never waits longer than this."""
LONGEST_HINT = 24 * HOUR
"""A max-age of a year is a mistake, not a wish."""
LONGEST_BACKOFF = 72 * HOUR
LOST_AFTER = 3
"""Failures in a row after which a permanent redirect is believed no more."""
STABLE_REDIRECT = 5
"""Polls in a row that must see the same permanent redirect before it is believed."""
EMPTY = "empty"
"""The reason shown for a feed that is in order and has no items."""


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The feed's new state, and when it is due."""

    state: FeedState
    due: int | None  # None: polling stops


def after_unchanged(
    feed: FeedConfig, state: FeedState, result: NotModified | Fetched, floor: int, jitter: float, now: int
) -> NextPoll:
    """After a 304, or a 200 whose body is the one of last time."""
    if isinstance(result, NotModified):
        # A 304 may renew the validators; one that it leaves out stays in force (RFC 9111, 4.3.4).
        fresh = result.validators
        validators = Validators(
            fresh.etag or state.validators.etag, fresh.last_modified or state.validators.last_modified
        )
    else:
        validators = result.validators
    following = _success(
        feed, replace(state, validators=validators), result.hints, result.moved_to, 0, floor, jitter, now
    )
    if state.reason == EMPTY:  # it still is
        following = replace(following, state=replace(following.state, reason=state.reason, detail=state.detail))
    return following


def after_parsed(
    feed: FeedConfig,
    state: FeedState,
    result: Fetched,
    parsed: ParsedFeed,
    body_hash: str,
    new: int,
    floor: int,
    jitter: float,
    now: int,
) -> NextPoll:
    """After a new body that was read as a feed with ``new`` new items."""
    state = replace(
        state,
        validators=result.validators,
        body_hash=body_hash,
        title=parsed.title or state.title,
        min_interval=parsed.min_interval,
        stories=state.stories + new,
        last_story=now if new else state.last_story,
        first_poll=False,
    )
    following = _success(feed, state, result.hints, result.moved_to, new, floor, jitter, now)
    if not parsed.items:
        detail = "the feed was read, but it has no items"
        following = replace(following, state=replace(following.state, reason=EMPTY, detail=detail))
    return following


def _success(
    feed: FeedConfig,
    state: FeedState,
    hints: CacheHints,
    moved_to: str | None,
    new: int,
    floor: int,
    jitter: float,
    now: int,
) -> NextPoll:
    seconds = wait(feed, state, hints, new, floor)
    seen = state.moved_seen + 1 if moved_to and moved_to == state.moved_to else int(moved_to is not None)
    certain = moved_to if seen >= STABLE_REDIRECT else None
    state = replace(
        state,
        health=Health.OK,
        reason=None,
        detail=None,
        since=state.since if state.health is Health.OK else now,
        last_polled=now,
        last_ok=now,
        failures=0,
        interval=seconds,
        url=certain or state.url,
        moved_to=None if certain else moved_to,
        moved_seen=0 if certain else seen,
    )
    return NextPoll(state, now + spread(seconds, jitter))


def after_failure(
    feed: FeedConfig, state: FeedState, result: FetchFailed | ParseFailed, floor: int, jitter: float, now: int
) -> NextPoll:
    """After no answer, an error status, or a body that is no feed."""
    gone = isinstance(result, FetchFailed) and result.gone
    health = Health.GONE if gone else Health.FAILING
    failures = state.failures + 1
    base = max(feed.interval or state.interval or DEFAULT_INTERVAL, floor)
    seconds = min(base * 2 ** min(failures - 1, 20), max(LONGEST_BACKOFF, base))
    if isinstance(result, FetchFailed) and result.hints.retry_after is not None:
        seconds = max(seconds, min(result.hints.retry_after, LONGEST_BACKOFF))
    state = replace(
        state,
        health=health,
        reason=result.reason,
        detail=result.detail,
        since=state.since if state.health is health else now,
        last_polled=now,
        failures=failures,
        # A feed that is not to be had where it moved to is looked for again where the user said.
        url=None if failures >= LOST_AFTER else state.url,
    )
    return NextPoll(state, None if gone else now + spread(seconds, jitter))


def wait(feed: FeedConfig, state: FeedState, hints: CacheHints, new: int, floor: int) -> int:
    """Seconds until the next poll.

    A given interval switches adaptation off; what the server asks for holds in either case. Without
    one, news halves the wait and silence stretches it by a quarter, within bounds.
    """
    if feed.interval is not None:
        seconds = feed.interval
    else:
        last = state.interval or DEFAULT_INTERVAL
        seconds = min(max(last // 2 if new else last + last // 4, DEFAULT_INTERVAL // 3), SLOWEST)
        if state.interval is None:
            seconds = DEFAULT_INTERVAL
    asked = min(max(hints.max_age or 0, state.min_interval), LONGEST_HINT)
    return max(seconds, asked, floor)


def spread(seconds: int, jitter: float) -> int:
    """Milliseconds for ``seconds`` with up to 10 % more, so that feeds added together drift apart."""
    return int(seconds * 1000 * (1 + 0.1 * jitter))
