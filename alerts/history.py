"""The hourly history of a brand, as far as it was really watched.

The first visit to a source brings its backlog, which looks like a sudden rise and is none. So what a
source published before it was first visited is left out, and a source counts only once it has been
watched for long enough. Hours in which not all of today's sources were watched yet count for the share
of the usual volume that was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from alerts.spike import HISTORY, LONGEST, Floats, Hourly, hourly
from storage.history import hourly_by_source, visits_expected_by, watched_since
from storage.rollups import hour_of, observed_since

Row = tuple[str, datetime, int]
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A brand's hours over the `sources` that have been watched long enough to judge by.

    `blind` tells that one of those which spoke of it in the last day was not seen lately (it fails, or
    nothing ran): few mentions may then be missing ones.
    """

    sources: tuple[str, ...]
    series: Hourly
    blind: bool = False


def watched(
    conn: Connection, brand: str, now: datetime, sentiment: str | None, least: timedelta
) -> Watched | None:
    """Return the hours of a brand, or None while no source has been watched for `least` (and a day)."""
    since = hour_of(now - HISTORY)
    rows = hourly_by_source(conn, brand, since, now, sentiment)
    first_mention = observed_since(conn, brand) or now
    found = lay_out(rows, starts(rows, watched_since(conn), first_mention, since), now, least)
    return None if found is None else replace(found, blind=is_blind(rows, visits_expected_by(conn), now))


def is_blind(rows: Sequence[Row], expected_by: Mapping[str, datetime], now: datetime) -> bool:
    """Tell whether a source that spoke of the brand in the last day is overdue for a good visit."""
    lately = {source for source, hour, _ in rows if hour >= now - LONGEST * _HOUR}
    return any(expected_by.get(source, now) < now for source in lately)


def starts(
    rows: Sequence[Row], first_visits: Mapping[str, datetime], first_mention: datetime, since: datetime
) -> dict[str, datetime]:
    """Return since when each source was watched for the brand, never before `since`.

    Before the brand's first mention nobody looked for it: a brand added to the configuration today has no
    silent past. What was imported was never visited; it is taken to be complete from that mention on.
    """
    earliest = max(since, first_mention)
    found = dict.fromkeys((source for source, _, _ in rows), earliest)
    return found | {source: max(earliest, visit) for source, visit in first_visits.items()}


def lay_out(
    rows: Sequence[Row], since: Mapping[str, datetime], now: datetime, least: timedelta
) -> Watched | None:
    """Return the hours of the sources watched for `least` before the day that is judged, None if none is."""
    ripe_before = now - LONGEST * _HOUR - least
    ripe = {source: hour_of(start) for source, start in since.items() if start <= ripe_before}
    if not ripe:
        return None
    # The hour of the first visit was watched only in part, and brings the newest of the backlog with it.
    kept = [row for row in rows if row[0] in ripe and row[1] > ripe[row[0]]]
    start = min(ripe.values()) + _HOUR
    series = hourly([(hour, count) for _, hour, count in kept], start, now)
    series.exposure[:] *= _share_watched(kept, ripe, start, len(series.counts))
    return Watched(tuple(sorted(ripe)), series)


def _share_watched(rows: Sequence[Row], ripe: Mapping[str, datetime], start: datetime, size: int) -> Floats:
    """Return, for each hour, which share of the usual volume comes from sources watched by then."""
    beginnings = {source: (first + _HOUR - start) // _HOUR for source, first in ripe.items()}
    if len(set(beginnings.values())) == 1:
        return np.ones(size)
    learned = start + (size - LONGEST) * _HOUR
    mentions = dict.fromkeys(ripe, 0)
    for source, hour, count in rows:
        if hour < learned:
            mentions[source] += count
    # A tenth of a mention keeps a source that was silent so far from counting as not watched at all.
    rates = {source: (mentions[source] + 0.1) / max(1, size - begin) for source, begin in beginnings.items()}
    share = np.zeros(size)
    for source, begin in beginnings.items():
        share[begin:] += rates[source]
    return np.asarray(share / share[-1], dtype=np.float64)
