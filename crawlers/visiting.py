"""One visit to one source, and what is known afterwards. Nothing is raised for the source's sake."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scrapy.crawler import Crawler
from sqlalchemy import Engine

from config.errors import SecretUnavailable
from config.settings import Settings, Source
from crawlers.base import Clock, Deliver, Visit, kinds
from crawlers.downloads import Downloads
from crawlers.errors import CrawlError, PostponedError, StatusError
from crawlers.fetching import scrapy_settings
from crawlers.items import Found
from crawlers.reader import SourceReader
from crawlers.short_links import ShortLinks
from crawlers.spider import SourceSpider
from storage.records import Mention
from storage.sources import SourceState

VISIT_DEADLINE = timedelta(minutes=10)
_STOP_PATIENCE_SECONDS = 45.0

_logger = logging.getLogger(__name__)


async def visit(
    settings: Settings,
    clock: Clock,
    source: Source,
    state: SourceState,
    deliver: Deliver,
    downloads: Downloads,
    *,
    budget: int | None = None,
    newest_only: bool = False,
    engine: Engine | None = None,
) -> Visit:
    """Visit a source, deliver what it gives, and return what is known of it afterwards.

    `budget` is how many requests it may make, None for any number. `newest_only` ends lists after a page.
    `engine` is the database, for kinds whose items wait there; None where nothing is to be stored.
    """
    kind = kinds()[source.kind]
    if issubclass(kind, SourceReader):
        reader = kind(source=source, state=state, clock=clock, downloads=downloads, newest_only=newest_only)
        reader.visit.budget, reader.engine = budget, engine
        return await _read(reader, _following(reader, downloads, deliver))
    return await _crawl(settings, source, state, clock, deliver, downloads, kind, budget)


def _following(reader: SourceReader, downloads: Downloads, deliver: Deliver) -> Deliver:
    if not reader.options.follow_short_links:
        return deliver
    links = ShortLinks(downloads, reader.visit)

    async def followed(found: Found) -> None:
        await deliver(await links.followed(found) if isinstance(found, Mention) else found)

    return followed


async def _read(reader: SourceReader, deliver: Deliver) -> Visit:
    try:
        async with asyncio.timeout(VISIT_DEADLINE.total_seconds()):
            async for found in reader.read():
                await deliver(found)
    except PostponedError as error:
        reader.visit.postpone(error.until, str(error))
    except TimeoutError:
        reader.fail(_too_long())
    except (CrawlError, SecretUnavailable) as error:
        reader.visit.gone = isinstance(error, StatusError) and error.status == 410
        reader.fail(str(error))
    except Exception as error:
        _logger.exception("visit broke", extra={"source": reader.source.name})
        reader.fail(stumbled(error))
    return reader.visit


async def _crawl(
    settings: Settings,
    source: Source,
    state: SourceState,
    clock: Clock,
    deliver: Deliver,
    downloads: Downloads,
    kind: Any,
    budget: int | None,
) -> Visit:
    # Without a runner, which would copy all settings twice more for each visit.
    crawler = Crawler(kind, scrapy_settings(settings, source.options))
    crawl = asyncio.ensure_future(
        crawler.crawl_async(
            source=source, state=state, clock=clock, deliver=deliver, hosts=downloads.hosts, budget=budget
        )
    )
    try:
        done, _ = await asyncio.wait({crawl}, timeout=VISIT_DEADLINE.total_seconds())
    except asyncio.CancelledError:
        await _stop(crawler, crawl, patience=5.0)
        raise
    if not done:
        _spider(crawler).fail(_too_long())
        await _stop(crawler, crawl, patience=_STOP_PATIENCE_SECONDS)
    elif (error := crawl.exception()) is not None:
        _logger.error("crawl broke", exc_info=error, extra={"source": source.name})
        return Visit(state=state, failure=stumbled(error))
    seen = _spider(crawler).visit
    if seen.failure is None and seen.postponed is None and seen.http_status is None:
        seen = replace(seen, failure="no answer was received")
    return seen


def stumbled(error: BaseException) -> str:
    """Return the cause where the mistake is ours."""
    return f"Marsad itself stumbled ({type(error).__name__})"


def _too_long() -> str:
    return f"the visit took longer than {VISIT_DEADLINE.total_seconds() / 60:g} minutes"


def _spider(crawler: Any) -> SourceSpider:
    spider: SourceSpider = crawler.spider
    return spider


async def _stop(crawler: Any, crawl: asyncio.Future[None], patience: float) -> None:
    with suppress(RuntimeError, TimeoutError):
        async with asyncio.timeout(patience):
            await crawler.stop_async()
            await asyncio.wait({crawl})
    if not crawl.done():
        crawl.cancel()
