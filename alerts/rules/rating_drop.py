"""Stars that fell: the recent reviews against those before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy import Connection

from alerts import drivers
from alerts.lifecycle import Sight
from alerts.rules.base import EVIDENCE_LIMIT, UNKNOWN, Finding, Lasting, Reading, severity_by
from config.settings import Strict
from config.values import Duration
from storage.history import Rated, rated
from storage.mentions import fetch
from storage.records import Alert, BrandRole, Severity
from storage.rollups import ratings

_ENOUGH = 1000  # ratings a side: more do not change the verdict
_COMPARED = 300
_SEVERITIES = ((1.5, Severity.HIGH), (0.8, Severity.MEDIUM))
_ORDINARY = 0.1
"""A drop that chance gives one time in ten or oftener is none."""


class Options(Strict):
    """What can be set for a drop in ratings."""

    window: Duration = Field(default=timedelta(days=14), description="The recent reviews: this far back.")
    before: Duration = Field(
        default=timedelta(days=90), description="What they are compared with: the time before, this long."
    )
    min_reviews: int = Field(
        default=8, ge=4, le=_ENOUGH, description="At least so many recent reviews, and as many before."
    )
    min_drop: float = Field(default=0.5, gt=0, le=5, description="Smaller drops, in stars of five, are none.")
    max_chance: float = Field(
        default=0.002, gt=0, lt=0.1, description="How likely chance alone may be to give such a drop, 0…1."
    )


@dataclass(frozen=True, slots=True)
class Drop:
    """Recent stars beside earlier ones: means of five, how many ratings each rests on, chance 0…1."""

    mean_before: float
    mean_after: float
    count_before: int
    count_after: int
    chance: float

    @property
    def stars(self) -> float:
        """How far the mean fell; negative where it rose."""
        return self.mean_before - self.mean_after


def compare(before: Sequence[float], after: Sequence[float]) -> Drop:
    """Compare recent with earlier stars, neither empty: how far they fell, and how likely by chance."""
    return Drop(
        mean_before=math.fsum(before) / len(before),
        mean_after=math.fsum(after) / len(after),
        count_before=len(before),
        count_after=len(after),
        chance=chance_of_lower(before, after),
    )


def chance_of_lower(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the chance of recent ranks as low as these, were both drawn alike.

    One-sided Mann–Whitney U by the normal approximation, with mid-ranks, correction for ties (stars have
    many) and for continuity.
    """
    n, m = len(after), len(before)
    counts = sorted(Counter((*before, *after)).items())
    rank, ranks, ties = 0, {}, 0
    for value, count in counts:
        ranks[value] = rank + (count + 1) / 2
        rank += count
        ties += count**3 - count
    u = math.fsum(ranks[value] for value in after) - n * (n + 1) / 2
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1))) if total > 1 else 0.0
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc((n * m / 2 - u - 0.5) / math.sqrt(2 * variance))


def decide(drop: Drop | None, options: Options) -> Sight:
    """Say whether the stars fell, or are back; neither where `drop` is None or rests on too few."""
    if drop is None or min(drop.count_before, drop.count_after) < options.min_reviews:
        return Sight(abnormal=False, calm=False)
    if drop.stars >= options.min_drop and drop.chance <= options.max_chance:
        return Sight(abnormal=True, calm=False, size=drop.stars)
    calm = drop.stars < options.min_drop / 2 or drop.chance > _ORDINARY
    return Sight(abnormal=False, calm=calm)


