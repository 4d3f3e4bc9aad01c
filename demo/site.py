"""The web of the demo's world, served on loopback as it stands at `clock()`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from demo import feeds, pages
from demo.items import Item, Place
from demo.loopback import LoopbackServer, Request, Response
from demo.mastodon import TIMELINE, RateLimit, timeline
from demo.world import World

_HTML = "text/html; charset=utf-8"
_XML = "application/xml; charset=utf-8"
_ROBOTS = "User-agent: *\nDisallow: /admin/\nCrawl-delay: 0\n\nSitemap: {base}/sitemap.xml\n"
_NOT_FOUND = Response(b"<h1>Not found</h1>", _HTML, 404)


class Site(LoopbackServer):
    """Serves `world` on 127.0.0.1: a context manager with `url` and the log `requests`.

    `clock` returns aware UTC; nothing published later than it is shown. `rate_limit` is the number of
    requests that the Mastodon API allows in five minutes of `clock`.
    """

    def __init__(
        self, world: World, clock: Callable[[], datetime], *, port: int = 0, rate_limit: int = 3000
    ) -> None:
        super().__init__(self._route, port)
        self._world, self._clock = world, clock
        self._limit = RateLimit(clock, rate_limit)
        self._fixed: dict[str, Callable[[], Response]] = {
            "/robots.txt": self._robots,
            "/news/ar.rss": lambda: self._rss(Place.NEWS_AR, "أخبار السوق", "ar"),
            "/news/en.atom": self._atom,
            "/forum/comments.rss": lambda: self._rss(Place.FORUM, "ساحة الحي: تعليقات", "ar"),
            "/press/feed.json": self._press,
            "/sitemap.xml": lambda: self._blog(pages.sitemap_index, _XML),
            "/tamrago/sitemap-posts.xml.gz": lambda: self._blog(pages.sitemap_posts, "application/gzip"),
            "/tamrago/blog/": lambda: self._blog(pages.blog_index, _HTML),
            "/api/v2/instance": self._instance,
        }

    def _route(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(b"", status=405, headers={"Allow": "GET, HEAD"})
        if request.path in self._fixed:
            return self._fixed[request.path]()
        if request.path.startswith(TIMELINE):
            return self._timeline(request)
        for prefix, place in (("/stars/lawzy", Place.STARS), ("/souq/lawzy", Place.SOUQ)):
            if request.path == prefix:
                return self._reviews(place, request.query.get("page", "1"))
        return self._item(request.path)

    def _now(self, place: Place) -> list[Item]:
        return self._world.items(place, self._clock())

    def _found(self, body: bytes, content_type: str, items: list[Item]) -> Response:
        return Response(body, content_type, changed=feeds.last_change(items, self._world.begin))

    def _robots(self) -> Response:
        return self._found(_ROBOTS.format(base=self.url).encode(), "text/plain; charset=utf-8", [])

    def _rss(self, place: Place, title: str, language: str) -> Response:
        items = self._now(place)
        body = feeds.rss(self.url, title, language, items, self._world.begin)
        return self._found(body, "application/rss+xml; charset=utf-8", items[: feeds.NEWEST])

    def _atom(self) -> Response:
        items = self._now(Place.NEWS_EN)
        body = feeds.atom(self.url, "Market News", "en", items, self._world.begin)
        return self._found(body, "application/atom+xml; charset=utf-8", items[: feeds.NEWEST])

    def _press(self) -> Response:
        items = self._now(Place.PRESS)
        body = feeds.json_feed(self.url, "Delivery Weekly", items)
        return self._found(body, "application/feed+json; charset=utf-8", items[: feeds.NEWEST])

    def _blog(self, render: Callable[[str, list[Item]], bytes], content_type: str) -> Response:
        items = self._now(Place.BLOG)
        return self._found(render(self.url, items), content_type, items)

    def _reviews(self, place: Place, page: str) -> Response:
        items = self._now(place)
        if not page.isdecimal() or not 1 <= int(page) <= pages.page_count(items):
            return _NOT_FOUND
        render = pages.stars if place is Place.STARS else pages.souq
        return self._found(render(self.url, items, int(page)), _HTML, items)

    def _timeline(self, request: Request) -> Response:
        allowed, headers = self._limit.spend()
        if not allowed:
            body = b'{"error":"Too many requests"}'
            return Response(body, "application/json; charset=utf-8", 429, headers)
        return timeline(self.url, request, self._now(Place.MASTODON), headers)

    def _instance(self) -> Response:
        about = {"domain": "social.example", "title": "Social", "version": "4.3.0", "languages": ["ar", "en"]}
        return self._found(json.dumps(about).encode(), "application/json; charset=utf-8", [])

    def _item(self, path: str) -> Response:
        """Answer for the pages that links lead to: articles of the blog, and any single item."""
        *_, folder, last = ["", *path.strip("/").split("/")]
        if path.startswith("/tamrago/blog/"):
            found = next((item for item in self._now(Place.BLOG) if item.slug == last), None)
            return self._found(pages.blog_article(self.url, found), _HTML, [found]) if found else _NOT_FOUND
        place = Place.MASTODON if folder.startswith("@") else folder
        if place not in list(Place):
            return _NOT_FOUND
        found = next((item for item in self._now(Place(place)) if item.id == last), None)
        return self._found(pages.item_page(self.url, found), _HTML, [found]) if found else _NOT_FOUND
