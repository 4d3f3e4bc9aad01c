"""The App Store's feed: ten pages of fifty."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

_PATH = re.compile(r"\A/sa/rss/customerreviews/page=(\d+)/id=42/sortby=mostrecent/json\Z")
_PER_PAGE = 50


def _options(base: str) -> dict[str, Any]:
    return {"base_url": base, "apps": [42], "countries": ["sa"]}


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    found = _PATH.match(asked.path)
    if found is None:
        return None
    page = int(found[1])
    if page > 10:
        return Answer(b"CustomerReviews RSS page depth is limited to 10", 400, type="text/plain")
    last = min(10, -(-len(items) // _PER_PAGE))
    entries = [_entry(number) for number in items[(page - 1) * _PER_PAGE : page * _PER_PAGE]]
    address = f"https://itunes.apple.com/sa/rss/customerreviews/page={last}/id=42/sortby=mostrecent/xml"
    feed: dict[str, Any] = {"link": [{"attributes": {"rel": "last", "href": address if items else ""}}]}
    if entries:
        feed["entry"] = entries if len(entries) > 1 else entries[0]
    return Answer(json.dumps({"feed": feed}).encode(), type="text/javascript; charset=UTF-8")


def _entry(number: int) -> dict[str, Any]:
    told = {
        "id": str(9000 + number),
        "title": "خدمة",
        "im:rating": str(number % 5 + 1),
        "im:version": "8.1",
        "im:voteSum": "0",
        "im:voteCount": "0",
        "updated": (BASE + timedelta(minutes=number)).isoformat(),
    }
    author = {"name": {"label": f"user {number}"}, "uri": {"label": f"https://x.test/id{number}"}}
    content = {"label": f"This is item {number}.", "attributes": {"type": "text"}}
    return {"author": author, "content": content, **{name: {"label": value} for name, value in told.items()}}


WORLD = World(kind="app_store", options=_options, answer=_answer, per_page=_PER_PAGE, limit=500)
