"""The numbers of a digest, each with the ids of the mentions it was counted from. Pure.

A figure is `{"value", "ids", "before": {"value", "ids"}, "change", "usual"}`: this week, last week, their
difference, and the mean of the earlier weeks of the trend. `before`, `change` and `usual` are None where
there is no earlier week to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from statistics import fmean
from typing import Any, Final

from alerts.digest_period import Period
from alerts.digest_reads import Counted
from alerts.digest_statistics import wilson
from storage.records import MentionKind, SentimentLabel

Figure = dict[str, Any]

NOT_JUDGED: Final = "not_judged"
_LABELS: Final = (str(SentimentLabel.NEGATIVE), str(SentimentLabel.NEUTRAL), str(SentimentLabel.POSITIVE))
TONES: Final = (*_LABELS, NOT_JUDGED)


@dataclass(frozen=True, slots=True)
class Weeks:
    """A brand's mentions: this week's, and those of the earlier weeks, the last one first.

    `earlier` is empty where nothing is known of the weeks before.
    """

    now: Sequence[Counted]
    earlier: Sequence[Sequence[Counted]]

    def only(self, wanted: Callable[[Counted], bool]) -> Weeks:
        """Return the mentions that fit."""
        return Weeks([m for m in self.now if wanted(m)], [[m for m in w if wanted(m)] for w in self.earlier])


def split_weeks(rows: Sequence[Counted], period: Period, earlier: Sequence[Period]) -> Weeks:
    """Return rows by week; `earlier` are the earlier periods, the last one first."""

    def within(week: Period) -> list[Counted]:
        return [row for row in rows if week.start <= row.at < week.end]

    return Weeks(within(period), [within(week) for week in earlier])


def _plain(rows: Sequence[Counted], measure: Callable[[Sequence[Counted]], float | None]) -> Figure:
    return {"value": measure(rows), "ids": [row.id for row in rows]}


def figure(weeks: Weeks, measure: Callable[[Sequence[Counted]], float | None] = len) -> Figure:
    """Return this week's measure of the mentions beside last week's and the usual."""
    shown = _plain(weeks.now, measure)
    before = _plain(weeks.earlier[0], measure) if weeks.earlier else None
    usual = [value for week in weeks.earlier if (value := measure(week)) is not None]
    known = before is not None and before["value"] is not None and shown["value"] is not None
    return {
        **shown,
        "before": before,
        "change": shown["value"] - before["value"] if before is not None and known else None,
        "usual": fmean(usual) if usual else None,
    }


def tone(row: Counted) -> str:
    """Return negative, neutral, positive or not_judged."""
    return row.sentiment if row.sentiment in _LABELS else NOT_JUDGED


def sentiment(weeks: Weeks) -> dict[str, Figure]:
    """Return a figure for each tone; their values add up to the volume."""
    return {name: figure(weeks.only(lambda row, name=name: tone(row) == name)) for name in TONES}  # type: ignore[misc]


def _net(rows: Sequence[Counted]) -> float | None:
    tones = [tone(row) for row in rows]
    return (tones.count("positive") - tones.count("negative")) / len(tones) if tones else None


def net_sentiment(weeks: Weeks) -> Figure:
    """Return (positive − negative) / judged, −1…1; None where nothing was judged."""
    return figure(weeks.only(lambda row: tone(row) != NOT_JUDGED), _net)


def reach(weeks: Weeks) -> Figure:
    """Return how many people may have seen the mentions whose reach is known; None where none is."""
    known = weeks.only(lambda row: row.reach is not None)
    return figure(known, lambda rows: sum(row.reach or 0 for row in rows) if rows else None)


def _stars(rows: Sequence[Counted]) -> float | None:
    return fmean(row.stars for row in rows if row.stars is not None) if rows else None


def reviews(weeks: Weeks) -> dict[str, Any]:
    """Return count and average of the reviews, altogether and by site, busiest site first.

    Ratings are on a scale of five, whatever the site's own scale; an average rests on the reviews with
    a rating only.
    """
    written = weeks.only(lambda row: row.kind == str(MentionKind.REVIEW))

    def both(part: Weeks) -> dict[str, Figure]:
        return {
            "count": figure(part),
            "average": figure(part.only(lambda row: row.stars is not None), _stars),
        }

    names = sorted({row.source for week in (written.now, *written.earlier[:1]) for row in week})
    sites: list[dict[str, Any]] = [
        {"site": name, **both(written.only(lambda row, name=name: row.source == name))}  # type: ignore[misc]
        for name in names
    ]
    sites.sort(key=lambda site: (-site["count"]["value"], site["site"]))
    return {"of": 5, **both(written), "sites": sites}


def trend(rows: Iterable[Counted], days: Sequence[date], zone: tzinfo) -> list[dict[str, Any]]:
    """Return, for each of the readers' days, how many mentions of each tone there were."""
    found: dict[date, dict[str, list[int]]] = {day: {name: [] for name in TONES} for day in days}
    for row in rows:
        # Where clocks go back over midnight, an hour of the first day still shows the date before it.
        day = max(row.at.astimezone(zone).date(), days[0])
        if day in found:
            found[day][tone(row)].append(row.id)
    return [
        {"day": day.isoformat(), **{name: {"value": len(ids), "ids": ids} for name, ids in tones.items()}}
        for day, tones in found.items()
    ]


def share_of_voice(own: str, weeks: Mapping[str, Weeks]) -> list[dict[str, Any]]:
    """Return each brand's share of all mentions of these brands, largest first, with its 95 % interval.

    A mention that names two brands counts for both. `low` and `high` bound the share (Wilson), 0…1.
    """
    total = sum(len(part.now) for part in weeks.values())
    total_before = sum(len(part.earlier[0]) for part in weeks.values() if part.earlier)
    shares = []
    for brand, part in weeks.items():
        low, high = wilson(len(part.now), total)
        share = len(part.now) / total if total else None
        before = len(part.earlier[0]) / total_before if part.earlier and total_before else None
        shares.append(
            {"brand": brand, "own": brand == own, **figure(part), "share": share, "low": low, "high": high}
            | {"share_before": before}
        )
    return sorted(shares, key=lambda entry: (-entry["value"], entry["brand"]))
