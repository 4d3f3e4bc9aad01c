"""The demo's Mastodon server: hashtag timelines as its API gives them, paging and rate limit included."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote

from demo.items import Item
from demo.loopback import Request, Response

TIMELINE = "/api/v1/timelines/tag/"
_WINDOW = timedelta(minutes=5)
_MOST, _USUAL = 40, 20
_JSON = "application/json; charset=utf-8"


class RateLimit:
    """Counts requests in windows of five minutes of `clock`; `limit` is how many each window allows."""

    def __init__(self, clock: Callable[[], datetime], limit: int) -> None:
        self._clock, self._limit = clock, limit
        self._used = 0
        self._reset = clock()

    def spend(self) -> tuple[bool, dict[str, str]]:
        """Count one request; return whether it is allowed, and the headers that tell the client."""
        now = self._clock()
        if now >= self._reset or self._reset - now > _WINDOW:
            self._used, self._reset = 0, now + _WINDOW
        allowed = self._used < self._limit
        self._used += allowed
        return allowed, {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(self._limit - self._used),
            "X-RateLimit-Reset": _iso(self._reset),
        }


def timeline(base: str, request: Request, posts: Sequence[Item], headers: Mapping[str, str]) -> Response:
    """Return one page of a hashtag's timeline. `posts` are all posts there are now, newest first."""
    tag = request.path.removeprefix(TIMELINE).lower()
    tagged = [post for post in posts if tag in post.tags]
    try:
        shown = _page(tagged, request.query)
    except ValueError:
        return Response(b'{"error":"Validation failed"}', _JSON, 422, headers)
    headers = dict(headers)
    if shown:
        here = f"{base}{TIMELINE}{quote(tag)}"
        limit = f"limit={request.query['limit']}&" if "limit" in request.query else ""
        older, newer = f"{here}?{limit}max_id={shown[-1].id}", f"{here}?{limit}min_id={shown[0].id}"
        headers["Link"] = f'<{older}>; rel="next", <{newer}>; rel="prev"'
    body = json.dumps([status(base, post) for post in shown], ensure_ascii=False).encode()
    changed = max((post.changed_at for post in shown), default=None)
    return Response(body, _JSON, 200, headers, changed=changed, weak=True)


def _page(posts: Sequence[Item], query: Mapping[str, str]) -> list[Item]:
    """Return the statuses that `max_id`, `since_id`, `min_id` and `limit` choose, newest first."""
    limit = max(1, min(_MOST, int(query.get("limit", _USUAL))))
    below, above = int(query.get("max_id", 2**63)), int(query.get("since_id", 0))
    oldest_first = "min_id" in query
    above = int(query["min_id"]) if oldest_first else above
    between = [post for post in posts if above < int(post.id) < below]
    return between[-limit:] if oldest_first else between[:limit]


def status(base: str, post: Item) -> dict[str, object]:
    """Return a post as the API's Status entity."""
    page = f"{base}/@{post.author.handle}"
    return {
        "id": post.id,
        "created_at": _iso(post.at),
        "in_reply_to_id": post.reply_to,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": post.language,
        "uri": f"{base}/users/{post.author.handle}/statuses/{post.id}",
        "url": f"{page}/{post.id}",
        "replies_count": post.likes // 6,
        "reblogs_count": post.likes // 3,
        "favourites_count": post.likes,
        "edited_at": _iso(post.updated_at) if post.updated_at else None,
        "content": _content(base, post.text),
        "reblog": None,
        "account": {
            "id": str(sum(ord(letter) * 31**place for place, letter in enumerate(post.author.handle[:10]))),
            "username": post.author.handle,
            "acct": post.author.handle,
            "display_name": post.author.name,
            "locked": False,
            "bot": False,
            "url": page,
            "followers_count": post.author.followers,
            "following_count": min(post.author.followers, 300),
            "statuses_count": 500,
            "emojis": [],
            "fields": [],
        },
        "media_attachments": [],
        "mentions": [],
        "tags": [{"name": tag, "url": f"{base}/tags/{quote(tag)}"} for tag in post.tags],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def _content(base: str, text: str) -> str:
    def linked(found: re.Match[str]) -> str:
        href = f"{base}/tags/{quote(found[1].lower())}"
        return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{found[1]}</span></a>'

    return "<p>" + re.sub(r"#(\w+)", linked, escape(text, quote=False)) + "</p>"


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
