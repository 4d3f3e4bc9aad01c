"""Recorded answers about Instagram."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention, MentionKind

_SECRETS = {"INSTAGRAM_TOKEN": "a-token-for-recorded-answers"}
_ACCOUNT = "17841406338772941"
_MEDIA = "17846368219941692"


def _reading(**wanted: Any) -> Callable[[str], dict[str, Any]]:
    return lambda base: {
        "base_url": base,
        "token": {"env": "INSTAGRAM_TOKEN"},
        "accounts": [_ACCOUNT],
        "own_posts": False,
        "mentions": False,
        **wanted,
    }


def _own(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content) if asked.path == f"/v24.0/{_ACCOUNT}/media" else None


def _popular(asked: Asked, content: bytes) -> Answer | None:
    if asked.path == "/v24.0/ig_hashtag_search":
        return Answer(b'{"data":[{"id":"17843826142012701"}]}')
    if asked.path == "/v24.0/17843826142012701/top_media" and "after" not in asked.query:
        return Answer(content)
    return Answer(b'{"data":[]}') if asked.path.startswith("/v24.0/17843826142012701/") else None


def _below_a_post(asked: Asked, content: bytes) -> Answer | None:
    if asked.path == f"/v24.0/{_MEDIA}/comments":
        return Answer(content if "after" not in asked.query else b'{"data":[]}')
    if asked.path != f"/v24.0/{_ACCOUNT}/media":
        return None
    made = {"id": _MEDIA, "caption": "made up", "timestamp": "2020-02-13T10:35:40+0000", "comments_count": 6}
    return Answer(json.dumps({"data": [made]}).encode())


def _competitor(asked: Asked, content: bytes) -> Answer | None:
    if asked.path != f"/v24.0/{_ACCOUNT}":
        return None
    return Answer(content if ".after(" not in asked.query["fields"] else b'{"business_discovery":{}}')


def _posts(mentions: list[Mention]) -> None:
    peach, album = mentions
    assert (peach.external_id, peach.text) == ("17893085207160254", "Peach new")
    assert peach.url == "https://www.instagram.com/p/CP5Rq0bjBzn/"
    assert peach.published_at == datetime(2021, 6, 9, 9, 47, 29, tzinfo=UTC)
    assert (album.external_id, album.extra["media_type"]) == ("17896129349106152", "CAROUSEL_ALBUM")


def _under_a_hashtag(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert first.external_id == "18088158883149835"
    assert (first.engagement.likes, first.engagement.replies) == (997, 10)
    assert all(one.published_at is None and one.author is None for one in mentions)
    assert len({one.external_id for one in mentions}) == 25


def _comments(mentions: list[Mention]) -> None:
    comments = [one for one in mentions if one.kind is MentionKind.COMMENT]
    assert [one.external_id for one in comments] == ["17858154961981086", "17874875428706419"]
    assert {one.text for one in comments} == {"Beautiful!"}
    assert {one.parent_id for one in comments} == {_MEDIA}
    assert comments[0].published_at == datetime(2020, 6, 1, 10, 56, 52, tzinfo=UTC)


def _of_a_competitor(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert {one.kind for one in mentions} == {MentionKind.COMPETITOR_POST}
    assert first.external_id == "17885103395504675"
    assert first.published_at == datetime(2021, 8, 17, 19, 0, 42, tzinfo=UTC)
    assert first.author is not None and first.author.handle == "facebookfordevelopers"
    assert (first.engagement.likes, first.engagement.replies) == (87, 11)


def _case(
    name: str,
    items: int,
    options: Callable[[str], dict[str, Any]],
    answer: Callable[[Asked, bytes], Answer | None],
    known: Callable[[list[Mention]], None],
    note: str = "",
) -> Case:
    return Case(
        kind="instagram",
        file=f"social/python-facebook__{name}.json",
        items=items,
        options=options,
        answer=answer,
        known=known,
        secrets=_SECRETS,
        note=note,
    )


CASES = [
    _case("ig_medias_medias_fields", 2, _reading(own_posts=True, comments=False), _own, _posts),
    _case(
        "ig_hashtags_hashtag_top_medias_p1",
        25,
        _reading(hashtags=["love"], top_posts=True),
        _popular,
        _under_a_hashtag,
    ),
    _case(
        "ig_medias_comments_p1",
        3,
        _reading(own_posts=True, comments_for="20000d"),
        _below_a_post,
        _comments,
        "2 comments, and the post they stand under, which is made up",
    ),
    _case(
        "ig_discovery_medias_p1",
        2,
        _reading(competitors=["facebookfordevelopers"]),
        _competitor,
        _of_a_competitor,
    ),
]
