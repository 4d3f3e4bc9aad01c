"""Searches of Google News, by language and country of its edition."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from config.values import Duration
from crawlers.base import SourceOptions, WebAddress, charset_of
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.google_news_feed import read_google_news
from storage.records import MentionKind

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z0-9]{2,4}))?")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Editions that Google names otherwise than by the first part of their language.
_EDITIONS = {
    "pt-BR": "pt-419",
    "pt-PT": "pt-150",
    "es-419": "es-419",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
}


def _language(raw: str) -> str:
    found = _LANGUAGE.fullmatch(raw.strip().replace("_", "-"))
    if found is None:
        raise ValueError("write a language such as ar, en or pt-BR")
    primary = found[1].lower()
    return f"{primary}-{found[2].upper()}" if found[2] else primary


def _window(span: timedelta | None) -> timedelta | None:
    if span is not None and not _HOUR <= span <= timedelta(days=366):
        raise ValueError("write a time between 1h and 366d")
    return span


class GoogleNewsOptions(SourceOptions):
    """Options of a source of Google News searches."""

    base_url: WebAddress = Field(default="https://news.google.com", description="Where Google News is.")
    queries: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]] = (
        Field(
            min_length=1,
            description='What to search for, as Google takes it: "stc pay" OR "اس تي سي", -football, site:….',
        )
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        default="ar", description="The language of the edition, such as ar, en or pt-BR."
    )
    country: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")] = Field(
        default="SA", description="The country of the edition, such as SA, EG, AE or US."
    )
    when: Annotated[Duration | None, AfterValidator(_window)] = Field(
        default=timedelta(days=7),
        description="How far back each search looks; a search gives at most 100 articles. null: no bound.",
    )


class GoogleNewsReader(SourceReader):
    """Asks each search for what was published within `when`.

    A search is one page of at most 100 articles, in no order of time. What is older is searched for by days:
    at the first visit down to `backfill`, and after an outage longer than `when`.
    """

    kind: ClassVar[str] = "google_news"
    Options: ClassVar[type[SourceOptions]] = GoogleNewsOptions
    summary: ClassVar[str] = "News that Google News finds, by language and country: titles, outlets, links."
    terms: ClassVar[str] = (
        "Google offers these feeds for personal, non-commercial reading in a feed reader; for other use ask"
        " Google. Links lead through Google, which alone can resolve those made since the middle of 2024."
    )
    beta: ClassVar[str | None] = "built on a search of 2026-07; the live form was not seen"
    mention_kind: ClassVar[MentionKind] = MentionKind.ARTICLE

    async def read(self) -> AsyncIterator[Found]:
        """Yield the articles of every search."""
        now = self.clock()
        queries = dict.fromkeys(self.options.queries)
        streams = {query: partial(self._page, query, self._looks_back(query, now)) for query in queries}
        async for found in self.walks(streams):
            yield found
        self.remember(asked=dict.fromkeys(queries, now.isoformat()))

    def _looks_back(self, query: str, now: datetime) -> bool:
        """Tell whether there may be something unread that is older than `when`."""
        asked: dict[str, str] = self.state.cursor.get("asked", {})
        if self.options.when is None:
            return False
        if query not in asked:
            return self.options.backfill is not None
        window: timedelta = self.options.when
        return now - datetime.fromisoformat(asked[query]) > window

    async def _page(self, query: str, looks_back: bool, before: str | None) -> Page:
        """Return the newest articles, or those of the days before `before`, an ISO date."""
        window: timedelta | None = self.options.when
        if before is None:
            page = await self._search(f"{query} when:{_written(window)}" if window else query)
            oldest = self.clock() - window if window else None
            return replace(page, oldest=oldest, next=_day_after(oldest) if oldest and looks_back else None)
        end = date.fromisoformat(before)
        begin = end - max(window or _DAY, _DAY)
        page = await self._search(f"{query} after:{begin} before:{end}")
        oldest = datetime.combine(begin, time.min, UTC)
        # The day where two stretches meet is in both: whose midnight it is, Google does not say.
        return replace(page, oldest=oldest, next=_day_after(oldest) if end > begin + _DAY else str(begin))

    async def _search(self, query: str) -> Page:
        answer = await self.get(
            f"{self.options.base_url.rstrip('/')}/rss/search",
            params={"q": query, **edition(self.options.language, self.options.country)},
        )
        return await self.parse_apart(
            read_google_news, answer.body, answer.url, charset_of(answer), self.clock()
        )


def edition(language: str, country: str) -> dict[str, Any]:
    """Return the parameters that name an edition, such as hl=ar, gl=SA, ceid=SA:ar."""
    # Google redirects plain "en" to that of the country.
    spoken = f"en-{country}" if language == "en" else language
    named = _EDITIONS.get(spoken) or spoken.partition("-")[0]
    return {"hl": spoken, "gl": country, "ceid": f"{country}:{named}"}


def _written(span: timedelta) -> str:
    """Return a span as Google's `when:` takes it: whole days, or hours."""
    hours = -(-span // _HOUR)
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def _day_after(moment: datetime) -> str:
    return str(moment.date() + _DAY)
