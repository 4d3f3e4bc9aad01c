"""What `marsad status` says of a source: its requests, what is left to read, and hosts that rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage import status
from storage.records import FetchEvent, FetchStatus
from storage.sources import SourceState
from storage.status import SourceHealth, SourceStatus, Status

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def told(source: SourceStatus, resting: dict[str, datetime] | None = None) -> list[str]:
    found = Status(NOW, [source], 0, 0, {}, {}, [], {}, resting=resting or {})
    return list(status.to_lines(found, UTC))


def source(cursor: dict[str, Any], **changed: Any) -> SourceStatus:
    event = FetchEvent(source="a", at=NOW, status=FetchStatus.OK, next_due=NOW + timedelta(hours=1))
    state = SourceState(source="a", cursor=cursor, last_ok_at=NOW, next_due=event.next_due)
    return SourceStatus("a", SourceHealth.OK, state, **{"last": event, **changed})


def test_requests_are_told_with_the_budget_where_there_is_one() -> None:
    assert told(source({}, requests_today=3, budget=500))[0].endswith(", 3 of 500 requests today")
    assert told(source({}, requests_today=1))[0].endswith(", 1 request today")
    assert "request" not in told(source({}))[0]


@pytest.mark.parametrize(
    ("cursor", "goal"),
    [
        ({}, None),
        ({"walks": None}, None),
        ({"walks": {"a": {"top": None, "gaps": []}}}, None),
        ({"walks": {"a": {"gaps": [["t", None]]}}}, None),
        (
            {
                "walks": {
                    "a": {"gaps": [["t", "2026-11-01T00:00:00+00:00"]]},
                    "b": {"gaps": [["u", "2026-10-01T00:00:00+00:00"]]},
                }
            },
            datetime(2026, 10, 1, tzinfo=UTC),
        ),
    ],
)
def test_what_is_left_to_read_is_the_furthest_gap(cursor: dict[str, Any], goal: datetime | None) -> None:
    found = source(cursor)
    assert found.unread_back_to == goal
    assert ("still to be read back to 2026-10-01 00:00" in told(found)[0]) == (goal is not None)


def test_hosts_that_rest_are_named_with_the_end_of_it() -> None:
    lines = told(source({}), {"api.example": NOW + timedelta(minutes=5)})
    assert "host api.example: asked us to wait until 2026-11-24 12:05" in lines


def test_a_postponed_visit_is_told_of_and_is_no_problem() -> None:
    event = FetchEvent(source="a", at=NOW, status=FetchStatus.POSTPONED, next_due=NOW)
    lines = told(source({}, last=event))
    assert ", postponed" in lines[0]
    assert not [line for line in lines if line.startswith("WRONG")]
