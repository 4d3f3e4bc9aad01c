"""Reviews as Google's Android Publisher API gives them to an app's own developer. Pure.

https://developers.google.com/android-publisher/api-ref/rest/v3/reviews: those of the last week that have
a text, the last written or edited first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, objects, string
from crawlers.pages import language_tag
from crawlers.review_values import facts, identity, moment_of, stars, words
from storage.records import Author, Engagement

PER_PAGE = 100
SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_WHAT = "an answer of the Android Publisher API"


def read_publisher_reviews(body: bytes, app: str) -> Page:
    """Return a page of reviews of an app, with the developer's answers and the token of the next page.

    An app without reviews is an object without any.

    Raises:
        UnreadableError: it is no such answer.
    """
    document = json_document(body, _WHAT)
    if not isinstance(document, dict) or not isinstance(document.get("reviews", []), list):
        raise UnreadableError(f"not {_WHAT}: it has no list of reviews")
    read = (_review(raw, app) for raw in objects(document.get("reviews", [])))
    token = string(mapping(document.get("tokenPagination")).get("nextPageToken"))
    return Page(items=tuple(item for item in read if item is not None), next=token[:2000] or None)


def _review(raw: Mapping[str, Any], app: str) -> Item | None:
    comments = objects(raw.get("comments"))
    said = _last(comments, "userComment")
    external_id = identity(raw.get("reviewId"))
    if external_id is None or not said:
        return None
    title, text = _title_and_text(string(said.get("text")))
    rating = stars(said.get("starRating"))
    if not text and title is None and rating is None:
        return None
    return Item(
        external_id=external_id,
        url=f"https://play.google.com/store/apps/details?id={app}&reviewId={external_id}",
        title=title,
        text=text,
        author=_author(name(raw.get("authorName"))),
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        engagement=Engagement(likes=count(said.get("thumbsUpCount"))),
        published_at=moment_of(mapping(said.get("lastModified")).get("seconds")),
        item=app,
        language_hint=language_tag(string(said.get("reviewerLanguage"))[:40]),
        extra=_extra(said, _last(comments, "developerComment")),
    )


def _last(comments: list[Mapping[str, Any]], side: str) -> Mapping[str, Any]:
    """Return the last comment of one side: in whichever order the two sides come."""
    found = [mapping(one.get(side)) for one in comments if one.get(side)]
    dated = [(integer(mapping(one.get("lastModified")).get("seconds")) or 0, one) for one in found]
    return max(dated, key=lambda pair: pair[0], default=(0, {}))[1]


def _title_and_text(written: str) -> tuple[str | None, str]:
    """Return the two that a tab parts; without one, all is text (titles are of earlier years)."""
    title, parted, text = written.partition("\t")
    return (name(title), words(text)) if parted else (None, words(written))


def _author(shown: str | None) -> Author | None:
    return Author("google_play", shown, name=shown) if shown else None


def _extra(said: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
    answered = moment_of(mapping(answer.get("lastModified")).get("seconds"))
    return facts(
        version=name(said.get("appVersionName")),
        version_code=count(said.get("appVersionCode")),
        device=name(mapping(said.get("deviceMetadata")).get("productName")) or name(said.get("device")),
        android=count(said.get("androidOsVersion")),
        thumbs_down=count(said.get("thumbsDownCount")),
        answer=words(answer.get("text")),
        answered_at=answered.isoformat() if answered else None,
    )
