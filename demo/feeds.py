"""The demo's feeds as they would be served: RSS 2.0, Atom and JSON Feed, newest items only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from demo.items import Item

NEWEST = 40


def link_of(base: str, item: Item) -> str:
    """Return the address of an item's own page."""
    return f"{base}/{item.place}/{item.id}"


def last_change(items: Sequence[Item], otherwise: datetime) -> datetime:
    """Return when a list of items last changed."""
    return max((item.changed_at for item in items), default=otherwise)


def rss(base: str, title: str, language: str, items: Sequence[Item], otherwise: datetime) -> bytes:
    """Return an RSS 2.0 document of the newest items."""
    shown = items[:NEWEST]
    entries = "".join(
        "<item>"
        + (f"<title>{escape(item.title)}</title>" if item.title else "")
        + f"<link>{link_of(base, item)}</link>"
        + f'<guid isPermaLink="false">{item.place}-{item.id}</guid>'
        + f"<dc:creator>{escape(item.author.name)}</dc:creator>"
        + f"<description>{escape(f'<p>{escape(item.text, quote=False)}</p>', quote=False)}</description>"
        + f"<pubDate>{format_datetime(item.at)}</pubDate></item>\n"
        for item in shown
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{escape(title)}</title><link>{base}/</link><description>{escape(title)}</description>"
        f"<language>{language}</language>"
        f"<lastBuildDate>{format_datetime(last_change(shown, otherwise))}</lastBuildDate>\n"
        f"{entries}</channel></rss>\n"
    ).encode()


def atom(base: str, title: str, language: str, items: Sequence[Item], otherwise: datetime) -> bytes:
    """Return an Atom document of the newest items."""
    shown = items[:NEWEST]
    entries = "".join(
        f"<entry><id>tag:news.example,2026:{item.id}</id><title>{escape(item.title or '')}</title>"
        f'<link rel="alternate" href="{link_of(base, item)}"/>'
        f"<published>{item.at.isoformat()}</published><updated>{item.changed_at.isoformat()}</updated>"
        f"<author><name>{escape(item.author.name)}</name></author>"
        f'<content type="html">{escape(f"<p>{escape(item.text, quote=False)}</p>", quote=False)}</content>'
        "</entry>\n"
        for item in shown
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}"><id>tag:news.example,2026:feed</id>'
        f"<title>{escape(title)}</title><updated>{last_change(shown, otherwise).isoformat()}</updated>"
        f'<link href="{base}/"/>\n{entries}</feed>\n'
    ).encode()


def json_feed(base: str, title: str, items: Sequence[Item]) -> bytes:
    """Return a JSON Feed 1.1 document of the newest items."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": f"{base}/",
        "items": [
            {
                "id": f"{item.place}-{item.id}",
                "url": link_of(base, item),
                "title": item.title,
                "content_text": item.text,
                "date_published": item.at.isoformat(),
                "language": item.language,
                "authors": [{"name": item.author.name}],
            }
            for item in items[:NEWEST]
        ],
    }
    return json.dumps(feed, ensure_ascii=False).encode()
