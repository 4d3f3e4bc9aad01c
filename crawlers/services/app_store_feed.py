"""Customer reviews as the App Store's public feed gives them, in its JSON and its XML form. Pure.

The feed has ten pages of fifty reviews, the newest first. It is documented nowhere; its shape is that of
Atom, in JSON with every text as a `label` and every XML attribute in `attributes`. In both forms an app
without reviews is a feed without an `entry`, and a single review is no list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.review_values import facts, identity, once, stars, words
from crawlers.urls import web_url
from storage.records import Author, Engagement

PAGES = 10
PER_PAGE = 50
_WHAT = "a page of the App Store's reviews"
# The feed's answer to its eleventh page is this text, and no JSON.
_PAST_THE_END = re.compile(rb"page depth is limited", re.IGNORECASE)
_PAGE = re.compile(r"/page=(\d{1,4})(?:/|\Z)", re.IGNORECASE)
_PREFIX = "{http://itunes.apple.com/rss}"


def is_past_the_end(body: bytes) -> bool:
    """Tell whether an answer says that the feed has no such page."""
    return _PAST_THE_END.search(body[:1000]) is not None


def may_lack_reviews(page: Page, number: int) -> bool:
    """Tell whether a page without reviews is one that should have some: the feed names it as its own."""
    last = page.facts["last"]
    return number > 1 if last is None else number <= last


def read_review_feed(body: bytes, app: str, country: str, page: int) -> Page:
    """Return the reviews on a page of the feed of an app in a country (two small letters).

    `page` counts from 1, and the token of the next page is its number. `facts["last"]` is the number of
    the last page that the feed names, None where it names none. An entry that is the app itself, which
    old feeds begin with, is none of the reviews.

    Raises:
        UnreadableError: it is no such feed.
    """
    if is_past_the_end(body):
        return Page(items=(), facts={"last": None})
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    feed = _xml_feed(body) if start.startswith(b"<") else _json_feed(body)
    entries = _listed(feed.get("entry"))
    read = (_review(entry, app, country) for entry in entries)
    items = once(item for item in read if item is not None)
    last = _last_page(feed)
    return Page(items=items, next=_following(page, len(entries), last), facts={"last": last})


def _following(page: int, entries: int, last: int | None) -> str | None:
    if entries == 0 or page >= PAGES:
        return None
    # Not by the feed's own link to the next page: it goes on past the end, and leads to XML.
    return None if entries < PER_PAGE and last is not None and last <= page else str(page + 1)


def _listed(raw: object) -> list[Mapping[str, Any]]:
    return [raw] if isinstance(raw, dict) else objects(raw)


def _json_feed(body: bytes) -> Mapping[str, Any]:
    feed = mapping(json_document(body, _WHAT)).get("feed")
    if not isinstance(feed, dict):
        raise UnreadableError(f"not {_WHAT}: the answer has no feed")
    return feed


def _xml_feed(body: bytes) -> Mapping[str, Any]:
    """Return a feed in XML as it would be in JSON. Its ampersands are not always escaped."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or _key(root) != "feed":
        raise UnreadableError(f"not {_WHAT}: the answer is neither its JSON nor its XML")
    return _children(root)


def _children(element: Any) -> dict[str, Any]:
    """Return an element's children by name; those of one name as a list."""
    found: dict[str, Any] = {}
    for child in element:
        key = _key(child)
        if not key:
            continue
        value = _children(child) if key in ("entry", "author") else _leaf(child)
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return found


def _leaf(element: Any) -> dict[str, Any]:
    return {"label": "".join(element.itertext()), "attributes": dict(element.attrib)}


def _key(element: Any) -> str:
    """Return an element's name as the JSON form has it: `im:rating`, `title`; empty for no element."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return f"im:{tag.removeprefix(_PREFIX)}" if tag.startswith(_PREFIX) else tag.rpartition("}")[2]


def _last_page(feed: Mapping[str, Any]) -> int | None:
    for link in _listed(feed.get("link")):
        attributes = mapping(link.get("attributes"))
        if attributes.get("rel") == "last" and (found := _PAGE.search(string(attributes.get("href")))):
            return int(found[1])
    return None


def _review(entry: Mapping[str, Any], app: str, country: str) -> Item | None:
    external_id = identity(_label(entry.get("id")))
    if external_id is None or "im:name" in entry or not ("im:rating" in entry or "author" in entry):
        return None
    title, text = name(_label(entry.get("title"))), words(_label(_plain_content(entry)))
    rating = stars(_label(entry.get("im:rating")))
    if not text and title is None and rating is None:
        return None
    return Item(
        external_id=external_id,
        url=_link(entry) or f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews",
        title=title,
        text=text,
        author=_author(mapping(entry.get("author"))),
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        engagement=Engagement(likes=count(_label(entry.get("im:voteSum")))),
        published_at=parse_moment(_label(entry.get("updated"))),
        item=app,
        extra=facts(
            version=name(_label(entry.get("im:version"))),
            country=country,
            votes=count(_label(entry.get("im:voteCount"))),
        ),
    )


def _label(raw: object) -> object:
    return raw.get("label") if isinstance(raw, dict) else raw


def _plain_content(entry: Mapping[str, Any]) -> object:
    """Return the content that is text; the other one is a table of HTML around the same words."""
    content = entry.get("content")
    if not isinstance(content, list):
        return content
    typed = ((mapping(one).get("attributes"), one) for one in content)
    return next((one for attributes, one in typed if mapping(attributes).get("type") == "text"), None)


def _link(entry: Mapping[str, Any]) -> str | None:
    links = (string(mapping(link.get("attributes")).get("href")) for link in _listed(entry.get("link")))
    return next((url for link in links if (url := web_url(link))), None)


def _author(raw: Mapping[str, Any]) -> Author | None:
    nickname = name(_label(raw.get("name")))
    if nickname is None:
        return None
    profile = web_url(string(_label(raw.get("uri"))).strip())
    return Author("app_store", nickname, name=nickname, profile_url=profile)
