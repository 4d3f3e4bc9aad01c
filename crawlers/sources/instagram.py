"""Instagram, by the Graph API with the user's own token: own posts, comments, tags, hashtags, competitors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from crawlers.base import SourceOptions
from crawlers.errors import UnreadableError
from crawlers.items import Found, Page
from crawlers.reader import Params
from crawlers.services.graph_media import (
    read_account_profile,
    read_discovered,
    read_hashtag_id,
    read_media,
    read_media_comments,
    read_media_counts,
)
from crawlers.services.graph_profiles import Profile
from crawlers.services.graph_reader import GraphOptions, GraphReader
from crawlers.walking import Fetch
from storage.records import MentionKind

_MEDIA = "id,caption,media_type,permalink,timestamp,like_count,comments_count"
_OWN = f"{_MEDIA},username"
_OF_COMMENT = "id,text,timestamp,username,like_count"
_COMMENT = f"{_OF_COMMENT},replies.limit(50){{{_OF_COMMENT}}}"
_PROFILE = "id,username,name,followers_count"
# What Instagram allows: so many different hashtags in a week, counted from the first request of each.
_HASHTAGS, _WEEK = 30, timedelta(days=7)


def _account_id(raw: str) -> str:
    if not re.fullmatch(r"[0-9]{1,30}", raw.strip(), re.ASCII):
        raise ValueError("write the id of an Instagram business account: digits only, not its name")
    return raw.strip()


def _username(raw: str) -> str:
    name = raw.strip().removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9._]{1,30}", name):
        raise ValueError("write an account's name: letters, digits, dots and underscores, with or without @")
    return name.lower()


def _hashtag(raw: str) -> str:
    tag = raw.strip().removeprefix("#")
    if not re.fullmatch(r"\w{1,100}", tag):
        raise ValueError("write a hashtag: letters, digits and underscores, without spaces or emoji")
    return tag.lower()


class InstagramOptions(GraphOptions):
    """Options of a source at Instagram."""

    accounts: list[Annotated[str, AfterValidator(_account_id)]] = Field(
        min_length=1, description="The ids of your own business accounts; the first asks for all the rest."
    )
    own_posts: bool = Field(default=True, description="Read the posts of your own accounts.")
    mentions: bool = Field(default=True, description="Read the posts in which your accounts are tagged.")
    hashtags: list[Annotated[str, AfterValidator(_hashtag)]] = Field(
        default_factory=list,
        max_length=_HASHTAGS,
        description="Hashtags whose posts of the last day to read: 30 different ones a week, not more.",
    )
    top_posts: bool = Field(
        default=False, description="Read each hashtag's most popular posts too; they have no date."
    )
    competitors: list[Annotated[str, AfterValidator(_username)]] = Field(
        default_factory=list, description="Names of others' business accounts whose posts to read."
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> InstagramOptions:
        if not (self.own_posts or self.mentions or self.hashtags or self.competitors):
            raise ValueError(
                "nothing to read: set `own_posts` or `mentions`, or name hashtags or competitors"
            )
        return self


class InstagramReader(GraphReader):
    """Reads own posts and the comments under them, posts that tag us, hashtags, and competitors' posts.

    The cursor keeps each hashtag's id, which is the same for ever and for all, and as `searched` when it was
    first asked for in the last seven days.
    """

    kind: ClassVar[str] = "instagram"
    Options: ClassVar[type[SourceOptions]] = InstagramOptions
    summary: ClassVar[str] = (
        "Own posts on Instagram, comments, tags, hashtags, and competitors with followers."
    )
    secrets_help: ClassVar[str] = (
        "token: an access token (from Meta Business Suite, by a system user; or from Graph API Explorer) with"
        " instagram_basic, instagram_manage_comments and pages_read_engagement; hashtags need the feature"
        " Instagram Public Content Access."
    )
    terms: ClassVar[str] = (
        "Meta's Platform Terms: at most 30 different hashtags a week, whose posts carry no author; data of"
        " people is deleted on their wish."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = "built on answers of 2019-10 to 2021-08; today's API was not seen live"

    counted: ClassVar[str] = "id,comments_count"
    read_counts = staticmethod(read_media_counts)

    async def read(self) -> AsyncIterator[Found]:
        """Yield what is new in every list."""
        streams: dict[str, Fetch] = {}
        for account in dict.fromkeys(self.options.accounts):
            if self.options.own_posts:
                streams[f"posts of {account}"] = partial(self._own, account)
            if self.options.mentions:
                streams[f"posts that tag {account}"] = partial(self._tagged, account)
        for tag in self._allowed_hashtags():
            streams[f"#{tag}"] = partial(self._hashtag, tag, "recent_media")
            if self.options.top_posts:
                streams[f"most popular under #{tag}"] = partial(self._hashtag, tag, "top_media")
        for name in dict.fromkeys(self.options.competitors):
            streams[f"@{name}"] = partial(self._competitor, name)
        async for found in self.walks_with_comments(streams, self._comments):
            yield found

    async def _own(self, account: str, token: str | None) -> Page:
        who = await self.profile(Profile("instagram", account), _PROFILE, read_account_profile)
        wanted: Params = {"fields": _OWN, "limit": 50}
        return self.watch(await self.page(f"{account}/media", wanted, token, read_media, who))

    async def _tagged(self, account: str, token: str | None) -> Page:
        return await self.page(f"{account}/tags", {"fields": _OWN, "limit": 50}, token, read_media)

    async def _comments(self, media: str, token: str | None) -> Page:
        wanted: Params = {"fields": _COMMENT, "limit": 50}
        return await self.page(f"{media}/comments", wanted, token, read_media_comments, media)

    async def _competitor(self, name: str, token: str | None) -> Page:
        after = f".after({token})" if token else ""
        media = f"media.limit(50){after}{{{_MEDIA}}}"
        fields = f"business_discovery.username({name}){{{_PROFILE},{media}}}"
        return await self.page(self.options.accounts[0], {"fields": fields}, None, read_discovered, name)

    async def _hashtag(self, tag: str, edge: str, token: str | None) -> Page:
        number = await self._hashtag_id(tag)
        # Only recent posts tell their time.
        fields = _MEDIA if edge == "recent_media" else _MEDIA.replace("timestamp,", "")
        wanted: Params = {"user_id": self.options.accounts[0], "fields": fields, "limit": 50}
        return await self.page(f"{number}/{edge}", wanted, token, read_media)

    async def _hashtag_id(self, tag: str) -> str:
        ids: dict[str, str] = self.visit.state.cursor.get("hashtags", {})
        if tag not in ids:
            body = await self.ask("ig_hashtag_search", {"user_id": self.options.accounts[0], "q": tag})
            found = await self.parse_apart(read_hashtag_id, body)
            if found is None:
                raise UnreadableError(f"Instagram knows no hashtag #{tag}")
            ids = {**ids, tag: found}
            self.remember(hashtags=ids)
        return ids[tag]

    def _allowed_hashtags(self) -> list[str]:
        """Return the hashtags that may be asked for now, and remember since when they count."""
        now = self.clock()
        searched = {
            tag: first
            for tag, first in self.state.cursor.get("searched", {}).items()
            if now - datetime.fromisoformat(first) < _WEEK
        }
        for tag in dict.fromkeys(self.options.hashtags):
            if tag not in searched and len(searched) < _HASHTAGS:
                searched[tag] = now.isoformat()
        waiting = [tag for tag in self.options.hashtags if tag not in searched]
        if waiting:
            self.fail(
                f"Instagram allows {_HASHTAGS} different hashtags a week; not yet: {', '.join(waiting)}"
            )
        self.remember(searched=searched)
        return [tag for tag in dict.fromkeys(self.options.hashtags) if tag in searched]
