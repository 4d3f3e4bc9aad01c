"""A competitor's blog with a sitemap, simulated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

_ARTICLE = re.compile(r"/blog/(\d{1,4})")


def _moment(number: int) -> str:
    return (BASE + timedelta(minutes=number)).isoformat()


def article(number: int) -> str:
    """Return the page of one article."""
    words = "The kettle is now sold in every shop of ours, in three colours, and boils in two minutes. " * 4
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>Kettle {number} | Globex</title>'
        f'<meta property="og:type" content="article"><meta property="og:title" content="Kettle {number}">'
        f'<meta property="article:published_time" content="{_moment(number)}"></head><body>'
        "<nav><a href=/>Home</a></nav>"
        f"<article><h1>Kettle {number}</h1><p>We saw item {number}. {words}</p><p>{words}</p></article>"
        "</body></html>"
    )


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if found := _ARTICLE.fullmatch(asked.path):
        number = int(found[1])
        return Answer(article(number).encode(), type="text/html; charset=utf-8") if number in items else None
    if asked.path != "/sitemap.xml":
        return None
    home = f"http://{asked.headers['host']}"
    listed = "".join(
        f"<url><loc>{home}/blog/{number}</loc><lastmod>{_moment(number)}</lastmod></url>" for number in items
    )
    text = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>'
    return Answer(text.encode(), type="application/xml")


WORLD = World(
    kind="competitor_posts",
    options=lambda base: {"sitemap": f"{base}/sitemap.xml"},
    answer=_answer,
    per_page=8,
    paged=False,
    status_routes=("/robots.txt",),
)
