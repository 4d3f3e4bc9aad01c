"""What the API of X says went wrong, beside posts or instead of them. Pure.

https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from crawlers.json_values import mapping, objects, string
from crawlers.text_of_html import one_line

_ID = re.compile(r"[1-9]\d{0,18}")
_PROBLEM = re.compile(r"/problems/([a-z0-9-]{1,60})$")
# Problems of a post that is there no more, or no longer for everybody.
_WITHDRAWN = frozenset({"resource-not-found", "not-authorized-for-resource", "resource-unavailable"})
_LONGEST = 200


class Refusal(Enum):
    """Why no request of this token will be answered for now, whatever is asked."""

    CAPPED = "the posts that your plan at X allows are used up; asked again tomorrow"
    UNPAID = "your account at X has no credits left: add some in X's developer console"
    NOT_ENROLLED = (
        "X says the token's app may not use this: in X's developer console, attach the app to a project, and"
        " see whether your plan includes this request"
    )


def refusal(status: int, body: bytes) -> Refusal | None:
    """Return which refusal an answer with this status is, None for any other answer."""
    if status not in (402, 403, 429):
        return None
    answer = _answer(body)
    problems = [answer, *objects(answer.get("errors"))]
    kinds = {kind_of(one) for one in problems} | {string(one.get("title")) for one in problems}
    if not kinds.isdisjoint({"usage-capped", "UsageCapExceeded"}):
        return Refusal.CAPPED
    if status == 402 or not kinds.isdisjoint({"credits-depleted", "CreditsDepleted"}):
        return Refusal.UNPAID
    reasons = {string(one.get("reason")) for one in problems}
    if status == 403 and ("client-not-enrolled" in reasons or "client-forbidden" in kinds):
        return Refusal.NOT_ENROLLED
    return None


def words_of_answer(body: bytes) -> str:
    """Return what an answer that is no success says of the cause, on one line; empty where it is silent."""
    return words_of(_answer(body))


def words_of(answer: Mapping[str, Any]) -> str:
    """Return the most exact words of an error: those of its parts before its own, which name no cause."""
    parts = objects(answer.get("errors"))
    for one in [*parts, answer]:
        for key in ("message", "detail", "title"):
            if said := one_line(string(one.get(key))):
                return said[:_LONGEST]
    return ""


def withdrawn_ids(answers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the posts that answers say are deleted, withheld or no longer public, each once."""
    found: list[str] = []
    for problem in (one for answer in answers for one in objects(answer.get("errors"))):
        if problem.get("resource_type") != "tweet" or kind_of(problem) not in _WITHDRAWN:
            continue
        for key in ("resource_id", "value"):
            if _ID.fullmatch(string(problem.get(key))):
                found.append(string(problem[key]))
                break
    return list(dict.fromkeys(found))


def kind_of(problem: Mapping[str, Any]) -> str:
    """Return the last part of a problem's `type`, such as `resource-not-found`, empty where it has none."""
    match = _PROBLEM.search(string(problem.get("type")))
    return match[1] if match else ""


def user_id(body: bytes) -> str | None:
    """Return the id in the answer to a look-up of a user, None where X knows none."""
    found = string(mapping(_answer(body).get("data")).get("id"))
    return found if _ID.fullmatch(found) else None


def _answer(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}
