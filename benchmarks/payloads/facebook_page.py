"""Recorded answers about Facebook pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention, MentionKind

_SECRETS = {"FACEBOOK_PAGE_TOKEN": "a-token-for-recorded-answers"}
_PAGE = "19292868552"
_COMMENTED = f"{_PAGE}_10158407654328553"


def _options(base: str) -> dict[str, Any]:
    return {
        "base_url": base,
        "token": {"env": "FACEBOOK_PAGE_TOKEN"},
        "page_ids": [_PAGE],
        "tagged": False,
        "comments": False,
    }


def _with_comments(base: str) -> dict[str, Any]:
    return {**_options(base), "comments": True, "comments_for": "20000d"}


def _feed(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content) if asked.path == f"/v24.0/{_PAGE}/feed" else None


def _below_a_post(asked: Asked, content: bytes) -> Answer | None:
    if asked.path == f"/v24.0/{_COMMENTED}/comments":
        return Answer(content if "after" not in asked.query else b'{"data":[]}')
    return _made_feed(asked, _COMMENTED, 18)


def _profile(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content) if asked.path == f"/v24.0/{_PAGE}" else _made_feed(asked, "20531316728_1", 0)


def _made_feed(asked: Asked, post: str, comments: int) -> Answer | None:
    if asked.path != f"/v24.0/{_PAGE}/feed":
        return None
    made = {
        "id": post,
        "message": "made up",
        "created_time": "2021-08-10T18:00:00+0000",
        "permalink_url": f"https://www.facebook.com/{post.partition('_')[0]}/posts/1/",
        "comments": {"data": [], "summary": {"total_count": comments}},
    }
    return Answer(json.dumps({"data": [made]}).encode())


def _posts(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert first.external_id == "19292868552_10158349356748553"
    assert first.published_at == datetime(2021, 7, 9, 19, 9, 52, tzinfo=UTC)
    assert first.text.startswith("Singaporean logistics company Ninja Van Singapore provides delivery")
    assert first.url == "https://www.facebook.com/19292868552/posts/10158349356748553/"
    told = first.engagement
    assert (told.likes, told.replies, told.shares) == (125, 13, 10)
    assert first.author is not None and first.author.handle == _PAGE
    assert [mention.engagement.replies for mention in mentions] == [13, 17, 15, 23, 49]


def _comments(mentions: list[Mention]) -> None:
    comments = {one.external_id: one for one in mentions if one.kind is MentionKind.COMMENT}
    assert len(comments) == 10
    # Recorded without their ids, which the addresses tell.
    first = comments["10158407654328553_10158407835073553"]
    assert first.text.startswith("Boa noite peço ajuda")
    assert first.published_at == datetime(2021, 8, 10, 18, 45, 3, tzinfo=UTC)
    assert (first.parent_id, first.engagement.replies) == (_COMMENTED, 1)
    reply = comments["10158407654328553_10158409984103553"]
    assert reply.parent_id == first.external_id


def _page(mentions: list[Mention]) -> None:
    author = mentions[0].author
    assert author is not None
    assert (author.handle, author.name) == ("facebookapp", "Facebook")
    assert (author.followers, author.verified) == (214_507_731, True)


def _case(
    name: str,
    items: int,
    answer: Callable[[Asked, bytes], Answer | None],
    known: Callable[[list[Mention]], None],
    note: str = "",
    options: Callable[[str], dict[str, Any]] = _options,
) -> Case:
    return Case(
        kind="facebook_page",
        file=f"social/python-facebook__{name}.json",
        items=items,
        options=options,
        answer=answer,
        known=known,
        secrets=_SECRETS,
        note=note,
    )


CASES = [
    _case("fb_posts_feeds_default_fields_p1", 5, _feed, _posts),
    _case(
        "fb_comments_comments_p1",
        11,
        _below_a_post,
        _comments,
        "10 comments, and the post they stand under, which is made up",
        _with_comments,
    ),
    _case(
        "fb_pages_single_default_page",
        1,
        _profile,
        _page,
        "a page is no mention: it is the author, with fans, of a post that is made up",
    ),
]
