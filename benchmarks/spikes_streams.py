"""Simulated hourly mentions of small brands, with spikes of known time and size in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

RATES = (0.2, 0.5, 1.0, 3.0, 8.0, 20.0)
"""Mentions an hour."""

DAYS = 180
QUIET_DAYS = 21
"""Days at the start without a spike, in which all contestants learn."""

HOUR = timedelta(hours=1)
_START = datetime(2026, 1, 5)  # noqa: DTZ001 (a Monday; local time as in any such file)
_APART = 12 * 24


@dataclass(frozen=True, slots=True)
class Spike:
    """A spike: the hours [`first`, `end`) of a stream, in which `times` as many mentions are expected."""

    first: int
    end: int
    times: float


@dataclass(frozen=True, slots=True)
class Stream:
    """Counts by hour, NaN where nothing was collected, and the spikes that were put in."""

    rate: float
    counts: npt.NDArray[np.float64]
    spikes: tuple[Spike, ...]

    def rows(self) -> Iterator[tuple[int, datetime, float]]:
        """Yield (hour, time, count) of each hour that was collected."""
        for hour, count in enumerate(self.counts):
            if count == count:
                yield hour, _START + hour * HOUR, float(count)


def stream(rate: float, seed: int) -> Stream:
    """Simulate one brand: daily and weekly rhythm, bursts, a trend, holidays, gaps and spikes.

    Hours are overdispersed by a gamma factor of variance 0.15 and days by one of 0.05; the trend takes the
    level to between 0.6 and 1.7 of the first; holidays have 0.5 of it for three days.
    """
    rng = np.random.default_rng((seed, round(rate * 10)))
    hours = np.arange(DAYS * 24)
    mean = (
        rate * (1 + 0.8 * np.sin(2 * np.pi * (hours - 9) / 24)) * np.where(hours // 24 % 7 >= 5, 0.65, 1.14)
    )
    mean *= np.exp(np.log(rng.uniform(0.6, 1.7)) * hours / hours.size)
    for day in rng.integers(QUIET_DAYS, DAYS - 4, 3):
        mean[day * 24 : (day + 3) * 24] *= 0.5
    spikes = tuple(_spikes(rng))
    for spike in spikes:
        mean[spike.first : spike.end] *= spike.times
    mean *= rng.gamma(1 / 0.15, 0.15, hours.size) * np.repeat(rng.gamma(20, 0.05, DAYS), 24)
    counts = rng.poisson(mean).astype(np.float64)
    for first in rng.integers(0, hours.size - 48, 4):
        gap = slice(first, first + int(rng.integers(2, 36)))
        if not any(spike.first - 24 < gap.stop and first < spike.end for spike in spikes):
            counts[gap] = np.nan
    return Stream(rate, counts, spikes)


def _spikes(rng: np.random.Generator) -> Iterator[Spike]:
    first = QUIET_DAYS * 24 + int(rng.integers(0, _APART))
    while first + 72 < DAYS * 24:
        length = round(float(np.exp(rng.uniform(np.log(2), np.log(48)))))
        yield Spike(first, first + length, float(np.exp(rng.uniform(np.log(2), np.log(10)))))
        first += _APART + int(rng.integers(0, _APART))
