"""Sitemaps: what a site announces, and the way through them."""

from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import BodyBrokenError, UnreadableError
from crawlers.sitemap_walk import DEEPEST, MOST_SITEMAPS, SitemapWalk
from crawlers.sitemaps import (
    ChildSitemap,
    Sitemap,
    SitemapEntry,
    is_sitemap,
    read_sitemap,
    sitemaps_in_robots,
)

URL = "https://rival.example/sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PLAIN = f"""<?xml version="1.0" encoding="UTF-8"?><urlset {NS}>
<url><loc> https://rival.example/a </loc><lastmod>2025-02-01T10:00:00+03:00</lastmod></url>
<url><loc>https://rival.example/b?x=1&amp;y=2</loc><lastmod>2025-02-02</lastmod></url>
<url><loc>https://rival.example/a</loc></url><url><loc></loc></url><url/></urlset>"""


def test_a_urlset_gives_each_address_once() -> None:
    first, second = read_sitemap(PLAIN.encode(), URL).entries
    assert first == SitemapEntry("https://rival.example/a", datetime(2025, 2, 1, 7, tzinfo=UTC))
    assert second.url == "https://rival.example/b?x=1&y=2"


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(PLAIN.encode()),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        b"\n\n  " + PLAIN.encode(),
        PLAIN.replace("UTF-8", "UTF-16").encode("utf-16"),
        PLAIN.replace(NS, 'xmlns="http://www.google.com/schemas/sitemap/0.84"').encode(),
        PLAIN.replace(f" {NS}", "").encode(),
        PLAIN.replace("<url", "<s:url")
        .replace("</url", "</s:url")
        .replace(NS, 'xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"')
        .replace("<loc", "<s:loc")
        .replace("</loc", "</s:loc")
        .replace("lastmod", "s:lastmod")
        .encode(),
        PLAIN.replace("</urlset>", "").encode(),
        PLAIN.replace("y=2", "y=2</loc></url><url><loc>https://rival.example/b?x=1&y=2").encode(),
    ],
    ids=[
        "gzip",
        "bom",
        "blank lines",
        "utf-16",
        "old namespace",
        "no namespace",
        "prefix",
        "cut off",
        "bare &",
    ],
)
def test_the_same_sitemap_in_other_clothes(body: bytes) -> None:
    entries = read_sitemap(body, URL).entries
    assert [entry.url for entry in entries][:2] == [
        "https://rival.example/a",
        "https://rival.example/b?x=1&y=2",
    ]
    assert is_sitemap(body)


NEWS = f"""<urlset {NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml">
<url><loc>https://rival.example/ar/1</loc>
<xhtml:link rel="alternate" hreflang="en" href="https://rival.example/en/1"/>
<image:image><image:loc>https://rival.example/1.jpg</image:loc><image:title>Picture</image:title></image:image>
<news:news><news:publication><news:name>Rival</news:name><news:language>ar</news:language></news:publication>
<news:publication_date>2025-02-03T09:00:00Z</news:publication_date>
<news:title>متجر جديد &amp; أكبر</news:title></news:news></url></urlset>"""


def test_news_fields_are_read_and_pictures_and_alternates_are_no_articles() -> None:
    (entry,) = read_sitemap(NEWS.encode(), URL).entries
    assert entry == SitemapEntry(
        "https://rival.example/ar/1", None, "متجر جديد & أكبر", datetime(2025, 2, 3, 9, tzinfo=UTC), "ar"
    )
    assert entry.changed_at == entry.published_at


def test_an_index_names_its_children_even_without_loc() -> None:
    body = f"""<sitemapindex {NS}><sitemap><loc>/one.xml</loc><lastmod>2025-01-01</lastmod></sitemap>
    <sitemap>
    https://rival.example/two.xml?a=1&amp;b=2
    </sitemap><sitemap>nonsense</sitemap></sitemapindex>"""
    children = read_sitemap(body.encode(), URL).children
    assert [child.url for child in children][:2] == [
        "https://rival.example/one.xml",
        "https://rival.example/two.xml?a=1&b=2",
    ]
    assert children[0].lastmod == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_text_sitemap_is_one_address_a_line() -> None:
    body = "\ufeffhttps://rival.example/a\r\n\r\nhttps://rival.example/ب\r\n".encode()
    assert [entry.url for entry in read_sitemap(body, URL).entries] == [
        "https://rival.example/a",
        "https://rival.example/ب",
    ]


