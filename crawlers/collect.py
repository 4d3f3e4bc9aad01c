"""From due sources, through their visits, to storage: which sources, how many at once, what is shared.

None waits for another: sources that failed lately have places of their own, so that those which hang
cannot hold up the healthy ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine

from config.settings import Settings, Source
from crawlers.base import Clock, Deliver, Visit
from crawlers.downloads import Downloads, open_downloads
from crawlers.hosts import Hosts
from crawlers.items import Checkpoint, Found
from crawlers.keeping import Keeper, QuietBook
from crawlers.outcome import Harvest, outcome
from crawlers.visiting import stumbled, visit
from storage import sources as ledger
from storage.engine import reading
from storage.records import FetchEvent, FetchStatus, Mention
from storage.sources import SourceState

# Visits at once: to sources that did well last time, that were never visited, and that failed last time.
AT_ONCE, NEW_AT_ONCE, DOUBTFUL_AT_ONCE = 64, 32, 16
Progress = Callable[[str, int, Checkpoint], None]
T = TypeVar("T")

_logger = logging.getLogger(__name__)
# Which source of which database is being visited now, and by which call.
_in_hand: dict[tuple[int, str], object] = {}


@dataclass(slots=True)
class _Round:
    """What the visits of one call share."""

    engine: Engine
    settings: Settings
    clock: Clock
    downloads: Downloads
    spent: dict[str, int]
    quiet: QuietBook
    progress: Progress | None
    healthy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    new: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(NEW_AT_ONCE))
    doubtful: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DOUBTFUL_AT_ONCE))

    def places(self, state: SourceState) -> asyncio.Semaphore:
        """Return where a source waits for its turn."""
        if state.failures:
            return self.doubtful
        return self.new if state.last_ok_at is None else self.healthy


async def collect(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    *,
    only: Collection[str] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> list[FetchEvent]:
    """Visit the sources that are due (all if `force`), store what they say, and return one event each.

    `only` names the sources to consider; otherwise all that are enabled. A source that fails is an event
    with status FAILED and the cause in words; nothing is raised for it and no other source waits for it.
    Calls may overlap: a source that another call is still visiting is left out, so that a clock may call
    this while a slow source is not through. `progress` is told, at each checkpoint, the source's name and
    how many items it has given.
    """
    chosen = {source.name: source for source in _chosen(settings, only)}
    names = list(chosen)
    if not force:
        names = await asyncio.to_thread(_due, engine, names, clock)
    holder = object()
    taken = [name for name in names if _in_hand.setdefault((id(engine), name), holder) is holder]
    try:
        if not taken:
            return []
        states, spent = await asyncio.to_thread(_load, engine, taken, clock)
        # Another call may have visited one since it was found to be due.
        mine = [name for name in taken if force or (states[name].next_due or clock()) <= clock()]
        async with _shared_downloads(engine, settings, clock) as downloads:
            shared = _Round(engine, settings, clock, downloads, spent, QuietBook(engine), progress)
            return await _all(lambda source: _one(shared, source, states[source.name], holder), chosen, mine)
    finally:
        for name in taken:
            _release(engine, name, holder)


async def preview(
    settings: Settings,
    clock: Clock,
    *,
    only: Collection[str] | None = None,
    newest_only: bool = False,
) -> list[tuple[FetchEvent, list[Mention]]]:
    """Visit sources as if for the first time and return what each gives; nothing is stored.

    `newest_only` looks at no more than the first page of every list.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> tuple[FetchEvent, list[Mention]]:
        harvest = Harvest()
        state = SourceState(source=source.name)
        async with places:
            seen = await visit(
                settings, clock, source, state, harvest.deliver, downloads, newest_only=newest_only
            )
        event, _ = outcome(source, seen, harvest, clock)
        return event, harvest.batch

    chosen = {source.name: source for source in _chosen(settings, only)}
    async with open_downloads(settings, Hosts(clock)) as downloads:
        return await _all(one, chosen, list(chosen))


async def _one(shared: _Round, source: Source, state: SourceState, holder: object) -> FetchEvent:
    recorded: Awaitable[None] | None = None
    try:
        async with shared.places(state):
            event, recorded = await _collect_one(shared, source, state)
        if shared.downloads.hosts.changed:
            # At once: a restart must not ask a host that wants to be left alone.
            shared.downloads.hosts.changed = False
            await asyncio.to_thread(_save_resting, shared.engine, shared.downloads.hosts, shared.clock)
        if recorded is not None:
            await recorded
        return event
    except Exception as error:
        # One source's trouble, whatever it is, must not end the visits of the others.
        _logger.exception("visit broke", extra={"source": source.name})
        return outcome(source, Visit(state=state, failure=stumbled(error)), Harvest(), shared.clock)[0]
    finally:
        # Not before it is recorded: another call would find it due.
        _release(shared.engine, source.name, holder)


