"""Google Alerts, by their feeds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import ClassVar

from pydantic import Field

from crawlers.base import SourceOptions, WebAddress, charset_of
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.google_alerts_feed import read_google_alerts
from storage.records import MentionKind


class GoogleAlertsOptions(SourceOptions):
    """Options of a source of Google Alerts."""

    feeds: list[WebAddress] = Field(
        min_length=1,
        description="Addresses of the alerts' feeds, https://www.google.com/alerts/feeds/…; whoever knows"
        " one can read it.",
    )


class GoogleAlertsReader(SourceReader):
    """Reads the feed of each alert, which is one page of what was found lately."""

    kind: ClassVar[str] = "google_alerts"
    Options: ClassVar[type[SourceOptions]] = GoogleAlertsOptions
    summary: ClassVar[str] = "Pages that Google Alerts found: news, blogs, forums, with a line of their text."
    secrets_help: ClassVar[str] = (
        "None, but a feed's address is as good as a password. At https://www.google.com/alerts make an alert,"
        " in its options deliver to RSS feed, and copy the address behind the feed's icon."
    )
    terms: ClassVar[str] = "Alerts are made with a Google account; their feeds are for its owner to read."
    mention_kind: ClassVar[MentionKind] = MentionKind.ARTICLE
    beta: ClassVar[str | None] = "built on descriptions of its feeds as of 2026; no recorded feed was at hand"

    async def read(self) -> AsyncIterator[Found]:
        """Yield what every alert found."""
        # Numbered, so that no address stands in a cursor or in a message.
        feeds = {
            f"feed {number}": partial(self._page, url)
            for number, url in enumerate(dict.fromkeys(self.options.feeds), start=1)
        }
        async for found in self.walks(feeds):
            yield found

    async def _page(self, url: str, _: str | None) -> Page:
        answer = await self.get(url)
        return await self.parse_apart(
            read_google_alerts, answer.body, answer.url, charset_of(answer), self.clock()
        )
