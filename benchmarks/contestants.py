"""What is measured: each contestant runs loads, and returns seconds by the name of what they went to.

Whatever is done once in the life of a process (imports, models, worker processes, an empty database) is
done before the clock starts, on both sides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeVar

import feedparser
import yaml
from sqlalchemy import Connection, Engine

import scheduler
import wiring
from alerts import evaluate
from alerts.channels.base import open_channels
from benchmarks.feeds import END, Load, served
from config import loader
from config.settings import Settings
from crawlers import parsing, reactor
from crawlers.feeds import read_feed
from demo.config import configuration
from nlp.entities import english_model
from nlp.pipeline import Pipeline, PipelineConfig, TextItem
from nlp.workers import AnalysisPool
from storage import analyses, mentions
from storage.engine import open_engine, prepare
from storage.records import Author, FetchEvent, Mention, MentionKind

Seconds = dict[str, float]
Run = Callable[[Load], Seconds]
Contestant = Callable[[], AbstractContextManager[Run]]
T = TypeVar("T")
# How often it is looked whether anything waits to be understood.
_LOOK_SECONDS = 0.05


class Stopwatch:
    """Adds up seconds by name."""

    def __init__(self) -> None:
        self.seconds: Seconds = {}

    def time(self, name: str, run: Callable[[], T]) -> T:
        """Run it and count the time."""
        began = perf_counter()
        result = run()
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began
        return result

    async def wait(self, name: str, pending: Awaitable[T]) -> T:
        """Wait for it and count the time."""
        began = perf_counter()
        result = await pending
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began
        return result


@contextmanager
def bare_loop() -> Iterator[Run]:
    """Parse the feeds with feedparser, then run VADER and spaCy's default pipeline; nothing is stored."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader, nlp = SentimentIntensityAnalyzer(), import_module(str(english_model())).load()

    def run(given: Load) -> Seconds:
        watch = Stopwatch()
        watch.time("feedparser", lambda: [feedparser.parse(BytesIO(feed)) for feed in given.feeds])
        watch.time("VADER", lambda: [vader.polarity_scores(text) for text in given.texts])
        watch.time("nlp.pipe", lambda: [document.ents for document in nlp.pipe(given.texts)])
        return watch.seconds

    yield run


@contextmanager
def stages() -> Iterator[Run]:
    """Do what the daemon's stages do, one after the other in this process, each timed by itself."""
    pipelines: list[Pipeline] = []

    def run(given: Load) -> Seconds:
        with _new_database([], workers=1) as (settings, engine):
            pipelines[:] = pipelines or [Pipeline(PipelineConfig.from_settings(settings))]
            return _stages(given, settings, engine, pipelines[0])

    yield run


def _stages(given: Load, settings: Settings, engine: Engine, pipeline: Pipeline) -> Seconds:
    watch = Stopwatch()
    read = watch.time(
        "read feeds", lambda: [read_feed(f, "http://a.example/", None, END) for f in given.feeds]
    )
    for number, feed in enumerate(read):
        found = [
            Mention(
                source=f"feed-{number}",
                kind=MentionKind.ARTICLE,
                external_id=entry.external_id,
                text=entry.text,
                title=entry.title,
                author=Author("lawzy.example", entry.author, name=entry.author) if entry.author else None,
                published_at=entry.published_at,
                collected_at=END,
            )
            for entry in feed.entries
        ]
        watch.time("store", partial(_committed, engine, partial(mentions.store, batch=found)))
    claim = partial(mentions.claim_unanalyzed, limit=64, holder="one", now=END, lease=timedelta(minutes=10))
    while batch := watch.time("claim", partial(_committed, engine, claim)):
        items = [TextItem.of(str(stored.id), stored.mention, None) for stored in batch]
        understood = watch.time("understand", partial(pipeline.analyze, items))
        pairs = list(zip(batch, understood, strict=True))
        watch.time("save", partial(_committed, engine, partial(analyses.save, results=pairs, now=END)))
    watch.time("decide", lambda: evaluate.evaluate(engine, settings, END))
    return watch.seconds


def _committed(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as conn:
        return work(conn)


@contextmanager
def marsad(workers: int) -> Iterator[Run]:
    """Run the daemon's own cycle with so many workers, over HTTP, into a new database for each load."""
    reactor.install_reactor()
    pools: list[AnalysisPool] = []

    def run(given: Load) -> Seconds:
        with served(given.feeds) as addresses, _new_database(addresses, workers) as (settings, engine):
            pools[:] = pools or [AnalysisPool(PipelineConfig.from_settings(settings), workers)]
            channels = open_channels(settings, lambda: END)
            daemon = scheduler.Daemon(settings, engine, lambda: END, pools[0], channels)
            return reactor.run(lambda: _cycle(daemon, len(given.items)))

    try:
        yield run
    finally:
        parsing.close()
        for pool in pools:
            pool.close()


@contextmanager
def _new_database(addresses: list[str], workers: int) -> Iterator[tuple[Settings, Engine]]:
    with TemporaryDirectory() as folder:
        settings = configured(Path(folder), addresses, workers)
        engine = open_engine(settings.database, Path(folder))
        prepare(engine)
        try:
            yield settings, engine
        finally:
            engine.dispose()


async def _cycle(daemon: scheduler.Daemon, expected: int) -> Seconds:
    watch = Stopwatch()
    visits, understood = await watch.wait("collect and understand", _both(daemon))
    await watch.wait("decide", daemon.decide())
    if (sum(visit.items_new for visit in visits), understood) != (expected, expected):
        raise RuntimeError(f"{understood} of {expected} mentions came through: {visits}")
    return watch.seconds


async def _both(daemon: scheduler.Daemon) -> tuple[list[FetchEvent], int]:
    """Understand what comes while more is collected, as the daemon does, though it looks less often."""
    understood = 0
    collecting = asyncio.create_task(daemon.collect(force=True))
    while not collecting.done():
        await asyncio.wait({collecting}, timeout=_LOOK_SECONDS)
        understood += await daemon.understand()
    return await collecting, understood


def configured(folder: Path, addresses: list[str], workers: int) -> Settings:
    """Return the demo's settings with these feeds for sources, and a database in `folder`."""
    document = configuration("http://127.0.0.1:1", "http://127.0.0.1:1", 1, "sqlite:///marsad.db")
    sources = [{"name": f"feed-{number}", "kind": "feed", "url": url} for number, url in enumerate(addresses)]
    path = folder / "marsad.yaml"
    path.write_text(yaml.safe_dump({**document, "sources": sources, "workers": workers}), encoding="utf-8")
    return loader.load(path, wiring.kinds(), environ={})


ALL: dict[str, tuple[Contestant, int]] = {
    "bare loop": (bare_loop, 1),
    "stages": (stages, 1),
    "one worker": (partial(marsad, workers=1), 1),
    "two workers": (partial(marsad, workers=2), 2),
    "one worker, free": (partial(marsad, workers=1), 2),
}
"""Who runs, and on how many processors with all its processes."""
