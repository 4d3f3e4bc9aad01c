"""A site with an RSS feed, simulated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from hashlib import blake2b

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World


def entry(number: int) -> str:
    """Return one item of the feed."""
    moment = format_datetime(BASE + timedelta(minutes=number), usegmt=True)
    return (
        f'<item><title>News {number}</title><guid isPermaLink="false">news-{number}</guid>'
        f"<link>https://news.example/{number}</link><pubDate>{moment}</pubDate>"
        "<dc:creator>Lina</dc:creator>"
        f"<description>&lt;p&gt;We saw item {number}.&lt;/p&gt;</description></item>"
    )


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/feed.xml":
        return None
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>News</title>{''.join(entry(number) for number in items)}</channel></rss>"
    )
    tag = f'"{blake2b(text.encode(), digest_size=8).hexdigest()}"'
    if asked.headers.get("if-none-match") == tag:
        return Answer(b"", 304, {"ETag": tag})
    return Answer(text.encode(), headers={"ETag": tag}, type="application/rss+xml")


WORLD = World(
    kind="feed",
    options=lambda base: {"url": f"{base}/feed.xml"},
    answer=_answer,
    per_page=30,
    paged=False,
)
