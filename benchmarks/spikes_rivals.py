"""The contestants on simulated streams: Marsad, and the two rules that other tools use."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from alerts.spike_stream import Detector
from benchmarks.spikes_streams import Stream

Alarms = Callable[[Stream], Iterator[int]]
LEAST = 3
"""Mentions under which neither of the two rules speaks; without it they do so at every other hour."""

TIMES = 3.0
_DAY, _WEEK, _FORTNIGHT = 24, 7 * 24, 14 * 24


def marsad(stream: Stream) -> Iterator[int]:
    """Yield the hours at which `marsad spikes` sees a spike or a silence."""
    detector = Detector()
    for hour, moment, count in stream.rows():
        if detector.judge(moment, count).is_spike:
            yield hour


def three_sigma(stream: Stream) -> Iterator[int]:
    """Yield the hours above the mean and three standard deviations of the 14 days before."""
    past: deque[float] = deque(maxlen=_FORTNIGHT)
    total = square = 0.0
    for hour, _, count in stream.rows():
        if len(past) == _FORTNIGHT:
            mean = total / _FORTNIGHT
            if count >= LEAST and count > mean + 3 * math.sqrt(max(0.0, square / _FORTNIGHT - mean**2)):
                yield hour
            total, square = total - past[0], square - past[0] ** 2
        past.append(count)
        total, square = total + count, square + count**2


def hour_against_day_and_week(stream: Stream) -> Iterator[int]:
    """Yield the hours with three times the mean hour of the 24 hours and of the 7 days before."""
    past: deque[float] = deque(maxlen=_WEEK)
    day: deque[float] = deque(maxlen=_DAY)
    for hour, _, count in stream.rows():
        if len(past) == _WEEK and count >= max(LEAST, TIMES * sum(day) / _DAY, TIMES * sum(past) / _WEEK):
            yield hour
        past.append(count)
        day.append(count)


RIVALS: Mapping[str, Alarms] = {
    "Marsad": marsad,
    "mean + 3σ over 14 days": three_sigma,
    "hour against 24 h and 7 days": hour_against_day_and_week,
}
