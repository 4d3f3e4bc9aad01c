"""Posts and comments on Reddit: by its feeds, or with credentials by its API."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from scrapy.http import Response

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress, charset_of
from crawlers.errors import StatusError
from crawlers.items import Found, Page
from crawlers.reader import Params, SourceReader
from crawlers.services.reddit_feed import read_reddit_feed
from crawlers.services.reddit_listing import read_listing, read_token
from storage.records import Mention, MentionKind

_PAGE = 100
_VERSION = "0.1"
# How many of the latest posts and comments are looked at again for deletion: as many as one request names.
_LOOKED_AT_AGAIN = 100
# A token is given up before it ends, so that no request is made with one that ends on the way.
_MARGIN = timedelta(minutes=1)
_SITE = r"(?:https?://(?:\w+\.)?reddit\.com)?/?"
_SUBREDDIT = re.compile(_SITE + r"(?:r/)?(\w{2,21})/?", re.IGNORECASE | re.ASCII)
_USER = re.compile(_SITE + r"(?:u/|user/)?([\w-]{3,20})/?", re.IGNORECASE | re.ASCII)


def _subreddit(raw: str) -> str:
    found = _SUBREDDIT.fullmatch(raw.strip())
    if found is None:
        raise ValueError("write a subreddit's name, such as saudiarabia or r/saudiarabia")
    return found[1].casefold()


def _user(raw: str) -> str:
    found = _USER.fullmatch(raw.strip())
    if found is None:
        raise ValueError("write a user's name, such as u/spez")
    return found[1]


User = Annotated[str, AfterValidator(_user)]


class RedditOptions(SourceOptions):
    """Options of a Reddit source."""

    base_url: WebAddress = Field(default="https://www.reddit.com", description="Where the feeds are.")
    oauth_url: WebAddress = Field(default="https://oauth.reddit.com", description="Where the API is.")
    token_url: WebAddress = Field(
        default="https://www.reddit.com/api/v1/access_token", description="Where the API's tokens are given."
    )
    subreddits: list[Annotated[str, AfterValidator(_subreddit)]] = Field(
        default=[], max_length=200, description="Subreddits of which to read all new posts."
    )
    comments: bool = Field(default=True, description="Whether to read the comments there (and by users) too.")
    queries: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]] = (
        Field(default=[], description="What to search for in the posts of all Reddit.")
    )
    users: list[User] = Field(default=[], max_length=200, description="Users of whom to read everything new.")
    client_id: Secret | None = Field(default=None, description="The id of your app; with it the API is used.")
    client_secret: Secret | None = Field(default=None, description="The secret of your app.")
    contact: User | None = Field(
        default=None, description="Your own user name, by which Reddit wants to know who asks."
    )

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if not (self.subreddits or self.queries or self.users):
            raise ValueError("name what to read: subreddits, queries or users")
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("give both client_id and client_secret, or neither")
        return self


class RedditReader(SourceReader):
    """Reads each subreddit, search and user from the newest post or comment back.

    With credentials the latest that were read are also looked at again at each visit, since Reddit wants
    what its users delete to be deleted everywhere.
    """

    kind: ClassVar[str] = "reddit"
    Options: ClassVar[type[SourceOptions]] = RedditOptions
    summary: ClassVar[str] = "Posts and comments of subreddits, searches and users; scores with credentials."
    secrets_help: ClassVar[str] = (
        "client_id and client_secret (optional): https://www.reddit.com/prefs/apps, an app of type script;"
        " since November 2025 Reddit gives them on request only. No scope is to be chosen."
    )
    terms: ClassVar[str] = (
        "Reddit's Data API terms forbid keeping what users deleted and, without a contract, commercial use"
        " and training models. Without credentials it bears few requests: visit no oftener than every 15m."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = (
        "built on feeds of 2026-07 and API answers of 2016; since June 2026 feeds often answer 429"
    )

    async def read(self) -> AsyncIterator[Found]:
        """Yield the posts and comments of every list, then what became of those read lately."""
        fetch = self._listing if self.options.client_id else self._feed
        streams = {name: partial(fetch, path, params) for name, path, params in _lists(self.options)}
        met: list[str] = []
        async for found in self.walks(streams):
            if isinstance(found, Mention):
                met.append(found.external_id)
            yield found
        if self.options.client_id and self.visit.failure is None:
            async for found in self._again(met):
                yield found

    async def _again(self, met: Sequence[str]) -> AsyncIterator[Found]:
        """Yield what became of the latest that were read before this visit, and remember the latest now."""
        before: list[str] = self.state.cursor.get("lately", [])
        ids = [one for one in before if one not in set(met)]
        page = await self._listing("/api/info", {"id": ",".join(ids)}, None) if ids else Page(items=())
        for item in page.items:
            yield self.keep(item)
        for external_id in page.withdrawn:
            yield self.withdraw(external_id)
        kept = dict.fromkeys([*met, *(one for one in ids if one not in page.withdrawn)])
        self.remember(lately=list(kept)[:_LOOKED_AT_AGAIN])

    async def _feed(self, path: str, params: Params, after: str | None) -> Page:
        feed = ".rss" if path == "/search" else "/.rss"
        answer = await self.get(
            self.options.base_url.rstrip("/") + path.removesuffix("/overview") + feed,
            params={**params, "limit": _PAGE, "after": after},
            headers=self._introduction(),
        )
        return await self.parse_apart(
            read_reddit_feed, answer.body, answer.url, charset_of(answer), self.clock(), after
        )

    async def _listing(self, path: str, params: Params, after: str | None) -> Page:
        asked: Params = {**params, "limit": _PAGE, "after": after, "raw_json": 1}
        try:
            answer = await self._get_with_token(path, asked)
        except StatusError as error:
            if error.status != 401 or self.memory.pop("token", None) is None:
                raise
            # Revoked before its time, as when the app's secret was changed and changed back.
            answer = await self._get_with_token(path, asked)
        return await self.parse_apart(read_listing, answer.body, self.clock(), after)

    async def _get_with_token(self, path: str, params: Params) -> Response:
        token = await self._token()
        return await self.get(
            self.options.oauth_url.rstrip("/") + path,
            params=params,
            headers=self._introduction(),
            secret_headers={"Authorization": f"Bearer {token}"},
        )

    async def _token(self) -> str:
        kept: tuple[str, datetime] | None = self.memory.get("token")
        if kept is not None and kept[1] > self.clock():
            return kept[0]
        pair = f"{self.options.client_id.reveal()}:{self.options.client_secret.reveal()}"
        answer = await self.post(
            self.options.token_url,
            form={"grant_type": "client_credentials"},
            headers=self._introduction(),
            secret_headers={"Authorization": f"Basic {b64encode(pair.encode()).decode()}"},
        )
        token, seconds = await self.parse_apart(read_token, answer.body)
        self.memory["token"] = (token, self.clock() + timedelta(seconds=seconds) - _MARGIN)
        return token

    def _introduction(self) -> dict[str, str]:
        """Return who asks, in the form that Reddit wants: platform:app:version (by /u/name)."""
        who = f" (by /u/{self.options.contact})" if self.options.contact else ""
        return {"User-Agent": f"server:marsad:v{_VERSION}{who}"}


def _lists(options: RedditOptions) -> list[tuple[str, str, Params]]:
    """Return each list that is read: its name, its path in the API, and its parameters."""
    found: list[tuple[str, str, Params]] = []
    for name in dict.fromkeys(options.subreddits):
        found.append((f"r/{name}", f"/r/{name}/new", {}))
        if options.comments:
            found.append((f"r/{name}/comments", f"/r/{name}/comments", {}))
    for query in dict.fromkeys(options.queries):
        found.append((f"search {query}", "/search", {"q": query, "sort": "new", "type": "link"}))
    for name in dict.fromkeys(options.users):
        path = f"/user/{name}/{'overview' if options.comments else 'submitted'}"
        found.append((f"u/{name}", path, {"sort": "new"}))
    return found
