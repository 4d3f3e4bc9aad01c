"""A recorded search of Google News."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention


def _options(base: str) -> dict[str, Any]:
    return {"base_url": base, "queries": ['"Bears Ears" monument'], "language": "en", "country": "US"}


def _answer(asked: Asked, content: bytes) -> Answer | None:
    wanted = {"q": '"Bears Ears" monument when:7d', "hl": "en-US", "gl": "US", "ceid": "US:en"}
    if asked.path != "/rss/search" or asked.query != wanted:
        return None
    return Answer(content, type="application/xml; charset=utf-8")


def _known(mentions: list[Mention]) -> None:
    first, second = mentions[0], mentions[1]
    assert first.title == "Trump again shrinks two national monuments in Utah"
    assert first.published_at == datetime(2026, 7, 14, 3, 33, 16, tzinfo=UTC)
    assert first.external_id.startswith("CBMiwwFBVV95cUxQa2dqd043R002YmtMMzRmUTQ5")
    assert first.url is not None
    assert first.url.startswith("https://news.google.com/rss/articles/CBMiwwFBVV95cUxQa2dqd043R002YmtMMzRm")
    assert first.author is not None
    assert (first.author.name, first.author.platform) == ("The Washington Post", "washingtonpost.com")
    assert first.extra == {"publisher_url": "https://www.washingtonpost.com"}
    assert (first.text, first.language_hint) == ("", "en-US")
    # An outlet whose name ends in a bar, and two titles in which a dash belongs to the title.
    assert second.author is not None and second.author.name == "San Juan Record |"
    assert sum(" - " in (mention.title or "") for mention in mentions) == 2
    assert all(mention.author and mention.published_at and mention.title for mention in mentions)
    assert len({mention.external_id for mention in mentions}) == 92


CASES = [
    Case(
        kind="google_news",
        file="feeds/monument-watch__google_news.xml",
        items=92,
        options=_options,
        answer=_answer,
        known=_known,
    )
]
