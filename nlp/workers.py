"""The pipeline in worker processes that can be killed, so that no text can stop the daemon.

Importing this module loads no model: those are loaded in the workers, once each.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TaskTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from types import TracebackType
from typing import TYPE_CHECKING

from pebble import ProcessPool

from nlp.errors import NlpError
from nlp.pipeline import CLIP, PipelineConfig, TextItem
from nlp.sentiment.opinion import Abstention
from storage.records import Analysis

if TYPE_CHECKING:
    from nlp.pipeline import Pipeline

_LOG = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_MEMORY_LIMIT = 3 << 30
"""Address space of a worker in bytes: models map far more than they use, a runaway far more than that."""
_LARGE_MEMORY_LIMIT = 12 << 30
"""The same where the configuration names a model of its own: torch and weights of any size are mapped."""
_START_TIME = 60.0
"""Seconds in which a worker that is started must have loaded its models."""
_STARTS = 3
"""How often workers are started for one batch before it is given up."""
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_UNREAD_VERSION = "none"

_pipeline: Pipeline | None = None
_failure: NlpError | None = None


class AnalysisPool:
    """Worker processes that analyse texts; an async context manager, or `close` it when done.

    Workers start with the first batch and end with this process, however it ends. A batch that takes
    longer than `timeout` seconds, or whose worker dies, is done again one text at a time; the text at
    fault gets an Analysis with no label and the reason, the others get theirs.
    """

    def __init__(self, config: PipelineConfig, workers: int = 1, timeout: float = 30.0) -> None:
        self._config = config
        self._workers = workers
        self._timeout = timeout
        self._free = asyncio.Semaphore(workers)
        self._pool: ProcessPool | None = None
        self._closed = False

    async def __aenter__(self) -> AnalysisPool:
        """Return the pool itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        await asyncio.to_thread(self.close)

    async def analyze(self, batch: Sequence[TextItem]) -> list[Analysis]:
        """Return one analysis for each text of `batch`, in order.

        Cancelling it stops the worker at work on the batch. Raises NlpError where the models cannot be
        loaded, where workers cannot be started, or where the pool is closed.
        """
        if not batch:
            return []
        whole = await self._attempt([_clipped(item) for item in batch])
        if isinstance(whole, list):
            return whole
        if len(batch) == 1:
            return [_unread(whole)]
        return [analysis for item in batch for analysis in await self.analyze([item])]

    def close(self) -> None:
        """Stop the workers at once, whatever they are doing."""
        self._closed = True
        self._discard(self._pool)

    async def _attempt(self, batch: list[TextItem]) -> list[Analysis] | Abstention:
        """Return the analyses, or why there are none; a pool that broke while idle is made anew."""
        async with self._free:
            for _ in range(_STARTS):
                pool = self._open_pool()
                try:
                    return await self._run(pool, batch)
                except (BrokenProcessPool, CancelledError) as error:
                    await asyncio.to_thread(self._discard, pool)
                    if self._closed:
                        raise NlpError("the workers were closed during a batch") from error
            _LOG.error("no worker could be kept alive for a batch of %d texts", len(batch))
            return Abstention.FAILED

    async def _run(self, pool: ProcessPool, batch: list[TextItem]) -> list[Analysis] | Abstention:
        try:
            future = pool.schedule(_analyze, args=(batch,), timeout=self._timeout)
        except RuntimeError as error:
            raise BrokenProcessPool("the workers died while idle") from error
        try:
            async with asyncio.timeout(self._timeout + _START_TIME) as deadline:
                analyses: list[Analysis] = await asyncio.wrap_future(future)
        except TaskTimeout as error:
            if deadline.expired():
                raise BrokenProcessPool("no worker took the batch") from error
            return Abstention.TIMED_OUT
        except (NlpError, BrokenProcessPool, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever one text does to a worker, the rest goes on
            _LOG.warning("a worker failed on a batch of %d texts: %r", len(batch), error)
            return Abstention.FAILED
        return analyses

    def _open_pool(self) -> ProcessPool:
        if self._closed:
            raise NlpError("the workers are closed")
        if self._pool is None:
            for name in _THREAD_LIMITS:  # read when numpy is imported, before a worker runs any line of ours
                os.environ.setdefault(name, "1")
            self._pool = ProcessPool(
                max_workers=self._workers,
                initializer=_start_worker,
                initargs=(self._config, os.getpid()),
                context=get_context("spawn"),
            )
        return self._pool

    def _discard(self, pool: ProcessPool | None) -> None:
        """Stop a pool for good; the next batch opens another unless all is closed."""
        if pool is None:
            return
        if self._pool is pool:
            self._pool = None
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


def _clipped(item: TextItem) -> TextItem:
    """Return the item with no more text than is read, and one code point more to show that it was cut."""
    if len(item.text) <= CLIP + 1 and len(item.title or "") <= CLIP + 1:
        return item
    return replace(item, text=item.text[: CLIP + 1], title=item.title[: CLIP + 1] if item.title else None)


def _unread(reason: Abstention) -> Analysis:
    return Analysis(language="und", model_version=_UNREAD_VERSION, reason=str(reason))


def _start_worker(config: PipelineConfig, parent: int) -> None:
    """Bind this worker's life to its parent's, bound its memory, and load the models."""
    global _failure, _pipeline
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    with suppress(ValueError, OSError):
        limit = _LARGE_MEMORY_LIMIT if config.sentiment_model else _MEMORY_LIMIT
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    from nlp.pipeline import Pipeline

    try:
        pipeline = Pipeline(config)
        pipeline.warm_up()
    except NlpError as error:
        _failure = error
    else:
        _pipeline = pipeline


def _analyze(batch: list[TextItem]) -> list[Analysis]:
    if _failure is not None:
        raise _failure
    assert _pipeline is not None
    return _pipeline.analyze(batch)
