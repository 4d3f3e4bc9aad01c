"""The readers' weeks: their names, their bounds, and when the digest of one is due.

A period is named like an ISO week, `2026-W47`. A week that starts on Saturday or Sunday takes the name
of the ISO week (Monday to Sunday) that holds most of its days, which is the one its fourth day lies in:
where weeks start on Sunday, `2026-W47` runs from Sunday 15 to Saturday 21 November 2026. Every ISO week
names exactly one such week.

A week lasts from midnight to midnight on the readers' clocks, so it may be an hour or two longer or
shorter than 168 hours. Where clocks jump over midnight, the day begins at the jump; where midnight comes
twice, at the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal

from alerts.errors import UnknownPeriod
from config.values import WEEKDAYS, WeeklyTime

WeekStart = Literal["saturday", "sunday", "monday"]

WEEK: Final = timedelta(weeks=1)
_TO_FOURTH_DAY: Final = timedelta(days=3)
_NAME: Final = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """One week of the readers: `start` ≤ time < `end` in UTC, and its first and last calendar day."""

    key: str
    start: datetime
    end: datetime
    first_day: date
    last_day: date

    def days(self) -> list[date]:
        """Return the seven calendar days."""
        return [self.first_day + timedelta(days=n) for n in range(7)]


def wall_time(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the UTC moment at which clocks show a time on a day.

    Where they show it twice it is the first; where they skip it, the moment of equal distance after the
    jump, which for midnight is the jump itself.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _starting(first: date, zone: tzinfo) -> Period:
    year, week, _ = (first + _TO_FOURTH_DAY).isocalendar()
    return Period(
        key=f"{year}-W{week:02}",
        start=wall_time(first, time.min, zone),
        end=wall_time(first + WEEK, time.min, zone),
        first_day=first,
        last_day=first + WEEK - timedelta(days=1),
    )


def _first_day(day: date, week_starts: WeekStart) -> date:
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts)) % 7)


def period_of(name: str | datetime, week_starts: WeekStart, zone: tzinfo) -> Period:
    """Return the period of that name (`2026-W47`), or the one that an aware moment lies in.

    Raises:
        UnknownPeriod: no week has that name.
    """
    if isinstance(name, str):
        return _named(name, week_starts, zone)
    found = _starting(_first_day(name.astimezone(zone).date(), week_starts), zone)
    # Clocks that go back over midnight show yesterday's date again after today began.
    return following(found, zone) if name >= found.end else found


def _named(name: str, week_starts: WeekStart, zone: tzinfo) -> Period:
    parts = _NAME.fullmatch(name.strip())
    if parts is None:
        raise UnknownPeriod(name)
    try:
        monday = date.fromisocalendar(int(parts[1]), int(parts[2]), 1)
        # Weeks from Saturday or Sunday begin one or two days before the ISO week of their name.
        return _starting(_first_day(monday + _TO_FOURTH_DAY, week_starts), zone)
    except (ValueError, OverflowError):
        raise UnknownPeriod(name) from None


def following(period: Period, zone: tzinfo, weeks: int = 1) -> Period:
    """Return the period so many weeks later, or earlier where `weeks` is negative."""
    return _starting(period.first_day + weeks * WEEK, zone)


def send_at(period: Period, at: WeeklyTime, zone: tzinfo) -> datetime:
    """Return when the digest of a period is due: the first such time of the week after its end."""
    after = period.last_day + timedelta(days=1)
    return wall_time(after + timedelta(days=(at.weekday - after.weekday()) % 7), at.at, zone)


def latest_due(now: datetime, at: WeeklyTime, week_starts: WeekStart, zone: tzinfo) -> Period:
    """Return the newest period whose digest is due by now. Older ones are not made up for."""
    newest = following(period_of(now, week_starts, zone), zone, -1)
    return newest if send_at(newest, at, zone) <= now else following(newest, zone, -1)
