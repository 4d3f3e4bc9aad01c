"""The worker processes: the same answers as in one process, whatever happens to a worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nlp import workers
from nlp.errors import NlpError
from nlp.patterns import BrandRule
from nlp.pipeline import CLIP, Pipeline, PipelineConfig, Profile, TextItem
from nlp.workers import AnalysisPool
from storage.records import BrandRole

CONFIG = PipelineConfig(
    brands=(BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي")),), languages=("ar", "en"), profile=Profile.FAST
)
ITEMS = [
    TextItem("1", "خدمة أكمي سيئة جدا"),
    TextItem("2", "I love the new Acme phone, great service!"),
    TextItem("3", "x" * (CLIP * 3), title="t" * (CLIP * 2)),
]
PLAIN = (
    "والله خدمتهم زفت ومحد يرد عليك من أسبوع",
    "Acme opened a new branch in Riyadh and everyone there was kind. " * 8,
    "le livreur est arrivé avec deux heures de retard",
)
MOST_KILOBYTES = 900 * 1000


def children() -> set[int]:
    """Return the process ids of this process's children that run a worker."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            command = (stat.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and b"spawn_main" in command:
            found.add(int(stat.parent.name))
    return found


def test_a_worker_answers_as_the_pipeline_does() -> None:
    async def run() -> None:
        async with AnalysisPool(CONFIG) as pool:
            assert await pool.analyze(ITEMS) == Pipeline(CONFIG).analyze(ITEMS)
            assert await pool.analyze([]) == []

    asyncio.run(run())


def test_a_worker_killed_between_and_during_batches_is_replaced() -> None:
    async def run() -> None:
        async with AnalysisPool(CONFIG, timeout=20) as pool:
            expected = await pool.analyze(ITEMS[:2])
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.3)
            assert await pool.analyze(ITEMS[:2]) == expected
            busy = asyncio.create_task(pool.analyze(ITEMS[:2] * 1000))
            await asyncio.sleep(0.1)
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            analyses = await busy
            assert len(analyses) == 2000
            assert analyses[:2] == expected

    asyncio.run(run())


@pytest.mark.parametrize(
    ("poison", "reason"),
    [("sleep", "analysis_timed_out"), ("die", "analysis_failed"), ("eat", "analysis_failed")],
)
def test_a_poison_text_blocks_nothing(monkeypatch: pytest.MonkeyPatch, poison: str, reason: str) -> None:
    async def run() -> None:
        monkeypatch.setenv("MARSAD_TEST_POISON", poison)
        async with AnalysisPool(CONFIG, timeout=1.5) as pool:
            monkeypatch.setattr(workers, "_analyze", _poisoned)
            first, bad, last = await pool.analyze([ITEMS[0], TextItem("bad", "POISON"), ITEMS[1]])
        assert (bad.sentiment_label, bad.reason) == (None, reason)
        assert [match.name for match in (*first.brands, *last.brands)] == ["Acme", "Acme"]

    asyncio.run(run())


def _poisoned(batch: list[TextItem]) -> object:
    """Analyse in the worker, doing harm where the text says so (runs in the worker process)."""
    if any(item.text == "POISON" for item in batch):
        harm = os.environ["MARSAD_TEST_POISON"]
        if harm == "sleep":
            time.sleep(60)
        elif harm == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        else:
            bytearray(8 << 30)
    assert workers._pipeline is not None
    return workers._pipeline.analyze(batch)


def test_cancelling_stops_the_work_and_closing_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setenv("MARSAD_TEST_POISON", "sleep")
        async with AnalysisPool(CONFIG, timeout=30) as pool:
            await pool.analyze(ITEMS[:1])
            monkeypatch.setattr(workers, "_analyze", _poisoned)
            task = asyncio.create_task(pool.analyze([TextItem("bad", "POISON")]))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await pool.analyze(ITEMS[:1]))[0].brands
            began = time.monotonic()
        assert time.monotonic() - began < 10
        assert not children()
        with pytest.raises(NlpError, match="closed"):
            await pool.analyze(ITEMS[:1])

    asyncio.run(run())


def test_models_that_cannot_be_loaded_are_an_error_with_a_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        bad = PipelineConfig(languages=("ar",), profile=Profile.FAST)
        monkeypatch.setenv("MARSAD_TEST_POISON", "sleep")
        monkeypatch.setattr(workers, "_start_worker", _start_without_models)
        async with AnalysisPool(bad) as pool:
            with pytest.raises(NlpError, match="sentiment-none"):
                await pool.analyze(ITEMS[:1])

    asyncio.run(run())


def _start_without_models(config: PipelineConfig, parent: int) -> None:
    """Start a worker whose Arabic model file is not there (runs in the worker process)."""
    from nlp.sentiment import arabic

    arabic.MODEL_PATH = Path("sentiment-none.npz")
    workers._start_worker(config, parent)


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, os, sys\n"
        "from nlp.pipeline import PipelineConfig, Profile, TextItem\n"
        "from nlp.workers import AnalysisPool\n"
        "async def main():\n"
        "    pool = AnalysisPool(PipelineConfig(languages=('en',), profile=Profile.FAST))\n"
        "    await pool.analyze([TextItem('1', 'hello')])\n"
        "    print(*[p.pid for p in __import__('multiprocessing').active_children()], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline().split()[0])
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_a_worker_computes_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        async with AnalysisPool(CONFIG) as pool:
            await pool.analyze(ITEMS[:1])
            (worker,) = children()
            started_with = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
        assert {b"OMP_NUM_THREADS=1", b"OPENBLAS_NUM_THREADS=1"} <= set(started_with)

    asyncio.run(run())


def test_a_full_worker_answers_as_the_pipeline_does_in_the_memory_that_is_promised() -> None:
    full = replace(CONFIG, profile=Profile.FULL)
    items = [*ITEMS, *(TextItem(str(number), f"{number} {text}") for number in range(20) for text in PLAIN)]

    async def run() -> None:
        async with AnalysisPool(full) as pool:
            assert await pool.analyze(items) == Pipeline(full).analyze(items)
            (worker,) = children()
            status = Path(f"/proc/{worker}/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        assert int(peak) <= MOST_KILOBYTES

    asyncio.run(run())


def test_the_parent_loads_no_model() -> None:
    heavy = "spacy sklearn py3langid vaderSentiment onnxruntime torch transformers"
    code = f"import sys, nlp.workers, nlp.jsonl; print([m for m in '{heavy}'.split() if m in sys.modules])"
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert shown.stdout.strip() == "[]"
