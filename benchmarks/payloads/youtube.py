"""Recorded channel feeds and answers of YouTube's Data API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention, MentionKind

_KEY = {"YOUTUBE_API_KEY": "not-a-key"}
_API = "/youtube/v3/"
_NOTHING = b'{"kind": "youtube#emptyListResponse", "items": []}'


def _channel(identity: str, base: str) -> dict[str, Any]:
    return {"base_url": base, "channels": [identity]}


def _with_key(base: str, **more: Any) -> dict[str, Any]:
    return {"base_url": base, "key": {"env": "YOUTUBE_API_KEY"}, **more}


def _feed(asked: Asked, content: bytes) -> Answer | None:
    return Answer(content, type="text/xml; charset=UTF-8") if asked.path == "/feeds/videos.xml" else None


def _method(name: str, asked: Asked, content: bytes) -> Answer | None:
    """Answer one method of the API with the recording, and all others with nothing."""
    return Answer(content if asked.path == _API + name else _NOTHING)


def _channels(asked: Asked, content: bytes) -> Answer | None:
    """Answer a search with a video of each recorded channel, and the look-up of channels as recorded."""
    if asked.path == _API + "channels":
        return Answer(content)
    if asked.path != _API + "search":
        return Answer(_NOTHING)
    channels = [one["id"] for one in json.loads(content)["items"]]
    found = [
        {"id": {"videoId": f"vid{number:08d}"}, "snippet": {"channelId": channel, "title": "A video"}}
        for number, channel in enumerate(channels)
    ]
    return Answer(json.dumps({"kind": "youtube#searchListResponse", "items": found}).encode())


def _one(found: list[Mention], identity: str) -> Mention:
    return next(one for one in found if one.external_id == identity)


def _google(found: list[Mention]) -> None:
    first = _one(found, "5shykyfmb28")
    assert first.title == "The Google app: Questions Title"
    assert first.text.startswith("A question is the most powerful force in the world.")
    assert first.published_at == datetime(2015, 5, 4, 0, 1, 27, tzinfo=UTC)
    assert first.engagement.views == 251_497
    # 3,546 votes of 4.79 stars on average, between 1 (a dislike) and 5 (a like).
    assert first.engagement.likes == 3360
    assert first.author is not None
    assert (first.author.handle, first.author.name) == ("UCK8sQmJBp8GCxrOtXWBpyEA", "Google")


def _space_time(found: list[Mention]) -> None:
    first = _one(found, "q-6oU3jXAho")
    assert first.title == "Can You Observe a Typical Universe?"
    assert first.url == "https://www.youtube.com/watch?v=q-6oU3jXAho"
    assert first.published_at == datetime(2019, 11, 18, 19, 45, tzinfo=UTC)
    assert (first.engagement.views, first.engagement.likes) == (258_268, 9602)
    assert first.author is not None and first.author.name == "PBS Space Time"


def _surfing(found: list[Mention]) -> None:
    first = _one(found, "gQ_1zX-F_No")
    assert first.title == "SURFING HAWAII’S BEST WAVE WITH MY GIRLFRIEND (PIPELINE)"
    assert first.published_at == datetime(2019, 12, 5, 19, 0, 10, tzinfo=UTC)
    assert first.author is not None
    assert (first.author.handle, first.author.name) == ("UCo_q6aOlvPH7M-j_XGWVgXg", "Jamie O'Brien")
    assert {one.kind for one in found} == {MentionKind.POST}


def _chart(found: list[Mention]) -> None:
    first = _one(found, "hDeuSfo_Ys0")
    assert first.title == "GIDDY UP ( OFFICIAL MUSIC VIDEO )"
    assert first.published_at == datetime(2019, 11, 29, 20, 0, 11, tzinfo=UTC)
    assert first.author is not None and first.author.name == "The ACE Family"
    # The recording was made without statistics.
    assert first.engagement.views is None


def _comments(found: list[Mention]) -> None:
    first = _one(found, "UgyZ1jqkHKYvi1-ruOZ4AaABAg")
    assert (first.kind, first.text) == (MentionKind.COMMENT, "Google.com")
    assert first.parent_id == "F1UP7wRCPH8"
    assert first.published_at == datetime(2019, 11, 26, 15, 51, 44, tzinfo=UTC)
    assert first.author is not None
    assert (first.author.handle, first.author.name) == ("UCzj-CjKYmGlZ7vTL-vOe57A", "himani agarwal")
    assert _one(found, "UgwI_ylXVnzPS8Q-oAV4AaABAg").engagement.replies == 2


def _subscribers(found: list[Mention]) -> None:
    followers = {one.author.handle: one.author.followers for one in found if one.author}
    assert followers == {"UCK8sQmJBp8GCxrOtXWBpyEA": 10_700_000, "UC_x5XG1OV2P6uZZ5FSM9Ttw": 2_260_000}


_searched = partial(_with_key, queries=["surfing"])
_commented = partial(_with_key, videos=["F1UP7wRCPH8"], comments=True)

CASES = [
    Case(
        kind="youtube",
        file="feeds/feedjira__youtube_atom.xml",
        items=15,
        options=partial(_channel, "UCK8sQmJBp8GCxrOtXWBpyEA"),
        answer=_feed,
        known=_google,
    ),
    Case(
        kind="youtube",
        file="feeds/Feeder__atom_youtube.xml",
        items=14,
        options=partial(_channel, "UC7_gcs09iThXybpVgjHZ_7g"),
        answer=_feed,
        known=_space_time,
    ),
    Case(
        kind="youtube",
        file="social/python-youtube__yt_search_by_keywords_p1.json",
        items=25,
        options=_searched,
        answer=partial(_method, "search"),
        known=_surfing,
        secrets=_KEY,
    ),
    Case(
        kind="youtube",
        file="social/python-youtube__yt_videos_chart_paged_1.json",
        items=5,
        options=partial(_with_key, videos=["hDeuSfo_Ys0"]),
        answer=partial(_method, "videos"),
        known=_chart,
        secrets=_KEY,
    ),
    *(
        Case(
            kind="youtube",
            file=f"social/python-youtube__yt_comment_threads_by_video_paged_{page}.json",
            items=5,
            options=_commented,
            answer=partial(_method, "commentThreads"),
            known=_comments,
            secrets=_KEY,
        )
        for page in (1, 2)
    ),
    Case(
        kind="youtube",
        file="social/python-youtube__yt_info_multiple.json",
        items=2,
        options=_searched,
        answer=_channels,
        known=_subscribers,
        secrets=_KEY,
    ),
]
