"""When digests go out. Pure: a schedule and times in, a run out.

A schedule is reckoned on the clock on the wall, as its reader means it, and only the result is turned
into an instant. So 02:30 on the day that skips it runs at 03:30, and on the day that has it twice runs
once, the first time (docs/decisions/0005-mail.md). A run is known by what the wall shows then, its local
date and time, which a restart cannot change.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from monitor.errors import InvalidInput
from monitor.model.subscription import DigestSchedule

AROUND = timedelta(hours=3)
"""How far the times of a schedule may be from the order of instants; clocks are set by an hour, or by less."""

_CRON_HINT = 'minute, hour, day of month, month, day of week; "0 7 * * 1-5" is at 7:00, Monday to Friday'


@dataclass(frozen=True, slots=True)
class Run:
    """One time of a schedule: ``name`` on the wall, and the instant in milliseconds since the epoch."""

    name: str  # "2026-11-24 07:00"
    at: int


def check_schedule(cron: str, timezone: str) -> None:
    """Raises InvalidInput that says what is wrong with the cron expression or the zone."""
    try:
        next(CronSim(cron, datetime(2026, 1, 1)))  # noqa: DTZ001 - wall-clock time
    except (CronSimError, StopIteration) as error:
        raise InvalidInput("mode/digest/cron", f"{cron!r} never comes due ({error})", _CRON_HINT) from error
    if len(cron.split()) != 5:  # six would begin with seconds, which no other cron knows
        raise InvalidInput("mode/digest/cron", f"{cron!r} has not five fields", _CRON_HINT)
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "a name of the IANA database, for example Europe/Berlin or UTC"
        raise InvalidInput("mode/digest/timezone", f"there is no time zone {timezone!r}", hint) from error


def next_run(schedule: DigestSchedule, after: int) -> Run:
    """The first run later than ``after``."""
    later = ((wall, run) for wall, run in _runs(schedule, _wall(schedule, after) - AROUND) if run.at > after)
    _, first = next(later)
    # What the wall skips runs later than it says: the times up to then may come before it.
    end = _wall(schedule, first.at)
    rest = itertools.takewhile(lambda found: found[0] < end, later)
    return min((first, *(run for _, run in rest)), key=lambda run: run.at)


def missed_run(schedule: DigestSchedule, after: int, now: int) -> Run | None:
    """The last run later than ``after`` and not later than ``now``: however many were missed, one makes up for them."""
    start = _wall(schedule, now) + AROUND
    past = ((wall, run) for wall, run in _runs(schedule, start, reverse=True) if run.at <= now)
    wall, last = next(past, (start, None))
    if last is None:
        return None
    near = itertools.takewhile(lambda found: found[0] > wall - AROUND, past)
    last = max((last, *(run for _, run in near)), key=lambda run: run.at)
    return last if last.at > after else None


def local_time(timezone: str, ms: int) -> str:
    """The wall-clock time of an instant, as runs are named; in UTC where the zone is not known any more."""
    return _zoned(timezone, ms).strftime("%Y-%m-%d %H:%M")


def _runs(schedule: DigestSchedule, start: datetime, *, reverse: bool = False) -> Iterator[tuple[datetime, Run]]:
    """The times that the schedule names, in their order, each with its run."""
    zone = zone_of(schedule.timezone)
    for wall in CronSim(schedule.cron, start, reverse=reverse):
        # fold=0: of a time that there is twice, the first; of one that there is not, as far behind the gap as in it.
        instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        at = int(instant.timestamp() * 1000)
        yield wall, Run(local_time(schedule.timezone, at), at)


def _wall(schedule: DigestSchedule, ms: int) -> datetime:
    return _zoned(schedule.timezone, ms).replace(tzinfo=None, microsecond=0)


def _zoned(timezone: str, ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, zone_of(timezone))


def zone_of(name: str) -> ZoneInfo:
    """The time zone; UTC where it is not known any more: better at another hour than never."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
