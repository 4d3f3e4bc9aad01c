"""Recorded pages of the App Store's feed of customer reviews."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention

_PAST_THE_END = b"CustomerReviews RSS page depth is limited to 10"


def _options(app: str, country: str, base: str) -> dict[str, Any]:
    return {"base_url": base, "apps": [app], "countries": [country]}


def _at_page(page: int, asked: Asked, content: bytes) -> Answer | None:
    """Serve the recording as one page of the feed, and an empty feed as all others."""
    *_, number, app, order, form = asked.path.split("/")
    if order != "sortby=mostrecent" or form != "json" or not app.startswith("id="):
        return None
    kind = "text/xml" if content.startswith(b"<") else "text/javascript; charset=UTF-8"
    return Answer(content, type=kind) if number == f"page={page}" else Answer(b'{"feed":{}}', type=kind)


def _refused(asked: Asked, content: bytes) -> Answer | None:
    """Serve the recording as what it is: the answer to a page that there is not."""
    return Answer(content, status=400, type="text/plain") if "/rss/customerreviews/" in asked.path else None


def _first(
    external_id: str, author: str, rating: float, version: str, country: str, **extra: Any
) -> Callable[[list[Mention]], None]:
    """Return what asserts that these are the facts of the first review; `published` and `likes` too."""

    def known(mentions: list[Mention]) -> None:
        first = mentions[0]
        assert (first.external_id, first.rating, first.rating_scale) == (external_id, rating, 5.0)
        assert first.author is not None and first.author.name == author
        assert first.extra["version"] == version and first.extra["country"] == country
        assert first.published_at == extra.get("published")
        assert first.engagement.likes == extra.get("likes", 0)
        assert first.title == extra["title"]
        assert len({mention.external_id for mention in mentions}) == len(mentions) == 50
        assert all(mention.text and mention.rating and mention.author for mention in mentions)

    return known


def _nothing(mentions: list[Mention]) -> None:
    assert mentions == []


CASES = [
    Case(
        kind="app_store",
        file="apps/appvox__itunes_rss_reviews.json",
        items=50,
        options=partial(_options, "284815942", "us"),
        answer=partial(_at_page, 1),
        known=_first(
            "8044879566",
            "Lantana, FL",
            4.0,
            "186.0",
            "us",
            published=datetime(2021, 11, 20, 17, 25, 34, tzinfo=UTC),
            likes=263,
            title="Usually interesting reading but",
        ),
    ),
    Case(
        kind="app_store",
        file="apps/appvox__empty_itunes_rss_reviews.xml",
        items=0,
        options=partial(_options, "333903271", "zw"),
        answer=partial(_at_page, 1),
        known=_nothing,
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-swift__497799835_fr_1.json",
        items=50,
        options=partial(_options, "497799835", "fr"),
        answer=partial(_at_page, 1),
        known=_first("6918761820", "Fouinneur@", 4.0, "12.4", "fr", title="Superbe application..."),
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-swift__497799835_cn_10.json",
        items=50,
        options=partial(_options, "497799835", "cn"),
        answer=partial(_at_page, 1),
        known=_first("6455612413", "lxzyzwoout", 1.0, "12.0", "cn", likes=1, title="越来越烂"),
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-swift__1510826067_gb_2.json",
        items=0,
        options=partial(_options, "1510826067", "gb"),
        answer=partial(_at_page, 1),
        known=_nothing,
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-swift__555731861_us_11.json",
        items=0,
        options=partial(_options, "555731861", "us"),
        answer=_refused,
        known=_nothing,
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-viewer-backend__389801252.json",
        items=50,
        options=partial(_options, "389801252", "us"),
        answer=partial(_at_page, 1),
        known=_first(
            "13197352979",
            "Maximum_es",
            3.0,
            "399.0.0",
            "us",
            published=datetime(2025, 9, 28, 18, 55, 46, tzinfo=UTC),
            title="Irritating",
        ),
    ),
    Case(
        kind="app_store",
        file="apps/app-store-reviews-viewer-backend__415458524.json",
        items=50,
        options=partial(_options, "415458524", "us"),
        answer=partial(_at_page, 1),
        known=_first(
            "13189124033",
            "Skyscanner Nemesis",
            1.0,
            "7.161",
            "us",
            published=datetime(2025, 9, 26, 22, 24, 14, tzinfo=UTC),
            title="Help! I’m stranded!",
        ),
    ),
]
