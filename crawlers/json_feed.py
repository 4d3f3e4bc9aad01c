"""JSON Feed (jsonfeed.org), versions 1 and 1.1. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import (
    LONGEST_TITLE,
    Draft,
    believed,
    entry_link,
    language_tag,
    short_guid,
    shown_name,
)
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url


def read_json_feed(text: str, url: str, now: datetime) -> tuple[str | None, list[Draft]]:
    """Return the title of a JSON Feed and its items.

    Raises:
        UnreadableError: it is broken JSON, or JSON of another kind.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("not a feed: it looks like JSON but is broken") from None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(document.get("version")):
        raise UnreadableError("not a feed: it is JSON, but not a JSON Feed (jsonfeed.org)")
    language = language_tag(document.get("language"))
    owner = _json_author(document)
    drafts = [_json_draft(item, url, now, language, owner) for item in items if isinstance(item, dict)]
    return one_line(str(document.get("title") or "")) or None, drafts


def _json_draft(
    item: Mapping[str, Any], base: str, now: datetime, language: str | None, owner: Mapping[str, Any]
) -> Draft:
    author = _json_author(item) or owner
    written = item.get("content_html")
    text = (
        text_of_html(str(written))
        if written
        else tidy(str(item.get("content_text") or item.get("summary") or ""))
    )
    dates = (parse_moment(item.get(key)) for key in ("date_published", "date_modified"))
    fields = {
        "url": entry_link(item.get("url") or item.get("external_url"), base),
        "title": one_line(unescape(str(item.get("title") or "")))[:LONGEST_TITLE] or None,
        "text": text,
        "author": shown_name(author.get("name") or author.get("url")),
        "author_url": web_url(str(author.get("url") or ""), base),
        "publisher": None,
        "published_at": next((found for date in dates if (found := believed(date, now))), None),
        "language": language_tag(item.get("language")) or language,
        "views": None,
        "replies": None,
    }
    identity = item.get("id")
    return Draft(guid=short_guid(None if identity is None else str(identity)), fields=fields)


def _json_author(item: Mapping[str, Any]) -> Mapping[str, Any]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else []
    return next((one for one in (*listed, item.get("author")) if isinstance(one, dict)), {})
