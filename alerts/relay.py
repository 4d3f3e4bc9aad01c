"""Taking messages from the outbox to their channels: at least once, in order, and never silently dropped.

A message is claimed under a lease, sent, and marked, each in a transaction of its own. Where the process
dies between sending and marking, the lease runs out and the message is sent again with the same key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from alerts.channels.base import Channel, Clock, Delivered, Outcome, Rejected, Retry
from storage import outbox
from storage.records import Notification

_log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=4)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
PATIENCE: Final = timedelta(days=3)
# So many failures in one round, and the channel is taken to be down: the rest waits without being tried.
_STRIKES: Final = 2


@dataclass(frozen=True, slots=True)
class RelayResult:
    """How many messages were delivered, put off and given up."""

    delivered: int = 0
    retried: int = 0
    rejected: int = 0

    def __add__(self, other: RelayResult) -> RelayResult:
        """Add up two rounds."""
        return RelayResult(
            self.delivered + other.delivered, self.retried + other.retried, self.rejected + other.rejected
        )

    def __str__(self) -> str:
        """Return it in words, for the command line."""
        return f"{self.delivered} delivered, {self.retried} put off, {self.rejected} given up"


def backoff(attempts: int) -> timedelta:
    """Return the wait after so many failed attempts (from 1): 1, 2, 4 … minutes, at most an hour."""
    doublings = min(max(attempts, 1) - 1, 12)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))


# Attempts, not age: a daemon that was off for a week has not tried yet.
MOST_ATTEMPTS: Final = 1 + len(
    list(
        takewhile(
            lambda waited: waited <= PATIENCE, accumulate(map(backoff, range(1, 1000)), initial=timedelta(0))
        )
    )
)


def decide(outcome: Outcome, attempts: int, now: datetime, jitter: float) -> Outcome | datetime:
    """Return when to try again, or the final outcome. `jitter` is 0…1 and shortens the wait by up to half.

    A `Retry-After` is kept to where it is longer. Too many failures become a rejection that says so.
    """
    if not isinstance(outcome, Retry):
        return outcome
    if attempts >= MOST_ATTEMPTS:
        return Rejected(f"given up after {attempts} attempts; the last one: {outcome.why}")
    wait = max(FIRST_WAIT, backoff(attempts) * (1 - jitter / 2))
    return now + max(wait, outcome.after or wait)


async def relay(
    engine: Engine,
    channels: Mapping[str, Channel],
    clock: Clock,
    *,
    limit: int = 20,
    stopping: asyncio.Event | None = None,
    jitter: Callable[[], float] = random.random,
) -> RelayResult:
    """Send what is due, in rounds of `limit` messages: channels beside one another, each in its order.

    Once `stopping` is set, or when the task is cancelled, what is being sent is finished and marked, and
    nothing more is begun. What was claimed but not begun is put back.
    """
    post = _Post(engine, channels, clock, stopping or asyncio.Event(), jitter)
    total = RelayResult()
    while not post.stopping.is_set():
        claimed_at = clock()
        due = await asyncio.to_thread(post.claim, claimed_at, limit)
        total += await post.round(due, claimed_at + LEASE)
        if len(due) < limit:
            break
    return total


class _Post:
    """One run of the relay."""

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        clock: Clock,
        stopping: asyncio.Event,
        jitter: Callable[[], float],
    ) -> None:
        self._engine, self._channels, self._clock = engine, channels, clock
        self.stopping, self._jitter = stopping, jitter

    def claim(self, now: datetime, limit: int) -> list[Notification]:
        with self._engine.begin() as conn:
            return outbox.claim_due(conn, now, limit, LEASE)

    async def round(self, due: Sequence[Notification], lease_ends: datetime) -> RelayResult:
        names = dict.fromkeys(note.channel for note in due)
        queues = [[note for note in due if note.channel == name] for name in names]
        tasks = [asyncio.ensure_future(self._work_off(queue, lease_ends)) for queue in queues]
        if not tasks:
            return RelayResult()
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            self.stopping.set()
            await asyncio.wait(tasks)
            raise
        return sum((task.result() for task in tasks), RelayResult())

    async def _work_off(self, queue: Sequence[Notification], lease_ends: datetime) -> RelayResult:
        total, strikes, asked_to_wait = RelayResult(), 0, None
        for note in queue:
            channel = self._channels.get(note.channel)
            if channel is not None and (
                self.stopping.is_set() or self._clock() + channel.LONGEST > lease_ends
            ):
                # Later than this, another sender could have it while it is still being sent here.
                await asyncio.to_thread(self._put_back, note)
                continue
            if asked_to_wait is not None:
                outcome: Outcome = asked_to_wait
            elif channel is None:
                outcome = Rejected(f"there is no channel {note.channel!r} in the configuration any more")
            else:
                outcome = await self._send(channel, note)
            if isinstance(outcome, Retry) and asked_to_wait is None:
                strikes += 1
                if outcome.after is not None or strikes >= _STRIKES:
                    asked_to_wait = Retry(outcome.after, f"waits behind others: {outcome.why}")
            total += await asyncio.to_thread(self._mark, note, outcome)
        return total

    async def _send(self, channel: Channel, note: Notification) -> Outcome:
        try:
            return await channel.send(note)
        except Exception as error:  # noqa: BLE001 - one bad message or channel must not stop the others
            # Neither the error's text nor its traceback is shown: they may hold what must stay secret.
            where = _place_of(error)
            _log.error("channel stumbled", channel=note.channel, error=type(error).__name__, at=where)
            return Retry(None, f"Marsad itself stumbled ({type(error).__name__} at {where})")

    def _mark(self, note: Notification, outcome: Outcome) -> RelayResult:
        assert note.id is not None  # every row of the outbox has one
        now = self._clock()
        decision = decide(outcome, note.attempts, now, self._jitter())
        about = {"channel": note.channel, "key": note.idempotency_key, "attempt": note.attempts}
        with self._engine.begin() as conn:
            if isinstance(decision, Delivered):
                outbox.delivered(conn, note.id, now)
                result = RelayResult(delivered=1)
            elif isinstance(decision, Rejected):
                outbox.rejected(conn, note.id, now, decision.why)
                result = RelayResult(rejected=1)
            else:
                assert isinstance(decision, datetime) and isinstance(outcome, Retry)
                outbox.retry(conn, note.id, decision, outcome.why)
                result = RelayResult(retried=1)
        if isinstance(decision, Rejected):
            _log.error("message given up", why=decision.why, **about)
        elif isinstance(outcome, Retry):
            _log.warning("message put off", why=outcome.why, until=str(decision), **about)
        else:
            _log.info("message delivered", **about)
        return result

    def _put_back(self, note: Notification) -> None:
        assert note.id is not None
        with self._engine.begin() as conn:
            outbox.retry(conn, note.id, self._clock(), note.last_error or "not begun yet")


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
