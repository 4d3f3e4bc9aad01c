"""Every document of `tests/corpus` is read as the comment at its beginning says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.article import read_article
from crawlers.errors import CrawlError
from crawlers.feeds import read_feed
from crawlers.markup import read_reviews
from crawlers.sitemaps import read_sitemap, sitemaps_in_robots
from tests.corpus.expectations import Specimen, clauses, specimens

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SPECIMENS = list(specimens())
LEAST = {"feeds": 180, "pages/reviews": 80, "pages/articles": 30, "sitemaps": 20}


def shelf(specimen: Specimen) -> str:
    """Return which of the parts of the corpus a document belongs to."""
    return next(name for name in LEAST if specimen.name.startswith(name + "/"))


def read(specimen: Specimen) -> dict[str, Any]:
    """Return what the parser of its kind makes of a document: `items`, whatever else, and the `error`."""
    try:
        return {"error": None, **_READERS[shelf(specimen)](specimen)}
    except CrawlError as error:
        return {"error": str(error), "items": ()}


def _feed(specimen: Specimen) -> dict[str, Any]:
    url = specimen.served.get("url", "https://news.example/feeds/all.xml")
    feed = read_feed(specimen.body, url, specimen.served.get("charset"), NOW)
    return {"items": feed.entries, "title": feed.title}


def _reviews(specimen: Specimen) -> dict[str, Any]:
    url = specimen.served.get("url", "https://shop.example/p/1")
    page = read_reviews(specimen.body, url, specimen.served.get("type"), specimen.served.get("link"))
    return {
        "items": page.reviews,
        "aggregates": page.aggregates,
        "item": page.item,
        "next_url": page.next_url,
        "broken": page.broken,
        "wall": page.wall,
    }


def _article(specimen: Specimen) -> dict[str, Any]:
    url = specimen.served.get("url", "https://daily.example/news/story")
    return {"items": (read_article(specimen.body, url, specimen.served.get("type")),)}


def _sitemap(specimen: Specimen) -> dict[str, Any]:
    if "/robots/" in specimen.name:
        url = specimen.served.get("url", "https://daily.example/robots.txt")
        return {"items": sitemaps_in_robots(specimen.body.decode("utf-8", "replace"), url)}
    found = read_sitemap(specimen.body, specimen.served.get("url", "https://daily.example/sitemap.xml"))
    return {"items": found.entries, "children": found.children}


_READERS = {"feeds": _feed, "pages/reviews": _reviews, "pages/articles": _article, "sitemaps": _sitemap}


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_it_is_read_as_it_says(specimen):
    result = read(specimen)
    expected = clauses(specimen.expect)
    if not any(clause.left == "error" for clause in expected):
        assert result["error"] is None
    for clause in expected:
        try:
            held = clause.holds(result)
        except (IndexError, KeyError, AttributeError) as missing:
            raise AssertionError(f"{specimen.oddity}: {clause} of {result}") from missing
        assert held, f"{specimen.oddity}: {clause} of {result}"


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_what_it_expects_is_not_true_of_nothing(specimen):
    nothing = {"items": (), "aggregates": (), "children": (), "title": None, "error": None, "next_url": None}

    def holds(clause: Any) -> bool:
        try:
            return clause.holds(nothing)
        except (IndexError, KeyError, AttributeError, TypeError):
            return False

    expected = clauses(specimen.expect)
    assert expected and (specimen.expect.startswith("items == 0") or not all(map(holds, expected)))


@given(
    specimen=st.sampled_from(SPECIMENS),
    at=st.integers(0, 400),
    piece=st.sampled_from(
        [b"<item>", b"]]>", b"<!--", b"&#x110000;", b"<width>", b"\xff", b"\x00", b"{", b"1e999", b'"']
    ),
    cut=st.integers(0, 60),
)
@settings(max_examples=300, deadline=None)
def test_damage_to_any_of_them_is_read_or_said(specimen, at, piece, cut):
    body = specimen.body[:-at] + piece + specimen.body[-at + cut :]
    found = read(replace(specimen, body=body))
    assert found["error"] is None or found["error"].strip()


def test_each_has_an_oddity_of_its_own():
    oddities = Counter(specimen.oddity for specimen in SPECIMENS)
    assert [oddity for oddity, count in oddities.items() if count > 1] == []
    bodies = Counter(specimen.body for specimen in SPECIMENS)
    assert max(bodies.values()) == 1


def test_there_are_enough_of_every_kind(capsys):
    counts = Counter(shelf(specimen) for specimen in SPECIMENS)
    categories = Counter(specimen.category for specimen in SPECIMENS)
    with capsys.disabled():
        for name in LEAST:
            each = [(one.removeprefix(name + "/"), count) for one, count in sorted(categories.items())]
            listed = ", ".join(f"{one} {count}" for one, count in each if f"{name}/{one}" in categories)
            print(f"\n{name} {counts[name]}: {listed}", end="")
        print(f"\nin all {len(SPECIMENS)}")
    assert {name: counts[name] for name, least in LEAST.items() if counts[name] < least} == {}
    assert len(SPECIMENS) >= 300


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ("items == 2", True),
        ("items == 1", False),
        ('[0].name == "a; \\u0628 == c"', True),
        ('[0].name != "a"', True),
        ('[1].name contains "b"', True),
        ('[1].name lacks "b"', False),
        ("[0].name != [1].name", True),
        ("[-1].at == 2026-01-02T03:04:05+00:00", True),
        ("[-1].at == 2026-01-02T06:04:05+03:00", True),
        ("[-1].at == 2026-01-02T03:04:06+00:00", False),
        ("[0].at == none", True),
        ("[0].rating == 4.5", True),
    ],
)
def test_the_language_of_expectations(expect, holds):
    first = {"name": "a; ب == c", "at": None, "rating": 4.5}
    second = {"name": "abc", "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}
    (clause,) = clauses(expect)
    assert clause.holds({"items": (first, second)}) is holds


@pytest.mark.parametrize("expect", ["items", "[0].name = 1", "__import__('os') == 1", "a.b() == 1"])
def test_what_is_no_expectation_is_refused(expect):
    with pytest.raises(ValueError, match="not understood"):
        clauses(expect)
