"""A search of Bluesky with a login, simulated, with sessions and profiles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PASSWORD = "abcd-synthetic-efgh"
ACCESS, REFRESH = "eyJ-synthetic-access", "eyJ-synthetic-refresh"
DID = "did:plc:synthetic42"
_METHODS = "/xrpc/"


def _moment(number: int) -> str:
    return (BASE + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def post(number: int) -> dict[str, Any]:
    """Return item `number` as the API gives a post."""
    return {
        "uri": f"at://{DID}/app.bsky.feed.post/3k{number:011d}",
        "cid": "bafyreisynthetic",
        "author": {"did": DID, "handle": "someone.example", "displayName": "Some One", "labels": []},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": f"item {number}. & more",
            "langs": ["en"],
            "createdAt": _moment(number),
        },
        "replyCount": 1,
        "repostCount": 2,
        "likeCount": 3,
        "quoteCount": 4,
        "indexedAt": _moment(number),
        "labels": [],
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    method = asked.path.removeprefix(_METHODS)
    if method == "com.atproto.server.createSession":
        if json.loads(asked.body) != {"identifier": "someone.example", "password": PASSWORD}:
            return _problem(401, "AuthenticationRequired", "Invalid identifier or password")
        return Answer(json.dumps({"accessJwt": ACCESS, "refreshJwt": REFRESH, "did": DID}).encode())
    if asked.headers.get("authorization") != f"Bearer {ACCESS}":
        return _problem(401, "AuthMissing", "Authentication Required")
    if method == "app.bsky.actor.getProfiles":
        profile = {"did": DID, "handle": "someone.example", "followersCount": 1200}
        return Answer(json.dumps({"profiles": [profile]}).encode())
    return _search(asked, items) if method == "app.bsky.feed.searchPosts" else None


def _search(asked: Asked, items: Sequence[int]) -> Answer:
    until = asked.query.get("until", "9")
    found = [number for number in items if _moment(number) < until]
    at, size = int(asked.query.get("cursor", 0)), int(asked.query.get("limit", 25))
    page: dict[str, Any] = {"posts": [post(number) for number in found[at : at + size]]}
    if at + size < len(found):
        page["cursor"] = str(at + size)
    return Answer(json.dumps(page).encode())


def _problem(status: int, error: str, message: str) -> Answer:
    return Answer(json.dumps({"error": error, "message": message}).encode(), status)


WORLD = World(
    kind="bluesky",
    options=lambda base: {
        "base_url": base,
        "handle": "someone.example",
        "app_password": {"env": "BLUESKY_APP_PASSWORD"},
        "queries": ["acme"],
    },
    answer=_answer,
    per_page=100,
    secrets={"BLUESKY_APP_PASSWORD": PASSWORD},
    status_routes=("/xrpc/com.atproto.server.", "/xrpc/app.bsky.actor."),
)
