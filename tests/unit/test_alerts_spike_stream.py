"""Spikes row by row: from the past alone, both ways, at any step, told once, kept as JSON."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.spike_stream import Detector, Judgement, deviation, window_rows

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
counts = st.lists(st.one_of(st.integers(0, 50), st.floats(0, 1e14)), max_size=120)


def judged(values: list[float], step: timedelta = HOUR, detector: Detector | None = None) -> list[Judgement]:
    detector = detector or Detector()
    return [detector.judge(START + place * step, value) for place, value in enumerate(values)]


def poisson(mean: float, rows: int, seed: int = 1) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).poisson(mean, rows)]


def spikes(found: list[Judgement]) -> list[int]:
    return [place for place, one in enumerate(found) if one.is_spike]


@given(st.floats(0, 1e14), st.floats(1e-6, 1e9), st.floats(0.01, 100))
def test_a_deviation_is_finite_and_has_the_sign_of_the_difference(
    observed: float, expected: float, width: float
) -> None:
    far = deviation(observed, expected, width)
    assert math.isfinite(far)
    assert far == 0 or (far > 0) == (observed >= expected)


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e4), st.floats(0.01, 10))
def test_a_deviation_grows_with_the_count(observed: float, expected: float, width: float) -> None:
    assert deviation(observed * 2, expected, width) > deviation(observed, expected, width) - 1e-6


@pytest.mark.parametrize("step", [timedelta(minutes=5), HOUR, timedelta(days=1)])
def test_a_tenfold_count_is_a_spike_at_any_step(step: timedelta) -> None:
    usual = poisson(20.0, max(60, round(timedelta(days=5) / step)))
    found = judged([*usual, *[200.0] * 40], step)
    assert spikes(found)[-1] >= len(usual)
    assert not [place for place in spikes(found) if place < len(usual)]


def test_a_silence_is_news_too() -> None:
    usual = poisson(40.0, 24 * 14)
    assert [place for place in spikes(judged([*usual, *[0.0] * 6])) if place >= len(usual)]


def test_an_episode_is_told_once_and_again_only_when_it_is_much_louder() -> None:
    usual = poisson(20.0, 24 * 14)
    told = [place for place in spikes(judged([*usual, *[150.0] * 10])) if place >= len(usual)]
    assert len(told) == 1


def test_a_peak_that_came_yesterday_is_less_of_a_news() -> None:
    usual = poisson(20.0, 24 * 14)
    first = judged([*usual, 90.0, 90.0])
    again = judged([*usual, *([90.0] * 6 + poisson(20.0, 34)) * 3, 90.0, 90.0])
    assert max(one.score for one in first[-2:]) > max(one.score for one in again[-2:])


def test_nothing_is_said_before_there_is_evidence() -> None:
    assert not spikes(judged([1.0] * 10 + [500.0] * 5))


def test_a_row_after_a_gap_is_not_judged() -> None:
    usual = poisson(20.0, 24 * 14)
    detector = Detector()
    judged(usual, detector=detector)
    back = detector.judge(START + (len(usual) + 48) * HOUR, 2000.0)
    assert back.score == 0.0
    assert detector.missing == 48


@given(counts, st.integers(0, 119))
@settings(max_examples=30, deadline=None)
def test_a_row_depends_on_the_rows_before_it_alone(values: list[float], cut: int) -> None:
    assert judged(values)[:cut] == judged(values[:cut])


@given(counts)
@settings(max_examples=50, deadline=None)
def test_every_answer_is_a_number_and_every_score_between_0_and_1(values: list[float]) -> None:
    for one in judged(values):
        assert math.isfinite(one.expected)
        assert one.expected > 0
        assert 0 <= one.score <= 1
        assert one.is_spike == (one.score >= 0.5)


@given(counts, st.integers(0, 119))
@settings(max_examples=30, deadline=None)
def test_a_state_kept_as_json_goes_on_where_it_stopped(values: list[float], cut: int) -> None:
    whole, detector = judged(values), Detector()
    judged(values[:cut], detector=detector)
    again = Detector.restored(json.loads(json.dumps(detector.state())))
    rest = [again.judge(START + place * HOUR, value) for place, value in enumerate(values) if place >= cut]
    assert rest == whole[cut:]


def test_an_episode_that_was_told_is_not_told_again_after_a_restart() -> None:
    usual, loud = poisson(20.0, 24 * 14), [150.0] * 10
    told = spikes(judged([*usual, *loud]))[-1]
    detector = Detector()
    judged([*usual, *loud][: told + 1], detector=detector)
    again = Detector.restored(json.loads(json.dumps(detector.state())))
    rest = [again.judge(START + place * HOUR, 150.0) for place in range(told + 1, len(usual) + 10)]
    assert rest
    assert not spikes(rest)


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Detector.restored({"version": 0})


def test_the_state_is_small() -> None:
    detector = Detector()
    judged(poisson(20.0, 3000), timedelta(minutes=5), detector)
    assert len(json.dumps(detector.state())) < 10_000


@pytest.mark.parametrize("count", [-1.0, math.nan, math.inf, 1e300])
def test_what_is_no_count_is_refused_and_nothing_is_learnt(count: float) -> None:
    detector = Detector()
    detector.judge(START, 3.0)
    before = detector.state()
    with pytest.raises(ValueError, match="not a count"):
        detector.judge(START + HOUR, count)
    assert detector.state() == before


@pytest.mark.parametrize("moment", [START, START - HOUR, (START + HOUR).replace(tzinfo=None)])
def test_a_time_out_of_order_or_of_another_kind_is_refused(moment: datetime) -> None:
    detector = Detector()
    detector.judge(START, 3.0)
    before = detector.state()
    with pytest.raises(ValueError, match="time"):
        detector.judge(moment, 3.0)
    assert detector.state() == before


def test_the_rhythm_of_the_day_is_expected() -> None:
    day = [2.0] * 12 + [30.0] * 12
    found = judged(day * 21)
    assert found[-1].expected == pytest.approx(30, rel=0.2)
    assert found[-24].expected == pytest.approx(2, rel=0.5)
    assert not [place for place in spikes(found) if place > 24 * 7]


def test_a_rhythm_that_turns_is_learnt_anew() -> None:
    found = judged(([2.0] * 12 + [30.0] * 12) * 56 + ([30.0] * 12 + [2.0] * 12) * 84)
    assert found[-24].expected == pytest.approx(30, rel=0.25)


@pytest.mark.parametrize("step", [60.0, 300.0, 900.0, 3600.0, 86400.0, 7 * 86400.0])
def test_windows_are_whole_rows_and_few(step: float) -> None:
    rows = window_rows(step)
    assert 1 <= min(rows) <= max(rows) <= 720
    assert len(set(rows)) == len(rows) <= 4
