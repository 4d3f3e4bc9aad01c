"""JSON Feed (jsonfeed.org), versions 1 and 1.1. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

import jstyleson

from crawlers.dates import first_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import (
    LONGEST_TITLE,
    Draft,
    entry_link,
    language_tag,
    short_guid,
    shown_name,
)
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url

_ITEMS = re.compile(r'"items"\s{0,99}:\s{0,99}\[\s{0,9999}')
_BETWEEN = re.compile(r"[\s,]*")
_CONTENT = frozenset({"content_html", "content_text", "date_published"})


def read_json_feed(text: str, url: str, now: datetime) -> tuple[str | None, list[Draft]]:
    """Return the title of a JSON Feed and its items.

    Raises:
        UnreadableError: it is broken JSON, or JSON of another kind.
    """
    document = _document(text)
    items = _items(document) if isinstance(document, dict) else None
    if items is None:
        raise UnreadableError("not a feed: it is JSON, but not a JSON Feed (jsonfeed.org)")
    language = language_tag(document.get("language"))
    owner = _json_author(document)
    drafts = [_json_draft(item, url, now, language, owner) for item in items if isinstance(item, dict)]
    return one_line(str(document.get("title") or "")) or None, drafts


def _document(text: str) -> Any:
    """Return the value of a document, of one that ends early with those items that are whole."""
    for attempt in (lambda: text, lambda: jstyleson.dispose(text), lambda: _up_to_last_whole_item(text)):
        try:
            return json.loads(attempt(), strict=False)
        except (ValueError, RecursionError):
            continue
    raise UnreadableError("not a feed: it looks like JSON but is broken")


def _up_to_last_whole_item(text: str) -> str:
    """Return the document closed after its last whole item. Raises ValueError where there is none."""
    found = _ITEMS.search(text)
    if found is None:
        raise ValueError("no list of items")
    decoder = json.JSONDecoder(strict=False)
    at, end = found.end(), None
    while at < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except ValueError:
            break
        at = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    if end is None:
        raise ValueError("no whole item")
    return f"{text[:end]}]}}"


def _items(document: Mapping[str, Any]) -> list[Any] | None:
    """Return the items of a JSON Feed, None where the document is none."""
    items = document.get("items")
    if isinstance(items, dict):
        items = [items]
    if "jsonfeed.org" in str(document.get("version")):
        return [] if items is None else items if isinstance(items, list) else None
    # Without the version, what stands in the list has to be what only a JSON Feed has.
    entries = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    known = [one for one in entries if "id" in one and not _CONTENT.isdisjoint(one)]
    return items if known and len(known) == len(entries) else None


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
    dates = (item.get("date_published"), item.get("date_modified"))
    published, from_now = first_moment(dates, now=now)
    fields = {
        "url": entry_link(item.get("url") or item.get("external_url"), base),
        "title": one_line(unescape(str(item.get("title") or "")))[:LONGEST_TITLE] or None,
        "text": text,
        "author": shown_name(author.get("name") or author.get("url")),
        "author_url": web_url(str(author.get("url") or ""), base),
        "publisher": None,
        "published_at": published,
        "language": language_tag(item.get("language")) or language,
        "views": None,
        "replies": None,
    }
    identity = item.get("id")
    guid = short_guid(None if identity is None else str(identity))
    return Draft(guid=guid, fields=fields, from_now=from_now)


def _json_author(item: Mapping[str, Any]) -> Mapping[str, Any]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [authors]
    for one in (*listed, item.get("author")):
        if isinstance(one, dict) and one:
            return one
        if isinstance(one, str) and one.strip():
            return {"name": one}
    return {}
