"""The demo's web pages: two review sites in schema.org markup, a blog with its sitemaps, item pages."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from html import escape

from demo.feeds import link_of
from demo.items import Item

PER_PAGE = 20
_DIRECTION = {"ar": "rtl", "en": "ltr"}


def page_count(items: Sequence[Item]) -> int:
    """Return how many pages the reviews fill: at least one."""
    return max(1, -(-len(items) // PER_PAGE))


def stars(base: str, items: Sequence[Item], page: int) -> bytes:
    """Return one page of the English review site: JSON-LD, out of 5, newest first, pages from 1."""
    url = f"{base}/stars/lawzy"
    shown = items[(page - 1) * PER_PAGE : page * PER_PAGE]
    markup = {
        "@context": "https://schema.org",
        "@type": "MobileApplication",
        "@id": f"{url}#app",
        "name": "Lawzy",
        "applicationCategory": "ShoppingApplication",
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": _average(items),
            "reviewCount": len(items),
            "bestRating": "5",
            "worstRating": "1",
        },
        "review": [_stars_review(url, item) for item in shown],
    }
    linked = json.dumps(markup, ensure_ascii=False).replace("</", "<\\/")
    cards = "".join(
        f'<article id="review-{item.id}"><b>{escape(item.author.name)}</b> '
        f"{'★' * (item.rating or 0)}<p dir='auto'>{escape(item.text)}</p></article>\n"
        for item in shown
    )
    head = f'<script type="application/ld+json">{linked}</script>{_next_link(url, items, page)}'
    body = f"<main><h1>Lawzy reviews</h1>{cards}{_pager(url, items, page, 'Next page')}</main>"
    return _page("en", "Lawzy reviews", head, body)


def _stars_review(url: str, item: Item) -> dict[str, object]:
    return {
        "@type": "Review",
        "@id": f"{url}#review-{item.id}",
        "author": {"@type": "Person", "name": item.author.name},
        "datePublished": item.at.isoformat(),
        "dateModified": item.changed_at.isoformat(),
        "inLanguage": item.language,
        "reviewBody": item.text,
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": str(item.rating),
            "bestRating": "5",
            "worstRating": "1",
        },
    }


def souq(base: str, items: Sequence[Item], page: int) -> bytes:
    """Return one page of the Arabic review site: microdata, out of 10, newest first, pages from 1."""
    url = f"{base}/souq/lawzy"
    cards = "".join(
        f'<div itemprop="review" itemscope itemtype="https://schema.org/Review" id="r{item.id}">'
        f'<link itemprop="url" href="{url}#r{item.id}">'
        '<span itemprop="author" itemscope itemtype="https://schema.org/Person">'
        f'<span itemprop="name">{escape(item.author.name)}</span></span> '
        f'<time itemprop="datePublished" datetime="{item.at.isoformat()}">{item.at:%Y-%m-%d}</time>'
        '<span itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating">'
        f'<meta itemprop="worstRating" content="1"><b itemprop="ratingValue">{item.rating}</b>'
        ' من <span itemprop="bestRating">10</span></span>'
        f'<p itemprop="reviewBody" lang="{item.language}" dir="auto">{escape(item.text)}</p></div>\n'
        for item in items[(page - 1) * PER_PAGE : page * PER_PAGE]
    )
    body = (
        '<main itemscope itemtype="https://schema.org/MobileApplication"><h1 itemprop="name">لوزي</h1>'
        '<div itemprop="aggregateRating" itemscope itemtype="https://schema.org/AggregateRating">'
        f'<b itemprop="ratingValue">{_average(items)}</b> من <i itemprop="bestRating">10</i>، '
        f'<i itemprop="reviewCount">{len(items)}</i> تقييماً</div>'
        f"{cards}{_pager(url, items, page, 'التالي')}</main>"
    )
    return _page("ar", "تقييمات لوزي", _next_link(url, items, page), body)


def blog_article(base: str, item: Item) -> bytes:
    """Return one article of the competitor's blog."""
    url = blog_url(base, item)
    title, author = escape(item.title or ""), escape(item.author.name)
    linked = json.dumps(
        {
            "@context": "https://schema.org",
            "@type": "BlogPosting",
            "headline": item.title,
            "datePublished": item.at.isoformat(),
            "dateModified": item.changed_at.isoformat(),
            "author": {"@type": "Organization", "name": item.author.name},
            "inLanguage": item.language,
            "mainEntityOfPage": url,
        },
        ensure_ascii=False,
    ).replace("</", "<\\/")
    head = (
        f'<link rel="canonical" href="{url}"><meta property="og:type" content="article">'
        f'<meta property="og:title" content="{title}"><meta name="author" content="{author}">'
        f'<meta property="article:published_time" content="{item.at.isoformat()}">'
        f'<script type="application/ld+json">{linked}</script>'
    )
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in item.text.split("\n\n"))
    body = (
        '<header><nav><a href="/tamrago/blog/">Blog</a> <a href="/tamrago/careers">Careers</a></nav></header>'
        f'<main><article><h1>{title}</h1><p class="byline">{author} · '
        f'<time datetime="{item.at.isoformat()}">{item.at:%Y-%m-%d}</time></p>\n{paragraphs}</article></main>'
        "<aside><h2>Most read</h2><ul><li>Opening hours</li><li>Gift cards</li></ul></aside>"
        "<footer>© Tamrago</footer>"
    )
    return _page(item.language, item.title or "", head, body)


