"""GitHub's list of a repository's issues, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 30
_TOKEN = "github_pat_of-the-contract"


def issue(number: int, words: str) -> dict[str, Any]:
    """Return one issue as the API renders it."""
    moment = f"{BASE + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"
    web = "https://github.com/acme/shop"
    api = "https://api.github.com/repos/acme/shop"
    return {
        "url": f"{api}/issues/{number}",
        "repository_url": api,
        "html_url": f"{web}/issues/{number}",
        "id": 700_000 + number,
        "number": number,
        "title": f"Checkout fails ({number})",
        "user": {"login": "lina", "id": 7, "type": "User", "html_url": "https://github.com/lina"},
        "labels": [{"id": 1, "name": "bug", "color": "d73a4a"}],
        "state": "open",
        "comments": 0,
        "created_at": moment,
        "updated_at": moment,
        "closed_at": None,
        "author_association": "NONE",
        "body_html": f"<p>{words}</p>",
        "reactions": {"total_count": 1, "+1": 1, "-1": 0, "laugh": 0, "heart": 0, "hooray": 0},
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/repos/acme/shop/issues":
        return None
    if asked.headers.get("authorization") != f"Bearer {_TOKEN}":
        return Answer(b'{"message": "Bad credentials", "documentation_url": "https://docs.github.com"}', 401)
    page = int(asked.query.get("page", "1"))
    shown = items[(page - 1) * PER_PAGE : page * PER_PAGE]
    body = json.dumps([issue(number, f"We saw <em>item</em> {number}.") for number in shown]).encode()
    tag = f'W/"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": tag, "X-RateLimit-Remaining": "4990", "X-RateLimit-Limit": "5000"}
    if asked.headers.get("if-none-match") == tag:
        return Answer(b"", 304, headers)
    if page * PER_PAGE < len(items):
        following = f"https://api.github.com/repositories/7/issues?per_page=100&page={page + 1}"
        headers["Link"] = f'<{following}>; rel="next", <{following}9>; rel="last"'
    return Answer(body, headers=headers)


WORLD = World(
    kind="github",
    options=lambda base: {
        "base_url": base,
        "repositories": ["acme/shop"],
        "comments": False,
        "token": {"env": "GITHUB_TOKEN_OF_THE_CONTRACT"},
    },
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"GITHUB_TOKEN_OF_THE_CONTRACT": _TOKEN},
)
