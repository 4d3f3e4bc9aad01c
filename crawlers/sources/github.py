"""Issues that a search on GitHub finds, and the issues and comments of repositories."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import CrawlError, HostRestsError, StatusError, UnreadableError
from crawlers.hosts import host_of
from crawlers.items import Found, Page
from crawlers.link_header import next_query
from crawlers.reader import SourceReader
from crawlers.services.github_issues import error_message, read_comments, read_issues
from crawlers.walking import Fetch
from storage.records import MentionKind

_PAGE = 100
# What the search index learns of an issue, it may learn late.
_OVERLAP = timedelta(minutes=30)
# How long to wait where no time is named: docs.github.com, "Rate limits for the REST API".
_SECONDARY_WAIT = timedelta(minutes=1)
_MOVED = frozenset({301, 302, 307, 308})
_LIMITED = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_KIND_OF_THREAD = re.compile(r"\b(?:is|type):(?:issue|pr|pull-request)\b", re.IGNORECASE)
_HEADERS = {"Accept": "application/vnd.github.html+json", "X-GitHub-Api-Version": "2022-11-28"}


def _query(raw: str) -> str:
    query = " ".join(raw.split())
    if not query or len(query) > 200:
        raise ValueError("write a search of at most 200 letters, as in GitHub's own search field")
    return query


def _repository(raw: str) -> str:
    name = raw.strip().removeprefix("https://github.com/").strip("/")
    if not re.fullmatch(r"[\w-][\w.-]{0,99}/[\w.-]{1,100}", name) or name.partition("/")[2] in (".", ".."):
        raise ValueError("write a repository as owner/name")
    return name


class GithubOptions(SourceOptions):
    """Options of a GitHub source."""

    base_url: WebAddress = Field(
        default="https://api.github.com",
        description="The API's address; https://HOST/api/v3 for GitHub Enterprise.",
    )
    queries: list[Annotated[str, AfterValidator(_query)]] = Field(
        default_factory=list, description="Searches for issues, such as 'acme in:title,body language:go'."
    )
    repositories: list[Annotated[str, AfterValidator(_repository)]] = Field(
        default_factory=list, description="Repositories to read whole, as owner/name."
    )
    comments: bool = Field(default=True, description="Read the comments on repositories' issues too.")
    pull_requests: bool = Field(default=False, description="Take pull requests (and comments on them) too.")
    token: Secret | None = Field(
        default=None, description="A token; without one, 60 requests an hour and 10 searches a minute."
    )

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if not self.queries and not self.repositories:
            raise ValueError("name at least one of queries and repositories")
        return self


class GithubReader(SourceReader):
    """Reads every list in the order in which its issues or comments were last changed."""

    kind: ClassVar[str] = "github"
    Options: ClassVar[type[SourceOptions]] = GithubOptions
    summary: ClassVar[str] = "Issues found by searches, and issues and comments of repositories, on GitHub."
    secrets_help: ClassVar[str] = (
        "token (optional, for higher limits): github.com, Settings, Developer settings, "
        "Fine-grained tokens; public repositories, read-only."
    )
    terms: ClassVar[str] = (
        "GitHub's acceptable use policies allow reading public texts by the API within its limits; they "
        "forbid selling people's data and mailing them."
    )
    beta: ClassVar[str | None] = (
        "built on answers of 2017-12 (search) and 2016-11 (comments); the live form was not seen"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield what changed in every search and repository since the last visit."""
        # A token must not go where a redirect points; without one, renamed repositories are followed.
        token = self.options.token
        self._secret = {"Authorization": f"Bearer {token.reveal()}"} if token else None
        self._changed = False
        streams = self._streams()
        known = self.state.cursor.get("etags", {})
        self.remember(etags={name: known[name] for name in streams if name in known})
        async for found in self.walks(streams, overlap=_OVERLAP):
            yield found
        self.visit.unchanged = not self._changed

    def _streams(self) -> dict[str, Fetch]:
        streams: dict[str, Fetch] = {}
        for query in self.options.queries:
            for asked in _qualified(query, self.options.pull_requests):
                streams[asked] = partial(self._search, asked)
        # What a list is read for is part of its name: a validator holds for nothing else.
        also = " and pull requests" if self.options.pull_requests else ""
        for name in self.options.repositories:
            issues = f"issues{also} of {name}"
            streams[issues] = partial(self._list, issues, f"/repos/{name}/issues", read_issues)
            if self.options.comments:
                comments = f"comments on {issues}"
                streams[comments] = partial(
                    self._list, comments, f"/repos/{name}/issues/comments", read_comments
                )
        return streams

    async def _search(self, query: str, token: str | None) -> Page:
        """Return a page of a search. Only 1,000 results can be paged: older ones are asked for by time."""
        before, _, number = (token or "").partition(" ")
        params = {
            "q": f"{query} updated:<={before}" if before else query,
            "sort": "updated",
            "order": "desc",
            "per_page": _PAGE,
            "page": int(number) if number else None,
        }
        answer = await self._asked("/search/issues", params)
        self._changed = True
        page: Page = await self.parse_apart(read_issues, answer.body, self.options.pull_requests)
        if page.facts["incomplete"]:
            # The service ran out of time and left some out: what is known must not reach past them.
            page = replace(page, newest=page.oldest)
        more = page.facts["served"] >= _PAGE or bool(next_query(_header(answer, "Link")))
        return replace(page, next=_older(page, before, int(number or 1)) if more else None)

    async def _list(self, stream: str, path: str, parse: Any, token: str | None) -> Page:
        """Return a page of a list; the newest costs nothing where it has not changed."""
        etags: Mapping[str, str] = self.visit.state.cursor.get("etags", {})
        known = etags.get(stream) if token is None else None
        params = {"sort": "updated", "direction": "desc", "per_page": _PAGE, **_parameters(token)}
        if parse is read_issues:
            params["state"] = "all"
        answer = await self._asked(path, params, headers={"If-None-Match": known} if known else {})
        if answer.status == 304:
            return Page(items=())
        self._changed = True
        page: Page = await self.parse_apart(parse, answer.body, self.options.pull_requests)
        if token is None:
            self.remember(etags={**etags, stream: _header(answer, "ETag")[:200]})
        return replace(page, next=_token(next_query(_header(answer, "Link"))))

    async def _asked(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        url = f"{self.options.base_url.rstrip('/')}{path}"
        try:
            return await self.get(
                url,
                params=params,
                headers={**_HEADERS, **(headers or {})},
                secret_headers=self._secret,
                accept={304} if headers else (),
            )
        except StatusError as error:
            raise self._explained(error, url) from None

    def _explained(self, error: StatusError, url: str) -> CrawlError:
        """Return the error in GitHub's words, or that GitHub wants to be left alone: it says so with 403."""
        if error.status in _MOVED:
            return UnreadableError("the repository has another name now; write that one")
        said = error_message(error.response.body)
        if error.status in (403, 429) and _LIMITED.search(said):
            hosts, now = self._downloads.hosts, self.clock()
            if hosts.resting.get(host_of(url), now) <= now:
                hosts.rest(url, now + _SECONDARY_WAIT)
            return HostRestsError(host_of(url), hosts.resting[host_of(url)])
        return StatusError(f"{error}: {said}", error.response) if said else error


def _qualified(query: str, pull_requests: bool) -> list[str]:
    """Return the searches to make: GitHub wants to be told which of its two kinds of thread to search."""
    if _KIND_OF_THREAD.search(query):
        return [query]
    return [f"{query} is:issue", f"{query} is:pull-request"] if pull_requests else [f"{query} is:issue"]


def _older(page: Page, before: str, number: int) -> str | None:
    """Return the token of the next page of a search: everything up to the oldest moment of this one.

    Where a whole page has one moment, its next page is asked for by number.
    """
    if page.oldest is None:
        return None
    oldest = page.oldest.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{oldest} {number + 1}" if oldest == before else oldest


def _token(query: Mapping[str, str]) -> str | None:
    """Return where the next page of a list begins: its number, or GitHub's own mark in long lists."""
    return next((f"{name} {query[name][:1000]}" for name in ("after", "page") if query.get(name)), None)


def _parameters(token: str | None) -> dict[str, str]:
    name, _, value = (token or "").partition(" ")
    return {name: value} if value else {}


def _header(answer: Response, name: str) -> str:
    return b", ".join(answer.headers.getlist(name)).decode("latin-1").strip()
