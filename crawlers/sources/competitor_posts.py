"""What a competitor publishes: a site's sitemaps or feed, down to the text of each new article."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from pydantic import Field, model_validator
from scrapy.http import Request, Response
from twisted.python.failure import Failure
from w3lib.encoding import http_content_type_encoding

from config.values import Duration
from crawlers import causes
from crawlers.article import Article, feed_links, read_article
from crawlers.article_choice import MOST_KNOWN, Wishes, change_mark, choose, key_of, part_of_site, same_site
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import CrawlError, WallError
from crawlers.feeds import read_feed
from crawlers.pages import believable
from crawlers.sitemap_walk import SitemapWalk
from crawlers.sitemaps import SitemapEntry, is_sitemap, read_sitemap, sitemaps_in_robots
from crawlers.spider import SourceSpider
from crawlers.urls import canonical
from storage.records import Author, Mention, MentionKind

_USUAL_PLACES = ("/sitemap.xml", "/sitemap_index.xml")
_AHEAD_AT_MOST = timedelta(days=1)
_GONE = frozenset({404, 410, 451})
_WALLED_SITE = 3


class CompetitorPostsOptions(SourceOptions):
    """Options of a competitor's site. Exactly one of `sitemap`, `feed` and `url` is given."""

    sitemap: WebAddress | None = Field(default=None, description="A sitemap or an index of sitemaps.")
    feed: WebAddress | None = Field(
        default=None, description="The feed of a blog; its articles are read in full."
    )
    url: WebAddress | None = Field(
        default=None, description="The site, or a part such as /blog; its sitemaps or feed are looked for."
    )
    include: list[str] = Field(
        default=[], description="Paths to read, such as /blog/* (* any run, ? any one character)."
    )
    exclude: list[str] = Field(default=[], description="Paths never to read, written likewise.")
    hosts: list[str] = Field(default=[], description="Further hosts whose articles count as this site's.")
    since: Duration | None = Field(
        default=None, description="Leave out what last changed longer ago, such as 30d."
    )
    max_articles: int = Field(
        default=50, ge=1, le=1000, description="How many articles to fetch at one visit."
    )
    obey_robots: bool = Field(default=True, description="Obey robots.txt, as is usual for pages.")
    browser: bool = Field(
        default=False,
        description="Read pages in a browser, for sites empty without one; needs the extra `browser`.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> CompetitorPostsOptions:
        if sum(place is not None for place in (self.sitemap, self.feed, self.url)) != 1:
            raise ValueError("give exactly one of sitemap, feed and url")
        return self


class CompetitorPostsSpider(SourceSpider):
    """Gathers what the site announces, list after list, then fetches the articles that are new or changed."""

    kind: ClassVar[str] = "competitor_posts"
    Options: ClassVar[type[SourceOptions]] = CompetitorPostsOptions
    summary: ClassVar[str] = "Articles of a competitor's site, found through its sitemaps or feed."
    terms: ClassVar[str] = (
        "Public articles are read as a visitor would, obeying robots.txt; do not republish them."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.COMPETITOR_POST

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        cursor = self.state.cursor
        self._place = str(self.options.sitemap or self.options.feed or self.options.url)
        self._known: dict[str, str] = dict(cursor.get("known", {}))
        self._is_first_visit = not self._known
        # Where articles were left over, every list is read again to find them.
        self._is_settled = cursor.get("left_over") is False
        self._walk = SitemapWalk(self.options.hosts, cursor.get("children", {}) if self._is_settled else {})
        self._left_over = False
        self._front_seen = False
        self._hosts: tuple[str, ...] | None = (urlsplit(self._place).hostname or "", *self.options.hosts)
        self._waiting = 0
        self._read: set[str] = set()
        self._article_problems: list[str] = []
        self._walled, self._lists_walled = 0, False

    async def start(self) -> AsyncIterator[Request]:
        """Yield the request for the sitemap, the feed, or the site's robots.txt."""
        if self.options.url is not None:
            robots = urljoin(self._place, "/robots.txt")
            yield self._optional(robots, self.read_robots, lambda _: self._look_at(()))
            return
        # An unchanged index says nothing of its children.
        flat = self._is_settled and not self.state.cursor.get("children")
        read = self.read_place if self.options.sitemap else self.read_feed
        yield self.request(self._place, read, headers=self.validators(self._place) if flat else {})

    def _optional(
        self,
        url: str,
        callback: Callable[..., Any],
        otherwise: Callable[[str], Iterator[Request]],
        **passed: Any,
    ) -> Request:
        """Return a request after which the visit goes on with `otherwise(cause)` if nothing comes back."""

        def failed(failure: Failure) -> Iterator[Request]:
            return otherwise(causes.of_failure(failure.value or CrawlError("no answer")))

        return self.request(url, callback, optional=True, **passed).replace(errback=failed)

    # Lists of articles

    async def read_robots(self, response: Response) -> AsyncIterator[Request]:
        """Yield the request for the first sitemap that robots.txt names, or for a usual place."""
        text = response.body[:500_000].decode("utf-8", "replace") if self.accepts(response) else ""
        for request in self._look_at(sitemaps_in_robots(text, response.url)):
            yield request

    def _look_at(self, declared: tuple[str, ...]) -> Iterator[Request]:
        self._walk.add(declared or (urljoin(self._place, place) for place in _USUAL_PLACES))
        return self._go_on()

    async def read_place(self, response: Response) -> AsyncIterator[Request]:
        """Yield what follows from the sitemap that the user named."""
        if not self.accepts(response) or self._is_old_news(response):
            return
        self._walk.take(await self.parse_apart(read_sitemap, response.body, response.url), response.url, 0)
        for request in self._go_on():
            yield request

    async def read_sitemap(self, response: Response, asked: str, depth: int) -> AsyncIterator[Request]:
        """Yield what follows from one of several sitemaps; one that cannot be read hides no other."""
        if self.accepts(response):
            try:
                found = await self.parse_apart(read_sitemap, response.body, response.url)
                self._walk.take(found, response.url, depth)
            except CrawlError as error:
                self._lists_walled |= isinstance(error, WallError)
                self._walk.miss(asked, str(error))
        else:
            self._walk.miss(asked, causes.of_status(response.status))
        for request in self._go_on():
            yield request

    def _is_old_news(self, response: Response) -> bool:
        same = self.is_same(response, self._place)
        if same and self._is_settled and not self.state.cursor.get("children"):
            return True
        self.visit.unchanged = False
        return False

    def _go_on(self) -> Iterator[Request]:
        """Yield the request for the next sitemap or, when there is none left, what comes after the lists."""
        following = self._walk.next()
        if following is None:
            yield from self._after_lists()
            return
        url, depth = following

        def missed(cause: str) -> Iterator[Request]:
            self._walk.miss(url, cause)
            return self._go_on()

        yield self._optional(url, self.read_sitemap, missed, asked=url, depth=depth)

    async def read_feed(self, response: Response) -> AsyncIterator[Request]:
        """Yield the requests for the articles that a feed names."""
        if not self.accepts(response) or (self.options.feed and self._is_old_news(response)):
            return
        await self._take_feed(response)
        for request in self._after_lists():
            yield request

    async def read_announced_feed(self, response: Response) -> AsyncIterator[Request]:
        """Yield what follows from a feed that the front page announces, or reads that page as an article."""
        try:
            if self.accepts(response):
                await self._take_feed(response)
        except CrawlError as error:
            self._walk.miss(response.url, str(error))
        for request in self._after_lists() if self._walk.entries else self._front_as_article():
            yield request

    def _front_as_article(self) -> Iterator[Request]:
        self._waiting = 1
        yield self._article(SitemapEntry(self._place))

    async def _take_feed(self, response: Response) -> None:
        charset = http_content_type_encoding(_content_type(response))
        feed = await self.parse_apart(read_feed, response.body, response.url, charset, self.clock())
        self._walk.entries += [
            SitemapEntry(one.url, title=one.title, published_at=one.published_at, language=one.language)
            for one in feed.entries
            if one.url is not None
        ]
        # The user named the feed, and so whatever it announces: many blogs have theirs on another host.
        self._hosts = None

    async def read_front(self, response: Response) -> AsyncIterator[Mention | Request]:
        """Yield what follows from the address of a site without sitemaps: its feed, or the article it is."""
        if not self.accepts(response):
            return
        if is_sitemap(response.body):
            self._walk.take(
                await self.parse_apart(read_sitemap, response.body, response.url), response.url, 0
            )
            for request in self._go_on():
                yield request
            return
        links = await self.parse_apart(feed_links, response.body, response.url, _content_type(response))
        if links:
            yield self._optional(links[0], self.read_announced_feed, lambda _: self._front_as_article())
            return
        self._waiting = 1
        async for mention in self.read_page(response, SitemapEntry(response.url)):
            yield mention

    # Articles

    def _after_lists(self) -> Iterator[Request]:
        wishes = Wishes(
            include=self.options.include,
            exclude=self.options.exclude,
            since=self.options.since,
            most=self.options.max_articles,
            under=part_of_site(self._place) if self.options.url and self._hosts else "/",
        )
        choice = choose(self._walk.entries, self._known, wishes, self.clock(), self._hosts)
        found_nothing = not self._walk.entries or choice.elsewhere == len(self._walk.entries)
        if self.options.url is not None and found_nothing and self._is_first_visit and not self._front_seen:
            self._front_seen = True
            yield self.request(self._place, self.read_front)
            return
        if found_nothing and (self._is_first_visit or (self._lists_walled and not self._walk.read)):
            self.fail(self._why_nothing(choice.elsewhere))
        for key in choice.still:
            self._known[key] = self._known.pop(key)
        self._left_over = choice.left_over
        self._waiting = len(choice.chosen)
        self.visit.unchanged = not choice.chosen
        self._keep()
        yield from map(self._article, choice.chosen)

    def _article(self, entry: SitemapEntry) -> Request:
        def missed(cause: str) -> Iterator[Request]:
            self._missed(entry, cause)
            return iter(())

        return self._optional(entry.url, self.read_page, missed, in_browser=self.options.browser, entry=entry)

    async def read_page(self, response: Response, entry: SitemapEntry) -> AsyncIterator[Mention]:
        """Yield the mention that one article makes."""
        if not self.accepts(response):
            self._missed(entry, causes.of_status(response.status), final=response.status in _GONE)
            return
        if not _is_page(response):
            self._missed(entry, "it is no web page", final=True)
            return
        try:
            article = await self.parse_apart(
                read_article, response.body, response.url, _content_type(response), self.clock()
            )
        except WallError as error:
            self._walled += 1
            self._missed(entry, str(error), final=True)
            return
        except CrawlError as error:
            # What hangs or breaks a parser today will do so tomorrow: it is not fetched again unless changed.
            self._missed(entry, str(error), final=True)
            return
        self._settle(entry)
        mention = self._mention(article, entry, response.url)
        if mention.external_id not in self._read:
            self._read.add(mention.external_id)
            yield mention

    def _missed(self, entry: SitemapEntry, cause: str, *, final: bool = False) -> None:
        """Note an article that gave nothing; unless that is final, the next visit tries again."""
        self._article_problems.append(f"{cause}: {entry.url}")
        if not final and not cause.startswith("robots.txt"):
            self._left_over = True
            self._waiting -= 1
            self._conclude()
        else:
            self._settle(entry)

    def _settle(self, entry: SitemapEntry) -> None:
        key = key_of(entry.url)
        self._known.pop(key, None)
        self._known[key] = change_mark(entry)
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._waiting -= 1
        self._conclude()

    def _conclude(self) -> None:
        """Keep what is known after each article, and fail the visit if none at all could be read.

        A page or two may be for members only, or be the page to log in; where all new ones are, the site is.
        """
        self._keep()
        told = self._is_first_visit or self._walled >= _WALLED_SITE
        if self._waiting == 0 and not self._read and self._article_problems and told:
            self.fail(f"none of its pages could be read as an article; {self._article_problems[0]}")

    def _keep(self) -> None:
        self.remember(known=self._known, children=self._walk.children, left_over=self._left_over)

    def _why_nothing(self, elsewhere: int) -> str:
        problems = self._walk.problems
        if elsewhere:
            return f"all {elsewhere} pages it announces are on other sites; name their hosts under hosts"
        if problems:
            return f"no article is announced at {self._place}; {problems[0]}"
        return f"no article is announced at {self._place}"

    def _mention(self, article: Article, entry: SitemapEntry, url: str) -> Mention:
        host = urlsplit(url).hostname or self.source.name
        when = article.published_at or entry.published_at
        if when is not None and when > self.clock() + _AHEAD_AT_MOST:
            when = None
        claimed = article.canonical_url
        own = claimed if claimed is not None and same_site(claimed, host) else url
        return self.mention(
            external_id=canonical(own) or own,
            text=article.text,
            title=article.title or entry.title,
            url=url,
            canonical_url=canonical(claimed or url),
            author=Author(host, article.author, article.author) if article.author else None,
            published_at=when,
            language_hint=article.language or believable(entry.language, article.text),
        )


def _content_type(response: Response) -> str | None:
    raw = response.headers.get("Content-Type")
    return raw.decode("latin-1") if raw else None


def _is_page(response: Response) -> bool:
    """Tell by its declared type whether the answer may be a web page."""
    kind = (_content_type(response) or "text/html").split(";")[0].strip().casefold()
    return "html" in kind or kind in (
        "text/plain",
        "application/gzip",
        "application/x-gzip",
        "application/octet-stream",
    )
