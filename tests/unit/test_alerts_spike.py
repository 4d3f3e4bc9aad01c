"""Surprise at counts: never infinite, never falling as counts rise, as rare as it says, deaf to the past."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from alerts import spike
from alerts.spike import Hourly, fit, hourly, look, most_surprising, score_for, tail_score

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24


def series(counts: object) -> Hourly:
    values = np.asarray(counts, dtype=float)
    end = MONDAY + len(values) * HOUR - timedelta(seconds=1)
    return Hourly(MONDAY, end, values, np.ones(len(values)))


def stream(rng: np.random.Generator, rate: float, days: int, burst: float, moody: float) -> np.ndarray:
    """Simulate hours with a rhythm of day and week; `burst` and `moody` vary hours and whole days."""
    hours = np.arange(days * DAY)
    mean = rate * (1 + 0.8 * np.sin(2 * np.pi * hours / DAY)) * np.where(hours // DAY % 7 >= 5, 0.6, 1.15)
    if burst:
        mean = mean * rng.gamma(1 / burst, burst, hours.size)
    if moody:
        mean = mean * np.repeat(rng.gamma(1 / moody, moody, days), DAY)
    return rng.poisson(mean).astype(float)


counts = st.integers(0, 5000)
means = st.floats(0.001, 2000)
shapes = st.floats(0.05, 500)


@given(counts, means, shapes)
def test_the_score_is_the_tail_of_the_negative_binomial(observed: int, mean: float, shape: float) -> None:
    known = -nbinom.logsf(observed - 1, shape, shape / (mean + shape)) / math.log(10)
    if known < 250:
        assert tail_score(observed, mean, shape) == pytest.approx(max(0.0, known), rel=1e-6, abs=1e-6)


@given(st.integers(0, 1_000_000), means, shapes)
def test_the_score_is_finite_and_never_falls_as_counts_rise(observed: int, mean: float, shape: float) -> None:
    here, more = (tail_score(n, mean, shape) for n in (observed, observed + 1))
    assert math.isfinite(more)
    assert 0.0 <= here <= more + 1e-9 * (1 + more)


def test_far_out_the_summed_tail_carries_on_where_doubles_end() -> None:
    scores = [tail_score(n, 2.0, 5.0) for n in range(300, 2500, 50)]
    steps = np.diff(scores)
    assert scores[0] < 250 < scores[-1], "the two ways of counting meet between these"
    assert np.all(steps > 0)
    assert np.all(np.abs(np.diff(steps)) < 0.1)


def test_with_little_spread_the_score_is_that_of_poisson() -> None:
    assert tail_score(20, 6.0, 1e7) == pytest.approx(-math.log10(poisson.sf(19, 6.0)), rel=1e-3)


@given(
    st.lists(st.integers(0, 40), min_size=30, max_size=100),
    st.integers(1, 500),
    st.integers(0, 23),
)
@settings(max_examples=60)
def test_more_mentions_now_never_surprise_less(past: list[int], more: int, hours_ago: int) -> None:
    calm = series(past)
    raised = np.array(past, dtype=float)
    raised[-1 - hours_ago] += more
    baseline = fit(calm, UTC)
    assert fit(series(raised), UTC).rate == baseline.rate, "the present does not judge itself"
    for before, after in zip(look(calm, baseline), look(series(raised), baseline), strict=True):
        assert after.score >= before.score - 1e-9


@given(
    st.lists(st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 10**6)), min_size=1, max_size=400),
    st.data(),
)
@settings(max_examples=60)
def test_whatever_the_counts_all_numbers_are_finite(past: list[int], data: st.DataObject) -> None:
    watched = series(past)
    watched.exposure[:] = data.draw(
        st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=len(past), max_size=len(past))
    )
    baseline = fit(watched, UTC)
    assert baseline.rate > 0
    assert np.all(np.isfinite(baseline.expected(MONDAY, 168)))
    for each in look(watched, baseline):
        assert math.isfinite(each.score)
        assert each.score >= 0
        assert each.expected > 0
        assert math.isfinite(each.once_in_days)


@pytest.mark.parametrize(
    ("rate", "burst", "moody"),
    [(0.1, 0.0, 0.0), (1.0, 0.3, 0.0), (1.0, 0.2, 0.2), (20.0, 0.3, 0.2), (200.0, 0.1, 0.1)],
)
def test_chance_alone_stays_within_the_budget(rate: float, burst: float, moody: float) -> None:
    """A budget of one a week, over forty simulated days each: counted as episodes a day apart."""
    rng = np.random.default_rng(7)
    all_hours = stream(rng, rate, 96, burst, moody)
    alarms, quiet_until = 0, 0
    for now in range(56 * DAY, 96 * DAY):
        seen = series(all_hours[now - 56 * DAY : now])
        found = most_surprising(look(seen, fit(seen, UTC)), 5)
        if found is not None and found.score >= score_for(1.0):
            alarms += now >= quiet_until
            quiet_until = now + DAY
    per_month = alarms * 30 / 40
    print(f"{rate}/h, burst {burst}, moody {moody}: {per_month:.1f} false alarms a month")
    assert per_month <= 4.35


@pytest.mark.parametrize(("rate", "factor", "within"), [(0.2, 10, 6), (2.0, 4, 5), (20.0, 3, 4)])
def test_a_planted_spike_is_seen_within_hours(rate: float, factor: float, within: int) -> None:
    rng = np.random.default_rng(3)
    all_hours = stream(rng, rate, 60, 0.1, 0.05)
    begin = 57 * DAY + 10
    all_hours[begin : begin + 12] += rng.poisson(rate * factor, 12)
    for now in range(begin + 1, begin + 13):
        seen = series(all_hours[now - 56 * DAY : now])
        found = most_surprising(look(seen, fit(seen, UTC)), 5)
        if found is not None and found.score >= score_for(0.25):
            assert now - begin <= within
            return
    pytest.fail("the spike was not seen")


@pytest.mark.parametrize("hours", [2, 12, 48])
@pytest.mark.parametrize("height", [10, 60, 1000])
def test_a_past_spike_hardly_changes_what_is_usual(hours: int, height: int) -> None:
    plain = stream(np.random.default_rng(5), 2.0, 56, 0.1, 0.0)
    spoiled = plain.copy()
    spoiled[-10 * DAY : -10 * DAY + hours] += height
    usual, after = (fit(series(each), UTC) for each in (plain, spoiled))
    assert after.rate == pytest.approx(usual.rate, rel=0.15)
    assert after.surprise(3, 30, 6.0).score > 0.75 * usual.surprise(3, 30, 6.0).score


def test_the_rhythm_of_day_and_week_is_learned_from_weeks_and_not_from_days() -> None:
    hours = np.arange(56 * DAY)
    waves = 10 * (1 + 0.9 * np.sin(2 * np.pi * hours / DAY)) * np.where(hours // DAY % 7 >= 5, 0.5, 1.2)
    counted = np.random.default_rng(1).poisson(waves).astype(float)
    learned = fit(series(counted), UTC).expected(MONDAY, 168)
    assert np.corrcoef(learned, waves[:168])[0, 1] > 0.98
    young = fit(series(counted[: 3 * DAY]), UTC)
    assert np.all(np.abs(young.by_weekday - 1) < 0.2)


def test_the_rhythm_follows_the_readers_week() -> None:
    hours = np.arange(56 * DAY)
    riyadh = timezone(timedelta(hours=3))
    friday = ((hours + 3) // DAY % 7 == 4).astype(float)
    counted = np.random.default_rng(1).poisson(2 + 20 * friday).astype(float)
    learned = fit(series(counted), riyadh).by_weekday
    assert learned[4] > 3
    assert np.all(learned[[0, 1, 2, 3, 5, 6]] < 0.7)


def test_a_new_level_is_usual_after_some_weeks() -> None:
    counted = np.random.default_rng(2).poisson(np.repeat([1.0, 5.0], [28 * DAY, 28 * DAY])).astype(float)
    assert 3.5 < fit(series(counted), UTC).rate < 5.0


def test_an_episode_left_out_teaches_nothing() -> None:
    counted = np.ones(20 * DAY)
    counted[15 * DAY :] = 30.0
    start = MONDAY + timedelta(days=15)
    assert fit(series(counted).without(start), UTC).rate == pytest.approx(1.0, abs=0.02)


def test_windows_that_were_told_are_not_looked_at_again() -> None:
    watched = series(np.ones(10 * DAY))
    baseline = fit(watched, UTC)
    assert [each.hours for each in look(watched, baseline)] == list(spike.WINDOWS)
    later = look(watched, baseline, not_before=watched.end - timedelta(hours=5, minutes=30))
    assert [each.hours for each in later] == [1, 3]


def test_hours_are_laid_out_with_the_running_one_in_part() -> None:
    end = MONDAY + timedelta(hours=5, minutes=15)
    laid = hourly([(MONDAY + 2 * HOUR, 4), (MONDAY - HOUR, 9), (end + HOUR, 9)], MONDAY, end)
    assert laid.counts.tolist() == [0, 0, 4, 0, 0, 0]
    assert laid.exposure.tolist() == [1, 1, 1, 1, 1, 0.25]


def test_less_is_expected_of_an_hour_that_has_just_begun() -> None:
    counted = [(MONDAY + n * HOUR, 10) for n in range(10 * DAY)]
    early, late = (
        look(watched, fit(watched, UTC))[0].expected
        for watched in (
            hourly(counted, MONDAY, MONDAY + timedelta(days=10, minutes=minutes)) for minutes in (6, 54)
        )
    )
    assert late == pytest.approx(9 * early)


def test_changed_clocks_shift_a_rhythm_by_no_more_than_their_hour() -> None:
    paris = ZoneInfo("Europe/Paris")
    before, after = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC)
    base = fit(series(np.ones(20 * DAY)), paris)
    base.by_hour[:], base.by_weekday[:] = np.arange(24), 1.0
    assert base.expected(before, 1)[0] == pytest.approx(base.rate * 13)
    assert base.expected(after, 1)[0] == pytest.approx(base.rate * 14)


def test_a_budget_is_a_score() -> None:
    assert score_for(2.0) == pytest.approx(-math.log10(2 / 672))
    assert score_for(1.0) > score_for(2.0)