async def _collect_one(
    shared: _Round, source: Source, state: SourceState
) -> tuple[FetchEvent, Awaitable[None] | None]:
    keeper = Keeper(shared.engine, source, state, shared.clock)
    seen = keeper.ended(
        await visit(
            shared.settings,
            shared.clock,
            source,
            state,
            _delivery(shared, source, keeper),
            shared.downloads,
            budget=_budget(source, shared.spent),
            engine=shared.engine,
        )
    )
    if seen.failure is None and keeper.is_quiet(seen):
        return shared.quiet.add(source, seen, shared.clock)
    event = await keeper.conclude(seen)
    if event.status is FetchStatus.FAILED:
        _logger.warning("source failed: %s", event.error, extra={"source": source.name})
    return event, None


def _delivery(shared: _Round, source: Source, keeper: Keeper) -> Deliver:
    async def deliver(found: Found) -> None:
        await keeper.deliver(found)
        if isinstance(found, Checkpoint) and shared.progress is not None:
            shared.progress(source.name, len(keeper.harvest.ids), found)

    return deliver


def _budget(source: Source, spent: dict[str, int]) -> int | None:
    allowed: int | None = source.options.requests_a_day
    return None if allowed is None else max(0, allowed - spent.get(source.name, 0))


async def _all(
    one: Callable[[Source], Awaitable[T]], chosen: dict[str, Source], names: Sequence[str]
) -> list[T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_as_coroutine(one(chosen[name]))) for name in names]
    return [task.result() for task in tasks]


async def _as_coroutine(pending: Awaitable[T]) -> T:
    return await pending


def _release(engine: Engine, name: str, holder: object) -> None:
    if _in_hand.get((id(engine), name)) is holder:
        del _in_hand[id(engine), name]


def _chosen(settings: Settings, only: Collection[str] | None) -> list[Source]:
    if only is None:
        return [source for source in settings.sources if source.enabled]
    return [source for source in settings.sources if source.name in only]


def _due(engine: Engine, names: Sequence[str], clock: Clock) -> list[str]:
    with reading(engine) as connection:
        return ledger.due(connection, names, clock())


def _load(
    engine: Engine, names: Sequence[str], clock: Clock
) -> tuple[dict[str, SourceState], dict[str, int]]:
    with reading(engine) as connection:
        return ledger.load_states(connection, names), ledger.requests_today(connection, clock())


@dataclass(slots=True)
class _Shared:
    users: int
    opened: asyncio.Future[Downloads]
    close: asyncio.Event
    closed: asyncio.Task[None]


_downloads: dict[int, _Shared] = {}


@asynccontextmanager
async def _shared_downloads(engine: Engine, settings: Settings, clock: Clock) -> AsyncIterator[Downloads]:
    """Open the downloader that all calls for this database share while any of them runs."""
    found = _downloads.get(id(engine))
    if found is None:
        opened: asyncio.Future[Downloads] = asyncio.get_running_loop().create_future()
        close = asyncio.Event()
        task = asyncio.create_task(_keep_open(engine, settings, clock, opened, close))
        found = _downloads[id(engine)] = _Shared(0, opened, close, task)
    found.users += 1
    try:
        yield await asyncio.shield(found.opened)
    finally:
        found.users -= 1
        if found.users == 0:
            del _downloads[id(engine)]
            found.close.set()
            await found.closed


async def _keep_open(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    opened: asyncio.Future[Downloads],
    close: asyncio.Event,
) -> None:
    try:
        hosts = Hosts(clock, await asyncio.to_thread(_resting, engine, clock))
        async with open_downloads(settings, hosts) as downloads:
            opened.set_result(downloads)
            await close.wait()
    except Exception as error:
        if not opened.done():
            opened.set_exception(error)
        else:
            _logger.exception("database failed")


def _resting(engine: Engine, clock: Clock) -> dict[str, datetime]:
    with reading(engine) as connection:
        return ledger.resting(connection, clock())


def _save_resting(engine: Engine, hosts: Hosts, clock: Clock) -> None:
    with engine.begin() as connection:
        ledger.save_resting(connection, hosts.resting, clock())
