"""A hashtag timeline of a Mastodon server, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from crawlers.services.mastodon_statuses import id_at
from tests.contract.world import BASE, World

TOKEN = "mastodon-synthetic-token-6f1c"
_PATH = "/api/v1/timelines/tag/acme"


def _id(number: int) -> int:
    return int(id_at(BASE + timedelta(minutes=number))) + 1


def status(number: int) -> dict[str, Any]:
    """Return item `number` as the API gives a status."""
    return {
        "id": str(_id(number)),
        "created_at": (BASE + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "in_reply_to_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "url": f"https://social.example/@someone/{_id(number)}",
        "content": f"<p>item {number}. &amp; more <a href='https://social.example/tags/acme'>#acme</a></p>",
        "replies_count": 1,
        "reblogs_count": 2,
        "favourites_count": 3,
        "reblog": None,
        "account": {
            "id": "42",
            "acct": "someone",
            "display_name": "Some One",
            "url": "https://social.example/@someone",
            "followers_count": 1200,
        },
        "media_attachments": [],
        "poll": None,
        "quote": None,
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return Answer(b'{"error": "The access token is invalid"}', 401)
    if asked.path != _PATH:
        return None
    bound = asked.query.get("max_id", "")
    before = int(bound) if bound.isdigit() else 2**63
    found = [number for number in items if _id(number) < before]
    shown = found[: int(asked.query.get("limit", 20))]
    host = asked.headers.get("host", "social.example")
    links = []
    if shown:
        links.append(f'<http://{host}{_PATH}?min_id={_id(shown[0])}>; rel="prev"')
    if len(shown) < len(found):
        links.insert(0, f'<http://{host}{_PATH}?max_id={_id(shown[-1])}>; rel="next"')
    return Answer(
        json.dumps([status(number) for number in shown]).encode(),
        headers={"Link": ", ".join(links), "X-RateLimit-Remaining": "299"} if links else {},
    )


WORLD = World(
    kind="mastodon",
    options=lambda base: {"base_url": base, "token": {"env": "MASTODON_TOKEN"}, "hashtags": ["acme"]},
    answer=_answer,
    per_page=40,
    secrets={"MASTODON_TOKEN": TOKEN},
)
