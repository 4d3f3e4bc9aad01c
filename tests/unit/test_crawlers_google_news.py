"""Google News and Google Alerts: their feeds, links, editions and windows."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scrapy.http import TextResponse

from config.settings import Source
from crawlers.errors import CrawlError, UnreadableError
from crawlers.items import Item
from crawlers.services.google_alerts_feed import read_google_alerts
from crawlers.services.google_news_feed import publisher_link, read_google_news, without_publisher
from crawlers.sources.google_alerts import GoogleAlertsOptions
from crawlers.sources.google_news import GoogleNewsOptions, GoogleNewsReader, edition
from storage.records import Author, Mention
from storage.sources import SourceState
from tests.contract.worlds.google_alerts import alert, result
from tests.contract.worlds.google_news import article, search

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
URL = "https://news.google.com/rss/search?q=x"
REAL = "https://www.gulf-daily.example/أخبار/7?id=1"


def read(*articles: str) -> tuple[Item, ...]:
    return read_google_news(search("".join(articles)), URL, None, NOW).items


def encoded(address: str, number: int = 19) -> str:
    raw = address.encode()
    size = bytes([len(raw) & 0x7F | 0x80, len(raw) >> 7]) if len(raw) > 127 else bytes([len(raw)])
    message = bytes([0x08, number, 0x22]) + size + raw + b"\xd2\x01\x00"
    return "https://news.google.com/rss/articles/" + urlsafe_b64encode(message).decode().rstrip("=") + "?oc=5"


def test_an_article_has_its_publisher_as_author_and_no_text():
    (item,) = read(article(7))
    assert (item.title, item.text) == ("Acme opens a shop, item 7.", "")
    assert item.author == Author(
        "gulf-daily.example", "Gulf Daily", name="Gulf Daily", profile_url="https://gulf-daily.example"
    )
    assert item.extra == {"publisher_url": "https://gulf-daily.example"}
    assert item.external_id == "CBMiAUFVX3lxT000007"
    assert item.published_at == datetime(2026, 11, 1, 0, 7, tzinfo=UTC)
    assert item.language_hint == "ar"


@pytest.mark.parametrize(
    ("title", "publisher", "expected"),
    [
        ("افتتاح متجر - صحيفة الخليج", "صحيفة الخليج", "افتتاح متجر"),
        ("Shop opens - gulf daily", "Gulf Daily", "Shop opens"),
        ("Shop opens – Gulf Daily", "Gulf Daily", "Shop opens"),
        ("Shop - opens - Gulf Daily", "Gulf Daily", "Shop - opens"),
        ("Shop opens - Other Daily", "Gulf Daily", "Shop opens - Other Daily"),
        ("Shop opens-Gulf Daily", "Gulf Daily", "Shop opens-Gulf Daily"),
        (" - Gulf Daily", "Gulf Daily", " - Gulf Daily"),
        ("Gulf Daily", "Gulf Daily", "Gulf Daily"),
        ("A ẞ - ß", "SS", "A ẞ - ß"),
    ],
)
def test_only_that_publisher_is_taken_off_a_title(title: str, publisher: str, expected: str) -> None:
    assert without_publisher(title, publisher) == expected


def test_an_article_without_a_publisher_keeps_its_title_and_has_no_author():
    bare = article(7).partition("<source")[0] + "</item>"
    (item,) = read(bare)
    assert (item.title, item.author, item.extra) == ("Acme opens a shop, item 7. - Gulf Daily", None, {})


def test_a_publisher_whose_home_is_no_web_address_is_still_the_author():
    (item,) = read(article(7).replace("https://gulf-daily.example", "javascript:x"))
    assert item.author == Author("news.google.com", "Gulf Daily", name="Gulf Daily", profile_url=None)
    assert item.extra == {}


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (encoded(REAL), REAL),
        (encoded(REAL, 20), REAL),
        (encoded("https://gulf-daily.example/" + "a" * 300), "https://gulf-daily.example/" + "a" * 300),
        (encoded(REAL).replace("/rss/articles/", "/__i/rss/rd/articles/"), REAL),
        (encoded(REAL).replace("/rss/articles/", "/read/"), REAL),
        (
            "http://news.google.com/news/url?sa=t&fd=R&url=https%3A%2F%2Fgulf.example%2F7",
            "https://gulf.example/7",
        ),
    ],
)
def test_a_link_that_holds_the_publishers_own_is_read(link: str, expected: str) -> None:
    assert publisher_link(link) == expected


@pytest.mark.parametrize(
    "link",
    [
        encoded("AU_yqLMvZ3xL-9"),
        encoded("javascript:alert(1)"),
        encoded(REAL).replace("news.google.com", "news.google.com.example"),
        "https://news.google.com/rss/articles/CBMi?oc=5",
        "https://news.google.com/rss/articles/CBMi____",
        "https://news.google.com/rss/articles/",
        "https://news.google.com/rss/articles/قهوة",
        "https://news.google.com/rss/articles/C",
        "https://gulf-daily.example/7",
    ],
)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert publisher_link(link) == link


@given(st.binary(max_size=60))
def test_no_token_breaks_the_reading_of_links(message: bytes) -> None:
    link = "https://news.google.com/rss/articles/" + urlsafe_b64encode(b"\x08\x13\x22" + message).decode()
    assert publisher_link(link).startswith(("https://", "http://"))


def test_what_leads_nowhere_is_left_out():
    nowhere = article(7).replace("https://news.google.com", "javascript:x")
    assert [item.external_id for item in read(nowhere, article(8))] == ["CBMiAUFVX3lxT000008"]
    entry = result(7, "x").replace('href="https', 'href="javascript')
    assert read_google_alerts(alert(entry), URL, None, NOW).items == ()


@pytest.mark.parametrize("reader", [read_google_news, read_google_alerts])
@pytest.mark.parametrize("body", [b"", b"<html><title>Before you continue</title></html>", b"{", b"words"])
def test_what_is_no_feed_is_unreadable(reader: Any, body: bytes) -> None:
    with pytest.raises(UnreadableError, match="not a feed"):
        reader(body, URL, None, NOW)


@given(st.integers(0, 2000), st.sampled_from([search(article(1) + article(2)), alert(result(1, "x"))]))
def test_a_feed_that_ends_early_gives_what_it_holds_or_is_unreadable(length: int, body: bytes) -> None:
    for reader in (read_google_news, read_google_alerts):
        with suppress(CrawlError):
            assert len(reader(body[:length], URL, None, NOW).items) <= 2


def test_an_alert_leads_to_the_page_itself_and_its_site_is_the_author():
    words = "مقهى <b>Acme</b> &amp; more&nbsp;..."
    title = "<b>Acme</b> &amp; Globex &#39;26"
    (item,) = read_google_alerts(alert(result(7, words, title)), URL, None, NOW).items
    assert item.url == "https://gulf-daily.example/news/7?lang=ar"
    assert (item.title, item.text) == ("Acme & Globex '26", "مقهى Acme & more ...")
    assert item.author == Author(
        "gulf-daily.example",
        "gulf-daily.example",
        name="gulf-daily.example",
        profile_url="https://gulf-daily.example/",
    )
    assert item.external_id == "tag:google.com,2013:googlealerts/feed:7000007"
    assert item.published_at == datetime(2026, 11, 1, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [
        ("ar", "sa", ("ar", "SA", "SA:ar")),
        ("ar", "EG", ("ar", "EG", "EG:ar")),
        ("en", "US", ("en-US", "US", "US:en")),
        ("EN", "ae", ("en-AE", "AE", "AE:en")),
        ("en_gb", "GB", ("en-GB", "GB", "GB:en")),
        ("fr", "MA", ("fr", "MA", "MA:fr")),
        ("pt-br", "BR", ("pt-BR", "BR", "BR:pt-419")),
        ("es-419", "MX", ("es-419", "MX", "MX:es-419")),
        ("zh-TW", "TW", ("zh-TW", "TW", "TW:zh-Hant")),
    ],
)
def test_editions_are_named_as_google_names_them(
    language: str, country: str, expected: tuple[str, str, str]
) -> None:
    options = GoogleNewsOptions(queries=["x"], language=language, country=country)
    assert tuple(edition(options.language, options.country).values()) == expected


@pytest.mark.parametrize(
    "wrong",
    [{"queries": []}, {"queries": [" "]}, {"language": "arabic"}, {"country": "Saudi"}, {"when": "5m"}],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GoogleNewsOptions.model_validate({"queries": ["x"], **wrong})


def test_an_alert_needs_the_address_of_its_feed():
    with pytest.raises(ValidationError):
        GoogleAlertsOptions(feeds=[])


class _Searches(GoogleNewsReader):
    """A reader whose searches are written down and find one article each, as old as the search looks."""

    def __init__(self, cursor: dict[str, Any], **options: Any) -> None:
        source = Source(name="news", kind="google_news")
        source._options = GoogleNewsOptions(queries=["acme"], **options)
        state = SourceState(source="news", cursor=cursor)
        super().__init__(source=source, state=state, clock=lambda: NOW, downloads=None)  # type: ignore[arg-type]
        self.searched: list[str] = []

    async def get(self, url: str, *, params: Mapping[str, Any] | None = None, **_: Any) -> TextResponse:
        self.searched.append((params or {})["q"])
        return TextResponse(url, body=search(article(len(self.searched))))

    async def parse_apart(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


def searched(cursor: dict[str, Any], **options: Any) -> list[str]:
    """Return what a visit searches for."""
    reader = _Searches(cursor, **options)

    async def all_of() -> int:
        return len([found async for found in reader.read() if isinstance(found, Mention)])

    assert asyncio.run(all_of()) == len(reader.searched)
    return reader.searched


def known(top: timedelta, asked: timedelta) -> dict[str, Any]:
    """Return the cursor of a visit so long ago, when the newest article was so old."""
    place = {"top": (NOW - top).isoformat(), "gaps": []}
    return {"walks": {"acme": place}, "asked": {"acme": (NOW - asked).isoformat()}}


def test_a_first_visit_looks_no_further_back_than_its_window():
    assert searched({}) == ["acme when:7d"]
    assert searched({}, when="36h") == ["acme when:36h"]
    assert searched({}, when=None) == ["acme"]


def test_a_first_visit_searches_by_days_down_to_the_backfill_date():
    assert searched({}, backfill="2026-11-01") == [
        "acme when:7d",
        "acme after:2026-11-07 before:2026-11-14",
        "acme after:2026-11-01 before:2026-11-08",
    ]
    assert searched({}, backfill="3d", when="1d") == [
        "acme when:1d",
        "acme after:2026-11-19 before:2026-11-20",
        "acme after:2026-11-18 before:2026-11-19",
        "acme after:2026-11-17 before:2026-11-18",
    ]


def test_after_an_outage_longer_than_the_window_the_days_between_are_searched():
    assert searched(known(timedelta(days=10), timedelta(days=10))) == [
        "acme when:7d",
        "acme after:2026-11-07 before:2026-11-14",
    ]


def test_a_brand_that_is_seldom_in_the_news_costs_one_search_a_visit():
    assert searched(known(timedelta(days=90), timedelta(hours=1))) == ["acme when:7d"]
