"""Which mentions are to be understood again: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select

from storage.engine import reading
from storage.mentions import StoredMention, fetch
from storage.tables import analyses, mentions

_PAGE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """What to read again; all conditions hold together.

    `model_version` passes over what that version read, None over nothing. `since` is the earliest time of
    a mention (published, or collected where that is not known). `read_before` passes over what was read at
    that time or later: with it an interrupted round goes on where it stopped.
    """

    model_version: str | None = None
    since: datetime | None = None
    read_before: datetime | None = None


def count(conn: Connection, outdated: Outdated) -> int:
    """Return how many mentions are to be read again."""
    return conn.scalar(_query(outdated, func.count())) or 0


def batches(engine: Engine, outdated: Outdated, size: int) -> Iterator[list[StoredMention]]:
    """Yield the mentions to read again, newest first, up to `size` at a time.

    Each page is read in a transaction of its own, so that a long round holds nobody up. A mention that
    waits for the daemon anyway is left to it.
    """
    last: int | None = None
    while True:
        with reading(engine) as conn:
            query = _query(outdated, mentions.c.id).order_by(mentions.c.id.desc()).limit(_PAGE)
            if last is not None:
                query = query.where(mentions.c.id < last)
            page = fetch(conn, list(conn.scalars(query)))
        if not page:
            return
        last = page[-1].id
        yield from (page[start : start + size] for start in range(0, len(page), size))


def _query(outdated: Outdated, what: Any) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [mentions.c.analyzed_revision == mentions.c.revision]
    if outdated.model_version is not None:
        conditions.append(analyses.c.model_version != outdated.model_version)
    if outdated.since is not None:
        published = mentions.c.published_at
        conditions += [
            mentions.c.collected_at >= outdated.since,
            or_(published.is_(None), published >= outdated.since),
        ]
    if outdated.read_before is not None:
        conditions.append(analyses.c.analyzed_at < outdated.read_before)
    joined = select(what).select_from(mentions).join(analyses, analyses.c.mention_id == mentions.c.id)
    return joined.where(*conditions)
