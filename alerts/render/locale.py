"""Numbers, percentages, dates, plurals and direction for readers of Arabic and English.

Everything is formatted by Babel from CLDR. Digits are Latin (0–9) in both languages: they are what the
Gulf and the Maghreb read on screens, they are CLDR's default for `ar`, and one set of digits keeps the
text, the charts and the addresses in it comparable. Month names are CLDR's for `ar` (نوفمبر).

Signed numbers carry a left-to-right mark (U+200E), as CLDR's own patterns do, since a bare sign in
front of digits moves to their other side in a right-to-left line.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_interval, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

Direction = Literal["rtl", "ltr"]
DateStyle = Literal["day", "weekday", "full"]

_LTR_MARK = "\u200e"
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
# Narrow and thin spaces of CLDR's patterns show as boxes in older mail programs.
_PLAIN_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2009": " "})


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def direction(language: str) -> Direction:
    """Return the writing direction of a language, `rtl` or `ltr`."""
    return "rtl" if _locale(language).text_direction == "rtl" else "ltr"


def isolate(text: str) -> str:
    """Return text wrapped so that its direction neither takes from nor gives to what stands around it."""
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"


def _mark(text: str) -> str:
    return _LTR_MARK + text if text[:1] in "+-" else text


def number(language: str, value: float, decimals: int = 0, *, sign: bool = False) -> str:
    """Return a number with grouping and exactly `decimals` places; `sign` shows the plus of a gain."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    rounded = round(value, decimals) + 0.0  # +0.0 turns −0.0 into 0.0, which has no sign to show
    if sign and rounded > 0:
        pattern = f"+{pattern};-{pattern}"
    return _mark(format_decimal(rounded, pattern, locale=_locale(language)))


def percent(language: str, share: float, decimals: int = 0, *, sign: bool = False) -> str:
    """Return a share (0…1, or a change such as −0.25) as a percentage with exactly `decimals` places."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
    rounded = round(share, decimals + 2) + 0.0
    if sign and rounded > 0:
        pattern = f"+{pattern};-{pattern}"
    return _mark(format_percent(rounded, pattern, locale=_locale(language)))


def date(language: str, day: dt.date, style: DateStyle = "day") -> str:
    """Return a date: `day` (22 Nov), `weekday` (Sun, 22 Nov) or `full` (22 November 2026)."""
    locale = _locale(language)
    if style == "full":
        return format_date(day, "long", locale=locale)
    skeleton = {"day": "MMMd", "weekday": "MMMEd"}[style]
    return format_date(day, locale.datetime_skeletons[skeleton].pattern, locale=locale)


def weekday(language: str, day: dt.date) -> str:
    """Return the full name of the day of the week."""
    return format_date(day, "EEEE", locale=_locale(language))


def clock(language: str, moment: datetime, zone: tzinfo) -> str:
    """Return the time of day of an aware moment, in the readers' zone, to the minute."""
    return format_time(moment.astimezone(zone), "short", locale=_locale(language)).translate(_PLAIN_SPACES)


def moment(language: str, when: datetime, zone: tzinfo) -> str:
    """Return day and time of an aware moment, in the readers' zone."""
    day = date(language, when.astimezone(zone).date(), "weekday")
    pattern: str = _locale(language).datetime_formats["short"]
    return pattern.format(clock(language, when, zone), day)


def days(language: str, first: dt.date, last: dt.date) -> str:
    """Return a range of dates, both ends included, with the year: 22 – 28 Nov 2026."""
    return format_interval(first, last, "yMMMd", locale=_locale(language)).translate(_PLAIN_SPACES)


def span(language: str, length: timedelta, *, direction_from_now: bool = False) -> str:
    """Return a length of time in its largest fitting unit (3 hours); with the flag, as past or future."""
    return format_timedelta(length, locale=_locale(language), add_direction=direction_from_now).translate(
        _PLAIN_SPACES
    )


def join(language: str, items: Sequence[str]) -> str:
    """Return items as a list in a sentence, with the language's comma and its "and"."""
    return format_list(list(items), locale=_locale(language))


def plural(language: str, n: float, forms: Mapping[str, str]) -> str:
    """Return the form of a phrase that goes with a count, with `{n}` in it replaced by the number.

    `forms` maps CLDR plural categories (zero, one, two, few, many, other) to phrases; a category that is
    left out takes `other`. In Arabic, `one` and `two` usually leave `{n}` out. Raises KeyError where
    `other` is missing.
    """
    other = forms["other"]
    form = forms.get(_locale(language).plural_form(n), other)
    return form.replace("{n}", number(language, n, 0 if n == math.floor(n) else 1))
