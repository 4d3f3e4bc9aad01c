"""Sources that are read in one coroutine: ask, read the answer, ask on. Feeds, APIs, folders, mailboxes."""

from __future__ import annotations

import json as jsons
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import Response
from sqlalchemy import Engine

from config.settings import Source
from crawlers import causes, limits
from crawlers.base import Clock, SourceKind
from crawlers.dates import believed
from crawlers.downloads import Downloads
from crawlers.errors import CrawlError, StatusError, UnreadableError
from crawlers.guard import Network
from crawlers.hosts import plain_headers
from crawlers.items import Checkpoint, Found, Item, Page, Withdrawal
from crawlers.urls import canonical
from crawlers.walk import Gap, Place
from storage.records import Mention
from storage.sources import SourceState

Params = Mapping[str, str | int | None]
Fetch = Callable[[str | None], Awaitable[Page]]

OVERLAP = timedelta(minutes=10)
# What a server answers to one list and need not answer to another.
_OF_ONE_STREAM = frozenset({400, 403, 404, 410, 422, 451})
# What a server answers to a token of a page that it no longer knows.
_TOKEN_REFUSED = frozenset({400, 404, 410, 422})
# An API may give empty pages on the way, but not for ever.
_EMPTY_PAGES = 5
_memories: dict[str, dict[str, Any]] = {}


@dataclass(slots=True)
class _Strides:
    """How many pages a walk may still read, and how many in a row were empty."""

    left: int
    empty: int = 0

    def take(self, page: Page) -> None:
        self.left -= 1
        self.empty = 0 if page.items or page.withdrawn else self.empty + 1

    @property
    def spent(self) -> bool:
        return self.left <= 0 or self.empty >= _EMPTY_PAGES


