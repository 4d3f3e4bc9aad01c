"""What Reddit's API answers, read into posts and comments. Pure functions of bytes, run in the child.

The shapes are those of https://www.reddit.com/dev/api: a listing of "things", `t3` a post and `t1` a comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

from crawlers.dates import believed, parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import LONGEST_TITLE
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, number, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

SITE = "https://www.reddit.com"
# What stands in the place of words that their author or a moderator took away.
GONE = frozenset({"[deleted]", "[removed]"})
_TITLE_GONE = frozenset({*GONE, "[deleted by user]"})
_KINDS = {"t1": MentionKind.COMMENT, "t3": MentionKind.POST}
_LONGEST_ID = 50
_LONGEST_TOKEN = 4000
_LONGEST_SECONDS = 86_400


def read_listing(body: bytes, now: datetime, token: str | None = None) -> Page:
    """Return the posts and comments of a listing, and as `withdrawn` those that are deleted or removed.

    `token` is what the page was asked for with: a server that answers the same page again ends there. A
    score that Reddit still hides counts as unknown. `item` of a comment is the title of its thread.

    Raises:
        UnreadableError: it is no listing; the message says what Reddit says instead.
    """
    document = mapping(json_document(body, "a Reddit listing"))
    data = mapping(document.get("data"))
    if not isinstance(data.get("children"), list):
        raise UnreadableError(f"not a Reddit listing{_said(document)}")
    after = string(data.get("after"))[:_LONGEST_ID] or None
    if after is not None and after == token:
        return Page(items=())
    things = [thing for child in objects(data["children"]) if (thing := _thing(child, now)) is not None]
    return Page(
        items=tuple(thing for thing in things if isinstance(thing, Item)),
        next=after,
        withdrawn=tuple(thing for thing in things if isinstance(thing, str)),
    )


def read_token(body: bytes) -> tuple[str, int]:
    """Return the access token that Reddit answers, and for how many seconds it holds.

    Raises:
        UnreadableError: there is none; the message says what Reddit says instead.
    """
    document = mapping(json_document(body, "an access token of Reddit"))
    token = string(document.get("access_token"))
    if not token.isascii() or not token.isprintable() or not 0 < len(token) <= _LONGEST_TOKEN:
        raise UnreadableError(f"Reddit gave no access token{_said(document)}")
    return token, min(count(document.get("expires_in")) or 0, _LONGEST_SECONDS)


def reddit_author(raw: object) -> Author | None:
    """Return the author of that name; None for nobody, as with deleted accounts."""
    handle = (name(raw) or "").removeprefix("/").removeprefix("u/")
    if not handle or handle in GONE:
        return None
    return Author("reddit", handle, name=handle, profile_url=web_url(f"{SITE}/user/{handle}"))


def _thing(child: Mapping[str, Any], now: datetime) -> Item | str | None:
    """Return a post or comment, or the id of one that is gone, or None for what is neither."""
    prefix = string(child.get("kind"))
    data = mapping(child.get("data"))
    short = string(data.get("id"))
    if prefix not in _KINDS or not (short.isascii() and short.isalnum() and len(short) < _LONGEST_ID):
        return None
    markdown = string(data.get("body" if prefix == "t1" else "selftext"))
    if _is_gone(data, markdown):
        return f"{prefix}_{short}"
    html = string(data.get("body_html" if prefix == "t1" else "selftext_html"))
    of_comment = prefix == "t1"
    return Item(
        external_id=f"{prefix}_{short}",
        kind=_KINDS[prefix],
        text=_plain(html, markdown),
        url=_permalink(data, short),
        title=None if of_comment else _title(data.get("title")),
        author=reddit_author(data.get("author")),
        engagement=_engagement(data),
        published_at=believed(parse_moment(data.get("created_utc")), now),
        parent_id=string(data.get("parent_id"))[:_LONGEST_ID] or None if of_comment else None,
        item=_title(data.get("link_title")) if of_comment else None,
        extra=_extra(data),
    )


def _is_gone(data: Mapping[str, Any], markdown: str) -> bool:
    # An account that was deleted leaves its posts behind: an author "[deleted]" alone says nothing.
    return (
        markdown.strip() in GONE
        or string(data.get("title")).strip() in _TITLE_GONE
        or bool(string(data.get("removed_by_category")))
    )


def _plain(html: str, markdown: str) -> str:
    if not html:
        return tidy(unescape(markdown))
    # Without raw_json=1 the HTML itself is escaped once more.
    return text_of_html(html if "<" in html else unescape(html))


def _permalink(data: Mapping[str, Any], short: str) -> str | None:
    if written := string(data.get("permalink")):
        return web_url(written, SITE)
    # Comments had none until about 2017.
    thread, subreddit = string(data.get("link_id")).removeprefix("t3_"), string(data.get("subreddit"))
    return web_url(f"/r/{subreddit}/comments/{thread}/_/{short}/", SITE) if thread and subreddit else None


def _score(data: Mapping[str, Any]) -> int | None:
    """Return the score, which may be below zero; None while Reddit hides it and shows 1."""
    hidden = data.get("hide_score") is True or data.get("score_hidden") is True
    return None if hidden else integer(data.get("score"))


def _engagement(data: Mapping[str, Any]) -> Engagement:
    score = _score(data)
    return Engagement(likes=None if score is None else max(0, score), replies=count(data.get("num_comments")))


def _extra(data: Mapping[str, Any]) -> dict[str, Any]:
    ratio = number(data.get("upvote_ratio"))
    facts = {
        "subreddit": name(data.get("subreddit")),
        "score": _score(data),
        "upvote_ratio": ratio if ratio is not None and 0 <= ratio <= 1 else None,
        "flair": name(data.get("link_flair_text")),
        "link": web_url(string(data.get("url"))) if data.get("is_self") is False else None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _title(raw: object) -> str | None:
    return one_line(unescape(string(raw)))[:LONGEST_TITLE] or None


def _said(document: Mapping[str, Any]) -> str:
    """Return what an error document says: `{"message": "Forbidden", "error": 403, "reason": "private"}`."""
    words = [name(str(document[key])) for key in ("error", "message", "reason") if document.get(key)]
    return f": Reddit says {', '.join(word for word in words if word)}" if words else ""
