"""When digests go out: both changes of the clock of 2026 in four zones, what cron means, and what a restart may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InvalidInput
from monitor.model.subscription import DigestSchedule
from monitor.policy.digest import Run, check_schedule, local_time, missed_run, next_run

BERLIN, NEW_YORK, LORD_HOWE, TOKYO = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def schedule(cron: str, timezone: str = "UTC") -> DigestSchedule:
    """A schedule that was always there."""
    return DigestSchedule(cron, timezone, 0)


def ms(text: str) -> int:
    """Milliseconds of an instant with its offset: "2026-03-29 01:00+01:00"."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def shown(run: Run, timezone: str) -> str:
    """The run on the clock of its zone, with the offset that tells the passes of a doubled hour apart."""
    return datetime.fromtimestamp(run.at / 1000, ZoneInfo(timezone)).isoformat(" ", "minutes")


def runs(cron: str, timezone: str, start: str, count: int) -> list[Run]:
    """The first ``count`` runs after ``start``."""
    found, at = [], ms(start)
    for _ in range(count):
        found.append(next_run(schedule(cron, timezone), at))
        at = found[-1].at
    return found


# ── changes of the clock ──

CHANGES = [
    # zone, cron, from when, the runs that follow
    # Berlin goes from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October.
    (BERLIN, "30 2 * * *", "2026-03-28 02:30+01:00", ["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00"]),
    (BERLIN, "0 2 * * *", "2026-03-28 02:00+01:00", ["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"]),
    (BERLIN, "0 7 * * *", "2026-03-28 07:00+01:00", ["2026-03-29 07:00+02:00", "2026-03-30 07:00+02:00"]),
    (BERLIN, "0 * * * *", "2026-03-29 00:30+01:00",
     ["2026-03-29 01:00+01:00", "2026-03-29 03:00+02:00", "2026-03-29 04:00+02:00"]),
    (BERLIN, "30 * * * *", "2026-03-29 01:00+01:00",
     ["2026-03-29 01:30+01:00", "2026-03-29 03:30+02:00", "2026-03-29 04:30+02:00"]),
    (BERLIN, "30 2,3 * * *", "2026-03-29 00:00+01:00",
     ["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00", "2026-03-30 03:30+02:00"]),
    (BERLIN, "* * * * *", "2026-03-29 01:58+01:00",
     ["2026-03-29 01:59+01:00", "2026-03-29 03:00+02:00", "2026-03-29 03:01+02:00"]),
    (BERLIN, "30 2 * * *", "2026-10-24 02:30+02:00", ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]),
    (BERLIN, "30 2 * * *", "2026-10-25 02:00+01:00", ["2026-10-26 02:30+01:00"]),  # asked in the second pass
    (BERLIN, "0 * * * *", "2026-10-25 01:00+02:00",
     ["2026-10-25 02:00+02:00", "2026-10-25 03:00+01:00", "2026-10-25 04:00+01:00"]),
    (BERLIN, "* * * * *", "2026-10-25 02:58+02:00", ["2026-10-25 02:59+02:00", "2026-10-25 03:00+01:00"]),
    (BERLIN, "30 2 29 3 *", "2026-01-01 00:00+01:00", ["2026-03-29 03:30+02:00", "2027-03-29 02:30+02:00"]),
    # New York goes from 02:00 to 03:00 on 8 March and from 02:00 back to 01:00 on 1 November.
    (NEW_YORK, "30 2 * * *", "2026-03-07 02:30-05:00", ["2026-03-08 03:30-04:00", "2026-03-09 02:30-04:00"]),
    (NEW_YORK, "0 * * * *", "2026-03-08 01:00-05:00", ["2026-03-08 03:00-04:00", "2026-03-08 04:00-04:00"]),
    (NEW_YORK, "30 1 * * *", "2026-10-31 01:30-04:00", ["2026-11-01 01:30-04:00", "2026-11-02 01:30-05:00"]),
    (NEW_YORK, "0 2 * * *", "2026-10-31 02:00-04:00", ["2026-11-01 02:00-05:00", "2026-11-02 02:00-05:00"]),
    (NEW_YORK, "30 * * * *", "2026-11-01 00:30-04:00", ["2026-11-01 01:30-04:00", "2026-11-01 02:30-05:00"]),
    # Lord Howe goes back from 02:00 to 01:30 on 5 April, and from 02:00 to 02:30 on 4 October: half an hour only.
    (LORD_HOWE, "45 1 * * *", "2026-04-04 01:45+11:00", ["2026-04-05 01:45+11:00", "2026-04-06 01:45+10:30"]),
    (LORD_HOWE, "*/15 * * * *", "2026-04-05 01:30+11:00",
     ["2026-04-05 01:45+11:00", "2026-04-05 02:00+10:30", "2026-04-05 02:15+10:30"]),
    (LORD_HOWE, "15 2 * * *", "2026-10-03 02:15+10:30", ["2026-10-04 02:45+11:00", "2026-10-05 02:15+11:00"]),
    (LORD_HOWE, "40 2 * * *", "2026-10-03 02:40+10:30", ["2026-10-04 02:40+11:00", "2026-10-05 02:40+11:00"]),
    # 02:20 is put off until 02:50, past 02:35, which the clock does show.
    (LORD_HOWE, "20,35 2 * * *", "2026-10-04 00:00+10:30",
     ["2026-10-04 02:35+11:00", "2026-10-04 02:50+11:00", "2026-10-05 02:20+11:00"]),
    (LORD_HOWE, "10-20,40 2 * * *", "2026-10-04 02:38+11:00",
     ["2026-10-04 02:40+11:00", "2026-10-04 02:41+11:00", "2026-10-04 02:42+11:00"]),
    # Tokyo has no such days.
    (TOKYO, "30 2 * * *", "2026-03-28 02:30+09:00", ["2026-03-29 02:30+09:00", "2026-03-30 02:30+09:00"]),
    (TOKYO, "30 2 * * *", "2026-10-24 02:30+09:00", ["2026-10-25 02:30+09:00", "2026-10-26 02:30+09:00"]),
    (TOKYO, "0 * * * *", "2026-10-25 01:00+09:00", ["2026-10-25 02:00+09:00", "2026-10-25 03:00+09:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("timezone", "cron", "start", "expected"), CHANGES)
def test_the_clock_is_changed(timezone: str, cron: str, start: str, expected: list[str]) -> None:
    """A time that the day skips runs as far behind the gap as it lay in it; one that comes twice runs the first time.

    And every run is named as the clock on the wall shows it then.
    """
    found = runs(cron, timezone, start, len(expected))
    assert [shown(run, timezone) for run in found] == expected
    assert [run.name for run in found] == [e[:16] for e in expected]


@pytest.mark.parametrize(("timezone", "cron", "start", "expected"), CHANGES)
def test_a_missed_run_is_the_one_that_was_announced(timezone: str, cron: str, start: str, expected: list[str]) -> None:
    """Whoever looks at a run's time, or just before the next one's, finds that very run, and only once."""
    plan = schedule(cron, timezone)
    before = ms(start)
    for run in runs(cron, timezone, start, len(expected)):
        assert missed_run(plan, before, run.at - 1) is None
        assert missed_run(plan, before, run.at) == run
        assert missed_run(plan, before, next_run(plan, run.at).at - 1) == run
        assert missed_run(plan, run.at, next_run(plan, run.at).at - 1) is None
        before = run.at


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 24), ("2026-06-01", 24)])
def test_an_hourly_schedule_runs_once_an_hour_that_the_wall_shows(day: str, hours: int) -> None:
    """23 times on the short day, 24 times on the long one (its doubled hour counts once), and no name comes twice."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(BERLIN))
    names = [r.name for r in runs("0 * * * *", BERLIN, str(midnight - timedelta(minutes=1)), 30)]
    assert sum(name.startswith(day) for name in names) == hours == len({n for n in names if n.startswith(day)})


# ── what cron means ──


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        # 2026-11-24, the start, is a Tuesday.
        ("0 7 * * 0", ["2026-11-29", "2026-12-06"]),
        ("0 7 * * 7", ["2026-11-29", "2026-12-06"]),
        ("0 7 * * sun", ["2026-11-29", "2026-12-06"]),
        ("0 7 * * 1", ["2026-11-30", "2026-12-07"]),
        ("0 7 * * MON", ["2026-11-30", "2026-12-07"]),
        ("0 7 * * 6", ["2026-11-28", "2026-12-05"]),
        ("0 7 * * 1-5", ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"]),
        ("0 7 * * mon-fri", ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]),
        ("0 7 * * 5-7", ["2026-11-27", "2026-11-28", "2026-11-29", "2026-12-04"]),
        ("0 7 * * 0,3", ["2026-11-25", "2026-11-29", "2026-12-02"]),
        ("0 7 1 * *", ["2026-12-01", "2027-01-01"]),
        ("0 7 13 * 5", ["2026-11-27", "2026-12-04", "2026-12-11", "2026-12-13", "2026-12-18"]),  # the 13th, or a Friday
        ("0 7 31 * *", ["2026-12-31", "2027-01-31", "2027-03-31"]),
        ("0 7 L * *", ["2026-11-30", "2026-12-31"]),
        ("0 7 29 2 *", ["2028-02-29", "2032-02-29"]),
        ("0 7 1 jan,jul *", ["2027-01-01", "2027-07-01"]),
        ("0 7 */10 * *", ["2026-12-01", "2026-12-11", "2026-12-21", "2026-12-31", "2027-01-01"]),
    ],
)
def test_fields_mean_what_cron_means(cron: str, expected: list[str]) -> None:
    """Sunday is 0 and 7, names work in any case, and of day and weekday either is enough where both are given."""
    check_schedule(cron, "UTC")
    assert [r.name for r in runs(cron, "UTC", "2026-11-24 00:00+00:00", len(expected))] == [
        f"{e} 07:00" for e in expected
    ]


@pytest.mark.parametrize(
    ("cron", "detail"),
    [
        *((cron, "not five fields") for cron in ("0 0 7 * * *", "*/5 * * * * *")),
        *(
            (cron, "never comes due")
            for cron in (
                *("", " ", "* * * *", "nonsense", "0 7 * * * * *", "@daily", "0 0 30 2 *", "0 0 31 4,6,9,11 *"),
                *("60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *", "0 0 * 13 *", "0 0 * 0 *", "0 7 * * 8"),
                *("0 7 * * fri-mon", "-1 * * * *", "1.5 * * * *", "*/0 * * * *", "5-1 * * * *", "1, * * * *"),
                *("² * * * *", "٣ * * * *", "0 7 * * someday", "0 7 * * ²L", "0 7 * * 1#9", "H * * * *", "? * * * *"),
            )
        ),
    ],
)
def test_a_bad_expression_is_refused_with_a_reason(cron: str, detail: str) -> None:
    """Whatever is no cron expression of five fields, or never comes, is an error that names the field and a remedy."""
    with pytest.raises(InvalidInput, match=detail) as caught:
        check_schedule(cron, "UTC")
    assert caught.value.field == "mode/digest/cron"
    assert caught.value.hint


@pytest.mark.parametrize(
    "timezone",
    [
        *(
            "",
            " ",
            "Berlin",
            "Mars/Olympus",
            "europe/berlin ",
            "CEST+1",
            "UTC+2",
            "+02:00",
            "\x00",
            "Europe/Berlin\x00",
        ),
        *("../../etc/passwd", "/etc/passwd", "/usr/share/zoneinfo/Europe/Berlin", "Europe/../Europe/Berlin", "."),
        *("Europe", "Europe/", "zone1970.tab", "tzdata.zi", "Europe\\Berlin", "x" * 5_000, "Zürich", "\ud800"),
    ],
)
def test_a_bad_zone_is_refused_with_a_reason(timezone: str) -> None:
    """What is no name of a zone, a path above all, is an error that names the field; no file is opened by it."""
    with pytest.raises(InvalidInput) as caught:
        check_schedule("0 7 * * *", timezone)
    assert caught.value.field == "mode/digest/timezone"
    assert caught.value.hint


@pytest.mark.parametrize("timezone", ["UTC", BERLIN, NEW_YORK, LORD_HOWE, TOKYO, "Asia/Kathmandu", "Etc/GMT+12"])
def test_good_zones_are_taken(timezone: str) -> None:
    """Names of the IANA database pass."""
    check_schedule("0 7 * * 1-5", timezone)


def test_a_zone_that_is_gone_falls_back_to_utc() -> None:
    """A stored schedule whose zone this machine does not know runs by UTC, and not never."""
    assert next_run(schedule("0 7 * * *", "Atlantis/Main"), 0) == next_run(schedule("0 7 * * *"), 0)
    assert local_time("Atlantis/Main", ms("2026-11-24 07:00+00:00")) == "2026-11-24 07:00"


# ── missed runs ──


def test_missed_runs_become_one() -> None:
    """After a week of downtime a daily, an hourly and a minutely schedule each have one run to make up for."""
    down, up = ms("2026-11-17 12:30+01:00"), ms("2026-11-24 12:30+01:00")
    for cron, name in (
        ("0 7 * * *", "2026-11-24 07:00"),
        ("0 * * * *", "2026-11-24 12:00"),
        ("* * * * *", "2026-11-24 12:30"),
    ):
        found = missed_run(schedule(cron, BERLIN), down, up)
        assert found is not None
        assert found.name == name
        assert missed_run(schedule(cron, BERLIN), found.at, up) is None


def test_the_bounds_of_what_was_missed() -> None:
    """A run at ``after`` was made, one at ``now`` is due."""
    seven = ms("2026-11-24 07:00+01:00")
    plan = schedule("0 7 * * *", BERLIN)
    assert missed_run(plan, seven, seven) is None
    assert missed_run(plan, seven, seven + DAY - 1) is None
    assert missed_run(plan, seven - 1, seven) == Run("2026-11-24 07:00", seven)
    assert next_run(plan, seven) == Run("2026-11-25 07:00", seven + DAY)
    assert next_run(plan, seven - 1) == Run("2026-11-24 07:00", seven)


def test_a_rare_schedule_is_found_both_ways() -> None:
    """The 29th of February is years away in either direction."""
    plan = schedule("0 7 29 2 *", BERLIN)
    leap = next_run(plan, ms("2024-03-01 00:00+00:00"))
    assert leap.name == "2028-02-29 07:00"
    assert missed_run(plan, ms("2024-01-01 00:00+00:00"), ms("2027-01-01 00:00+00:00")) == Run(
        "2024-02-29 07:00", ms("2024-02-29 07:00+01:00")
    )


# ── whatever the schedule, the zone and the time ──

ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, TOKYO, "Africa/Casablanca", "America/St_Johns", "UTC"])
NEAR_CHANGES = st.sampled_from(
    [ms(f"{day}T00:00+00:00") for day in
     ("2026-02-15", "2026-03-08", "2026-03-22", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25", "2026-11-01")]
)  # fmt: skip
STARTS = st.builds(lambda base, more: base + more, NEAR_CHANGES, st.integers(-DAY, 2 * DAY))


@st.composite
def crons(draw: st.DrawFn) -> str:
    """Schedules that come due several times around a change of the clock."""
    minute = draw(st.sampled_from(["0", "30", "*/15", "*", "20,35", "10-20,40", "15,30-40", "59", "1,58"]))
    hour = draw(st.sampled_from(["*", "2", "1-3", "*/2", "1,2", "2,3", "0", "23"]))
    return f"{minute} {hour} * * {draw(st.sampled_from(['*', '*', '0', '1-6']))}"


@given(crons(), ZONES, STARTS)
@settings(max_examples=150, deadline=None)
def test_next_runs_are_later_and_in_order(cron: str, timezone: str, start: int) -> None:
    """next_run(x) > x, and along its chain instants and names grow strictly together."""
    plan, at, chain = schedule(cron, timezone), start, []
    for _ in range(12):
        chain.append(next_run(plan, at))
        assert chain[-1].at > at
        at = chain[-1].at
    assert all(a.at < b.at and a.name < b.name for a, b in pairwise(chain))
    assert all(run.name == local_time(timezone, run.at) for run in chain)


@given(crons(), ZONES, STARTS, st.integers(0, 3 * DAY))
@settings(max_examples=150, deadline=None)
def test_a_missed_run_lies_within_its_bounds(cron: str, timezone: str, after: int, more: int) -> None:
    """missed_run(a, b) is None or in (a, b]; it is None exactly where no run is due by then; else no other follows."""
    plan, now = schedule(cron, timezone), after + more
    found = missed_run(plan, after, now)
    if found is None:
        assert next_run(plan, after).at > now
    else:
        assert after < found.at <= now
        assert next_run(plan, after).at <= found.at
        assert next_run(plan, found.at).at > now


@given(crons(), ZONES, STARTS, st.lists(st.tuples(st.integers(1, 40 * MINUTE), st.booleans()), max_size=60))
@settings(max_examples=100, deadline=None)
def test_each_run_is_named_once_however_often_the_walker_is_restarted(
    cron: str, timezone: str, start: int, steps: list[tuple[int, bool]]
) -> None:
    """In small steps of any length, with restarts that remember only the last run, the walker names each run that it
    passed exactly once, but for those that lay within one step: they become one, the last.
    """
    plan, now, last, due = schedule(cron, timezone), start, start, 0
    named: list[Run] = []
    for step, restarted in steps:
        before, now = now, now + step
        if restarted:
            due = 0
        if now >= due:
            if found := missed_run(plan, last, now):
                named.append(found)
                last = found.at
            due = next_run(plan, now).at
        passed = []
        while (run := next_run(plan, passed[-1].at if passed else before)).at <= now:
            passed.append(run)
        assert ([named[-1]] if passed else []) == passed[-1:]
    assert all(a.name < b.name for a, b in pairwise(named))


def test_a_schedule_compares_by_all_it_says() -> None:
    """Who holds a schedule sees from it alone that it was changed."""
    plan = schedule("0 7 * * *")
    assert plan == schedule("0 7 * * *")
    for changed in (replace(plan, cron="0 8 * * *"), replace(plan, timezone=TOKYO), replace(plan, since=1)):
        assert changed != plan
