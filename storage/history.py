"""What rules read to know what is usual: since when each source is watched, its hours, single ratings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from storage.records import FetchStatus
from storage.tables import fetch_events, mention_brands, rollups, sources

_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating: the mention's id, when it was published, and its stars of five."""

    id: int
    at: datetime
    of_five: float


def watched_since(conn: Connection) -> dict[str, datetime]:
    """Return when each source was first fetched with success; those never fetched (imports) are absent."""
    # A question per source is answered from the index; one grouping would read every event there ever was.
    first = (
        select(func.min(fetch_events.c.at))
        .where(fetch_events.c.source == sources.c.source, fetch_events.c.status != str(FetchStatus.FAILED))
        .scalar_subquery()
    )
    return {source: at for source, at in conn.execute(select(sources.c.source, first)) if at is not None}


def visits_expected_by(conn: Connection) -> dict[str, datetime]:
    """Return by when each source should have been visited with success again: twice its interval later.

    Sources that were never visited with success are absent.
    """
    table = sources.c
    query = select(table.source, table.last_ok_at, table.interval_seconds).where(
        table.last_ok_at.is_not(None)
    )
    return {
        source: at + max(_PATIENCE, timedelta(seconds=2 * (interval or 0.0)))
        for source, at, interval in conn.execute(query)
    }


def hourly_by_source(
    conn: Connection, brand: str, since: datetime, until: datetime, sentiment: str | None = None
) -> list[tuple[str, datetime, int]]:
    """Return (source, hour, mentions) for each hour from `since` to before `until` in which there are any."""
    table = rollups.c
    query = (
        select(table.source, table.hour, func.sum(table.mentions))
        .where(table.brand == brand, table.hour >= since, table.hour < until, table.aspect == "")
        .where(table.mentions > 0)
        .group_by(table.source, table.hour)
    )
    if sentiment is not None:
        query = query.where(table.sentiment == sentiment)
    return [(source, hour, int(count)) for source, hour, count in conn.execute(query)]


def rated(conn: Connection, brand: str, since: datetime, until: datetime, limit: int) -> list[Rated]:
    """Return up to `limit` ratings of a brand with `since` ≤ time < `until`, newest first."""
    table = mention_brands.c
    query = (
        select(table.mention_id, table.at, table.rating_of_five)
        .where(table.brand == brand, table.at >= since, table.at < until, table.rating_of_five.is_not(None))
        .order_by(table.at.desc(), table.mention_id.desc())
        .limit(limit)
    )
    return [Rated(identity, at, stars) for identity, at, stars in conn.execute(query)]
