"""A search of YouTube's Data API v3, simulated, with what it looks up beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

KEY = "AIzaSynthetic-youtube-key-0123456789abc"
CHANNEL = "UC0123456789abcdefghijkl"


def _moment(number: int) -> str:
    return (BASE + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(number: int) -> str:
    return f"vid{number:08d}"


def _snippet(number: int) -> dict[str, Any]:
    return {
        "publishedAt": _moment(number),
        "channelId": CHANNEL,
        "title": f"Video {number}",
        "description": f"item {number}. Like &amp; subscribe",
        "channelTitle": "Some One",
        "liveBroadcastContent": "none",
    }


def _listing(kind: str, items: list[dict[str, Any]], **more: Any) -> Answer:
    page = {"totalResults": 1_000_000, "resultsPerPage": len(items)}
    answer = {"kind": f"youtube#{kind}ListResponse", "pageInfo": page, **more, "items": items}
    return Answer(json.dumps(answer).encode())


def _search(asked: Asked, items: Sequence[int]) -> Answer:
    after = asked.query.get("publishedAfter", "")
    before = asked.query.get("publishedBefore", "9")
    found = [number for number in items if after <= _moment(number) < before]
    at, size = int(asked.query.get("pageToken", "PAGE0")[4:]), int(asked.query.get("maxResults", 5))
    shown = [
        {
            "kind": "youtube#searchResult",
            "id": {"kind": "youtube#video", "videoId": _id(number)},
            "snippet": _snippet(number),
        }
        for number in found[at : at + size]
    ]
    more = {"nextPageToken": f"PAGE{at + size}"} if at + size < len(found) else {}
    return _listing("search", shown, **more)


def _videos(asked: Asked) -> Answer:
    numbers = [int(one[3:]) for one in asked.query["id"].split(",")]
    statistics = {"viewCount": "1200", "likeCount": "30", "commentCount": "4"}
    shown: list[dict[str, Any]] = []
    for number in numbers:
        snippet = {**_snippet(number), "description": f"item {number}. Like & subscribe, all of it"}
        shown.append(
            {"kind": "youtube#video", "id": _id(number), "snippet": snippet, "statistics": statistics}
        )
    return _listing("video", shown)


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.headers.get("x-goog-api-key") != KEY:
        error = {"code": 400, "message": "API key not valid.", "errors": [{"reason": "badRequest"}]}
        return Answer(json.dumps({"error": error}).encode(), 400)
    if asked.path == "/youtube/v3/search":
        return _search(asked, items)
    if asked.path == "/youtube/v3/videos":
        return _videos(asked)
    if asked.path == "/youtube/v3/channels":
        statistics = {"subscriberCount": "70000", "hiddenSubscriberCount": False}
        return _listing("channel", [{"kind": "youtube#channel", "id": CHANNEL, "statistics": statistics}])
    return None


WORLD = World(
    kind="youtube",
    options=lambda base: {"base_url": base, "key": {"env": "YOUTUBE_API_KEY"}, "queries": ["acme"]},
    answer=_answer,
    per_page=50,
    secrets={"YOUTUBE_API_KEY": KEY},
    status_routes=("/youtube/v3/videos", "/youtube/v3/channels"),
)
