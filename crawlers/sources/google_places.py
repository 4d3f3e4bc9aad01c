"""Reviews of places on Google Maps: of any by the Places API, of one's own by the Business Profile API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from config.secret import Secret
from crawlers.base import SourceOptions, WebAddress
from crawlers.items import Found, Page
from crawlers.reader import SourceReader
from crawlers.services.google_access import TOKEN_URL, Grant, get_with_access
from crawlers.services.google_business_reviews import PER_PAGE, read_business_reviews
from crawlers.services.google_place_reviews import FIELD_MASK, LEGACY_FIELDS, read_legacy_place, read_place
from crawlers.walking import Fetch
from storage.records import MentionKind

_PLACES = "https://places.googleapis.com"
_LEGACY = "https://maps.googleapis.com"
_BUSINESS = "https://mybusiness.googleapis.com"


def _language(raw: str) -> str:
    return raw.strip().replace("_", "-")


class GooglePlacesOptions(SourceOptions):
    """Options of a source of reviews on Google Maps."""

    places: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{10,300}$")]] = Field(
        default_factory=list, description="Any places, each by its id (ChIJ…); their five newest reviews."
    )
    languages: list[
        Annotated[str, AfterValidator(_language), Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
    ] = Field(
        default=["ar"],
        min_length=1,
        description="Languages whose reviews come first; each is one request more for each place.",
    )
    api: Literal["places", "legacy"] = Field(
        default="places", description="The Places API, or the legacy one where the project has only that."
    )
    key: Secret | None = Field(default=None, description="The API key for places.")
    locations: list[Annotated[str, Field(pattern=r"^accounts/[^/\s?#%]+/locations/[^/\s?#%]+$")]] = Field(
        default_factory=list,
        description="One's own places in Business Profile (accounts/1/locations/2); all their reviews.",
    )
    client_id: str | None = Field(default=None, description="For locations: the id of the OAuth client.")
    client_secret: Secret | None = Field(
        default=None, description="For locations: the secret of the OAuth client."
    )
    refresh_token: Secret | None = Field(
        default=None, description="For locations: the refresh token of an account that manages them."
    )
    token_url: WebAddress = Field(default=TOKEN_URL, description="Where Google gives access tokens.")
    base_url: WebAddress | None = Field(
        default=None, description=f"Another server for places than {_PLACES} or, for legacy, {_LEGACY}."
    )
    business_url: WebAddress = Field(default=_BUSINESS, description="The server for locations.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.places and not self.locations:
            raise ValueError("name places, locations, or both")
        if self.places and self.key is None:
            raise ValueError("places need a key of the Places API")
        if self.locations and not (self.client_id and self.client_secret and self.refresh_token):
            raise ValueError("locations need client_id, client_secret and refresh_token")
        return self


class GooglePlacesReader(SourceReader):
    """Reads the five reviews that the Places API gives of a place, and all reviews of one's own locations."""

    kind: ClassVar[str] = "google_places"
    Options: ClassVar[type[SourceOptions]] = GooglePlacesOptions
    summary: ClassVar[str] = "Reviews of places on Google Maps: five of any place, all of one's own."
    secrets_help: ClassVar[str] = (
        "key: Google Cloud console, APIs and services, Credentials, an API key for the Places API (the "
        "legacy one takes it in the address only). client_secret and refresh_token, for locations: an OAuth "
        "client there, scope https://www.googleapis.com/auth/business.manage; Google grants access to the "
        "Business Profile API on request."
    )
    terms: ClassVar[str] = (
        "Google Maps Platform's terms: of a place only its id may be kept for good, and reviews no longer "
        "than the service specific terms allow: set retention to that, and show the author's name and link "
        "with each. Of your own locations, the Business Profile APIs policies, which limit that too."
    )
    beta: ClassVar[str | None] = (
        "built on a legacy answer of 2017-06 and on the documentation; the live forms were not seen"
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.REVIEW

    async def read(self) -> AsyncIterator[Found]:
        """Yield the reviews of every place in every language, and of every location."""
        ask = self._legacy_page if self.options.api == "legacy" else self._place_page
        pairs = [(place, language) for place in self.options.places for language in self.options.languages]
        streams: dict[str, Fetch] = {
            f"{place} {language}": partial(ask, place, language) for place, language in pairs
        }
        streams |= {location: partial(self._business_page, location) for location in self.options.locations}
        async for found in self.walks(streams):
            yield found

    async def _place_page(self, place: str, language: str, _: str | None) -> Page:
        answer = await self.get(
            f"{(self.options.base_url or _PLACES).rstrip('/')}/v1/places/{place}",
            params={"languageCode": language},
            headers={"X-Goog-FieldMask": FIELD_MASK},
            secret_headers={"X-Goog-Api-Key": self.options.key.reveal()},
        )
        return await self.parse_apart(read_place, answer.body, place)

    async def _legacy_page(self, place: str, language: str, _: str | None) -> Page:
        answer = await self.get(
            f"{(self.options.base_url or _LEGACY).rstrip('/')}/maps/api/place/details/json",
            params={
                "place_id": place,
                "fields": LEGACY_FIELDS,
                "language": language,
                "reviews_sort": "newest",
                "reviews_no_translations": "true",
                # It knows no header for the key.
                "key": self.options.key.reveal(),
            },
            # Not redirected, since the address holds the key.
            secret_headers={},
        )
        return await self.parse_apart(read_legacy_place, answer.body, place)

    async def _business_page(self, location: str, token: str | None) -> Page:
        answer = await get_with_access(
            self,
            Grant(self.options.token_url, self._grant),
            f"{self.options.business_url.rstrip('/')}/v4/{quote(location)}/reviews",
            {"pageSize": PER_PAGE, "orderBy": "updateTime desc", "pageToken": token},
        )
        return await self.parse_apart(read_business_reviews, answer.body, location)

    def _grant(self) -> Mapping[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret.reveal(),
            "refresh_token": self.options.refresh_token.reveal(),
        }
