"""Sources that answer and are ill all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.symptoms import symptoms
from storage.records import FetchEvent, FetchStatus

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def visit(items: int = 20, status: FetchStatus = FetchStatus.OK, **filled: float) -> FetchEvent:
    rates = {"author": 1.0, "date": 1.0, "rating": 0.0, "text": 1.0, **filled} if items else {}
    return FetchEvent(source="x", at=NOW, status=status, next_due=NOW, items_seen=items, fill_rates=rates)


WELL = [visit() for _ in range(8)]
ALL = {"author": 1.0, "date": 1.0, "rating": 0.0, "text": 1.0}


def test_all_as_usual_is_no_symptom():
    assert symptoms(18, ALL, WELL) == ()


def test_nothing_where_there_usually_is_something():
    assert symptoms(0, {}, WELL) == ("it gave nothing, and usually gives 20 items",)


def test_nothing_where_there_often_is_nothing():
    assert symptoms(0, {}, [*WELL, *[visit(0) for _ in range(4)]]) == ()


@pytest.mark.parametrize("field", ["author", "date", "text"])
def test_a_field_gone_empty(field):
    (words,) = symptoms(18, {**ALL, field: 0.0}, WELL)
    assert field in words
    assert "100%" in words


def test_a_field_that_never_was_is_not_missed():
    assert symptoms(18, ALL, WELL) == ()
    assert symptoms(18, {**ALL, "rating": 0.0}, [visit(rating=0.9) for _ in range(5)]) != ()


def test_a_field_that_some_items_still_have_is_not_gone():
    assert symptoms(18, {**ALL, "author": 0.1}, WELL) == ()


def test_two_items_prove_nothing():
    assert symptoms(2, {"text": 1.0}, WELL) == ()


def test_without_a_past_nothing_is_said():
    assert symptoms(0, {}, WELL[:3]) == ()
    assert symptoms(0, {}, [visit(status=FetchStatus.FAILED) for _ in range(9)]) == ()
    assert symptoms(0, {}, [visit(0, FetchStatus.UNCHANGED) for _ in range(9)]) == ()


def test_ill_visits_are_no_measure_of_what_is_usual():
    from dataclasses import replace

    ill = [replace(visit(0), symptoms=("it gave nothing",)) for _ in range(15)]
    assert symptoms(0, {}, [*WELL[:5], *ill]) != ()
