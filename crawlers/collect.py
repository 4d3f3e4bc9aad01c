"""From due sources, through their spiders, to storage.

Each source is visited by a crawl of its own, several at once; none waits for another. Mentions are stored
in batches while the visit goes on, the last batch in one transaction with what the visit taught of the
source. A crash in between only means that some mentions are met again, which their identity makes
harmless.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from scrapy.crawler import Crawler
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings, Source
from crawlers.base import Clock, Deliver, SourceSpider, Visit, kinds
from crawlers.fetching import scrapy_settings
from crawlers.outcome import Harvest, outcome
from storage import mentions as shelf
from storage import sources as ledger
from storage.engine import reading
from storage.errors import StorageError
from storage.records import FetchEvent, FetchStatus, Mention
from storage.sources import SourceState

AT_ONCE = 8
BATCH = 200
VISIT_DEADLINE = timedelta(minutes=10)
_STOP_PATIENCE_SECONDS = 45.0
T = TypeVar("T")

_logger = logging.getLogger(__name__)
# Which source of which database is being visited now, and by which call.
_in_hand: dict[tuple[int, str], asyncio.Semaphore] = {}


async def collect(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    *,
    only: Collection[str] | None = None,
    force: bool = False,
) -> list[FetchEvent]:
    """Visit the sources that are due (all if `force`), store what they say, and return one event each.

    `only` names the sources to consider; otherwise all that are enabled. A source that fails is an event
    with status FAILED and the cause in words; nothing is raised for it and no other source waits for it.
    Calls may overlap: a source that another call is still visiting is left out, so that a clock may call
    this while a slow source is not through.
    """
    chosen = {source.name: source for source in _chosen(settings, only)}
    names = list(chosen)
    if not force:
        names = await asyncio.to_thread(_due, engine, names, clock)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> FetchEvent:
        async with gate:
            try:
                return await _collect_one(engine, settings, clock, source)
            except Exception as error:
                # One source's trouble, whatever it is, must not end the visits of the others.
                _logger.exception("visit broke", extra={"source": source.name})
                return _broken(source, error, clock)
            finally:
                _release(engine, source.name, gate)

    mine = [name for name in names if _in_hand.setdefault((id(engine), name), gate) is gate]
    try:
        return await _all(one, [chosen[name] for name in mine])
    finally:
        for name in mine:
            _release(engine, name, gate)


def _release(engine: Engine, name: str, holder: asyncio.Semaphore) -> None:
    if _in_hand.get((id(engine), name)) is holder:
        del _in_hand[id(engine), name]


async def preview(
    settings: Settings, clock: Clock, *, only: Collection[str] | None = None
) -> list[tuple[FetchEvent, list[Mention]]]:
    """Visit sources as if for the first time and return what each gives; nothing is stored."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> tuple[FetchEvent, list[Mention]]:
        harvest = Harvest()
        async with gate:
            visit = await _visit(settings, clock, source, SourceState(source=source.name), harvest.deliver)
        event, _ = outcome(source, visit, harvest, clock)
        return event, harvest.batch

    return await _all(one, _chosen(settings, only))


async def _all(one: Callable[[Source], Awaitable[T]], sources: Sequence[Source]) -> list[T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_as_coroutine(one(source))) for source in sources]
    return [task.result() for task in tasks]


async def _as_coroutine(pending: Awaitable[T]) -> T:
    return await pending


def _broken(source: Source, error: Exception, clock: Clock) -> FetchEvent:
    state = SourceState(source=source.name)
    visit = Visit(state=state, failure=f"Marsad itself stumbled ({type(error).__name__})")
    event, _ = outcome(source, visit, Harvest(), clock)
    return event


def _chosen(settings: Settings, only: Collection[str] | None) -> list[Source]:
    if only is None:
        return [source for source in settings.sources if source.enabled]
    return [source for source in settings.sources if source.name in only]


def _due(engine: Engine, names: Sequence[str], clock: Clock) -> list[str]:
    with reading(engine) as connection:
        return ledger.due(connection, names, clock())


