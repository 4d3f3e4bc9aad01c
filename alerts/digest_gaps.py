"""Gaps in collection: when a source could not be fetched, or nobody tried. Pure.

Missing data is not silence, so a digest says which part of its week may be incomplete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from storage.records import FetchEvent, FetchStatus


class GapReason(StrEnum):
    """Why a source was not read: its visits failed, or there were none when they were due."""

    FAILING = "failing"
    NOT_FETCHED = "not_fetched"


# Shorter ones lose nothing that the next visit does not bring.
_WORTH_TELLING: Final = {
    GapReason.FAILING: timedelta(hours=1),
    GapReason.NOT_FETCHED: timedelta(hours=12),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a source was not read, and the last error in it."""

    start: datetime
    end: datetime
    reason: GapReason
    error: str | None


def _stretch(visit: FetchEvent, until: datetime) -> Gap | None:
    """Return the part of the time after a visit that it does not answer for."""
    if visit.status is FetchStatus.FAILED:
        return Gap(visit.at, until, GapReason.FAILING, visit.error)
    late = visit.next_due
    return Gap(late, until, GapReason.NOT_FETCHED, None) if late < until else None


def _merged(gaps: Sequence[Gap]) -> list[Gap]:
    merged: list[Gap] = []
    for gap in gaps:
        last = merged[-1] if merged else None
        if last is not None and last.reason is gap.reason and last.end >= gap.start:
            merged[-1] = replace(last, end=gap.end, error=gap.error or last.error)
        else:
            merged.append(gap)
    return merged


def gaps_of(visits: Sequence[FetchEvent], start: datetime, end: datetime) -> list[Gap]:
    """Return the gaps of one source with `start` ≤ time < `end` that are worth telling.

    `visits` are the source's, oldest first, none after `end`; they may begin before `start`. A source
    that was not visited at all is one gap.
    """
    if not visits:
        return [Gap(start, end, GapReason.NOT_FETCHED, None)]
    ends = [*(visit.at for visit in visits[1:]), end]
    stretches = [_stretch(visit, until) for visit, until in zip(visits, ends, strict=True)]
    clipped = [
        replace(gap, start=max(gap.start, start), end=min(gap.end, end))
        for gap in _merged([gap for gap in stretches if gap is not None])
        if gap.end > start and gap.start < end
    ]
    return [gap for gap in clipped if gap.end - gap.start >= _WORTH_TELLING[gap.reason]]


def told(visits: Mapping[str, Sequence[FetchEvent]], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return, for each source with gaps, how many hours are missing and the longest stretch, worst first."""
    lines = []
    for source, seen in visits.items():
        for reason in GapReason:
            gaps = [gap for gap in gaps_of(seen, start, end) if gap.reason is reason]
            if not gaps:
                continue
            longest = max(gaps, key=lambda gap: gap.end - gap.start)
            hours = sum((gap.end - gap.start for gap in gaps), timedelta()) / timedelta(hours=1)
            within = [visit for visit in seen if start <= visit.at < end]
            lines.append(
                {
                    "source": source,
                    "reason": str(reason),
                    "hours": round(hours, 1),
                    "from": longest.start.isoformat(),
                    "to": longest.end.isoformat(),
                    "whole": longest.start <= start and longest.end >= end,
                    "stretches": len(gaps),
                    "attempts": len(within),
                    "failed": sum(visit.status is FetchStatus.FAILED for visit in within),
                    "error": longest.error,
                }
            )
    return sorted(lines, key=lambda line: (-line["hours"], line["source"]))
