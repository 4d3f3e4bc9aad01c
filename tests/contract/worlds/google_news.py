"""A search of Google News, simulated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from html import escape

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

# The most articles of one search.
PER_PAGE = 100
_BETWEEN = re.compile(r"after:(\d{4}-\d{2}-\d{2}) before:(\d{4}-\d{2}-\d{2})$")


def article(number: int, publisher: str = "Gulf Daily") -> str:
    """Return one article as it stands in the feed."""
    title = f"Acme opens a shop, item {number}."
    link = f"https://news.google.com/rss/articles/CBMiAUFVX3lxT{number:06}?oc=5"
    listed = f'<ol><li><a href="{link}">{title}</a>&nbsp;&nbsp;<font>{publisher}</font></li></ol>'
    return (
        f"<item><title>{escape(title)} - {publisher}</title><link>{link}</link>"
        f'<guid isPermaLink="false">CBMiAUFVX3lxT{number:06}</guid>'
        f"<pubDate>{format_datetime(published(number), usegmt=True)}</pubDate>"
        f"<description>{escape(listed)}</description>"
        f'<source url="https://gulf-daily.example">{publisher}</source></item>'
    )


def published(number: int) -> datetime:
    """Return when an item was published."""
    return BASE + timedelta(minutes=number)


def search(articles: str) -> bytes:
    """Return the feed of a search."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><rss version="2.0"><channel>'
        "<generator>NFE/5.0</generator><title>Acme - Google News</title><language>ar</language>"
        f"<description>Google News</description>{articles}</channel></rss>"
    ).encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/rss/search" or asked.query.get("ceid") != "SA:ar":
        return None
    between = _BETWEEN.search(asked.query["q"])
    if between is not None:
        begin, end = (
            datetime.combine(datetime.fromisoformat(day), time.min, UTC) for day in between.groups()
        )
        items = [number for number in items if begin <= published(number) < end]
    # In no order of time.
    shown = sorted(items[:PER_PAGE], key=lambda number: number * 7 % 10)
    feed = search("".join(article(number) for number in shown))
    return Answer(feed, type="application/xml; charset=utf-8")


WORLD = World(
    kind="google_news",
    options=lambda base: {"base_url": base, "queries": ["Acme OR أكمي"]},
    answer=_answer,
    per_page=PER_PAGE,
    paged=False,
    limit=PER_PAGE,
)
