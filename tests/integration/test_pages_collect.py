"""Review pages and competitors' sites, collected from a loopback server into both databases."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine, select

from config.settings import Settings, Source
from crawlers import visiting
from crawlers.base import kinds
from crawlers.collect import collect, preview
from storage.records import FetchEvent, FetchStatus, Mention, MentionKind
from storage.sources import load_state
from storage.tables import mentions

Run = Callable[[Callable[[], Any]], Any]


class Site:
    """A web site of pages that tests put there: path with query → (status, headers, body)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    def put(self, path: str, body: str | bytes, status: int = 200, **headers: str) -> None:
        """Serve `body` at `path`; `$SITE` in it becomes the site's address."""
        raw = body.replace("$SITE", self.address).encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, {"Content-Type": "text/html; charset=utf-8", **named}, raw)

    def visits(self, word: str = "") -> list[str]:
        """Return what was asked for since the last call, without robots.txt, if it contains `word`."""
        asked, self.asked = self.asked, []
        return [path for path in asked if word in path and path != "/robots.txt"]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the politeness between requests, which loopback does not need and the clock would feel."""
    polite = visiting.scrapy_settings
    monkeypatch.setattr(
        visiting, "scrapy_settings", lambda *given: {**polite(*given), "AUTOTHROTTLE_ENABLED": False}
    )


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, headers, body = made.pages.get(self.path, (404, {}, b"nothing"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def settings(kind: str, **options: Any) -> Settings:
    """Return a configuration with one source, `s`."""
    source = Source(name="s", kind=kind)
    source._options = kinds()[kind].Options(**options)
    return Settings(sources=[source], allow_private_networks=["127.0.0.0/8"])


@pytest.fixture
def look(run: Run, clock: Any) -> Callable[..., tuple[FetchEvent, list[Mention]]]:
    """`look(settings)` visits the one source as if for the first time and stores nothing."""

    def once(configured: Settings) -> tuple[FetchEvent, list[Mention]]:
        ((event, found),) = run(lambda: preview(configured, clock))
        return event, found

    return once


@pytest.fixture
def gather(run: Run, clock: Any, engine: Engine) -> Callable[[Settings], FetchEvent]:
    """`gather(settings)` collects from the one source into the database."""

    def once(configured: Settings) -> FetchEvent:
        (event,) = run(lambda: collect(engine, configured, clock, force=True))
        assert isinstance(event, FetchEvent)
        return event

    return once


def review(author: str, text: str, day: int = 1, rating: int = 4) -> dict[str, Any]:
    return {
        "@type": "Review",
        "author": author,
        "datePublished": f"2026-02-{day:02}",
        "reviewBody": text,
        "reviewRating": {"ratingValue": rating},
    }


def reviews(*shown: dict[str, Any], more: str = "", name: str = "Kettle") -> str:
    product = {"@type": "Product", "name": name, "review": shown}
    rated = {"aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.1, "reviewCount": 12}}
    block = json.dumps({**product, **rated})
    return f'<html lang="en"><script type="application/ld+json">{block}</script><body>{more}</body></html>'


def two_pages(site: Site) -> None:
    site.put(
        "/r",
        reviews(review("Ali", "Good."), review("Mona", "Bad."), more='<a rel="next" href="/r?page=2">2</a>'),
    )
    site.put(
        "/r?page=2", reviews(review("Omar", "Loud."), more='<a rel="next" href="/r?page=1">back to 1</a>')
    )
    site.put("/r?page=1", reviews(review("Ali", "Good."), review("Mona", "Bad.")))


def test_reviews_are_followed_page_by_page_and_a_loop_ends(site: Site, look: Any) -> None:
    two_pages(site)
    event, found = look(settings("reviews", url=f"{site.address}/r", pages=9))
    assert event.status is FetchStatus.OK
    assert [one.author.name for one in found] == ["Ali", "Mona", "Omar"]
    assert site.visits() == ["/r", "/r?page=2", "/r?page=1"]
    first = found[0]
    assert (first.kind, first.rating, first.rating_scale, first.item) == (
        MentionKind.REVIEW,
        4.0,
        5.0,
        "Kettle",
    )
    assert first.published_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert event.fill_rates == {"author": 1.0, "date": 1.0, "rating": 1.0, "text": 1.0}


def test_the_limit_of_pages_holds(site: Site, look: Any) -> None:
    two_pages(site)
    _, found = look(settings("reviews", url=f"{site.address}/r", pages=1))
    assert len(found) == 2


def test_an_edit_is_a_revision_and_nothing_is_met_twice(
    site: Site, gather: Any, engine: Engine, clock: Any
) -> None:
    two_pages(site)
    wanted = settings("reviews", url=f"{site.address}/r")
    assert gather(wanted).items_new == 3
    assert gather(wanted).status is FetchStatus.UNCHANGED
    assert site.visits("page") == ["/r?page=2", "/r?page=1"]
    site.put(
        "/r",
        reviews(review("Ali", "Broke."), review("Mona", "Bad."), more='<a rel="next" href="/r?page=2">2</a>'),
    )
    event = gather(wanted)
    assert (event.items_new, event.items_revised) == (0, 1)
    with engine.connect() as connection:
        assert len(connection.execute(select(mentions.c.id)).all()) == 3
        state = load_state(connection, "s")
    assert state.cursor["aggregates"] == [{"item": "Kettle", "average": 4.1, "scale": 5.0, "count": 12}]
    # Deep edits are found by the daily full pass, though nothing on the first page is new.
    site.put("/r?page=2", reviews(review("Omar", "Very loud."), more='<a rel="next" href="/r?page=1">1</a>'))
    assert gather(wanted).items_revised == 0
    clock.advance(hours=25)
    assert gather(wanted).items_revised == 1


def test_robots_txt_is_obeyed_and_can_be_overruled(site: Site, look: Any) -> None:
    two_pages(site)
    site.put("/robots.txt", "User-agent: *\nDisallow: /r", Content_Type="text/plain")
    event, found = look(settings("reviews", url=f"{site.address}/r"))
    assert (event.status, found) == (FetchStatus.FAILED, [])
    assert "robots.txt" in (event.error or "")
    assert site.visits() == []
    _, found = look(settings("reviews", url=f"{site.address}/r", obey_robots=False))
    assert len(found) == 3


def test_next_never_leads_to_another_product_or_host(site: Site, look: Any) -> None:
    site.put("/r", reviews(review("Ali", "Good."), more='<link rel="next" href="/other">'))
    site.put("/other", reviews(review("Zed", "Wrong product."), name="Toaster"))
    _, found = look(settings("reviews", url=f"{site.address}/r"))
    assert [one.author.name for one in found] == ["Ali"]
    site.put("/r", reviews(review("Ali", "Good."), more='<link rel="next" href="http://127.0.0.2/r?page=2">'))
    _, found = look(settings("reviews", url=f"{site.address}/r"))
    assert len(found) == 1


def test_a_later_page_that_fails_loses_nothing(site: Site, look: Any) -> None:
    two_pages(site)
    site.put("/r?page=2", "oops", 500)
    event, found = look(settings("reviews", url=f"{site.address}/r"))
    assert (event.status, len(found)) == (FetchStatus.OK, 2)


def test_a_page_without_reviews_says_so(site: Site, look: Any) -> None:
    site.put("/r", "<html><body><p>Hello</p></body></html>")
    event, _ = look(settings("reviews", url=f"{site.address}/r"))
    assert event.status is FetchStatus.FAILED
    assert event.error == f"s: no reviews in schema.org markup found at {site.address}/r"


def test_an_aggregate_alone_is_no_failure(site: Site, look: Any) -> None:
    site.put("/r", reviews())
    event, found = look(settings("reviews", url=f"{site.address}/r"))
    assert (event.status, found) == (FetchStatus.OK, [])


def test_two_reviews_by_one_author_on_one_day_on_two_pages_are_two(site: Site, look: Any) -> None:
    site.put("/r", reviews(review("Ali", "About the lid."), more='<a rel="next" href="/r?page=2">2</a>'))
    site.put("/r?page=2", reviews(review("Ali", "About the cable.")))
    _, found = look(settings("reviews", url=f"{site.address}/r"))
    assert len({one.external_id for one in found}) == 2


TEXT = "افتتحت الشركة ورشتها الجديدة في قلب المدينة، وهي متاحة لكل من يحب إصلاح الأشياء بنفسه في البيت. "


def article(title: str, more: str = "", day: int = 3) -> str:
    return (
        f'<html lang="ar"><head><title>{title}</title><meta name="author" content="ليلى حسن">'
        f'<meta property="article:published_time" content="2026-02-{day:02}T01:30:00+03:00"></head>'
        f"<body><article><h1>{title}</h1><p>{TEXT * 4}</p><p>{more or TEXT}</p></article></body></html>"
    )


def urlset(*entries: str) -> str:
    shown = "".join(
        f"<url><loc>$SITE{path}</loc>{f'<lastmod>{when}</lastmod>' if when else ''}</url>"
        for path, _, when in (entry.partition(" ") for entry in entries)
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{shown}</urlset>'


def index(*children: str) -> str:
    shown = "".join(
        f"<sitemap><loc>{path if '//' in path else '$SITE' + path}</loc>"
        f"{f'<lastmod>{when}</lastmod>' if when else ''}</sitemap>"
        for path, _, when in (child.partition(" ") for child in children)
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{shown}</sitemapindex>'


def whole_site(site: Site) -> None:
    site.put(
        "/robots.txt", "User-agent: *\nDisallow: /secret\nSitemap: $SITE/map.xml", Content_Type="text/plain"
    )
    site.put("/map.xml", index("/posts.xml.gz 2026-02-05", "/broken.xml", "http://elsewhere.example/s.xml"))
    posts = urlset("/blog/a 2026-02-03", "/blog/b", "/blog/secret/", "/secret/c", "/", "/gone", "/photo.jpg")
    site.put("/posts.xml.gz", gzip.compress(posts.replace("$SITE", site.address).encode()))
    site.put("/broken.xml", "<html>no sitemap</html>")
    site.put("/photo.jpg", b"\xff\xd8\xff", Content_Type="image/jpeg")
    for path in ("/blog/a", "/blog/b", "/blog/secret/", "/secret/c"):
        site.put(path, article(f"مقال {path}"))


def test_a_site_is_read_from_robots_txt_to_the_text_of_each_article(site: Site, look: Any) -> None:
    whole_site(site)
    event, found = look(settings("competitor_posts", url=site.address))
    assert event.status is FetchStatus.OK, event.error
    by_path = {one.external_id.removeprefix(site.address): one for one in found}
    assert set(by_path) == {"/blog/a", "/blog/b", "/blog/secret/"}
    one = by_path["/blog/a"]
    assert (one.kind, one.title, one.language_hint) == (MentionKind.COMPETITOR_POST, "مقال /blog/a", "ar")
    assert one.author is not None
    assert one.author.name == "ليلى حسن"
    assert one.published_at == datetime(2026, 2, 2, 22, 30, tzinfo=UTC)
    assert one.text.count("ورشتها الجديدة") == 5


def test_only_new_and_changed_articles_are_fetched_again(site: Site, gather: Any) -> None:
    whole_site(site)
    wanted = settings("competitor_posts", sitemap=f"{site.address}/map.xml")
    assert gather(wanted).items_new == 3
    site.visits()
    again = gather(wanted)
    assert again.status is FetchStatus.UNCHANGED
    assert site.visits() == ["/map.xml", "/broken.xml"]
    posts = urlset("/blog/a 2026-02-09", "/blog/b", "/blog/d 2026-02-08")
    site.put("/posts.xml.gz", gzip.compress(posts.replace("$SITE", site.address).encode()))
    site.put("/map.xml", index("/posts.xml.gz 2026-02-09"))
    site.put(
        "/blog/a",
        article("مقال /blog/a", more="وقد عُدّل المقال اليوم بعد أن أعلنت الشركة موعدا آخر للافتتاح."),
    )
    site.put("/blog/d", article("مقال رابع"))
    event = gather(wanted)
    assert (event.items_new, event.items_revised) == (1, 1)
    assert set(site.visits("blog")) == {"/blog/a", "/blog/d"}


def test_what_was_left_over_comes_at_the_next_visit(site: Site, gather: Any) -> None:
    site.put("/map.xml", urlset(*(f"/{n} 2026-02-{n:02}" for n in range(1, 6))))
    for n in range(1, 6):
        site.put(f"/{n}", article(f"مقال {n}"))
    wanted = settings("competitor_posts", sitemap=f"{site.address}/map.xml", max_articles=2)
    assert [gather(wanted).items_new for _ in range(4)] == [2, 2, 1, 0]
    assert site.visits("/map") == ["/map.xml"] * 4
    assert gather(wanted).status is FetchStatus.UNCHANGED


def test_an_article_that_fails_for_now_is_tried_again(site: Site, gather: Any) -> None:
    site.put("/map.xml", urlset("/1", "/2"))
    site.put("/1", article("مقال"))
    site.put("/2", "later", 503)
    wanted = settings("competitor_posts", sitemap=f"{site.address}/map.xml")
    assert gather(wanted).items_new == 1
    site.put("/2", article("مقال ثان"))
    assert gather(wanted).items_new == 1
    assert gather(wanted).status is FetchStatus.UNCHANGED


FEED = """<rss version="2.0"><channel><title>Blog</title>
<item><title>A</title><link>$SITE/blog/a</link><guid>1</guid>
<pubDate>Mon, 02 Feb 2026 10:00:00 GMT</pubDate></item>
<item><title>B</title><link>$SITE/blog/b?utm_source=rss</link><guid>2</guid></item></channel></rss>"""


@pytest.mark.parametrize("option", ["feed", "url"])
def test_a_blog_without_sitemaps_is_read_through_its_feed(site: Site, look: Any, option: str) -> None:
    site.put("/feed", FEED, Content_Type="application/rss+xml")
    site.put(
        "/blog", '<html><link rel="alternate" type="application/rss+xml" href="/feed"><p>Posts</p></html>'
    )
    site.put("/blog/a", article("أول"))
    site.put("/blog/b?utm_source=rss", article("ثان"))
    place = f"{site.address}/feed" if option == "feed" else f"{site.address}/blog"
    event, found = look(settings("competitor_posts", **{option: place}))
    assert event.status is FetchStatus.OK, event.error
    assert {one.title for one in found} == {"أول", "ثان"}
    assert f"{site.address}/blog/b" in {one.external_id for one in found}


def test_a_lone_article_is_read_even_if_its_feed_is_gone(site: Site, look: Any) -> None:
    site.put(
        "/a.html",
        article("وحيد").replace(
            "<head>", '<head><link rel="alternate" type="application/rss+xml" href="/x">'
        ),
    )
    event, found = look(settings("competitor_posts", url=f"{site.address}/a.html"))
    assert event.status is FetchStatus.OK, event.error
    assert [one.title for one in found] == ["وحيد"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (urlset(), 200, "no article is announced"),
        ("<html>no</html>", 200, "no sitemap"),
        ("gone", 410, "gone for good"),
        (urlset("/missing"), 200, "none of its pages could be read"),
        ("https://elsewhere.example/a\n", 200, "on other sites"),
        (index("/map.xml"), 200, "no article is announced"),
    ],
)
def test_a_site_that_gives_nothing_says_why(
    site: Site, look: Any, body: str, status: int, words: str
) -> None:
    site.put("/map.xml", body, status)
    event, found = look(settings("competitor_posts", sitemap=f"{site.address}/map.xml"))
    assert (event.status, found) == (FetchStatus.FAILED, [])
    assert words in (event.error or "")


def test_exactly_one_place_is_named() -> None:
    options = kinds()["competitor_posts"].Options
    for given in ({}, {"url": "https://a.example", "feed": "https://a.example/feed"}):
        with pytest.raises(ValueError, match="exactly one"):
            options(**given)


WALL = "<html><head><title>Just a moment...</title></head><body><p>Checking your browser.</p></body></html>"


def test_a_wall_before_the_reviews_is_named(site: Site, look: Any) -> None:
    site.put("/r", WALL)
    event, _ = look(settings("reviews", url=f"{site.address}/r"))
    assert (event.status, event.error) == (FetchStatus.FAILED, "s: a bot check came instead of the reviews")


def test_a_wall_before_every_new_article_fails_the_visit_and_loses_none(site: Site, gather: Any) -> None:
    site.put("/map.xml", urlset("/1"))
    site.put("/1", article("مقال"))
    wanted = settings("competitor_posts", sitemap=f"{site.address}/map.xml")
    assert gather(wanted).items_new == 1
    site.put("/map.xml", urlset("/1", "/2", "/3", "/4"))
    for n in (2, 3, 4):
        site.put(f"/{n}", WALL)
    event = gather(wanted)
    assert event.status is FetchStatus.FAILED
    assert "a bot check came instead of the article" in event.error
    for n in (2, 3, 4):
        site.put(f"/{n}", article(f"مقال {n}"))
    assert gather(wanted).items_new == 3


def test_a_single_page_for_members_makes_no_site_ill(site: Site, gather: Any) -> None:
    site.put("/map.xml", urlset("/1"))
    site.put("/1", article("مقال"))
    wanted = settings("competitor_posts", sitemap=f"{site.address}/map.xml")
    gather(wanted)
    site.put("/map.xml", urlset("/1", "/2"))
    site.put("/2", WALL)
    assert gather(wanted).status is FetchStatus.OK
    assert gather(wanted).status is FetchStatus.UNCHANGED


def test_a_wall_in_place_of_every_sitemap_is_told_at_later_visits_too(site: Site, gather: Any) -> None:
    site.put("/sitemap.xml", urlset("/1"))
    site.put("/1", article("مقال"))
    wanted = settings("competitor_posts", url=site.address)
    assert gather(wanted).items_new == 1
    site.put("/sitemap.xml", WALL)
    event = gather(wanted)
    assert event.status is FetchStatus.FAILED
    assert "a bot check came instead of the sitemap" in event.error
