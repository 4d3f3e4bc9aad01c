"""The feed of a YouTube channel: its fifteen newest videos, readable without a key. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from crawlers.feed_bytes import readable
from crawlers.feed_entries import FeedEntry
from crawlers.feeds import read_feed
from crawlers.items import Item, Page
from crawlers.services.youtube_videos import CHANNEL, WATCH, channel_author, distinct
from storage.records import Engagement

_VIDEO = re.compile(r"yt:video:([\w-]{1,100})", re.ASCII)
_OF_ENTRY = re.compile(r"<yt:videoId>\s*([\w-]{1,100})\s*</yt:videoId>", re.ASCII)
_CHANNEL_OF_ENTRY = re.compile(r"<yt:channelId>\s*([\w-]{1,100})\s*</yt:channelId>", re.ASCII)
_STARS = re.compile(r"<media:starRating\b([^<>]{0,500})>")
_ATTRIBUTE = re.compile(r"""\b(count|average)\s*=\s*["'](\d{1,15}(?:\.\d{1,6})?)["']""")


def read_channel_feed(body: bytes, url: str, http_charset: str | None, now: datetime) -> Page:
    """Return the videos of a channel's feed, with views and likes as it tells them.

    Raises:
        UnreadableError: it is no feed. BodyBrokenError, BodyTooBigError: it is compressed and broken.
    """
    feed = read_feed(body, url, http_charset, now)
    told = _told(readable(body, http_charset))
    items = distinct(_item(entry, told) for entry in feed.entries)
    return Page(items=tuple(sorted(items, key=_newest_first)))


def _newest_first(item: Item) -> float:
    return -item.published_at.timestamp() if item.published_at else 0.0


def _told(text: str) -> dict[str, tuple[str | None, int | None]]:
    """Return what feed readers pass over: each video's channel and likes."""
    told = {}
    for entry in text.split("<entry")[1:]:
        if found := _OF_ENTRY.search(entry):
            channel, stars = _CHANNEL_OF_ENTRY.search(entry), _STARS.search(entry)
            told[found[1]] = (channel[1] if channel else None, _likes(stars[1]) if stars else None)
    return told


def _likes(attributes: str) -> int | None:
    """Return the likes in a rating of 1 to 5 stars that is made of dislikes (1) and likes (5)."""
    found = dict(_ATTRIBUTE.findall(attributes))
    if "count" not in found or "average" not in found:
        return None
    votes, average = float(found["count"]), float(found["average"])
    return round(votes * (average - 1) / 4) if 1 <= average <= 5 else None


def _item(entry: FeedEntry, told: dict[str, tuple[str | None, int | None]]) -> Item | None:
    found = _VIDEO.fullmatch(entry.external_id)
    video = found[1] if found else (entry.url or "").partition("watch?v=")[2].partition("&")[0]
    if not re.fullmatch(r"[\w-]{1,100}", video, re.ASCII):
        return None
    channel, likes = told.get(video, (None, None))
    if channel is None and entry.author_url and CHANNEL.partition("//")[2] in entry.author_url:
        channel = entry.author_url.rpartition("/channel/")[2]
    author = channel_author(channel, entry.author)
    return Item(
        external_id=video,
        url=WATCH + video,
        title=entry.title,
        text=entry.text,
        author=author and replace(author, name=author.name or entry.author),
        engagement=Engagement(likes=likes, views=entry.views, replies=entry.replies),
        published_at=entry.published_at,
        language_hint=entry.language,
    )
