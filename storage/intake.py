"""What was sent to webhooks: kept before the sender is told so, read once, and known when it comes again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from storage import storable
from storage.rows import chunks, insert_once
from storage.tables import intake

# Senders try again for some three days; until well after that, what comes again must be known.
REMEMBERED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one request brought to a source. `message_id` is the sender's own, one for each message."""

    id: int
    message_id: str
    received_at: datetime
    content_type: str
    body: bytes


def keep(
    conn: Connection, source: str, message_id: str, now: datetime, content_type: str, body: bytes
) -> bool:
    """Keep a message, and tell whether it is new; one that was kept already is left alone."""
    row = {
        "source": source,
        "message_id": storable.short(message_id, 300),
        "received_at": now,
        "content_type": storable.short(content_type, 100),
        "body": body,
    }
    return insert_once(conn, intake, row)


def waiting(conn: Connection, source: str, most: int, after: int = 0) -> list[Delivery]:
    """Return up to `most` messages of a source that were not read yet, oldest first."""
    query = select(intake).where(_waits(source), intake.c.id > after).order_by(intake.c.id).limit(most)
    return [
        Delivery(row.id, row.message_id, row.received_at, row.content_type, bytes(row.body))
        for row in conn.execute(query)
    ]


def count_waiting(conn: Connection, source: str) -> int:
    """Return how many messages of a source were not read yet."""
    return conn.scalar(select(func.count()).select_from(intake).where(_waits(source))) or 0


def read(conn: Connection, ids: Sequence[int]) -> None:
    """Mark messages as read: what they said goes, their ids stay for `REMEMBERED`."""
    for part in chunks(ids):
        conn.execute(update(intake).where(intake.c.id.in_(part)).values(body=None, problem=None))


def put_aside(conn: Connection, problems: Sequence[tuple[int, str]]) -> None:
    """Put messages aside in which nothing was found, each with the reason; they stay for `REMEMBERED`."""
    for one, problem in problems:
        conn.execute(update(intake).where(intake.c.id == one).values(problem=storable.short(problem, 300)))


def take_up(conn: Connection, source: str) -> int:
    """Let the messages that were put aside wait again, and return how many there are."""
    aside = and_(intake.c.source == source, intake.c.problem.is_not(None), intake.c.body.is_not(None))
    return conn.execute(update(intake).where(aside).values(problem=None)).rowcount


def forget(conn: Connection, now: datetime) -> int:
    """Delete what was read or put aside longer ago than `REMEMBERED`; what waits is never deleted."""
    done = or_(intake.c.body.is_(None), intake.c.problem.is_not(None))
    return conn.execute(delete(intake).where(intake.c.received_at < now - REMEMBERED, done)).rowcount


def _waits(source: str) -> ColumnElement[bool]:
    return and_(intake.c.source == source, intake.c.body.is_not(None), intake.c.problem.is_(None))
