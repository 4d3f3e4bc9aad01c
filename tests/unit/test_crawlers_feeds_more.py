"""What feeds in the wild do besides the standards: code pages, zones, captions, guids, unclosed elements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.feed_entries import FeedEntry
from crawlers.feeds import read_feed
from crawlers.text_of_html import text_of_html

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ARABIC = (
    "<item><title>افتتاح معرض الكتاب في المدينة</title>"
    "<description>حضر الزوار منذ الصباح</description></item>"
)
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def entries(
    items: str, declaration: str = "", names: str = "", encoding: str = "utf-8", charset: str | None = None
) -> tuple[FeedEntry, ...]:
    """Read an RSS feed with these items."""
    whole = f'{declaration}<rss version="2.0" {names}><channel><title>T</title>{items}</channel></rss>'
    return read_feed(whole.encode(encoding), "https://paper.example/rss", charset, NOW).entries


@pytest.mark.parametrize(
    "declaration", ["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>'], ids=str
)
def test_arabic_in_an_undeclared_code_page_is_read(declaration: str) -> None:
    """Windows-1256 is recognised where nothing, or the wrong thing, is declared."""
    (found,) = entries(ARABIC, declaration, encoding="windows-1256")
    assert found.title == "افتتاح معرض الكتاب في المدينة"
    assert found.text == "حضر الزوار منذ الصباح"


def test_french_in_an_undeclared_code_page_stays_french() -> None:
    """A few accented letters among many plain ones are no Arabic."""
    (found,) = entries("<item><title>Un été à la plage, déjà fini</title></item>", encoding="windows-1252")
    assert found.title == "Un été à la plage, déjà fini"


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2025-03-05 14:30:00 UTC", 14),
        ("2025/03/05 14:30:00", 14),
        ("20250305T143000Z", 14),
        ("2025-03-05 02:30 PM", 14),
        ("1741185000", 14),
        ("Wed, 05 Mar 2025 14:30:00 EET", 12),
        ("Wed, 05 Mar 2025 14:30:00 CEST", 12),
        ("Wed, 5 Mar 2025 14:30:00 GMT+3", 11),
        ("Wed, 05 Mar 2025 14:30:00 EST", 19),
    ],
)
def test_dates_keep_their_time_and_zone(written: str, hour: int) -> None:
    """Forms that feedparser reads without the time or the zone."""
    (found,) = entries(f"<item><title>x</title><pubDate>{written}</pubDate></item>")
    assert found.published_at == datetime(2025, 3, 5, hour, 30, tzinfo=UTC)


def test_ast_is_arabias_time_in_an_arabic_feed_alone() -> None:
    """Elsewhere it may be the Atlantic's, and no zone is assumed."""
    item = "<item><title>x</title><pubDate>Wed, 05 Mar 2025 14:30:00 AST</pubDate></item>"
    assert entries(f"<language>ar</language>{item}")[0].published_at == datetime(
        2025, 3, 5, 11, 30, tzinfo=UTC
    )
    assert entries(item)[0].published_at == datetime(2025, 3, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("tag", ["iframe", "script", "object", "style", "svg", "textarea"])
def test_a_self_closed_element_swallows_nothing(tag: str) -> None:
    """XHTML writes `<iframe/>`, after which HTML would read nothing more."""
    assert text_of_html(f'<p>Before</p><{tag} src="x"/><p>After</p>') == "Before\n\nAfter"


@pytest.mark.parametrize("first", [True, False])
def test_a_caption_is_no_description(first: bool) -> None:
    """A picture's caption counts only where the item says nothing itself."""
    parts = [
        "<description>Body</description>",
        '<media:content url="u"><media:description>A far longer caption</media:description></media:content>',
    ]
    (found,) = entries(
        f"<item><title>x</title>{''.join(parts if first else parts[::-1])}</item>", names=MEDIA
    )
    assert found.text == "Body"
    (found,) = entries(f"<item><title>x</title>{parts[1]}</item>", names=MEDIA)
    assert found.text == "A far longer caption"


def test_a_guid_that_is_no_address_is_no_link() -> None:
    """Without a link, only a guid that is an address leads anywhere."""
    number, address = entries(
        "<item><title>a</title><guid>417</guid></item>"
        "<item><title>b</title><guid>https://paper.example/b</guid></item>"
    )
    assert number.url is None
    assert number.external_id == "417"
    assert address.url == "https://paper.example/b"


def test_the_first_of_several_authors_counts_with_their_own_address() -> None:
    """The name of one author never comes with the address of another."""
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id><title>x</title>'
        "<author><name>Nour</name><uri>https://paper.example/nour</uri></author>"
        "<author><name>Mazen</name></author></entry></feed>"
    )
    (found,) = read_feed(feed.encode(), "https://paper.example/atom", None, NOW).entries
    assert (found.author, found.author_url) == ("Nour", "https://paper.example/nour")


def test_an_item_known_by_nothing_but_a_date_told_from_now_stays_the_same_item():
    item = "<item><title>A kettle</title><pubDate>2 hours ago</pubDate></item>"
    feed = f"<rss version='2.0'><channel>{item}</channel></rss>"
    first, later = (
        read_feed(feed.encode(), "https://paper.example/rss", None, now).entries[0]
        for now in (NOW, NOW + timedelta(hours=1))
    )
    assert first.published_at == NOW - timedelta(hours=2)
    assert first.external_id == later.external_id
