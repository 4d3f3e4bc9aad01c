"""Where the next page of a list is."""

from __future__ import annotations

import pytest

from crawlers.pages import base_of, tree_of
from crawlers.pagination import next_page, same_list

URL = "https://shop.example/p/lamp/reviews"
NEXT = f"{URL}?page=2"

FOUND = {
    "link": '<link rel="next" href="?page=2">',
    "anchor": '<a rel="nofollow next" href="?page=2">2</a>',
    "English": '<a href="?page=2"> Next </a>',
    "arrow": '<a href="?page=2">Next »</a>',
    "label": '<a aria-label="Next page" href="?page=2">2</a>',
    "class": '<li class="pagination-next"><a href="?page=2">…</a></li>',
    "Arabic": '<a href="?page=2">التالي</a>',
    "Arabic label": '<a aria-label="الصفحة التالية" href="?page=2">‹</a>',
    "Arabic arrow": '<body dir="rtl"><a href="?page=2">‹</a><a href="?page=0">›</a></body>',
    "number": '<a href="?page=1">1</a><a href="?page=3">3</a><a href="?page=2">2</a>',
    "base": '<base href="https://shop.example/p/lamp/"><a rel="next" href="reviews?page=2">2</a>',
    "fragment": '<a rel="next" href="?page=2#list">2</a>',
}


def find(markup: str, url: str = URL, header: str | None = None) -> str | None:
    tree = tree_of(f"<html>{markup}</html>")
    return next_page(tree, url, base_of(tree, url), header)


@pytest.mark.parametrize("markup", FOUND.values(), ids=FOUND.keys())
def test_the_next_page_is_found(markup: str) -> None:
    assert find(markup) == NEXT


NOT_FOUND = {
    "nothing": "<p>Last page</p>",
    "another host": '<a rel="next" href="https://evil.example/?page=2">Next</a>',
    "script": '<a rel="next" href="javascript:more()">Next</a>',
    "itself": f'<a rel="next" href="{URL}#top">Next</a>',
    "disabled": '<li class="next disabled"><a href="?page=2">Next</a></li>',
    "another post": '<a href="/blog/next-post">Next</a>',
    "back": '<a href="?page=0">‹</a>',
    "carousel": '<a class="carousel-next" href="#">Next</a>',
    "a phrase": '<a href="?sort=new">What comes next for lamps</a>',
}


@pytest.mark.parametrize("markup", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_what_is_no_next_page_is_not_followed(markup: str) -> None:
    assert find(markup) is None


@pytest.mark.parametrize(
    "header",
    [
        '<https://shop.example/p/lamp/reviews?page=2>; rel="next"',
        '<?page=1>; rel="prev", <?page=2>; rel=next',
        '<?page=2>; title="a, b"; rel="last next"',
    ],
)
def test_the_link_header_counts(header: str) -> None:
    assert find("", header=header) == NEXT


def test_the_page_after_the_second_is_the_third() -> None:
    markup = '<a href="?page=1">1</a><a href="?page=2">2</a><a href="?page=3">3</a>'
    assert find(markup, url=NEXT) == f"{URL}?page=3"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("/reviews/acme", "/reviews/acme?page=2", True),
        ("/reviews/acme", "/reviews/acme/page/2", True),
        ("/reviews/acme/page/2", "/reviews/acme/page/3/", True),
        ("/reviews/acme", "/reviews/acme/2", True),
        ("/acme-reviews.html", "/acme-reviews-2.html", True),
        ("/acme-reviews-p2.html", "/acme-reviews-p3.html", True),
        ("/reviews/acme", "/reviews/globex", False),
        ("/reviews/acme", "/", False),
    ],
)
def test_pages_of_one_list_are_told_by_their_paths(first: str, second: str, same: bool) -> None:
    assert same_list(f"https://x.example{first}", f"https://x.example{second}") is same
