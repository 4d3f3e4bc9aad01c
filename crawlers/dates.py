"""Dates as people and machines write them on pages, read into aware UTC times.

Month names come from Unicode CLDR through Babel, for the languages that pages here are written in,
with both Arabic sets (يناير and كانون الثاني) and the North African ones.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

_LOCALES = (
    *("ar", "ar_EG", "ar_LB", "ar_IQ", "ar_MA", "ar_DZ", "ar_SA", "en", "fr", "de", "es", "it", "pt"),
    *("nl", "tr", "he", "ur", "ru", "pl", "sv", "da", "nb", "fi", "id"),
)
_LONGEST = 200
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:\s?T|,|\s)\s?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?"
    r"(?:\s?(am|pm|a\.m\.|p\.m\.|ص|م)(?!\w))?\s?([+-]\d{2}:?\d{2}|[+-]\d{2}|Z(?!\w))?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{4}|\d{1,2})(?!\d)")
_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?(am|pm|a\.m\.|p\.m\.|ص|م)(?!\w))?", re.IGNORECASE
)
_ZONE = re.compile(r"(?:(?<=:\d\d)|(?<=\s)|(?:UTC|GMT)\s?)([+-])(\d{2}):?(\d{2})(?!\d)")
_SHORT_ZONE = re.compile(r"(?:UTC|GMT)\s?([+-])(\d{1,2})(?!\d)")
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
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_EPOCH = re.compile(r"1\d{9}(\d{3})?")
_MARKS = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u0640\u064b-\u065f]")


def plain_digits(text: str) -> str:
    """Return `text` with ASCII digits for those of any script, and `.` and `,` for the Arabic separators."""
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in text.translate({0x066B: ".", 0x066C: ",", 0x060C: ","})
    )


def parse_moment(written: object, *, language: str | None = None) -> datetime | None:
    """Return the time that `written` names as an aware UTC time, or None where it is not certain.

    Understood are ISO 8601 in its usual forms, RFC 822 and Ruby's order, epoch seconds or milliseconds,
    and dates with a month's name in some twenty languages, with text around them. A time without a zone
    counts as UTC (`AST` is Arabia's where `language` is Arabic, else unknown), a date without a time as
    its midnight. `03/04/2024` is read in the order of `language`
    (BCP 47) and is None where that is unknown or plain `en`, whose readers disagree.
    """
    text = _clean(written)
    if text is None:
        return None
    if (found := _iso(text, language) or _epoch(text)) is not None:
        return found
    shift, rest = _zone(text, language)
    return _named_month(rest, shift) or _numeric(rest, language, shift)


def _clean(written: object) -> str | None:
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    text = _MARKS.sub("", plain_digits(str(written)[:_LONGEST])).strip()
    return text or None


def _moment(
    year: int, month: int, day: int, clock: tuple[int, int, int] = (0, 0, 0), shift: timedelta = timedelta(0)
) -> datetime | None:
    try:
        return datetime(year, month, day, *clock, tzinfo=timezone(shift)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _shift(zone: str | None) -> timedelta:
    digits = re.sub(r"\D", "", zone or "")
    if not digits or zone is None:
        return timedelta(0)
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    return -span if zone.startswith("-") else span


def _zone(text: str, language: str | None) -> tuple[timedelta, str]:
    """Return how far east of UTC the zone is that `text` names, and the text without it."""
    if found := _ZONE.search(text) or _SHORT_ZONE.search(text):
        shift = _shift("".join(part.zfill(2) if part.isdigit() else part for part in found.groups()))
        return shift, f"{text[: found.start()]} {text[found.end() :]}"
    for name in _ZONE_NAME.findall(text):
        if name in _NAMED_ZONES:
            return timedelta(hours=_NAMED_ZONES[name]), text
        if name == "AST" and (language or "").split("-")[0].casefold() == "ar":
            return _ARABIA, text
    return timedelta(0), text


def _iso(text: str, language: str | None) -> datetime | None:
    found = _ISO.search(text)
    if found is not None:
        year, month, day, hour, minute, second, half, zone = found.groups()
    else:
        if (found := _COMPACT.fullmatch(text)) is None:
            return None
        (year, month, day, hour, minute, second, zone), half = found.groups(), None
    clock = (_hour_of_day(int(hour or 0), half), int(minute or 0), min(59, int(second or 0)))
    shift = _shift(zone) if zone or not hour else _zone(text[found.end() :], language)[0]
    return _moment(int(year), int(month), int(day), clock, shift)


def _hour_of_day(hour: int, half: str | None) -> int:
    """Return the hour on a clock of 24 hours; `half` says which half of the day it is, if anything."""
    letter = (half or "").lower()[:1]
    if letter in ("p", "م") and hour < 12:
        return hour + 12
    return 0 if letter in ("a", "ص") and hour == 12 else hour


def _epoch(text: str) -> datetime | None:
    if (found := _EPOCH.fullmatch(text.removesuffix(".0"))) is None:
        return None
    return datetime.fromtimestamp(int(found[0]) / (1000 if found[1] else 1), UTC)


def _clock(text: str) -> tuple[tuple[int, int, int], str]:
    """Return the time of day in `text` and the text without it."""
    found = _CLOCK.search(text)
    if found is None:
        return (0, 0, 0), text
    clock = (_hour_of_day(int(found[1]), found[4]), int(found[2]), min(59, int(found[3] or 0)))
    return clock, f"{text[: found.start()]} {text[found.end() :]}"


def _named_month(text: str, shift: timedelta) -> datetime | None:
    month, rest = _find_month(text)
    if month is None:
        return None
    clock, rest = _clock(rest)
    year = _YEAR.search(rest)
    if year is None:
        return _short_year(rest, month, clock, shift)
    rest = f"{rest[: year.start()]} {rest[year.end() :]}"
    day = _DAY.search(rest)
    if day is None:
        return None
    return _moment(int(year[1]), month, int(day[1]), clock, shift)


def _short_year(rest: str, month: int, clock: tuple[int, int, int], shift: timedelta) -> datetime | None:
    """Read RFC 822's two-digit year, which stands after the day and the month."""
    numbers = _DAY.findall(rest)
    if len(numbers) != 2 or len(numbers[1]) != 2:
        return None
    year = int(numbers[1]) + (2000 if int(numbers[1]) < 70 else 1900)
    return _moment(year, month, int(numbers[0]), clock, shift)


def _find_month(text: str) -> tuple[int | None, str]:
    """Return the month that is named in `text`, two words before one, and the text without it."""
    words = list(_WORD.finditer(text))
    names = _months()
    for size in (2, 1):
        for first in range(len(words) - size + 1):
            span = words[first : first + size]
            month = names.get(" ".join(_fold(word[0]) for word in span))
            if month is not None:
                return month, f"{text[: span[0].start()]} {text[span[-1].end() :]}"
    return None, text


def _fold(word: str) -> str:
    folded = word.casefold().translate(str.maketrans("أإآى", "اااي"))
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter)
    )


