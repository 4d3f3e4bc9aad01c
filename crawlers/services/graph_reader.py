"""What the readers of the Graph API share: asking, limits, errors in words, and whose comments are new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from pydantic import Field

from config.secret import Secret
from config.values import Duration
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import CrawlError, PostponedError, StatusError, UnreadableError
from crawlers.hosts import plain_headers
from crawlers.items import Found, Page
from crawlers.reader import Params, SourceReader
from crawlers.services.graph_answers import Trouble, problem_in, rest_of
from crawlers.services.graph_profiles import Profile
from crawlers.walking import Fetch

# A post beyond these is no longer looked at for comments, the oldest first.
_WATCHED = 100
# How many objects Meta gives at one request by their ids.
_AT_ONCE = 50
# Meta counts requests over the last hour.
_WINDOW = timedelta(hours=1)
_PROFILE_HOLDS = timedelta(days=1)
# What Meta answers for one post and need not answer for another.
_OF_ONE_POST = frozenset({400, 403, 404, 410, 422})
_LONG_AGO = "1970-01-01T00:00:00+00:00"

Comments = Callable[[str, str | None], Awaitable[Page]]
"""Given a post's id and a token, returns a page of the comments under it."""


class GraphOptions(SourceOptions):
    """Options of every source at the Graph API."""

    base_url: WebAddress = Field(default="https://graph.facebook.com", description="Where the API is.")
    version: str = Field(
        default="v24.0", pattern=r"^v\d{1,3}\.\d{1,2}$", description="The version of the API."
    )
    token: Secret = Field(description="The access token.")
    comments: bool = Field(default=True, description="Read the comments under your own posts too.")
    comments_for: Duration = Field(
        default=timedelta(days=14), description="How long after a post its comments are read, such as 14d."
    )


