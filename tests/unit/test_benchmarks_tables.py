"""The tables that benchmarks print: rates, ratios to a baseline, and what was not measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import tables
from benchmarks.tables import Row, Table, each, spread, timed

ROOT = Path(__file__).parents[2]
ROWS = (
    Row("tweets", "ours", 40, (0.5, None), 300.0),
    Row("tweets", "theirs", 40, (0.25, 1.0), 150.0),
    Row("reviews", "ours", 1200, (0.75, 0.5), None),
)
TABLE = Table("Feelings", ("macro-F1", "accuracy"), ROWS, "theirs")


def test_a_ratio_is_to_the_baseline_on_the_same_texts() -> None:
    assert TABLE.ratio(ROWS[0]) == 2.0
    assert TABLE.ratio(ROWS[1]) == 1.0


def test_there_is_no_ratio_without_both_rates() -> None:
    assert TABLE.ratio(ROWS[2]) is None
    assert TABLE.ratio(Row("reviews", "ours", 3, (), 5.0)) is None
    assert Table("Alone", (), ROWS).ratio(ROWS[0]) is None


def test_a_table_shows_each_row_under_its_columns_and_a_dash_for_what_is_not_known() -> None:
    title, header, first, second, third = TABLE.lines()
    assert title.strip() == "Feelings"
    assert header.split() == ["texts", "macro-F1", "accuracy", "texts/s", "of", "theirs"]
    assert first.split() == ["tweets", "ours", "40", "0.500", "–", "300", "2.00"]
    assert second.split() == ["tweets", "theirs", "40", "0.250", "1.000", "150", "1.00"]
    assert third.split() == ["reviews", "ours", "1,200", "0.750", "0.500", "–"]
    assert header.index("macro-F1") + len("macro-F1") == first.index("0.500") + len("0.500")


def test_the_clock_counts_all_texts_and_not_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = 0.0

    def take(text: str) -> str:
        nonlocal spent
        spent += 0.25
        return text.upper()

    monkeypatch.setattr(tables.time, "process_time", lambda: spent)
    answers, rate = timed(["a"] * 100, each(take))
    assert answers == ["A"] * 100
    assert rate == pytest.approx(4.0)
    assert spent == (100 + tables.WARM_UP) * 0.25


def test_the_peak_of_memory_is_this_programs_own_and_keeps_what_was_given_back() -> None:
    program = (
        "from benchmarks.worker_cost import peak_memory; before = peak_memory(); held = b'x' * 100_000_000;"
        "del held; print(before, peak_memory())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = map(float, answer.stdout.split())
    assert before < 60
    assert 90 < after - before < 120


@given(st.lists(st.integers(), max_size=60), st.one_of(st.none(), st.integers(1, 70)))
def test_a_spread_keeps_the_order_takes_no_item_twice_and_reaches_to_the_end(
    items: list[int], most: int | None
) -> None:
    chosen = spread([*enumerate(items)], most)
    places = [place for place, _ in chosen]
    assert places == sorted(set(places))
    assert len(places) == (len(items) if most is None else min(most, len(items)))
    assert not places or len(items) - places[-1] <= -(-len(items) // len(places))
