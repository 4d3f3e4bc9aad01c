"""The demo's site serves what real parsers read, and pages and revalidates as real servers do."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

import extruct
import feedparser
import pytest
from lxml import etree

from demo.loopback import Fault, Misbehaviour, failing, rate_limited
from demo.pages import PER_PAGE
from demo.site import Site
from demo.world import Place, World

END = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = END

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def world() -> World:
    return World(END)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(world: World, clock: Clock) -> Iterator[Site]:
    with Site(world, clock) as running:
        yield running


def fetch(
    site: Site, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", urlsplit(site.url).port or 0, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def statuses(site: Site, tag: str, **query: str | int) -> tuple[list[dict[str, Any]], str]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    response, body = fetch(site, f"/api/v1/timelines/tag/{quote(tag)}?{asked}")
    assert response.status == 200
    return json.loads(body), response.headers.get("Link", "")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/news/ar.rss", Place.NEWS_AR),
        ("/news/en.atom", Place.NEWS_EN),
        ("/forum/comments.rss", Place.FORUM),
    ],
)
def test_feeds_are_well_formed_and_show_the_newest(site: Site, world: World, path: str, place: Place) -> None:
    _, body = fetch(site, path)
    feed = feedparser.parse(body)
    newest = world.items(place, END)[:40]
    assert not feed.bozo
    assert len(feed.entries) == 40
    assert [entry.get("title") for entry in feed.entries] == [item.title for item in newest]
    moments = [datetime(*entry.published_parsed[:6], tzinfo=UTC) for entry in feed.entries]
    assert moments == [item.at for item in newest]
    plain = [re.sub("<[^>]+>", "", entry.get("summary") or entry.content[0].value) for entry in feed.entries]
    assert plain[0].replace("&amp;", "&").strip() == newest[0].text


def test_the_json_feed_holds_every_release(site: Site, world: World) -> None:
    _, body = fetch(site, "/press/feed.json")
    feed = json.loads(body)
    assert feed["version"].startswith("https://jsonfeed.org/version/1")
    assert [item["content_text"] for item in feed["items"]] == [
        item.text for item in world.items(Place.PRESS, END)[:40]
    ]


def test_a_corrected_article_reads_otherwise_under_the_same_id(
    site: Site, world: World, clock: Clock
) -> None:
    article = next(item for item in world.everything() if item.edit and item.place is Place.NEWS_AR)
    assert article.edit is not None
    seen = []
    for clock.now in (article.edit.at - timedelta(minutes=1), article.edit.at):
        entries = feedparser.parse(fetch(site, "/news/ar.rss")[1]).entries
        seen.append(next(entry for entry in entries if entry.id.endswith(article.id)).title)
    assert seen == [article.title, article.edit.title]


def test_a_reader_that_polls_twice_a_day_misses_nothing(site: Site, world: World, clock: Clock) -> None:
    seen: set[str] = set()
    clock.now = world.begin
    while clock.now < END:
        clock.now += timedelta(hours=12)
        body = fetch(site, "/forum/comments.rss")[1].decode()
        seen.update(re.findall(r"forum-(\w+)</guid>", body))
    assert seen == {item.id for item in world.everything() if item.place is Place.FORUM}


@pytest.mark.parametrize(
    ("start", "place", "syntax"),
    [("/stars/lawzy", Place.STARS, "json-ld"), ("/souq/lawzy", Place.SOUQ, "microdata")],
)
def test_review_pages_hold_all_reviews_once(
    site: Site, world: World, start: str, place: Place, syntax: str
) -> None:
    found: list[tuple[str, str]] = []
    path: str | None = start
    while path:
        html = fetch(site, path)[1].decode()
        (app,) = extruct.extract(html, base_url=site.url, syntaxes=[syntax], uniform=True)[syntax]
        assert app["@type"] == "MobileApplication"
        assert app["aggregateRating"]["bestRating"] == ("5" if place is Place.STARS else "10")
        reviews = app["review"] if isinstance(app["review"], list) else [app["review"]]
        assert len(reviews) <= PER_PAGE
        found += [(review["reviewBody"], review["reviewRating"]["ratingValue"]) for review in reviews]
        following = re.search(r'<link rel="next" href="([^"]+)"', html)
        path = following[1].removeprefix(site.url) if following else None
    expected = world.items(place, END)
    assert [rating for _, rating in found] == [str(item.rating) for item in expected]
    assert [" ".join(text.split()) for text, _ in found] == [" ".join(item.text.split()) for item in expected]


@pytest.mark.parametrize("page", ["0", "99999", "x", "-1"])
def test_a_page_of_reviews_that_is_not_there_is_404(site: Site, page: str) -> None:
    assert fetch(site, f"/stars/lawzy?page={page}")[0].status == 404


@pytest.mark.parametrize("tag", ["لوزي", "lawzy"])
def test_timeline_paging_is_complete_and_without_repetition(site: Site, world: World, tag: str) -> None:
    found: list[str] = []
    page, link = statuses(site, tag, limit=40)
    while page:
        found += [status["id"] for status in page]
        older = re.search(r'<([^>]+)>; rel="next"', link)
        assert older is not None
        page, link = statuses(
            site, tag, **dict(part.split("=") for part in urlsplit(older[1]).query.split("&"))
        )
    assert found == [item.id for item in world.items(Place.MASTODON, END) if tag in item.tags]
    assert len(found) > 200


def test_since_id_gives_the_newest_and_min_id_the_next(site: Site) -> None:
    newest, _ = statuses(site, "lawzy", limit=40)
    mark = newest[-1]["id"]
    assert [s["id"] for s in statuses(site, "lawzy", since_id=mark, limit=5)[0]] == [
        s["id"] for s in newest[:5]
    ]
    assert [s["id"] for s in statuses(site, "lawzy", min_id=mark, limit=5)[0]] == [
        s["id"] for s in newest[-6:-1]
    ]
    assert len(statuses(site, "lawzy")[0]) == 20
    assert fetch(site, "/api/v1/timelines/tag/lawzy?limit=many")[0].status == 422


def test_a_status_shows_followers_and_answers(site: Site, world: World) -> None:
    complaint = next(item for item in world.everything() if item.author.followers == 180_400)
    page, _ = statuses(site, "لوزي", max_id=int(complaint.id) + 1, limit=1)
    assert page[0]["account"]["followers_count"] == 180_400
    assert 'class="mention hashtag"' in page[0]["content"]
    later, _ = statuses(site, "لوزي", since_id=complaint.id, limit=40)
    older, _ = statuses(site, "لوزي", min_id=complaint.id, limit=40)
    assert any(status["in_reply_to_id"] == complaint.id for status in [*later, *older])


def test_the_rate_limit_is_told_and_held(world: World, clock: Clock) -> None:
    with Site(world, clock, rate_limit=2) as site:
        path = "/api/v1/timelines/tag/lawzy"
        answers = [fetch(site, path)[0] for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        clock.now = datetime.fromisoformat(answers[0].headers["x-ratelimit-reset"])
        assert fetch(site, path)[0].status == 200


def test_the_blog_is_found_through_its_sitemaps(site: Site, world: World) -> None:
    index = etree.fromstring(fetch(site, "/sitemap.xml")[1])
    (child,) = index.xpath("//*[local-name()='loc']/text()")
    posts = etree.fromstring(gzip.decompress(fetch(site, str(child).removeprefix(site.url))[1]))
    articles = [str(loc).removeprefix(site.url) for loc in posts.xpath("//*[local-name()='loc']/text()")]
    assert len(articles) == len(world.items(Place.BLOG, END)) == 4
    for path, item in zip(articles, world.items(Place.BLOG, END), strict=True):
        html = fetch(site, path)[1].decode()
        (posting,) = extruct.extract(html, syntaxes=["json-ld"])["json-ld"]
        assert (posting["headline"], posting["inLanguage"]) == (item.title, item.language)
        assert all(paragraph in html for paragraph in item.text.split("\n\n"))


def test_an_article_of_tomorrow_is_not_there_today(site: Site, world: World, clock: Clock) -> None:
    newest = world.items(Place.BLOG, END)[0]
    clock.now = newest.at - timedelta(seconds=1)
    assert fetch(site, f"/tamrago/blog/{newest.slug}")[0].status == 404
    clock.now = newest.at
    assert fetch(site, f"/tamrago/blog/{newest.slug}")[0].status == 200


@pytest.mark.parametrize(
    "path",
    ["/news/ar.rss", "/news/en.atom", "/press/feed.json", "/stars/lawzy", "/sitemap.xml", "/robots.txt"],
)
def test_unchanged_is_304_by_either_validator_and_changed_is_not(site: Site, clock: Clock, path: str) -> None:
    first, body = fetch(site, path, headers={"Accept-Encoding": "gzip"})
    plain = gzip.decompress(body) if first.headers.get("Content-Encoding") == "gzip" else body
    assert plain == fetch(site, path)[1]
    clock.now += timedelta(hours=1)  # nothing happens after the end
    for header, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again, empty = fetch(site, path, headers={header: first.headers[value]})
        assert (again.status, empty) == (304, b"")
    assert fetch(site, path, headers={"If-None-Match": '"other"'})[0].status == 200


def test_a_feed_changes_its_validators_when_something_is_published(site: Site, clock: Clock) -> None:
    first, _ = fetch(site, "/forum/comments.rss")
    clock.now = END - timedelta(days=2)
    earlier, _ = fetch(site, "/forum/comments.rss")
    assert first.headers["ETag"] != earlier.headers["ETag"]
    clock.now = END
    headers = {"If-Modified-Since": earlier.headers["Last-Modified"]}
    assert fetch(site, "/forum/comments.rss", headers=headers)[0].status == 200


def test_other_paths_and_methods_are_refused_and_all_is_logged(site: Site) -> None:
    assert fetch(site, "/nothing/here")[0].status == 404
    assert fetch(site, "/robots.txt", "POST")[0].status == 405
    head, empty = fetch(site, "/robots.txt", "HEAD")
    assert (head.status, empty) == (200, b"")
    assert [(seen.method, seen.path, seen.status) for seen in site.requests] == [
        ("GET", "/nothing/here", 404),
        ("POST", "/robots.txt", 405),
        ("HEAD", "/robots.txt", 200),
    ]


def test_every_link_of_a_feed_or_status_leads_somewhere(site: Site) -> None:
    link = feedparser.parse(fetch(site, "/news/en.atom")[1]).entries[0].link
    status = statuses(site, "lawzy", limit=1)[0][0]
    for address in (link, status["url"]):
        assert fetch(site, address.removeprefix(site.url))[0].status == 200


def test_the_site_can_misbehave_once_and_then_recovers(site: Site) -> None:
    site.misbehave(failing(503), rate_limited(7), Misbehaviour(Fault.DROP))
    assert fetch(site, "/news/ar.rss")[0].status == 503
    assert fetch(site, "/news/ar.rss")[0].headers["Retry-After"] == "7"
    with pytest.raises(OSError):
        fetch(site, "/news/ar.rss")
    assert fetch(site, "/news/ar.rss")[0].status == 200
