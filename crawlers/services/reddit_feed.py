"""Reddit's `.rss`, read into posts and comments. Pure functions of bytes, run in the child."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from crawlers.feed_entries import FeedEntry, count_of
from crawlers.feeds import read_feed
from crawlers.items import Item, Page
from crawlers.services.reddit_listing import GONE, reddit_author
from storage.records import Engagement, MentionKind

# Below this many entries no page is full, whatever number was asked for.
_FULL = 25
_ID = re.compile(r"t[13]_[0-9a-z]{1,40}")
_LINK = re.compile(
    r"/r/([^/?#]{1,100})/comments/([0-9a-z]{1,40})(?:/[^/?#]*(?:/([0-9a-z]{1,40}))?)?/?(?:[?#]|$)"
)
_USER_POST = re.compile(r"/user/[^/?#]{1,100}/comments/([0-9a-z]{1,40})")
# What Reddit writes below a post, in its two forms: "submitted by /u/ann [link] [comments]" and, until
# about 2016, "submitted by ann to funny [link] [275 comments]".
_FOOT = re.compile(
    r"\s*\bsubmitted\s+by\s+(?:/?u/)?(?P<by>\S{1,100})(?:\s+to\s+(?:/?r/)?\S{1,100})?"
    r"\s+\[link\]\s+\[(?:(?P<comments>\d{1,9})\s+)?comments?\]\s*$"
)
_COMMENT_TITLE = re.compile(r"/?u/\S{1,100} on (?P<thread>.+)", re.DOTALL)


def read_reddit_feed(
    body: bytes, url: str, http_charset: str | None, now: datetime, token: str | None = None
) -> Page:
    """Return the posts and comments of a feed, with the ids that Reddit's API gives them too.

    `token` is the id after which the page was asked for: entries up to it are left out, so that a server
    that knows no pages ends at its first. A comment's `parent_id` is its thread, `item` the thread's title.

    Raises:
        UnreadableError: it is no feed; the message says what it is instead.
        BodyBrokenError, BodyTooBigError: it is compressed and cannot be undone.
    """
    entries = read_feed(body, url, http_charset, now).entries
    items = _after(token, [item for entry in entries if (item := _item(entry)) is not None])
    gone = tuple(item.external_id for item in items if item.text in GONE or item.title in GONE)
    return Page(
        items=tuple(item for item in items if item.external_id not in gone),
        next=items[-1].external_id if items and len(entries) >= _FULL else None,
        withdrawn=gone,
    )


def _after(token: str | None, items: Sequence[Item]) -> Sequence[Item]:
    at = next((place for place, item in enumerate(items) if item.external_id == token), None)
    return items if at is None else items[at + 1 :]


def _item(entry: FeedEntry) -> Item | None:
    """Return the post or comment of an entry; None for what else is listed, such as subreddits."""
    subreddit, thread, comment = _parts_of(entry.url or "")
    identity = entry.external_id if _ID.fullmatch(entry.external_id) else None
    if identity is None and thread:
        identity = f"t1_{comment}" if comment else f"t3_{thread}"
    if identity is None:
        return None
    read = _comment if identity.startswith("t1_") else _post
    return read(entry, identity, subreddit, thread)


def _comment(entry: FeedEntry, identity: str, subreddit: str | None, thread: str | None) -> Item:
    named = _COMMENT_TITLE.fullmatch(entry.title or "")
    return Item(
        external_id=identity,
        kind=MentionKind.COMMENT,
        text=entry.text,
        url=entry.url,
        author=reddit_author(entry.author),
        published_at=entry.published_at,
        parent_id=f"t3_{thread}" if thread else None,
        item=named["thread"].strip() if named else entry.title,
        extra={"subreddit": subreddit} if subreddit else {},
    )


def _post(entry: FeedEntry, identity: str, subreddit: str | None, _: str | None) -> Item:
    foot = _FOOT.search(entry.text)
    return Item(
        external_id=identity,
        kind=MentionKind.POST,
        text=entry.text[: foot.start()] if foot else entry.text,
        url=entry.url,
        title=entry.title,
        author=reddit_author(entry.author or (foot["by"] if foot else None)),
        engagement=Engagement(replies=count_of(foot["comments"]) if foot else None),
        published_at=entry.published_at,
        extra={"subreddit": subreddit} if subreddit else {},
    )


def _parts_of(link: str) -> tuple[str | None, str | None, str | None]:
    """Return the subreddit, the post and the comment that a link names, None for what it does not."""
    if found := _LINK.search(link):
        return found[1], found[2], found[3]
    own = _USER_POST.search(link)
    return None, own[1] if own else None, None
