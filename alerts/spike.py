"""How surprising a count is, given what is usual: pure, for whole numbers, from hourly history.

The number expected in an hour is a slowly forgetting rate times the rhythm of the hour of day and of the
day of week, both shrunk towards no rhythm until there is enough history to see one. Around it stands a
negative binomial distribution, whose width is measured on past windows of the same length (mentions come
in bursts, so a day varies more than 24 independent hours would) and widened by how little is known of
the rate itself. Past spikes are cut down to the edge of the ordinary before anything is learned from
them. Several windows are looked at together, so that a sharp burst and a long simmer are both seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WINDOWS = (1, 3, 6, 24)
"""Lengths, in hours, of the windows that end now."""

DECISIONS_PER_DAY = 24 * len(WINDOWS)
"""Looks in a day: each window once an hour. They overlap, so counting them all errs towards silence."""

LONGEST = max(WINDOWS)
HISTORY = timedelta(days=56)
"""How far back a baseline looks."""

_HALF_LIFE = 14 * 24
_RHYTHM_PRIOR = 12.0  # mentions: a rhythm measured on fewer than these is mostly noise
_HOURS = (24, 1, 3.0)  # parts of a day, hours that each lasts, days until half of what is seen is believed
_WEEKDAYS = (7, 24, 2.0)
_PRIOR_DISPERSION = 0.1
_PRIOR_WINDOWS = 5.0
_LEAST_DISPERSION = 0.01
_TRIM = 0.95  # a spike of two days in eight weeks does not move the start of the fit, a new level does
_ROUNDS = 3
_EPISODE = 12
_TINY = 1e-250


@dataclass(frozen=True, slots=True)
class Surprise:
    """How far one window is from usual.

    `hours` is its length; `observed` and `expected` are mentions in it; `score` is −log10 of the
    probability of as many or more; `once_in_days` is how often, at most, chance alone gives one so large.
    """

    hours: int
    observed: int
    expected: float
    score: float
    once_in_days: float


@dataclass(frozen=True, slots=True)
class Hourly:
    """Counts hour by hour from `start`, an aware UTC time on the hour, up to the hour that contains `end`.

    `exposure` is, for each hour, the share of it (0…1) that was watched: less than 1 for the hour that is
    still running, 0 for an hour to leave out.
    """

    start: datetime
    end: datetime
    counts: Floats
    exposure: Floats

    def without(self, since: datetime) -> Hourly:
        """Return the same series with the hours from `since` on left out of what is learned."""
        exposure = self.exposure.copy()
        exposure[max(0, _hours_between(self.start, since)) :] = 0.0
        return Hourly(self.start, self.end, self.counts, exposure)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual: a rate in mentions an hour, its rhythm, and how widely windows of each length vary.

    `by_hour` has 24 factors around 1 and `by_weekday` 7, Monday first, both in `zone`. `dispersion` is
    the excess of variance over Poisson, relative to the squared mean, by window length in hours;
    `uncertainty` is the relative variance of the rate itself.
    """

    rate: float
    by_hour: Floats
    by_weekday: Floats
    dispersion: Mapping[int, float]
    uncertainty: float
    zone: tzinfo

    def expected(self, start: datetime, hours: int) -> Floats:
        """Return the mentions expected in each of `hours` whole hours from `start`."""
        week = _hours_of_week(start, hours, self.zone)
        return self.rate * self.by_hour[week % 24] * self.by_weekday[week // 24]

    def surprise(self, window: int, observed: int, expected: float) -> Surprise:
        """Judge a count in a window of `window` hours against the number expected in it."""
        variance = self.dispersion[window] + self.uncertainty
        score = tail_score(observed, expected, 1.0 / variance)
        return Surprise(window, observed, expected, score, _once_in_days(score))


def hourly(rows: Sequence[tuple[datetime, int]], since: datetime, end: datetime) -> Hourly:
    """Lay out hours with counts as a series from `since`, cut to the hour, to `end`; absent ones are zero."""
    start = _on_the_hour(since)
    size = max(1, _hours_between(start, end) + 1)
    counts = np.zeros(size)
    for hour, count in rows:
        place = _hours_between(start, hour)
        if 0 <= place < size:
            counts[place] += count
    exposure = np.ones(size)
    exposure[-1] = (end - _on_the_hour(end)) / timedelta(hours=1)
    return Hourly(start, end, counts, exposure)


def fit(series: Hourly, zone: tzinfo) -> Baseline:
    """Learn what is usual from all watched hours of `series` but the newest `LONGEST` ones.

    Those are what is being judged, so they do not judge themselves.
    """
    size = max(1, len(series.counts) - LONGEST)
    watched = series.exposure[:size]
    # An hour that was watched in part has a part of its mentions already.
    counts = np.where(watched > 0, series.counts[:size], 0.0)
    weights = np.exp2((np.arange(size) - size + 1) / _HALF_LIFE) * watched
    week = _hours_of_week(series.start, size, zone)
    capped = np.minimum(counts, max(1.0, float(np.quantile(counts, _TRIM))))
    rate = _rate(capped, watched, weights)
    for _ in range(_ROUNDS):
        by_hour = _factors(capped, watched, watched, week % 24, _HOURS)
        by_weekday = _factors(capped, watched * by_hour[week % 24], watched, week // 24, _WEEKDAYS)
        rhythm = watched * by_hour[week % 24] * by_weekday[week // 24]
        rate = _rate(capped, rhythm, weights)
        usual = rate * rhythm
        capped = _without_spikes(counts, capped, usual, weights)
    dispersion = {window: _dispersion(capped, usual, weights, window) for window in WINDOWS}
    return Baseline(
        rate=rate,
        by_hour=by_hour,
        by_weekday=by_weekday,
        dispersion=dispersion,
        uncertainty=_uncertainty(capped, weights, dispersion[LONGEST]),
        zone=zone,
    )


def look(series: Hourly, baseline: Baseline, *, not_before: datetime | None = None) -> tuple[Surprise, ...]:
    """Return the surprise of each window that ends with `series`.

    With `not_before`, windows that begin earlier are left out: what happened before has been told.
    """
    size = min(LONGEST, len(series.counts))
    start = _on_the_hour(series.end) - timedelta(hours=size - 1)
    expected = baseline.expected(start, size)
    expected *= np.maximum(series.exposure[-size:], 1 / 60)
    observed = series.counts[-size:]
    return tuple(
        baseline.surprise(window, int(observed[-window:].sum()), float(expected[-window:].sum()))
        for window in WINDOWS
        if window <= size and (not_before is None or window_start(series.end, window) >= not_before)
    )


def most_surprising(surprises: Sequence[Surprise], min_count: int) -> Surprise | None:
    """Return the window furthest from usual among those with at least `min_count` mentions, if any."""
    spoken = [one for one in surprises if one.observed >= min_count]
    return max(spoken, key=lambda one: (one.score, one.hours), default=None)


def window_start(end: datetime, window: int) -> datetime:
    """Return when the window of `window` hours that ends at `end` begins: on the hour."""
    return _on_the_hour(end) - timedelta(hours=window - 1)


def score_for(alarms_per_week: float) -> float:
    """Return the score that chance alone exceeds at most so many times in a week."""
    return -math.log10(alarms_per_week / (7 * DECISIONS_PER_DAY))


def tail_score(observed: int, mean: float, shape: float) -> float:
    """Return −log10 P(count ≥ observed) for a negative binomial with this mean and shape.

    The variance is mean + mean²/shape. Never negative, never infinite: beyond what a double can hold the
    tail is summed from its largest term (the ratio of neighbours is below one there and falls).
    """
    if observed <= 0:
        return 0.0
    if mean <= 0.0:
        raise ValueError("the mean of counts must be positive")
    # Slow to load, and most commands read the rules' options only.
    from scipy.special import betainc

    odds = mean / (mean + shape)
    tail = float(betainc(observed, shape, odds))
    if tail > _TINY:
        return max(0.0, -math.log10(tail))
    first = (
        math.lgamma(observed + shape)
        - math.lgamma(shape)
        - math.lgamma(observed + 1)
        + shape * math.log1p(-odds)
        + observed * math.log(odds)
    )
    total, term, count = 1.0, 1.0, observed
    while term > 1e-12 * total:
        term *= (count + shape) / (count + 1) * odds
        total += term
        count += 1
    return -(first + math.log(total)) / math.log(10)


def _once_in_days(score: float) -> float:
    return float(10.0 ** min(score, 300.0) / DECISIONS_PER_DAY)


def _rate(counts: Floats, rhythm: Floats, weights: Floats) -> float:
    # Half a mention is added, so that a brand nobody spoke of yet is rare rather than impossible.
    return float((weights @ counts + 0.5) / (weights @ rhythm + 1.0))


def _uncertainty(counts: Floats, weights: Floats, dispersion: float) -> float:
    """Return the relative variance of the rate: few mentions, and few days that vary as days do."""
    mentions = (weights @ counts) ** 2 / max(float(weights**2 @ counts), 1e-9)
    days = weights.sum() ** 2 / max(float(weights @ weights), 1e-9) / LONGEST
    return float(1.0 / (mentions + 0.5) + dispersion / (days + 1.0))


def _without_spikes(counts: Floats, capped: Floats, usual: Floats, weights: Floats) -> Floats:
    """Cut single hours down to the edge of the ordinary, and whole episodes to what is usual.

    `capped` is the result so far, by which the width of the ordinary is measured.
    """
    hours, spans = (
        _sliding(counts, window) > _edge(_sliding(usual, window), _dispersion(capped, usual, weights, window))
        for window in (1, _EPISODE)
    )
    kept = np.where(hours, _edge(usual, _dispersion(capped, usual, weights, 1)), counts)
    in_episode = np.convolve(spans, np.ones(_EPISODE))[: len(counts)] > 0.5 if len(spans) else hours & False
    return np.where(in_episode, usual, kept)


def _edge(usual: Floats, dispersion: float) -> Floats:
    return usual + 4.0 * np.sqrt(usual + dispersion * usual**2) + 1.0


def _factors(
    counts: Floats,
    pattern: Floats,
    watched: Floats,
    part: npt.NDArray[np.int64],
    cycle: tuple[int, int, float],
) -> Floats:
    """Return one factor a part: observed over expected, shrunk towards 1 by few mentions and few turns.

    Expected is `pattern`, scaled to all of the counts. Old weeks count as much as new ones here: rhythms
    stay when levels change.
    """
    parts, hours, patience = cycle
    seen = np.bincount(part, counts, parts)
    hoped = np.bincount(part, pattern, parts)
    hoped *= seen.sum() / max(float(hoped.sum()), 1e-9)
    turns = np.bincount(part, watched, parts) / hours
    raw = (seen + _RHYTHM_PRIOR) / (hoped + _RHYTHM_PRIOR)
    return np.asarray(raw ** (turns / (turns + patience)), dtype=np.float64)


def _dispersion(counts: Floats, usual: Floats, weights: Floats, window: int) -> float:
    """Measure, by moments on all windows of a length, the variance beyond Poisson relative to mean²."""
    if len(counts) < window:
        return _PRIOR_DISPERSION
    seen, mean, weight = (_sliding(each, window) for each in (counts, usual, weights))
    weight = weight / window
    excess = float(weight @ ((seen - mean) ** 2 - mean))
    independent = float(weight.sum()) / window
    measured = max(0.0, excess / max(float(weight @ mean**2), 1e-9))
    shrunk = (independent * measured + _PRIOR_WINDOWS * _PRIOR_DISPERSION) / (independent + _PRIOR_WINDOWS)
    return max(_LEAST_DISPERSION, shrunk)


def _sliding(values: Floats, window: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(sums[window:] - sums[:-window], dtype=np.float64)


def _hours_of_week(start: datetime, hours: int, zone: tzinfo) -> npt.NDArray[np.int64]:
    """Return the hour of the local week, 0…167 from Monday 00:00, of each hour from `start`.

    The offset is the one at the last hour: over a change of clocks, older hours are one hour off.
    """
    last = start + timedelta(hours=hours - 1)
    offset = last.astimezone(zone).utcoffset() or timedelta()
    local = start + timedelta(hours=round(offset / timedelta(hours=1)))
    return (np.arange(hours) + local.weekday() * 24 + local.hour) % 168


def _hours_between(start: datetime, moment: datetime) -> int:
    return math.floor((moment - start) / timedelta(hours=1))


def _on_the_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