class RatingDrop(Lasting):
    """The average of recent reviews is lower than before, by more than chance explains."""

    kind: ClassVar[str] = "rating_drop"
    summary: ClassVar[str] = "Average stars fell, by a test that says how likely chance is."
    side: ClassVar[BrandRole] = BrandRole.OWN
    Options: ClassVar[type[Strict]] = Options

    def read(
        self, conn: Connection, brand: str, now: datetime, standing: Alert | None, previous: Alert | None
    ) -> Reading:
        """Compare the recent stars with those before; while an alert stands, with those before it began."""
        start = now - self.options.window
        until = start if standing is None else min(start, standing.window_start)
        if not self._worth_a_test(conn, brand, start, until, now, standing):
            return UNKNOWN
        after = rated(conn, brand, start, _after(now), _ENOUGH)
        before = rated(conn, brand, until - self.options.before, until, _ENOUGH)
        if not after or not before:
            return UNKNOWN
        drop = compare([each.of_five for each in before], [each.of_five for each in after])
        sight = decide(drop, self.options)
        finding = _finding(drop, start, now, until, before, after) if sight.abnormal else None
        return Reading(sight=sight, finding=finding, facts=_facts(drop), calm_since=start)

    def _worth_a_test(
        self,
        conn: Connection,
        brand: str,
        start: datetime,
        until: datetime,
        now: datetime,
        standing: Alert | None,
    ) -> bool:
        """Tell, from sums of whole hours alone, whether single ratings need to be read."""
        after = ratings(conn, brand, start, now)
        if after.count < self.options.min_reviews:
            return False
        before = ratings(conn, brand, until - self.options.before, until)
        if before.count < self.options.min_reviews:
            return False
        # The sums include an hour at each edge that the single ratings may not, so they only rule out.
        drop = (before.mean_of_five or 0.0) - (after.mean_of_five or 0.0)
        return standing is not None or drop >= self.options.min_drop / 2

    def explain(self, conn: Connection, brand: str, finding: Finding) -> Finding:
        """Add the words and sources of the low reviews, beside all reviews before, and show three."""
        until = datetime.fromisoformat(finding.facts["before_until"])
        since = until - self.options.before
        after = rated(conn, brand, finding.window_start, _after(finding.window_end), EVIDENCE_LIMIT)
        before = rated(conn, brand, since, until, _COMPARED)
        low = fetch(conn, [each.id for each in after if each.of_five <= finding.observed + 0.001])
        past = fetch(conn, [each.id for each in before])
        sources = Counter(stored.mention.source for stored in low)
        usual = {
            name: count / len(past) * len(low)
            for name, count in Counter(stored.mention.source for stored in past).items()
        }
        return replace(
            finding,
            drivers=(
                *finding.drivers,
                *drivers.words(low, past, len(low)),
                *drivers.shares("source", sources, usual, drivers.SOURCES),
            ),
            evidence=tuple(each.id for each in after),
            posts=drivers.posts(low),
        )


def _after(moment: datetime) -> datetime:
    # A review collected in this very second belongs to the window that ends now.
    return moment + timedelta(seconds=1)


def _facts(drop: Drop) -> dict[str, float | int]:
    return {
        "mean_before": round(drop.mean_before, 2),
        "mean_after": round(drop.mean_after, 2),
        "count_before": drop.count_before,
        "count_after": drop.count_after,
        "scale": 5,
        "chance": float(f"{drop.chance:.2g}"),
    }


def _finding(
    drop: Drop,
    start: datetime,
    now: datetime,
    until: datetime,
    before: Sequence[Rated],
    after: Sequence[Rated],
) -> Finding:
    stars = _by_star(after)
    usual = {star: count / len(before) * len(after) for star, count in _by_star(before).items()}
    return Finding(
        severity=severity_by(drop.stars, _SEVERITIES),
        window_start=start,
        window_end=now,
        observed=round(drop.mean_after, 4),
        expected=round(drop.mean_before, 4),
        score=round(-math.log10(max(drop.chance, 1e-300)), 2),
        facts={**_facts(drop), "before_until": until.isoformat()},
        drivers=tuple(drivers.shares("rating", stars, usual, 2)),
        evidence_count=len(after),
    )


def _by_star(ratings_of_five: Sequence[Rated]) -> Counter[str]:
    return Counter(str(math.floor(each.of_five + 0.5)) for each in ratings_of_five)
