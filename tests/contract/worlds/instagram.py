"""An account on Instagram as the Graph API gives it, simulated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World
from tests.contract.worlds.facebook_page import TOKEN, answer_json, by_ids, page_of, refused, under, window

ACCOUNT = "17840000000000001"


def media(number: int) -> dict[str, Any]:
    """Return item `number` as a post of the account."""
    moment = BASE + timedelta(minutes=number)
    return {
        "id": f"1790000000{number:07d}",
        "caption": f"item {number}. and more",
        "media_type": "IMAGE",
        "permalink": f"https://www.instagram.com/p/C{number}/",
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "like_count": 4,
        "comments_count": 0,
        "username": "acme",
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return refused(190, "Invalid OAuth access token - Cannot parse access token", 400)
    if asked.path == f"/v24.0/{ACCOUNT}":
        return answer_json({"id": ACCOUNT, "username": "acme", "name": "Acme", "followers_count": 900})
    if asked.path.endswith("/comments"):
        return under([media(number) for number in items], asked)
    if asked.path == "/v24.0/" and "ids" in asked.query:
        return by_ids([media(number) for number in items], asked)
    if asked.path != f"/v24.0/{ACCOUNT}/media":
        return None
    numbers, more = window(asked, items)
    return page_of([media(n) for n in numbers], asked, more=more, after=str(numbers[-1]) if numbers else "")


WORLD = World(
    kind="instagram",
    options=lambda base: {
        "base_url": base,
        "token": {"env": "INSTAGRAM_TOKEN"},
        "accounts": [ACCOUNT],
        "mentions": False,
    },
    answer=_answer,
    per_page=50,
    secrets={"INSTAGRAM_TOKEN": TOKEN},
)
