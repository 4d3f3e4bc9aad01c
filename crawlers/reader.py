"""Sources that are read in one coroutine: ask, read the answer, ask on. Feeds, APIs, folders, mailboxes."""

from __future__ import annotations

import json as jsons
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import Response
from sqlalchemy import Engine

from config.errors import SecretUnavailable
from config.loader import secrets_in
from config.settings import Source
from crawlers import causes, limits
from crawlers.base import Clock
from crawlers.downloads import Downloads
from crawlers.errors import CrawlError, NoAnswerError, StatusError
from crawlers.guard import Network
from crawlers.hosts import plain_headers
from crawlers.items import Found
from crawlers.walking import Walking
from storage.sources import SourceState

Params = Mapping[str, str | int | None]

# Shorter texts in a source's memory are no access tokens; shorter secrets would make words unreadable.
_LEAST_TOKEN, _LEAST_SECRET = 20, 6
_memories: dict[str, dict[str, Any]] = {}


class SourceReader(Walking):
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
        super().__init__(source=source, state=state, clock=clock, newest_only=newest_only)
        self._downloads = downloads
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
            raise NoAnswerError(causes.of_failure(error)) from error
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
        super().fail(self._scrubbed(cause))

    def _scrubbed(self, cause: str) -> str:
        """Return the cause without the source's secrets: a server may repeat them in its own words."""
        known = [value for value in _texts_in(self.memory) if len(value) >= _LEAST_TOKEN]
        for _, secret in secrets_in(self.options, ""):
            with suppress(SecretUnavailable):
                known += [secret.reveal(), *secret.reveal().split()]
        for value in sorted(filter(None, known), key=len, reverse=True):
            if len(value) >= _LEAST_SECRET:
                cause = cause.replace(value, "…")
        return cause

    def rest(self, url: str, until: datetime | None) -> None:
        """Leave the host of this address alone until a moment, for all sources on it."""
        self._downloads.hosts.rest(url, until)
        self.wait_until(until)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)


def _with_query(url: str, params: Params | None) -> str:
    given = [(name, str(value)) for name, value in (params or {}).items() if value is not None]
    if not given:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(given)}"
