"""Recorded answers and pages of Google Play."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention

_APP = "com.twitter.android"


def _options(base: str) -> dict[str, Any]:
    return {"base_url": base, "apps": [_APP], "languages": ["en"], "country": "us"}


def _first_page(asked: Asked, content: bytes) -> Answer | None:
    """Serve the recording as the first page, and an app without reviews as the second."""
    if asked.method != "POST" or asked.path != "/_/PlayStoreUi/data/batchexecute":
        return None
    (call,) = parse_qs(asked.body.decode())["f.req"]
    if _APP not in call or asked.query != {"rpcids": "UsvDTd", "hl": "en", "gl": "US"}:
        return None
    empty = b')]}\'\n\n[["wrb.fr","UsvDTd","[]",null,null,null,"generic"]]'
    return Answer(content if "null,null]" in call else empty, type="application/json; charset=utf-8")


def _store_page(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content, type="text/html; charset=utf-8")


def _reviews(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert first.external_id.startswith("gp:AOqpTOEG141w8NXyoj4CF")
    assert first.author is not None and first.author.name == "hayzel rose ilagan"
    assert (first.rating, first.rating_scale, first.engagement.likes) == (5.0, 5.0, 1114)
    assert first.published_at == datetime(2021, 1, 20, 1, 34, 5, tzinfo=UTC)
    assert first.extra["version"] == "8.76.0-release.01"
    assert first.text.startswith("I see that a lot here rate the app for a glitch")
    assert all(one.text and one.rating and one.published_at and one.author for one in mentions)


def _nothing(mentions: list[Mention]) -> None:
    assert mentions == []


CASES = [
    Case(
        kind="google_play",
        file="apps/appvox__review_relevant.html",
        items=40,
        options=_options,
        answer=_first_page,
        known=_reviews,
    ),
    Case(
        kind="google_play",
        file="apps/appvox__app_homepage.html",
        items=0,
        options=_options,
        answer=_store_page,
        known=_nothing,
        note="the store's page where the answer to the call should be: the visit says that the page changed",
    ),
]
