"""Which of the announced articles are fetched."""

from __future__ import annotations

import fnmatch
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import article_choice
from crawlers.article_choice import (
    Choice,
    Wishes,
    change_mark,
    choose,
    glob_matches,
    key_of,
    part_of_site,
    same_site,
)
from crawlers.sitemaps import SitemapEntry

NOW = datetime(2025, 3, 1, tzinfo=UTC)
HOSTS = ("rival.example",)


def entry(path: str, days_ago: float | None = None) -> SitemapEntry:
    when = None if days_ago is None else NOW - timedelta(days=days_ago)
    return SitemapEntry(f"https://rival.example{path}", when)


def paths(choice: Choice) -> list[str]:
    return [one.url.removeprefix("https://rival.example") for one in choice.chosen]


def pick(*entries: SitemapEntry, known: dict[str, str] | None = None, **wishes: object) -> Choice:
    return choose(entries, known or {}, Wishes(**wishes), NOW, HOSTS)  # type: ignore[arg-type]


def test_the_newest_come_first_and_the_rest_is_left_over() -> None:
    choice = pick(entry("/a"), entry("/b", 5), entry("/c", 1), most=2)
    assert (paths(choice), choice.left_over) == (["/c", "/b"], True)
    assert not pick(entry("/a"), most=1).left_over


def test_a_known_article_is_fetched_again_only_when_it_changed() -> None:
    before = entry("/a", 5)
    known = {key_of(before.url): change_mark(before), key_of(entry("/b").url): ""}
    assert paths(pick(before, entry("/b"), known=known)) == []
    assert paths(pick(entry("/a", 4), entry("/b", 1), known=known)) == ["/b", "/a"]
    assert paths(pick(entry("/a", 6), known=known)) == []
    assert pick(before, known=known).still == (key_of(before.url),)


def test_wishes_are_granted() -> None:
    all_of_them = (
        entry("/"),
        entry("/blog/x", 1),
        entry("/blog/tag/y", 1),
        entry("/shop/z", 1),
        entry("/blog/old", 99),
    )
    assert paths(pick(*all_of_them)) == ["/blog/x", "/blog/tag/y", "/shop/z", "/blog/old"]
    assert paths(pick(*all_of_them, include=["/blog/*"], exclude=["/blog/tag"])) == ["/blog/x", "/blog/old"]
    assert paths(pick(*all_of_them, under="/blog", since=timedelta(days=30))) == ["/blog/x", "/blog/tag/y"]
    assert paths(pick(entry("/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/1"), include=["/أخبار/*"])) != []


def test_other_sites_are_counted_and_left_alone() -> None:
    elsewhere = SitemapEntry("https://other.example/a")
    choice = pick(elsewhere, entry("/a"))
    assert (paths(choice), choice.elsewhere) == (["/a"], 1)
    assert choose([elsewhere], {}, Wishes(), NOW, None).chosen == (elsewhere,)


def test_more_than_can_be_remembered_is_not_fetched_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(article_choice, "MOST_KNOWN", 3)
    entries = [entry(f"/{n}", n) for n in range(10)]
    known: dict[str, str] = {}
    for _ in range(5):
        choice = choose(entries, known, Wishes(most=2), NOW, HOSTS)
        known |= {key_of(one.url): change_mark(one) for one in choice.chosen}
    assert len(known) == 3
    assert not choice.chosen


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/blog", "/blog", True),
        ("/blog", "/blog/a", True),
        ("/blog/", "/blog", True),
        ("/blog", "/blogging", False),
        ("/blog/*", "/blog/a/b", True),
        ("/blog/*", "/blog", False),
        ("*/2025/*", "/ar/2025/x", True),
        ("/p?ge", "/page", True),
        ("/p?ge", "/pge", False),
        ("*.html", "/a.html", True),
        ("*.html", "/a.htm", False),
        ("*", "", True),
        ("/", "/anything", True),
    ],
)
def test_patterns_fit_whole_paths(pattern: str, path: str, fits: bool) -> None:
    assert glob_matches(pattern, path) is fits


@given(
    st.text(alphabet="ab/*?", max_size=8).filter(lambda one: "*" in one or "?" in one),
    st.text("ab/", max_size=8),
)
def test_patterns_mean_what_a_shell_means(pattern: str, path: str) -> None:
    assert glob_matches(pattern, path) is fnmatch.fnmatchcase(path, pattern)


def test_no_pattern_hangs() -> None:
    start = time.process_time()
    assert not glob_matches("*a" * 200 + "b", "a" * 4000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("url", "host", "same"),
    [
        ("https://rival.com/a", "www.rival.com", True),
        ("https://blog.rival.co.uk/a", "rival.co.uk", True),
        ("https://other.co.uk/a", "rival.co.uk", False),
        ("https://rival.com.sa/a", "shop.com.sa", False),
        ("http://127.0.0.1:81/a", "127.0.0.1", True),
        ("http://127.0.0.2/a", "127.0.0.1", False),
        ("http://localhost/", "127.0.0.1", False),
        ("https://متجر.السعودية/a", "متجر.السعودية", True),
    ],
)
def test_sites_are_told_by_their_registered_domain(url: str, host: str, same: bool) -> None:
    assert same_site(url, host) is same


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://x.example", "/"),
        ("https://x.example/blog", "/blog"),
        ("https://x.example/ar/", "/ar/"),
        ("https://x.example/ar/index.html", "/ar/"),
        ("https://x.example/%D8%A3", "/أ"),
    ],
)
def test_an_address_stands_for_a_part_of_its_site(url: str, part: str) -> None:
    assert part_of_site(url) == part
