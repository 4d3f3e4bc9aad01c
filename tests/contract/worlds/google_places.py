"""The Business Profile API, and the endpoint that trades a refresh token for an access token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

_LOCATION = "accounts/1/locations/2"
_TOKEN = "token-of-the-business-world"
_SECRETS = {
    "GBP_CLIENT_SECRET": "client-secret-of-the-world",
    "GBP_REFRESH_TOKEN": "refresh-token-of-the-world",
}
_STARS = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
_PER_PAGE = 10


def _options(base: str) -> dict[str, Any]:
    return {
        "business_url": base,
        "token_url": f"{base}/token",
        "locations": [_LOCATION],
        "client_id": "client-of-the-world",
        "client_secret": {"env": "GBP_CLIENT_SECRET"},
        "refresh_token": {"env": "GBP_REFRESH_TOKEN"},
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path == "/token":
        sent = parse_qs(asked.body.decode())
        sound = sent.get("refresh_token") == [_SECRETS["GBP_REFRESH_TOKEN"]]
        given = {"access_token": _TOKEN, "expires_in": 3599, "token_type": "Bearer"}
        return Answer(json.dumps(given).encode()) if sound else Answer(b'{"error":"invalid_grant"}', 400)
    if asked.path != f"/v4/{_LOCATION}/reviews" or asked.query.get("orderBy") != "updateTime desc":
        return None
    if asked.headers.get("authorization") != f"Bearer {_TOKEN}":
        return Answer(b'{"error": {"code": 401}}', 401)
    # The token names the last item given, so that pages stay whole when new items come.
    before = int(asked.query.get("pageToken", "1000000"))
    left = [number for number in items if number < before]
    page = left[:_PER_PAGE]
    told: dict[str, Any] = {"averageRating": 4.4, "totalReviewCount": len(items)} if items else {}
    if page:
        told["reviews"] = [_review(number) for number in page]
    if len(left) > _PER_PAGE:
        told["nextPageToken"] = str(page[-1])
    return Answer(json.dumps(told).encode())


def _review(number: int) -> dict[str, Any]:
    when = (BASE + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    return {
        "name": f"{_LOCATION}/reviews/R{number}",
        "reviewId": f"R{number}",
        "reviewer": {"displayName": f"User {number}"},
        "starRating": _STARS[number % 5],
        "comment": f"This is item {number}.",
        "createTime": when,
        "updateTime": when,
    }


WORLD = World(
    kind="google_places",
    options=_options,
    answer=_answer,
    per_page=_PER_PAGE,
    secrets=_SECRETS,
    status_routes=("/token",),
)
