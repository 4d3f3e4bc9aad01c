"""What `marsad check` says of the page that it fetched of a source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import checks
from benchmarks.payloads.run import settings_with
from config.settings import Source
from storage.records import Author, FetchEvent, FetchStatus, Mention, MentionKind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def source(**options: Any) -> Source:
    return settings_with({"name": "a", "kind": "feed", "url": "https://example.com/rss", **options}).sources[
        0
    ]


def event(**changed: Any) -> FetchEvent:
    return FetchEvent(**{"source": "a", "at": NOW, "status": FetchStatus.OK, "next_due": NOW, **changed})


def mention(number: int, **changed: Any) -> Mention:
    given = {"external_id": str(number), "text": "x", "published_at": NOW.replace(day=number), **changed}
    return Mention(source="a", kind=MentionKind.REVIEW, collected_at=NOW, **given)


def would_keep(entry: Source, visit: FetchEvent, *found: Mention) -> str:
    return "; ".join(checks._would_keep(entry, visit, found))


def test_it_counts_items_authors_and_ratings_and_names_the_newest_date() -> None:
    found = (
        mention(3, title="ممتاز", rating=5.0, author=Author(platform="web", handle="a")),
        mention(9),
    )
    visit = event(fill_rates={"author": 0.5, "rating": 0.5, "date": 1.0, "text": 1.0})
    told = would_keep(source(), visit, *found)
    assert told == '2 items, newest 2026-11-09, 1 with author, 1 with rating; "ممتاز"'


def test_it_tells_the_budget_of_a_day_and_that_a_kind_is_beta() -> None:
    assert would_keep(source(requests_a_day=9), event(requests=2)) == "0 items; 2 of 9 requests a day"
    alerts = settings_with({"name": "a", "kind": "google_alerts", "feeds": ["https://example.com/1"]})
    assert "; beta, built on" in would_keep(alerts.sources[0], event())


def test_it_says_of_a_postponed_visit_until_when() -> None:
    visit = event(status=FetchStatus.POSTPONED)
    assert would_keep(source(), visit) == "0 items; postponed until 2026-11-24 12:00 UTC"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\n b\x1b[31m\u202ec", "a b[31mc"), ("x" * 60, "x" * 60), ("x" * 61, "x" * 59 + "…"), ("", "")],
)
def test_an_excerpt_is_one_short_line_that_steers_no_terminal(text: str, shown: str) -> None:
    assert checks._excerpt(mention(1, text=text)) == shown
