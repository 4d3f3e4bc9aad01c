"""Shares and changes: known values, and what must hold for any input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import digest_statistics as statistics


def test_wilson_gives_the_published_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 0 of 20, 95 %.
    assert statistics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert statistics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(0, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    count, total = counts
    low, high = statistics.wilson(count, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low - 1e-9 <= count / total <= high + 1e-9


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_change_back_is_the_change_turned_round(now: int, before: int) -> None:
    assert statistics.count_change(now, before) == pytest.approx(-statistics.count_change(before, now))
    assert (statistics.count_change(now, before) > 0) == (now > before)


def test_few_mentions_more_are_no_clear_change_and_many_are() -> None:
    assert statistics.count_change(8, 4) < statistics.CLEAR < statistics.count_change(80, 40)


def test_means_of_few_ratings_are_not_compared() -> None:
    assert statistics.mean_change([1, 1, 1, 1], [5, 5, 5, 5, 5]) == 0
    assert statistics.mean_change([1, 2, 1, 2, 1], [5, 5, 5, 5, 5]) < -statistics.CLEAR
