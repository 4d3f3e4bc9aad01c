"""Numbers, dates and plurals as a reader of each language expects them."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.render import locale

MENTIONS = {
    "zero": "لا إشارات",
    "one": "إشارة واحدة",
    "two": "إشارتان",
    "few": "{n} إشارات",
    "many": "{n} إشارة",
    "other": "{n} إشارة",
}


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "لا إشارات"),
        (1, "إشارة واحدة"),
        (2, "إشارتان"),
        (3, "3 إشارات"),
        (10, "10 إشارات"),
        (11, "11 إشارة"),
        (100, "100 إشارة"),
        (103, "103 إشارات"),
        (1011, "1,011 إشارة"),
    ],
)
def test_arabic_counts_take_the_form_of_their_number(n: int, expected: str) -> None:
    assert locale.plural("ar", n, MENTIONS) == expected


def test_a_missing_category_falls_back_to_other() -> None:
    assert locale.plural("en", 1, {"other": "{n} posts"}) == "1 posts"


def test_signed_numbers_keep_their_sign_in_front_in_a_right_to_left_line() -> None:
    assert locale.number("ar", 12, sign=True) == "\u200e+12"
    assert locale.percent("ar", -0.5, sign=True) == "\u200e-50%"
    assert locale.number("ar", -0.2, sign=True) == "0"


@given(st.integers(-(10**9), 10**9), st.sampled_from(["ar", "en"]), st.booleans())
def test_a_formatted_number_reads_back_as_itself(n: int, language: str, sign: bool) -> None:
    shown = locale.number(language, n, sign=sign)
    assert int(shown.replace("\u200e", "").replace(",", "")) == n


def test_dates_carry_the_month_name_of_the_language() -> None:
    day = dt.date(2026, 11, 22)
    assert locale.date("ar", day, "weekday") == "الأحد، 22 نوفمبر"
    assert locale.date("en", day, "full") == "November 22, 2026"
    assert locale.days("en", dt.date(2026, 12, 27), dt.date(2027, 1, 2)) == "Dec 27, 2026 – Jan 2, 2027"


def test_moments_are_shown_in_the_readers_zone() -> None:
    shown = locale.moment("en", datetime(2026, 11, 22, 22, 30, tzinfo=UTC), ZoneInfo("Asia/Riyadh"))
    assert shown == "Mon, Nov 23, 1:30\u00a0AM"
