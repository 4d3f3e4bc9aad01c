"""Algolia's search of Hacker News, simulated."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 100
# Beyond this many hits the search gives nothing, whatever page is asked for.
_REACH = 1000
_BOUND = re.compile(r"created_at_i<=(\d{1,12})")
_FIRST_ID = 41_000_000


def hit(number: int, words: str) -> dict[str, Any]:
    """Return one hit: every third is a story, the others comments."""
    moment = published(number)
    identity = _FIRST_ID + number
    common = {
        "_tags": ["comment", "author_lina", "story_40999999"],
        "author": "lina",
        "created_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "created_at_i": int(moment.timestamp()),
        "objectID": str(identity),
        "updated_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "_highlightResult": {"author": {"matchLevel": "none", "matchedWords": [], "value": "lina"}},
    }
    if number % 3:
        comment = {"comment_text": words, "parent_id": 40_999_999, "story_id": 40_999_999}
        return {**common, **comment, "story_title": "Ask HN: Coffee?", "story_url": None}
    story = {"title": "Acme opens a shop", "story_text": words, "points": 7, "num_comments": 2}
    return {**common, **story, "story_id": identity, "_tags": ["story", "author_lina", f"story_{identity}"]}


def published(number: int) -> datetime:
    """Return when an item was published."""
    return BASE + timedelta(minutes=number)


def answer_of(hits: Sequence[dict[str, Any]], found: int, query: str = "acme") -> bytes:
    """Return the first page of a search that found so many hits."""
    document = {
        "exhaustive": {"nbHits": False, "typo": False},
        "hits": list(hits),
        "hitsPerPage": PER_PAGE,
        "nbHits": found,
        "nbPages": -(-min(found, _REACH) // PER_PAGE),
        "page": 0,
        "params": "query=acme&advancedSyntax=true",
        "query": query,
    }
    return json.dumps(document).encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/api/v1/search_by_date" or "page" in asked.query:
        return None
    bound = _BOUND.fullmatch(asked.query.get("numericFilters", ""))
    latest = int(bound[1]) if bound else 2**32
    found = [number for number in items if published(number).timestamp() <= latest]
    hits = [hit(number, f"<p>We saw <i>item</i> {number}.") for number in found[:PER_PAGE]]
    return Answer(answer_of(hits, len(found)))


WORLD = World(
    kind="hacker_news",
    options=lambda base: {"base_url": base, "queries": ["acme"]},
    answer=_answer,
    per_page=PER_PAGE,
)
