"""What a kind of source is, and the registry of all kinds.

A kind is one module in `crawlers/sources/` with one subclass of `SourceSpider`; being in the folder
registers it. A spider asks for addresses and yields `Mention`s. It never writes to the database: what it
learns about the source (validators, cursor, failure) it says through the methods below, and
`crawlers.collect` keeps it together with the mentions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, ParamSpec, TypeVar
from urllib.parse import urlsplit

import scrapy
from pydantic import AfterValidator, BaseModel, Field
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from config.kinds import registered
from config.settings import Source, Strict
from crawlers import causes, parsing
from crawlers.errors import CrawlError
from storage.records import Mention, MentionKind

if TYPE_CHECKING:
    from storage.sources import SourceState


Clock = Callable[[], datetime]
Deliver = Callable[[Mention], Awaitable[None]]
P = ParamSpec("P")
T = TypeVar("T")


def _web_address(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        port_is_sound = False
    if not port_is_sound or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole address that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("leave user and password out of the address; they would show in messages")
    return raw


WebAddress = Annotated[
    str,
    Field(max_length=4000, pattern=r"^[^\s\x00-\x1f\x7f]+$"),
    AfterValidator(_web_address),
]


class SourceOptions(Strict):
    """Options that every kind has. A kind that crawls pages sets `obey_robots` to true by default."""

    obey_robots: bool = Field(
        default=False,
        description="Obey robots.txt. Off where you name the feed or API yourself, as in any feed reader.",
    )


@dataclass(slots=True)
class Visit:
    """What is known so far of one visit to a source.

    `state` is what will be kept if the visit succeeds. `failure` is the first cause in words, which
    makes the whole visit a failure. `not_before` is the earliest moment of the next visit that the
    source asked for. `bytes` counts decoded body bytes.
    """

    state: SourceState
    failure: str | None = None
    gone: bool = False
    unchanged: bool = False
    http_status: int | None = None
    bytes: int = 0
    not_before: datetime | None = None


class SourceSpider(scrapy.Spider):
    """Base of every kind of source.

    A subclass sets the class variables and writes `start`, an async generator of requests made with
    `request`, and callbacks (async generators) that begin with `if not self.accepts(response): return`
    and yield mentions made with `mention`. Raising `CrawlError` from a callback fails the visit with the
    error's message as its cause; mentions yielded before that are kept.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[SourceOptions]]
    summary: ClassVar[str]
    secrets_help: ClassVar[str] = "None needed."
    terms: ClassVar[str]
    mention_kind: ClassVar[MentionKind]

    def __init__(self, *, source: Source, state: SourceState, clock: Clock, deliver: Deliver) -> None:
        super().__init__(name=source.name)
        self.source = source
        self.options: Any = source.options
        self.state = state
        self.clock = clock
        self.deliver = deliver
        self.visit = Visit(state=state)

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
        **passed_on: Any,
    ) -> Request:
        """Return a request for `url`; `passed_on` reaches the callback as keyword arguments.

        If nothing usable comes back, the visit fails, except where `optional` says that one page less
        is no failure of the source.
        """
        return Request(
            url,
            callback=partial(self._answered, callback),
            errback=self._request_failed,
            headers=dict(headers or {}),
            cb_kwargs=passed_on,
            meta={"optional": optional},
            dont_filter=True,
        )

    def validators(self, url: str) -> dict[str, str]:
        """Return the headers of a conditional request for `url`, empty at the first visit."""
        if self.state.cursor.get("validated_url") != url:
            return {}
        pairs = (("If-None-Match", self.state.etag), ("If-Modified-Since", self.state.last_modified))
        return {header: value for header, value in pairs if value}

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
            self.wait_until(causes.retry_after(_header(response, "Retry-After"), self.clock()))
        if response.status == 304:
            visit.unchanged = True
        elif not response.meta.get("optional") or response.status == 429:
            visit.gone = visit.gone or response.status == 410
            self.fail(causes.of_status(response.status))
        return False

    def is_same(self, response: Response, url: str) -> bool:
        """Tell whether the body at `url` is the one of the last visit, and mark the visit unchanged if so.

        Either way its hash and validators are kept for the next visit, if this one succeeds.
        """
        digest = blake2b(response.body, digest_size=16).hexdigest()
        same: bool = digest == self.state.body_hash and self.state.cursor.get("validated_url") == url
        self.visit.state = replace(
            self.visit.state,
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            body_hash=digest,
            cursor={**self.visit.state.cursor, "validated_url": url},
        )
        self.visit.unchanged = same
        return same

    def remember(self, **cursor: Any) -> None:
        """Keep these cursor keys (JSON values) for the next visit, if this one succeeds."""
        self.visit.state = replace(self.visit.state, cursor={**self.visit.state.cursor, **cursor})

    def fail(self, cause: str) -> None:
        """Make the visit a failure with this cause, in words for a person; the first cause stays."""
        self.visit.failure = self.visit.failure or cause

    def wait_until(self, moment: datetime | None) -> None:
        """Ask that the next visit be no earlier than `moment`; the latest of several asked for counts."""
        if moment is not None:
            self.visit.not_before = max(moment, self.visit.not_before or moment)

    async def parse_apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a pure module-level function on strangers' bytes in a killable child.

        Raises:
            UnreadableError: the function found that the bytes are not what they should be.
            ParsingError: it hung, needed too much memory, or crashed.
        """
        return await parsing.parse(function, *args, **kwargs)

    def mention(self, **fields: Any) -> Mention:
        """Return a mention from this source, collected now; `kind` is the spider's unless given."""
        return Mention(
            **{"kind": self.mention_kind, **fields}, source=self.source.name, collected_at=self.clock()
        )

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
        request = getattr(failure, "request", None)
        if failure.value is not None and not (request is not None and request.meta.get("optional")):
            self.fail(causes.of_failure(failure.value))


def _header(response: Response, name: str) -> str | None:
    raw = response.headers.get(name)
    return raw.decode("latin-1").strip() or None if raw else None


def kinds() -> Mapping[str, type[SourceSpider]]:
    """Return every kind of source by its name, in alphabetical order."""
    return registered("crawlers.sources", SourceSpider)


def options_models() -> Mapping[str, type[BaseModel]]:
    """Return the options model of every kind, for the loader of the configuration."""
    return {name: spider.Options for name, spider in kinds().items()}


__all__ = [
    "Clock",
    "CrawlError",
    "Deliver",
    "SourceOptions",
    "SourceSpider",
    "Visit",
    "WebAddress",
    "kinds",
    "options_models",
]
