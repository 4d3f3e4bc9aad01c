"""Reviews of one's own places as Google's Business Profile API gives them. Pure.

https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews: all reviews of a
location, the last written, edited or answered first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, number, objects, string
from crawlers.ratings import Rating
from crawlers.review_values import STARS, facts, identity, words
from storage.records import Author

PER_PAGE = 50
_WHAT = "an answer of the Business Profile API"
_STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
# Where a review is in another language than the account, both stand in one text, in either order.
_TRANSLATED = re.compile(r"\s*\(Translated by Google\)\s*")
_ORIGINAL = re.compile(r"\s*\(Original\)\s*")


def read_business_reviews(body: bytes, location: str) -> Page:
    """Return a page of reviews of a location (`accounts/1/locations/2`), with the owner's answers.

    `facts` and every `extra` have `place_id` (the location), `place_rating` and `place_reviews`. `oldest`
    goes by edits too, as the order of the reviews does. A location without reviews is an empty object.

    Raises:
        UnreadableError: it is no such answer.
    """
    told = json_document(body, _WHAT)
    if not isinstance(told, dict) or "error" in told or not isinstance(told.get("reviews", []), list):
        raise UnreadableError(f"not {_WHAT}: it has no list of reviews")
    place = facts(
        place_id=location,
        place_rating=number(told.get("averageRating")),
        place_reviews=count(told.get("totalReviewCount")),
    )
    listed = objects(told.get("reviews", []))
    read = (_review(raw, location, place) for raw in listed)
    edited = (parse_moment(raw.get("updateTime") or raw.get("createTime")) for raw in reversed(listed))
    return Page(
        items=tuple(item for item in read if item is not None),
        next=string(told.get("nextPageToken"))[:2000] or None,
        facts=place,
        oldest=next((moment for moment in edited if moment is not None), None),
    )


def _review(raw: Mapping[str, Any], location: str, place: Mapping[str, Any]) -> Item | None:
    external_id = identity(raw.get("reviewId")) or identity(string(raw.get("name")).rpartition("/")[2])
    text, rating = _original(words(raw.get("comment"))), _rating(raw.get("starRating"))
    if external_id is None or (not text and rating is None):
        return None
    by, answer = mapping(raw.get("reviewer")), mapping(raw.get("reviewReply"))
    shown = None if by.get("isAnonymous") is True else name(by.get("displayName"))
    answered = parse_moment(answer.get("updateTime"))
    return Item(
        external_id=external_id,
        text=text,
        author=Author("google_places", shown, name=shown) if shown else None,
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        published_at=parse_moment(raw.get("createTime")),
        item=location,
        extra={
            **place,
            **facts(
                answer=_original(words(answer.get("comment"))),
                answered_at=answered.isoformat() if answered else None,
            ),
        },
    )


def _rating(raw: object) -> Rating | None:
    value = _STARS.get(string(raw))
    return None if value is None else Rating(value, STARS)


def _original(text: str) -> str:
    """Return what was written, without the translation that Google puts before or after it."""
    if (original := _ORIGINAL.search(text)) and _TRANSLATED.match(text):
        return text[original.end() :]
    translated = _TRANSLATED.search(text)
    return text[: translated.start()] if translated and translated.start() else text
