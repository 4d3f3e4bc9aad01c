"""The whole analysis of texts of twenty words: speed in both profiles and in workers, what a worker costs."""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from statistics import median

from benchmarks.tables import Row, Table, each, progress, timed
from nlp.entities import english_model
from nlp.patterns import BrandRule
from nlp.pipeline import Pipeline, PipelineConfig, Profile, TextItem
from nlp.workers import AnalysisPool
from storage.records import BrandRole

WORDS = 20
BARE = "VADER, nlp.pipe"
_SETS = {
    "Arabic": ("arsarcasm_v2", "saudi_tourism", "absa16_ar_hotels"),
    "English": ("vader_amazon", "vader_tweets", "vader_movie"),
}
_TEXTS, _SLOWER = 3_000, 5
"""Texts that the fast profile is given, and how many times fewer the others are: words met are remembered."""
_BATCH, _SMALL_BATCH = 64, 16
"""Texts handed over at once; few where two workers are to be busy to the end."""
_ROUNDS = 5
_LANGUAGES = ("ar", "en", "fr")
Run = Callable[[Sequence[str]], object]


def read_texts(folder: Path, language: str, most: int) -> list[str]:
    """Return texts of exactly `WORDS` words: the beginnings of longer ones, from each set by turns.

    Raises FileNotFoundError where a set is missing.
    """
    found: list[list[str]] = []
    for name in _SETS[language]:
        with (folder / "sentiment" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            words = (row["text"].split() for row in rows)
            found.append([" ".join(some[:WORDS]) for some in words if len(some) >= WORDS])
    return [text for turn in zip_longest(*found) for text in turn if text is not None][:most]


def rules() -> tuple[BrandRule, ...]:
    """Return a few brands, so that matching has something to look for."""
    return (
        BrandRule("Zain", BrandRole.OWN, ("زين", "Zain")),
        BrandRule("STC", BrandRole.COMPETITOR, ("STC", "اس تي سي")),
        BrandRule("Noon", BrandRole.COMPETITOR, ("نون", "Noon")),
    )


def config(profile: Profile) -> PipelineConfig:
    """Return what every pipeline here is built from."""
    return PipelineConfig(rules(), _LANGUAGES, profile)


def whole(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield the speed on one core, in one and two worker processes, and the cost of a worker."""
    many = _TEXTS if most is None else most
    loads = {name: read_texts(folder, name, many) for name in _SETS}
    loads["half of each"] = [text for pair in zip(*loads.values(), strict=False) for text in pair][:many]
    few = loads["half of each"][: many // _SLOWER]
    rows = []
    for name, texts in loads.items():
        for by, run in {BARE: _bare(), **{str(profile): _pipeline(profile) for profile in Profile}}.items():
            progress(f"whole analysis: {name}, {by}")
            some = texts if by == Profile.FAST else texts[: many // _SLOWER]
            rows.append(Row(name, by, len(some), (), timed(some, run)[1]))
    yield Table(f"Whole analysis of {WORDS} words, one core, by processor time", (), rows, BARE)
    yield _workers(few, _ROUNDS if most is None else 1)
    yield Table(
        "A worker in a process of its own",
        ("imports, s", "models, s"),
        [*_costs(few)],
        unit="MB",
    )


def _bare() -> Run:
    """Return what is at hand without Marsad: a score and names by English models, whatever the language."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer, pipe = SentimentIntensityAnalyzer(), import_module(str(english_model())).load().pipe
    return lambda texts: [*each(analyzer.polarity_scores)(texts), *pipe(texts)]


def _pipeline(profile: Profile) -> Run:
    pipeline = Pipeline(config(profile))
    return lambda texts: [
        pipeline.analyze([TextItem("", text) for text in texts[at : at + _BATCH]])
        for at in range(0, len(texts), _BATCH)
    ]


def _workers(texts: Sequence[str], rounds: int) -> Table:
    """Return texts a second by the clock through one worker and two, the median of rounds in turns."""
    return asyncio.run(_race(texts, rounds))


async def _race(texts: Sequence[str], rounds: int) -> Table:
    rates: dict[int, list[float]] = {1: [], 2: []}
    batches = [
        [TextItem("", text) for text in texts[at : at + _SMALL_BATCH]]
        for at in range(0, len(texts), _SMALL_BATCH)
    ]
    async with AnalysisPool(config(Profile.FULL), 1) as one, AnalysisPool(config(Profile.FULL), 2) as two:
        pools = {1: one, 2: two}
        for pool in pools.values():
            await asyncio.gather(*(pool.analyze(batch) for batch in batches[:4]))
        for number in range(rounds):
            for workers in sorted(pools, reverse=number % 2 == 1):
                progress(f"whole analysis: {workers} in processes, round {number + 1}")
                began = time.perf_counter()
                await asyncio.gather(*(pools[workers].analyze(batch) for batch in batches))
                rates[workers].append(len(texts) / (time.perf_counter() - began))
    rows = [
        Row("half of each", _worker_name(workers), len(texts), (), median(found))
        for workers, found in rates.items()
    ]
    title = f"Whole analysis of {WORDS} words, full, in worker processes, by the clock"
    return Table(title, (), rows, _worker_name(1))


def _worker_name(workers: int) -> str:
    return "one worker" if workers == 1 else "two workers"


def _costs(texts: Sequence[str]) -> Iterator[Row]:
    """Yield what a worker of each profile costs, measured in a process that does nothing else."""
    for profile in Profile:
        progress(f"a worker: {profile}")
        command = [sys.executable, "-m", "benchmarks.worker_cost", str(profile)]
        answer = subprocess.run(command, input="\n".join(texts), capture_output=True, text=True, check=True)
        imports, models, megabytes = map(float, answer.stdout.split())
        yield Row("", str(profile), len(texts), (imports, models), megabytes)
