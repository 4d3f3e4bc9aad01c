"""Who leads: one scheduler at a time, however many are started."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, case, delete, select, text, true
from sqlalchemy.exc import DBAPIError

from storage import mentions, outbox
from storage.rows import insert
from storage.tables import leases

# A leader that was killed is succeeded after this long.
LEASE = timedelta(seconds=30)


class Leader(Protocol):
    """The right to run the clock. `acquire` takes or renews it and tells whether it is held."""

    # Whether the leader before is known to be dead: then what it was sending is nobody's.
    follows_a_dead_one: bool

    def acquire(self) -> bool:
        """Take the lead or keep it; False where another has it."""

    def release(self) -> None:
        """Give the lead up, if held."""


def holder_name() -> str:
    """Return a name for this process that tells it from every other one, living or dead."""
    return "|".join((socket.gethostname(), _namespace(), str(os.getpid()), _started(os.getpid()) or "?"))


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "?"


def _started(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None where it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command stands in parentheses and may hold any character; state is field 3, start time field 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _is_dead(holder: str) -> bool:
    """Tell whether a holder surely runs no more: a process of this machine that is gone."""
    here, there = holder_name().split("|"), holder.split("|")
    if "?" in here or len(there) != 4 or here[:2] != there[:2] or not there[2].isdigit():
        return False
    return _started(int(there[2])) != there[3]


class RowLeader:
    """A lease in a row, for SQLite: it runs out unless renewed, and each new holder gets a higher fence.

    The lease of a process that was killed on this machine is taken over at once.
    """

    def __init__(self, engine: Engine, name: str, holder: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._name, self._holder, self._clock = engine, name, holder, clock
        self.follows_a_dead_one = False

    def acquire(self) -> bool:
        """Take the lease if it is free, ran out or is ours already; False where another has it."""
        now = self._clock()
        row = {"name": self._name, "holder": self._holder, "fence": 1, "expires_at": now + LEASE}
        with self._engine.begin() as conn:
            statement = insert(conn, leases).values(row)
            held_by = conn.scalar(select(leases.c.holder).where(leases.c.name == self._name))
            self.follows_a_dead_one = held_by not in (None, self._holder) and _is_dead(held_by or "")
            may_take = held_by in (None, self._holder) or self.follows_a_dead_one
            taken = statement.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "holder": statement.excluded.holder,
                    "expires_at": statement.excluded.expires_at,
                    "fence": leases.c.fence + case((leases.c.holder == self._holder, 0), else_=1),
                },
                where=true() if may_take else leases.c.expires_at <= now,
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
        # The lock was free: the session that held it has ended.
        self.follows_a_dead_one = True

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


class Leadership:
    """Whether this process leads; to begin to lead is to free what a dead leader had in hand."""

    def __init__(self, engine: Engine, holder: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._leader = leader(engine, "scheduler", holder, clock)
        self.held = False

    def renew(self) -> bool:
        """Take the lead or keep it, and return whether it is held. A database that fails means it is not."""
        try:
            held = self._leader.acquire()
            if held and not self.held:
                with self._engine.begin() as conn:
                    mentions.release(conn)
                    if self._leader.follows_a_dead_one:
                        outbox.release(conn, self._clock())
        except BaseException:
            self.held = False
            raise
        self.held = held
        return held

    def release(self) -> None:
        """Give the lead up, if it is held."""
        if self.held:
            self.held = False
            self._leader.release()
