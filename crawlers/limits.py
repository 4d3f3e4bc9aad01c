"""What a service says of its limits, in the headers of an answer. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from crawlers.causes import retry_after

# Statuses with which services say that it was too much.
_TOO_MUCH = frozenset({403, 429, 503})
_LONGEST = timedelta(days=1)
# Where a service says that it was too much and not until when.
_PAUSE = timedelta(minutes=2)
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
# draft-ietf-httpapi-ratelimit-headers, in its newer and its older form: r= or remaining=, t= or reset=.
_FIELD = re.compile(r"\b(r|remaining|t|reset)\s*=\s*(\d{1,12})", re.IGNORECASE)


def rests_until(status: int, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return until when the service wants not to be asked, None where it says nothing of the kind.

    `headers` have lower-case names. `Retry-After` counts with 403, 429 and 503 (RFC 9110, 10.2.3); a
    window whose remaining requests are spent counts with any status; a 429 that says no more asks for two
    minutes. Never more than a day ahead.
    """
    if status in _TOO_MUCH:
        asked = retry_after(headers.get("retry-after"), now)
        if asked is not None:
            return asked
    remaining, reset = _window(headers)
    moment = _moment(reset, now) if reset is not None and remaining is not None and remaining < 1 else None
    if moment is not None and moment > now:
        return min(moment, now + _LONGEST)
    return now + _PAUSE if status == 429 else None


def _window(headers: Mapping[str, str]) -> tuple[float | None, str | None]:
    remaining = next((headers[name] for name in _REMAINING if name in headers), None)
    reset = next((headers[name] for name in _RESET if name in headers), None)
    if remaining is None and "ratelimit" in headers:
        fields = {name.lower(): value for name, value in _FIELD.findall(headers["ratelimit"][:1000])}
        remaining = fields.get("r", fields.get("remaining"))
        reset = fields.get("t", fields.get("reset"))
    return _number(remaining), reset


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None


def _moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that a reset header names: seconds from now, an epoch, or an ISO time."""
    number = _number(text)
    if number is None:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if number < 0:
        return None
    if number < 1e8:
        return now + timedelta(seconds=min(number, _LONGEST.total_seconds()))
    seconds = number / 1000 if number >= 1e11 else number
    return datetime.fromtimestamp(seconds, UTC) if seconds < 1e11 else None
