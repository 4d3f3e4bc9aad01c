"""Hourly counts by brand, source, language, sentiment and aspect.

They are kept in the transaction that saves the analyses, so they are never behind them, and they cost
the same to read however many mentions there are. The row whose aspect is '' counts mentions; the
others count mentions in which the aspect was spoken of, by the aspect's own sentiment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, func, select

from storage.rows import insert
from storage.tables import rollups

# The sentiment of a mention on which the model abstained.
UNKNOWN = "unknown"

_MEASURES = ("mentions", "ratings", "rating_sum", "reach")


@dataclass(frozen=True, slots=True)
class RatingTotal:
    """How many ratings, and their mean in stars of five (None where there are none)."""

    count: int
    mean_of_five: float | None


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def add(
    conn: Connection,
    found: Iterable[Mapping[str, Any]],
    aspects: Mapping[int, Sequence[tuple[str, str]]],
    sign: Literal[1, -1] = 1,
) -> None:
    """Add what rows of `mention_brands` contribute, or with `sign=-1` take it back."""
    totals: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in found:
        place = (row["brand"], hour_of(row["at"]), row["source"], row["language"])
        rating = row["rating_of_five"]
        totals[(*place, row["sentiment"], "")].update(
            mentions=sign,
            ratings=0 if rating is None else sign,
            rating_sum=0.0 if rating is None else sign * rating,  # type: ignore[arg-type]
            reach=sign * (row["reach"] or 0),
        )
        for aspect, label in aspects.get(row["mention_id"], ()):
            totals[(*place, label, aspect)].update(mentions=sign, ratings=0, rating_sum=0, reach=0)
    if not totals:
        return
    keys = ("brand", "hour", "source", "language", "sentiment", "aspect")
    # Sorted, so that two writers lock the rows in the same order.
    rows = [
        {**dict(zip(keys, key, strict=True)), **{name: total[name] for name in _MEASURES}}
        for key, total in sorted(totals.items())
    ]
    statement = insert(conn, rollups)
    sums = {name: rollups.c[name] + statement.excluded[name] for name in _MEASURES}
    conn.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=sums), rows)


def _where(
    brand: str, since: datetime, until: datetime, sentiment: str | None, source: str | None, aspect: str
) -> list[ColumnElement[bool]]:
    table = rollups.c
    conditions = [
        table.brand == brand,
        table.hour >= hour_of(since),
        table.hour < until,
        table.aspect == aspect,
        table.mentions > 0,
    ]
    if sentiment is not None:
        conditions.append(table.sentiment == sentiment)
    if source is not None:
        conditions.append(table.source == source)
    return conditions


def hourly(
    conn: Connection,
    brand: str,
    since: datetime,
    until: datetime,
    sentiment: str | None = None,
    source: str | None = None,
    aspect: str = "",
) -> list[tuple[datetime, int]]:
    """Return (hour, mentions) for the hours that have any, in order; the others have none."""
    query = (
        select(rollups.c.hour, func.sum(rollups.c.mentions))
        .where(*_where(brand, since, until, sentiment, source, aspect))
        .group_by(rollups.c.hour)
        .order_by(rollups.c.hour)
    )
    return [(hour, int(count)) for hour, count in conn.execute(query)]


def totals(
    conn: Connection,
    brand: str,
    since: datetime,
    until: datetime,
    by: Literal["sentiment", "source", "language"],
    sentiment: str | None = None,
) -> dict[str, int]:
    """Return how many mentions there were by sentiment, source or language."""
    column = rollups.c[by]
    query = (
        select(column, func.sum(rollups.c.mentions))
        .where(*_where(brand, since, until, sentiment, None, ""))
        .group_by(column)
        .order_by(column)
    )
    return {name: int(count) for name, count in conn.execute(query)}


def ratings(
    conn: Connection, brand: str, since: datetime, until: datetime, source: str | None = None
) -> RatingTotal:
    """Return the ratings published in a span of whole hours."""
    query = select(func.sum(rollups.c.ratings), func.sum(rollups.c.rating_sum)).where(
        *_where(brand, since, until, None, source, "")
    )
    count, total = conn.execute(query).one()
    # PostgreSQL sums counts to a decimal, which no float divides by.
    return RatingTotal(int(count or 0), total / int(count) if count else None)


def observed_since(conn: Connection, brand: str) -> datetime | None:
    """Return the first hour in which anything was published about the brand, None where nothing was."""
    query = select(func.min(rollups.c.hour)).where(rollups.c.brand == brand, rollups.c.mentions > 0)
    first: datetime | None = conn.scalar(query)
    return first
