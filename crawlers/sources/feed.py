"""Feeds of any kind: RSS, Atom, RDF, JSON Feed. Every item is a mention."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field

from crawlers.base import SourceOptions, WebAddress, charset_of
from crawlers.feed_entries import FeedEntry
from crawlers.feeds import read_feed
from crawlers.reader import SourceReader
from crawlers.services.google_news_feed import without_publisher
from crawlers.urls import canonical
from storage.records import Author, Engagement, Mention, MentionKind

_REDDIT_KINDS = {"t1_": MentionKind.COMMENT, "t3_": MentionKind.POST}


class FeedOptions(SourceOptions):
    """Options of a feed."""

    model_config = ConfigDict(populate_by_name=True)
    url: WebAddress = Field(description="The address of the feed itself, not of the page that links to it.")
    items_are: Literal["article", "post", "comment", "review"] | None = Field(
        default=None,
        alias="as",
        description="What its items are; article if not given (Reddit's posts and comments are told apart).",
    )


class FeedReader(SourceReader):
    """Reads one feed, and only if it has changed."""

    kind: ClassVar[str] = "feed"
    Options: ClassVar[type[SourceOptions]] = FeedOptions
    summary: ClassVar[str] = "RSS, Atom, RDF and JSON feeds: news, blogs, searches, forums, comments."
    terms: ClassVar[str] = "Feeds are offered for reading; mind what the publisher says on storing texts."
    mention_kind: ClassVar[MentionKind] = MentionKind.ARTICLE

    async def read(self) -> AsyncIterator[Mention]:
        """Yield a mention for each item of the feed, unless it is the one of the last visit."""
        answer = await self.get_if_changed(self.options.url)
        if answer is None:
            return
        charset = charset_of(answer)
        feed = await self.parse_apart(read_feed, answer.body, answer.url, charset, self.clock())
        for entry in feed.entries:
            yield self.mention(**_fields(entry, answer.url, self.options.items_are))


def _fields(entry: FeedEntry, feed_url: str, items_are: str | None) -> dict[str, Any]:
    host = (urlsplit(entry.url or feed_url).hostname or "").removeprefix("www.")
    name = entry.author or entry.publisher
    fields: dict[str, Any] = {
        "external_id": entry.external_id,
        "url": entry.url,
        "canonical_url": canonical(entry.url),
        "title": without_publisher(entry.title, entry.publisher)
        if entry.title and entry.publisher
        else entry.title,
        "text": entry.text,
        "author": Author(host, name, name=name, profile_url=entry.author_url) if name else None,
        "published_at": entry.published_at,
        "language_hint": entry.language,
        "engagement": Engagement(replies=entry.replies, views=entry.views),
    }
    if items_are is not None:
        fields["kind"] = MentionKind(items_are)
    elif host == "reddit.com" or host.endswith(".reddit.com"):
        fields["kind"] = _REDDIT_KINDS.get(entry.external_id[:3], MentionKind.POST)
    return fields
