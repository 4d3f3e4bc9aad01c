"""The day's quota of a key of YouTube's Data API, which counts searches apart from everything else. Pure.

developers.google.com/youtube/v3/determine_quota_cost: 100 searches and 10,000 units a day unless Google
granted more; every other list costs one unit a page; days begin at midnight Pacific time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crawlers.errors import PostponedError
from crawlers.json_values import count

SEARCHES_A_DAY = 100
UNITS_A_DAY = 10_000
_PACIFIC = ZoneInfo("America/Los_Angeles")
# How the API says that a day's quota is spent, and that it was asked too quickly.
_SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceeded402"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_PAUSE = timedelta(minutes=2)


class QuotaSpentError(PostponedError):
    """The day's quota is spent; `of` says which, "searches" or "units"."""

    def __init__(self, of: str, until: datetime) -> None:
        super().__init__(f"the key's {of} for the day are spent", until)
        self.of = of


@dataclass(slots=True)
class Quota:
    """What is left of the day's quota, as far as this source alone has spent it."""

    day: str
    spent: dict[str, int]
    limits: Mapping[str, int]

    @classmethod
    def from_json(cls, raw: Any, limits: Mapping[str, int], now: datetime) -> Quota:
        """Return what `to_json` wrote if that was on the same Pacific day, else a fresh quota."""
        kept = raw if isinstance(raw, Mapping) and raw.get("day") == _day(now) else {}
        return cls(_day(now), {of: count(kept.get(of)) or 0 for of in limits}, limits)

    def to_json(self) -> dict[str, Any]:
        """Return what is spent as JSON values."""
        return {"day": self.day, **self.spent}

    def spend(self, of: str, now: datetime) -> None:
        """Count a request that is about to be made.

        Raises:
            QuotaSpentError: the day's quota does not allow it.
        """
        if self.day != _day(now):
            self.day, self.spent = _day(now), dict.fromkeys(self.limits, 0)
        if self.spent[of] >= self.limits[of]:
            raise QuotaSpentError(of, midnight(now))
        self.spent[of] += 1

    def refused(self, of: str, reason: str, words: str, now: datetime) -> None:
        """Take note of why a request was refused.

        Raises:
            QuotaSpentError: for the day's quota. PostponedError: for having asked too quickly.
        """
        by_day = "per day" in words.lower() or "perday" in words.lower()
        if reason in _SPENT or (reason in _TOO_FAST and by_day):
            self.spent[of] = max(self.spent[of], self.limits[of])
            raise QuotaSpentError(of, midnight(now))
        if reason in _TOO_FAST:
            raise PostponedError("YouTube asked us to wait", now + _PAUSE)


def midnight(now: datetime) -> datetime:
    """Return when the next Pacific day begins."""
    tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, _PACIFIC).astimezone(now.tzinfo)


def _day(now: datetime) -> str:
    return now.astimezone(_PACIFIC).date().isoformat()
