"""Google Alerts, read from their Atom feeds. Pure functions of bytes, run in the child."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from crawlers.feed_entries import FeedEntry
from crawlers.feeds import read_feed
from crawlers.items import Item, Page
from storage.records import Author


def read_google_alerts(body: bytes, url: str, http_charset: str | None, now: datetime) -> Page:
    """Return the results that an alert found, the newest first; an alert's feed is one page.

    The link is the page's own, not Google's redirect to it, and its site is the author: alerts name none.
    What leads nowhere is no result.

    Raises:
        UnreadableError: it is no feed; the message says what it is instead.
        BodyBrokenError, BodyTooBigError: it is compressed and cannot be undone.
    """
    feed = read_feed(body, url, http_charset, now)
    return Page(items=tuple(_item(entry, entry.url) for entry in feed.entries if entry.url))


def _item(entry: FeedEntry, url: str) -> Item:
    return Item(
        external_id=entry.external_id,
        text=entry.text,
        url=url,
        title=entry.title,
        author=_author(entry, url),
        published_at=entry.published_at,
        language_hint=entry.language,
    )


def _author(entry: FeedEntry, url: str) -> Author:
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    name = entry.author or host
    return Author(host, name, name=name, profile_url=entry.author_url or f"{parts.scheme}://{parts.netloc}/")
