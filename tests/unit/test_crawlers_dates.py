"""Dates as pages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from time import perf_counter

import pytest
from babel.dates import format_datetime, format_timedelta
from hypothesis import given
from hypothesis import strategies as st

from crawlers.dates import believed, parse_moment, plain_digits
from crawlers.hijri_dates import gregorian

WORDS = [
    "منذ ",
    "قبل ",
    "ساعة",
    " يوم",
    "ago",
    " days",
    "محرم",
    "1445",
    "هـ",
    "يوليو",
    "2023",
    "GMT",
    "الساعة ",
    "أمس",
]

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
    ("1700000000000000", (2023, 11, 14, 22, 13, 20)),
    (1700000000.25, (2023, 11, 14, 22, 13, 20)),
    ("/Date(1700000000000)/", (2023, 11, 14, 22, 13, 20)),
    ("20240312T101112.123Z", (2024, 3, 12, 10, 11, 12)),
    ("2024-03-12T10:11:12+01:00[Europe/Paris]", (2024, 3, 12, 9, 11, 12)),
    ("2024-03-12T10:11:12\u221203:00", (2024, 3, 12, 13, 11, 12)),
    ("2024-03-12 05:04 مساءً", (2024, 3, 12, 17, 4)),
    ("Tue, 14 Jul 2020 03:33:16 UT", (2020, 7, 14, 3, 33, 16)),
    ("Tue, 14 Jul 2020 03:33:16 GMT+5:30", (2020, 7, 13, 22, 3, 16)),
    ("Tue, 14 Jul 2020 03:33:16 +03", (2020, 7, 14, 0, 33, 16)),
    ("12 يوليه 2020 5:04 مساءً بتوقيت السعودية", (2020, 7, 12, 14, 4)),
    ("12 مارس 2024، الساعة 8 صباحًا بتوقيت غرينتش", (2024, 3, 12, 8)),
    ("12 مارس 2024 - 12:30 ظهرًا", (2024, 3, 12, 12, 30)),
    ("12 مارس 2024 - 12:30 ليلًا", (2024, 3, 12, 0, 30)),
    ("30 يوليو 2023م", (2023, 7, 30)),
    ("5 كانون ثاني 2022", (2022, 1, 5)),
    ("الجمعة 2 شتنبر 2022", (2022, 9, 2)),
    ("4 نونبر 2022", (2022, 11, 4)),
    ("12 دجنبر 2022", (2022, 12, 12)),
    ("3 فيفري 2022", (2022, 2, 3)),
    ("3 جويلية 2022 على الساعة 14h30", (2022, 7, 3, 14, 30)),
    ("3 أوت 2022", (2022, 8, 3)),
    ("12 محرم 1445هـ", (2023, 7, 30)),
    ("١٢ محرّم ١٤٤٥ هـ الموافق ٣٠ يوليو ٢٠٢٣م", (2023, 7, 30)),
    ("الأحد 14 محرم 1445 - 30 تموز 2023", (2023, 7, 30)),
    ("محرم ١٢، ١٤٤٥ هـ", (2023, 7, 30)),
    ("12/01/1445هـ", (2023, 7, 30)),
    ("1445-01-12 هـ", (2023, 7, 30)),
    ("29 ذو الحجة 1445 هـ 10:30 مساءً", (2024, 7, 5, 22, 30)),
    ("15 رمضان 1444", (2023, 4, 6)),
]
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FROM_NOW = [
    ("منذ ساعتين", (2026, 3, 10, 10)),
    ("منذ دقيقة", (2026, 3, 10, 11, 59)),
    ("قبل ٣ أيام", (2026, 3, 7, 12)),
    ("قبل 13 يومًا", (2026, 2, 25, 12)),
    ("منذ أسبوعين", (2026, 2, 24, 12)),
    ("منذ شهرين", (2026, 1, 10, 12)),
    ("منذ عامين", (2024, 3, 10, 12)),
    ("نُشر منذ ثلاث ساعات", (2026, 3, 10, 9)),
    ("قبل ساعة و 20 دقيقة", (2026, 3, 10, 10, 40)),
    ("منذ سنة واحدة", (2025, 3, 10, 12)),
    ("أمس", (2026, 3, 9)),
    ("أمس الساعة 5:04 م", (2026, 3, 9, 17, 4)),
    ("أول أمس", (2026, 3, 8)),
    ("اليوم، 08:00 ص", (2026, 3, 10, 8)),
    ("الآن", (2026, 3, 10, 12)),
    ("3 hours ago", (2026, 3, 10, 9)),
    ("an hour ago", (2026, 3, 10, 11)),
    ("Reviewed 3 weeks ago", (2026, 2, 17, 12)),
    ("1 month ago", (2026, 2, 10, 12)),
    ("Yesterday at 5:30 PM", (2026, 3, 9, 17, 30)),
    ("Today 01:00 +03:00", (2026, 3, 9, 22)),
    ("2h", (2026, 3, 10, 10)),
    ("5 min", (2026, 3, 10, 11, 55)),
    ("il y a 2 jours", (2026, 3, 8, 12)),
    ("Il y a une heure", (2026, 3, 10, 11)),
    ("hier à 14h30", (2026, 3, 9, 14, 30)),
    ("avant-hier", (2026, 3, 8)),
    ("aujourd’hui", (2026, 3, 10)),
    ("11 مارس", (2026, 3, 11)),
    ("December 24", (2025, 12, 24)),
]
NOT_FROM_NOW = [
    *("اليوم السابع", "منذ عام 2020", "منذ شهر مارس", "منذ يوم الأحد", "يوم", "سنة", "5 years", "in 3 days"),
    *(
        "بعد ساعتين",
        "an",
        "yesterday 25:00",
        "أمس 10:75",
        "today GMT-30",
        "9999 years ago",
        "منذ ٩٩٩٩ سنة",
        "مارس",
        "29 فبراير 13",
    ),
]
DOUBTED = ["2026-03-12", "2030-01-01", "1989-12-31", "1970-01-01", "1900000000", "12 محرم 1450 هـ"]
UNREAD = [
    *("", "   ", "yesterday", "2 weeks ago", "منذ أسبوعين", "May 2021", "2021", "0000-00-00", "30.02.2020"),
    *("03/04/2024", "12 Foo 2024", "99 March 2024", None, True, [], "1" * 5000, "-"),
    *("1445-01-12", "30 محرم 1445 هـ", "12 محرم 1399 هـ", "محرم 1445", "رمضان كريم 12", "12 مارس"),
    *(10**4000, float("nan"), float("inf"), "1985-01-01", "31 Dec 1989"),
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


@pytest.mark.parametrize(("written", "parts"), FROM_NOW, ids=[written for written, _ in FROM_NOW])
def test_what_is_told_from_now_is_read_where_now_is_known(written: str, parts: tuple[int, ...]) -> None:
    assert parse_moment(written, now=NOW) == datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
    assert parse_moment(written) is None


@pytest.mark.parametrize("written", NOT_FROM_NOW)
def test_words_that_only_look_so_are_no_date(written: str) -> None:
    assert parse_moment(written, now=NOW) is None


@pytest.mark.parametrize("written", DOUBTED)
def test_what_cannot_be_true_is_not_believed(written: str) -> None:
    assert parse_moment(written, now=NOW) is None


def test_a_day_is_allowed_for_wrong_clocks() -> None:
    assert believed(NOW + timedelta(hours=24), NOW) == NOW + timedelta(hours=24)
    assert believed(NOW + timedelta(hours=24, seconds=1), NOW) is None
    assert believed(NOW + timedelta(days=400)) == NOW + timedelta(days=400)


@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=6)),
    st.sampled_from(["ar", "ar_EG", "en", "fr"]),
    st.sampled_from(["long", "short"]),
)
def test_every_span_that_cldr_words_is_read_back(span: timedelta, locale: str, width: str) -> None:
    words = format_timedelta(-span, locale=locale, add_direction=True, format=width, threshold=1)
    found = parse_moment(words, now=NOW)
    assert found is not None, words
    off = abs((NOW - found) - span)
    assert off <= max(timedelta(seconds=1), span * 0.5)


@given(st.integers(1410, 1500), st.integers(1, 12), st.integers(1, 29))
def test_days_of_the_hijri_calendar_follow_one_another(year: int, month: int, day: int) -> None:
    this, following = gregorian(year, month, day), gregorian(year, month, day + 1)
    if following is None:
        following = gregorian(year, month + 1, 1) if month < 12 else gregorian(year + 1, 1, 1)
    if (year, month, day) == (1500, 12, 29):
        return
    assert this is not None and following is not None
    assert following - this == timedelta(days=1)


@pytest.mark.parametrize(
    ("hijri", "day"),
    [
        ((1410, 1, 1), (1989, 8, 2)),
        ((1421, 9, 1), (2000, 11, 27)),
        ((1434, 12, 10), (2013, 10, 15)),
        ((1442, 10, 1), (2021, 5, 13)),
        ((1446, 9, 1), (2025, 3, 1)),
        ((1447, 1, 1), (2025, 6, 26)),
        ((1500, 12, 1), (2077, 10, 18)),
    ],
)
def test_days_that_the_official_calendar_published(
    hijri: tuple[int, int, int], day: tuple[int, int, int]
) -> None:
    assert gregorian(*hijri) == date(*day)


@given(
    st.lists(st.sampled_from([*"0123456789٣۴:/-+.,TZصم ", *WORDS]), max_size=12).map("".join),
    st.sampled_from(["ar", "en-US", None]),
)
def test_pieces_of_dates_in_any_order_are_survived(written: str, language: str | None) -> None:
    found = parse_moment(written, language=language, now=NOW)
    assert found is None or believed(found, NOW) == found


@given(st.text(max_size=300))
def test_no_text_breaks_it(written: str) -> None:
    found = parse_moment(written, language="ar")
    assert found is None or found.tzinfo is UTC


def test_digits_of_every_script_are_plain() -> None:
    assert plain_digits("٤٫٥ من ٥، ۱۲۳ १२") == "4.5 من 5, 123 12"


def test_a_number_too_long_to_be_written_is_survived() -> None:
    assert parse_moment(10**5000) is None


@pytest.mark.parametrize(
    "unit", ["منذ ", "يومين ", "1 يوم ", "1 د ", "قبل ", "a day ", "و ", "1.", "محرم 1 ", "a "]
)
def test_no_repetition_takes_long(unit: str) -> None:
    begun = perf_counter()
    for written in (unit * 100, "منذ " + unit * 100, unit * 30 + "x", unit * 30 + " ago", "1" * 200):
        parse_moment(written, now=NOW, language="ar")
    assert perf_counter() - begun < 1
