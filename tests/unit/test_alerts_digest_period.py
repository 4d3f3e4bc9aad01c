"""Every moment lies in one week, every week has one name, and each is due once whatever clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.digest_period import following, latest_due, period_of, send_at
from alerts.errors import UnknownPeriod
from config.values import WeeklyTime

# Clocks that change at midnight, by half an hour, never, or that skipped a whole day.
ZONES = [
    "Asia/Riyadh",
    "Africa/Cairo",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Asia/Amman",
    "America/St_Johns",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Europe/London",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
starts = st.sampled_from(["saturday", "sunday", "monday"])
moments = st.integers(0, 50 * 366 * 86_400).map(
    lambda s: datetime(1995, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
times = st.builds(
    WeeklyTime, st.integers(0, 6), st.times().map(lambda t: t.replace(second=0, microsecond=0, fold=0))
)


@given(moments, starts, zones)
@example(datetime(2011, 12, 30, 10, 0, tzinfo=UTC), "saturday", ZoneInfo("Pacific/Apia"))
@example(datetime(2005, 10, 30, 3, 45, tzinfo=UTC), "sunday", ZoneInfo("America/St_Johns"))
def test_every_moment_lies_in_its_period_and_not_in_the_next(
    now: datetime, start: str, zone: ZoneInfo
) -> None:
    period = period_of(now, start, zone)
    assert period.start <= now < period.end
    assert following(period, zone).start == period.end
    assert following(period, zone, -1).end == period.start
    assert period.first_day.strftime("%A").lower() == start
    assert timedelta(days=5, hours=20) < period.end - period.start < timedelta(days=7, hours=4)


@given(moments, starts, zones)
def test_a_periods_name_finds_it_again(now: datetime, start: str, zone: ZoneInfo) -> None:
    period = period_of(now, start, zone)
    assert period_of(period.key, start, zone) == period
    assert following(period, zone).key > period.key


@given(moments, starts, zones)
def test_a_period_is_named_like_the_iso_week_that_holds_most_of_its_days(
    now: datetime, start: str, zone: ZoneInfo
) -> None:
    period = period_of(now, start, zone)
    names = ["{}-W{:02}".format(*day.isocalendar()[:2]) for day in period.days()]
    assert names.count(period.key) >= 5


@pytest.mark.parametrize(
    ("start", "first", "last"),
    [
        ("saturday", date(2026, 11, 14), date(2026, 11, 20)),
        ("sunday", date(2026, 11, 15), date(2026, 11, 21)),
        ("monday", date(2026, 11, 16), date(2026, 11, 22)),
    ],
)
def test_week_47_of_2026_in_each_week(start: str, first: date, last: date) -> None:
    period = period_of("2026-W47", start, ZoneInfo("Asia/Riyadh"))
    assert (period.first_day, period.last_day) == (first, last)
    assert period.start == datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=3)


def test_where_clocks_skip_midnight_the_week_begins_at_the_jump() -> None:
    # Cairo, Friday 26 April 2024: 00:00 became 01:00. Beirut, Sunday 31 March 2024: likewise.
    period = period_of(datetime(2024, 4, 1, tzinfo=UTC), "sunday", ZoneInfo("Asia/Beirut"))
    assert period.start == datetime(2024, 3, 30, 22, 0, tzinfo=UTC)
    assert period.end - period.start == timedelta(days=7) - timedelta(hours=1)


@pytest.mark.parametrize(
    "name", ["2026-W54", "2026-W00", "2026W47", "w47", "", "2025-W53", "0000-W01", "٢٠٢٦-W47"]
)
def test_a_name_of_no_week_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(UnknownPeriod, match="2026-W47"):
        period_of(name, "sunday", ZoneInfo("UTC"))


@given(moments, times, starts, zones)
def test_the_newest_due_period_is_over_and_the_one_after_it_is_not_due(
    now: datetime, at: WeeklyTime, start: str, zone: ZoneInfo
) -> None:
    period = latest_due(now, at, start, zone)
    assert period.end <= send_at(period, at, zone) <= now < send_at(following(period, zone), at, zone)


@given(moments, times, starts, zones)
def test_as_time_passes_each_period_becomes_due_once_and_in_order(
    now: datetime, at: WeeklyTime, start: str, zone: ZoneInfo
) -> None:
    seen = [latest_due(now + timedelta(hours=6 * step), at, start, zone) for step in range(4 * 21)]
    for before, after in pairwise(seen):
        assert after in (before, following(before, zone))


def test_a_time_that_clocks_skip_is_due_after_the_jump() -> None:
    london = ZoneInfo("Europe/London")
    period = period_of(datetime(2026, 3, 25, tzinfo=UTC), "sunday", london)
    # On 29 March 2026 the clocks of London go from 01:00 to 02:00.
    assert send_at(period, WeeklyTime(6, time(1, 30)), london) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
