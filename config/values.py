"""The small written forms of the configuration: durations, times of the week."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = "|".join(f"[{day[0].upper()}{day[0]}]{day[1:]}" for day in WEEKDAYS)
_WEEKLY_FORM = rf"^\s*({_DAYS})\s+([01]?[0-9]|2[0-3]):[0-5][0-9]\s*$"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,6})\s*([smhdw])")


def parse_duration(raw: object) -> timedelta:
    """Return `15m`, `2h`, `1d`, `1w` or `90s` as a time span. Raises ValueError for any other form."""
    if isinstance(raw, timedelta):
        return raw
    found = _DURATION.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError("write a number and a unit (s, m, h, d, w), such as 15m or 2h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def format_duration(span: timedelta) -> str:
    """Return the shortest written form of a time span of whole seconds."""
    seconds = int(span.total_seconds())
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\s*[0-9]{1,6}\s*[smhdw]\s*$", "examples": ["15m", "2h", "1d"]}
    ),
]


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A moment of the week on the wall clock; `weekday` counts from Monday, 0."""

    weekday: int
    at: time

    def __str__(self) -> str:
        """Return the written form, `sunday 09:00`."""
        return f"{WEEKDAYS[self.weekday]} {self.at:%H:%M}"


def _parse_weekly(raw: Any) -> WeeklyTime:
    if isinstance(raw, WeeklyTime):
        return raw
    words = raw.lower().split() if isinstance(raw, str) else []
    if len(words) == 2 and words[0] in WEEKDAYS and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", words[1]):
        hour, minute = words[1].split(":")
        return WeeklyTime(WEEKDAYS.index(words[0]), time(int(hour), int(minute)))
    raise ValueError("write a weekday and a time, such as sunday 09:00")


Weekly = Annotated[
    WeeklyTime,
    BeforeValidator(_parse_weekly),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _WEEKLY_FORM, "examples": ["sunday 09:00"]}),
]
