"""Videos and comments on YouTube: of channels, found by searches, or named one by one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from config.secret import Secret
from config.settings import Phrase
from crawlers.base import SourceOptions, WebAddress, charset_of
from crawlers.errors import StatusError
from crawlers.items import Found, Page
from crawlers.page_tokens import PageToken, PageTokens
from crawlers.reader import SourceReader
from crawlers.services.youtube_api import YouTubeApi
from crawlers.services.youtube_feed import read_channel_feed
from crawlers.services.youtube_quota import SEARCHES_A_DAY, UNITS_A_DAY, Quota, QuotaSpentError
from crawlers.services.youtube_videos import CHANNEL_ID, read_playlist, read_search
from crawlers.walk import Place
from crawlers.walking import OVERLAP, Fetch
from storage.records import MentionKind

_API = "https://www.googleapis.com"
_FEEDS = "https://www.youtube.com"
_PAGE = 50
_LATE = {"search": timedelta(hours=6), "comments": timedelta(days=1)}
_VIDEO = re.compile(r"(?:[^\s]*(?:[?&]v=|/shorts/|youtu\.be/))?([\w-]{11})(?:[?&#]\S*)?", re.ASCII)
_SECOND = timedelta(seconds=1)


def _channel(raw: str) -> str:
    name = raw.strip().rstrip("/").rpartition("/")[2]
    if CHANNEL_ID.fullmatch(name) or re.fullmatch(r"@[\w.·-]{1,60}", name):
        return name
    raise ValueError(
        "write a channel's id (UC and 22 more characters, under Share channel) or, with a key, its @handle"
    )


def _video(raw: str) -> str:
    found = _VIDEO.fullmatch(raw.strip())
    if found is None:
        raise ValueError("write a video's id (11 characters) or its address")
    return found[1]


class YouTubeOptions(SourceOptions):
    """Options of a YouTube source."""

    base_url: WebAddress = Field(default=_API, description="Where the Data API is.")
    feeds_url: WebAddress | None = Field(
        default=None,
        description=f"Where channels' feeds are; {_FEEDS}, or base_url where that is another than usual.",
    )
    channels: list[Annotated[str, AfterValidator(_channel)]] = Field(
        default=[], description="Channels by id (UC…) or, with a key, by @handle."
    )
    queries: list[Phrase] = Field(default=[], description="What to search for among all videos; needs a key.")
    videos: list[Annotated[str, AfterValidator(_video)]] = Field(
        default=[], description="Single videos, by id or address, whose counts to follow; needs a key."
    )
    key: Secret | None = Field(
        default=None,
        description="An API key; without one, only the fifteen newest videos of channels are seen.",
    )
    comments: bool = Field(
        default=False,
        description="Read comments and replies too: on all videos of the channels, on the single videos and"
        " on the newest found; needs a key.",
    )
    comment_videos: int = Field(
        default=20, ge=1, le=500, description="On how many of the videos found by queries comments are read."
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", description="Prefer this language: ar."
    )
    region: str | None = Field(
        default=None, pattern=r"^[A-Z]{2}$", description="Search as from this country: SA."
    )
    searches_a_day: int = Field(
        default=SEARCHES_A_DAY,
        ge=1,
        description="Google counts searches apart: 100 pages a day for each key, unless it granted more."
        " Three queries every hour take 72. All sources with the same key share them.",
    )
    units_a_day: int = Field(
        default=UNITS_A_DAY,
        ge=1,
        description="What the key may spend on everything else in a day: one unit for each page of videos,"
        " comments or replies.",
    )
    pages: int = Field(
        default=5, ge=1, le=1000, description="How many pages of each list to read at a visit."
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not self.channels and not self.queries and not self.videos:
            raise ValueError("name channels, queries or videos to read")
        with_key = self.queries or self.videos or self.comments
        if self.key is None and (with_key or any(name.startswith("@") for name in self.channels)):
            raise ValueError("queries, videos, comments and @handles need a key")
        return self


class YouTubeReader(SourceReader):
    """Reads the feeds of channels or, with a key, uploads, searches, statistics and comments by the API."""

    kind: ClassVar[str] = "youtube"
    Options: ClassVar[type[SourceOptions]] = YouTubeOptions
    summary: ClassVar[str] = (
        "Videos of channels; with a key also searches, comments and replies, views and subscribers."
    )
    secrets_help: ClassVar[str] = (
        "key (for all but channels' feeds): console.cloud.google.com, enable YouTube Data API v3,"
        " Credentials, Create API key; restrict it to that API."
    )
    terms: ClassVar[str] = (
        "YouTube's API terms allow what is read to be kept for 30 days, then it is to be read anew or"
        " deleted; so is what was deleted there."
    )
    beta: ClassVar[str | None] = (
        "built on feeds of 2015 and 2019, and on API answers of 2019 to 2022; the live form was not seen"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield the videos, and comments where they are asked for."""
        if self.options.key is None:
            feeds: dict[str, Fetch] = {
                f"channel {one}": partial(self._feed, one) for one in self.options.channels
            }
            async for found in self.walks(feeds):
                yield found
            return
        async for found in self._read_with_key(self.options.key.reveal()):
            yield found

    async def _read_with_key(self, key: str) -> AsyncIterator[Found]:
        limits = {"searches": self.options.searches_a_day, "units": self.options.units_a_day}
        self._api = YouTubeApi(
            self, key, Quota.from_json(self.state.cursor.get("quota"), limits, self.clock())
        )
        self._tokens = PageTokens()
        self._since: dict[str, str | None] = {}
        self._found: dict[str, str] = dict(self.state.cursor.get("found", []))
        for item in await self._api.videos(self.options.videos):
            yield self.keep(item)
        streams = self._streams()
        spent: QuotaSpentError | None = None
        try:
            async for found in self.walks(streams):
                yield found
        except QuotaSpentError as error:
            if error.of != "searches":
                raise
            # Searches come last: all else is read, and begins anew at the next visit.
            spent = error
            self.remember(turn=None)
        async for found in self._comments_on_new(streams):
            yield found
        if spent is not None and len(streams) == len(self.options.queries):
            raise spent

    def _streams(self) -> dict[str, Fetch]:
        options = self.options
        streams: dict[str, Fetch] = {
            f"channel {one}": partial(self._uploads, one) for one in options.channels
        }
        if options.comments:
            of_channels = {f"comments of {one}": partial(self._of_channel, one) for one in options.channels}
            streams |= of_channels
            streams |= {_on(one): partial(self._on_video, one) for one in (*options.videos, *self._found)}
        return streams | {f"search {one}": partial(self._search, one) for one in options.queries}

    async def _comments_on_new(self, read: dict[str, Fetch]) -> AsyncIterator[Found]:
        """Keep the newest videos found, and read comments on those that were not known before."""
        newest = sorted(self._found.items(), key=lambda pair: pair[1], reverse=True)
        newest = newest[: self.options.comment_videos]
        self.remember(found=[list(pair) for pair in newest])
        for video in (video for video, _ in newest if self.options.comments and _on(video) not in read):
            try:
                async for found in self.walk(_on(video), partial(self._on_video, video)):
                    yield found
            except StatusError as error:
                if error.status >= 500:
                    raise
                self.fail(f"{_on(video)}: {error}")

    def walk(self, stream: str, fetch: Fetch, *, overlap: timedelta = OVERLAP) -> AsyncIterator[Found]:
        """Yield as every reader does, with the overlap that the sort of stream needs.

        Searches find videos hours late, and threads are read again for a day for their replies.
        """
        return super().walk(stream, fetch, overlap=_LATE.get(stream.partition(" ")[0], overlap))

    async def _feed(self, channel: str, _: str | None) -> Page:
        usual = _FEEDS if self.options.base_url == _API else self.options.base_url
        base = (self.options.feeds_url or usual).rstrip("/")
        answer = await self.get(f"{base}/feeds/videos.xml", params={"channel_id": channel})
        return await self.parse_apart(
            read_channel_feed, answer.body, answer.url, charset_of(answer), self.clock()
        )

    async def _uploads(self, channel: str, token: str | None) -> Page:
        # The playlist of all uploads has the channel's id with another beginning.
        playlist = f"UU{(await self._api.channel_of(channel))[2:]}"
        answer = await self._api.ask(
            "playlistItems",
            part="snippet,contentDetails",
            playlistId=playlist,
            maxResults=_PAGE,
            pageToken=token,
        )
        return await self._api.complete(await self.parse_apart(read_playlist, answer.body))

    async def _of_channel(self, channel: str, token: str | None) -> Page:
        identity = await self._api.channel_of(channel)
        return await self._api.comments(token, allThreadsRelatedToChannelId=identity)

    async def _on_video(self, video: str, token: str | None) -> Page:
        page = await self._api.comments(token, videoId=video)
        if video in page.withdrawn:
            self._found.pop(video, None)
        return page

    async def _search(self, query: str, token: str | None) -> Page:
        asked = self._tokens.read(token)
        answer = await self._api.ask(
            "search",
            part="snippet",
            type="video",
            order="date",
            q=query,
            maxResults=_PAGE,
            relevanceLanguage=self.options.language,
            regionCode=self.options.region,
            publishedAfter=self._after(query, asked),
            publishedBefore=asked.bound,
            pageToken=asked.own,
        )
        page = await self.parse_apart(read_search, answer.body)
        page = await self._api.complete(page)
        for item in page.items:
            self._found[item.external_id] = _written(item.published_at or self.clock())
        reached = page.reached()
        mark = _written(reached + _SECOND) if reached else None
        return replace(page, next=page.next and self._tokens.give(asked, mark, page.next))

    def _after(self, query: str, asked: PageToken) -> str | None:
        """Return since when to search: what is known, for the newest pages; no limit for older gaps."""
        if asked.bound is not None:
            return None
        if asked.own is None:
            stream = f"search {query}"
            again = query in self._since
            top = Place.from_json(self.state.cursor.get("walks", {}).get(stream)).top
            since = top - _LATE["search"] if top else self.options.backfill_from(self.clock())
            self._since[query] = _written(since) if since and not again else None
        return self._since[query]


def _on(video: str) -> str:
    return f"comments on {video}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
