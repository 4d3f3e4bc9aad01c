"""Dates of the Hijri calendar as Arabic pages write them, by the Umm al-Qura calendar. Pure.

Umm al-Qura is the civil calendar of Saudi Arabia; its months follow computed moons, so that their lengths
are a table. Where a page goes by a sighted moon instead, its day may be one off.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

_FIRST_YEAR: Final = 1410
_LAST_YEAR: Final = 1500
_FIRST_DAY: Final = date(1989, 8, 2)
"""1 Muharram 1410, the last new year before 1990."""

# Three hexadecimal digits a year, 1410 to 1500: the highest of their twelve bits is Muharram's, set where
# the month has 30 days.
# Calendar of the King Abdulaziz City for Science and Technology, as R. H. van Gent tabulates it:
# https://webspace.science.uu.nl/~gent0113/islam/ummalqura.htm
_LONG_MONTHS: Final = (
    "ba95b49ba4db25d52daa5ad4aea56d4bd23d91da95b4ab5a56d2b693b49b6556a9754b6a56caad555b29b92ba9"
    "5d4ada55aaab595749764baa5b52b6a56d2ae9572a75535a95d49ba4dd26d535aaaad4b6a57527a95b4ab5536c"
    "9ae4b6a96b4ada55d25d92dc96d4ad6556d2b693749b64d72ab54b6a5752b6956b2ad94dc95d4aea56caad5556"
    "c97"
)
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

    The years 1410 to 1500 are known, which are August 1989 to November 2077.
    """
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= 12):
        return None
    if not 1 <= day <= _days(year, month):
        return None
    whole_years = sum(348 + _bits(earlier).bit_count() for earlier in range(_FIRST_YEAR, year))
    months = sum(_days(year, earlier) for earlier in range(1, month))
    return _FIRST_DAY + timedelta(days=whole_years + months + day - 1)


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


def _days(year: int, month: int) -> int:
    return 29 + (_bits(year) >> (12 - month) & 1)


def _bits(year: int) -> int:
    at = 3 * (year - _FIRST_YEAR)
    return int(_LONG_MONTHS[at : at + 3], 16)
