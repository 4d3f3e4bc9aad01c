"""What is remembered of each source between visits, and when it is due again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, select

from storage import storable, watches
from storage.records import FetchEvent, FetchStatus
from storage.rows import chunks, upsert
from storage.tables import fetch_events, resting_hosts, sources

# A baseline looks back eight weeks.
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is remembered of a source.

    `cursor` is the kind's own, JSON values only. `interval` is how long to wait between visits.
    `failures` counts failed visits since the last good one.
    """

    source: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    interval: timedelta | None = None
    failures: int = 0
    next_due: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None


def load_state(conn: Connection, source: str) -> SourceState:
    """Return what is remembered of a source; a fresh state where it was never visited."""
    return load_states(conn, [source])[source]


def due(conn: Connection, names: Iterable[str], now: datetime) -> list[str]:
    """Return which of these sources are to be visited now, longest overdue first.

    This is the one place that decides it. A source never visited is due.
    """
    wanted = list(names)
    when: dict[str, datetime | None] = dict.fromkeys(wanted)
    for part in chunks(wanted):
        query = select(sources.c.source, sources.c.next_due).where(sources.c.source.in_(part))
        when.update({row.source: row.next_due for row in conn.execute(query)})
    ready = [(moment is not None, moment or now, name) for name, moment in when.items()]
    return [name for _, moment, name in sorted(ready) if moment <= now]


def load_states(conn: Connection, names: Sequence[str]) -> dict[str, SourceState]:
    """Return what is remembered of each of these sources."""
    found = {name: SourceState(source=name) for name in names}
    for part in chunks(names):
        for row in conn.execute(select(sources).where(sources.c.source.in_(part))):
            found[row.source] = _state(row)
    return found


def record(conn: Connection, event: FetchEvent, state: SourceState) -> None:
    """Keep a visit and the state that it left, together."""
    record_all(conn, [(event, state)])


def record_all(conn: Connection, visits: Sequence[tuple[FetchEvent, SourceState]]) -> None:
    """Keep several visits and the states that they left, together; each is of another source."""
    watches.note(conn, [event for event, _ in visits])
    conn.execute(fetch_events.insert(), [_event_row(event) for event, _ in visits])
    save_states(conn, [state for _, state in visits])


def save_states(conn: Connection, states: Sequence[SourceState]) -> None:
    """Keep what is remembered of sources."""
    upsert(conn, sources, [_state_row(state) for state in states])


def requests_today(conn: Connection, now: datetime) -> dict[str, int]:
    """Return how many requests each source made in its visits since the day began, in UTC."""
    since = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
    query = (
        select(fetch_events.c.source, func.sum(fetch_events.c.requests))
        .where(fetch_events.c.at >= since)
        .group_by(fetch_events.c.source)
    )
    return {row[0]: int(row[1] or 0) for row in conn.execute(query)}


def resting(conn: Connection, now: datetime) -> dict[str, datetime]:
    """Return the hosts that are to be left alone, and until when."""
    query = select(resting_hosts).where(resting_hosts.c.until > now)
    return {row.host: row.until for row in conn.execute(query)}


def save_resting(conn: Connection, hosts: Mapping[str, datetime], now: datetime) -> None:
    """Keep which hosts are to be left alone, and forget those whose time has come."""
    conn.execute(delete(resting_hosts).where(resting_hosts.c.until <= now))
    rows = [{"host": host[:300], "until": until} for host, until in hosts.items() if until > now]
    if rows:
        upsert(conn, resting_hosts, rows)


def _event_row(event: FetchEvent) -> dict[str, Any]:
    return {
        "source": event.source,
        "at": event.at,
        "status": str(event.status),
        "http_status": event.http_status,
        "bytes": event.bytes,
        "items_seen": event.items_seen,
        "items_new": event.items_new,
        "items_revised": event.items_revised,
        "fill_rates": storable.document(dict(event.fill_rates)),
        "error": storable.short(event.error, 1000),
        "next_due": event.next_due,
        "requests": event.requests,
        "symptoms": storable.document(list(event.symptoms)) or None,
    }


def _state_row(state: SourceState) -> dict[str, Any]:
    return {
        "source": state.source,
        "etag": storable.text(state.etag),
        "last_modified": storable.text(state.last_modified),
        "body_hash": state.body_hash,
        "cursor": storable.document(dict(state.cursor)),
        "interval_seconds": None if state.interval is None else state.interval.total_seconds(),
        "failures": state.failures,
        "next_due": state.next_due,
        "last_ok_at": state.last_ok_at,
        "last_error": storable.short(state.last_error, 1000),
    }


