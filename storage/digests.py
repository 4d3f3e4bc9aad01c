"""Which digests were made: each period of each once, whatever restarts and clock changes happen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from storage.rows import insert_once
from storage.tables import digests


def claim(conn: Connection, name: str, period: str, now: datetime) -> bool:
    """Return True exactly once for a digest's period; the caller's transaction holds what follows from it."""
    row = {"name": name, "period": period, "claimed_at": now}
    return insert_once(conn, digests, row)


def claimed(conn: Connection, name: str, period: str) -> bool:
    """Tell whether a digest's period was claimed."""
    query = select(digests.c.name).where(digests.c.name == name, digests.c.period == period)
    return conn.scalar(query) is not None
