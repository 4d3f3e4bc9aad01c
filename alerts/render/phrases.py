"""From raw payload values to phrases: sentences of the catalogue, counts, names, moments, directions.

A payload may be old or odd; what cannot be read becomes None, and the message leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from unicodedata import bidirectional
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import get_timezone_location

from alerts.render import escaping, locale
from alerts.render.wording import COUNTS, PLATFORMS, SENTENCES, SMALL_NUMBERS

_NAME_LIMIT = 80
_RTL_LANGUAGES: Final = frozenset({"ar", "fa", "he", "ur", "ckb", "ps", "sd", "ug", "yi", "dv"})
# Below so many days, in which unit and of how many days: "once in 5 weeks" says more than "37 days".
_RARITY: Final = ((11, 1.0, "days"), (50, 7.0, "weeks"), (540, 30.44, "months"), (3653, 365.25, "years"))


def say(language: str, key: str, **parts: str) -> str:
    """Return a sentence of the catalogue with its parts filled in. Raises KeyError for an unknown key."""
    return SENTENCES[language][key].format(**parts)


def counted(language: str, key: str, n: float) -> str:
    """Return a phrase of the catalogue with its count, in the form that the language asks for."""
    return locale.plural(language, n, COUNTS[language][key])


def number_of(value: object) -> float | None:
    """Return a number of sane size, or None for anything else that a payload may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def instant_of(value: object) -> datetime | None:
    """Return an ISO 8601 time as an aware UTC one, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def zone_of(value: object) -> ZoneInfo:
    """Return the time zone of an IANA name, or UTC where there is none of that name."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def zone_name(language: str, zone: ZoneInfo) -> str:
    """Return the zone as a reader names it: Riyadh Time, توقيت السعودية."""
    if zone.key == "UTC":
        return say(language, "utc")
    return get_timezone_location(zone, locale=Locale.parse(language))


def once_in(language: str, days: float) -> str | None:
    """Say how rarely a thing happens ("once in two months"), in its largest unit; None beyond ten years."""
    for below, size, unit in _RARITY:
        if days < below:
            n = max(1, round(days / size))
            phrase = counted(language, f"once.{unit}", n)
            spelled = language == "en" and n < len(SMALL_NUMBERS)
            return phrase.replace(f" {n} ", f" {SMALL_NUMBERS[n]} ") if spelled else phrase
    return None


def name(text: object, limit: int = _NAME_LIMIT) -> str:
    """Return somebody's or something's name, clean, clipped and isolated from the sentence around it."""
    return locale.isolate(escaping.excerpt(str(text), limit))


def brand_name(payload: Mapping[str, Any], brand: object, language: str) -> str:
    """Return what readers of a language call a brand: by the payload's `names`, else as configured."""
    names = payload.get("names")
    own = names.get(brand) if isinstance(names, Mapping) and isinstance(brand, str) else None
    shown = own.get(language) if isinstance(own, Mapping) else None
    return name(shown if isinstance(shown, str) and shown else brand)


def platform_name(language: str, platform: object) -> str:
    """Return a platform as readers of the language write it; one that is not in the catalogue as it is."""
    code = escaping.excerpt(str(platform), _NAME_LIMIT)
    return locale.isolate(PLATFORMS[language].get(code.lower(), code))


def language_name(language: str, code: str) -> str:
    """Return the name of a BCP 47 language in another language, or the code where it is unknown."""
    try:
        return Locale.parse(code, sep="-").get_display_name(language) or code
    except (ValueError, UnknownLocaleError):
        return code


def text_direction(language: object, text: str) -> locale.Direction:
    """Return the direction of a stranger's text: of its language if known, else of its first letter."""
    base, _, script = str(language or "und").partition("-")
    if base != "und":
        return "rtl" if base in _RTL_LANGUAGES and script.lower() != "latn" else "ltr"
    strong = next((kind for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return "ltr" if strong == "L" else "rtl"


def tidy(language: str, value: float) -> str:
    """Return a count or an average with no more digits than carry meaning: 6, 0.5, 1,204."""
    return locale.number(language, value, 0 if value >= 10 or value == int(value) else 1)
