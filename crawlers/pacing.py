"""When to visit a source again. Pure."""

from __future__ import annotations

from datetime import timedelta

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=6)
FIRST = timedelta(minutes=15)
_FIRST_RETRY = timedelta(minutes=2)
_LONGEST_RETRY = timedelta(hours=6)
_RETRY_WHEN_GONE = timedelta(days=1)
_GROWTH = 1.5
_SHRINKAGE = 0.5
_JITTER = 0.25


def adapted(interval: timedelta | None, *, seen: int, new: int) -> timedelta:
    """Return the interval after a good visit that saw `seen` items, `new` of them for the first time.

    It grows by half when nothing is new, halves when something is, and falls to the shortest at once
    when everything is new, since then items may have come and gone unseen. So it settles where about
    every third visit brings something. Always between `SHORTEST` and `LONGEST`; `FIRST` after the first
    visit, of which nothing can be learned.
    """
    if interval is None:
        return FIRST
    if new == 0:
        interval *= _GROWTH
    elif new >= seen:
        interval = SHORTEST
    else:
        interval *= _SHRINKAGE
    return min(max(interval, SHORTEST), LONGEST)


def back_off(failures: int, luck: float, *, gone: bool = False) -> timedelta:
    """Return how long to wait after the `failures`-th failed visit in a row (counted from 1).

    Two minutes, doubled each time up to six hours, or a day at once for what is `gone`; then up to a
    quarter more or less by `luck` (0…1), so that sources that failed together do not return together.
    """
    if gone:
        wait = _RETRY_WHEN_GONE
    else:
        wait = min(_FIRST_RETRY * 2 ** min(max(failures, 1) - 1, 20), _LONGEST_RETRY)
    return wait * (1 - _JITTER + 2 * _JITTER * luck)
