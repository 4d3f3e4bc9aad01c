"""A page on Facebook as the Graph API gives it, simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 50
TOKEN = "EAAsynthetic-token-of-a-facebook-page"
PAGE = {"id": "900100200", "name": "Acme", "username": "acme", "fan_count": 4000, "followers_count": 4200}


def answer_json(body: Mapping[str, Any], status: int = 200) -> Answer:
    """Return an answer of the Graph API."""
    return Answer(json.dumps(body).encode(), status=status, type="application/json; charset=UTF-8")


def refused(code: int, message: str, status: int = 400) -> Answer:
    """Return an error of the Graph API."""
    return answer_json({"error": {"message": message, "type": "OAuthException", "code": code}}, status)


def page_of(shown: Sequence[Mapping[str, Any]], asked: Asked, *, more: bool, after: str) -> Answer:
    """Return a page of a list; the link to the next one holds the token, as Meta's does."""
    if not shown:
        return answer_json({"data": []})
    paging: dict[str, Any] = {"cursors": {"before": "first", "after": after}}
    if more:
        paging["next"] = f"https://graph.facebook.com{asked.path}?access_token={TOKEN}&limit=50&after={after}"
    return answer_json({"data": list(shown), "paging": paging})


def window(asked: Asked, items: Sequence[int]) -> tuple[list[int], bool]:
    """Return the items that a request asks for, and whether there are older ones."""
    after = int(asked.query.get("after", "9999999"))
    older = [number for number in items if number < after]
    size = int(asked.query.get("limit", "25"))
    return older[:size], len(older) > size


def by_ids(found: Sequence[Mapping[str, Any]], asked: Asked) -> Answer:
    """Return objects keyed by the ids that are asked for; one that is not there spoils the whole answer."""
    known = {one["id"]: one for one in found}
    wanted = asked.query["ids"].split(",")
    if any(one not in known for one in wanted):
        return refused(803, "Some of the aliases you requested do not exist", 404)
    return answer_json({one: known[one] for one in wanted})


def under(found: Sequence[Mapping[str, Any]], asked: Asked) -> Answer:
    """Return the comments under a post: none, if it is there."""
    post_id = asked.path.split("/")[2]
    if post_id in {one["id"] for one in found}:
        return answer_json({"data": []})
    return refused(100, f"Unsupported get request. Object with ID '{post_id}' does not exist")


def post(number: int) -> dict[str, Any]:
    """Return item `number` as a post of the page."""
    moment = BASE + timedelta(minutes=number)
    return {
        "id": f"{PAGE['id']}_{number}",
        "message": f"item {number}. and more",
        "created_time": moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink_url": f"https://www.facebook.com/{PAGE['id']}/posts/{number}/",
        "from": {"id": PAGE["id"], "name": "Acme"},
        "shares": {"count": 2},
        "comments": {
            "data": [],
            "summary": {"order": "chronological", "total_count": 0, "can_comment": True},
        },
        "reactions": {"data": [], "summary": {"total_count": 7, "viewer_reaction": "NONE"}},
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return refused(190, "Invalid OAuth access token - Cannot parse access token", 400)
    if asked.path == "/v24.0/acme":
        return answer_json(PAGE)
    if asked.path.endswith("/comments"):
        return under([post(number) for number in items], asked)
    if asked.path == "/v24.0/" and "ids" in asked.query:
        return by_ids([post(number) for number in items], asked)
    if asked.path != "/v24.0/acme/feed":
        return None
    numbers, more = window(asked, items)
    return page_of([post(n) for n in numbers], asked, more=more, after=str(numbers[-1]) if numbers else "")


WORLD = World(
    kind="facebook_page",
    options=lambda base: {
        "base_url": base,
        "token": {"env": "FACEBOOK_PAGE_TOKEN"},
        "page_ids": ["acme"],
        "tagged": False,
    },
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"FACEBOOK_PAGE_TOKEN": TOKEN},
)
