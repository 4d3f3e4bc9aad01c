"""The hourly history of a brand, as far as it was really watched.

The first visit to a source brings its backlog, which looks like a sudden rise and is none. So what a
source published before it was first visited is left out, and a source counts only once it has been
watched for long enough. Hours in which not all of today's sources were watched count for the share of the
usual volume that was.

Nor is an outage silence. Of the time in which a source was not seen, its longest stretch without a mention
is taken to be missing: what a source brings afterwards, under its own hours, fills the rest. What comes
back without a date would all fall into the hour of the return, and is left out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from alerts.spike import HISTORY, LONGEST, Floats, Hourly, hourly
from storage.history import hourly_by_source, hours_with_mentions, undated
from storage.rollups import hour_of, observed_since
from storage.watches import Gap, first_seen, gaps, visits_expected_by

Row = tuple[str, datetime, int]
Missing = Mapping[str, Sequence[tuple[datetime, datetime]]]
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
    found_gaps = gaps(conn, since, now)
    lost = missing(found_gaps, hours_with_mentions(conn, brand, since, now)) if found_gaps else {}
    rows = _without_returns(conn, brand, rows, found_gaps, now, sentiment)
    first_mention = observed_since(conn, brand) or now
    found = lay_out(rows, starts(rows, first_seen(conn), first_mention, since), now, least, lost)
    if found is None:
        return None
    return replace(found, blind=is_blind(rows, visits_expected_by(conn), now, lost))


def missing(found: Sequence[Gap], spoken: Mapping[str, set[datetime]]) -> Missing:
    """Return, by source, the spans of whole hours that are missing: one of each gap, the longest silence.

    `spoken` are the hours with mentions of the brand, by source.
    """
    lost: dict[str, list[tuple[datetime, datetime]]] = {}
    for gap in found:
        # Its first hour was watched in part, and its last is when the source came back.
        first, end = hour_of(gap.start) + _HOUR, hour_of(gap.end)
        filled = sorted(hour for hour in spoken.get(gap.source, ()) if first <= hour < end)
        starts_at, ends_at = [first, *(hour + _HOUR for hour in filled)], [*filled, end]
        start, stop = max(zip(starts_at, ends_at, strict=True), key=lambda span: (span[1] - span[0], span[0]))
        if stop > start:
            lost.setdefault(gap.source, []).append((start, stop))
    return lost


def _without_returns(
    conn: Connection,
    brand: str,
    rows: Sequence[Row],
    found: Sequence[Gap],
    now: datetime,
    sentiment: str | None,
) -> list[Row]:
    """Leave out what came back without a date in the hours that are judged; fitting cuts off the rest."""
    surplus: dict[tuple[str, datetime], int] = {}
    for gap in found:
        if now - LONGEST * _HOUR <= gap.end <= now:
            back = hour_of(gap.end)
            counts = undated(conn, brand, gap.source, back, back + 2 * _HOUR, sentiment)
            surplus.update({(gap.source, hour): count for hour, count in counts.items()})
    return [(source, hour, max(0, count - surplus.get((source, hour), 0))) for source, hour, count in rows]


def is_blind(
    rows: Sequence[Row], expected_by: Mapping[str, datetime], now: datetime, lost: Missing | None = None
) -> bool:
    """Tell whether a source that spoke of the brand lately is overdue for a good visit.

    Lately is the last day, or the last one before it was lost sight of.
    """
    overdue = {source for source, due in expected_by.items() if due < now}
    for source, hour, _ in rows:
        seen_until = min(
            (start for start, end in (lost or {}).get(source, ()) if end >= hour_of(now)), default=now
        )
        if source in overdue and hour >= seen_until - LONGEST * _HOUR:
            return True
    return False


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
    rows: Sequence[Row],
    since: Mapping[str, datetime],
    now: datetime,
    least: timedelta,
    lost: Missing | None = None,
) -> Watched | None:
    """Return the hours of the sources watched for `least` before the day that is judged, None if none is.

    `lost` are the spans in which a source was not seen.
    """
    ripe_before = now - LONGEST * _HOUR - least
    ripe = {source: hour_of(start) for source, start in since.items() if start <= ripe_before}
    if not ripe:
        return None
    # The hour of the first visit was watched only in part, and brings the newest of the backlog with it.
    kept = [row for row in rows if row[0] in ripe and row[1] > ripe[row[0]]]
    start = min(ripe.values()) + _HOUR
    series = hourly([(hour, count) for _, hour, count in kept], start, now)
    series.exposure[:] *= _share_watched(kept, ripe, start, len(series.counts), lost or {})
    return Watched(tuple(sorted(ripe)), series)


def _share_watched(
    rows: Sequence[Row], ripe: Mapping[str, datetime], start: datetime, size: int, lost: Missing
) -> Floats:
    """Return, for each hour, which share of the usual volume comes from sources watched in it."""
    watched = {
        source: _hours_watched(first, start, size, lost.get(source, ())) for source, first in ripe.items()
    }
    if all(hours.all() for hours in watched.values()):
        return np.ones(size)
    learned = start + (size - LONGEST) * _HOUR
    mentions = dict.fromkeys(ripe, 0)
    for source, hour, count in rows:
        if hour < learned:
            mentions[source] += count
    share = np.zeros(size)
    for source, hours in watched.items():
        # A tenth of a mention keeps a source that was silent so far from counting as not watched at all.
        share += (mentions[source] + 0.1) / max(1.0, float(hours.sum())) * hours
    return np.asarray(share / max(float(share.max()), 1e-9), dtype=np.float64)


def _hours_watched(
    first: datetime, start: datetime, size: int, lost: Sequence[tuple[datetime, datetime]]
) -> Floats:
    hours = np.zeros(size)
    hours[(first + _HOUR - start) // _HOUR :] = 1.0
    for begin, end in lost:
        hours[max(0, (begin - start) // _HOUR) : max(0, (end - start) // _HOUR)] = 0.0
    return hours
