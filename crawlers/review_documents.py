"""Lists of reviews that are no web pages: JSON and XML as the APIs of review sites give them. Pure.

Written for Yelp's businesses (https://docs.developer.yelp.com, versions 2 and 3) and Goodreads' reviews,
and read by names that others use too: a list named `reviews`, of things with a rating or words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lxml import etree

from crawlers import markup
from crawlers.dates import first_moment
from crawlers.errors import UnreadableError
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.markup import Aggregate, ReviewPage
from crawlers.pages import language_tag, one_line, plain, unpacked
from crawlers.ratings import DEFAULT_SCALE, parse_rating
from crawlers.review_identity import ReviewDraft, identified, merged
from crawlers.review_values import STARS
from crawlers.urls import web_url

_WHAT = "a list of reviews"
_TEXTS = ("text", "excerpt", "body", "comment", "content", "review")
_TITLES = ("title", "headline", "subject")
_PEOPLE = ("user", "author", "reviewer")
_DATES = (
    "time_created",
    "date_added",
    "created_at",
    "created",
    "published_at",
    "date",
    "time",
    "date_updated",
)
_IS_HTML = re.compile(rb"<html\b|<!doctype\s+html", re.IGNORECASE)
_HOLDERS = ("result", "business", "data", "response")


def read_review_page(
    body: bytes,
    url: str,
    content_type: str | None,
    link_header: str | None = None,
    now: datetime | None = None,
) -> ReviewPage:
    """Return the reviews at an address, be it JSON, XML or a web page; see `markup.read_reviews`.

    Raises:
        UnreadableError: it is none of these.
        BodyTooBigError, BodyBrokenError: it is compressed, and too large or damaged.
    """
    body = unpacked(body)
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[")):
        return _page_of(json_document(body, _WHAT), url, now)
    if start.startswith(b"<?xml") and not _IS_HTML.search(start):
        return _page_of(_xml_document(body), url, now)
    return markup.read_reviews(body, url, content_type, link_header, now)


def _page_of(document: object, url: str, now: datetime | None) -> ReviewPage:
    owner = _owner(document)
    if owner is None:
        raise UnreadableError(f"no reviews found at {url}: it is neither a page nor {_WHAT}")
    item = name(owner.get("name")) or name(owner.get("title"))
    read = (_draft(raw, url, item, now) for raw in objects(owner.get("reviews")))
    drafts = [draft for draft in read if draft is not None]
    aggregate = _aggregate(owner, item, len(drafts))
    return ReviewPage(
        reviews=identified(merged([drafts]), url),
        aggregates=(aggregate,) if aggregate else (),
        item=item,
        next_url=None,
        broken=0,
    )


def _owner(document: object) -> Mapping[str, Any] | None:
    """Return the object that has the reviews, or at least says how many there are; None for neither."""
    if isinstance(document, list):
        return {"reviews": document}
    told = mapping(document)
    for one in (told, *(mapping(told.get(key)) for key in _HOLDERS)):
        if isinstance(one.get("reviews"), list) or count(one.get("review_count")) is not None:
            return one
    return None


def _aggregate(owner: Mapping[str, Any], item: str | None, given: int) -> Aggregate | None:
    """Return what is said of all reviews; that a list is empty says that there are none."""
    rating = _rating(owner.get("rating"))
    written = (owner.get("review_count"), owner.get("user_ratings_total"), owner.get("total"))
    number = next((found for one in written if (found := count(one)) is not None), None)
    if rating is None and number is None and given:
        return None
    average, scale = rating or (None, DEFAULT_SCALE)
    return Aggregate(item=item, average=average, scale=scale, count=number if given else number or 0)


def _draft(raw: Mapping[str, Any], url: str, item: str | None, now: datetime | None) -> ReviewDraft | None:
    text, title = plain(_first(raw, _TEXTS)), one_line(_first(raw, _TITLES)) or None
    rating = _rating(raw.get("rating"))
    if not text and title is None and rating is None:
        return None
    person = next((raw[key] for key in _PEOPLE if raw.get(key)), raw.get("author_name"))
    told = mapping(person)
    link = _first(told, ("profile_url", "link", "url")) or string(raw.get("author_url"))
    own = _first(raw, ("url", "link"))
    about = mapping(raw.get("book") or raw.get("product") or raw.get("item"))
    published, from_now = first_moment((raw.get(key) for key in _DATES), now=now)
    return ReviewDraft(
        own_ids=(_word(raw.get("id")), own),
        url=web_url(own, url),
        author=name(person) or name(told.get("name")),
        author_url=web_url(link, url),
        title=title,
        text=text,
        rating=rating[0] if rating else None,
        rating_scale=rating[1] if rating else None,
        published_at=published,
        from_now=from_now,
        item=name(about.get("title")) or name(about.get("name")) or item,
        language=language_tag(string(raw.get("language"))[:40]),
    )


def _first(raw: Mapping[str, Any], keys: Iterable[str]) -> str:
    """Return the first text among these, empty where there is none."""
    return next((found for key in keys if (found := string(raw.get(key)).strip())), "")


def _word(raw: object) -> str:
    whole = count(raw)
    return str(whole) if whole is not None else string(raw)


def _rating(raw: object) -> tuple[float, float] | None:
    """Return a rating and its scale; 0 is none."""
    found = parse_rating(raw, best=STARS) if isinstance(raw, str | int | float) else None
    return (found.value, found.scale) if found else None


def _xml_document(body: bytes) -> object:
    """Return an XML document's reviews as JSON would have them, None where it has none."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    found = [one for one in root.iter("review") if one.find("rating") is not None]
    if not found and root.find(".//reviews") is None:
        return None
    return {"reviews": [_element(one) for one in found]}


def _element(element: Any, depth: int = 0) -> dict[str, Any]:
    """Return an element's children by their names, the first of each."""
    told: dict[str, Any] = {}
    for child in element:
        if isinstance(child.tag, str) and child.tag not in told:
            nested = len(child) > 0 and depth < 3
            told[child.tag] = _element(child, depth + 1) if nested else "".join(child.itertext())
    return told
