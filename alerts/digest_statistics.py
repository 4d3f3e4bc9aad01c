"""Small statistics of the digest: what is a change, and how sure a share is. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance

# Two-sided 1 % and 5 % points of the normal distribution.
CLEAR = 2.58
LIKELY = 1.96


def wilson(count: int, total: int, z: float = LIKELY) -> tuple[float, float]:
    """Return the Wilson score interval of a share, 0…1 both; (0, 1) where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if total == 0:
        return 0.0, 1.0
    share, spread = count / total, z * z / total
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def count_change(now: int, before: int) -> float:
    """Return how many standard deviations two Poisson counts of equal spans lie apart, signed.

    By Anscombe's square root (1948), which keeps the variance the same from the smallest counts on.
    """
    return math.sqrt(2) * (math.sqrt(now + 0.375) - math.sqrt(before + 0.375))


def share_change(now: int, total_now: int, before: int, total_before: int) -> float:
    """Return the z of the difference of two shares (pooled), 0 where either total is 0."""
    if not total_now or not total_before:
        return 0.0
    pooled = (now + before) / (total_now + total_before)
    error = math.sqrt(pooled * (1 - pooled) * (1 / total_now + 1 / total_before))
    return (now / total_now - before / total_before) / error if error else 0.0


def mean_change(now: Sequence[float], before: Sequence[float]) -> float:
    """Return Welch's t of the difference of two means; 0 where either has fewer than 5 values."""
    if len(now) < 5 or len(before) < 5:
        return 0.0
    # Five equal ratings are not certainty: no error is taken as smaller than a tenth of a star allows.
    error = math.sqrt(max(variance(now), 0.1) / len(now) + max(variance(before), 0.1) / len(before))
    return (fmean(now) - fmean(before)) / error
