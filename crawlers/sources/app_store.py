"""Customer reviews of apps in Apple's App Store: the public feed, or App Store Connect with a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from scrapy.http import Response

from config.secret import Secret
from crawlers import causes
from crawlers.base import SourceOptions, WebAddress
from crawlers.errors import StatusError, UnreadableError
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.app_store_connect import read_connect_reviews
from crawlers.services.app_store_feed import is_past_the_end, may_lack_reviews, read_review_feed
from crawlers.services.signed_tokens import AccessToken, signed_token
from crawlers.walking import Fetch
from storage.records import MentionKind

_FEED = "https://itunes.apple.com"
_CONNECT = "https://api.appstoreconnect.apple.com"
_PER_PAGE = 200
# Apple takes no token of more than twenty minutes.
_LIFETIME = timedelta(minutes=15)
# Reviews are dated when they are written, and shown once they are looked through.
_FEED_OVERLAP = timedelta(days=3)
# The developer's answers come later than the reviews.
_CONNECT_OVERLAP = timedelta(days=14)


def _app(raw: object) -> str:
    return str(raw).strip().lower().removeprefix("id")


def _country(raw: str) -> str:
    return raw.strip().lower()


class AppStoreOptions(SourceOptions):
    """Options of an App Store source."""

    apps: list[Annotated[str, BeforeValidator(_app), Field(pattern=r"^[0-9]{1,15}$")]] = Field(
        min_length=1, description="The apps, each by the number in its address (…/id284815942)."
    )
    countries: list[Annotated[str, AfterValidator(_country), Field(pattern=r"^[A-Za-z]{2}$")]] = Field(
        default_factory=list,
        description="The stores to read, by two letters (sa, ae, eg); with a key, all where left out.",
    )
    issuer_id: str | None = Field(
        default=None,
        description="The issuer id of the App Store Connect key; left out for an individual key.",
    )
    key_id: str | None = Field(default=None, description="The id of the App Store Connect key.")
    private_key: Secret | None = Field(
        default=None, description="The App Store Connect key itself, the text of its .p8 file."
    )
    base_url: WebAddress | None = Field(
        default=None, description=f"Another server than {_FEED} or, with a key, {_CONNECT}."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.key_id is None) != (self.private_key is None):
            raise ValueError("key_id and private_key go together: give both, or none for the public feed")
        if self.private_key is None and not self.countries:
            raise ValueError("name the countries whose stores to read, such as countries: [sa, ae]")
        return self


class AppStoreReader(SourceReader):
    """Reads each app in each country from its newest review back to those known, 500 at most.

    With a key, it reads each app in all countries, without that limit, and the developer's answers too.
    """

    kind: ClassVar[str] = "app_store"
    Options: ClassVar[type[SourceOptions]] = AppStoreOptions
    summary: ClassVar[str] = "Customer reviews of any app in Apple's App Store, by country."
    secrets_help: ClassVar[str] = (
        "private_key (only for one's own apps, with answers and all reviews): App Store Connect, Users and "
        "Access, Integrations, App Store Connect API, a key with the role Customer Support."
    )
    terms: ClassVar[str] = (
        "Apple promises nothing of the public feed, which ends after 500 reviews of a country; its Media "
        "Services terms hold. With a key, those of the App Store Connect API: your own apps only."
    )
    beta: ClassVar[str | None] = (
        "built on pages of the feed of 2021-01 to 2025-09 and, for a key, on the API's documentation; the "
        "live forms were not seen"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.REVIEW

    async def read(self) -> AsyncIterator[Found]:
        """Yield the reviews of every app, in every country."""
        self._signed_token: AccessToken | None = None
        apps: list[str] = list(dict.fromkeys(self.options.apps))
        countries: list[str] = list(dict.fromkeys(self.options.countries))
        if self.options.private_key is not None:
            streams: dict[str, Fetch] = {app: partial(self._connect_page, app) for app in apps}
            overlap = _CONNECT_OVERLAP
        else:
            pairs = [(app, country) for app in apps for country in countries]
            streams = {f"{app} {country}": partial(self._feed_page, app, country) for app, country in pairs}
            overlap = _FEED_OVERLAP
        async for found in self.walks(streams, overlap=overlap):
            yield found

    async def _feed_page(self, app: str, country: str, token: str | None) -> Page:
        number = int(token or 1)
        page = await self._asked_feed_page(app, country, number)
        if page.items or not may_lack_reviews(page, number):
            return page
        # The store at times gives an empty page that it gives whole when it is asked again.
        page = await self._asked_feed_page(app, country, number)
        last = page.facts["last"]
        if page.items or last is None or last < number:
            return page
        if number > 1:
            raise UnreadableError(f"the App Store gave page {number} of {last} without reviews")
        return Page(items=(), next="2" if last > 1 else None)

    async def _asked_feed_page(self, app: str, country: str, number: int) -> Page:
        base = (self.options.base_url or _FEED).rstrip("/")
        path = f"{country}/rss/customerreviews/page={number}/id={app}/sortby=mostrecent/json"
        answer = await self.get(f"{base}/{path}", accept=(400,))
        if answer.status == 400 and not is_past_the_end(answer.body):
            raise StatusError(causes.of_status(400), answer)
        return await self.parse_apart(read_review_feed, answer.body, app, country, number)

    async def _connect_page(self, app: str, token: str | None) -> Page:
        answer = await self._connect(f"v1/apps/{app}/customerReviews", token)
        page = await self.parse_apart(read_connect_reviews, answer.body, app)
        wanted = self.options.countries
        if not wanted:
            return page
        kept = tuple(item for item in page.items if item.extra.get("country") in wanted)
        return Page(items=kept, next=page.next, oldest=page.reached())

    async def _connect(self, path: str, cursor: str | None) -> Response:
        base = (self.options.base_url or _CONNECT).rstrip("/")
        params: dict[str, str | int | None] = {
            "sort": "-createdDate",
            "include": "response",
            "limit": _PER_PAGE,
            "cursor": cursor,
        }
        headers = {"Authorization": f"Bearer {self._token()}"}
        return await self.get(f"{base}/{path}", params=params, secret_headers=headers)

    def _token(self) -> str:
        """Return a token that Apple takes; it is signed anew for every visit and as it runs out."""
        now = self.clock()
        if self._signed_token is None or not self._signed_token.serves(now):
            signed = self._signed(int(now.timestamp()))
            self._signed_token = AccessToken(signed, now + _LIFETIME)
        return self._signed_token.value

    def _signed(self, issued: int) -> str:
        """Return a new token; a key of one person alone is its own issuer."""
        issuer = self.options.issuer_id
        claims: dict[str, Any] = {"iss": issuer} if issuer else {"sub": "user"}
        claims |= {"iat": issued, "exp": issued + int(_LIFETIME.total_seconds()), "aud": "appstoreconnect-v1"}
        return signed_token(claims, self.options.private_key.reveal(), self.options.key_id)
