"""Messages on their way out: written with the decision, sent at least once, with one key at every attempt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from storage import storable
from storage.records import Notification, NotificationStatus
from storage.rows import insert_once
from storage.tables import outbox

_PENDING, _SENDING = str(NotificationStatus.PENDING), str(NotificationStatus.SENDING)


def enqueue(conn: Connection, notifications: Sequence[Notification], now: datetime) -> int:
    """Put messages in the outbox, and return how many were new; a key that is there already is left alone."""
    added = 0
    for note in notifications:
        row = {
            "channel": note.channel,
            "kind": note.kind,
            "payload": storable.document(dict(note.payload)),
            "idempotency_key": storable.short(note.idempotency_key, 200),
            "alert_id": note.alert_id,
            "status": str(note.status),
            "attempts": note.attempts,
            "next_attempt_at": note.next_attempt_at or now,
            "created_at": now,
        }
        added += insert_once(conn, outbox, row)
    return added


def claim_due(conn: Connection, now: datetime, limit: int, lease: timedelta) -> list[Notification]:
    """Take up to `limit` messages that are due, oldest first, each with one attempt more on its count.

    One that is neither delivered, put off nor rejected when `lease` has passed is handed out again: its
    sender died, perhaps after sending.
    """
    ready = and_(outbox.c.status.in_([_PENDING, _SENDING]), outbox.c.next_attempt_at <= now)
    query = select(outbox).where(ready).order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    rows = list(conn.execute(query))
    taken = {"status": _SENDING, "attempts": outbox.c.attempts + 1, "next_attempt_at": now + lease}
    conn.execute(update(outbox).where(outbox.c.id.in_([row.id for row in rows])).values(taken))
    return [_from_row(row, attempts=row.attempts + 1, next_attempt_at=now + lease) for row in rows]


def release(conn: Connection, now: datetime) -> None:
    """Make what a sender that is known to be dead had in hand due now."""
    conn.execute(update(outbox).where(outbox.c.status == _SENDING).values(next_attempt_at=now))


def _finish(conn: Connection, identity: int, **changes: Any) -> None:
    open_still = or_(outbox.c.status == _SENDING, outbox.c.status == _PENDING)
    conn.execute(update(outbox).where(outbox.c.id == identity, open_still).values(changes))


def delivered(conn: Connection, identity: int, now: datetime) -> None:
    """Mark a message as delivered."""
    done = str(NotificationStatus.DELIVERED)
    _finish(conn, identity, status=done, finished_at=now, next_attempt_at=None, last_error=None)


def retry(conn: Connection, identity: int, at: datetime, error: str) -> None:
    """Put a message off until `at`, with the reason."""
    _finish(conn, identity, status=_PENDING, next_attempt_at=at, last_error=storable.short(error, 1000))


def rejected(conn: Connection, identity: int, now: datetime, error: str) -> None:
    """Give a message up, with the reason; `marsad status` shows it."""
    given_up = str(NotificationStatus.REJECTED)
    why = storable.short(error, 1000)
    _finish(conn, identity, status=given_up, finished_at=now, next_attempt_at=None, last_error=why)


def counts(conn: Connection) -> dict[NotificationStatus, int]:
    """Return how many messages there are in each status."""
    found = dict.fromkeys(NotificationStatus, 0)
    for status, count in conn.execute(select(outbox.c.status, func.count()).group_by(outbox.c.status)):
        found[NotificationStatus(status)] = count
    return found


def troubled(conn: Connection, limit: int = 20) -> list[Notification]:
    """Return messages that failed at least once and were not delivered since, newest first."""
    not_delivered = outbox.c.status != str(NotificationStatus.DELIVERED)
    query = select(outbox).where(outbox.c.last_error.is_not(None), not_delivered)
    return [_from_row(row) for row in conn.execute(query.order_by(outbox.c.id.desc()).limit(limit))]


def _from_row(row: Row[Any], **changed: Any) -> Notification:
    fields: dict[str, Any] = {
        "id": row.id,
        "channel": row.channel,
        "kind": row.kind,
        "payload": row.payload,
        "idempotency_key": row.idempotency_key,
        "status": NotificationStatus(row.status),
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at,
        "last_error": row.last_error,
        "alert_id": row.alert_id,
    }
    if changed:
        fields["status"] = NotificationStatus.SENDING
    return Notification(**{**fields, **changed})
