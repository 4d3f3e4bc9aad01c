"""Stories and comments on Hacker News, by Algolia's search."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from crawlers.base import SourceOptions, WebAddress
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.hacker_news_hits import read_hits, token_parts
from storage.records import MentionKind

_PAGE = 100
# What is posted can be searched within minutes; what is late for an hour is met all the same.
_OVERLAP = timedelta(hours=1)


class HackerNewsOptions(SourceOptions):
    """Options of a source of Hacker News searches."""

    base_url: WebAddress = Field(default="https://hn.algolia.com", description="Where the search is.")
    queries: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]] = (
        Field(
            min_length=1,
            description='Words that must all occur, each spelt so; "in quotes" as a phrase, -word for none.',
        )
    )
    comments: bool = Field(default=True, description="Whether to read comments too, beside stories.")


class HackerNewsReader(SourceReader):
    """Reads each search from its newest hit back, by date."""

    kind: ClassVar[str] = "hacker_news"
    Options: ClassVar[type[SourceOptions]] = HackerNewsOptions
    summary: ClassVar[str] = "Stories and comments on Hacker News that name what you search for, with points."
    terms: ClassVar[str] = "Algolia serves the search without a key, to at most 10,000 requests an hour."
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = "built on descriptions of the API as of 2026; no recorded answer was at hand"

    async def read(self) -> AsyncIterator[Found]:
        """Yield the stories and comments of every search."""
        queries = dict.fromkeys(self.options.queries)
        searches = {query: partial(self._page, query) for query in queries}
        async for found in self.walks(searches, overlap=_OVERLAP):
            yield found

    async def _page(self, query: str, token: str | None) -> Page:
        second, _ = token_parts(token)
        answer = await self.get(
            f"{self.options.base_url.rstrip('/')}/api/v1/search_by_date",
            params={
                "query": query,
                "tags": "(story,poll,job,comment)" if self.options.comments else "(story,poll,job)",
                "hitsPerPage": _PAGE,
                "numericFilters": None if second is None else f"created_at_i<={second}",
                # Without these a brand's name is also found in words that begin with or resemble it.
                "typoTolerance": "false",
                "queryType": "prefixNone",
                "advancedSyntax": "true",
            },
        )
        return await self.parse_apart(read_hits, answer.body, self.clock(), token)
