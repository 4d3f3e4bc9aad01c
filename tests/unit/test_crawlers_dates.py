"""Dates as pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel.dates import format_datetime
from hypothesis import given
from hypothesis import strategies as st

from crawlers.dates import parse_moment, plain_digits

READ = [
    ("2024-03-12", (2024, 3, 12)),
    ("2024-3-2", (2024, 3, 2)),
    ("2024-03-12T10:11:12+03:00", (2024, 3, 12, 7, 11, 12)),
    ("2020-06-03T03:01+0400", (2020, 6, 2, 23, 1)),
    ("2020-02-18 T 07:20:50 +0330", (2020, 2, 18, 3, 50, 50)),
    ("2015-05-03T18:51:50.123Z", (2015, 5, 3, 18, 51, 50)),
    ("2020-03-17 10:44", (2020, 3, 17, 10, 44)),
    ("20201224T235950Z", (2020, 12, 24, 23, 59, 50)),
    ("12 March 2024", (2024, 3, 12)),
    ("March 12, 2024 at 5:30 PM", (2024, 3, 12, 17, 30)),
    ("12:05 am, 3 Sept 2021", (2021, 9, 3, 0, 5)),
    ("Thursday, September 29, 2016", (2016, 9, 29)),
    ("Fri May 06 16:15:12 -0700 2011", (2011, 5, 6, 23, 15, 12)),
    ("Tue, 14 Jul 2026 03:33:16 GMT", (2026, 7, 14, 3, 33, 16)),
    ("Thu, 07 Dec 17 10:00:29 -0800", (2017, 12, 7, 18, 0, 29)),
    ("12 مارس 2024", (2024, 3, 12)),
    ("١٢ كانون الثاني ٢٠٢٤", (2024, 1, 12)),
    ("12 كانون الأول، 2023", (2023, 12, 12)),
    ("3 أيار/مايو 2021", (2021, 5, 3)),
    ("12 تشرين الأول 2020 الساعة 5:04 م", (2020, 10, 12, 17, 4)),
    ("الثلاثاء 3 غشت 2021", (2021, 8, 3)),
    ("7 جانفي 2022", (2022, 1, 7)),
    ("۱۲ مارس ۲۰۲۴", (2024, 3, 12)),
    ("le 3 août 2021", (2021, 8, 3)),
    ("Kundenrezension vom 12. Mai 2020", (2020, 5, 12)),
    ("21/10/2016", (2016, 10, 21)),
    ("8/24/2020 09:23 AM", (2020, 8, 24, 9, 23)),
    ("7/7/2020", (2020, 7, 7)),
    ("1700000000", (2023, 11, 14, 22, 13, 20)),
    (1700000000000, (2023, 11, 14, 22, 13, 20)),
]
UNREAD = [
    *("", "   ", "yesterday", "2 weeks ago", "منذ أسبوعين", "May 2021", "2021", "0000-00-00", "30.02.2020"),
    *("03/04/2024", "12 Foo 2024", "99 March 2024", None, True, [], "1" * 5000, "-"),
]


@pytest.mark.parametrize(("written", "parts"), READ, ids=[str(written) for written, _ in READ])
def test_a_certain_date_is_read_as_utc(written: object, parts: tuple[int, ...]) -> None:
    assert parse_moment(written) == datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("written", UNREAD, ids=lambda written: str(written)[:20])
def test_what_is_not_certain_is_none(written: object) -> None:
    assert parse_moment(written) is None


@pytest.mark.parametrize(
    ("language", "day", "month"), [("fr", 3, 4), ("ar-SA", 3, 4), ("en-US", 4, 3), ("en-GB", 3, 4)]
)
def test_the_page_s_language_decides_the_order_of_day_and_month(language: str, day: int, month: int) -> None:
    assert parse_moment("03/04/2024", language=language) == datetime(2024, month, day, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "xx-bogus", "", "not a tag"])
def test_an_order_nobody_can_know_gives_none(language: str) -> None:
    assert parse_moment("03/04/2024", language=language) is None


@given(
    st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2090, 1, 1)),  # noqa: DTZ001
    st.integers(min_value=-12 * 60, max_value=14 * 60),
)
def test_iso_times_survive_in_every_zone(moment: datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_moment(aware.isoformat()) == aware


@given(
    st.dates(min_value=datetime(1991, 1, 1).date(), max_value=datetime(2090, 1, 1).date()),  # noqa: DTZ001
    st.sampled_from(
        ["ar_EG", "ar_LB", "ar_IQ", "ar_MA", "ar_DZ", "en_US", "fr_FR", "de_DE", "es_ES", "he_IL"]
    ),
    st.sampled_from(["d MMMM y", "MMMM d, y", "EEEE d MMMM y"]),
)
def test_every_locale_s_long_date_is_read_back(day: object, locale: str, pattern: str) -> None:
    moment = datetime.combine(day, datetime.min.time(), UTC)  # type: ignore[arg-type]
    assert parse_moment(format_datetime(moment, pattern, locale=locale)) == moment


@given(st.text(max_size=300))
def test_no_text_breaks_it(written: str) -> None:
    found = parse_moment(written, language="ar")
    assert found is None or found.tzinfo is UTC


def test_digits_of_every_script_are_plain() -> None:
    assert plain_digits("٤٫٥ من ٥، ۱۲۳ १२") == "4.5 من 5, 123 12"
