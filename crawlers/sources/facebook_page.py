"""Pages on Facebook, by the Graph API with the user's own token: posts, comments, tags, recommendations."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from crawlers.base import SourceOptions
from crawlers.items import Found, Page
from crawlers.reader import Params
from crawlers.services.graph_posts import (
    read_comments,
    read_page_profile,
    read_post_counts,
    read_posts,
    read_recommendations,
)
from crawlers.services.graph_profiles import Profile
from crawlers.services.graph_reader import GraphOptions, GraphReader
from crawlers.walking import Fetch
from storage.records import MentionKind

_PROFILE = "id,name,username,link,fan_count,followers_count,verification_status"
_POST = (
    "id,message,story,created_time,permalink_url,from{id,name},shares,attachments{title,description},"
    "comments.limit(0).summary(total_count),reactions.limit(0).summary(total_count)"
)
_COMMENT = "id,message,created_time,permalink_url,from{id,name},like_count,comment_count,parent{id}"
_RECOMMENDATION = "created_time,recommendation_type,rating,review_text,reviewer{id,name},open_graph_story{id}"


def _page_name(raw: str) -> str:
    name = raw.strip().removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9.\-]{1,100}", name):
        raise ValueError("write a page's id or the name in its address, such as 20531316728 or facebookapp")
    return name


_PageName = Annotated[str, AfterValidator(_page_name)]


class FacebookPageOptions(GraphOptions):
    """Options of a source of Facebook pages."""

    page_ids: list[_PageName] = Field(
        default_factory=list, description="Your own pages, by id or by the name in the address."
    )
    competitors: list[_PageName] = Field(
        default_factory=list,
        description="Others' pages, whose posts are competitor posts; needs Page Public Content Access.",
    )
    tagged: bool = Field(default=True, description="Read the public posts that tag your pages too.")
    ratings: bool = Field(
        default=False,
        description="Read recommendations of your pages too; Meta serves them up to version v21.0 only.",
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> FacebookPageOptions:
        if not self.page_ids and not self.competitors:
            raise ValueError("name at least one page in `page_ids` or `competitors`")
        return self


class FacebookPageReader(GraphReader):
    """Reads each page's feed, the posts that tag it, its recommendations, and comments under its posts."""

    kind: ClassVar[str] = "facebook_page"
    Options: ClassVar[type[SourceOptions]] = FacebookPageOptions
    summary: ClassVar[str] = (
        "Posts of Facebook pages with fans, comments under them, and posts that tag them."
    )
    secrets_help: ClassVar[str] = (
        "token: a page's access token (from Meta Business Suite, by a system user, or Graph API Explorer)"
        " with pages_read_engagement and pages_read_user_content. One that does not expire is best."
    )
    terms: ClassVar[str] = (
        "Meta's Platform Terms: data of people is kept only as long as it serves your purpose and deleted on"
        " their wish; others' pages need Meta's review of your app."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.POST
    beta: ClassVar[str | None] = "built on answers of 2019-12 to 2021-08; today's API was not seen live"

    counted: ClassVar[str] = "id,comments.limit(0).summary(total_count)"
    read_counts = staticmethod(read_post_counts)

    async def read(self) -> AsyncIterator[Found]:
        """Yield what is new on every page."""
        streams: dict[str, Fetch] = {}
        for page in dict.fromkeys(self.options.page_ids):
            streams[f"feed of {page}"] = partial(self._feed, page)
            if self.options.tagged:
                streams[f"posts that tag {page}"] = partial(self._tagged, page)
            if self.options.ratings:
                streams[f"recommendations of {page}"] = partial(self._ratings, page)
        for page in dict.fromkeys(self.options.competitors):
            streams[f"posts of {page}"] = partial(self._competitor, page)
        async for found in self.walks_with_comments(streams, self._comments):
            yield found

    async def _who(self, page: str) -> Profile:
        return await self.profile(Profile("facebook", page), _PROFILE, read_page_profile)

    async def _feed(self, page: str, token: str | None) -> Page:
        return self.watch(await self._posts(page, "feed", MentionKind.POST, token))

    async def _tagged(self, page: str, token: str | None) -> Page:
        return await self._posts(page, "tagged", MentionKind.POST, token)

    async def _competitor(self, page: str, token: str | None) -> Page:
        return await self._posts(page, "posts", MentionKind.COMPETITOR_POST, token)

    async def _posts(self, page: str, edge: str, kind: MentionKind, token: str | None) -> Page:
        wanted: Params = {"fields": _POST, "limit": 50}
        return await self.page(f"{page}/{edge}", wanted, token, read_posts, await self._who(page), kind)

    async def _ratings(self, page: str, token: str | None) -> Page:
        wanted: Params = {"fields": _RECOMMENDATION, "limit": 50}
        return await self.page(f"{page}/ratings", wanted, token, read_recommendations, await self._who(page))

    async def _comments(self, post: str, token: str | None) -> Page:
        wanted: Params = {
            "fields": _COMMENT,
            "filter": "stream",
            "order": "reverse_chronological",
            "limit": 100,
        }
        return await self.page(f"{post}/comments", wanted, token, read_comments, post)