async def _collect_one(engine: Engine, settings: Settings, clock: Clock, source: Source) -> FetchEvent:
    harvest = Harvest()
    trouble: list[str] = []

    async def deliver(mention: Mention) -> None:
        harvest.add(mention)
        if len(harvest.batch) >= BATCH and not trouble:
            ready, harvest.batch = harvest.batch, []
            try:
                await asyncio.to_thread(_store, engine, harvest, ready)
            except Exception as error:
                _logger.exception("database failed", extra={"source": source.name})
                trouble.append(_database_trouble(error))

    state = await asyncio.to_thread(_load, engine, source.name)
    visit = await _visit(settings, clock, source, state, deliver)
    if trouble:
        # What could not be stored must be met again: the visit counts as failed and the cursor stays.
        visit = replace(visit, failure=trouble[0])
        harvest.batch = []
    if visit.failure is not None:
        visit = replace(visit, state=state)
    return await _finish(engine, clock, source, visit, state, harvest)


async def _finish(
    engine: Engine, clock: Clock, source: Source, visit: Visit, state: SourceState, harvest: Harvest
) -> FetchEvent:
    try:
        event = await asyncio.to_thread(_conclude, engine, clock, source, visit, harvest)
    except (SQLAlchemyError, StorageError) as error:
        _logger.exception("database failed", extra={"source": source.name})
        failed = replace(visit, failure=_database_trouble(error), state=state)
        event = await asyncio.to_thread(_note, engine, clock, source, failed)
    if event.status is FetchStatus.FAILED:
        _logger.warning("source failed: %s", event.error, extra={"source": source.name})
    return event


def _load(engine: Engine, name: str) -> SourceState:
    with reading(engine) as connection:
        return ledger.load_state(connection, name)


def _store(engine: Engine, harvest: Harvest, batch: Sequence[Mention]) -> None:
    with engine.begin() as connection:
        result = shelf.store(connection, batch)
    harvest.new += result.new
    harvest.revised += result.revised


def _conclude(engine: Engine, clock: Clock, source: Source, visit: Visit, harvest: Harvest) -> FetchEvent:
    """Store the last batch, the state and the event, in one transaction."""
    with engine.begin() as connection:
        for start in range(0, len(harvest.batch), BATCH):
            result = shelf.store(connection, harvest.batch[start : start + BATCH])
            harvest.new += result.new
            harvest.revised += result.revised
        event, state = outcome(source, visit, harvest, clock)
        ledger.record(connection, event, state)
    return event


def _note(engine: Engine, clock: Clock, source: Source, failed: Visit) -> FetchEvent:
    """Keep at least that the visit failed and when the next one is due, if the database takes so much."""
    event, state = outcome(source, failed, Harvest(), clock)
    with suppress(SQLAlchemyError, StorageError), engine.begin() as connection:
        ledger.record(connection, event, state)
    return event


async def _visit(
    settings: Settings, clock: Clock, source: Source, state: SourceState, deliver: Deliver
) -> Visit:
    """Crawl one source and return what is known of it afterwards. Never raises for the source's sake."""
    # Without a runner, which would copy all settings twice more for each visit.
    crawler = Crawler(kinds()[source.kind], scrapy_settings(settings, source.options))
    crawl = asyncio.ensure_future(
        crawler.crawl_async(source=source, state=state, clock=clock, deliver=deliver)
    )
    try:
        done, _ = await asyncio.wait({crawl}, timeout=VISIT_DEADLINE.total_seconds())
    except asyncio.CancelledError:
        await _stop(crawler, crawl, patience=5.0)
        raise
    if not done:
        _spider(crawler).fail(f"the visit took longer than {VISIT_DEADLINE.total_seconds() / 60:g} minutes")
        await _stop(crawler, crawl, patience=_STOP_PATIENCE_SECONDS)
    elif (error := crawl.exception()) is not None:
        _logger.error("crawl broke", exc_info=error, extra={"source": source.name})
        return Visit(state=state, failure=f"Marsad itself stumbled ({type(error).__name__})")
    visit = _spider(crawler).visit
    if visit.failure is None and visit.http_status is None:
        visit = replace(visit, failure="no answer was received")
    return visit


def _spider(crawler: Any) -> SourceSpider:
    spider: SourceSpider = crawler.spider
    return spider


async def _stop(crawler: Any, crawl: asyncio.Future[None], patience: float) -> None:
    with suppress(RuntimeError, TimeoutError):
        async with asyncio.timeout(patience):
            await crawler.stop_async()
            await asyncio.wait({crawl})
    if not crawl.done():
        crawl.cancel()


def _database_trouble(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    words = next(iter(str(cause).splitlines()), type(error).__name__)
    return f"what it sent could not be stored: {words[:200]}"
