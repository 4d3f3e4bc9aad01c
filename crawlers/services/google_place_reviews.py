"""Reviews of a place as Google's Places API gives them: its present form, and its legacy one. Pure.

https://developers.google.com/maps/documentation/places/web-service/reference/rest/v1/places and, for the
legacy form, https://developers.google.com/maps/documentation/places/web-service/legacy/details. Either
gives five reviews of a place at most, and no further page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, number, objects, string
from crawlers.pages import believable, language_tag, plain
from crawlers.ratings import Rating
from crawlers.review_values import facts, identity, moment_of, stars, words
from crawlers.urls import web_url
from storage.records import Author

# What is asked for: each field more may make a request dearer.
FIELD_MASK = "id,displayName,rating,userRatingCount,googleMapsUri,reviews"
LEGACY_FIELDS = "place_id,name,rating,user_ratings_total,url,reviews"
_WHAT = "an answer of the Places API"
# The states of a legacy answer, which come with the HTTP status 200, as its documentation lists them.
_SAID = {
    "NOT_FOUND": "the place is not known any longer; look up its present id",
    "INVALID_REQUEST": "Google says that the request is not valid; see that the id of the place is whole",
    "ZERO_RESULTS": "the place is not known any longer; look up its present id",
    "OVER_DAILY_LIMIT": "Google says that the key may not be used: no billing, a limit of its own, or wrong",
    "OVER_QUERY_LIMIT": "Google says that the requests which the key allows are spent",
    "REQUEST_DENIED": "Google refuses the key; see that the legacy Places API is enabled for it",
    "UNKNOWN_ERROR": "Google had an error of its own",
}
_ACCOUNT = re.compile(r"(?:/contrib/|/)(\d{8,30})(?:/|\Z)")


@dataclass(frozen=True, slots=True)
class _Place:
    """What an answer says of the place itself."""

    id: str
    name: str | None
    rating: float | None
    reviews: int | None
    url: str | None

    def facts(self) -> Mapping[str, Any]:
        return facts(place_id=self.id, place_rating=self.rating, place_reviews=self.reviews)


def read_place(body: bytes, place_id: str) -> Page:
    """Return the reviews in an answer of the Places API about a place, the newest first.

    Their texts are as they were written, not translated. `facts` and every `extra` have `place_id`,
    `place_rating` (its average) and `place_reviews` (how many there are).

    Raises:
        UnreadableError: it is no such answer.
    """
    told = json_document(body, _WHAT)
    if not isinstance(told, dict) or "error" in told or not isinstance(told.get("reviews", []), list):
        raise UnreadableError(f"not {_WHAT}: it describes no place")
    place = _Place(
        identity(string(told.get("id"))) or place_id,
        name(mapping(told.get("displayName")).get("text")),
        number(told.get("rating")),
        count(told.get("userRatingCount")),
        web_url(string(told.get("googleMapsUri"))),
    )
    return _page(place, [_review(raw, place) for raw in objects(told.get("reviews", []))])


def read_legacy_place(body: bytes, place_id: str) -> Page:
    """Return the reviews in an answer of the legacy Place Details, the newest first; else as `read_place`.

    A review has no id there. Since one person reviews a place once, the place and the person are its
    identity, and an edited review stays the same one. A nameless review is known by its time.

    Raises:
        UnreadableError: it is no such answer; the message says what Google says instead.
    """
    document = mapping(json_document(body, _WHAT))
    status = string(document.get("status"))
    told = document.get("result")
    if status in _SAID or not isinstance(told, dict) or not isinstance(told.get("reviews", []), list):
        raise UnreadableError(_SAID.get(status, f"not {_WHAT}: it describes no place"))
    place = _Place(
        identity(string(told.get("place_id"))) or place_id,
        name(told.get("name")),
        number(told.get("rating")),
        count(told.get("user_ratings_total")),
        web_url(string(told.get("url"))),
    )
    return _page(place, [_legacy_review(raw, place) for raw in objects(told.get("reviews", []))])


def _page(place: _Place, read: list[Item | None]) -> Page:
    by_id = {item.external_id: item for item in read if item is not None}
    newest_first = sorted(by_id.values(), key=_when, reverse=True)
    return Page(items=tuple(newest_first), facts=place.facts())


def _when(item: Item) -> float:
    return item.published_at.timestamp() if item.published_at else 0.0


def _review(raw: Mapping[str, Any], place: _Place) -> Item | None:
    written = mapping(raw.get("originalText")) or mapping(raw.get("text"))
    by = mapping(raw.get("authorAttribution"))
    shown, profile = name(by.get("displayName")), web_url(string(by.get("uri")))
    when = parse_moment(raw.get("publishTime"))
    return _item(
        place,
        own_id=identity(string(raw.get("name"))),
        url=web_url(string(raw.get("googleMapsUri"))),
        author=_author(shown, profile),
        when=when,
        text=words(written.get("text")),
        language=language_tag(string(written.get("languageCode"))[:40]),
        rating=stars(raw.get("rating")),
    )


def _legacy_review(raw: Mapping[str, Any], place: _Place) -> Item | None:
    shown, profile = name(raw.get("author_name")), web_url(string(raw.get("author_url")))
    language = string(raw.get("original_language")) or string(raw.get("language"))
    return _item(
        place,
        own_id=None,
        url=place.url,
        author=_author(shown, profile),
        when=moment_of(raw.get("time")),
        text=plain(string(raw.get("text"))),
        language=language_tag(language[:40]),
        rating=stars(raw.get("rating")),
    )


def _item(
    place: _Place,
    *,
    own_id: str | None,
    url: str | None,
    author: Author | None,
    when: datetime | None,
    text: str,
    language: str | None,
    rating: Rating | None,
) -> Item | None:
    if not text and rating is None:
        return None
    return Item(
        external_id=own_id or _identity(place.id, author, when, text),
        url=url or place.url,
        text=text,
        author=author,
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        published_at=when,
        item=place.name or place.id,
        language_hint=believable(language, text),
        extra=place.facts(),
    )


def _identity(place_id: str, author: Author | None, when: datetime | None, text: str) -> str:
    """Return an id for a review that has none of its own."""
    if author is not None and author.profile_url is not None:
        return f"{place_id}:{author.handle}"
    told = (author.handle if author else "", when.isoformat() if when else text)
    return f"{place_id}:{blake2b(chr(31).join(told).encode(), digest_size=8).hexdigest()}"


def _author(shown: str | None, profile: str | None) -> Author | None:
    """Return who wrote a review, by the number of the account where the profile's address has it."""
    account = _ACCOUNT.search(profile or "")
    handle = account[1] if account else profile or shown
    return Author("google_places", handle, name=shown, profile_url=profile) if handle else None
