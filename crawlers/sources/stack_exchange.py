"""Questions on Stack Overflow and its sister sites, with their answers and comments."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress, next_day
from crawlers.errors import HostRestsError, StatusError
from crawlers.hosts import host_of
from crawlers.items import Found, Item, Page
from crawlers.reader import SourceReader
from crawlers.services.stack_exchange_posts import error_of, read_questions, read_replies
from crawlers.walking import Fetch
from storage.records import MentionKind

_PAGE = 100
# The most pages of answers or comments to read of the questions of one page.
_REPLY_PAGES = 10
# Waits up to this are waited for; a longer one ends the visit.
_PATIENCE = timedelta(seconds=30)
# The service counts from when it answered, and calls it a violation to come back a moment early.
_MARGIN = timedelta(seconds=1)
_THROTTLED = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(days=1)
_REMEMBERED = 5_000
# What the service answers to a request for answers and need not answer to one for questions.
_OF_THESE_ONLY = frozenset({400, 403, 404})


def _site(raw: str) -> str:
    site = raw.strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,60}", site):
        raise ValueError("write a site as its API calls it, such as stackoverflow or apple.stackexchange")
    return site


def _tags(raw: str) -> str:
    tags = raw.strip().lower()
    if not re.fullmatch(r"[^\s;/&?\[\]]{1,100}(?:;[^\s;/&?\[\]]{1,100}){0,4}", tags):
        raise ValueError("write a tag, or up to five that a question must all have, as a;b")
    return tags


class StackExchangeOptions(SourceOptions):
    """Options of a Stack Exchange source."""

    base_url: WebAddress = Field(
        default="https://api.stackexchange.com/2.3", description="The API's address, with its version."
    )
    sites: list[Annotated[str, AfterValidator(_site)]] = Field(
        default=["stackoverflow"], min_length=1, description="The sites to read, as the API names them."
    )
    queries: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list, description="What to search for in questions, on each site."
    )
    tags: list[Annotated[str, AfterValidator(_tags)]] = Field(
        default_factory=list, description="Tags to follow on each site; a;b is both at once."
    )
    answers: bool = Field(default=True, description="Read the answers to the questions found too.")
    comments: bool = Field(default=False, description="Read the comments on the questions found too.")
    key: Secret | None = Field(
        default=None, description="An app's key, for 10,000 requests a day in place of 300 for each address."
    )

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if not self.queries and not self.tags:
            raise ValueError("name at least one of queries and tags")
        return self


class StackExchangeReader(SourceReader):
    """Reads every search and tag in the order in which something last happened to the questions."""

    kind: ClassVar[str] = "stack_exchange"
    Options: ClassVar[type[SourceOptions]] = StackExchangeOptions
    summary: ClassVar[str] = "Questions, answers and comments on Stack Overflow and its sister sites."
    secrets_help: ClassVar[str] = (
        "key (optional): stackapps.com, Register an application; no scope is needed."
    )
    terms: ClassVar[str] = (
        "Texts are under CC BY-SA: who shows them names the author and links to the page. At most 30 "
        "requests a second, and the waits that the service asks for are kept."
    )
    beta: ClassVar[str | None] = "built on answers of 2016-04; the live form was not seen"
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield the questions to which something happened since the last visit, and what was said there."""
        # What was read of each question's answers; it counts once all of it is kept.
        self._read: dict[str, int] = {}
        async for found in self.walks(self._streams()):
            yield found
        known = {**self.memory.get("active", {}), **self._read}
        self.memory["active"] = dict(list(known.items())[-_REMEMBERED:])

    def _streams(self) -> dict[str, Fetch]:
        streams: dict[str, Fetch] = {}
        for site in dict.fromkeys(self.options.sites):
            for query in self.options.queries:
                asked = {"q": query}
                streams[f"{query} on {site}"] = partial(self._questions, site, "/search/advanced", asked)
            for tags in self.options.tags:
                asked = {"tagged": tags}
                streams[f"[{tags}] on {site}"] = partial(self._questions, site, "/questions", asked)
        return streams

    async def _questions(self, site: str, path: str, asked: Mapping[str, str], token: str | None) -> Page:
        """Return a page of questions and what was said to them.

        Pages are asked for by the moment at which they begin, since their numbers move with every event;
        by number only where a whole page has one moment.
        """
        before, _, number = (token or "").partition(" ")
        bounds = {"max": before or None, "page": int(number) if number else None}
        page = await self._page(
            path,
            {**asked, **bounds, "sort": "activity"},
            partial(read_questions, answers=self.options.answers, comments=self.options.comments),
            site,
        )
        embedded = {item.external_id for item in page.items}
        replies = await self._replies(site, page.facts["questions"])
        items = (*page.items, *(item for item in replies if item.external_id not in embedded))
        older = _older(page.oldest, before, int(number or 1)) if page.facts["has_more"] else None
        return replace(page, items=items, next=older)

    async def _replies(self, site: str, questions: Mapping[str, Sequence[int]]) -> list[Item]:
        """Return the answers and comments to questions, if asked for; answers only where something happened.

        What cannot be had fails the visit in words, but does not keep the questions from being kept.
        """
        known = self.memory.get("active", {})
        active = {f"{site}/{one}": moment for one, (_, moment) in questions.items()}
        changed = [
            one
            for one, (answers, moment) in questions.items()
            if answers and known.get(f"{site}/{one}") != moment
        ]
        found: list[Item] = []
        try:
            if self.options.answers:
                found += await self._all("questions", changed, "answers", site)
            if self.options.comments:
                answers = [item.external_id.rpartition("/")[2] for item in found]
                found += await self._all("questions", list(questions), "comments", site)
                found += await self._all("answers", answers, "comments", site)
        except StatusError as error:
            if error.status not in _OF_THESE_ONLY:
                raise
            self.fail(f"answers or comments could not be read: {error}")
            return found
        self._read |= active
        return found

    async def _all(self, of: str, ids: Sequence[str], what: str, site: str) -> list[Item]:
        found: list[Item] = []
        for number in range(1, _REPLY_PAGES + 1 if ids else 1):
            path = f"/{of}/{';'.join(ids[:_PAGE])}/{what}"
            page = await self._page(path, {"page": number, "sort": "creation"}, read_replies, site)
            found += page.items
            if not page.facts["has_more"]:
                break
        return found

    async def _page(
        self, path: str, asked: Mapping[str, str | int | None], parse: Callable[..., Page], site: str
    ) -> Page:
        url = f"{self.options.base_url.rstrip('/')}{path}"
        await self._wait_for_turn(url)
        common: dict[str, str | int | None] = {
            "site": site,
            "order": "desc",
            "pagesize": _PAGE,
            "filter": "withbody",
        }
        # The service takes the key in the address only, and calls it no secret; addresses are not logged.
        key = self.options.key.reveal() if self.options.key else None
        try:
            answer = await self.get(url, params={**common, **asked, "key": key})
        except StatusError as error:
            raise self._explained(error, url) from None
        page: Page = await self.parse_apart(parse, answer.body, site)
        self._heed(url, page.facts)
        return page

    async def _wait_for_turn(self, url: str) -> None:
        """Wait as long as the host wants to be left alone, if that is not long."""
        resting, host = self._downloads.hosts.resting, host_of(url)
        until = resting.get(host)
        if until is not None and timedelta(0) < until - self.clock() <= _PATIENCE:
            await asyncio.sleep((until - self.clock()).total_seconds())
            if resting.get(host) == until:
                del resting[host]

    def _heed(self, url: str, told: Mapping[str, Any]) -> None:
        """Keep every source off the host as long as the answer says."""
        hosts, now = self._downloads.hosts, self.clock()
        if told["backoff"] is not None and told["backoff"] > 0:
            hosts.rest(url, now + min(timedelta(seconds=told["backoff"]) + _MARGIN, _LONGEST_WAIT))
        if told["quota_remaining"] is not None and told["quota_remaining"] <= 0:
            hosts.rest(url, next_day(now))

    def _explained(self, error: StatusError, url: str) -> StatusError | HostRestsError:
        """Return the error in the service's words, or that the service wants to be left alone."""
        name, said, seconds = error_of(error.response.body)
        if name != "throttle_violation":
            return StatusError(f"{error}: {said}", error.response) if said else error
        wait = _THROTTLED if seconds is None else timedelta(seconds=seconds) + _MARGIN
        until = self.clock() + min(wait, _LONGEST_WAIT)
        self.rest(url, until)
        return HostRestsError(host_of(url), until)


def _older(oldest: datetime | None, before: str, number: int) -> str | None:
    """Return the token of the page that begins where this one ends."""
    if oldest is None:
        return None
    stamp = str(int(oldest.timestamp()))
    return f"{stamp} {number + 1}" if stamp == before else stamp
