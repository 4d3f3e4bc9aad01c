"""The list of a Discourse forum's posts, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 50
_KEY = "discourse-key-of-the-contract"
_FIRST_ID = 4_000
_CATEGORIES = {"category_list": {"categories": [{"id": 7, "name": "Support", "slug": "support"}]}}


def post(number: int, words: str, **more: Any) -> dict[str, Any]:
    """Return one post: every third begins a topic, the others answer one."""
    moment = f"{BASE + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S.000Z}"
    topic_id = number if number % 3 == 0 else 1_000
    return {
        "id": _FIRST_ID + number,
        "name": "Lina Ali",
        "username": "lina",
        "created_at": moment,
        "updated_at": moment,
        "cooked": f"<p>{words}</p>",
        "post_number": 1 if number % 3 == 0 else number,
        "post_type": 1,
        "reply_count": 0,
        "reply_to_post_number": None,
        "reads": 9,
        "score": 4.2,
        "topic_id": topic_id,
        "topic_slug": "where-is-it",
        "topic_title": "Where is it?",
        "category_id": 7,
        "version": 1,
        "actions_summary": [{"id": 2, "count": 3}],
        "hidden": False,
        "user_deleted": False,
        "deleted_at": None,
        **more,
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if (asked.headers.get("api-key"), asked.headers.get("api-username")) != (_KEY, "marsad"):
        refusal = {"errors": ["You need to be logged in to do that."], "error_type": "not_logged_in"}
        return Answer(json.dumps(refusal).encode(), 403)
    if asked.path == "/categories.json":
        return Answer(json.dumps(_CATEGORIES).encode())
    if asked.path != "/posts.json":
        return None
    before = int(asked.query.get("before", 10**9))
    shown = [number for number in items if _FIRST_ID + number <= before][:PER_PAGE]
    posts = [post(number, f"We saw <em>item</em> {number}.") for number in shown]
    return Answer(json.dumps({"latest_posts": posts}).encode())


WORLD = World(
    kind="discourse",
    options=lambda base: {
        "base_url": base,
        "api_key": {"env": "DISCOURSE_KEY_OF_THE_CONTRACT"},
        "api_username": "marsad",
    },
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"DISCOURSE_KEY_OF_THE_CONTRACT": _KEY},
    status_routes=("/categories.json",),
)
