"""Recorded answers, streams and archives of X's API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention, MentionKind

_SECRETS = {"X_BEARER_TOKEN": "a-token-for-recorded-answers"}


def _options(base: str) -> dict[str, Any]:
    return {"base_url": base, "token": {"env": "X_BEARER_TOKEN"}, "queries": ["acme"], "retweets": True}


def _whole(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content) if asked.path == "/2/tweets/search/recent" else None


def _quoted_edit(mentions: list[Mention]) -> None:
    (post,) = mentions
    assert post.external_id == "1576995594388000768"
    assert post.published_at == datetime(2022, 10, 3, 18, 0, 23, tzinfo=UTC)
    assert (post.language_hint, post.kind) == ("en", MentionKind.COMMENT)
    assert post.author is not None
    assert (post.author.handle, post.author.followers) == ("dappdavid99", 107)
    # It answers the second version of a post, whose identity is the first.
    assert post.parent_id == "1576994746135764992"
    assert (post.engagement.likes, post.engagement.replies, post.engagement.shares) == (1, 1, 0)
    assert post.text.startswith("@wongmjane Test\nhttps://twitter.com/wongmjane/status/1576994746135764992")


def _stream(mentions: list[Mention]) -> None:
    by_id = {mention.external_id: mention for mention in mentions}
    assert mentions[0].external_id == "1528053368912060423"
    # No date stands in these lines; the id holds it.
    assert mentions[0].published_at == datetime(2022, 5, 21, 16, 41, 27, 664_000, tzinfo=UTC)
    assert by_id["1528053368899268608"].text.startswith("@7adn7 @iRqMci9 قووووووول")


def _search_of_2016(mentions: list[Mention]) -> None:
    by_id = {mention.external_id: mention for mention in mentions}
    first = mentions[0]
    assert (first.external_id, first.language_hint) == ("690992334247477249", "en")
    assert first.published_at == datetime(2016, 1, 23, 20, 19, 45, tzinfo=UTC)
    assert first.author is not None
    assert (first.author.handle, first.author.followers) == ("alfonsohoops", 1590)
    assert by_id["690992334243233792"].language_hint == "ar"


def _nothing(mentions: list[Mention]) -> None:
    assert mentions == []


CASES = [
    Case(
        kind="x",
        file="social/twarc-csv__quoted_edit.jsonl",
        items=1,
        options=_options,
        answer=_whole,
        known=_quoted_edit,
        secrets=_SECRETS,
    ),
    Case(
        kind="x",
        file="social/twitter-api-v2__connect_sample_stream.json",
        items=70,
        options=_options,
        answer=_whole,
        known=_stream,
        secrets=_SECRETS,
    ),
    Case(
        kind="x",
        file="social/python-twitter__get_search_raw.json",
        items=100,
        options=_options,
        answer=_whole,
        known=_search_of_2016,
        secrets=_SECRETS,
        note="74 of them are retweets, which are kept here by `retweets: true`; without it, 26 remain",
    ),
    Case(
        kind="x",
        file="social/twarc-csv__counts.jsonl",
        items=0,
        options=_options,
        answer=_whole,
        known=_nothing,
        secrets=_SECRETS,
        note="169 counts of posts by the hour, which are no mentions: the visit fails in words",
    ),
]
