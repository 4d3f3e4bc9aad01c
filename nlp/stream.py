"""Texts in and analyses out as a stream of JSON Lines, many batches in hand and in the order they came."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import IO

from nlp.errors import BadLine
from nlp.jsonl import parse_line, to_json
from nlp.pipeline import PipelineConfig, TextItem
from nlp.workers import AnalysisPool
from storage.records import Analysis

_BATCH = 64
_MOST_WORKERS = 4


@dataclass(slots=True)
class LineCount:
    """How many lines were analysed, and how many could not be read."""

    good: int = 0
    bad: int = 0


async def analyze(
    lines: Iterable[bytes], out: IO[bytes], config: PipelineConfig, complain: Callable[[str], None]
) -> LineCount:
    """Write one line of JSON for each line that holds a text; `complain` is told of the others by number.

    A blank line is passed over. Raises ModelUnavailable where a model is missing.
    """
    count = LineCount()
    items = _items(lines, count, complain)
    workers = worker_count()
    async with (
        AnalysisPool(config, workers=workers) as pool,
        aclosing(in_order(pool, items, workers)) as found,
    ):
        async for batch, analyses in found:
            _write(out, batch, analyses)
            count.good += len(batch)
    return count


def worker_count() -> int:
    """Return how many workers a command may start: one a core, at most four."""
    return min(os.cpu_count() or 1, _MOST_WORKERS)


async def in_order(
    pool: AnalysisPool, items: Iterable[TextItem], workers: int
) -> AsyncGenerator[tuple[list[TextItem], list[Analysis]], None]:
    """Yield batches of `items` with their analyses, in order, with work for every worker in hand.

    Close it (`contextlib.aclosing`) before the pool where it may be left early.
    """
    coming = iter(items)
    in_hand: deque[tuple[list[TextItem], asyncio.Task[list[Analysis]]]] = deque()
    try:
        while (batch := list(islice(coming, _BATCH))) or in_hand:
            if batch:
                in_hand.append((batch, asyncio.create_task(pool.analyze(batch))))
            if not batch or len(in_hand) > workers:
                ready, task = in_hand.popleft()
                yield ready, await task
    finally:
        # Where the reader has gone: workers are not closed in the middle of a batch.
        await asyncio.gather(*(task for _, task in in_hand), return_exceptions=True)


def _items(lines: Iterable[bytes], count: LineCount, complain: Callable[[str], None]) -> Iterator[TextItem]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield parse_line(line)
        except BadLine as error:
            count.bad += 1
            complain(f"line {number}: {error}; skipped")


def _write(out: IO[bytes], items: list[TextItem], found: list[Analysis]) -> None:
    for item, analysis in zip(items, found, strict=True):
        document = json.dumps(to_json(item, analysis), ensure_ascii=False)
        # A lone surrogate from the input has no UTF-8 form; as an escape it survives.
        out.write(document.encode("utf-8", "backslashreplace") + b"\n")
    out.flush()
