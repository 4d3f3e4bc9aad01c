"""Pages and sitemaps made to hang, swell or break their readers: each ends in time, and others go on."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from crawlers import parsing
from crawlers.article import read_article
from crawlers.errors import CrawlError, ParsingTimeoutError, UnreadableError
from crawlers.markup import read_reviews
from crawlers.sitemaps import read_sitemap

URL = "https://rival.example/p"
MEGA = 1024 * 1024
REVIEW = {"@type": "Review", "author": "Ali", "reviewBody": "Fine.", "reviewRating": 3}


def ld(written: str) -> str:
    return f'<html><script type="application/ld+json">{written}</script><body></body></html>'


def thing(**more: Any) -> str:
    return ld(json.dumps({**REVIEW, **more}))


PAGES = {
    "comments never closed": "<html>" + "<!--" * 60_000,
    "deep elements": "<div>" * 200_000,
    "deep items": '<div itemscope itemprop="review" itemtype="http://schema.org/Review">' * 5_000,
    "items that refer to themselves": '<div id="a" itemscope itemref="a a" itemtype="x/Review">'
    '<b itemprop="review" itemscope itemref="a">x</b></div>' * 200,
    "deep arrays": ld("[" * 500_000),
    "deep objects": ld('{"review":' * 50_000),
    "json comments never closed": ld("<!--" * 200_000),
    "backslashes": ld('{"a":"' + "\\" * MEGA + '"'),
    "white space": ld(" " * 3 * MEGA + "/*" + " " * MEGA),
    "a long author": thing(author="A" * MEGA, datePublished="1" * MEGA, reviewRating="9" * MEGA),
    "a body of tags": thing(reviewBody="<b>" * 200_000),
    "a body of half tags": thing(reviewBody="<a " * 300_000),
    "a body of ampersands": thing(reviewBody="&" * MEGA),
    "attributes": "<html><p " + "a=b " * 200_000 + ">",
    "angle brackets": "<" * MEGA,
    "nested tables": "<table>" * 3_000,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_reviews_are_read_in_time_from_anything(page: str) -> None:
    start = time.process_time()
    with suppress(UnreadableError):
        read_reviews(page.encode(), URL, "text/html")
    assert time.process_time() - start < 6


def test_things_that_hold_each_other_end() -> None:
    graph = [
        {"@id": "#a", "@type": "Product", "name": "P", "review": {"@id": "#b"}},
        {"@id": "#b", **REVIEW, "itemReviewed": {"@id": "#a"}, "author": {"@id": "#b"}},
    ]
    (found,) = read_reviews(ld(json.dumps({"@graph": graph})).encode(), URL, None).reviews
    assert found.item == "P"


def test_a_good_review_survives_a_hostile_neighbour() -> None:
    page = ld("[" * 100_000).replace(
        "<body>", f'<script type="application/ld+json">{json.dumps(REVIEW)}</script>'
    )
    found = read_reviews(page.encode(), URL, None)
    assert (len(found.reviews), found.broken) == (1, 1)


NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
SITEMAPS = {
    "a gzip bomb": gzip.compress(b"<urlset>" + b" " * 40 * MEGA),
    "many laughs": f'<!DOCTYPE u [<!ENTITY e0 "x">{ENTITIES}]><urlset><url>&e11;</url></urlset>'.encode(),
    "laughs in an attribute": f'<!DOCTYPE u [<!ENTITY e0 "x">{ENTITIES}]><urlset a="&e11;"/>'.encode(),
    "an entity of our files": b'<!DOCTYPE u [<!ENTITY e SYSTEM "file:///etc/hostname">]><urlset>&e;</urlset>',
    "a wall of text": b"http://" * MEGA,
}


@pytest.mark.parametrize("body", SITEMAPS.values(), ids=SITEMAPS.keys())
def test_hostile_sitemaps_are_refused_in_time(body: bytes) -> None:
    start = time.process_time()
    with pytest.raises(CrawlError):
        read_sitemap(body, URL)
    assert time.process_time() - start < 3


def test_a_huge_or_deep_sitemap_is_read_as_far_as_it_goes() -> None:
    start = time.process_time()
    urls = "".join(f"<url><loc>https://rival.example/{n}</loc></url>" for n in range(120_000))
    assert len(read_sitemap(f'<urlset xmlns="{NS}">{urls}</urlset>'.encode(), URL).entries) == 50_000
    deep = f"<urlset>{'<url>' * 100_000}"
    assert read_sitemap(deep.encode(), URL).entries == ()
    assert time.process_time() - start < 8


def test_an_article_that_hangs_its_reader_is_killed_and_others_go_on(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "TIME_LIMIT_SECONDS", 2.0)
    item = '<div itemscope itemtype="http://schema.org/Review"><b itemprop="author">a</b><p>b</p></div>'
    good = b"<html><title>T</title><p>" + b"A plain paragraph of an honest page. " * 20 + b"</p></html>"

    async def both() -> tuple[Any, Any]:
        hung = parsing.parse(read_article, (item * 20_000).encode(), URL, None)
        other = parsing.parse(read_article, good, URL, None)
        return tuple(await asyncio.gather(hung, other, return_exceptions=True))  # type: ignore[return-value]

    run(lambda: parsing.parse(read_article, good, URL, None))
    hung, other = run(both)
    assert isinstance(hung, ParsingTimeoutError)
    assert other.title == "T"
