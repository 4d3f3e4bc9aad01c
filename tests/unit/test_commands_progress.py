"""Bars show the share of time that a first visit has read, on a terminal alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from commands.progress import bars, share_read
from crawlers.items import Checkpoint

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GOAL = NOW - timedelta(days=30)


@pytest.mark.parametrize(("days_back", "share"), [(0, 0.0), (15, 0.5), (30, 1.0), (40, 1.0), (-3, 0.0)])
def test_the_share_is_of_the_time_between_now_and_the_goal(days_back: int, share: float) -> None:
    assert share_read(NOW, NOW - timedelta(days=days_back), GOAL) == share


def test_a_goal_that_is_not_in_the_past_is_reached() -> None:
    assert share_read(NOW, NOW, NOW) == 1.0


def test_a_source_with_a_goal_has_a_bar_and_one_without_has_none() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with bars(lambda: NOW, console) as progress:
        assert progress is not None
        progress("[b]news", 40, Checkpoint({}, NOW - timedelta(days=15), GOAL))
        progress("quiet", 3, Checkpoint({}))
    assert "[b]news" in screen.getvalue()
    assert "40 items, back to 2026-11-09 of 2026-10-25" in screen.getvalue()
    assert "quiet" not in screen.getvalue()


def test_without_a_terminal_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with bars(lambda: NOW) as progress:
        assert progress is None
    assert capsys.readouterr().err == ""
