"""Sources that are crawled: pages that lead to other pages, in a Scrapy crawl of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

import scrapy
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from config.settings import Source
from crawlers import causes
from crawlers.base import Clock, Deliver, SourceKind, header
from crawlers.errors import CrawlError, PostponedError
from crawlers.hosts import Hosts
from storage.sources import SourceState


class SourceSpider(SourceKind, scrapy.Spider):
    """Base of the kinds that crawl.

    A subclass writes `start`, an async generator of requests made with `request`, and callbacks (async
    generators) that begin with `if not self.accepts(response): return` and yield mentions made with
    `mention`. Raising `CrawlError` from a callback fails the visit with the error's message as its cause;
    mentions yielded before that are kept.
    """

    def __init__(
        self,
        *,
        source: Source,
        state: SourceState,
        clock: Clock,
        deliver: Deliver,
        hosts: Hosts | None = None,
        budget: int | None = None,
    ) -> None:
        scrapy.Spider.__init__(self, name=source.name)
        SourceKind.__init__(self, source=source, state=state, clock=clock)
        self.deliver = deliver
        self.hosts = hosts or Hosts(clock)
        self.visit.budget = budget

    async def start(self) -> AsyncIterator[Request]:
        """Yield the first requests of a visit."""
        raise NotImplementedError
        yield

    def request(
        self,
        url: str,
        callback: Callable[..., Any],
        *,
        headers: Mapping[str, str] | None = None,
        optional: bool = False,
        in_browser: bool = False,
        **passed_on: Any,
    ) -> Request:
        """Return a request for `url`; `passed_on` reaches the callback as keyword arguments.

        If nothing usable comes back, the visit fails, except where `optional` says that one page less
        is no failure of the source. `in_browser` has its scripts run (`crawlers.browser`); the kind's
        option `browser` must be on.
        """
        return Request(
            url,
            callback=partial(self._answered, callback),
            errback=self._request_failed,
            headers=dict(headers or {}),
            cb_kwargs=passed_on,
            meta={"optional": optional, "browser": in_browser},
            dont_filter=True,
        )

    def accepts(self, response: Response) -> bool:
        """Tell whether the response brings content, and note what it says of the source otherwise.

        304 marks the visit unchanged; any status but 2xx fails it (unless the request was optional) and
        honours `Retry-After`.
        """
        visit = self.visit
        if visit.http_status is None or not response.meta.get("optional"):
            visit.http_status = response.status
        visit.bytes += len(response.body)
        if response.status in range(200, 300):
            return True
        if response.status in (429, 503):
            self.wait_until(causes.retry_after(header(response, "Retry-After"), self.clock()))
        if response.status == 304:
            visit.unchanged = True
        elif not response.meta.get("optional") or response.status == 429:
            visit.gone = visit.gone or response.status == 410
            self.fail(causes.of_status(response.status))
        return False

    async def _answered(
        self, callback: Callable[..., Any], response: Response, **passed_on: Any
    ) -> AsyncIterator[Any]:
        try:
            async for item in callback(response, **passed_on):
                yield item
        except CrawlError as error:
            if not response.meta.get("optional"):
                self.fail(str(error))
        except Exception as error:
            self.logger.exception("could not deal with an answer")
            self.fail(f"Marsad itself stumbled ({type(error).__name__})")

    def _request_failed(self, failure: Failure) -> None:
        if isinstance(failure.value, PostponedError):
            self.visit.postpone(failure.value.until, str(failure.value))
            return
        request = getattr(failure, "request", None)
        if failure.value is not None and not (request is not None and request.meta.get("optional")):
            self.fail(causes.of_failure(failure.value))
