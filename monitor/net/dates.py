"""Times in HTTP headers."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def seconds_until(date: str | None, now: int) -> int | None:
    """Seconds from ``now`` (ms) until an HTTP date; None for garbage, past dates and none at all.

    A date without a zone is in GMT (RFC 9110, section 5.6.7), not in the machine's zone.
    """
    if not date:
        return None
    try:
        moment = parsedate_to_datetime(date)
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now / 1000)
    except (ValueError, TypeError, OverflowError):
        return None  # "0", "-1" and the like are common, and mean nothing
    return seconds if seconds > 0 else None


def parse_retry_after(value: str | None, now: int) -> int | None:
    """A Retry-After header in seconds from ``now`` (RFC 9110, section 10.2.3); None as above."""
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return int(value[:9])
    return seconds_until(value, now)
