"""Who leads: one scheduler at a time, however many are started."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from sqlalchemy import Connection, Engine, delete, or_, select, text
from sqlalchemy.exc import DBAPIError

from storage.rows import insert
from storage.tables import leases

# A leader that was killed is succeeded after this long.
LEASE = timedelta(seconds=30)


class Leader(Protocol):
    """The right to run the clock. `acquire` takes or renews it and tells whether it is held."""

    def acquire(self) -> bool:
        """Take the lead or keep it; False where another has it."""

    def release(self) -> None:
        """Give the lead up, if held."""


class RowLeader:
    """A lease in a row, for SQLite: it runs out unless renewed, and each new holder gets a higher fence."""

    def __init__(self, engine: Engine, name: str, holder: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._name, self._holder, self._clock = engine, name, holder, clock

    def acquire(self) -> bool:
        """Take the lease if it is free, ran out or is ours already; False where another has it."""
        now = self._clock()
        row = {"name": self._name, "holder": self._holder, "fence": 1, "expires_at": now + LEASE}
        with self._engine.begin() as conn:
            statement = insert(conn, leases).values(row)
            same = leases.c.holder == self._holder
            taken = statement.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "holder": statement.excluded.holder,
                    "expires_at": statement.excluded.expires_at,
                    "fence": leases.c.fence + 1,
                },
                where=or_(same, leases.c.expires_at <= now),
            )
            return conn.execute(taken).rowcount == 1

    def release(self) -> None:
        """Delete the lease if it is ours."""
        mine = (leases.c.name == self._name, leases.c.holder == self._holder)
        with self._engine.begin() as conn:
            conn.execute(delete(leases).where(*mine))


class AdvisoryLeader:
    """A session-level advisory lock on a connection of its own, for PostgreSQL: it ends with the session."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        self._conn: Connection | None = None

    def acquire(self) -> bool:
        """Take the lock, or make sure that the session which holds it still lives."""
        if self._conn is not None:
            try:
                self._conn.execute(select(1))
            except DBAPIError:
                self._drop()
            else:
                return True
        conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}):
            self._conn = conn
            return True
        conn.close()
        return False

    def release(self) -> None:
        """End the session that holds the lock."""
        self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.invalidate()
            self._conn.close()
            self._conn = None


def leader(engine: Engine, name: str, holder: str, clock: Callable[[], datetime]) -> Leader:
    """Return the way to lead that this database offers."""
    if engine.dialect.name == "postgresql":
        return AdvisoryLeader(engine, name)
    return RowLeader(engine, name, holder, clock)
