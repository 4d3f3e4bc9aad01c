"""Recent search of X's API v2, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from crawlers.services.x_posts import id_at
from tests.contract.world import BASE, World

PER_PAGE = 100
TOKEN = "AAAAAAAAAAAAAAAAAAAAAFsynthetic-x-bearer"


def _id(number: int) -> int:
    return id_at(BASE + timedelta(minutes=number)) + 1


def post(number: int) -> dict[str, Any]:
    """Return item `number` as the API gives a post."""
    moment = BASE + timedelta(minutes=number)
    return {
        "id": str(_id(number)),
        "edit_history_tweet_ids": [str(_id(number))],
        "author_id": "42",
        "text": f"item {number}. &amp; more",
        "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lang": "en",
        "public_metrics": {
            "retweet_count": 1,
            "reply_count": 2,
            "like_count": 3,
            "quote_count": 4,
            "impression_count": 500,
        },
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return _problem(401, {"title": "Unauthorized", "detail": "Unauthorized", "status": 401})
    if asked.path != "/2/tweets/search/recent":
        return None
    since, until = int(asked.query.get("since_id", 0)), int(asked.query.get("until_id", 2**63))
    found = [number for number in items if since < _id(number) < until]
    size = int(asked.query.get("max_results", 10))
    shown, more = found[:size], len(found) > size
    meta: dict[str, Any] = {"result_count": len(shown)}
    if not shown:
        return Answer(json.dumps({"meta": meta}).encode())
    meta |= {"newest_id": str(_id(shown[0])), "oldest_id": str(_id(shown[-1]))}
    if more:
        meta["next_token"] = f"b26v89c19zqg8o3f{shown[-1]}"
    user = {
        "id": "42",
        "username": "someone",
        "name": "Some One",
        "verified": False,
        "public_metrics": {"followers_count": 1200},
    }
    answer = {"data": [post(number) for number in shown], "includes": {"users": [user]}, "meta": meta}
    return Answer(json.dumps(answer).encode())


def _problem(status: int, answer: dict[str, Any]) -> Answer:
    return Answer(json.dumps(answer).encode(), status=status, type="application/problem+json")


WORLD = World(
    kind="x",
    options=lambda base: {"base_url": base, "token": {"env": "X_BEARER_TOKEN"}, "queries": ["acme"]},
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"X_BEARER_TOKEN": TOKEN},
)
