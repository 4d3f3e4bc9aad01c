"""The daemon: wiring, clock, leader, signals. What is done is in the rooms; this decides only when."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Engine

import health
from alerts import digest, evaluate, relay
from alerts.channels import base as channel_kinds
from config.settings import Settings
from crawlers import collect
from crawlers.intake import webhook_listener
from nlp.pipeline import TextItem
from storage import analyses, lease, mentions, sources
from storage.engine import open_engine, prepare
from storage.errors import explain
from storage.mentions import StoredMention
from storage.records import Alert, Analysis, FetchEvent
from storage.stories import Policy
from understanding import Readers
from wiring import now

log = structlog.get_logger("marsad")

# How often each stage looks whether there is something to do, in seconds.
EVERY = {"lead": 10, "collect": 15, "understand": 5, "decide": 30, "tell": 5, "tidy": 86_400}
# What is in hand at SIGTERM may take this long to finish; systemd and Docker kill soon after 30 s.
GRACE_SECONDS, _LAST_SECONDS, _BATCH, _CLAIM = 25, 2, 64, timedelta(minutes=10)


class Cycle(NamedTuple):
    """What one whole cycle did."""

    visits: list[FetchEvent]
    understood: int
    alerts: list[Alert]
    digests: int
    told: relay.RelayResult


@dataclass(slots=True)
class Daemon:
    """The stages. Each does what there is to do, commits it, and may be stopped anywhere."""

    settings: Settings
    engine: Engine
    clock: channel_kinds.Clock
    pool: Readers
    channels: dict[str, channel_kinds.Channel]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    holder: str = field(default_factory=lease.holder_name)

    async def collect(self, *, force: bool = False) -> list[FetchEvent]:
        """Fetch the sources that are due, or all of them."""
        return await collect.collect(self.engine, self.settings, self.clock, force=force)

    async def understand(self) -> int:
        """Analyse what waits; one batch more than there are workers is in hand, so that none idles."""
        await asyncio.to_thread(self.pool.renew)
        consumers = (self._consume() for _ in range(self.settings.workers + 1))
        done = await asyncio.gather(*consumers, return_exceptions=True)
        if failed := next((one for one in done if isinstance(one, BaseException)), None):
            raise failed
        return sum(one for one in done if isinstance(one, int))

    async def _consume(self) -> int:
        done = 0
        while not self.stopping.is_set() and (batch := await asyncio.to_thread(self._claim)):
            about = {source.name: source.brand for source in self.settings.sources}
            items = [TextItem.of(str(s.id), s.mention, about.get(s.mention.source)) for s in batch]
            done += await asyncio.to_thread(self._save, batch, await self.pool.analyze(items))
        return done

    def _claim(self) -> list[StoredMention]:
        with self.engine.begin() as conn:
            return mentions.claim_unanalyzed(conn, _BATCH, self.holder, self.clock(), _CLAIM)

    def _save(self, batch: list[StoredMention], found: list[Analysis]) -> int:
        with self.engine.begin() as conn:
            pairs = list(zip(batch, found, strict=True))
            return analyses.save(conn, pairs, self.clock(), Policy.from_settings(self.settings))

    async def decide(self) -> tuple[list[Alert], int]:
        """Run the rules, and make the digests that are due; what they say is put in the outbox."""
        return await asyncio.to_thread(self._decide)

    def _decide(self) -> tuple[list[Alert], int]:
        alerts = evaluate.evaluate(self.engine, self.settings, self.clock())
        with self.engine.begin() as conn:
            return alerts, digest.enqueue_due(conn, self.settings, self.clock())

    async def tell(self) -> relay.RelayResult:
        """Send what is due in the outbox."""
        return await relay.relay(self.engine, self.channels, self.clock, stopping=self.stopping)

    async def tidy(self) -> None:
        """Forget old visits, once a day."""
        await asyncio.to_thread(sources.forget_old, self.engine, self.clock())

    async def cycle(self, *, force: bool = True) -> Cycle:
        """Collect (all sources, unless not forced), understand, decide and tell, once each."""
        visits, understood = await self.collect(force=force), await self.understand()
        return Cycle(visits, understood, *await self.decide(), await self.tell())


def build(settings: Settings, base: Path, clock: channel_kinds.Clock = now) -> Daemon:
    """Open the database (relative to the folder `base`) and wire everything to it.

    Raises:
        storage.errors.StorageError: the database cannot be used.
    """
    engine = open_engine(settings.database, base)
    prepare(engine)
    analyses.recount_spam(engine, settings.count_spam)
    channels = channel_kinds.open_channels(settings, clock)
    return Daemon(settings, engine, clock, Readers(settings, engine), channels)


async def run_once(daemon: Daemon) -> Cycle | None:
    """Do one cycle as the leader; None where another leads."""
    turns = _Turns(daemon)
    await turns.lead()
    try:
        return await daemon.cycle() if turns.leadership.held else None
    finally:
        await turns.finish()


async def run(daemon: Daemon) -> None:
    """Run until SIGTERM or SIGINT, then finish what is in hand; soon after the grace the process is ended."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, daemon.stopping.set)
    turns = _Turns(daemon)
    await turns.lead()
    close_hooks = webhook_listener.serve(daemon.engine, daemon.settings, daemon.clock)
    close_page = health.serve(daemon.engine, daemon.settings, daemon.clock, lambda: turns.turned)
    # A late or missed run is run once, now. Collections overlap: a slow source holds up no other round.
    clockwork = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
    for stage, seconds in EVERY.items():
        when = {"seconds": seconds, "next_run_time": now(), "max_instances": 8 if stage == "collect" else 1}
        clockwork.add_job(turns.take, "interval", [stage], **when)
    clockwork.start()
    log.info("started", sources=len(daemon.settings.sources), leading=turns.leadership.held)
    await daemon.stopping.wait()
    log.info("stopping", in_hand=len(turns.in_hand))
    # A thread that waits for a stranger's answer would hold up the exit; what it does is not marked as done.
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(GRACE_SECONDS + 2 * _LAST_SECONDS)
    clockwork.shutdown(wait=False)
    await asyncio.to_thread(close_hooks)
    await turns.finish()
    close_page()


class _Turns:
    """Gives each stage its turn while we lead; a stage that fails is told of and gets its next turn."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.leadership = lease.Leadership(daemon.engine, daemon.holder, daemon.clock)
        self.in_hand: set[asyncio.Task[Any]] = set()
        self.turned = monotonic()

    async def take(self, stage: str) -> None:
        self.turned = monotonic()
        if self._daemon.stopping.is_set() or not (self.leadership.held or stage == "lead"):
            return
        work = self.lead if stage == "lead" else getattr(self._daemon, stage)
        self.in_hand.add(task := asyncio.ensure_future(work()))
        task.add_done_callback(self.in_hand.discard)
        try:
            # A clockwork that is shut down cancels its turns; what is in hand is finished all the same.
            with health.SECONDS.labels(stage).time(), health.FAILURES.labels(stage).count_exceptions():
                await asyncio.shield(task)
        except Exception as error:
            log.error("stage failed", stage=stage, cause=explain(error), exc_info=error)

    async def lead(self) -> None:
        await asyncio.to_thread(self.leadership.renew)

    async def finish(self) -> None:
        late = (await asyncio.wait(self.in_hand, timeout=GRACE_SECONDS))[1] if self.in_hand else set()
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_SECONDS)
        await asyncio.to_thread(self.leadership.release)
        await asyncio.to_thread(self._daemon.pool.close)
