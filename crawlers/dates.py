"""Dates as people and machines write them on pages, read into aware UTC times.

Month names come from Unicode CLDR through Babel, for the languages that pages here are written in,
with both Arabic sets (يناير and كانون الثاني) and the North African ones.
Dates of the Hijri calendar are in `crawlers.hijri_dates`, those told from now in `crawlers.relative_dates`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

from crawlers.hijri_dates import find_hijri
from crawlers.relative_dates import day_back, time_ago
from crawlers.times_of_day import HALF, MIDNIGHT, Clock, hour_of_day, shift_of, take_clock, take_zone

_LOCALES = (
    *("ar", "ar_EG", "ar_LB", "ar_IQ", "ar_MA", "ar_DZ", "ar_SA", "en", "fr", "de", "es", "it", "pt"),
    *("nl", "tr", "he", "ur", "ru", "pl", "sv", "da", "nb", "fi", "id"),
)
_LONGEST = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_SKEW = timedelta(days=1)
# Spellings that CLDR has not: Egyptian, Iraqi, and without the article.
_MORE_MONTHS = {
    "sept": 9,
    "يونيه": 6,
    "يوليه": 7,
    "مايس": 5,
    "اغشت": 8,
    "كانون ثاني": 1,
    "تشرين اول": 10,
    "تشرين ثاني": 11,
    "كانون اول": 12,
}
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:\s?T|,|\s)\s?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?"
    rf"(?:\s?({HALF})(?!\w))?\s?([+-]\d{{2}}:?\d{{2}}|[+-]\d{{2}}|Z(?!\w))?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(?:[.,]\d{1,9})?(Z|[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{4}|\d{1,2})(?!\d)")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_DAY = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_EPOCH = re.compile(r"(1\d{9})(?:\d{3}){0,3}(?:\.\d{1,9})?")
_NET_EPOCH = re.compile(r"/Date\((\d{13})(?:[+-]\d{4})?\)/")
_ARABIC = re.compile("[\u0621-\u064a]")
_ALIKE = str.maketrans("أإآىة", "اااي" + "ه")
_PUNCTUATION = {**dict.fromkeys((0x2010, 0x2011, 0x2013, 0x2212), "-"), 0x2019: "'"}
_MARKS = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u0640\u064b-\u065f]")


def plain_digits(text: str) -> str:
    """Return `text` with ASCII digits for those of any script, and `.` and `,` for the Arabic separators."""
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in text.translate({0x066B: ".", 0x066C: ",", 0x060C: ","})
    )


def parse_moment(
    written: object, *, language: str | None = None, now: datetime | None = None
) -> datetime | None:
    """Return the time that `written` names as an aware UTC time, or None where it is not certain.

    Understood are ISO 8601 in its usual forms, RFC 822 and Ruby's order, epoch seconds to nanoseconds,
    and dates with a month's name in some twenty languages, with text around them; dates of the Hijri
    calendar with a month's name or its mark, where no other stands beside them. A time without a zone
    counts as UTC (`AST` is Arabia's where `language` is Arabic, else unknown), a date without a time as
    its midnight. `03/04/2024` is read in the order of `language`
    (BCP 47) and is None where that is unknown or plain `en`, whose readers disagree.

    Only where `now` is given: times told from it in Arabic, English and French ("منذ ساعتين", "yesterday"),
    and dates without a year, taken for the last such day. What cannot be true is None: see `believed`.
    """
    text = _clean(written)
    if text is None:
        return None
    found = _hijri_or_not(text, language) if _ARABIC.search(text) else _gregorian(text, language)
    if found is None and now is not None:
        found = _from_now(text, now, language)
    return believed(found, now)


def first_moment(
    written: Iterable[object], *, language: str | None = None, now: datetime | None = None
) -> tuple[datetime | None, bool]:
    """Return the first time that is named, as `parse_moment` reads it, and whether only `now` makes it one.

    A date that is written out comes before any that is told from now: such a one is another whenever it is
    read, so that no identity may be made of it. Dates that cannot be true are passed over.
    """
    forms = list(written)
    for moment in (parse_moment(form, language=language) for form in forms):
        if believed(moment, now) is not None:
            return moment, False
    if now is None:
        return None, False
    told = (parse_moment(form, language=language, now=now) for form in forms)
    moment = next((one for one in told if one is not None), None)
    return moment, moment is not None


def believed(moment: datetime | None, now: datetime | None = None) -> datetime | None:
    """Return `moment` unless it cannot be true: before 1990, or more than a day after `now`, if given.

    A day is allowed for clocks that are wrong and for local times without a zone.
    """
    if moment is None or moment < _EARLIEST or (now is not None and moment > now + _SKEW):
        return None
    return moment


def _hijri_or_not(text: str, language: str | None) -> datetime | None:
    """Read a date in Arabic: the Gregorian one, where both calendars' stand there."""
    shift, rest = take_zone(text, language)
    clock, rest = take_clock(rest)
    day, without = find_hijri(fold(rest))
    if day is None:
        return _gregorian(text, language)
    other = _named_month(without, shift, clock) or _numeric(without, language, shift, clock)
    return other or _moment(day.year, day.month, day.day, clock or MIDNIGHT, shift)


def _gregorian(text: str, language: str | None) -> datetime | None:
    if (found := _iso(text, language) or _epoch(text)) is not None:
        return found
    shift, rest = take_zone(text, language)
    clock, rest = take_clock(rest)
    return _named_month(rest, shift, clock) or _numeric(rest, language, shift, clock)


def _from_now(text: str, now: datetime, language: str | None) -> datetime | None:
    shift, rest = take_zone(text, language)
    if abs(shift) >= timedelta(days=1):
        return None
    clock, without_clock = take_clock(rest)
    there = now.astimezone(timezone(shift))
    day = day_back(fold(without_clock), there)
    if day is not None:
        return _moment(day.year, day.month, day.day, clock or MIDNIGHT, shift)
    ago = time_ago(" ".join(fold(text).split()), now)
    return ago if ago is not None else _last_such_day(without_clock, shift, clock, now)


def _last_such_day(text: str, shift: timedelta, clock: Clock | None, now: datetime) -> datetime | None:
    month, rest = _find_month(text)
    numbers = re.findall(r"\d+", rest)
    # "ago" is August to Spaniards, and what stands after a span of time to everyone else.
    if month is None or len(numbers) != 1 or len(numbers[0]) > 2 or re.search(r"(?i)\bago\b", text):
        return None
    years = (now.year + 1, now.year, now.year - 1)
    days = (_moment(year, month, int(numbers[0]), clock or MIDNIGHT, shift) for year in years)
    return next((day for day in days if day is not None and believed(day, now)), None)


def _clean(written: object) -> str | None:
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    if isinstance(written, int) and abs(written) >= 10**_LONGEST:
        return None
    plain = plain_digits(str(written)[:_LONGEST]).translate(_PUNCTUATION)
    return _MARKS.sub("", plain).strip() or None


def _moment(
    year: int, month: int, day: int, clock: Clock = MIDNIGHT, shift: timedelta = timedelta(0)
) -> datetime | None:
    try:
        return datetime(year, month, day, *clock, tzinfo=timezone(shift)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _iso(text: str, language: str | None) -> datetime | None:
    found = _ISO.search(text)
    if found is not None:
        year, month, day, hour, minute, second, half, zone = found.groups()
    else:
        if (found := _COMPACT.fullmatch(text)) is None:
            return None
        (year, month, day, hour, minute, second, zone), half = found.groups(), None
    clock = (hour_of_day(int(hour or 0), half), int(minute or 0), min(59, int(second or 0)))
    shift = shift_of(zone) if zone or not hour else take_zone(text[found.end() :], language)[0]
    return _moment(int(year), int(month), int(day), clock, shift)


def _epoch(text: str) -> datetime | None:
    if found := _NET_EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]) // 1000, UTC)
    found = _EPOCH.fullmatch(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _named_month(text: str, shift: timedelta, clock: Clock | None) -> datetime | None:
    month, rest = _find_month(text)
    if month is None:
        return None
    year = _YEAR.search(rest)
    if year is None:
        return _short_year(rest, month, clock or MIDNIGHT, shift)
    rest = f"{rest[: year.start()]} {rest[year.end() :]}"
    day = _DAY.search(rest)
    if day is None:
        return None
    return _moment(int(year[1]), month, int(day[1]), clock or MIDNIGHT, shift)


def _short_year(rest: str, month: int, clock: Clock, shift: timedelta) -> datetime | None:
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
            month = names.get(" ".join(fold(word[0]) for word in span))
            if month is not None:
                return month, f"{text[: span[0].start()]} {text[span[-1].end() :]}"
    return None, text


def fold(text: str) -> str:
    """Return `text` in lower case without accents and hamzas, with ه for ة and ي for ى."""
    folded = text.casefold().translate(_ALIKE)
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter)
    )


@cache
def _months() -> dict[str, int]:
    """Return every month name that means the same month in all the languages that have it."""
    names: dict[str, int] = dict(_MORE_MONTHS)
    doubtful: set[str] = set()
    for tag in _LOCALES:
        months = Locale.parse(tag).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    key = " ".join(fold(word) for word in _WORD.findall(_MARKS.sub("", name)))
                    if names.setdefault(key, number) != number:
                        doubtful.add(key)
    return {name: number for name, number in names.items() if name not in doubtful and len(name) > 1}


def _numeric(text: str, language: str | None, shift: timedelta, stated: Clock | None) -> datetime | None:
    clock = stated or MIDNIGHT
    found = _NUMERIC.search(text)
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
