"""What hosts ask of us, shared by all sources on them: to be left alone until a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers.base import Visit
from crawlers.errors import HostRestsError
from crawlers.limits import rests_until

# How many requests may be under way to one host at once, over all sources.
_AT_ONCE = 2


@dataclass(slots=True)
class Hosts:
    """The hosts that asked to be left alone, by `host:port`, and turns for requests to each."""

    clock: Callable[[], datetime]
    resting: dict[str, datetime] = field(default_factory=dict)
    changed: bool = False
    _turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def turn(self, url: str) -> asyncio.Semaphore:
        """Return what is held while a request to this address is under way."""
        return self._turns.setdefault(host_of(url), asyncio.Semaphore(_AT_ONCE))

    def ask(self, url: str) -> None:
        """Ask whether a request to this address may be made now.

        Raises:
            HostRestsError: its host is to be left alone for a while.
        """
        host = host_of(url)
        until = self.resting.get(host)
        if until is None:
            return
        if until > self.clock():
            raise HostRestsError(host, until)
        del self.resting[host]

    def heed(self, url: str, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says of its host's limits."""
        self.rest(url, rests_until(status, headers, self.clock()))

    def rest(self, url: str, until: datetime | None) -> None:
        """Leave the host of this address alone until a moment, if one is given."""
        host = host_of(url)
        if until is not None and until > self.resting.get(host, self.clock()):
            self.resting[host] = until
            self.changed = True


def host_of(url: str) -> str:
    """Return the host and, where it is given, the port of an address."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


class Politeness:
    """Lets a request pass if its host may be asked and its source's budget allows it, and heeds answers."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Politeness:
        """Return one for this crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Count the request that is about to be made.

        Raises:
            PostponedError: it may not be made now.
        """
        hosts, visit = self._hosts(), self._visit(request)
        hosts.ask(request.url)
        if visit is not None:
            visit.spend(hosts.clock())

    def process_response(self, request: Request, response: Response) -> Response:
        """Heed what the answer says of limits."""
        self._hosts().heed(response.url, response.status, plain_headers(response))
        return response

    def _hosts(self) -> Hosts:
        found: Hosts = self._crawler.spider.hosts  # type: ignore[union-attr]
        return found

    def _visit(self, request: Request) -> Visit | None:
        visit: Visit | None = request.meta.get("visit") or getattr(self._crawler.spider, "visit", None)
        return visit


def plain_headers(response: Response) -> dict[str, str]:
    """Return the headers of an answer by lower-case name; of repeated ones, the last."""
    found = response.headers.items()
    return {name.decode("latin-1").lower(): values[-1].decode("latin-1") for name, values in found if values}
