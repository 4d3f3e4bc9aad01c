"""Hashtags, accounts and searches on a Mastodon server, or on any that speaks its API."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, ClassVar, Self
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import AfterValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from config.settings import Phrase
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import StatusError
from crawlers.items import Found, Page
from crawlers.page_tokens import PageTokens
from crawlers.reader import SourceReader
from crawlers.services.mastodon_statuses import id_at, moment_of, read_account, read_statuses
from crawlers.walking import Fetch
from storage.records import MentionKind

_PAGE = 40
# The least that any server's largest page holds.
_FULL_WITHOUT_LINK = 20
_NOT_FOUND = 404
# The search tells times by the second.
_SECOND = timedelta(seconds=1)
_NEXT = re.compile(r"""<([^<>\s]{1,4000})>\s*;\s*rel\s*=\s*"?next"?""")


def _hashtag(raw: str) -> str:
    tag = raw.strip().lstrip("#")
    if not tag or not re.fullmatch(r"[\w·]{1,100}", tag):
        raise ValueError("write a hashtag: letters, digits and underscores, without spaces")
    return tag


def _account(raw: str) -> str:
    handle = raw.strip().lstrip("@")
    if not re.fullmatch(r"[\w.-]{1,100}(?:@[\w.-]{1,253}(?::\d{1,5})?)?", handle):
        raise ValueError("write an account as name@server, or as name where it is of this server")
    return handle


class MastodonOptions(SourceOptions):
    """Options of a Mastodon source."""

    base_url: WebAddress = Field(description="The server, such as https://mastodon.social.")
    hashtags: list[Annotated[str, AfterValidator(_hashtag)]] = Field(
        default=[], description="The hashtags to follow there, with or without #."
    )
    accounts: list[Annotated[str, AfterValidator(_account)]] = Field(
        default=[], description="The accounts to follow: name, or name@server for those of other servers."
    )
    queries: list[Phrase] = Field(
        default=[], description="What to search for in posts whose authors allow it; needs a token."
    )
    quotes: int = Field(
        default=0,
        ge=0,
        le=100,
        description="For how many of the accounts' newest posts to read those that quote them; needs a token"
        " and Mastodon 4.5.",
    )
    token: Secret | None = Field(
        default=None,
        description="An access token: for searches, and for servers that show timelines to members alone.",
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not self.hashtags and not self.accounts and not self.queries:
            raise ValueError("name hashtags, accounts or queries to read")
        if self.queries and self.token is None:
            raise ValueError("queries need a token: servers search posts for their members only")
        if self.quotes and (self.token is None or not self.accounts):
            raise ValueError("quotes need accounts and a token")
        return self


class MastodonReader(SourceReader):
    """Reads each list from its newest post back to what is known.

    Boosts are no posts of their own. Lists are read one after another, so that the server's rate limit is
    seen before it is exceeded.
    """

    kind: ClassVar[str] = "mastodon"
    Options: ClassVar[type[SourceOptions]] = MastodonOptions
    summary: ClassVar[str] = (
        "Public posts on a Mastodon server: by hashtag, account or search, and quotes of accounts."
    )
    secrets_help: ClassVar[str] = (
        "token (for searches, or where the server wants it): Preferences, Development, New application, "
        "with the scopes read:search, read:statuses and read:accounts."
    )
    terms: ClassVar[str] = "Public posts only; each server has its own rules, shown at /about."
    beta: ClassVar[str | None] = "built on answers of 2017 to 2026-08; the live form was not seen"
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield the posts of each hashtag, account and search."""
        token = self.options.token.reveal() if self.options.token else None
        self._secret = {"Authorization": f"Bearer {token}"} if token else None
        self._server = urlsplit(self.options.base_url).hostname or ""
        self._tokens = PageTokens()
        self._quoted: list[str] = list(self.state.cursor.get("quoted", []))
        streams: dict[str, Fetch] = {f"#{tag}": partial(self._hashtag, tag) for tag in self.options.hashtags}
        streams |= {f"@{handle}": partial(self._account, handle) for handle in self.options.accounts}
        streams |= {f"search {query}": partial(self._search, query) for query in self.options.queries}
        if self.options.quotes:
            streams |= {f"quotes of {identity}": partial(self._quotes, identity) for identity in self._quoted}
        async for found in self.walks(streams):
            yield found

    async def _hashtag(self, tag: str, token: str | None) -> Page:
        return await self._timeline(f"/api/v1/timelines/tag/{quote(tag)}", token)

    async def _account(self, handle: str, token: str | None) -> Page:
        identity = self.memory.get(f"account {handle}")
        if identity is None:
            answer = await self._asked("/api/v1/accounts/lookup", acct=handle)
            identity = self.memory[f"account {handle}"] = read_account(answer.body)
        page = await self._timeline(
            f"/api/v1/accounts/{quote(identity)}/statuses", token, exclude_reblogs="true"
        )
        if self.options.quotes:
            # Quotes of these are read from the next visit on; identifiers grow with time.
            known = {*self._quoted, *(item.external_id for item in page.items)}
            self._quoted = sorted(known, key=lambda one: (len(one), one))[-self.options.quotes :]
            self.remember(quoted=self._quoted)
        return page

    async def _quotes(self, identity: str, token: str | None) -> Page:
        try:
            return await self._timeline(f"/api/v1/statuses/{quote(identity, safe='')}/quotes", token)
        except StatusError as error:
            if error.status != _NOT_FOUND:
                raise
            # The post is gone, or the server is older than quotes: no failure.
            return Page(items=())

    async def _timeline(self, path: str, token: str | None, **params: str) -> Page:
        answer = await self._asked(path, limit=_PAGE, max_id=token, **params)
        page = await self.parse_apart(read_statuses, answer.body, self._server)
        return replace(page, next=_older_than(answer, page.facts["ids"]))

    async def _search(self, query: str, token: str | None) -> Page:
        asked = self._tokens.read(token)
        answer = await self._asked(
            "/api/v2/search", q=query, type="statuses", limit=_PAGE, max_id=asked.bound, offset=asked.own
        )
        page = await self.parse_apart(read_statuses, answer.body, self._server)
        ids = page.facts["ids"]
        if len(ids) < _FULL_WITHOUT_LINK:
            return page
        offset = int(asked.own or 0) + _PAGE
        return replace(page, next=self._tokens.give(asked, _mark(ids[-1]), str(offset)))

    async def _asked(self, path: str, **params: str | int | None) -> Response:
        base = self.options.base_url.rstrip("/")
        return await self.get(base + path, params=params, secret_headers=self._secret)


def _mark(identity: str) -> str:
    """Return a `max_id` that leaves out nothing made in the same second as this status."""
    moment = moment_of(identity)
    return identity if moment is None else id_at(moment + _SECOND)


def _older_than(response: Response, ids: Sequence[str]) -> str | None:
    """Return the `max_id` of the next page that the `Link` header names, whatever host it names.

    Servers that only speak Mastodon's API may send no `Link` at all: after a page that may be full, the
    last of its ids is where the next begins.
    """
    link = b",".join(response.headers.getlist("Link")).decode("latin-1")
    if not link and len(ids) >= _FULL_WITHOUT_LINK:
        return ids[-1]
    found = _NEXT.search(link[:10_000])
    values = parse_qs(urlsplit(found[1]).query).get("max_id") if found else None
    return values[0][:100] if values else None
