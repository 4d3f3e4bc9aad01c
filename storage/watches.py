"""Since when, until when and with which gaps each source was really seen.

A visit counts that succeeded and was not ill: neither one that failed or was postponed, nor one that gave
nothing where there usually is something, nor one that found that same nothing unchanged. Where the next
good visit comes later than it was to be expected, the time in between is a gap: what was published then
may be missing. Gaps outlive the visits that they were seen from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from storage.records import FetchEvent, FetchStatus, Symptom
from storage.rows import chunks, insert_new
from storage.tables import source_gaps, source_watches, sources

PATIENCE = timedelta(hours=2)
"""What comes back within this time, or within two intervals, brings what was published meanwhile."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span between two good visits to a source in which it was not seen."""

    source: str
    start: datetime
    end: datetime


def expected_by(last_at: datetime, interval_seconds: float | None) -> datetime:
    """Return by when a source should have been seen again."""
    return last_at + max(PATIENCE, timedelta(seconds=2 * (interval_seconds or 0.0)))


def note(conn: Connection, events: Sequence[FetchEvent]) -> None:
    """Learn from visits, each of another source, which were really seen; their states are stored after."""
    telling = [event for event in events if event.status in (FetchStatus.OK, FetchStatus.UNCHANGED)]
    known: dict[str, Row[Any]] = {}
    for part in chunks([event.source for event in telling]):
        query = (
            select(source_watches, sources.c.interval_seconds)
            .outerjoin(sources, sources.c.source == source_watches.c.source)
            .where(source_watches.c.source.in_(part))
        )
        known.update({row.source: row for row in conn.execute(query)})
    fresh, changed, gaps = [], [], []
    for event in telling:
        row = known.get(event.source)
        if _is_good(event, row):
            if row is None:
                fresh.append(
                    {"source": event.source, "first_at": event.at, "last_at": event.at, "ill": False}
                )
                continue
            if event.at > expected_by(row.last_at, row.interval_seconds):
                gaps.append({"source": event.source, "start_at": row.last_at, "end_at": event.at})
            changed.append(_changed(row, event.at))
        elif row is not None and not row.ill:
            changed.append({**_changed(row, row.last_at), "ill": True})
    insert_new(conn, source_watches, fresh)
    insert_new(conn, source_gaps, gaps)
    if changed:
        conn.execute(
            update(source_watches).where(source_watches.c.source == bindparam("which")),
            changed,
        )


def _is_good(event: FetchEvent, row: Row[Any] | None) -> bool:
    if event.status is FetchStatus.UNCHANGED:
        return row is None or not row.ill
    return Symptom.NOTHING not in event.signs


def _changed(row: Row[Any], at: datetime) -> dict[str, Any]:
    return {
        "which": row.source,
        "first_at": min(row.first_at, at),
        "last_at": max(row.last_at, at),
        "ill": False,
    }


def first_seen(conn: Connection) -> dict[str, datetime]:
    """Return when each source was first seen; those that never were (imports) are absent."""
    rows = conn.execute(select(source_watches.c.source, source_watches.c.first_at))
    return {row.source: row.first_at for row in rows}


def last_seen(conn: Connection, names: Sequence[str]) -> dict[str, datetime]:
    """Return when each of these sources was last seen; those that never were are absent."""
    table = source_watches.c
    found: dict[str, datetime] = {}
    for part in chunks(names):
        rows = conn.execute(select(table.source, table.last_at).where(table.source.in_(part)))
        found.update({row.source: row.last_at for row in rows})
    return found


def gaps(conn: Connection, since: datetime, now: datetime) -> list[Gap]:
    """Return the gaps that end after `since`, and those that are open at `now`, which end then."""
    closed = conn.execute(select(source_gaps).where(source_gaps.c.end_at > since))
    found = [Gap(row.source, row.start_at, row.end_at) for row in closed]
    return found + [
        Gap(source, last, now) for source, (last, due) in _last_and_due(conn).items() if due < now
    ]


def visits_expected_by(conn: Connection) -> dict[str, datetime]:
    """Return by when each source should have been seen again; those never seen are absent."""
    return {source: due for source, (_, due) in _last_and_due(conn).items()}


def _last_and_due(conn: Connection) -> dict[str, tuple[datetime, datetime]]:
    query = select(source_watches.c.source, source_watches.c.last_at, sources.c.interval_seconds).outerjoin(
        sources, sources.c.source == source_watches.c.source
    )
    return {source: (last, expected_by(last, interval)) for source, last, interval in conn.execute(query)}


def prune(conn: Connection, before: datetime) -> None:
    """Forget the gaps that ended before a time."""
    conn.execute(delete(source_gaps).where(source_gaps.c.end_at < before))
