"""YouTube's Data API as a reader asks it: within the key's quota, in batches, with what is looked up kept."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scrapy.http import Response

from crawlers.errors import CrawlError, StatusError
from crawlers.items import Item, Page
from crawlers.reader import SourceReader
from crawlers.services.youtube_comments import read_replies, read_threads
from crawlers.services.youtube_quota import Quota
from crawlers.services.youtube_videos import (
    CHANNEL_ID,
    completed,
    distinct,
    problem,
    read_channels,
    read_videos,
)

# The most that one request may name, or give.
_IDS = 50
_COMMENTS = 100
_REPLY_PAGES = 5
_KEPT_FOR = timedelta(days=1)
_MOST_KEPT = 20_000
_SEARCHES, _UNITS = "searches", "units"
_logger = logging.getLogger(__name__)


class YouTubeApi:
    """The API for one visit of one reader. Every method spends the quota and raises as `ask` does."""

    def __init__(self, reader: SourceReader, key: str, quota: Quota) -> None:
        self._reader = reader
        self._key = key
        self._quota = quota

    async def ask(self, method: str, **params: str | int | None) -> Response:
        """Return the answer of a `list` method, such as `search` or `videos`.

        Raises:
            PostponedError: the quota is spent, or we were too fast.
            StatusError: another refusal, with the API's own words. CrawlError: no answer came.
        """
        of = _SEARCHES if method == "search" else _UNITS
        self._quota.spend(of, self._reader.clock())
        url = f"{self._reader.options.base_url.rstrip('/')}/youtube/v3/{method}"
        try:
            return await self._reader.get(url, params=params, secret_headers={"X-Goog-Api-Key": self._key})
        except StatusError as error:
            reason, words = problem(error.response.body)
            self._quota.refused(of, reason, words, self._reader.clock())
            shown = words.replace(self._key, "…")
            raise StatusError(f"{error}: {shown}" if shown else str(error), error.response) from None
        finally:
            self._reader.remember(quota=self._quota.to_json())

    async def complete(self, page: Page) -> Page:
        """Return a page of videos with their statistics, whole descriptions and channels' subscribers."""
        full = await self.videos([item.external_id for item in page.items])
        channels = {item.author.handle for item in page.items if item.author is not None}
        followers = await self._subscribers(channels)
        items = completed(page.items, {item.external_id: item for item in full}, followers)
        return replace(page, items=items)

    async def videos(self, ids: Sequence[str]) -> tuple[Item, ...]:
        """Return these videos, without those that are not there or not public."""
        found: list[Item] = []
        for batch in _batches(ids):
            answer = await self._optional("videos", part="snippet,statistics", id=batch, maxResults=_IDS)
            if answer is not None:
                found.extend(await self._reader.parse_apart(read_videos, answer.body))
        return tuple(found)

    async def channel_of(self, name: str) -> str:
        """Return the id of the channel with an id or an @handle."""
        known: dict[str, str] = self._reader.memory.setdefault("handles", {})
        if CHANNEL_ID.fullmatch(name):
            return name
        if name not in known:
            answer = await self.ask("channels", part="id", forHandle=name)
            channels = await self._reader.parse_apart(read_channels, answer.body)
            if not channels or not CHANNEL_ID.fullmatch(channels[0].id):
                raise CrawlError(f"YouTube knows no channel {name}")
            known[name] = channels[0].id
        return known[name]

    async def comments(self, token: str | None, **about: str) -> Page:
        """Return a page of comments, newest thread first, each with its replies; none where they are off."""
        try:
            answer = await self.ask(
                "commentThreads",
                part="snippet,replies",
                order="time",
                textFormat="plainText",
                maxResults=_COMMENTS,
                pageToken=token,
                **about,
            )
        except StatusError as error:
            reason = problem(error.response.body)[0]
            gone = reason == "videoNotFound" and "videoId" in about
            if not gone and reason != "commentsDisabled":
                raise
            return Page(items=(), withdrawn=(about["videoId"],) if gone else ())
        page = await self._reader.parse_apart(read_threads, answer.body, about.get("videoId", ""))
        more: list[Item] = []
        for thread, (total, video) in page.facts["unshown"].items():
            more.extend(await self._replies(thread, total, video))
        return replace(page, items=distinct([*page.items, *more]))

    async def _replies(self, thread: str, total: int, video: str) -> list[Item]:
        known: dict[str, int] = self._kept("replies")
        if known.get(thread) == total:
            return []
        found: list[Item] = []
        token: str | None = None
        for _ in range(_REPLY_PAGES):
            answer = await self._optional(
                "comments",
                part="snippet",
                parentId=thread,
                textFormat="plainText",
                maxResults=_COMMENTS,
                pageToken=token,
            )
            if answer is None:
                return found
            page = await self._reader.parse_apart(read_replies, answer.body, video, thread)
            found.extend(page.items)
            if page.next is None or page.next == token:
                break
            token = page.next
        known[thread] = total
        return found

    async def _subscribers(self, channels: Collection[str]) -> dict[str, int | None]:
        now = self._reader.clock()
        known: dict[str, tuple[int | None, datetime]] = self._kept("subscribers")
        wanted = [one for one in sorted(channels) if one not in known or known[one][1] + _KEPT_FOR < now]
        for batch in _batches([one for one in wanted if CHANNEL_ID.fullmatch(one)]):
            answer = await self._optional("channels", part="statistics", id=batch, maxResults=_IDS)
            if answer is None:
                break
            found = await self._reader.parse_apart(read_channels, answer.body)
            known.update(dict.fromkeys(batch.split(","), (None, now)))
            known.update({channel.id: (channel.subscribers, now) for channel in found})
        return {one: known[one][0] for one in channels if one in known}

    async def _optional(self, method: str, **params: str | int | None) -> Response | None:
        """Return an answer that only adds to what is known, None where the API refuses just that."""
        try:
            return await self.ask(method, **params)
        except StatusError as error:
            if error.status not in (400, 403, 404):
                raise
            _logger.warning("YouTube refused %s: %s", method, error)
            return None

    def _kept(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = self._reader.memory.setdefault(what, {})
        if len(found) > _MOST_KEPT:
            found.clear()
        return found


def _batches(ids: Iterable[str]) -> Iterable[str]:
    """Return ids, without repetitions, in lists as the API reads them."""
    distinct_ids = list(dict.fromkeys(ids))
    return (",".join(distinct_ids[at : at + _IDS]) for at in range(0, len(distinct_ids), _IDS))
