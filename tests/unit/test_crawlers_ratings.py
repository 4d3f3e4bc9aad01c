"""Ratings as pages write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.ratings import Rating, count_in, number_in, parse_rating

TABLE = [
    ("4", {}, (4, 5)),
    (5, {}, (5, 5)),
    (4.5, {}, (4.5, 5)),
    ("4,5", {}, (4.5, 5)),
    ("4.5/5", {}, (4.5, 5)),
    ("٤٫٥", {}, (4.5, 5)),
    ("٤ من ٥", {}, (4, 5)),
    ("4 out of 5 stars", {}, (4, 5)),
    ("4,0 von 5 Sternen", {}, (4, 5)),
    ("تقييم ٣ من أصل ٥ نجوم", {}, (3, 5)),
    ("8/10", {"best": "5"}, (8, 10)),
    ("9", {"best": "10"}, (9, 10)),
    ("4", {"best": 10}, (4, 10)),
    ("4", {"usual_scale": 10.0}, (4, 10)),
    ("40", {"usual_scale": 10.0}, (40, 100)),
    ("8.7", {}, (8.7, 10)),
    ("87", {}, (87, 100)),
    ("90%", {}, (90, 100)),
    ("0%", {}, (0, 100)),
    ("★★★★☆", {}, (4, 5)),
    ("★★★", {}, (3, 5)),
    ("5 stars", {}, (5, 5)),
    ("0", {"worst": "0"}, (0, 5)),
    ("0", {}, None),
    ("0", {"worst": "1"}, None),
    ("-1", {}, None),
    ("7", {"best": "5"}, None),
    ("500", {}, None),
    ("3", {"best": "0"}, (3, 5)),
    ("-1", {"worst": "-1"}, None),
    ("excellent", {}, None),
    ("", {}, None),
    (None, {}, None),
    (True, {}, None),
    ("NaN", {}, None),
]


@pytest.mark.parametrize(("written", "given_", "expected"), TABLE, ids=[str(row[:2]) for row in TABLE])
def test_a_rating_keeps_its_published_scale(
    written: object, given_: dict[str, object], expected: tuple[float, float] | None
) -> None:
    found = parse_rating(written, **given_)  # type: ignore[arg-type]
    assert found == (Rating(*expected) if expected else None)


@given(st.text(max_size=50), st.text(max_size=10), st.text(max_size=10))
def test_a_rating_is_always_within_its_scale(written: str, best: str, worst: str) -> None:
    found = parse_rating(written, best=best, worst=worst)
    assert found is None or 0 <= found.value <= found.scale <= 1000


def test_the_first_number_counts() -> None:
    assert number_in("4,5 of 12 ratings") == 4.5
    assert number_in("none") is None


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1٬234 تقييم", 1234),
        ("١٢٣٤", 1234),
        ("1.234.567", 1234567),
        ("12 ratings", 12),
        ("0", 0),
        ("none", None),
    ],
)
def test_counts_are_read_with_their_thousands(written: str, count: int | None) -> None:
    assert count_in(written) == count
