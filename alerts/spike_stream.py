"""How far each count of an even series is from usual, one at a time, from what came before it alone.

The count expected is a slowly forgetting rate times the rhythm of the hour of day and of the day of week.
Windows of several lengths that end now are compared with it under a negative binomial distribution, whose
width is measured as data comes. What is news is then asked of the series itself: a departure as high as
those of the last days is not, so each is divided by the height of past ones, which fades. Constants and
what was tried: docs/decisions/alerts-spike-detection.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

WINDOWS = (1.0, 3.0, 6.0, 12.0)
"""Lengths, in hours, of the windows that end now, for steps that divide them."""

COARSE = (1, 3, 12, 24)
"""Lengths in steps of an hour and more; of a day and more the first two only."""

_LEVEL_DAYS = 7.0
_RHYTHM_DAYS = 14.0
_WIDTH_DAYS = 21.0
_PRIOR_DAYS = 0.5  # a rhythm measured on less than this is mostly noise
_PRIOR_WEEKS = 3.0
_PRIOR_WIDTH = 0.05
_PRIOR_LOOKS = 100
_LEAST_WIDTH = 0.01
_LEARNT_EDGE = 1.5  # deviations: beyond them nothing teaches the rate
_WIDTH_EDGE = 3.0
_USUAL_PEAK = 3.75  # deviations: lower departures are nobody's news
_COARSE_PEAK = 2.65  # of an hour and more there are twelve times fewer looks than of five minutes
_PEAK_DAYS = 10.0
_PEAK_GAIN = 0.2  # how much of a new height is believed at once: an episode is many rows
_SILENCE = 0.8  # a silence is bounded by nothing at all, so its deviations say less
_QUIET_DAYS = 1.0
_POWER = 2.0  # between the mean of the windows, 1, and the greatest of them
_LEAST_NEWS = 0.7
_LOUDER = 1.5
_WARM_UP_DAYS = 2.0
_WARM_UP_ROWS = 14
_ALARM = 0.8  # news that is told
_DAY = 86400.0
_VERSION = 1


class Judgement(NamedTuple):
    """What was expected, how much of a news the count is (0…1), and whether it is a spike or a silence.

    While an episode lasts the score is 0 unless it becomes much louder, or a spike only now: it is news once.
    """

    expected: float
    score: float
    is_spike: bool


@dataclass(slots=True)
class _Scale:
    """One window: its length in rows, the width of counts in it, and the heights of past departures."""

    rows: int
    width: float = _PRIOR_WIDTH
    rise: float = 0.0
    fall: float = 0.0


def deviation(observed: float, expected: float, width: float) -> float:
    """Return the signed root deviance of a negative binomial count: about normal if nothing is new.

    The variance is expected + width × expected². Finite for all finite counts ≥ 0 and expected, width > 0.
    """
    shape = 1.0 / width
    total = observed + shape
    twice = -2.0 * total * math.log(total / (expected + shape))
    if observed > 1e-9:  # far under that the quotient is no number any more
        twice += 2.0 * observed * math.log(observed / expected)
    root = math.sqrt(twice) if twice > 0.0 else 0.0
    return root if observed >= expected else -root


def window_rows(step: float) -> tuple[int, ...]:
    """Return the lengths in rows of the windows for a step in seconds."""
    if step >= _DAY:
        return COARSE[:2]
    if step >= 3600.0:
        return COARSE
    return tuple(max(1, round(hours * 3600.0 / step)) for hours in WINDOWS)


def _departure(scale: _Scale, far: float) -> float:
    """Return a departure against the height of past ones in its direction, and learn that height."""
    if far > 0.0:
        if far > scale.rise:
            ratio, scale.rise = far / scale.rise, scale.rise + _PEAK_GAIN * (far - scale.rise)
            return ratio
        return far / scale.rise
    ratio = -far / scale.fall
    if ratio > 1.0:
        scale.fall -= _PEAK_GAIN * (far + scale.fall)
    return ratio * _SILENCE


class Detector:
    """Judges the counts of one even series as they come; small, and kept as JSON between times.

    `missing` is how many rows are absent just before the last one that was judged.
    """

    def __init__(self) -> None:
        self.missing = 0
        self._rows = 0
        self._before: datetime | None = None  # Hours of day are those of the times as they are written.
        self._counts = 0.5  # half a mention in one row: rare rather than impossible
        self._usual = 1.0
        self._weight = 1.0
        self._by_hour = [[0.0, 0.0] for _ in range(24)]
        self._by_weekday = [[0.0, 0.0] for _ in range(7)]
        self._scales = [_Scale(rows) for rows in COARSE]
        self._sums: deque[tuple[float, float]] = deque([(0.0, 0.0)], maxlen=COARSE[-1] + 1)
        self._quiet = 0
        self._told = 0.0
        self._tune(3600.0)

    def judge(self, moment: datetime, count: float) -> Judgement:
        """Judge one count at its time, and learn from it.

        A row after a gap is expected and learnt from but not judged: it may hold what piled up.

        Raises:
            ValueError: the time is not after the last one, or the count is no finite number ≥ 0.
        """
        if not 0.0 <= count < 1e15:
            raise ValueError("the value is not a count: it must be a number from 0 to 1e15")
        after_gap = self._advance(moment)
        if not self._rows:
            return self._begin(count)
        rate = self._counts / self._usual
        hour, weekday = self._by_hour[moment.hour], self._by_weekday[moment.weekday()]
        prior = _PRIOR_DAYS * rate * self._per_hour + 2.0
        of_hour = (hour[0] + prior) / (hour[1] + prior)
        prior = _PRIOR_WEEKS * rate * self._per_hour * 24.0 + 20.0
        of_day = (weekday[0] + prior) / (weekday[1] + prior)
        expected = max(rate * of_hour * of_day, 1e-6)
        news = self._news(count, expected)
        self._learn(count, expected, rate, (hour, weekday))
        self._rows += 1
        score = 0.0 if after_gap else self._said(news)
        return Judgement(expected, score, score >= 0.5)

    def state(self) -> dict[str, Any]:
        """Return all that was learnt, as JSON values, for `restored`."""
        return {
            "version": _VERSION,
            "rows": self._rows,
            "step": self._step,
            "before": None if self._before is None else self._before.isoformat(),
            "level": [self._counts, self._usual, self._weight],
            "by_hour": [list(pair) for pair in self._by_hour],
            "by_weekday": [list(pair) for pair in self._by_weekday],
            "scales": [[one.rows, one.width, one.rise, one.fall] for one in self._scales],
            "sums": [list(pair) for pair in self._sums],
            "told": [self._quiet, self._told],
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Detector:
        """Return a detector that goes on where the one whose `state` this is stopped.

        Raises:
            ValueError: the state is of another version: read the series again.
        """
        if state.get("version") != _VERSION:
            raise ValueError("the state of the detector is of another version")
        self = cls()
        self._tune(state["step"])
        self._rows = state["rows"]
        self._before = None if state["before"] is None else datetime.fromisoformat(state["before"])
        self._counts, self._usual, self._weight = state["level"]
        self._by_hour = [list(pair) for pair in state["by_hour"]]
        self._by_weekday = [list(pair) for pair in state["by_weekday"]]
        self._scales = [_Scale(*values) for values in state["scales"]]
        self._sums.clear()
        self._sums.extend((seen, hoped) for seen, hoped in state["sums"])
        self._quiet, self._told = state["told"]
        return self

    def _begin(self, count: float) -> Judgement:
        """Take the first count for the rate: what was expected before it, half a mention, is no measure."""
        expected, self._counts, self._rows = self._counts, count + 0.5, 1
        return Judgement(expected, 0.0, False)

    def _advance(self, moment: datetime) -> bool:
        """Take note of the time, and return whether rows are missing before it."""
        before, self._before, self.missing = self._before, moment, 0
        if before is None:
            return False
        try:
            passed = (moment - before).total_seconds()
        except TypeError:
            self._before = before
            raise ValueError("some times have an offset from UTC and some have none") from None
        if passed <= 0.0:
            self._before = before
            again = "the same as" if passed == 0.0 else "earlier than"
            raise ValueError(f"the time is {again} that of the row before")
        if self._rows == 1 or passed < 0.75 * self._step:
            self._tune(passed)
        if passed <= 1.5 * self._step:
            return False
        self.missing = max(1, round(passed / self._step) - 1)
        self._sums.clear()
        self._sums.append((0.0, 0.0))
        return True

    def _tune(self, step: float) -> None:
        """Set what depends on the step, in seconds, which is the smallest seen."""
        self._step = step
        day = _DAY / step
        self._per_hour = max(1.0, day / 24.0)
        slow = max(1.0, step * 7.0 / _DAY)  # of days, a week of memory is too little
        self._keep = 0.5 ** (1.0 / (_LEVEL_DAYS * slow * day))
        self._hour_keep = 0.5 ** (1.0 / max(1.0, _RHYTHM_DAYS * slow * day / 24.0))
        self._weekday_keep = 0.5 ** (1.0 / (_RHYTHM_DAYS * 4.0 * max(1.0, day) / 7.0))
        self._width_gain = 1.0 - 0.5 ** (1.0 / (_WIDTH_DAYS * slow * day))
        self._fade = 0.5 ** (1.0 / (_PEAK_DAYS * slow * day))
        self._peak = _USUAL_PEAK if step < 3600.0 else _COARSE_PEAK
        self._quiet_rows = round(_QUIET_DAYS * day)
        self._warm_up = max(_WARM_UP_ROWS, _WARM_UP_DAYS * day)
        if (rows := window_rows(step)) != tuple(one.rows for one in self._scales):
            self._scales = [_Scale(length) for length in rows]
            self._sums = deque(self._sums, maxlen=max(rows) + 1)

    def _news(self, count: float, expected: float) -> float:
        """Return the mean departure of all windows against the height of past ones, and learn it."""
        sums = self._sums
        seen, hoped = sums[-1][0] + count, sums[-1][1] + expected
        sums.append((seen, hoped))
        gain = max(self._width_gain, 1.0 / (self._rows + _PRIOR_LOOKS))
        fade, usual, size, news = self._fade, self._peak, len(sums), 0.0
        for scale in self._scales:
            scale.rise = max(usual, scale.rise * fade)
            scale.fall = max(usual, scale.fall * fade)
            if size <= scale.rows:
                continue
            start = sums[-1 - scale.rows]
            many, mean = seen - start[0], max(hoped - start[1], 1e-6)
            width, square = scale.width, mean * mean
            news += _departure(scale, deviation(many, mean, width)) ** _POWER
            edge = mean + _WIDTH_EDGE * math.sqrt(mean + width * square)
            excess = ((min(many, edge) - mean) ** 2 - mean) / (square + 1e-3)
            scale.width = max(_LEAST_WIDTH, width + gain * (excess - width))
        return float((news / len(self._scales)) ** (1.0 / _POWER))

    def _learn(self, count: float, expected: float, rate: float, rhythms: tuple[list[float], ...]) -> None:
        width = self._scales[0].width
        edge = expected + _LEARNT_EDGE * math.sqrt(expected + width * expected * expected) + 0.5
        learnt = count if count < edge else edge
        self._counts = self._counts * self._keep + learnt
        self._usual = self._usual * self._keep + expected / rate
        self._weight = self._weight * self._keep + 1.0
        # The mean of all hours, not the rate: factors measured against what they set would drift.
        flat = self._counts / self._weight
        for rhythm, keep in zip(rhythms, (self._hour_keep, self._weekday_keep), strict=True):
            rhythm[0] = rhythm[0] * keep + learnt
            rhythm[1] = rhythm[1] * keep + flat

    def _said(self, news: float) -> float:
        """Return the score of news: nothing while too little is known, or an episode was told already."""
        self._quiet -= 1
        if self._rows <= self._warm_up or news < _LEAST_NEWS:
            return 0.0
        louder = news > _LOUDER * self._told or self._told < _ALARM <= news
        if self._quiet >= 0 and not louder:
            return 0.0
        self._quiet, self._told = self._quiet_rows, news
        return news / (news + _ALARM)
