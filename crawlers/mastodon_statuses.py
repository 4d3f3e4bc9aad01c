"""Statuses as Mastodon's API gives them (and the servers that speak the same). Pure, run in the child."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.text_of_html import one_line, text_of_html
from crawlers.urls import web_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status. `handle` is `name@server` also for the server's own people; None is what is not told."""

    id: str
    url: str | None
    text: str
    created_at: datetime | None
    language: str | None
    reply_to: str | None
    handle: str | None
    name: str | None
    profile_url: str | None
    followers: int | None
    likes: int | None
    replies: int | None
    shares: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of a timeline: its ids in the server's order (boosts too), and the statuses to keep."""

    ids: tuple[str, ...]
    statuses: tuple[Status, ...]


def read_timeline(body: bytes, server: str) -> Timeline:
    """Return the statuses in a JSON answer: a list, or an object with a list of `statuses`.

    Boosts are left out, since what they boost is a status of its own. `server` is the host that people
    without one in their name belong to.

    Raises:
        UnreadableError: the answer is no timeline; an error message of the server is passed on.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("not a Mastodon timeline: the answer is not JSON") from None
    found = document.get("statuses") if isinstance(document, dict) else document
    if not isinstance(found, list):
        told = one_line(str(document.get("error") or ""))[:200] if isinstance(document, dict) else ""
        raise UnreadableError(f"not a Mastodon timeline{f': {told}' if told else ''}")
    raw = [one for one in found if isinstance(one, dict) and isinstance(one.get("id"), (str, int))]
    kept = tuple(_status(one, server) for one in raw if not one.get("reblog"))
    return Timeline(tuple(str(one["id"]) for one in raw), kept)


def _status(raw: Mapping[str, Any], server: str) -> Status:
    account = raw.get("account")
    account = account if isinstance(account, dict) else {}
    warning = one_line(_string(raw.get("spoiler_text")))
    content = text_of_html(_string(raw.get("content")))
    reply_to = raw.get("in_reply_to_id")
    return Status(
        id=str(raw["id"]),
        url=web_url(_string(raw.get("url"))) or web_url(_string(raw.get("uri"))),
        text="\n".join(part for part in (warning, content) if part),
        created_at=parse_moment(raw.get("created_at")),
        language=_string(raw.get("language"))[:20] or None,
        reply_to=None if reply_to is None else str(reply_to),
        handle=_handle(account, server),
        name=one_line(_string(account.get("display_name")))[:300] or None,
        profile_url=web_url(_string(account.get("url"))),
        followers=_count(account.get("followers_count")),
        likes=_count(raw.get("favourites_count")),
        replies=_count(raw.get("replies_count")),
        shares=_count(raw.get("reblogs_count")),
    )


def _handle(account: Mapping[str, Any], server: str) -> str | None:
    name = one_line(_string(account.get("acct")) or _string(account.get("username")))[:300]
    if not name or "@" in name:
        return name or None
    home = urlsplit(web_url(_string(account.get("url"))) or "").hostname or server
    return f"{name}@{home}"


def _string(raw: object) -> str:
    return raw if isinstance(raw, str) else ""


def _count(raw: object) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**53 else None
