"""Posts on Bluesky, found by searches or written by accounts (docs.bsky.app)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from config.settings import Phrase
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import CrawlError, StatusError
from crawlers.items import Found, Item, Page
from crawlers.page_tokens import PageToken, PageTokens
from crawlers.reader import Params, SourceReader
from crawlers.services.bluesky_posts import Session, did_of, problem, read_posts, read_profiles, read_session
from crawlers.walking import Fetch
from storage.records import MentionKind

_PAGE = 100
_PROFILES = 25
_KEPT_FOR = timedelta(days=1)
_MOST_KEPT = 50_000
_SECOND = timedelta(seconds=1)
_FORBIDDEN = 403


def _actor(raw: str) -> str:
    actor = raw.strip().rstrip("/").rpartition("/")[2].removeprefix("@")
    if not re.fullmatch(
        r"(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}|did:[a-z]+:[\w.:%-]{1,200}", actor, re.ASCII
    ):
        raise ValueError("write an account's handle, such as acme.bsky.social, or its DID")
    return actor


class BlueskyOptions(SourceOptions):
    """Options of a Bluesky source."""

    base_url: WebAddress = Field(
        default="https://api.bsky.app", description="Where to ask without a login: an AppView."
    )
    pds_url: WebAddress | None = Field(
        default=None,
        description="Where to log in and ask then: the account's server; https://bsky.social, or base_url if"
        " that is not the usual one.",
    )
    queries: list[Phrase] = Field(
        default=[],
        description="What to search for, in the form of Bluesky's search; reliable with a login only.",
    )
    authors: list[Annotated[str, AfterValidator(_actor)]] = Field(
        default=[], description="Accounts whose posts and replies to read, by handle or DID."
    )
    handle: str | None = Field(default=None, max_length=300, description="The account to log in as.")
    app_password: Secret | None = Field(default=None, description="An app password of that account.")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", description="Only posts in this language: ar."
    )
    reposts: bool = Field(
        default=True, description="Keep what an author reposts, as the post of whoever wrote it."
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not self.queries and not self.authors:
            raise ValueError("name queries or authors to read")
        if (self.handle is None) != (self.app_password is None):
            raise ValueError("to log in, give both handle and app_password")
        return self


class BlueskyReader(SourceReader):
    """Reads searches and accounts, with a login where there is one."""

    kind: ClassVar[str] = "bluesky"
    Options: ClassVar[type[SourceOptions]] = BlueskyOptions
    summary: ClassVar[str] = "Posts on Bluesky by search or account, with authors' followers."
    secrets_help: ClassVar[str] = (
        "app_password, with handle (for searches; accounts can be read without): bsky.app, Settings, Privacy"
        " and security, App passwords. No access to direct messages is needed."
    )
    terms: ClassVar[str] = (
        "Search is meant for people's own questions: few queries, not often. Deleted posts are to be deleted;"
        " authors may ask that people who are not signed in not be shown their posts (extra.signed_in_only)."
    )
    beta: ClassVar[str | None] = (
        "built on payloads of 2023-04 and the published lexicons; the live form was not seen"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield the posts of each author and search."""
        self._password = self.options.app_password.reveal() if self.options.app_password else None
        self._tokens = PageTokens()
        streams: dict[str, Fetch] = {
            f"@{actor}": partial(self._author, actor) for actor in self.options.authors
        }
        streams |= {f"search {query}": partial(self._search, query) for query in self.options.queries}
        async for found in self.walks(streams):
            yield found

    async def _author(self, actor: str, token: str | None) -> Page:
        params: Params = {"actor": actor, "limit": _PAGE, "cursor": token, "filter": "posts_with_replies"}
        answer = await self._asked("app.bsky.feed.getAuthorFeed", params)
        page = await self.parse_apart(read_posts, answer.body, self.options.reposts)
        return await self._with_followers(page)

    async def _search(self, query: str, token: str | None) -> Page:
        asked = self._tokens.read(token)
        try:
            answer = await self._found(query, asked)
        except StatusError as error:
            if error.status != _FORBIDDEN or token is None or asked.own is None:
                raise self._explained(error) from None
            # Without a login the next page by cursor is refused, but not what is older than a moment.
            asked = self._tokens.anew(token)
            answer = await self._found(query, asked)
        page = await self.parse_apart(read_posts, answer.body, True)
        page = replace(page, next=self._token_after(page, asked))
        return await self._with_followers(page)

    async def _found(self, query: str, asked: PageToken) -> Response:
        params: Params = {
            "q": query,
            "sort": "latest",
            "limit": _PAGE,
            "lang": self.options.language,
            "until": asked.bound,
            "cursor": asked.own,
        }
        return await self._asked("app.bsky.feed.searchPosts", params)

    def _token_after(self, page: Page, asked: PageToken) -> str | None:
        if page.next is None or page.oldest is None:
            return None
        # Bluesky leaves out the moment itself, and we know it to the second only.
        mark = (page.oldest + _SECOND).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._tokens.give(asked, mark, page.next.replace(" ", "%20"))

    def _explained(self, error: StatusError) -> StatusError:
        if error.status == _FORBIDDEN and self._password is None:
            return StatusError(
                f"{error}: searching needs a login; set handle and app_password", error.response
            )
        return error

    async def _with_followers(self, page: Page) -> Page:
        """Return the page with its authors' followers, looked up at most once a day."""
        now = self.clock()
        known: dict[str, tuple[int | None, datetime]] = self.memory.setdefault("followers", {})
        if len(known) > _MOST_KEPT:
            known.clear()
        dids = dict.fromkeys(did_of(item.external_id) for item in page.items)
        wanted = [did for did in dids if did not in known or known[did][1] + _KEPT_FOR < now]
        for at in range(0, len(wanted), _PROFILES):
            batch = wanted[at : at + _PROFILES]
            try:
                answer = await self._asked(
                    f"app.bsky.actor.getProfiles?{urlencode([('actors', did) for did in batch])}"
                )
            except StatusError as error:
                if error.status >= 500:
                    raise
                break
            found = await self.parse_apart(read_profiles, answer.body)
            known.update({did: (found.get(did), now) for did in batch})
        followers = {did: known[did][0] for did in dids if did in known}
        return replace(page, items=tuple(_followed(item, followers) for item in page.items))

    async def _asked(self, method: str, params: Params | None = None) -> Response:
        """Return the answer of a method; with a login, of the account's own server.

        Raises:
            StatusError: the service refused, with its own words. PostponedError, CrawlError: no answer.
        """
        if self._password is None:
            return await self._refusable(self.options.base_url, method, params, None)
        session = await self._session()
        try:
            return await self._refusable(self._pds, method, params, session.access)
        except StatusError as error:
            if problem(error.response.body)[0] not in ("ExpiredToken", "InvalidToken"):
                raise
        session = await self._renewed(session)
        return await self._refusable(self._pds, method, params, session.access)

    async def _refusable(self, base: str, method: str, params: Params | None, access: str | None) -> Response:
        secret = {"Authorization": f"Bearer {access}"} if access else None
        try:
            return await self.get(f"{base.rstrip('/')}/xrpc/{method}", params=params, secret_headers=secret)
        except StatusError as error:
            words = problem(error.response.body)[1]
            raise StatusError(f"{error}: {words}" if words else str(error), error.response) from None

    @property
    def _pds(self) -> str:
        usual = BlueskyOptions.model_fields["base_url"].default
        other = "https://bsky.social" if self.options.base_url == usual else self.options.base_url
        return str(self.options.pds_url or other)

    async def _session(self) -> Session:
        """Return the session that is open, or log in; logins are limited to some hundreds a day."""
        known: Session | None = self.memory.get("session")
        return known if known is not None else await self._logged_in()

    async def _logged_in(self) -> Session:
        entry = {"identifier": self.options.handle, "password": self._password}
        url = f"{self._pds.rstrip('/')}/xrpc/com.atproto.server.createSession"
        try:
            answer = await self.post(url, json=entry)
        except StatusError as error:
            if error.status not in (400, 401):
                raise
            raise CrawlError("Bluesky did not accept handle and app_password") from None
        session: Session = self.memory.setdefault("session", read_session(answer.body))
        return session

    async def _renewed(self, session: Session) -> Session:
        self.memory.pop("session", None)
        if not session.refresh:
            return await self._logged_in()
        url = f"{self._pds.rstrip('/')}/xrpc/com.atproto.server.refreshSession"
        try:
            answer = await self.post(
                url, form={}, secret_headers={"Authorization": f"Bearer {session.refresh}"}
            )
        except StatusError as error:
            if error.status not in (400, 401):
                raise
            return await self._logged_in()
        renewed: Session = self.memory.setdefault("session", read_session(answer.body))
        return renewed


def _followed(item: Item, followers: Mapping[str, int | None]) -> Item:
    known = followers.get(did_of(item.external_id))
    if item.author is None or known is None:
        return item
    return replace(item, author=replace(item.author, followers=known))
