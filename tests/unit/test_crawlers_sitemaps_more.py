"""What sitemaps in the wild do besides the standard, and that a part is read where the whole cannot be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.sitemaps import read_sitemap, sitemaps_in_robots

HERE = "https://rival.example/sitemap.xml"
PAGE = "<url><loc>https://rival.example/a</loc></url>"


def urls(body: str | bytes) -> list[str]:
    """Return the addresses of a sitemap."""
    found = read_sitemap(body.encode() if isinstance(body, str) else body, HERE)
    return [entry.url for entry in found.entries]


@pytest.mark.parametrize(
    "body",
    [
        f"<br />\n<b>Notice</b>: cache is off in /x.php<br />\n<urlset>{PAGE}</urlset>",
        f'Notice: cache is off\n<?xml version="1.0"?><urlset>{PAGE}</urlset>',
        f'<?xml version="1.0" encoding="utf-16"?><urlset>{PAGE}</urlset>',
        f'<?xml version="1.0" encoding="utf-16"?><urlset>{PAGE}</urlset>'.encode("utf-16"),
        f"<urlset>{PAGE}<url><loc>",
    ],
    ids=["markup before", "text before", "wrong encoding", "right encoding", "cut off"],
)
def test_a_sitemap_is_read_for_what_it_holds(body: str | bytes) -> None:
    """Warnings before it, a wrong declaration and a missing end do not hide its pages."""
    assert urls(body) == ["https://rival.example/a"]


@pytest.mark.parametrize(
    "written",
    [
        "https://rival.example/?a=1&b=2",
        "https://rival.example/?a=1&amp;b=2",
        "https://rival.example/?a=1&#38;b=2",
        "<![CDATA[https://rival.example/?a=1&b=2]]>",
    ],
)
def test_an_ampersand_is_one_however_it_is_written(written: str) -> None:
    """Escaped as it should be, bare, or in a CDATA section."""
    assert urls(f"<urlset><url><loc>{written}</loc></url></urlset>") == ["https://rival.example/?a=1&b=2"]


def test_an_undeclared_prefix_is_read() -> None:
    """A news sitemap that forgot to declare `news:` still is one."""
    body = (
        "<urlset><url><loc>https://rival.example/a</loc><news:news>"
        "<news:publication><news:language>ar</news:language></news:publication>"
        "<news:publication_date>2025-03-05</news:publication_date><news:title>منتج جديد</news:title>"
        "</news:news></url></urlset>"
    )
    (entry,) = read_sitemap(body.encode(), HERE).entries
    assert (entry.title, entry.language) == ("منتج جديد", "ar")
    assert entry.published_at == datetime(2025, 3, 5, tzinfo=UTC)


def test_robots_with_a_byte_order_mark_name_their_first_sitemap() -> None:
    """The mark stands before the first word."""
    text = "\ufeffSitemap: https://rival.example/1.xml\nSitemap: /2.xml\n"
    assert sitemaps_in_robots(text, "https://rival.example/robots.txt") == (
        "https://rival.example/1.xml",
        "https://rival.example/2.xml",
    )
