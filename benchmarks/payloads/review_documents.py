"""Recorded lists of reviews that are no pages: Yelp's JSON and Goodreads' XML, through the kind `reviews`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention


def _options(base: str) -> dict[str, Any]:
    return {"url": f"{base}/list", "obey_robots": False}


def _list(kind: str, asked: Asked, content: bytes) -> Answer | None:
    return Answer(content, type=kind) if asked.path == "/list" else None


def _yelp(mentions: list[Mention]) -> None:
    (one,) = mentions
    assert (one.external_id, one.rating, one.rating_scale) == ("flAK8Mu4auUdcFNR7iPa6Q", 4.0, 5.0)
    assert one.author is not None and one.author.name == "Hilary C."
    assert one.published_at == datetime.fromtimestamp(1_440_895_245, UTC)
    assert one.item == "Urban Curry" and one.text.startswith("One of the owners is a former Sherpa")


def _goodreads(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert (first.external_id, first.rating, first.rating_scale) == ("166204831", 5.0, 5.0)
    assert first.author is not None and first.author.name == "Iqra"
    assert first.published_at == datetime(2011, 5, 6, 23, 15, 12, tzinfo=UTC)
    assert first.item == "Kaplan ACT 2010 Premier with CD-ROM"
    assert first.text.startswith("SO HELPFUL!\n")
    assert sum(one.rating is None for one in mentions) == 3
    assert all(one.text and one.published_at and one.author and one.url for one in mentions)


CASES = [
    Case(
        kind="reviews",
        file="reviews/yelp-android__businessResponse.json",
        items=1,
        options=_options,
        answer=partial(_list, "application/json; charset=UTF-8"),
        known=_yelp,
    ),
    Case(
        kind="reviews",
        file="reviews/goodreads__recent_reviews.xml",
        items=20,
        options=_options,
        answer=partial(_list, "application/xml; charset=utf-8"),
        known=_goodreads,
    ),
]
