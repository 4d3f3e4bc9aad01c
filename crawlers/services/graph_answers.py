"""What every answer of Meta's Graph API has in common: lists, pages, errors and how much is used. Pure.

https://developers.facebook.com/docs/graph-api/results,
https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawlers.errors import UnreadableError
from crawlers.json_values import count, integer, json_document, mapping, number, objects, string
from crawlers.text_of_html import one_line

# What leads to the older page, by cursor or by time. The address itself also holds the token: it is left out.
_PAGING = frozenset({"after", "until", "since", "__paging_token", "offset"})
# The lists of a page or an account, as field expansion puts them into it. A post has none of these.
_EDGES = ("feed", "posts", "published_posts", "visitor_posts", "tagged", "ratings", "media", "tags")
_CURSOR = re.compile(r"[\w\-=]{1,2000}", re.ASCII)
_USAGES = ("x-app-usage", "x-page-usage", "x-ad-account-usage")
_SHARES = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
_NEARLY_ALL = 95.0
# Usage is counted over the last hour, so half of it is free again after half of one.
_REST = timedelta(minutes=30)
_LONGEST_REST = timedelta(days=1)
_LONGEST = 300
_LONGEST_ID = 200


class Trouble(Enum):
    """What an error of the Graph API asks of its caller; `RENEW` is about the token."""

    WAIT = "wait"
    RENEW = "renew"
    PERMISSION = "permission"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error: what it asks for, and its message on one line."""

    trouble: Trouble
    message: str


def answer_of(body: bytes) -> Mapping[str, Any]:
    """Return the object that an answer is.

    Raises:
        UnreadableError: it is none, or it is an error, whose message is passed on.
    """
    answer = json_document(body, "an answer of the Graph API")
    if not isinstance(answer, dict):
        raise UnreadableError("not an answer of the Graph API: no object")
    if (told := _problem(answer)) is not None:
        raise UnreadableError(f"the Graph API says: {told.message}")
    return answer


def list_in(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the list inside an object that was asked for together with one of its edges, else the answer."""
    if isinstance(answer.get("data"), list):
        return answer
    edges = (mapping(answer.get(edge)) for edge in _EDGES)
    return next((edge for edge in edges if isinstance(edge.get("data"), list)), answer)


def listed(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects of an answer: those of its `data`, those keyed by their ids, or itself.

    Raises:
        UnreadableError: it is none of these.
    """
    if isinstance(answer.get("data"), list):
        return objects(answer["data"])
    if id_of(answer):
        return [answer]
    keyed: list[Mapping[str, Any]] = [
        one for key, one in answer.items() if isinstance(one, dict) and key.replace("_", "").isdigit()
    ]
    if not keyed:
        raise UnreadableError("not a list of the Graph API: it has no data")
    return keyed


def id_of(raw: Mapping[str, Any]) -> str:
    """Return the id of an object, empty where it has none."""
    found = raw.get("id")
    return str(found) if count(found) is not None and isinstance(found, int) else string(found)[:_LONGEST_ID]


def next_page(answer: Mapping[str, Any]) -> str | None:
    """Return the parameters that ask for the next older page, as a query, None at the end.

    A cursor alone is no promise: the last page has one too.
    """
    link = string(mapping(answer.get("paging")).get("next"))
    try:
        pairs = parse_qsl(urlsplit(link).query) if link else []
    except ValueError:
        return None
    return urlencode([pair for pair in pairs if pair[0] in _PAGING]) or None


def next_cursor(answer: Mapping[str, Any]) -> str | None:
    """Return the cursor after a list inside another object, which has no links; None at the end."""
    cursor = string(mapping(mapping(answer.get("paging")).get("cursors")).get("after"))
    return cursor if _CURSOR.fullmatch(cursor) and objects(answer.get("data")) else None


def problem_in(body: bytes) -> Problem | None:
    """Return the error that a body holds, None where it holds none."""
    try:
        return _problem(mapping(json.loads(body)))
    except (ValueError, RecursionError):
        return None


def _problem(answer: Mapping[str, Any]) -> Problem | None:
    error = answer.get("error")
    if error is None:
        return None
    told = mapping(error)
    message = one_line(string(told.get("message")) or string(error))[:_LONGEST] or "an error without words"
    return Problem(_trouble(integer(told.get("code")), message), message)


def _trouble(code: int | None, message: str) -> Trouble:
    if code in (4, 17, 32, 341, 613) or 80_000 <= (code or 0) <= 80_014:
        return Trouble.WAIT
    if code in (102, 190, 463, 467):
        return Trouble.RENEW
    if code in (3, 10) or 200 <= (code or 0) <= 299 or (code == 100 and "permission" in message):
        return Trouble.PERMISSION
    return Trouble.OTHER


def rest_of(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long to rest by what the headers (lower-case names) say is used, None where enough is left.

    From 95 % on, for as long as the API estimates, else for half an hour; never more than a day.
    """
    told = [_object(headers.get(name)) for name in _USAGES]
    for business in _object(headers.get("x-business-use-case-usage")).values():
        told.extend(objects(business))
    rests = [_estimated(one) for one in told if _used(one) >= _NEARLY_ALL]
    return min(max(rests), _LONGEST_REST) if rests else None


def _used(usage: Mapping[str, Any]) -> float:
    return max((number(usage.get(name)) or 0.0 for name in _SHARES), default=0.0)


def _estimated(usage: Mapping[str, Any]) -> timedelta:
    minutes = number(usage.get("estimated_time_to_regain_access")) or 0.0
    return timedelta(minutes=min(minutes, 100_000)) if minutes > 0 else _REST


def _object(header: str | None) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(header or ""))
    except (ValueError, RecursionError):
        return {}
