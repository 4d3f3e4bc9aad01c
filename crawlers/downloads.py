"""One downloader for all sources that are read without a crawl of their own.

A crawl costs milliseconds to set up; a conditional request for a feed that has not changed costs half of
one. So sources that only ask and read the answer share one engine: one address guard, one throttle for
each host whatever the source, one pool of connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from config.settings import Settings
from crawlers.base import Visit
from crawlers.fetching import shared_settings
from crawlers.guard import ALLOWED_NETWORKS_SETTING, Network
from crawlers.hosts import Hosts


class _Idle(scrapy.Spider):
    """Keeps the engine open, and asks for nothing itself."""

    name = "downloads"

    def __init__(self, hosts: Hosts) -> None:
        super().__init__()
        self.hosts = hosts
        self.opened, self.done = asyncio.Event(), asyncio.Event()

    async def start(self) -> AsyncIterator[Any]:
        self.opened.set()
        await self.done.wait()
        return
        yield


class Downloads:
    """An open downloader. `hosts` is what it has learned of hosts, `allowed_networks` what may be reached."""

    def __init__(self, crawler: Crawler, hosts: Hosts) -> None:
        self._crawler = crawler
        self.hosts = hosts
        self.allowed_networks: Sequence[Network] = tuple(crawler.settings[ALLOWED_NETWORKS_SETTING])

    async def fetch(self, request: Request, visit: Visit, *, obey_robots: bool) -> Response:
        """Return the answer to a request made for a visit, whatever its status; redirects are followed.

        Raises:
            PostponedError: the host rests, or the visit's budget is spent.
            Exception: no usable answer came; `crawlers.causes.of_failure` has the words.
        """
        request.meta["visit"] = visit
        request.meta["dont_obey_robotstxt"] = not obey_robots
        engine: Any = self._crawler.engine
        response: Response = await engine.download_async(request)
        return response


@asynccontextmanager
async def open_downloads(settings: Settings, hosts: Hosts) -> AsyncIterator[Downloads]:
    """Open a downloader, and close it afterwards."""
    crawler = Crawler(_Idle, shared_settings(settings))
    crawl = asyncio.ensure_future(crawler.crawl_async(hosts))
    spider = await _opened(crawler, crawl)
    try:
        yield Downloads(crawler, hosts)
    finally:
        spider.done.set()
        await crawl


async def _opened(crawler: Crawler, crawl: asyncio.Future[None]) -> _Idle:
    while not isinstance(crawler.spider, _Idle):
        if crawl.done():
            await crawl
        await asyncio.sleep(0)
    await crawler.spider.opened.wait()
    return crawler.spider
