"""Customer reviews as the App Store Connect API gives them to an app's own developer. Pure.

https://developer.apple.com/documentation/appstoreconnectapi/list-all-customer-reviews-for-an-app, with the
developer's answers included.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from babel.core import get_global

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import json_document, mapping, name, objects, string
from crawlers.review_values import facts, identity, stars, words
from storage.records import Author

_WHAT = "an answer of the App Store Connect API"
_ANSWERS = "customerReviewResponses"
# CLDR knows no three letters for Kosovo; Apple writes these.
_OF_APPLE = {"XKX": "XK", "XKS": "XK"}


def read_connect_reviews(body: bytes, app: str) -> Page:
    """Return a page of reviews of an app, with the developer's answers and the cursor of the next page.

    `extra` has `country` (two small letters), and `answer` and `answered_at` where there is an answer.

    Raises:
        UnreadableError: it is no list of reviews.
    """
    document = mapping(json_document(body, _WHAT))
    listed = document.get("data")
    if not isinstance(listed, list):
        raise UnreadableError(f"not {_WHAT}: it has no list of reviews")
    answers = {
        string(one.get("id")): mapping(one.get("attributes"))
        for one in objects(document.get("included"))
        if one.get("type") == _ANSWERS
    }
    read = (_review(one, answers, app) for one in objects(listed))
    return Page(items=tuple(item for item in read if item is not None), next=_cursor(document))


@cache
def _countries() -> Mapping[str, str]:
    """Return the two letters of every country by its three (ISO 3166), as CLDR has them."""
    pairs = get_global("territory_aliases").items()
    named = {three: two[0] for three, two in pairs if len(three) == 3 and three.isalpha() and len(two) == 1}
    return {**named, **_OF_APPLE}


def _cursor(document: Mapping[str, Any]) -> str | None:
    following = string(mapping(document.get("links")).get("next"))
    try:
        values = parse_qs(urlsplit(following).query).get("cursor", [])
    except ValueError:
        return None
    return next((value for value in values if len(value) <= 2000), None)


def _review(raw: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]], app: str) -> Item | None:
    external_id, told = identity(raw.get("id")), mapping(raw.get("attributes"))
    title, text, rating = name(told.get("title")), words(told.get("body")), stars(told.get("rating"))
    if external_id is None or (not text and title is None and rating is None):
        return None
    country = _countries().get(string(told.get("territory")).upper(), "").lower()
    nickname = name(told.get("reviewerNickname"))
    answer = answers.get(_answer_id(raw), {})
    answered = parse_moment(answer.get("lastModifiedDate"))
    return Item(
        external_id=external_id,
        url=f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews" if country else None,
        title=title,
        text=text,
        author=Author("app_store", nickname, name=nickname) if nickname else None,
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        published_at=parse_moment(told.get("createdDate")),
        item=app,
        extra=facts(
            country=country,
            answer=words(answer.get("responseBody")),
            answered_at=answered.isoformat() if answered else None,
        ),
    )


def _answer_id(raw: Mapping[str, Any]) -> str:
    related = mapping(mapping(raw.get("relationships")).get("response")).get("data")
    return string(mapping(related).get("id"))
