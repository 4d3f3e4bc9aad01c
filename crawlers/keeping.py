"""What a visit gives, brought to storage while it goes on.

Mentions are stored in batches. A checkpoint is stored in one transaction with everything given before it,
so that a crash resumes there; the last batch in one with what the visit taught of the source. What a
crash leaves out is met again, which identities make harmless.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Source
from crawlers.base import Clock, Visit
from crawlers.items import Found, Taken, Withdrawal
from crawlers.outcome import Harvest, outcome
from crawlers.symptoms import PAST
from storage import intake, withdrawals
from storage import mentions as shelf
from storage import sources as ledger
from storage.errors import StorageError
from storage.records import FetchEvent, Mention
from storage.sources import SourceState

BATCH = 200
_QUIET_SECONDS = 0.25
_logger = logging.getLogger(__name__)

Concluded = tuple[FetchEvent, SourceState]


class Keeper:
    """Stores what one visit gives, in its order.

    `trouble` is the database's, in words, None while all is well.
    """

    def __init__(self, engine: Engine, source: Source, state: SourceState, clock: Clock) -> None:
        self._engine, self._source, self._clock = engine, source, clock
        # What to remember if the visit fails: how far it surely came.
        self.safe = state
        self.harvest = Harvest()
        self.trouble: str | None = None
        self._withdrawn: list[str] = []
        self._taken: list[Taken] = []
        self._lock = asyncio.Lock()

    async def deliver(self, found: Found) -> None:
        """Take what a visit gives. What cannot be stored makes the visit fail in the end.

        After that nothing more is taken: it is to be read again.
        """
        async with self._lock:
            if self.trouble is not None:
                return
            if isinstance(found, Mention):
                if found.external_id in self._withdrawn:
                    # Gone from one list and there in the next: it is there.
                    self._withdrawn.remove(found.external_id)
                self.harvest.add(found)
                if len(self.harvest.batch) >= BATCH:
                    await self._store(None)
            elif isinstance(found, Withdrawal):
                self._withdrawn.append(found.external_id)
            elif isinstance(found, Taken):
                self._taken.append(found)
            elif not (self._is_empty() and dict(found.cursor) == dict(self.safe.cursor)):
                await self._store(replace(self.safe, cursor=found.cursor))

    def _is_empty(self) -> bool:
        return not (self.harvest.batch or self._withdrawn or self._taken)

    async def _store(self, state: SourceState | None) -> None:
        """Write what waits, with the state to remember if one is given."""
        try:
            await asyncio.to_thread(self._write, state)
        except Exception as error:
            _logger.exception("database failed", extra={"source": self._source.name})
            self.trouble = database_trouble(error)
            self.harvest.batch, self._taken = [], []
            return
        self.safe = state or self.safe

    def _write(self, state: SourceState | None) -> None:
        with self._engine.begin() as connection:
            done = self._put(connection)
            if state is not None:
                ledger.save_states(connection, [state])
        self._count(done)

    def _put(self, connection: Connection) -> list[shelf.StoreResult]:
        batch = self.harvest.batch
        done = [shelf.store(connection, batch[at : at + BATCH]) for at in range(0, len(batch), BATCH)]
        withdrawals.withdraw(connection, self._source.name, self._withdrawn, self._clock())
        for taken in self._taken:
            if taken.again:
                intake.take_up(connection, self._source.name)
            intake.read(connection, taken.read)
            intake.put_aside(connection, taken.aside)
        return done

    def _count(self, done: Sequence[shelf.StoreResult]) -> None:
        self.harvest.batch, self._withdrawn, self._taken = [], [], []
        self.harvest.new += sum(one.new for one in done)
        self.harvest.revised += sum(one.revised for one in done)

    def is_quiet(self, visit: Visit) -> bool:
        """Tell whether nothing is left to be stored but that the visit took place."""
        return visit.unchanged and not (self.harvest.ids or self._withdrawn or self._taken or self.trouble)

    def ended(self, visit: Visit) -> Visit:
        """Return the visit as it is to be kept: one cut short goes on from the last checkpoint."""
        if self.trouble is not None:
            # What could not be stored must be met again: the visit counts as failed and the cursor stays.
            visit = replace(visit, failure=self.trouble)
        if visit.failure is not None or visit.postponed is not None:
            visit = replace(visit, state=self.safe)
        return visit

    async def conclude(self, visit: Visit) -> FetchEvent:
        """Store what is left, with the state and the event, in one transaction; return the event."""
        try:
            event = await asyncio.to_thread(self._conclude, visit)
        except (SQLAlchemyError, StorageError) as error:
            _logger.exception("database failed", extra={"source": self._source.name})
            failed = replace(visit, failure=database_trouble(error), state=self.safe)
            event = await asyncio.to_thread(self._note, failed)
        return event

    def _conclude(self, visit: Visit) -> FetchEvent:
        with self._engine.begin() as connection:
            self._count(self._put(connection))
            past = ledger.recent(connection, self._source.name, PAST)
            event, state = outcome(self._source, visit, self.harvest, self._clock, past)
            ledger.record(connection, event, state)
        return event

    def _note(self, failed: Visit) -> FetchEvent:
        """Keep at least that the visit failed and when the next is due, if the database takes so much."""
        event, state = outcome(self._source, failed, Harvest(), self._clock)
        with suppress(SQLAlchemyError, StorageError), self._engine.begin() as connection:
            ledger.record(connection, event, state)
        return event


class QuietBook:
    """Records visits that brought nothing, many in one transaction: most visits are such.

    A crash loses at most a batch of them, and then these sources are visited once more.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[Concluded] = []
        self._flush: asyncio.Task[None] | None = None

    def add(self, source: Source, visit: Visit, clock: Clock) -> tuple[FetchEvent, Awaitable[None]]:
        """Return the event of a visit, and what to wait for until it is recorded."""
        event, state = outcome(source, visit, Harvest(), clock)
        self._waiting.append((event, state))
        if self._flush is None:
            self._flush = asyncio.create_task(self._soon())
        return event, asyncio.shield(self._flush)

    async def _soon(self) -> None:
        await asyncio.sleep(_QUIET_SECONDS)
        ready, self._waiting, self._flush = self._waiting, [], None
        await asyncio.to_thread(self._write, ready)

    def _write(self, ready: list[Concluded]) -> None:
        try:
            with self._engine.begin() as connection:
                ledger.record_all(connection, ready)
        except (SQLAlchemyError, StorageError):
            # They are due still and will be visited again.
            _logger.exception("database failed")


def database_trouble(error: Exception) -> str:
    """Return what the database says is wrong, in one line."""
    cause = getattr(error, "orig", None) or error
    words = next(iter(str(cause).splitlines()), type(error).__name__)
    return f"what it sent could not be stored: {words[:200]}"
