"""Reviews on any page with schema.org markup, page after page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import UnreadableError, WallError
from crawlers.markup import ReviewPage
from crawlers.review_documents import read_review_page
from crawlers.review_identity import ReviewDraft, text_key
from crawlers.review_stretches import Stretch, advanced, cut_off, pushed, stretches_of, to_json
from crawlers.spider import SourceSpider
from crawlers.urls import canonical
from storage.records import Author, Mention, MentionKind

_MOST_KNOWN = 2000
_SWEEP_EVERY = timedelta(days=1)
_AHEAD_AT_MOST = timedelta(days=1)
_NO_SUCH_PAGE = frozenset({400, 404, 410, 422})


class ReviewsOptions(SourceOptions):
    """Options of a page with reviews."""

    url: WebAddress = Field(description="The page with the reviews, newest first where the site can sort.")
    pages: int = Field(default=5, ge=1, le=200, description="How many pages of reviews to read at a visit.")
    obey_robots: bool = Field(default=True, description="Obey robots.txt, as is usual for pages.")
    browser: bool = Field(
        default=False,
        description="Read pages in a browser, for sites empty without one; needs the extra `browser`.",
    )


class ReviewsSpider(SourceSpider):
    """Follows a list of reviews from its first page.

    Between two full passes, which happen once a day and find edits deep in the list, a visit ends at the
    first page on which nothing is new. What the page limit cuts off is read by later visits, after the
    first pages.
    """

    kind: ClassVar[str] = "reviews"
    Options: ClassVar[type[SourceOptions]] = ReviewsOptions
    summary: ClassVar[str] = (
        "Reviews and ratings from any page with schema.org markup, or from a list in JSON or XML."
    )
    terms: ClassVar[str] = (
        "Many review sites forbid automated reading: ask them, or use their API. robots.txt is obeyed."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.REVIEW

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._known: dict[str, None] = dict.fromkeys(self.state.cursor.get("known", ()))
        self._seen: dict[str, str] = {}
        self._visited: set[str] = set()
        self._first_item: str | None = None
        self._first_pass = "swept_at" not in self.state.cursor
        self._sweeping = self._sweep_is_due()
        self._stretches = stretches_of(self.state.cursor.get("stretches"))
        self._pages_left = self.options.pages

    async def start(self) -> AsyncIterator[Request]:
        """Yield the request for the first page, conditional between full passes."""
        url = self.options.url
        headers = {} if self._sweeping else self.validators(url)
        self._visited.add(url)
        yield self.request(url, self.read_page, headers=headers, in_browser=self.options.browser, number=1)

    async def read_page(self, response: Response, number: int) -> AsyncIterator[Mention | Request]:
        """Yield the reviews of one page of the list's beginning, and the request for the next."""
        same = not self.accepts(response) or (
            number == 1 and self.is_same(response, self.options.url) and not self._sweeping
        )
        if same:
            for request in self._read_on() if self.visit.unchanged else ():
                yield request
            return
        self.visit.unchanged = False
        self._pages_left -= 1
        page = await self._parsed(response)
        if number == 1:
            self._note_first(page, response.url)
        elif page.item and self._first_item and page.item != self._first_item:
            self._finish()  # "next" led to another product, as on a blog
            return
        mentions = self._mentions(page, response.url)
        news = self._note_known(mentions)
        for mention in mentions:
            yield mention
        if news:
            self._keep(pushed(self._stretches, 0))
        following = self._following(page)
        if following is None or not mentions or not (news or self._sweeping):
            self._finish()
            for request in self._read_on():
                yield request
        elif self._pages_left > 0:
            self._visited.add(following)
            yield self.request(
                following, self.read_page, optional=True, in_browser=self.options.browser, number=number + 1
            )
        else:
            if news or self._first_pass:
                self._keep(cut_off(self._stretches, following, self._first_item, self.options.pages))
            self._finish()

    async def read_stretch(self, response: Response) -> AsyncIterator[Mention | Request]:
        """Yield the reviews of a page that earlier visits did not come to, and the request for the next."""
        first = self._stretches[0]
        if not self.accepts(response):
            if response.status in _NO_SUCH_PAGE:
                self._keep(self._stretches[1:])
            return
        self.visit.unchanged = False
        self._pages_left -= 1
        page = await self._parsed(response)
        strayed = bool(page.item and first.item and page.item != first.item)
        mentions = [] if strayed else self._mentions(page, response.url)
        news = self._note_known(mentions)
        for mention in mentions:
            yield mention
        following = None if strayed or not page.reviews else self._following(page)
        self._keep(advanced(self._stretches, following, news=news))
        if self._pages_left > 0:
            for request in self._read_on():
                yield request

    def _read_on(self) -> Iterator[Request]:
        """Yield the request for what was left over; however few pages a visit may read, it comes nearer."""
        if self._stretches:
            url = self._stretches[0].url
            self._visited.add(url)
            yield self.request(url, self.read_stretch, optional=True)

    def _keep(self, stretches: tuple[Stretch, ...]) -> None:
        self._stretches = stretches
        self.remember(stretches=to_json(stretches))

    def _following(self, page: ReviewPage) -> str | None:
        """Return the address of the next page, None where there is none that this visit has not seen."""
        return None if page.next_url in self._visited else page.next_url

    async def _parsed(self, response: Response) -> ReviewPage:
        return await self.parse_apart(
            read_review_page,
            response.body,
            response.url,
            _text_header(response, "Content-Type"),
            _text_header(response, "Link"),
            self.clock(),
        )

    def _mentions(self, page: ReviewPage, url: str) -> list[Mention]:
        return [self._mention(draft, url) for draft in self._not_seen(page.reviews)]

    def _sweep_is_due(self) -> bool:
        last = self.state.cursor.get("swept_at")
        return last is None or self.clock() - datetime.fromisoformat(last) >= _SWEEP_EVERY

    def _note_first(self, page: ReviewPage, url: str) -> None:
        if page.wall:
            raise WallError(page.wall)
        if not page.reviews and not page.aggregates:
            broken = f"; {page.broken} blocks of markup there cannot be read" if page.broken else ""
            raise UnreadableError(f"no reviews in schema.org markup found at {url}{broken}")
        self._first_item = page.item
        self.remember(aggregates=[asdict(one) for one in page.aggregates[:20]])

    def _not_seen(self, drafts: tuple[ReviewDraft, ...]) -> list[ReviewDraft]:
        """Return the drafts that no earlier page of this visit had.

        The same identity with other words is another review by the same author on the same day.
        """
        fresh = []
        for draft in drafts:
            words = text_key(draft)
            first_words = self._seen.get(draft.external_id)
            if first_words is not None and first_words != words:
                draft = replace(draft, external_id=words)
                first_words = self._seen.get(words)
            if first_words is None:
                self._seen[draft.external_id] = words
                fresh.append(draft)
        return fresh

    def _note_known(self, mentions: list[Mention]) -> bool:
        """Keep what these mentions say for the next visit, and tell whether any of it is new."""
        digests = [
            blake2b(f"{one.external_id}\x1f{one.content_hash}".encode(), digest_size=6).hexdigest()
            for one in mentions
        ]
        news = any(digest not in self._known for digest in digests)
        for digest in digests:
            self._known.pop(digest, None)
            self._known[digest] = None
        self.remember(known=list(self._known)[-_MOST_KNOWN:])
        return news

    def _finish(self) -> None:
        """Note that a full pass is done; one that breaks off half-way is tried again at the next visit."""
        if self._sweeping:
            self.remember(swept_at=self.clock().isoformat())

    def _mention(self, draft: ReviewDraft, page_url: str) -> Mention:
        host = urlsplit(page_url).hostname or self.source.name
        when = draft.published_at
        if when is not None and when > self.clock() + _AHEAD_AT_MOST:
            when = None
        named = draft.author or draft.author_url
        url = draft.url or page_url
        return self.mention(
            external_id=draft.external_id,
            text=draft.text,
            title=draft.title,
            url=url,
            canonical_url=canonical(url),
            author=Author(host, named, draft.author, draft.author_url) if named else None,
            rating=draft.rating,
            rating_scale=draft.rating_scale,
            published_at=when,
            item=draft.item,
            language_hint=draft.language,
        )


def _text_header(response: Response, name: str) -> str | None:
    raw = response.headers.getlist(name)
    return ", ".join(value.decode("latin-1") for value in raw) or None