def blog_index(base: str, items: Sequence[Item]) -> bytes:
    """Return the front page of the competitor's blog."""
    links = "".join(
        f'<li><a href="{blog_url(base, item)}">{escape(item.title or "")}</a></li>' for item in items
    )
    return _page("en", "Tamrago blog", "", f"<main><h1>Tamrago blog</h1><ul>{links}</ul></main>")


def blog_url(base: str, item: Item) -> str:
    """Return the address of an article of the blog."""
    return f"{base}/tamrago/blog/{item.slug}"


def sitemap_index(base: str, items: Sequence[Item]) -> bytes:
    """Return the sitemap index, which names one gzipped sitemap."""
    changed = f"<lastmod>{max(item.changed_at for item in items).isoformat()}</lastmod>" if items else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{base}/tamrago/sitemap-posts.xml.gz</loc>{changed}</sitemap></sitemapindex>\n"
    ).encode()


def sitemap_posts(base: str, items: Sequence[Item]) -> bytes:
    """Return the gzipped sitemap of the blog's articles."""
    entries = "".join(
        f"<url><loc>{blog_url(base, item)}</loc><lastmod>{item.changed_at.isoformat()}</lastmod></url>\n"
        for item in items
    )
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )
    return gzip.compress(document.encode(), mtime=0)


def item_page(base: str, item: Item) -> bytes:
    """Return the page that an item's link leads to."""
    title = item.title or item.author.name
    head = f'<link rel="canonical" href="{link_of(base, item)}">'
    body = f"<main><article><h1>{escape(title)}</h1><p>{escape(item.text)}</p></article></main>"
    return _page(item.language, title, head, body)


def _average(items: Sequence[Item]) -> str:
    ratings = [item.rating for item in items if item.rating is not None]
    return f"{sum(ratings) / len(ratings):.1f}" if ratings else "0"


def _next_link(url: str, items: Sequence[Item], page: int) -> str:
    return f'<link rel="next" href="{url}?page={page + 1}">' if page < page_count(items) else ""


def _pager(url: str, items: Sequence[Item], page: int, word: str) -> str:
    if page >= page_count(items):
        return ""
    return f'<nav><a rel="next" href="{url}?page={page + 1}">{word}</a></nav>'


def _page(language: str, title: str, head: str, body: str) -> bytes:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{_DIRECTION[language]}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>{head}</head><body>{body}</body></html>\n"
    ).encode()
