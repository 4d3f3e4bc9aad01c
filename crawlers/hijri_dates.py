"""Dates of the Hijri calendar as Arabic pages write them, by the Umm al-Qura calendar. Pure.

Umm al-Qura is the civil calendar of Saudi Arabia; its months follow computed moons. Where a page goes by a
sighted moon instead, its day may be one off.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from hijridate import Hijri

# As folded: without marks and hamzas, with ه for ة and ي for ى.
_MONTHS: Final = (
    "محرم",
    "صفر",
    "ربيع (?:ال)?اول",
    "ربيع (?:ال)?(?:اخر|ثاني)",
    "جمادي (?:ال)?(?:اولي|اول)",
    "جمادي (?:ال)?(?:اخره|اخر|ثانيه|ثاني)",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذ[ويا] ?(?:ال)?قعده",
    "ذ[ويا] ?(?:ال)?حجه",
)
_MONTH: Final = "|".join(f"(?P<m{number}>{name})" for number, name in enumerate(_MONTHS, 1))
_YEAR: Final = r"(?P<year>1[34]\d{2})(?!\d)"
_OF: Final = r"(?:\s*(?:،|,|/|-|من|شهر|عام|سنه|لعام|ل)){0,3}\s*"
_DAY: Final = r"(?<![\d:])(?P<day>\d{1,2})(?![\d:])"
_MARK: Final = r"\s?(?:هجريه?|ه(?!\w))"
# The optional mark is taken along, so that nothing of the date stays behind.
_NAMED: Final = (
    re.compile(rf"{_DAY}{_OF}(?<!\w)(?:ال)?(?:{_MONTH})(?!\w){_OF}{_YEAR}(?:{_MARK})?"),
    re.compile(rf"(?<!\w)(?:ال)?(?:{_MONTH})(?!\w)\s*{_DAY}{_OF}{_YEAR}(?:{_MARK})?"),
)
_NUMBERS: Final = (
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})[/\-.](?P<month>\d{{1,2}})[/\-.]{_YEAR}{_MARK}"),
    re.compile(rf"(?<!\d){_YEAR}[/\-.](?P<month>\d{{1,2}})[/\-.](?P<day>\d{{1,2}}){_MARK}"),
)


def gregorian(year: int, month: int, day: int) -> date | None:
    """Return the Gregorian date of a day of the Umm al-Qura calendar, None for one that it has not.

    The years 1343 to 1500 are known, which are August 1924 to November 2077.
    """
    try:
        day_there = Hijri(year, month, day).to_gregorian()
    except (ValueError, OverflowError):
        return None
    return date(day_there.year, day_there.month, day_there.day)


def find_hijri(folded: str) -> tuple[date | None, str]:
    """Return the Hijri date that stands in `folded`, as a Gregorian one, and the text without it.

    It must be one beyond doubt: a month by its name and a year of the 1300s or 1400s, or numbers with the
    calendar's own mark (هـ). `folded` has plain digits and letters without marks (`crawlers.dates`).
    """
    for pattern in (*_NAMED, *_NUMBERS):
        if found := pattern.search(folded):
            parts = found.groupdict()
            month = parts.get("month") or next(
                name[1:] for name, value in parts.items() if value and name[0] == "m"
            )
            day = gregorian(int(parts["year"]), int(month), int(parts["day"]))
            return day, f"{folded[: found.start()]} {folded[found.end() :]}"
    return None, folded
