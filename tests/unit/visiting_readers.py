"""Visits of readers to services made up in a test: no network, no child processes, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from benchmarks.payloads.case import Answer, Asked
from config.settings import Source
from crawlers.base import Visit
from crawlers.errors import CrawlError
from crawlers.hosts import Hosts
from crawlers.items import Withdrawal
from crawlers.reader import SourceReader
from storage.records import Mention
from storage.sources import SourceState

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass
class Places:
    """Stands in for the downloader: `answer` gives what a service answers, `asked` is what it was asked."""

    answer: Callable[[Asked], Answer | None]
    hosts: Hosts
    asked: list[Asked] = field(default_factory=list)

    async def fetch(self, request: Request, visit: Visit, *, obey_robots: bool) -> TextResponse:
        """Answer a request as the downloader would."""
        self.hosts.ask(request.url)
        parts = urlsplit(request.url)
        headers = {name.decode().lower(): values[-1].decode() for name, values in request.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(request.method, parts.path, query, headers, request.body)
        self.asked.append(asked)
        found = self.answer(asked) or Answer(b"{}", 404)
        self.hosts.heed(
            request.url, found.status, {name.lower(): value for name, value in found.headers.items()}
        )
        return TextResponse(request.url, status=found.status, headers=dict(found.headers), body=found.body)


@dataclass
class Visited:
    """How a visit went: what it gave, what it asked for, and the reader as it left it."""

    reader: SourceReader
    mentions: list[Mention]
    withdrawn: list[str]
    asked: list[Asked]
    error: CrawlError | None

    @property
    def ids(self) -> list[str]:
        """Return the ids of the mentions."""
        return [mention.external_id for mention in self.mentions]

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [asked.path for asked in self.asked]


class Clock:
    """A clock that waiting moves on."""

    def __init__(self) -> None:
        self.now = NOW
        self.waited: list[float] = []

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.waited.append(seconds)
        self.now += timedelta(seconds=seconds)


def visit(
    reader: type[SourceReader],
    answer: Callable[[Asked], Answer | None],
    options: dict[str, Any],
    *,
    after: Visited | None = None,
    clock: Clock | None = None,
) -> Visited:
    """Return how a visit went; one `after` another knows what that one learned."""
    clock = clock or Clock()
    source = Source(name="under test", kind=reader.kind)
    source._options = reader.Options.model_validate(options)
    state = after.reader.visit.state if after else SourceState(source=source.name)
    places = Places(answer, Hosts(clock))
    made = reader(source=source, state=state, clock=clock, downloads=places)  # type: ignore[arg-type]
    made.memory = after.reader.memory if after else {}

    async def apart(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    made.parse_apart = apart  # type: ignore[method-assign,assignment]
    result = Visited(made, [], [], places.asked, None)

    async def read() -> None:
        async for found in made.read():
            if isinstance(found, Mention):
                result.mentions.append(found)
            elif isinstance(found, Withdrawal):
                result.withdrawn.append(found.external_id)

    try:
        asyncio.run(read())
    except CrawlError as error:
        result.error = error
    return result
