"""How good spike detection is: on real volumes with labelled anomalies, and on simulated small brands.

    python -m benchmarks.spikes [FOLDER] [--streams N]

FOLDER holds labelled series, `windows.json` and `score.py`, which scores by the rules of the Numenta Anomaly
Benchmark; without it the table on them is left out. Speed is of this process's processor time.
"""

from __future__ import annotations

import argparse
import csv
import json
import runpy
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerts.spike_stream import Detector
from benchmarks.spikes_rivals import RIVALS, Alarms
from benchmarks.spikes_streams import DAYS, QUIET_DAYS, RATES, Stream, stream
from commands.spikes import Complaints, judgements

PUBLISHED = {
    "ARTime": (84.1, 77.7, 89.4),
    "Random Cut Forest": (77.0, 65.0, 82.6),
    "earthgecko Skyline": (70.8, 51.8, 78.5),
    "contextOSE": (68.0, 67.7, 70.4),
    "windowed Gaussian": (61.9, 40.0, 70.4),
    "Twitter ADVec": (61.8, 40.2, 70.3),
    "Numenta HTM": (60.5, 56.2, 63.3),
}
"""What detectors reach on five of the series, from NAB's own result files, by the same scorer."""

EPISODE = 24
"""Alarms within so many hours of the last one are the same alarm, for all contestants."""

GRACE = 6
"""Hours after a spike in which an alarm still belongs to it."""

SPEED_ROWS = 100_000
_MONTH = 30 * 24


@dataclass(frozen=True, slots=True)
class Outcome:
    """Spikes put in, hours from the start of each found one to its alarm, and false alarms a month."""

    spikes: int
    delays: tuple[int, ...]
    false_a_month: float


def labelled(folder: Path) -> Iterator[str]:
    """Yield the lines of the table on labelled series."""
    names = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    rows, spent = 0, 0.0
    with tempfile.TemporaryDirectory() as out:
        for name in names:
            with (folder / name).open(newline="", encoding="utf-8") as file:
                series = [
                    (row["timestamp"], datetime.fromisoformat(row["timestamp"]), float(row["value"]))
                    for row in csv.DictReader(file)
                ]
            detector, began = Detector(), time.process_time()
            scores = [detector.judge(moment, value).score for _, moment, value in series]
            spent, rows = spent + time.process_time() - began, rows + len(series)
            with (Path(out) / name).open("w", newline="", encoding="utf-8") as file:
                written = csv.writer(file)
                written.writerow(("timestamp", "score"))
                written.writerows((s, score) for (s, _, _), score in zip(series, scores, strict=True))
        score = runpy.run_path(str(folder / "score.py"))["main"]
        reached = score(out, folder / "windows.json")
    yield f"Labelled mention volumes, {len(names)} series, {rows:,} rows"
    yield f"  {'':<24}" + "".join(f"{name:>18}" for name in reached) + f"{'rows/s':>12}"
    yield (
        f"  {'Marsad':<24}"
        + "".join(f"{value:>18.1f}" for value in reached.values())
        + (f"{rows / max(spent, 1e-9):>12,.0f}")
    )
    for name, values in PUBLISHED.items():
        yield f"  {name:<24}" + "".join(f"{value:>18.1f}" for value in values) + f"{'–':>12}"


def outcome(streams: Sequence[Stream], alarms: Alarms) -> Outcome:
    """Run a contestant over streams. Alarms in the first days, when all learn, are left out for all."""
    delays: list[int] = []
    false = calm = 0
    for one in streams:
        last = -EPISODE - 1
        found: dict[int, int] = {}
        for hour in alarms(one):
            if hour < QUIET_DAYS * 24:
                continue
            spike = next((s for s in one.spikes if s.first <= hour < s.end + GRACE), None)
            if spike is not None:
                found.setdefault(spike.first, hour - spike.first)
            elif hour - last > EPISODE:
                false += 1
            last = hour
        delays += found.values()
        calm += (DAYS - QUIET_DAYS) * 24 - sum(s.end - s.first + GRACE for s in one.spikes)
    return Outcome(sum(len(one.spikes) for one in streams), tuple(delays), false * _MONTH / calm)


def simulated(count: int) -> Iterator[str]:
    """Yield the lines of the table on simulated streams, `count` of each rate."""
    yield f"Simulated mentions by the hour, {count} streams of {DAYS} days at each rate"
    heading = ("mentions/h", "spikes", "found", "hours to it", "false/month")
    yield f"  {'':<30}" + "".join(f"{name:>13}" for name in heading)
    streams = {rate: [stream(rate, seed) for seed in range(count)] for rate in RATES}
    for name, alarms in RIVALS.items():
        for rate, of_rate in (*streams.items(), ("all", [one for each in streams.values() for one in each])):
            got = outcome(of_rate, alarms)
            median = statistics.median(got.delays) if got.delays else float("nan")
            share = len(got.delays) / max(1, got.spikes)
            numbers = f"{got.spikes:>13}{share:>13.0%}{median:>13.1f}{got.false_a_month:>13.2f}"
            yield f"  {name:<30}{rate:>13}{numbers}"


def speeds(rows: int) -> Iterator[str]:
    """Yield the lines on speed: the whole of `marsad spikes` but for printing, and reading the file alone."""
    start = datetime(2026, 1, 5)  # noqa: DTZ001
    moments = (start + place * timedelta(minutes=5) for place in range(rows))
    lines = [f"{moment},{40 + 7 * place % 30}\n" for place, moment in enumerate(moments)]
    text = ["timestamp,value\n", *lines]
    yield f"Speed, {rows:,} rows of five minutes, rows a second of processor time"
    for name, run in (("bare reader", _read), ("marsad spikes", _judge)):
        began = time.process_time()
        run(text)
        yield f"  {name:<24}{rows / max(time.process_time() - began, 1e-9):>18,.0f}"


def _read(text: Sequence[str]) -> None:
    for row in csv.DictReader(text):
        datetime.fromisoformat(row["timestamp"])
        float(row["value"])


def _judge(text: Sequence[str]) -> None:
    for _ in judgements((line.encode() for line in text), Complaints("rows")):
        pass


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.spikes", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="labelled series, with their windows and scorer")
    parser.add_argument("--streams", type=int, default=10, help="simulated streams of each rate")
    asked = parser.parse_args()
    if asked.folder is not None:
        print("\n".join(labelled(asked.folder)), end="\n\n")
    print("\n".join(simulated(asked.streams)), end="\n\n")
    print("\n".join(speeds(SPEED_ROWS)))


if __name__ == "__main__":
    main()
