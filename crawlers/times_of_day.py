"""Times of day and zones as people write them, in Arabic, English and French. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

_HALVES = {
    **dict.fromkeys(("am", "a.m.", "ص", "صباحا", "فجرا", "du matin"), "morning"),
    **dict.fromkeys(
        ("pm", "p.m.", "م", "مساء", "عصرا", "بعد الظهر", "du soir", "de l'après-midi"), "evening"
    ),
    "ظهرا": "noon",
    "ليلا": "night",
}
HALF = "|".join(re.escape(half) for half in sorted(_HALVES, key=len, reverse=True))
# One letter after a bare number says too little: "23 م" may be a year of our era.
_LONG_HALF = "|".join(re.escape(half) for half in sorted(_HALVES, key=len, reverse=True) if len(half) > 1)
_CLOCK = re.compile(
    rf"(?<!\d)(\d{{1,2}})[:h](\d{{2}})(?!\d)(?::(\d{{2}}))?(?:[.,]\d{{1,9}})?(?:\s?({HALF})(?!\w))?",
    re.IGNORECASE,
)
_HOUR = re.compile(rf"(?<![\d:./\-])(\d{{1,2}})\s?({_LONG_HALF})(?!\w)", re.IGNORECASE)
_HOUR_NAMED = re.compile(rf"الساعة\s(\d{{1,2}})(?![\d:])(?:\s({HALF})(?!\w))?")
_ZONE = re.compile(r"(?:(?<=:\d\d)|(?<=\s)|(?:UTC|GMT)\s?)([+-])(\d{2}):?(\d{2})(?!\d)")
_SHORT_ZONE = re.compile(r"(?:(?:UTC|GMT)\s?|(?<=:\d\d)\s?)([+-])(\d{1,2})(?::(\d{2}))?(?![\d:])")
# What Arabic pages say after a time. Cairo is not among them: its hours east of UTC change in summer.
_ZONES_IN_WORDS = re.compile(
    r"(?:بتوقيت|توقيت)\s(?:(?P<greenwich>غرينتش|جرينتش|غرينيتش)"
    r"|(?P<arabia>مكة(?: المكرمة)?|السعودية|الرياض|بغداد|الكويت|قطر|الدوحة)"
    r"|(?P<gulf>الإمارات|أبوظبي|دبي|مسقط))"
)
_HOURS_IN_WORDS = {"greenwich": 0, "arabia": 3, "gulf": 4}
_ZONE_NAME = re.compile(r"(?<![^\W_])[A-Z]{3,4}(?![^\W_])")
# Hours east of UTC. Names that several zones share (IST, AST but in Arabic) are left out.
_ZONES_BY_HOURS = {
    -8: "PST",
    -7: "PDT MST",
    -6: "MDT CST",
    -5: "CDT EST",
    -4: "EDT",
    1: "CET BST WEST WAT",
    2: "CEST EET CAT SAST",
    3: "EEST MSK TRT EAT",
    4: "GST",
    5: "PKT",
    8: "SGT HKT",
    9: "JST KST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
_NAMED_ZONES = {name: hours for hours, names in _ZONES_BY_HOURS.items() for name in names.split()}
_ARABIA = timedelta(hours=3)

Clock = tuple[int, int, int]
"""Hour, minute and second."""

MIDNIGHT: Clock = (0, 0, 0)


def hour_of_day(hour: int, half: str | None) -> int:
    """Return the hour on a clock of 24 hours; `half` says which part of the day it is, if anything."""
    part = _HALVES.get((half or "").lower())
    if part == "night":
        part = "morning" if hour == 12 or hour < 6 else "evening"
    if part == "evening" or (part == "noon" and hour < 6):
        return hour + 12 if hour < 12 else hour
    return 0 if part == "morning" and hour == 12 else hour


def take_clock(text: str) -> tuple[Clock | None, str]:
    """Return the time of day in `text`, None where none is told, and the text without it."""
    if found := _CLOCK.search(text):
        hour, minute, second, half = found.groups()
    elif found := _HOUR_NAMED.search(text) or _HOUR.search(text):
        (hour, half), minute, second = found.groups(), None, None
    else:
        return None, text
    clock = (hour_of_day(int(hour), half), int(minute or 0), min(59, int(second or 0)))
    return clock, f"{text[: found.start()]} {text[found.end() :]}"


def shift_of(zone: str | None) -> timedelta:
    """Return how far east of UTC a zone such as `+03:00`, `-0730` or `Z` is."""
    digits = re.sub(r"\D", "", zone or "")
    if not digits or zone is None:
        return timedelta(0)
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    return -span if zone.startswith("-") else span


def take_zone(text: str, language: str | None) -> tuple[timedelta, str]:
    """Return how far east of UTC the zone is that `text` names, and the text without it."""
    if found := _ZONE.search(text) or _SHORT_ZONE.search(text):
        sign, hours, minutes = found.groups()
        shift = shift_of(f"{sign}{hours.zfill(2)}{minutes or ''}")
        return shift, f"{text[: found.start()]} {text[found.end() :]}"
    if found := _ZONES_IN_WORDS.search(text):
        hours_east = _HOURS_IN_WORDS[str(found.lastgroup)]
        return timedelta(hours=hours_east), f"{text[: found.start()]} {text[found.end() :]}"
    for name in _ZONE_NAME.findall(text):
        if name in _NAMED_ZONES:
            return timedelta(hours=_NAMED_ZONES[name]), text
        if name == "AST" and (language or "").split("-")[0].casefold() == "ar":
            return _ARABIA, text
    return timedelta(0), text
