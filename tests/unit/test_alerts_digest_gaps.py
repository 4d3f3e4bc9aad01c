"""What counts as a gap in collection, and what is too short to be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.digest_gaps import Gap, GapReason, gaps_of, told
from storage.records import FetchEvent, FetchStatus

START = datetime(2026, 11, 15, tzinfo=UTC)
END = START + timedelta(days=7)
OK, FAILED = FetchStatus.OK, FetchStatus.FAILED


def visits(*seen: tuple[float, FetchStatus], every: float = 1) -> list[FetchEvent]:
    """Return visits so many hours after the start, each due again after `every` hours."""
    return [
        FetchEvent(
            source="news",
            at=START + timedelta(hours=hour),
            status=status,
            next_due=START + timedelta(hours=hour + every),
            error="refused" if status is FAILED else None,
        )
        for hour, status in seen
    ]


def every_hour(but: range, status: FetchStatus | None) -> list[FetchEvent]:
    """Return a visit every hour; those in `but` have another status, or did not happen."""
    hours = [(hour, status if hour in but else OK) for hour in range(-2, 168)]
    return visits(*[(hour, found) for hour, found in hours if found is not None])


def test_a_source_read_all_week_has_no_gap() -> None:
    assert gaps_of(every_hour(range(0), OK), START, END) == []


def test_an_outage_lasts_from_the_first_failure_to_the_next_good_visit() -> None:
    gaps = gaps_of(every_hour(range(10, 15), FAILED), START, END)
    assert gaps == [
        Gap(START + timedelta(hours=10), START + timedelta(hours=15), GapReason.FAILING, "refused")
    ]


def test_an_outage_that_began_before_the_week_counts_from_its_beginning() -> None:
    gaps = gaps_of(every_hour(range(-2, 5), FAILED), START, END)
    assert [(gap.start, gap.end) for gap in gaps] == [(START, START + timedelta(hours=5))]


def test_a_failure_that_the_next_visit_made_good_is_not_told() -> None:
    assert gaps_of(visits((0, OK), (1, FAILED), (1.5, OK), every=200), START, END) == []


def test_when_nobody_fetched_for_a_day_it_is_said_and_for_an_hour_it_is_not() -> None:
    assert gaps_of(every_hour(range(10, 12), None), START, END) == []
    (gap,) = gaps_of(every_hour(range(10, 34), None), START, END)
    assert gap == Gap(START + timedelta(hours=10), START + timedelta(hours=34), GapReason.NOT_FETCHED, None)


def test_a_source_never_visited_is_one_gap_over_the_whole_week() -> None:
    (line,) = told({"news": []}, START, END)
    assert (line["hours"], line["whole"], line["reason"], line["attempts"]) == (168, True, "not_fetched", 0)


def test_the_worst_source_is_told_first_with_its_last_error() -> None:
    lines = told({"a": every_hour(range(10, 15), FAILED), "b": every_hour(range(10, 60), FAILED)}, START, END)
    assert [(line["source"], line["hours"], line["failed"], line["error"]) for line in lines] == [
        ("b", 50, 50, "refused"),
        ("a", 5, 5, "refused"),
    ]
