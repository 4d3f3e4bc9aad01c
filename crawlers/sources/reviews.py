"""Reviews on any page with schema.org markup, page after page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import UnreadableError
from crawlers.markup import ReviewPage
from crawlers.review_documents import read_review_page
from crawlers.review_identity import ReviewDraft, text_key
from crawlers.spider import SourceSpider
from crawlers.urls import canonical
from storage.records import Author, Mention, MentionKind

_MOST_KNOWN = 2000
_SWEEP_EVERY = timedelta(days=1)
_AHEAD_AT_MOST = timedelta(days=1)


class ReviewsOptions(SourceOptions):
    """Options of a page with reviews."""

    url: WebAddress = Field(description="The page with the reviews, newest first where the site can sort.")
    pages: int = Field(default=5, ge=1, le=200, description="How many pages of reviews to follow at most.")
    obey_robots: bool = Field(default=True, description="Obey robots.txt, as is usual for pages.")


class ReviewsSpider(SourceSpider):
    """Follows a list of reviews from its first page.

    Between two full passes, which happen once a day and find edits deep in the list, a visit ends at the
    first page on which nothing is new.
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
        self._sweeping = self._sweep_is_due()

    async def start(self) -> AsyncIterator[Request]:
        """Yield the request for the first page, conditional between full passes."""
        url = self.options.url
        headers = {} if self._sweeping else self.validators(url)
        self._visited.add(url)
        yield self.request(url, self.read_page, headers=headers, number=1)

    async def read_page(self, response: Response, number: int) -> AsyncIterator[Mention | Request]:
        """Yield the reviews of one page and the request for the next."""
        if not self.accepts(response):
            return
        if number == 1 and self.is_same(response, self.options.url) and not self._sweeping:
            return
        self.visit.unchanged = False
        page = await self.parse_apart(
            read_review_page,
            response.body,
            response.url,
            _text_header(response, "Content-Type"),
            _text_header(response, "Link"),
            self.clock(),
        )
        if number == 1:
            self._note_first(page, response.url)
        elif page.item and self._first_item and page.item != self._first_item:
            self._finish()  # "next" led to another product, as on a blog
            return
        mentions = [self._mention(draft, response.url) for draft in self._not_seen(page.reviews)]
        news = self._note_known(mentions)
        for mention in mentions:
            yield mention
        following = page.next_url
        wanted = bool(mentions) and (news or self._sweeping) and number < self.options.pages
        if not wanted or following is None or following in self._visited:
            self._finish()
            return
        self._visited.add(following)
        yield self.request(following, self.read_page, optional=True, number=number + 1)

    def _sweep_is_due(self) -> bool:
        last = self.state.cursor.get("swept_at")
        return last is None or self.clock() - datetime.fromisoformat(last) >= _SWEEP_EVERY

    def _note_first(self, page: ReviewPage, url: str) -> None:
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
