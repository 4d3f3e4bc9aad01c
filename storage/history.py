"""What rules read to know what is usual: the hours of each source, its share, its trouble, single ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from storage.records import FetchStatus
from storage.rollups import hour_of
from storage.tables import fetch_events, mention_brands, mentions, rollups, sources


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating: the mention's id, when it was published, and its stars of five."""

    id: int
    at: datetime
    of_five: float


def hours_with_mentions(
    conn: Connection, brand: str, since: datetime, until: datetime
) -> dict[str, set[datetime]]:
    """Return the hours with mentions of a brand, whatever their sentiment, by source."""
    table = rollups.c
    query = (
        select(table.source, table.hour)
        .where(table.brand == brand, table.hour >= since, table.hour < until, table.aspect == "")
        .where(table.mentions > 0)
        .distinct()
    )
    found: dict[str, set[datetime]] = {}
    for source, hour in conn.execute(query):
        found.setdefault(source, set()).add(hour)
    return found


def undated(
    conn: Connection, brand: str, source: str, since: datetime, until: datetime, sentiment: str | None
) -> dict[datetime, int]:
    """Return, by hour, how many mentions from a source count when they were found, for want of a date."""
    table = mention_brands.c
    query = (
        select(table.at)
        .join(mentions, mentions.c.id == table.mention_id)
        .where(table.brand == brand, table.at >= since, table.at < until, table.source == source)
        .where(mentions.c.published_at.is_(None))
    )
    if sentiment is not None:
        query = query.where(table.sentiment == sentiment)
    return dict(Counter(hour_of(at) for at in conn.scalars(query)))


def mentions_by_source(
    conn: Connection, brands: Sequence[str], since: datetime, until: datetime
) -> dict[str, int]:
    """Return how many mentions of these brands came from each source with `since` ≤ hour < `until`."""
    table = rollups.c
    query = (
        select(table.source, func.sum(table.mentions))
        .where(table.brand.in_(brands), table.hour >= since, table.hour < until, table.aspect == "")
        .group_by(table.source)
    )
    return {source: int(count) for source, count in conn.execute(query) if count}


def failing_since(conn: Connection) -> dict[str, datetime]:
    """Return, for the sources whose last visit failed, when the first of the failed visits in a row was."""
    table = fetch_events.c
    first = (
        select(func.min(table.at))
        .where(table.source == sources.c.source, table.status == str(FetchStatus.FAILED))
        .where(or_(sources.c.last_ok_at.is_(None), table.at > sources.c.last_ok_at))
        .scalar_subquery()
    )
    query = select(sources.c.source, first).where(sources.c.failures > 0)
    return {source: at for source, at in conn.execute(query) if at is not None}


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
