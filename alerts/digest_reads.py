"""What a digest reads of the database: light rows of a brand's mentions, and what was understood of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from storage.records import MentionKind
from storage.tables import analyses, authors, fetch_events, mention_brands, mentions

# What a rival publishes is listed by itself: it is not what people say, of them or of us.
_NOT_TALK = str(MentionKind.COMPETITOR_POST)


@dataclass(frozen=True, slots=True)
class Counted:
    """One mention of a brand, as far as counting needs it. `stars` is the rating on a scale of five."""

    id: int
    at: datetime
    source: str
    kind: str
    sentiment: str
    stars: float | None
    reach: int | None


@dataclass(frozen=True, slots=True)
class Understood:
    """What was found in one mention: keyphrases, and entities as (text, label)."""

    id: int
    at: datetime
    keyphrases: tuple[str, ...]
    entities: tuple[tuple[str, str], ...]


def _talk(brand: str, since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    table = mention_brands.c
    return [table.brand == brand, table.at >= since, table.at < until, table.kind != _NOT_TALK]


def counted(conn: Connection, brand: str, since: datetime, until: datetime) -> list[Counted]:
    """Return a brand's mentions with `since` ≤ time < `until`, oldest first, without rivals' own posts."""
    table = mention_brands.c
    query = (
        select(
            table.mention_id,
            table.at,
            table.source,
            table.kind,
            table.sentiment,
            table.rating_of_five,
            table.reach,
        )
        .where(*_talk(brand, since, until))
        .order_by(table.at, table.mention_id)
    )
    return [Counted(*row) for row in conn.execute(query)]


def any_talk(conn: Connection, brands: Sequence[str], since: datetime, until: datetime) -> bool:
    """Tell whether there is a mention of one of these brands in a span."""
    found = (
        select(mention_brands.c.mention_id).where(*_talk(brand, since, until)).limit(1) for brand in brands
    )
    return any(conn.scalar(query) is not None for query in found)


def understood(conn: Connection, brand: str, since: datetime, until: datetime) -> list[Understood]:
    """Return keyphrases and entities of the same mentions as `counted` does, in the same order."""
    table = mention_brands.c
    query = (
        select(table.mention_id, table.at, analyses.c.keyphrases, analyses.c.entities)
        .join(analyses, analyses.c.mention_id == table.mention_id)
        .where(*_talk(brand, since, until))
        .order_by(table.at, table.mention_id)
    )
    return [Understood(i, at, tuple(words), _names(found)) for i, at, words, found in conn.execute(query)]


def _names(entities: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((entity["text"], entity["label"]) for entity in entities)


def widest(conn: Connection, brand: str, since: datetime, until: datetime, limit: int) -> list[int]:
    """Return the ids of the mentions that most people may have seen, widest first.

    By reach, told or estimated; then by the author's followers, then by engagement, then the newest.
    """
    engagement = [
        func.coalesce(column, 0) for column in (mentions.c.likes, mentions.c.replies, mentions.c.shares)
    ]
    reach, followers = func.coalesce(mentions.c.reach, 0), func.coalesce(authors.c.followers, 0)
    query = (
        select(mention_brands.c.mention_id)
        .join(mentions, mentions.c.id == mention_brands.c.mention_id)
        .outerjoin(authors, authors.c.id == mentions.c.author_id)
        .where(*_talk(brand, since, until))
        .order_by(
            reach.desc(),
            followers.desc(),
            sum(engagement[1:], engagement[0]).desc(),
            mention_brands.c.at.desc(),
        )
        .order_by(mention_brands.c.mention_id)
    )
    return list(conn.scalars(query.limit(limit)))


def rivals_posts(conn: Connection, brands: Sequence[str], since: datetime, until: datetime) -> list[int]:
    """Return the ids of what these brands published themselves, newest first."""
    table = mention_brands.c
    query = (
        select(table.mention_id, func.max(table.at))
        .where(table.brand.in_(brands), table.kind == _NOT_TALK, table.at >= since, table.at < until)
        .group_by(table.mention_id)
        .order_by(func.max(table.at).desc(), table.mention_id.desc())
    )
    return [identity for identity, _ in conn.execute(query)]


def watched_since(conn: Connection) -> datetime | None:
    """Return when the first source was visited, None where none ever was (everything was imported)."""
    first: datetime | None = conn.scalar(select(func.min(fetch_events.c.at)))
    return first


def anything_collected(conn: Connection, since: datetime, until: datetime) -> bool:
    """Tell whether a source was visited, or a mention came in, with `since` ≤ time < `until`."""
    visit = select(fetch_events.c.id).where(fetch_events.c.at >= since, fetch_events.c.at < until)
    arrival = select(mentions.c.id).where(mentions.c.collected_at >= since, mentions.c.collected_at < until)
    return any(conn.scalar(query.limit(1)) is not None for query in (visit, arrival))
