"""When a source is visited again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import pacing
from crawlers.causes import retry_after

MINUTES = timedelta(minutes=1)
intervals = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=30))
counts = st.integers(0, 10_000)


@given(st.none() | intervals, counts, counts)
def test_the_interval_keeps_its_bounds(interval, seen, new):
    assert pacing.SHORTEST <= pacing.adapted(interval, seen=seen, new=new) <= pacing.LONGEST


@given(intervals, st.integers(2, 1000))
def test_more_news_never_means_a_longer_interval(interval, seen):
    waits = [pacing.adapted(interval, seen=seen, new=new) for new in range(seen + 1)]
    assert waits == sorted(waits, reverse=True)


def test_a_quiet_feed_slows_down_to_the_longest_and_a_flood_is_answered_at_once():
    interval = None
    for _ in range(20):
        interval = pacing.adapted(interval, seen=30, new=0)
    assert interval == pacing.LONGEST
    assert pacing.adapted(interval, seen=30, new=30) == pacing.SHORTEST


@pytest.mark.parametrize("period_minutes", [20, 60, 240])
def test_the_interval_settles_near_the_feeds_own_pace(period_minutes):
    interval, now, last, waits = None, 0.0, 0, []
    for _ in range(400):
        published = int(now // period_minutes)
        interval = pacing.adapted(interval, seen=50, new=min(published - last, 50))
        last = published
        waits.append(interval)
        now += interval / MINUTES
    mean = sum(waits[100:], timedelta()) / len(waits[100:]) / MINUTES
    assert period_minutes / 6 <= mean <= period_minutes


@given(st.integers(1, 10_000), st.floats(0, 1), st.booleans())
def test_back_off_grows_and_is_capped(failures, luck, gone):
    wait = pacing.back_off(failures, luck, gone=gone)
    assert timedelta(seconds=90) <= wait <= timedelta(hours=30)
    assert wait <= pacing.back_off(failures + 1, luck, gone=gone)


def test_back_off_has_jitter():
    assert pacing.back_off(3, 0.0) == 6 * MINUTES
    assert pacing.back_off(3, 1.0) == 10 * MINUTES


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("999999999999999999", timedelta(days=1)),
        (format_datetime(NOW + timedelta(hours=2), usegmt=True), timedelta(hours=2)),
        ("Tue, 10 Mar 2026 15:00:00 +0200", timedelta(hours=1)),
        ("Tue, 10 Mar 2036 12:00:00 GMT", timedelta(days=1)),
        ("Tue, 10 Mar 2026 11:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("٣٠", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_both_forms(header, wait):
    assert retry_after(header, NOW) == (None if wait is None else NOW + wait)


@given(st.text(max_size=60))
def test_any_retry_after_is_survived(header):
    moment = retry_after(header, NOW)
    assert moment is None or NOW <= moment <= NOW + timedelta(days=1)
