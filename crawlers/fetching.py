"""How requests are made: every setting of Scrapy that is not its default, and why, in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter
from scrapy.responsetypes import responsetypes

from config.errors import SecretUnavailable
from config.settings import Settings
from crawlers.browser import BrowserDownloadHandler
from crawlers.compression import BODY_LIMIT_BYTES, inflate
from crawlers.errors import BodyBrokenError, CrawlError
from crawlers.guard import ALLOWED_NETWORKS_SETTING, GuardedDownloadHandler
from crawlers.hosts import Politeness
from crawlers.items import Found
from crawlers.spider import SourceSpider

REQUEST_TIMEOUT_SECONDS = 30
_PLAIN_ENCODINGS = (b"", b"identity", b"none")
_COMPRESSED_ENCODINGS = (b"gzip", b"x-gzip", b"deflate")


def scrapy_settings(settings: Settings, options: Any) -> dict[str, Any]:
    """Return the settings of one crawl of one source with these options."""
    handler = BrowserDownloadHandler if getattr(options, "browser", False) else GuardedDownloadHandler
    return {
        **_common(settings),
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "ROBOTSTXT_OBEY": options.obey_robots,
        # A feed or API that the user named is a request or a few, and APIs say themselves what they bear.
        "AUTOTHROTTLE_START_DELAY": 0.25 if options.obey_robots else 0.1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        # Every status reaches the spider, which knows what it means for its source.
        "HTTPERROR_ALLOW_ALL": True,
        "SPIDER_MIDDLEWARES": {StartErrors: 10},
        "ITEM_PIPELINES": {Delivery: 100},
        "CONCURRENT_ITEMS": 1,  # mentions are delivered in the order of the source
    }


def shared_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings of the downloader that sources without a crawl of their own share.

    Only what such a request needs is on its way; each costs time a thousand times over.
    """
    middlewares = "scrapy.downloadermiddlewares."
    return {
        **_common(settings),
        # By those that ask for it; where none does, no request waits for the question.
        "ROBOTSTXT_OBEY": any(source.options.obey_robots for source in settings.sources),
        "AUTOTHROTTLE_START_DELAY": 0.1,
        "CONCURRENT_REQUESTS": 100,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "COOKIES_ENABLED": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "DOWNLOADER_MIDDLEWARES_BASE": {
            middlewares + "robotstxt.RobotsTxtMiddleware": 100,
            Introduction: 400,
            middlewares + "redirect.RedirectMiddleware": 600,
        },
        "SPIDER_MIDDLEWARES_BASE": {},
    }


def _common(settings: Settings) -> dict[str, Any]:
    return {
        # Who we are, and what we may do.
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.split("/")[0].split()[0],
        ALLOWED_NETWORKS_SETTING: tuple(settings.allow_private_networks),
        # Only http and https, through the guard; never by way of a proxy that would connect for us.
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {"http": GuardedDownloadHandler, "https": GuardedDownloadHandler},
        "HTTPPROXY_ENABLED": False,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        # Limits.
        "DOWNLOAD_MAXSIZE": BODY_LIMIT_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": REQUEST_TIMEOUT_SECONDS,
        "REDIRECT_MAX_TIMES": 8,
        "METAREFRESH_ENABLED": False,
        "URLLENGTH_LIMIT": 8000,
        # Politeness. What failed is tried again at the next visit, not at once.
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_MAX_DELAY": 30,
        "RETRY_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*"},
        # Scrapy hands on what it could read of a body that ends early; we must know that it does.
        "COMPRESSION_ENABLED": False,
        "DOWNLOADER_MIDDLEWARES": {Politeness: 50, Decompression: 590},
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        # Nothing that listens, writes files or prints.
        "EXTENSIONS_BASE": {},
        "EXTENSIONS": {"scrapy.extensions.throttle.AutoThrottle": 0},
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "STATS_DUMP": False,
        "LOG_ENABLED": False,
        "LOG_FORMATTER": Silent,
    }


class Introduction:
    """Says who we are and what we take, and how long we wait: three middlewares of Scrapy in one."""

    def __init__(self, crawler: Crawler) -> None:
        self._headers = {"User-Agent": crawler.settings["USER_AGENT"], "Accept": "*/*"}
        self._timeout = crawler.settings["DOWNLOAD_TIMEOUT"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Introduction:
        """Return one for this crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Add what the request does not say itself."""
        for name, value in self._headers.items():
            request.headers.setdefault(name, value)
        request.meta.setdefault("download_timeout", self._timeout)


class Silent(LogFormatter):
    """Makes no line of a fetched page: it would hold the address, and with some services a key in it."""

    def crawled(self, request: Request, response: Response, spider: Spider) -> Any:
        """Say nothing."""


class Decompression:
    """Asks for gzip or deflate and undoes it, refusing what is too big or ends early."""

    def process_request(self, request: Request) -> None:
        """Say which encodings we read."""
        request.headers.setdefault("Accept-Encoding", "gzip, deflate")

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the response with its body as it was before compression.

        Raises:
            BodyTooBigError, BodyBrokenError: see `crawlers.compression.inflate`.
        """
        names = b",".join(response.headers.getlist("Content-Encoding")).lower().split(b",")
        body = response.body
        for name in reversed([name.strip() for name in names]):
            if name in _COMPRESSED_ENCODINGS:
                body = inflate(body)
            elif name not in _PLAIN_ENCODINGS:
                shown = name.decode("latin-1")[:40]
                raise BodyBrokenError(f"the answer is in the encoding {shown!r}, which was not asked for")
        if body is response.body:
            return response
        del response.headers["Content-Encoding"]
        kind = responsetypes.from_args(headers=response.headers, url=response.url, body=body)
        return response.replace(cls=kind, body=body)


class StartErrors:
    """Turns what goes wrong before the first request (a secret that is not there) into a failed visit."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StartErrors:
        """Return one for this crawl."""
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Pass the first requests through."""
        spider = _ours(self._crawler.spider)
        try:
            async for request in start:
                yield request
        except (CrawlError, SecretUnavailable) as error:
            spider.fail(str(error))
        except Exception as error:
            spider.logger.exception("could not start")
            spider.fail(f"Marsad itself stumbled ({type(error).__name__})")


class Delivery:
    """Hands each mention to whoever started the visit, and waits for it: a slow database slows the crawl."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Delivery:
        """Return one for this crawl."""
        return cls(crawler)

    async def process_item(self, item: Found) -> Found:
        """Deliver what was found."""
        await _ours(self._crawler.spider).deliver(item)
        return item


def _ours(spider: Spider | None) -> SourceSpider:
    if not isinstance(spider, SourceSpider):
        raise TypeError("only a SourceSpider is crawled with these settings")
    return spider