@cache
def _months() -> dict[str, int]:
    """Return every month name that means the same month in all the languages that have it."""
    names: dict[str, int] = {"sept": 9}
    doubtful: set[str] = set()
    for tag in _LOCALES:
        months = Locale.parse(tag).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    key = " ".join(_fold(word) for word in _WORD.findall(_MARKS.sub("", name)))
                    if names.setdefault(key, number) != number:
                        doubtful.add(key)
    return {name: number for name, number in names.items() if name not in doubtful and len(name) > 1}


def _numeric(text: str, language: str | None, shift: timedelta) -> datetime | None:
    clock, rest = _clock(text)
    found = _NUMERIC.search(rest)
    if found is None:
        return None
    first, middle, last = (int(part) for part in found.groups())
    if first > 31:
        return _moment(first, middle, last, clock, shift)
    if last < 1000:
        return None
    order = _order(first, middle, language)
    if order is None:
        return None
    return _moment(last, *((middle, first) if order == "day" else (first, middle)), clock, shift)


def _order(first: int, second: int, language: str | None) -> str | None:
    if first == second or first > 12:
        return "day"
    if second > 12:
        return "month"
    if language is None or language.casefold() == "en":
        return None
    try:
        pattern = Locale.parse(language.replace("-", "_"), sep="_").date_formats["short"].pattern
    except (ValueError, UnknownLocaleError):
        return None
    return "day" if pattern.find("d") < pattern.find("M") else "month"