def last_events(conn: Connection) -> dict[str, FetchEvent]:
    """Return the newest visit of each source."""
    newest = select(func.max(fetch_events.c.id)).group_by(fetch_events.c.source)
    rows = conn.execute(select(fetch_events).where(fetch_events.c.id.in_(newest)))
    return {row.source: _event(row) for row in rows}


def last_reads(conn: Connection, names: Sequence[str]) -> dict[str, FetchEvent]:
    """Return the newest visit of each of these sources in which its content was read."""
    table = fetch_events.c
    newest = (
        select(table.id)
        .where(table.source == sources.c.source, table.status == str(FetchStatus.OK))
        .order_by(table.at.desc(), table.id.desc())
        .limit(1)
    )
    found: dict[str, FetchEvent] = {}
    for part in chunks(names):
        # A question per source is answered from the index.
        ids = list(conn.scalars(select(newest.scalar_subquery()).where(sources.c.source.in_(part))))
        query = select(fetch_events).where(table.id.in_([key for key in ids if key is not None]))
        found.update({row.source: _event(row) for row in conn.execute(query)})
    return found


def recent(conn: Connection, source: str, limit: int) -> list[FetchEvent]:
    """Return the newest visits of a source in which its content was read and was as usual, newest first."""
    read = (fetch_events.c.status == str(FetchStatus.OK), fetch_events.c.symptoms.is_(None))
    query = (
        select(fetch_events)
        .where(fetch_events.c.source == source, *read)
        .order_by(fetch_events.c.at.desc(), fetch_events.c.id.desc())
        .limit(limit)
    )
    return [_event(row) for row in conn.execute(query)]


def latest(conn: Connection, names: Sequence[str], count: int) -> dict[str, list[FetchEvent]]:
    """Return the newest `count` visits of each of these sources that were not postponed, newest first.

    Sources without any are absent.
    """
    table = fetch_events.c
    newest = (
        select(table.id)
        .where(table.source == sources.c.source, table.status != str(FetchStatus.POSTPONED))
        .order_by(table.at.desc(), table.id.desc())
        .limit(1)
    )
    # A question per source and visit is answered from the index.
    columns = [newest.offset(place).scalar_subquery() for place in range(count)]
    found: dict[str, list[FetchEvent]] = {}
    for part in chunks(names):
        rows = conn.execute(select(*columns).where(sources.c.source.in_(part)))
        for ids in chunks([key for row in rows for key in row if key is not None]):
            query = select(fetch_events).where(table.id.in_(ids)).order_by(table.at.desc(), table.id.desc())
            for row in conn.execute(query):
                found.setdefault(row.source, []).append(_event(row))
    return found


def events(conn: Connection, names: Sequence[str], since: datetime, until: datetime) -> list[FetchEvent]:
    """Return the visits of these sources in a span of time, oldest first."""
    query = (
        select(fetch_events)
        .where(fetch_events.c.source.in_(names), fetch_events.c.at >= since, fetch_events.c.at < until)
        .order_by(fetch_events.c.id)
    )
    return [_event(row) for row in conn.execute(query)]


def prune_events(conn: Connection, before: datetime) -> int:
    """Delete the visits before a time, and return how many there were.

    Since when each source is watched, and with which gaps since `before`, is remembered all the same.
    """
    watches.prune(conn, before)
    return conn.execute(delete(fetch_events).where(fetch_events.c.at < before)).rowcount


def forget_old(engine: Engine, now: datetime) -> None:
    """Delete the visits that are too old to be of use; to be done once a day."""
    with engine.begin() as conn:
        prune_events(conn, now - _KEPT)


def _state(row: Row[Any]) -> SourceState:
    return SourceState(
        source=row.source,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        cursor=row.cursor,
        interval=None if row.interval_seconds is None else timedelta(seconds=row.interval_seconds),
        failures=row.failures,
        next_due=row.next_due,
        last_ok_at=row.last_ok_at,
        last_error=row.last_error,
    )


def _event(row: Row[Any]) -> FetchEvent:
    return FetchEvent(
        source=row.source,
        at=row.at,
        status=FetchStatus(row.status),
        http_status=row.http_status,
        bytes=row.bytes,
        items_seen=row.items_seen,
        items_new=row.items_new,
        items_revised=row.items_revised,
        fill_rates=row.fill_rates,
        error=row.error,
        next_due=row.next_due,
        requests=row.requests,
        symptoms=tuple(row.symptoms or ()),
    )
