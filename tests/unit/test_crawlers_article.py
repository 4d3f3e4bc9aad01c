"""Articles: their text, and what their pages say of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.article import feed_links, read_article
from crawlers.errors import UnreadableError
from crawlers.pages import believable
from crawlers.text_of_html import text_of_html

URL = "https://rival.example/blog/workshop"
ENGLISH = (
    "The new workshop opens its doors on Monday, and everybody who repairs things at home may come in. " * 4
)
ARABIC = (
    "افتتحت الشركة ورشتها الجديدة في قلب المدينة، وهي متاحة لكل من يحب إصلاح الأشياء بنفسه في البيت. " * 4
)
PERSIAN = (
    "شرکت کارگاه تازه‌ای را در مرکز شهر گشود که برای همه کسانی که چیزها را خودشان تعمیر می‌کنند باز است. " * 4
)


def page(head: str = "", text: str = ENGLISH, lang: str = "en", body: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="{lang}"><head><title>Fallback</title>{head}</head><body>'
        f'<nav><a href="/">Home</a></nav><article><h1>Heading</h1>{body}<p>{text}</p><p>{text}</p></article>'
        "<footer>Imprint</footer></body></html>"
    ).encode()


def meta(**pairs: str) -> str:
    return "".join(
        f'<meta property="{key.replace("__", ":")}" content="{value}">' for key, value in pairs.items()
    )


def ld(**fields: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **fields})}</script>'


def test_the_main_text_is_read_and_the_rest_of_the_page_is_not() -> None:
    found = read_article(page(), URL, "text/html")
    assert "The new workshop opens its doors" in found.text
    assert "Imprint" not in found.text
    assert "Home" not in found.text


DATES = [
    (meta(article__published_time="2020-12-24T23:59:50+00:00"), (2020, 12, 24, 23, 59, 50)),
    (meta(article__published_time="2020-12-25T01:59:50+02:00"), (2020, 12, 24, 23, 59, 50)),
    (
        meta(article__published_time="2020-12-25") + ld(datePublished="2020-12-25T08:00:00+03:00"),
        (2020, 12, 25, 5),
    ),
    (ld(datePublished="2021-05-01T10:00:00Z", dateModified="2023-01-01T00:00:00Z"), (2021, 5, 1, 10)),
    ('<meta name="date" content="2019-02-03">', (2019, 2, 3)),
    ('<meta itemprop="datePublished" content="12 تشرين الأول 2020">', (2020, 10, 12)),
    (meta(article__modified_time="2022-02-02T02:02:02Z"), (2022, 2, 2, 2, 2, 2)),
]


@pytest.mark.parametrize(("head", "parts"), DATES)
def test_the_declared_time_counts(head: str, parts: tuple[int, ...]) -> None:
    assert read_article(page(head), URL, None).published_at == datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_visible_time_and_then_the_address_are_the_last_resort() -> None:
    shown = page(body='<header><time datetime="2021-06-07T08:00Z">June</time></header>')
    assert read_article(shown, URL, None).published_at == datetime(2021, 6, 7, 8, tzinfo=UTC)
    dated = "https://rival.example/2020/8/24/%D9%88/4943459"
    assert read_article(page(), dated, None).published_at == datetime(2020, 8, 24, tzinfo=UTC)


def test_a_year_alone_is_no_date() -> None:
    assert read_article(page(), "https://rival.example/2013/middle_east/8/3/x", None).published_at is None


@pytest.mark.parametrize(
    ("head", "author"),
    [
        (ld(author={"@type": "Person", "name": "Layla"}) + '<meta name="author" content="Desk">', "Layla"),
        (ld(author=[{"name": "Layla"}, {"name": "Omar"}]), "Layla"),
        ('<meta name="author" content="ليلى  حسن">', "ليلى حسن"),
        (meta(article__author="https://social.example/layla"), None),
        (ld(author={"name": "https://cdn.example/logo.png"}), None),
        ("", None),
    ],
)
def test_the_author_is_a_name(head: str, author: str | None) -> None:
    assert read_article(page(head), URL, None).author == author


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (meta(og__title="Shared &amp; short"), "Shared & short"),
        ("", "Fallback"),
    ],
)
def test_the_title_is_the_one_meant_for_sharing(head: str, title: str) -> None:
    assert read_article(page(head), URL, None).title == title


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ('<link rel="canonical" href="/blog/workshop?id=3">', "https://rival.example/blog/workshop?id=3"),
        (meta(og__url="https://other.example/a"), "https://other.example/a"),
        ('<link rel="canonical" href="https://rival.example/">', None),
        ('<link rel="canonical" href="javascript:void(0)">', None),
    ],
)
def test_the_canonical_address_is_the_page_s_claim(head: str, canonical: str | None) -> None:
    assert read_article(page(head), URL, None).canonical_url == canonical


@pytest.mark.parametrize(
    ("lang", "head", "text", "language"),
    [
        ("ar", "", ARABIC, "ar"),
        ("ar", "", PERSIAN, None),
        ("fa", "", PERSIAN, "fa"),
        ("en-US", "", ARABIC, None),
        ("en-US", meta(og__locale="ar_AR"), ARABIC, "ar-AR"),
        ("en_us", "", ENGLISH, "en-US"),
        ("", ld(inLanguage="ar"), ARABIC, "ar"),
        ("ar-Ar", "", ARABIC, "ar-AR"),
        ("ar", "", ENGLISH, None),
        ("fr", "", ENGLISH, "fr"),
    ],
)
def test_a_declared_language_is_believed_only_if_it_can_be(
    lang: str, head: str, text: str, language: str | None
) -> None:
    assert read_article(page(head, text, lang), URL, None).language == language


def test_romanised_arabic_is_latin() -> None:
    assert believable("ar-Latn", "el mat3am da 7elw awy ya gama3a") == "ar-Latn"
    assert believable("ar-Latn", ARABIC) is None
    assert believable(None, ARABIC) is None
    assert believable("sw", "") == "sw"


@pytest.mark.parametrize(
    "body", [b"", b"<html><body><p>Soon.</p></body></html>", b"\x89PNG\r\n\x1a\n\x00\x00"]
)
def test_a_page_without_running_text_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_article(body, URL, "text/html")


def test_windows_1256_without_a_word_about_it() -> None:
    body = f"<html><title>خبر</title><body dir=rtl><p>{ARABIC}</p></body></html>".encode("windows-1256")
    assert read_article(body, URL, None).text.startswith("افتتحت الشركة ورشتها الجديدة")


def test_feeds_that_a_page_announces() -> None:
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/feed">'
        '<link rel="alternate" hreflang="ar" href="/ar"><link rel="stylesheet" href="/x.css">'
        '<link rel="alternate" type="application/atom+xml" href="https://feeds.example/a">'
    )
    assert feed_links(page(head), URL, None) == ("https://rival.example/feed", "https://feeds.example/a")


def test_half_a_letter_in_markup_is_replaced() -> None:
    assert text_of_html("<p>warm \ud83d light \ud83d\ude00</p>") == "warm \ufffd light \U0001f600"


def test_a_date_told_from_now_is_read_where_no_other_is_written():
    shown = page("<meta name=date content='3 days ago'>")
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert read_article(shown, URL, None, now).published_at == now - timedelta(days=3)
    dated = page("<meta name=date content='3 days ago'>")
    where = "https://rival.example/2020/08/24/x"
    assert read_article(dated, where, None, now).published_at == datetime(2020, 8, 24, tzinfo=UTC)