class GraphReader(SourceReader):
    """Base of the readers of the Graph API.

    Comments are asked for only under posts whose number of comments has changed. What that number was when
    they were last read is kept in the cursor as `comments`: of a post, the number and when it was published.
    A subclass says how to ask for the number of those that no list tells of.
    """

    counted: ClassVar[str]
    """The field that says how many comments a post has."""

    @staticmethod
    def read_counts(body: bytes) -> dict[str, int | None]:
        """Return these numbers, by the posts' ids, out of an answer."""
        raise NotImplementedError

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rests_until: datetime | None = None
        self._read: dict[str, list[Any]] = dict(self.state.cursor.get("comments", {}))
        self._told: dict[str, int | None] = {}
        self._strangers: set[str] = set()

    async def ask(self, path: str, params: Params) -> bytes:
        """Return the body of the answer at a path below the API's version.

        Raises:
            PostponedError: what may be asked in an hour is nearly or wholly used up.
            CrawlError: the token no longer holds. StatusError: another refusal, with Meta's own words.
        """
        if self._rests_until is not None:
            raise PostponedError("Meta's limit of requests is nearly reached", self._rests_until)
        url = f"{self.options.base_url.rstrip('/')}/{self.options.version}/{path}"
        secret = {"Authorization": f"Bearer {self.options.token.reveal()}"}
        try:
            answer = await self.get(url, params=params, secret_headers=secret)
        except StatusError as error:
            raise self._in_words(error) from None
        rest = rest_of(plain_headers(answer))
        if rest is not None:
            self._rests_until = self.clock() + rest
            self.wait_until(self._rests_until)
        return answer.body

    def _in_words(self, error: StatusError) -> CrawlError:
        problem = problem_in(error.response.body)
        if problem is None:
            return error
        words = problem.message.replace(self.options.token.reveal(), "…")
        if problem.trouble is Trouble.WAIT:
            rest = rest_of(plain_headers(error.response)) or _WINDOW
            return PostponedError(f"Meta asks us to wait: {words}", self.clock() + rest)
        if problem.trouble is Trouble.RENEW:
            return CrawlError(f"the access token does not hold any longer, make a new one: {words}")
        if problem.trouble is Trouble.PERMISSION:
            return StatusError(f"the access token lacks a permission: {words}", error.response)
        return StatusError(f"{error}: {words}", error.response)

    async def page(
        self,
        path: str,
        params: Params,
        token: str | None,
        read: Callable[..., Page],
        *known: Any,
    ) -> Page:
        """Return a page of a list; `token` is the query that leads to an older one."""
        body = await self.ask(path, {**params, **dict(parse_qsl(token or ""))})
        return await self.parse_apart(read, body, *known)

    async def profile(self, unknown: Profile, fields: str, read: Callable[[bytes, str], Profile]) -> Profile:
        """Return who a page or account is, asked for once a day; `unknown` where the API does not tell."""
        known: dict[str, tuple[datetime, Profile]] = self.memory.setdefault("profiles", {})
        at, found = known.get(unknown.id, (None, unknown))
        if unknown.id not in self._strangers and (at is None or self.clock() - at >= _PROFILE_HOLDS):
            try:
                found = await self.parse_apart(
                    read, await self.ask(unknown.id, {"fields": fields}), unknown.id
                )
            except (StatusError, UnreadableError):
                self._strangers.add(unknown.id)
                return found
            known[unknown.id] = (self.clock(), found)
        return found

    def watch(self, page: Page) -> Page:
        """Take note of how many comments each post on a page of own posts has; return the page."""
        if self.options.comments:
            counts: Mapping[str, int | None] = page.facts.get("comments", {})
            for item in page.items:
                self._told[item.external_id] = counts.get(item.external_id)
                published = item.published_at.isoformat() if item.published_at else self.clock().isoformat()
                self._read.setdefault(item.external_id, [None, published])
        return page

    async def walks_with_comments(
        self, streams: Mapping[str, Fetch], comments: Comments
    ) -> AsyncIterator[Found]:
        """Yield what is new in the streams, and then under the posts that `watch` was told of.

        `comments(post, token)` returns a page of the comments under a post.
        """
        self._forget_old()
        known = {_stream(post): partial(self._changed, comments, post) for post in self._read}
        async for found in self.walks({**streams, **known}):
            yield found
        self._forget_old()
        for post in [post for post in self._read if _stream(post) not in known]:
            async for found in self._alone(_stream(post), partial(self._changed, comments, post)):
                yield found
        self.remember(comments=self._read)

    async def _alone(self, name: str, fetch: Fetch) -> AsyncIterator[Found]:
        """Walk a stream that was not known when the others were begun."""
        try:
            async for found in self.walk(name, fetch):
                yield found
        except (StatusError, UnreadableError) as error:
            if isinstance(error, StatusError) and error.status not in _OF_ONE_POST:
                raise
            self.fail(f"{name}: {error}")

    async def _changed(self, comments: Comments, post: str, token: str | None) -> Page:
        """Return a page of the comments under a post, an empty one where there is none that is new."""
        if token is None and post not in self._told:
            await self._count()
        told, kept = self._told.get(post), self._read[post]
        if token is None and told is not None and told == (kept[0] or 0):
            kept[0] = told
            return Page(items=())
        try:
            page = await comments(post, token)
        except StatusError as error:
            # What was read before and is there no more was deleted, or is hidden from the token.
            if kept[0] is None or "does not exist" not in str(error):
                raise
            kept[1] = _LONG_AGO
            return Page(items=())
        if token is None and told is not None:
            kept[0] = told
        self.remember(comments=self._read)
        return page

    async def _count(self) -> None:
        """Ask how many comments those posts have that no list of this visit has told of."""
        waiting = [post for post in self._read if post not in self._told]
        for first in range(0, len(waiting), _AT_ONCE):
            some = waiting[first : first + _AT_ONCE]
            self._told.update(dict.fromkeys(some))
            try:
                body = await self.ask("", {"ids": ",".join(some), "fields": self.counted})
                self._told.update(await self.parse_apart(self.read_counts, body))
            except (StatusError, UnreadableError):
                # One that is deleted spoils the answer for all: each is asked for itself.
                continue

    def _forget_old(self) -> None:
        if not self.options.comments:
            self._read = {}
        oldest = self.clock() - self.options.comments_for
        young = {post: kept for post, kept in self._read.items() if _moment(kept[1]) >= oldest}
        newest: Iterable[str] = sorted(young, key=lambda post: str(young[post][1]), reverse=True)[:_WATCHED]
        self._read = {post: young[post] for post in newest}


def _stream(post: str) -> str:
    return f"comments under {post}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
