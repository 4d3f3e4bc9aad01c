"""A thousand feeds, a tenth of them slow, failing or hostile: are the healthy ones on time, at what cost?

    python -m benchmarks.fleet [--interval 30] [--cycles 10]

Marsad's collection into SQLite, every feed at its interval, then a bare asyncio loop that fetches every
feed and gives it to feedparser, over the same feeds for as many cycles. Then what one feed costs that has
not changed, database included. CPU seconds are those of the process and the children that parse.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import feedparser

from benchmarks.fleet_site import address, illness
from benchmarks.payloads.run import settings_with
from crawlers import parsing
from crawlers.collect import collect
from crawlers.reactor import run
from storage.engine import migrate, open_engine
from wiring import now

FEEDS = 1000
HEALTHY = [number for number in range(FEEDS) if illness(number) is None]
_TICK = os.sysconf("SC_CLK_TCK")
_BARE_TIMEOUT = 10.0
_BARE_AT_ONCE = 50


@contextmanager
def site() -> Iterator[int]:
    """Run the site in a process of its own and yield its port."""
    command = [sys.executable, "-m", "benchmarks.fleet_site"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def control(port: int, what: str) -> dict[str, Any]:
    """Tell the site something, and return what it has counted."""
    with urlopen(f"http://127.0.0.1:{port}/control/{what}", timeout=30) as answer:
        counted: dict[str, Any] = json.load(answer)
    return counted


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its living children, but the site's."""
    me = os.getpid()
    total = 0.0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            ours = int(entry.name) == me or int(fields[1]) == me
            if ours and b"fleet_site" not in (entry / "cmdline").read_bytes():
                total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


async def keep_collecting(engine: Any, settings: Any, port: int, interval: float, cycles: int) -> None:
    """Collect what is due, as the daemon's clock does, until every feed had its cycles."""
    rounds: set[asyncio.Task[Any]] = set()
    end = time.monotonic() + interval * cycles
    news = time.monotonic() + interval
    while time.monotonic() < end:
        rounds.add(task := asyncio.create_task(collect(engine, settings, now)))
        task.add_done_callback(rounds.discard)
        await asyncio.sleep(interval / 40)
        if time.monotonic() > news:
            news += interval
            await asyncio.to_thread(control, port, "news")
    for task in rounds:
        task.cancel()
    await asyncio.gather(*rounds, return_exceptions=True)


async def bare(port: int, cycles: int) -> None:
    """Fetch and parse every feed, so many times, and nothing else."""
    gate = asyncio.Semaphore(_BARE_AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(_BARE_TIMEOUT):
                    body = await _fetched(port, number)
                    feedparser.parse(body)

    for _ in range(cycles):
        await asyncio.gather(*(one(number) for number in range(FEEDS)))


async def _fetched(port: int, number: int) -> bytes:
    reader, writer = await asyncio.open_connection(address(number), port)
    try:
        writer.write(f"GET /feed HTTP/1.1\r\nHost: {address(number)}:{port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
        return await reader.readexactly(length)
    finally:
        writer.close()


def lateness(asked: dict[str, list[float]], interval: float) -> list[float]:
    """Return, for each healthy feed, its longest wait beyond the interval, as a share of it."""
    found = []
    for number in HEALTHY:
        times = asked.get(str(number), [])
        gaps = [after - before for before, after in pairwise(times)]
        found.append(max(gaps, default=float("inf")) / interval - 1)
    return sorted(found)


def sources(port: int, every: str) -> list[dict[str, Any]]:
    """Return all feeds as they stand in a configuration."""
    return [
        {"name": f"feed {n}", "kind": "feed", "url": f"http://{address(n)}:{port}/feed", "every": every}
        for n in range(FEEDS)
    ]


def measure(interval: int, cycles: int) -> None:
    """Run all three measurements and print them."""
    with tempfile.TemporaryDirectory() as folder, site() as port:
        engine = open_engine("sqlite:///fleet.db", Path(folder))
        migrate(engine)
        settings = settings_with(*sources(port, f"{interval}s"))
        before = cpu_seconds()
        run(lambda: keep_collecting(engine, settings, port, interval, cycles))
        ours_cpu, ours = cpu_seconds() - before, control(port, "")
        late = lateness(ours["asked"], interval)
        control(port, "reset")
        before = cpu_seconds()
        asyncio.run(bare(port, cycles))
        bare_cpu, theirs = cpu_seconds() - before, control(port, "")
        print(f"{FEEDS} feeds, {FEEDS - len(HEALTHY)} of them ill, {cycles} cycles of {interval} s")
        print(f"  {'':<34}{'requests':>10}{'MB':>8}{'CPU s':>8}")
        for name, counted, cpu in (
            ("marsad", ours, ours_cpu),
            ("bare asyncio + feedparser", theirs, bare_cpu),
        ):
            totals = counted["totals"]
            megabytes = totals["bytes"] / 1e6
            print(f"  {name:<34}{totals['requests']:>10,}{megabytes:>8.1f}{cpu:>8.1f}")
        print(
            f"  healthy feeds late, in shares of the interval: median {late[len(late) // 2]:.3f}, "
            f"worst {late[-1]:.3f}"
        )
        _unchanged(engine, port)
        engine.dispose()
    parsing.close()


def _unchanged(engine: Any, port: int) -> None:
    healthy = [entry for n, entry in enumerate(sources(port, "30s")) if illness(n) is None]
    settings = settings_with(*healthy)
    for _ in range(2):
        run(lambda: collect(engine, settings, now, force=True))
    rounds = 5
    before = cpu_seconds()
    for _ in range(rounds):
        run(lambda: collect(engine, settings, now, force=True))
    each = (cpu_seconds() - before) / rounds / len(healthy) * 1000
    print(f"  a feed that has not changed: {each:.2f} ms of CPU a visit, database included")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--interval", type=int, default=30)
    arguments.add_argument("--cycles", type=int, default=10)
    given = arguments.parse_args()
    measure(given.interval, given.cycles)
