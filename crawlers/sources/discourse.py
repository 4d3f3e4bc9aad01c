"""A Discourse forum: everything new in it, some of its categories, or what its search finds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import StatusError, UnreadableError
from crawlers.items import Found, Item, Page
from crawlers.reader import SourceReader
from crawlers.services.discourse_posts import Forum, missing_ids, read_posts, wait_seconds
from crawlers.services.discourse_topics import read_categories, read_search, read_topics
from crawlers.walking import Fetch
from storage.records import MentionKind

# How many posts the forum gives at once where they are asked for by their ids.
_CHUNK = 20
# Older forums look through a window of so many ids, in which there may be no public post.
_WINDOW = 50
_LONGEST_WAIT = timedelta(days=1)
_CATEGORIES_EVERY = timedelta(days=1)
_REMEMBERED = 2_000
# What a forum answers for one topic or post that it does not show, or no longer.
_NOT_SHOWN = frozenset({403, 404, 410})
_GONE = frozenset({404, 410})


def _category(raw: str) -> str:
    path = raw.strip().partition("/c/")[2] if "/c/" in raw else raw.strip()
    path = path.strip("/")
    if not re.fullmatch(r"[\w%.-]{1,200}(?:/[\w%.-]{1,200}){0,3}", path) or ".." in path:
        raise ValueError("write a category as its address has it after /c/, such as support/7")
    return path


class DiscourseOptions(SourceOptions):
    """Options of a Discourse forum."""

    base_url: WebAddress = Field(description="The forum, such as https://meta.discourse.org.")
    queries: list[Annotated[str, Field(min_length=3, max_length=300)]] = Field(
        default_factory=list, description="What to search for; the forum's own search words work, as #tag."
    )
    categories: list[Annotated[str, AfterValidator(_category)]] = Field(
        default_factory=list, description="Categories to read, as in their address after /c/: support/7."
    )
    topics: bool = Field(
        default=False,
        description="Read the whole forum topic by topic, which tells views and accepted answers. Without "
        "this, queries or categories, the whole forum is read post by post, which costs far less.",
    )
    replies: int = Field(
        default=100,
        ge=0,
        le=2000,
        description="How many of the newest replies to read in a topic when something is new in it.",
    )
    whole: bool = Field(
        default=True, description="Ask for each post that a search finds: it shows only a piece of the text."
    )
    api_key: Secret | None = Field(
        default=None, description="An API key, for forums that only members can read."
    )
    api_username: str | None = Field(default=None, description="The user whom the key belongs to.")

    @model_validator(mode="after")
    def _names_the_user(self) -> Self:
        if (self.api_key is None) != (self.api_username is None):
            raise ValueError("api_key and api_username go together")
        return self


class DiscourseReader(SourceReader):
    """Reads lists of posts, topics and search results, each from its newest end."""

    kind: ClassVar[str] = "discourse"
    Options: ClassVar[type[SourceOptions]] = DiscourseOptions
    summary: ClassVar[str] = "Posts of a Discourse forum: all, by category, or found by its search."
    secrets_help: ClassVar[str] = (
        "api_key (only for closed forums): the forum's admin, API, New API Key, for one user, read-only."
    )
    terms: ClassVar[str] = "Each forum has rules of its own, shown at /tos; closed forums want their consent."
    beta: ClassVar[str | None] = "built on answers of 2016-05; the live form was not seen"
    mention_kind: ClassVar[MentionKind] = MentionKind.POST

    async def read(self) -> AsyncIterator[Found]:
        """Yield what is new in every list since the last visit."""
        options = self.options
        self._base = options.base_url.rstrip("/")
        self._secret = (
            {"Api-Key": options.api_key.reveal(), "Api-Username": options.api_username}
            if options.api_key
            else None
        )
        self._forum = Forum(self._base, await self._categories())
        # What was read of topics and of found posts; it counts once all of it is kept.
        self._read_topics: dict[str, tuple[str, int]] = {}
        self._read_posts: dict[str, tuple[str, Item]] = {}
        async for found in self.walks(self._streams()):
            yield found
        self._recall("topics", self._read_topics)
        self._recall("posts", self._read_posts)

    def _streams(self) -> dict[str, Fetch]:
        streams: dict[str, Fetch] = {}
        for query in dict.fromkeys(self.options.queries):
            streams[f"search for {query}"] = partial(self._search, query)
        for path in dict.fromkeys(self.options.categories):
            streams[f"category {path}"] = partial(self._topics, f"/c/{path}/l/latest.json")
        if self.options.topics:
            streams["topics"] = partial(self._topics, "/latest.json")
        return streams or {"posts": self._posts}

    async def _posts(self, token: str | None) -> Page:
        answer = await self._asked("/posts.json", {"before": token})
        page = await self.parse_apart(read_posts, answer.body, self._forum)
        first = page.facts["first"]
        before = int(token) if token is not None else None
        if first is None:
            following = None if before is None else before - _WINDOW
        else:
            # Whether `before` itself belongs to the page differs between versions.
            following = first if before is None or first < before else before - 1
        return replace(page, next=str(following) if following is not None and following > 0 else None)

    async def _topics(self, path: str, token: str | None) -> Page:
        """Return a page of topics, each that something happened in with its posts."""
        answer = await self._asked(path, {"page": token})
        listing = await self.parse_apart(read_topics, answer.body, self._forum)
        known = self.memory.get("topics", {})
        items: dict[str, Item] = {}
        withdrawn: list[str] = []
        for listed in listing.items:
            identity = listed.external_id.removeprefix("topic:")
            signature, last = known.get(identity, ("", 0))
            if signature == listing.facts["active"][identity]:
                continue
            page = await self._topic(identity, listed, last)
            items |= {item.external_id: item for item in page.items}
            withdrawn += page.withdrawn
            self._read_topics[identity] = (listing.facts["active"][identity], page.facts["last"])
        return replace(listing, items=tuple(items.values()), withdrawn=tuple(withdrawn))

    async def _topic(self, identity: str, listed: Item, last: int) -> Page:
        """Return the first post of a topic and its replies since the post `last`.

        Where the forum does not show the topic itself, what the list says of it is all there is.
        """
        try:
            answer = await self._asked(f"/t/{identity}.json", {})
            page = await self.parse_apart(read_posts, answer.body, self._forum)
            chunks = await self._rest_of(identity, page, last)
        except StatusError as error:
            if error.status not in _NOT_SHOWN:
                raise
            return Page(items=(listed,), facts={"last": last})
        except UnreadableError as error:
            self.fail(str(error))
            return Page(items=(listed,), facts={"last": last})
        found = [item for chunk in (page, *chunks) for item in chunk.items]
        replies = self.options.replies > 0
        return Page(
            items=tuple(item for item in found if replies or item.kind is not MentionKind.COMMENT),
            withdrawn=tuple(one for chunk in (page, *chunks) for one in chunk.withdrawn),
            facts={"last": max(page.facts["stream"], default=last)},
        )

    async def _rest_of(self, identity: str, page: Page, last: int) -> list[Page]:
        """Return the newest of the posts that did not come with the topic, in as few requests as may be."""
        wanted = [one for one in missing_ids(page, self.options.replies) if one > last]
        chunks = []
        for at in range(0, len(wanted), _CHUNK):
            asked = urlencode([("post_ids[]", one) for one in wanted[at : at + _CHUNK]])
            answer = await self._asked(f"/t/{identity}/posts.json?{asked}", {})
            chunks.append(await self.parse_apart(read_posts, answer.body, self._forum))
        return chunks

    async def _search(self, query: str, token: str | None) -> Page:
        number = int(token) if token is not None else 1
        answer = await self._asked("/search.json", {"q": f"{query} order:latest", "page": number})
        page = await self.parse_apart(read_search, answer.body, self._forum)
        items = [await self._whole(item, page.facts["found"].get(item.external_id)) for item in page.items]
        return replace(
            page,
            items=tuple(item for item in items if item is not None),
            next=str(number + 1) if page.facts["more"] else None,
            oldest=page.reached(),
        )

    async def _whole(self, item: Item, found: tuple[int, Mapping[str, Any]] | None) -> Item | None:
        """Return a post that a search found with all of its text, None where it is gone meanwhile."""
        if found is None or not self.options.whole:
            return item
        known: dict[str, tuple[str, Item]] = self.memory.get("posts", {})
        blurb, kept = known.get(item.external_id, ("", item))
        if blurb == item.text and blurb:
            return replace(kept, engagement=replace(kept.engagement, likes=item.engagement.likes))
        try:
            answer = await self._asked(f"/posts/{found[0]}.json", {})
            page = await self.parse_apart(read_posts, answer.body, self._forum, found[1])
        except StatusError as error:
            if error.status not in _NOT_SHOWN:
                raise
            return None if error.status in _GONE else item
        except UnreadableError:
            return item
        whole = next((one for one in page.items if one.external_id == item.external_id), None)
        if whole is not None:
            self._read_posts[item.external_id] = (item.text, whole)
        return whole

    async def _categories(self) -> dict[int, str]:
        """Return the categories' names, asked for once a day; a forum may keep them to itself."""
        now = self.clock()
        asked, known = self.memory.get("categories", (None, {}))
        if asked is None or now - asked >= _CATEGORIES_EVERY:
            try:
                answer = await self._asked("/categories.json", {"include_subcategories": "true"})
                known = await self.parse_apart(read_categories, answer.body)
            except (StatusError, UnreadableError) as error:
                if isinstance(error, StatusError) and error.status not in _NOT_SHOWN:
                    return dict(known)
            self.memory["categories"] = (now, known)
        return dict(known)

    async def _asked(self, path: str, params: Mapping[str, str | int | None]) -> Response:
        try:
            return await self.get(f"{self._base}{path}", params=params, secret_headers=self._secret)
        except StatusError as error:
            said, seconds = wait_seconds(error.response.body)
            if error.status == 429 and seconds is not None:
                until = self.clock() + min(timedelta(seconds=seconds), _LONGEST_WAIT)
                self.rest(self._base, until)
            raise StatusError(f"{error}: {said}", error.response) if said else error from None

    def _recall(self, what: str, read: Mapping[str, Any]) -> None:
        known = {**self.memory.get(what, {}), **read}
        self.memory[what] = dict(list(known.items())[-_REMEMBERED:])
