"""The Stack Exchange API's list of the questions under a tag, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 30
_KEY = "key-of-the-contract(("


def published(number: int) -> datetime:
    """Return when an item was published."""
    return BASE + timedelta(minutes=number)


def question(number: int, words: str, **more: Any) -> dict[str, Any]:
    """Return one question as the filter `withbody` gives it."""
    moment = int(published(number).timestamp())
    owner = {
        "account_id": 9,
        "reputation": 5_120,
        "user_id": 77,
        "user_type": "registered",
        "display_name": "Lina &amp; Co",
        "link": "https://stackoverflow.com/users/77/lina-co",
    }
    return {
        "tags": ["acme"],
        "owner": owner,
        "is_answered": False,
        "view_count": 12,
        "answer_count": 0,
        "score": 2,
        "last_activity_date": moment,
        "creation_date": moment,
        "question_id": 70_000_000 + number,
        "content_license": "CC BY-SA 4.0",
        "link": f"https://stackoverflow.com/questions/{70_000_000 + number}/why",
        "title": f"Why &quot;{number}&quot;?",
        "body": f"<p>{words}</p>",
        **more,
    }


def wrapper(items: Sequence[dict[str, Any]], has_more: bool, **more: Any) -> bytes:
    """Return an answer of the API."""
    told = {"items": list(items), "has_more": has_more, "quota_max": 10_000, "quota_remaining": 9_000}
    return json.dumps({**told, **more}).encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/questions":
        return None
    if asked.query.get("key") != _KEY:
        error = {"error_id": 400, "error_message": "`key` is not valid", "error_name": "bad_parameter"}
        return Answer(json.dumps(error).encode(), 400)
    latest = int(asked.query.get("max", 2**32))
    found = [number for number in items if published(number).timestamp() <= latest]
    begin = (int(asked.query.get("page", "1")) - 1) * PER_PAGE
    shown = [question(number, f"We saw <b>item</b> {number}.") for number in found[begin : begin + PER_PAGE]]
    return Answer(wrapper(shown, begin + PER_PAGE < len(found)))


WORLD = World(
    kind="stack_exchange",
    options=lambda base: {
        "base_url": base,
        "tags": ["acme"],
        "key": {"env": "STACK_EXCHANGE_KEY_OF_THE_CONTRACT"},
    },
    answer=_answer,
    per_page=PER_PAGE,
    secrets={"STACK_EXCHANGE_KEY_OF_THE_CONTRACT": _KEY},
)
