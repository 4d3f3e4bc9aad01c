"""Reddit's API, simulated."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 100
_ID, _SECRET, _TOKEN = "app-71f3c0de", "secret-5ad0b1e5", "token-eyJhbGciOi"
_KIND = "application/json; charset=UTF-8"


def post(number: int, words: str) -> dict[str, Any]:
    """Return one post as it stands in a listing."""
    written = (BASE + timedelta(minutes=number)).timestamp()
    return {
        "kind": "t3",
        "data": {
            "id": f"p{number}",
            "name": f"t3_p{number}",
            "title": "Acme opens a shop",
            "selftext": words,
            "selftext_html": f'<!-- SC_OFF --><div class="md"><p>{words}</p>\n</div><!-- SC_ON -->',
            "author": "lina",
            "subreddit": "coffee",
            "permalink": f"/r/coffee/comments/p{number}/acme_opens_a_shop/",
            "url": f"https://www.reddit.com/r/coffee/comments/p{number}/acme_opens_a_shop/",
            "is_self": True,
            "score": 12,
            "hide_score": False,
            "upvote_ratio": 0.93,
            "num_comments": 3,
            "created_utc": written,
            "removed_by_category": None,
            "link_flair_text": None,
        },
    }


def listing(children: Sequence[dict[str, Any]], after: str | None = None) -> bytes:
    """Return a listing of things."""
    data = {"after": after, "before": None, "dist": len(children), "modhash": "", "children": list(children)}
    return json.dumps({"kind": "Listing", "data": data}).encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    authorization = asked.headers.get("authorization")
    if asked.path == "/api/v1/access_token":
        pair = base64.b64encode(f"{_ID}:{_SECRET}".encode()).decode()
        if asked.body != b"grant_type=client_credentials" or authorization != f"Basic {pair}":
            return Answer(b'{"message": "Unauthorized", "error": 401}', 401, type=_KIND)
        token = {"access_token": _TOKEN, "token_type": "bearer", "expires_in": 86_400, "scope": "*"}
        return Answer(json.dumps(token).encode(), type=_KIND)
    if authorization != f"Bearer {_TOKEN}":
        return Answer(b'{"message": "Unauthorized", "error": 401}', 401, type=_KIND)
    if asked.path == "/api/info":
        wanted = set(asked.query["id"].split(","))
        return _page([number for number in items if f"t3_p{number}" in wanted], None)
    if asked.path != "/r/coffee/new":
        return None
    names = [f"t3_p{number}" for number in items]
    after = asked.query.get("after")
    first = names.index(after) + 1 if after in names else 0
    shown = items[first : first + PER_PAGE]
    return _page(shown, names[first + PER_PAGE - 1] if first + PER_PAGE < len(items) else None)


def _page(items: Sequence[int], after: str | None) -> Answer:
    limits = {"x-ratelimit-remaining": "598.0", "x-ratelimit-used": "2", "x-ratelimit-reset": "434"}
    children = [post(number, f"We saw item {number}.") for number in items]
    return Answer(listing(children, after), headers=limits, type=_KIND)


WORLD = World(
    kind="reddit",
    options=lambda base: {
        "oauth_url": base,
        "token_url": f"{base}/api/v1/access_token",
        "client_id": {"env": "REDDIT_CLIENT_ID"},
        "client_secret": {"env": "REDDIT_CLIENT_SECRET"},
        "subreddits": ["coffee"],
        "comments": False,
    },
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"REDDIT_CLIENT_ID": _ID, "REDDIT_CLIENT_SECRET": _SECRET},
    status_routes=("/api/v1/access_token", "/api/info"),
)