class SourceReader(SourceKind):
    """Base of the kinds that only ask and read.

    A subclass writes `read`, an async generator of what it finds, with the methods below. Raising
    `CrawlError` fails the visit with the error's message as its cause; what was yielded before is kept.
    `memory` lives as long as the process and is this source's own: access tokens, profiles looked up. It is
    never stored. `newest_only` is for a look at what a source gives: walks end after their first page.
    `engine` is the database, for kinds whose items wait there, and to be read only; None at such a look.
    """

    def __init__(
        self,
        *,
        source: Source,
        state: SourceState,
        clock: Clock,
        downloads: Downloads,
        newest_only: bool = False,
    ) -> None:
        super().__init__(source=source, state=state, clock=clock)
        self._downloads = downloads
        self._newest_only = newest_only
        self.engine: Engine | None = None
        # The status of the last answer, if it was one of refusal.
        self._refused: int | None = None
        self.memory: dict[str, Any] = _memories.setdefault(source.name, {})

    @property
    def allowed_networks(self) -> Sequence[Network]:
        """The private networks that may be reached, for kinds that speak something else than HTTP."""
        return self._downloads.allowed_networks

    def read(self) -> AsyncIterator[Found]:
        """Yield what the source has: mentions, withdrawals and, in between, checkpoints."""
        raise NotImplementedError

    async def get(
        self,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """Return the answer to a GET request, if its status is 2xx or in `accept`.

        Parameters that are None are left out. Keys and tokens belong in `secret_headers`: a request that
        carries them is not redirected, so that they reach nobody else.

        Raises:
            StatusError: the status is another. PostponedError: not now; let it pass.
            CrawlError: no usable answer came.
        """
        return await self._ask("GET", url, params, headers, secret_headers, accept, b"")

    async def get_if_changed(self, url: str, **how: Any) -> Response | None:
        """Return the answer for the one address of this source, or None if it is that of the last visit.

        The request is conditional, and where the server does not care, the body tells. Raises as `get`.
        """
        headers = {**self.validators(url), **how.pop("headers", {})}
        answer = await self.get(url, headers=headers, accept=(304,), **how)
        if answer.status == 304:
            self.visit.unchanged = True
            return None
        return None if self.is_same(answer, url) else answer

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """Return the answer to a POST request with a JSON or form body; else as `get`. Never redirected."""
        if form is None:
            body, kind = jsons.dumps(json, ensure_ascii=False).encode(), "application/json"
        else:
            body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        typed = {"Content-Type": kind, **(headers or {})}
        return await self._ask("POST", url, params, typed, secret_headers or {}, accept, body)

    async def _ask(
        self,
        method: str,
        url: str,
        params: Params | None,
        headers: Mapping[str, str] | None,
        secret_headers: Mapping[str, str] | None,
        accept: Collection[int],
        body: bytes,
    ) -> Response:
        request = Request(
            _with_query(url, params),
            method=method,
            headers={**(headers or {}), **(secret_headers or {})},
            body=body,
            # Neither keys nor the body of a POST follow a redirect.
            meta={"dont_redirect": secret_headers is not None},
            dont_filter=True,
        )
        try:
            answer = await self._downloads.fetch(request, self.visit, obey_robots=self.options.obey_robots)
        except CrawlError:
            raise
        except Exception as error:
            raise CrawlError(causes.of_failure(error)) from error
        return self._taken(answer, accept)

    def _taken(self, answer: Response, accept: Collection[int]) -> Response:
        self.visit.bytes += len(answer.body)
        self.wait_until(limits.rests_until(answer.status, plain_headers(answer), self.clock()))
        good = answer.status in range(200, 300) or answer.status in accept
        self._refused = answer.status if answer.status >= 400 else None
        if self.visit.http_status is None and self._refused is None:
            self.visit.http_status = answer.status
        if good:
            return answer
        raise StatusError(causes.of_status(answer.status), answer)

    def fail(self, cause: str) -> None:
        """Make the visit a failure with this cause; where a refusal led to it, the visit is known by that.

        A refusal that does no harm, as of a page that need not be there, leaves no trace.
        """
        if self.visit.failure is None and self._refused is not None:
            self.visit.http_status = self._refused
        super().fail(cause)

    def rest(self, url: str, until: datetime | None) -> None:
        """Leave the host of this address alone until a moment, for all sources on it."""
        self._downloads.hosts.rest(url, until)
        self.wait_until(until)

    def keep(self, item: Item) -> Mention:
        """Return the mention that an item is, collected now."""
        return self.mention(
            kind=item.kind or self.mention_kind,
            external_id=item.external_id,
            url=item.url,
            canonical_url=canonical(item.url),
            title=item.title,
            text=item.text,
            author=item.author,
            rating=item.rating,
            rating_scale=item.rating_scale,
            engagement=item.engagement,
            reach=item.reach,
            published_at=believed(item.published_at, self.clock()),
            parent_id=item.parent_id,
            item=item.item,
            language_hint=item.language_hint,
            extra=dict(item.extra),
        )

    def withdraw(self, external_id: str) -> Withdrawal:
        """Return word that a mention of this source was deleted or is withheld."""
        return Withdrawal(self.source.name, external_id)

    def checkpoint(self, **cursor: Any) -> Checkpoint:
        """Return a checkpoint with these cursor keys (JSON values); yield it after what it covers."""
        self.remember(**cursor)
        return Checkpoint(dict(self.visit.state.cursor))

    async def walks(
        self, streams: Mapping[str, Fetch], *, overlap: timedelta = OVERLAP
    ) -> AsyncIterator[Found]:
        """Yield what is new in each of several streams; see `walk`.

        One that the server does not serve, or that cannot be read, fails the visit in words but keeps none
        of the others from being read. A visit that is cut short is resumed where it was.
        """
        known = self._places()
        self.remember(walks={name: known[name] for name in streams if name in known})
        for name in _from(list(streams), self.state.cursor.get("turn")):
            self.remember(turn=name)
            try:
                async for found in self.walk(name, streams[name], overlap=overlap):
                    yield found
            except StatusError as error:
                if error.status not in _OF_ONE_STREAM:
                    raise
                self.fail(f"{name}: {error}" if len(streams) > 1 else str(error))
            except UnreadableError as error:
                self.fail(f"{name}: {error}" if len(streams) > 1 else str(error))
        self.remember(turn=None)

    async def walk(self, stream: str, fetch: Fetch, *, overlap: timedelta = OVERLAP) -> AsyncIterator[Found]:
        """Yield what is new in a stream of pages that begins with the newest, a checkpoint after each page.

        `fetch(None)` returns the newest page and `fetch(page.next)` the next older one. It ends where what
        is known begins, less `overlap` for what arrives late; at the first visit, where the option
        `backfill` says; and in any case after the option `pages`. What it did not reach, later visits read.
        """
        place = Place.from_json(self._places().get(stream))
        goal = self.options.backfill_from(self.clock()) if place.top is None else place.top - overlap
        strides = _Strides(1 if self._newest_only else self.options.pages)
        page = await fetch(None)
        strides.take(page)
        place = place.opened(page, goal, self.clock())
        for found in self._of(page):
            yield found
        yield self._stands(stream, place, page)
        if place.rested().gaps and not self._newest_only:
            # However few pages a visit may read, what was left comes nearer.
            strides.left = max(1, strides.left)
        while place.gaps and not strides.spent:
            resumed = place.gaps[0]
            try:
                page = await fetch(resumed.token)
            except StatusError as error:
                if error.status not in _TOKEN_REFUSED or resumed.token is None:
                    raise
                place = place.restarted()
                continue
            strides.take(page)
            place = place.advanced(page)
            for found in self._of(page):
                yield found
            yield self._stands(stream, place, page, resumed)
        if strides.empty >= _EMPTY_PAGES:
            place = place.closed()
        yield self._stands(stream, place.rested(), page)

    def _of(self, page: Page) -> Iterable[Found]:
        for item in page.items:
            yield self.keep(item)
        for external_id in page.withdrawn:
            yield self.withdraw(external_id)

    def _stands(self, stream: str, place: Place, page: Page, gap: Gap | None = None) -> Checkpoint:
        self.remember(walks={**self._places(), stream: place.to_json()})
        goal = gap.goal if gap else (place.gaps[0].goal if place.gaps else None)
        return Checkpoint(dict(self.visit.state.cursor), page.reached(), goal)

    def _places(self) -> dict[str, Any]:
        found: dict[str, Any] = self.visit.state.cursor.get("walks", {})
        return found


def _from(names: list[str], first: str | None) -> list[str]:
    at = names.index(first) if first in names else 0
    return names[at:] + names[:at]


def _with_query(url: str, params: Params | None) -> str:
    given = [(name, str(value)) for name, value in (params or {}).items() if value is not None]
    if not given:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(given)}"
