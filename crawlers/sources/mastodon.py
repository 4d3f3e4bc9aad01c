"""Hashtag timelines of a Mastodon server, or of any that speaks its API."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from pydantic import AfterValidator, Field
from scrapy.http import Request, Response

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress
from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.mastodon_statuses import Status, read_timeline
from crawlers.spider import SourceSpider
from crawlers.urls import canonical
from storage.records import Author, Engagement, MentionKind

_PAGE = 40
# The least that any server's largest page holds.
_FULL_WITHOUT_LINK = 20
# What a server answers to one hashtag and need not answer to another.
_OF_ONE_TAG = frozenset({400, 404, 410, 422})
_NEXT = re.compile(r"""<([^<>\s]{1,4000})>\s*;\s*rel\s*=\s*"?next"?""")


def _hashtag(raw: str) -> str:
    tag = raw.strip().lstrip("#")
    if not tag or not re.fullmatch(r"[\w·]{1,100}", tag):
        raise ValueError("write a hashtag: letters, digits and underscores, without spaces")
    return tag


class MastodonOptions(SourceOptions):
    """Options of a Mastodon source."""

    base_url: WebAddress = Field(description="The server, such as https://mastodon.social.")
    hashtags: list[Annotated[str, AfterValidator(_hashtag)]] = Field(
        min_length=1, description="The hashtags to follow there, with or without #."
    )
    token: Secret | None = Field(
        default=None, description="An access token; only for servers that show timelines to members alone."
    )
    pages: int = Field(
        default=10, ge=1, le=100, description="How many pages of 40 posts to read of each hashtag at a visit."
    )


class MastodonSpider(SourceSpider):
    """Reads each hashtag from its newest post back to the newest one known.

    What lies between, where the page limit or the rate limit ends a visit early, is a gap that the next
    visit reads on through. Hashtags are read one after another, so that the server's rate limit is seen
    before it is exceeded. One that cannot be read fails the visit, but keeps none of the others from being
    read.
    """

    kind: ClassVar[str] = "mastodon"
    Options: ClassVar[type[SourceOptions]] = MastodonOptions
    summary: ClassVar[str] = "Public posts under hashtags on a Mastodon server, with authors' followers."
    secrets_help: ClassVar[str] = (
        "token (only where the server wants it): Preferences, Development, New application, scope read."
    )
    terms: ClassVar[str] = "Public posts only; each server has its own rules, shown at /about."
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the newest page of the first hashtag."""
        self._token = self.options.token.reveal() if self.options.token else None
        self._server = urlsplit(self.options.base_url).hostname or ""
        self._tags = dict(self.state.cursor.get("tags", {}))
        self._given = 0
        # Where the last visit was cut short by the rate limit, what it did not reach comes first.
        names: list[str] = list(dict.fromkeys(self.options.hashtags))
        first = self.state.cursor.get("first")
        at = names.index(first) if first in names else 0
        self._waiting = names[at:] + names[:at]
        yield self._next_tag()

    async def read(
        self, response: Response, tag: str, page: int, known: str | None, newest: str | None
    ) -> AsyncIterator[Any]:
        """Yield the posts of a page and then the next page, gap or hashtag."""
        if not self.accepts(response):
            if response.status == 429:
                self.wait_until(_reset(response))
            elif response.status in _OF_ONE_TAG and self._waiting:
                yield self._next_tag()
            return
        try:
            timeline = await self.parse_apart(read_timeline, response.body, self._server)
        except UnreadableError as error:
            self.fail(str(error))
            if self._waiting:
                yield self._next_tag()
            return
        fresh = [one for one in timeline.ids if known is None or _newer(one, known)]
        for status in timeline.statuses:
            if status.id in fresh:
                self._given += 1
                yield self.mention(**_fields(status))
        newest = newest or (timeline.ids[0] if timeline.ids else known)
        oldest = _older_than(response, timeline.ids) if fresh else None
        reached = oldest is None or len(fresh) < len(timeline.ids)
        spent = _header(response, "x-ratelimit-remaining") == "0"
        if spent:
            self.wait_until(_reset(response))
        if not reached and page < self.options.pages and not spent:
            yield self._page(tag, page + 1, known, newest, max_id=oldest)
            return
        # At the first visit there is nothing known to reach: how far back it goes is the page limit.
        self._close(tag, newest, None if reached or known is None else oldest, known)
        if self._waiting and not spent:
            yield self._next_tag()

    def _next_tag(self) -> Request:
        tag = self._waiting.pop(0)
        place = self._tags.get(tag, {})
        gap = place.get("gap")
        if gap:
            # The rest of the last visit first; the newest come with the visit after.
            return self._page(tag, 1, place.get("until"), place.get("newest"), max_id=gap)
        return self._page(tag, 1, place.get("newest"), None, since_id=place.get("newest"))

    def _close(self, tag: str, newest: str | None, gap: str | None, until: str | None) -> None:
        self._tags[tag] = {"newest": newest, "gap": gap, "until": until if gap else None}
        first = self._waiting[0] if self._waiting else None
        self.remember(tags={name: self._tags[name] for name in self._tags if name in self.options.hashtags})
        self.remember(first=first)
        self.visit.unchanged = self._given == 0

    def _page(
        self, tag: str, page: int, known: str | None, newest: str | None, **bounds: str | None
    ) -> Request:
        query = urlencode({"limit": _PAGE} | {name: value for name, value in bounds.items() if value})
        base = self.options.base_url.rstrip("/")
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return self.request(
            f"{base}/api/v1/timelines/tag/{quote(tag)}?{query}",
            self.read,
            headers=headers,
            tag=tag,
            page=page,
            known=known,
            newest=newest,
        )


def _fields(status: Status) -> dict[str, Any]:
    return {
        "kind": MentionKind.COMMENT if status.reply_to else MentionKind.POST,
        "external_id": status.id,
        "url": status.url,
        "canonical_url": canonical(status.url),
        "text": status.text,
        "author": _author(status),
        "engagement": Engagement(likes=status.likes, replies=status.replies, shares=status.shares),
        "reach": status.followers,
        "published_at": status.created_at,
        "parent_id": status.reply_to,
        "language_hint": status.language,
    }


def _author(status: Status) -> Author | None:
    if status.handle is None:
        return None
    return Author(
        "mastodon",
        status.handle,
        name=status.name,
        profile_url=status.profile_url,
        followers=status.followers,
    )


def _newer(one: str, known: str) -> bool:
    """Tell whether an id is newer than another: ids grow, in number or, of equal length, in letters."""
    return (len(one), one) > (len(known), known)


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


def _reset(response: Response) -> Any:
    return parse_moment(_header(response, "x-ratelimit-reset"))


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1").strip()
