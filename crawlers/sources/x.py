"""Posts on X, by API v2 with the user's own token: recent search and the posts of accounts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress, next_day
from crawlers.errors import CrawlError, StatusError, UnreadableError
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.x_posts import id_at, read_posts
from crawlers.services.x_problems import Refusal, refusal, user_id, words_of_answer
from crawlers.walk import Place
from storage.records import MentionKind

_PAGE = 100
# Search finds a post within half a minute; what is read twice is counted twice.
_OVERLAP = timedelta(minutes=2)
_FIELDS: Mapping[str, str | int | None] = {
    "max_results": _PAGE,
    "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet,"
    "public_metrics,referenced_tweets",
    "expansions": "author_id,referenced_tweets.id",
    "user.fields": "name,public_metrics,username,verified",
}
_NO_RETWEETS = "-is:retweet"


def _query(raw: str) -> str:
    query = " ".join(raw.split())
    if not query:
        raise ValueError("write a query in the form of X's search, such as: acme lang:ar")
    return query


def _account(raw: str) -> str:
    handle = raw.strip().removeprefix("@")
    if not re.fullmatch(r"\w{1,15}", handle, re.ASCII):
        raise ValueError(
            "write an account's name: up to 15 letters, digits and underscores, with or without @"
        )
    return handle.lower()


class XOptions(SourceOptions):
    """Options of a source of posts on X."""

    base_url: WebAddress = Field(default="https://api.x.com", description="Where the API is.")
    token: Secret = Field(description="The bearer token of your app.")
    queries: list[Annotated[str, AfterValidator(_query)]] = Field(
        default_factory=list, description="Queries in the form of X's search; each finds the last seven days."
    )
    accounts: list[Annotated[str, AfterValidator(_account)]] = Field(
        default_factory=list, description="Accounts whose posts to read, with or without @."
    )
    retweets: bool = Field(default=False, description="Keep retweets too, which repeat another's post.")
    query_length: int = Field(
        default=512,
        ge=1,
        le=4096,
        description="The longest query that your plan allows: 512, or 1024 with Pro.",
    )
    requests_a_day: int | None = Field(
        default=500,
        ge=1,
        description="The most requests in a day (UTC). 500 suit a plan of 15,000 posts a month: each request"
        " may cost from none to 100 of them.",
    )
    pages: int = Field(
        default=3, ge=1, le=1000, description="How many pages of 100 posts to read of each list at a visit."
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> XOptions:
        if not self.queries and not self.accounts:
            raise ValueError("name at least one query in `queries` or one account in `accounts`")
        for query in self.queries:
            if len(searched(query, self.retweets)) > self.query_length:
                raise ValueError(
                    f"the query {query[:40]!r}… is longer than {self.query_length} characters"
                    f" (with {_NO_RETWEETS!r}, which is added); `query_length` says what your plan allows"
                )
        return self


def searched(query: str, retweets: bool) -> str:
    """Return a query as it is sent: without retweets, unless they are wanted or it speaks of them itself."""
    if retweets or "is:retweet" in query:
        return query
    return f"({query}) {_NO_RETWEETS}" if " OR " in query else f"{query} {_NO_RETWEETS}"


class XReader(SourceReader):
    """Reads each query and account from its newest post back to what is known.

    Every post that X gives is counted against the plan, so that each request says by `since_id` where what is
    known begins. Ids stand for moments. The token of a page is `<until_id or next_token>@<since_id>`: an id
    still holds when a gap is read on through at a later visit, as X's own tokens need not.
    """

    kind: ClassVar[str] = "x"
    Options: ClassVar[type[SourceOptions]] = XOptions
    summary: ClassVar[str] = "Posts on X that a search finds or accounts write, with views and followers."
    secrets_help: ClassVar[str] = (
        "token: X's developer console (https://developer.x.com), your project's app, Keys and tokens, Bearer"
        " Token. Recent search needs a plan that includes it, such as Basic."
    )
    terms: ClassVar[str] = (
        "X's developer agreement: what is deleted or withheld there must not be kept, and posts are not"
        " passed on in bulk nor used to train models."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = "built on answers of 2022-05 and 2022-10; today's API was not seen live"

    async def read(self) -> AsyncIterator[Found]:
        """Yield the posts of every query and account."""
        self._secret = {"Authorization": f"Bearer {self.options.token.reveal()}"}
        streams = {query: partial(self._search, query) for query in self.options.queries}
        streams |= {f"@{account}": partial(self._timeline, account) for account in self.options.accounts}
        # Where every list is asked only for what is new, that nothing comes is no sign of illness.
        self.visit.unchanged = all(map(self._known, streams))
        async for found in self.walks(streams, overlap=_OVERLAP):
            yield found

    async def _search(self, query: str, token: str | None) -> Page:
        wanted = {"query": searched(query, self.options.retweets)}
        return await self._page("tweets/search/recent", wanted, "next_token", query, token)

    async def _timeline(self, account: str, token: str | None) -> Page:
        wanted = {} if self.options.retweets else {"exclude": "retweets"}
        path = f"users/{await self._user(account)}/tweets"
        return await self._page(path, wanted, "pagination_token", f"@{account}", token)

    async def _page(
        self, path: str, wanted: Mapping[str, str], token_name: str, stream: str, token: str | None
    ) -> Page:
        place, _, since = (token or f"@{self._known(stream)}").rpartition("@")
        params: dict[str, str | int | None] = {**_FIELDS, **wanted, "since_id": since or None}
        params["until_id" if place.isdecimal() else token_name] = place or None
        try:
            answer = await self._answer(path, params)
        except StatusError as error:
            # Search refuses what lies before its seven days; without the bound it gives all of them.
            if error.status != 400 or not since or "since_id" not in str(error):
                raise
            since = ""
            answer = await self._answer(path, {**params, "since_id": None})
        page = await self.parse_apart(read_posts, answer.body, self.options.retweets)
        return replace(page, next=None if page.next is None else f"{page.next}@{since}")

    def _known(self, stream: str) -> str:
        """Return the id that what is to be read of a stream begins after, empty where nothing is known."""
        top = Place.from_json(self.state.cursor.get("walks", {}).get(stream)).top
        begin: datetime | None = self.options.backfill_from(self.clock()) if top is None else top - _OVERLAP
        return "" if begin is None else str(id_at(begin))

    async def _user(self, account: str) -> str:
        """Return the id of an account, asked for once in the life of the process."""
        known: dict[str, str] = self.memory.setdefault("users", {})
        if account not in known:
            answer = await self._answer(f"users/by/username/{account}", {})
            found = user_id(answer.body)
            if found is None:
                told = words_of_answer(answer.body)
                raise UnreadableError(f"X knows no account @{account}{f': {told}' if told else ''}")
            known[account] = found
        return known[account]

    async def _answer(self, path: str, params: Mapping[str, str | int | None]) -> Response:
        """Return X's answer, or raise what it says of the cause in words."""
        url = f"{self.options.base_url.rstrip('/')}/2/{path}"
        try:
            return await self.get(url, params=params, secret_headers=self._secret)
        except StatusError as error:
            why = refusal(error.status, error.response.body)
            if why is not None:
                if why is not Refusal.NOT_ENROLLED:
                    self.wait_until(next_day(self.clock()))
                raise CrawlError(why.value) from None
            told = words_of_answer(error.response.body)
            raise StatusError(f"{error}: {told}" if told else str(error), error.response) from None
