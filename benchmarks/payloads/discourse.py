"""Recorded answers of Discourse forums."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case, recorded
from storage.records import Mention


def _topics_options(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "topics": True}


def _topics(asked: Asked, content: bytes) -> Answer | None:
    """Answer with the list alone: the topics themselves were not recorded."""
    return Answer(recorded(content)) if asked.path == "/latest.json" else None


def _topics_known(mentions: list[Mention]) -> None:
    first, second = mentions
    assert (first.external_id, second.external_id) == ("topic:1148", "topic:1149")
    assert first.title == "IBM PowerVM support?"
    assert first.url is not None
    assert first.url.endswith("/t/ibm-powervm-support/1148")
    assert first.published_at is not None
    assert first.published_at.replace(microsecond=0) == datetime(2016, 5, 23, 17, 3, 59, tzinfo=UTC)
    assert (first.engagement.views, first.engagement.replies, first.engagement.likes) == (40, 3, 0)
    assert (first.extra["category"], first.extra["answered"]) == ("1", False)


def _search_options(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "queries": ["test topic"]}


def _search(asked: Asked, content: bytes) -> Answer | None:
    return Answer(recorded(content)) if asked.path == "/search.json" else None


def _search_known(mentions: list[Mention]) -> None:
    assert [mention.external_id for mention in mentions] == ["topic:1", "topic:2", "topic:3"]
    assert mentions[2].title == "Test topic #3"
    assert mentions[2].url is not None
    assert mentions[2].url.endswith("/t/test-topic-3/3")


CASES = [
    Case(
        kind="discourse",
        file="social/grimoirelab-perceval__discourse_topics.json",
        items=2,
        options=_topics_options,
        answer=_topics,
        known=_topics_known,
    ),
    Case(
        kind="discourse",
        file="social/discourse_api__search.json",
        items=3,
        options=_search_options,
        answer=_search,
        known=_search_known,
        note="the index counts the one group of results; it holds three topics",
    ),
]
