"""Comments on YouTube as its Data API gives them (developers.google.com/youtube/v3/docs/comments). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crawlers.dates import parse_moment
from crawlers.items import Item, Page
from crawlers.json_values import count, mapping, objects, string
from crawlers.services.youtube_videos import WATCH, channel_author, distinct, listed
from crawlers.text_of_html import text_of_html, tidy
from storage.records import Author, Engagement, MentionKind

_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)
# What marks `textDisplay` as HTML: it is plain text where that was asked for.
_HTML = re.compile(r"<(?:br|img|/?[abis])\b[^<>]{0,4000}>|&(?:#39|quot|amp|lt|gt);", re.IGNORECASE)


def read_threads(body: bytes, on: str = "") -> Page:
    """Return the comments of a page of threads, each followed by those of its replies that are shown.

    `on` is the video that was asked about, for threads that do not say it.
    `facts["unshown"]` maps a thread's id to `[replies in all, video]`, for threads that have more replies
    than they show. `oldest` is the date of the last thread, since replies are newer than what they answer.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    found, following = listed(body)
    items: list[Item | None] = []
    unshown: dict[str, tuple[int, str]] = {}
    oldest = None
    for one in found:
        snippet = mapping(one.get("snippet"))
        video = string(snippet.get("videoId")) or on
        top = _comment(mapping(snippet.get("topLevelComment")), video, None)
        if top is None:
            continue
        total = count(snippet.get("totalReplyCount"))
        items.append(replace(top, engagement=replace(top.engagement, replies=total)))
        replies = objects(mapping(one.get("replies")).get("comments"))
        shown = [_comment(reply, video, top.external_id) for reply in replies]
        items.extend(shown)
        if total is not None and total > len(shown):
            unshown[top.external_id] = (total, video)
        oldest = top.published_at or oldest
    return Page(items=distinct(items), next=following, facts={"unshown": unshown}, oldest=oldest)


def read_replies(body: bytes, video: str, thread: str) -> Page:
    """Return the comments of a page of `comments.list`, the replies in a thread on a video.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    found, following = listed(body)
    return Page(items=distinct(_comment(one, video, thread) for one in found), next=following)


def _comment(raw: Mapping[str, Any], video: str, thread: str | None) -> Item | None:
    identity, snippet = string(raw.get("id")), mapping(raw.get("snippet"))
    if not _ID.fullmatch(identity) or not snippet:
        return None
    video = string(snippet.get("videoId")) or video
    parent = string(snippet.get("parentId")) or thread or video
    published = parse_moment(snippet.get("publishedAt"))
    edited = parse_moment(snippet.get("updatedAt"))
    return Item(
        external_id=identity,
        kind=MentionKind.COMMENT,
        url=f"{WATCH}{video}&lc={identity}" if video else None,
        text=_text(snippet),
        author=_author(snippet),
        engagement=Engagement(likes=count(snippet.get("likeCount"))),
        published_at=published,
        parent_id=parent or None,
        extra={"edited_at": edited.isoformat()} if edited is not None and edited != published else {},
    )


def _text(snippet: Mapping[str, Any]) -> str:
    original, shown = string(snippet.get("textOriginal")), string(snippet.get("textDisplay"))
    if original:
        return tidy(original)
    return text_of_html(shown) if _HTML.search(shown) else tidy(shown)


def _author(snippet: Mapping[str, Any]) -> Author | None:
    channel = snippet.get("authorChannelId")
    known = string(mapping(channel).get("value")) or string(channel)
    if not known:
        known = string(snippet.get("authorChannelUrl")).rpartition("/channel/")[2]
    author = channel_author(known, snippet.get("authorDisplayName"))
    if author is not None and author.name and author.name.startswith("@") and author.profile_url is None:
        return replace(author, profile_url=f"https://www.youtube.com/{author.name}")
    return author
