"""The two tables of `benchmarks.spikes`: what counts as found, as false, and as one alarm."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks import spikes
from benchmarks.spikes_rivals import RIVALS, Alarms, hour_against_day_and_week, three_sigma
from benchmarks.spikes_streams import DAYS, QUIET_DAYS, Spike, Stream, stream

FIRST = QUIET_DAYS * 24 + 240
ONE = Stream(1.0, np.full(DAYS * 24, 4.0), (Spike(FIRST, FIRST + 10, 5.0),))
SCORER = """
from pathlib import Path

def main(folder, labels):
    rows = (Path(folder) / "made_up.csv").read_text().splitlines()[1:]
    return {"rows": float(len(rows)), "spoken": float(sum(float(r.split(",")[1]) >= 0.5 for r in rows))}
"""


@pytest.mark.parametrize(
    ("alarms", "delays", "false"),
    [
        ([], (), 0),
        ([FIRST, FIRST + 3], (0,), 0),
        ([FIRST + 12], (12,), 0),
        ([FIRST - 1], (), 1),
        ([FIRST + 60, FIRST + 70, FIRST + 93], (), 1),
        ([FIRST + 60, FIRST + 85], (), 2),
        ([5, FIRST + 2], (2,), 0),
    ],
)
def test_an_alarm_is_counted_once_and_where_it_belongs(
    alarms: list[int], delays: tuple[int, ...], false: int
) -> None:
    got = spikes.outcome([ONE], lambda _: iter(alarms))
    assert got.spikes == 1
    assert got.delays == delays
    hours = (DAYS - QUIET_DAYS) * 24 - 16
    assert got.false_a_month == pytest.approx(false * 30 * 24 / hours)


@pytest.mark.parametrize("alarms", RIVALS.values())
def test_every_contestant_sees_a_large_spike_and_not_a_flat_line(alarms: Alarms) -> None:
    counts = np.random.default_rng(3).poisson(4.0, DAYS * 24).astype(float)
    counts[FIRST : FIRST + 10] = 60.0
    assert any(FIRST <= hour < FIRST + 10 for hour in alarms(Stream(4.0, counts, ())))


@pytest.mark.parametrize("alarms", [three_sigma, hour_against_day_and_week])
def test_the_rules_of_other_tools_do_not_speak_of_the_usual(alarms: Alarms) -> None:
    assert list(alarms(ONE)) == []


def test_streams_are_the_same_each_time_and_hold_gaps_and_spikes() -> None:
    first, again = stream(3.0, 1), stream(3.0, 1)
    assert np.array_equal(first.counts, again.counts, equal_nan=True)
    assert np.isnan(first.counts).any()
    assert first.spikes
    assert all(2 <= one.end - one.first <= 48 and 2 <= one.times <= 10 for one in first.spikes)
    assert len(list(first.rows())) == np.isfinite(first.counts).sum()


def test_labelled_series_go_through_the_scorer_that_lies_beside_them(tmp_path: Path) -> None:
    start = datetime(2026, 1, 5)  # noqa: DTZ001
    values = [20] * 400 + [300] * 3
    rows = [f"{start + place * timedelta(hours=1)},{value}" for place, value in enumerate(values)]
    (tmp_path / "made_up.csv").write_text("\n".join(["timestamp,value", *rows]), encoding="utf-8")
    (tmp_path / "windows.json").write_text(json.dumps({"made_up.csv": []}), encoding="utf-8")
    (tmp_path / "score.py").write_text(SCORER, encoding="utf-8")
    title, heading, ours, *published = spikes.labelled(tmp_path)
    assert "1 series, 403 rows" in title
    assert heading.split()[:2] == ["rows", "spoken"]
    assert ours.split()[:2] == ["Marsad", "403.0"]
    assert float(ours.split()[2]) == 1.0
    assert len(published) == len(spikes.PUBLISHED)


def test_the_command_is_measured_beside_a_bare_reader() -> None:
    lines = list(spikes.speeds(2000))
    assert [line.split("  ")[1].strip() for line in lines[1:]] == ["bare reader", "marsad spikes"]
