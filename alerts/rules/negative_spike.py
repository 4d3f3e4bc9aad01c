"""More negative mentions than chance explains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from sqlalchemy import Connection

from alerts import drivers, spike
from alerts.history import Watched, watched
from alerts.lifecycle import Sight
from alerts.rules.base import (
    EVIDENCE_LIMIT,
    LOWER,
    SERIES_LIMIT,
    UNKNOWN,
    Finding,
    Lasting,
    Point,
    Reading,
    severity_by,
)
from alerts.spike import Baseline, Hourly, Surprise
from config.settings import Strict
from config.values import Duration
from storage.mentions import MentionQuery, StoredMention, find
from storage.records import Alert, BrandRole, SentimentLabel, Severity
from storage.rollups import hour_of, totals

_WEEKS = {"day": 1 / 7, "week": 1.0, "month": 365.25 / 12 / 7}
_BUDGET = re.compile(r"(\d{1,3})\s*/\s*(day|week|month)")
_BEFORE = timedelta(days=28)
_COMPARED = 300
_NEGATIVE = SentimentLabel.NEGATIVE.value

CALM_WINDOW = 6
"""Hours that must look ordinary before all is normal again; one of `spike.WINDOWS`."""

CALM_SCORE = 0.5
"""An ordinary span: chance gives as many one time in three or oftener."""

_SEVERITIES = ((60.0, Severity.HIGH), (14.0, Severity.MEDIUM))


@dataclass(frozen=True, slots=True)
class Budget:
    """How many alerts a quiet brand may cause: so many in a day, week or month."""

    count: int
    per: str

    @property
    def per_week(self) -> float:
        """The same, in a week."""
        return self.count / _WEEKS[self.per]

    def __str__(self) -> str:
        """Return the written form, `2/week`."""
        return f"{self.count}/{self.per}"


def _parse_budget(raw: Any) -> Budget:
    if isinstance(raw, Budget):
        return raw
    found = _BUDGET.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError("write how many alerts in a day, week or month, such as 2/week")
    return Budget(int(found[1]), found[2])


BudgetOption = Annotated[
    Budget,
    BeforeValidator(_parse_budget),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*[0-9]{1,3}\s*/\s*(day|week|month)\s*$",
            "examples": ["2/week", "1/month"],
        }
    ),
]


class Options(Strict):
    """What can be set for a negative spike."""

    budget: BudgetOption = Field(
        default=Budget(1, "month"),
        description="How many alerts chance alone may cause for one brand, such as 2/week.",
    )
    min_count: int = Field(default=5, ge=1, description="Fewer negative mentions than this are no alert.")
    min_score: float = Field(
        default=0.0, ge=0, le=300, description="A least score (3: one look in a thousand), beside the budget."
    )
    min_history: Duration = Field(
        default=timedelta(days=7), description="How long a source must have been watched before it counts."
    )

    @property
    def threshold(self) -> float:
        """The score from which on the rule speaks."""
        return max(self.min_score, spike.score_for(self.budget.per_week))


def decide(
    surprises: Sequence[Surprise], last_hours: Surprise | None, options: Options
) -> tuple[Sight, Surprise | None]:
    """Say whether a window is out of the ordinary, and which, and whether the last hours are ordinary."""
    calm = last_hours is not None and last_hours.score < CALM_SCORE
    found = spike.most_surprising(surprises, options.min_count)
    if found is None or found.score < options.threshold:
        return Sight(abnormal=False, calm=calm), None
    return Sight(abnormal=True, calm=calm, size=found.observed), found


def severity(found: Surprise, share: float, usual_share: float) -> Severity:
    """Return how much it matters: by rarity, one step less where negatives only rose with everything else."""
    by_rarity = severity_by(found.once_in_days, _SEVERITIES)
    return by_rarity if share > usual_share else LOWER[by_rarity]


def negative_share(counts: Mapping[str, int]) -> float:
    """Return the share 0…1 of negative mentions among those on which the model did not abstain."""
    judged = sum(counts.get(label.value, 0) for label in SentimentLabel)
    return counts.get(_NEGATIVE, 0) / judged if judged else 0.0


def points(series: Hourly, baseline: Baseline) -> tuple[Point, ...]:
    """Return the last hours for a chart, oldest first, at most `SERIES_LIMIT`."""
    size = min(SERIES_LIMIT, len(series.counts))
    first = spike.window_start(series.end, size)
    expected = baseline.expected(first, size)
    return tuple(
        (first + timedelta(hours=place), int(count), round(float(usual), 2))
        for place, (count, usual) in enumerate(zip(series.counts[-size:], expected, strict=True))
    )


class NegativeSpike(Lasting):
    """More negative mentions of a brand than chance explains, in any of several windows."""

    kind: ClassVar[str] = "negative_spike"
    summary: ClassVar[str] = "More negative mentions than usual, further than chance explains."
    side: ClassVar[BrandRole] = BrandRole.OWN
    Options: ClassVar[type[Strict]] = Options

    def read(
        self, conn: Connection, brand: str, now: datetime, standing: Alert | None, previous: Alert | None
    ) -> Reading:
        """Compare the windows that end now with what is usual."""
        history = watched(conn, brand, now, _NEGATIVE, self.options.min_history)
        if history is None:
            return UNKNOWN
        series = history.series
        # An episode does not teach what is usual, and what was told in the last one is not told again.
        learned = series if standing is None else series.without(standing.window_start)
        baseline = spike.fit(learned, self.zone)
        told_until = previous.window_end if standing is None and previous is not None else None
        surprises = spike.look(series, baseline, not_before=told_until)
        last_hours = next((s for s in spike.look(series, baseline) if s.hours == CALM_WINDOW), None)
        if history.blind:
            last_hours = None  # silence from a source that was not seen is not calm
        sight, found = decide(surprises, last_hours, self.options)
        chart = points(series, baseline) if found or (standing and sight.calm) else ()
        return Reading(
            sight=sight,
            finding=None if found is None else self._finding(conn, brand, now, found, history, chart),
            facts={} if last_hours is None else _calm_facts(last_hours),
            series=chart,
            calm_since=spike.window_start(now, CALM_WINDOW),
        )

    def _finding(
        self,
        conn: Connection,
        brand: str,
        now: datetime,
        found: Surprise,
        history: Watched,
        chart: tuple[Point, ...],
    ) -> Finding:
        start = spike.window_start(now, found.hours)
        share = negative_share(totals(conn, brand, start, now, "sentiment"))
        usual_share = negative_share(totals(conn, brand, start - _BEFORE, start, "sentiment"))
        return Finding(
            severity=severity(found, share, usual_share),
            window_start=start,
            window_end=now,
            observed=found.observed,
            expected=round(found.expected, 2),
            score=round(found.score, 2),
            facts={
                "hours": found.hours,
                "once_in_days": round(min(found.once_in_days, 36_500)),
                "negative_share": round(share, 3),
                "usual_share": round(usual_share, 3),
                "threshold": round(self.options.threshold, 2),
                "sources": list(history.sources),
            },
            series=chart,
            evidence_count=found.observed,
        )

    def explain(self, conn: Connection, brand: str, finding: Finding) -> Finding:
        """Add the words and sources that account for the difference, and the mentions that show it."""
        start, end, expected = finding.window_start, finding.window_end, finding.expected or 0.0
        sources = tuple(finding.facts["sources"])
        # The counts are of whole hours, so the evidence is as well.
        now = self._negative(conn, brand, sources, start, hour_of(end) + timedelta(hours=1), EVIDENCE_LIMIT)
        before = self._negative(conn, brand, sources, start - _BEFORE, start, _COMPARED)
        by_source = {
            name: count
            for name, count in totals(conn, brand, start, end, "source", _NEGATIVE).items()
            if name in sources
        }
        usual = totals(conn, brand, start - _BEFORE, start, "source", _NEGATIVE)
        all_usual = max(1, sum(usual.get(name, 0) for name in sources))
        usual_by_source = {name: count / all_usual * expected for name, count in usual.items()}
        return replace(
            finding,
            drivers=(
                *drivers.words(now, before, expected),
                *drivers.shares("source", by_source, usual_by_source, drivers.SOURCES),
            ),
            evidence=tuple(stored.id for stored in now),
            posts=drivers.posts(now),
        )

    def _negative(
        self,
        conn: Connection,
        brand: str,
        sources: Sequence[str],
        since: datetime,
        until: datetime,
        limit: int,
    ) -> list[StoredMention]:
        query = MentionQuery(
            brand=brand, since=since, until=until, sentiment=_NEGATIVE, sources=sources, limit=limit
        )
        return find(conn, query)


def _calm_facts(last_hours: Surprise) -> dict[str, Any]:
    return {
        "calm_hours": last_hours.hours,
        "calm_observed": last_hours.observed,
        "calm_expected": round(last_hours.expected, 2),
    }