BAD = {
    "a page": b"<!doctype html><html><body>Hello</body></html>",
    "a feed": b"<rss><channel/></rss>",
    "prose": b"There is no sitemap here, sorry.",
    "empty": b"",
    "broken": b"<",
    "json": b'{"a": 1}',
    "entities": b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><urlset><url>&b;</url></urlset>',
    "a local file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]><urlset><url>&a;</url></urlset>',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_is_no_sitemap_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="sitemap"):
        read_sitemap(body, URL)


def test_a_damaged_archive_is_refused() -> None:
    packed = gzip.compress(PLAIN.encode())
    with pytest.raises(BodyBrokenError):
        read_sitemap(packed[:30] + b"\x00\xff\x00" + packed[33:], URL)
    assert not is_sitemap(packed[:20])


def test_an_archive_that_ends_early_is_read_as_far_as_it_goes() -> None:
    many = "".join(f"<url><loc>https://rival.example/{number**5}</loc></url>" for number in range(200))
    packed = gzip.compress(f"<urlset>{many}</urlset>".encode())
    assert is_sitemap(packed[:-100])
    found = read_sitemap(packed[:-100], URL).entries
    assert 100 < len(found) < 200
    assert found[-1].url == f"https://rival.example/{(len(found) - 1) ** 5}"


@given(st.binary(max_size=300))
def test_no_bytes_break_it(body: bytes) -> None:
    with suppress(UnreadableError, BodyBrokenError):
        read_sitemap(body, URL)


def test_robots_txt_names_sitemaps() -> None:
    text = "User-agent: *\nSITEMAP : https://rival.example/s.xml # main\nsitemap:/t.xml\n#Sitemap: /u.xml"
    assert sitemaps_in_robots(text, "https://rival.example/robots.txt") == (
        "https://rival.example/s.xml",
        "https://rival.example/t.xml",
    )


def child(name: str, day: int | None = None) -> ChildSitemap:
    when = None if day is None else datetime(2025, 1, day, tzinfo=UTC)
    return ChildSitemap(f"https://rival.example/{name}.xml", when)


def names(walk: SitemapWalk) -> list[str]:
    found = []
    while (step := walk.next()) is not None:
        found.append(step[0].rsplit("/", 1)[1].removesuffix(".xml"))
    return found


def test_children_are_read_newest_first_and_each_once() -> None:
    walk = SitemapWalk((), {})
    walk.take(Sitemap((), (child("old", 1), child("undated"), child("new", 9), child("old", 1))), URL, 0)
    assert names(walk) == ["new", "old", "undated"]


def test_an_unchanged_child_is_not_read_again() -> None:
    first = SitemapWalk((), {})
    first.take(Sitemap((), (child("a", 1), child("b", 2), child("c"))), URL, 0)
    first.miss("https://rival.example/b.xml", "nothing there")
    second = SitemapWalk((), first.children)
    second.take(Sitemap((), (child("a", 1), child("b", 2), child("c"))), URL, 0)
    assert names(second) == ["b", "c"]


def test_another_site_is_not_followed_unless_named() -> None:
    elsewhere = ChildSitemap("https://cdn.example/s.xml")
    below = ChildSitemap("https://blog.rival.example/s.xml")
    walk = SitemapWalk((), {})
    walk.take(Sitemap((), (elsewhere,)), "https://www.rival.com/sitemap.xml", 0)
    assert names(walk) == []
    assert "another site" in walk.problems[0]
    named = SitemapWalk(("cdn.example",), {})
    named.take(Sitemap((), (elsewhere,)), URL, 0)
    assert names(named) == ["s"]
    same = SitemapWalk((), {})
    same.take(
        Sitemap((), (ChildSitemap(below.url.replace("rival.example", "rival.com")),)),
        "https://www.rival.com/",
        0,
    )
    assert names(same) == ["s"]


def test_the_walk_ends_in_an_endless_site() -> None:
    walk = SitemapWalk((), {})
    walk.add([URL])
    steps = 0
    while (step := walk.next()) is not None:
        steps += 1
        url, depth = step
        assert depth <= DEEPEST
        walk.take(Sitemap((), tuple(child(f"{steps}-{n}") for n in range(9))), url, depth)
    assert steps == MOST_SITEMAPS
    assert any("only the first" in problem for problem in walk.problems)
    deep = SitemapWalk((), {})
    deep.take(Sitemap((), (child("deeper"),)), URL, DEEPEST)
    assert names(deep) == []


def test_the_last_change_is_the_news_date_where_nothing_else_is_said() -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    assert SitemapEntry("x", when, None, when - timedelta(days=3)).changed_at == when
