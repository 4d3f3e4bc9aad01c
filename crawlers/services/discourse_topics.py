"""Topics as a Discourse forum lists them, what its search finds, and its categories. Pure, run in the child.

Shapes: docs.discourse.org (latest.json, c/…/l/latest.json, search.json, categories.json).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, names, objects, string
from crawlers.services.discourse_posts import WHAT, Forum, answered, identity_of, title_of, unreadable
from crawlers.text_of_html import text_of_html
from storage.records import Engagement, MentionKind

_TOPIC_PATH = re.compile(r"/t/(?:([^/]{1,300})/)?(\d{1,15})")


def read_topics(body: bytes, forum: Forum) -> Page:
    """Return the topics of a page of a list, without the text of their first post but for an excerpt.

    `next` is the number of the next page. `oldest` and `newest` are when the outermost were last active,
    pinned ones left aside. `facts["active"]` maps each topic's number to what changes when it does.

    Raises:
        UnreadableError: the answer is no such list; an error message of the forum is passed on.
    """
    document = json_document(body, WHAT)
    listed = mapping(mapping(document).get("topic_list")).get("topics")
    if not isinstance(listed, list):
        raise unreadable(document)
    people = {integer(one.get("id")): one for one in objects(document.get("users"))}
    topics = [one for one in objects(listed) if _is_public(one)]
    moments = [
        moment
        for one in objects(listed)
        if not (one.get("pinned") is True or one.get("pinned_globally") is True)
        and (moment := _active(one)) is not None
    ]
    items = {item.external_id: item for one in topics for item in (_topic(one, forum, people),)}
    return Page(
        items=tuple(items.values()),
        next=_next_page(mapping(document["topic_list"])),
        facts={"active": {str(integer(one["id"])): _signature(one) for one in topics}},
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
    )


def read_search(body: bytes, forum: Forum) -> Page:
    """Return the posts that a search found, with the piece of their text that it shows.

    `facts["more"]` tells whether there are more pages; `facts["found"]` maps the id of each item to the
    number of its post and to what is known of its topic. The oldest form, a list of groups, gives topics.

    Raises:
        UnreadableError: the answer is no such page; an error message of the forum is passed on.
    """
    document = json_document(body, WHAT)
    if isinstance(document, list):
        return Page(items=tuple(_grouped(document, forum)), facts={"more": False, "found": {}})
    posts, topics = mapping(document).get("posts"), objects(mapping(document).get("topics"))
    told = mapping(mapping(document).get("grouped_search_result"))
    if not isinstance(posts, list) and not topics and "grouped_search_result" not in mapping(document):
        raise unreadable(document)
    if error := name(told.get("error")):
        raise UnreadableError(f"the forum did not search: {error}")
    by_id = {integer(one.get("id")): one for one in topics}
    items: dict[str, Item] = {}
    found: dict[str, Any] = {}
    for one in objects(posts):
        if integer(one.get("id")) is not None:
            topic = by_id.get(integer(one.get("topic_id")), {})
            item = _hit(one, topic, forum)
            items[item.external_id] = item
            found[item.external_id] = [integer(one["id"]), dict(topic)]
    return Page(
        items=tuple(items.values()),
        facts={"more": told.get("more_full_page_results") is True, "found": found},
    )


def read_categories(body: bytes) -> dict[int, str]:
    """Return the names of a forum's categories and subcategories by their number.

    Raises:
        UnreadableError: the answer is no such list.
    """
    document = json_document(body, WHAT)
    listed = mapping(mapping(document).get("category_list")).get("categories")
    if not isinstance(listed, list):
        raise unreadable(document)
    found: dict[int, str] = {}
    for one in objects(listed):
        for category in (one, *objects(one.get("subcategory_list"))):
            identity, shown = integer(category.get("id")), name(category.get("name"))
            if identity is not None and shown is not None:
                found[identity] = shown
    return found


def _is_public(topic: Mapping[str, Any]) -> bool:
    return integer(topic.get("id")) is not None and topic.get("archetype") != "private_message"


def _active(topic: Mapping[str, Any]) -> Any:
    return next(
        (
            moment
            for key in ("bumped_at", "last_posted_at", "created_at")
            if (moment := parse_moment(topic.get(key))) is not None
        ),
        None,
    )


def _signature(topic: Mapping[str, Any]) -> str:
    keys = ("bumped_at", "last_posted_at", "highest_post_number", "posts_count", "like_count")
    return " ".join(str(topic.get(key))[:40] for key in keys)


def _topic(raw: Mapping[str, Any], forum: Forum, people: Mapping[int | None, Mapping[str, Any]]) -> Item:
    identity = integer(raw["id"]) or 0
    posts = count(raw.get("posts_count"))
    # Whoever began a topic comes first among its posters; what that is called is in the forum's language.
    posters = objects(raw.get("posters"))
    person = people.get(integer(posters[0].get("user_id")), {}) if posters else {}
    told = {
        "category": forum.category(raw.get("category_id")),
        "tags": names(raw.get("tags")) or None,
        "answered": answered(raw),
    }
    return Item(
        external_id=f"topic:{identity}",
        kind=MentionKind.POST,
        url=forum.topic_url(identity, raw.get("slug")),
        title=title_of(raw.get("title")) or title_of(raw.get("fancy_title")),
        text=text_of_html(string(raw.get("excerpt"))),
        author=forum.author(person.get("username"), person.get("name")),
        engagement=Engagement(
            likes=count(raw.get("like_count")),
            replies=None if posts is None else max(0, posts - 1),
            views=count(raw.get("views")),
        ),
        published_at=parse_moment(raw.get("created_at")),
        extra={key: value for key, value in told.items() if value is not None},
    )


def _hit(raw: Mapping[str, Any], topic: Mapping[str, Any], forum: Forum) -> Item:
    topic_id = integer(raw.get("topic_id"))
    place = integer(raw.get("post_number")) or 1
    is_first = place == 1 and topic_id is not None
    title = title_of(topic.get("title")) or title_of(raw.get("topic_title_headline"))
    told = {
        "category": forum.category(topic.get("category_id")),
        "tags": names(topic.get("tags")) or None,
        "topic": None if is_first else title,
        "answered": answered(topic) if is_first else None,
    }
    return Item(
        external_id=identity_of(raw),
        kind=MentionKind.POST if is_first else MentionKind.COMMENT,
        url=forum.topic_url(topic_id, topic.get("slug"), place) if topic_id is not None else None,
        title=title if is_first else None,
        text=text_of_html(string(raw.get("blurb"))),
        author=forum.author(raw.get("username"), raw.get("name")),
        engagement=Engagement(likes=count(raw.get("like_count"))),
        published_at=parse_moment(raw.get("created_at")),
        parent_id=None if is_first or topic_id is None else f"topic:{topic_id}",
        extra={key: value for key, value in told.items() if value is not None},
    )


def _grouped(groups: list[Any], forum: Forum) -> list[Item]:
    """Return the topics in the form of before 2014: groups of results that have a path and a title."""
    items: dict[str, Item] = {}
    for group in objects(groups):
        if group.get("type") not in ("topic", "post"):
            continue
        for one in objects(group.get("results")):
            place = _TOPIC_PATH.search(string(one.get("url")))
            identity = int(place[2]) if place else integer(one.get("id"))
            if identity is None:
                continue
            item = Item(
                external_id=f"topic:{identity}",
                kind=MentionKind.POST,
                url=forum.topic_url(identity, place[1] if place else None),
                title=title_of(one.get("title")),
                text=text_of_html(string(one.get("blurb"))),
            )
            items.setdefault(item.external_id, item)
    return list(items.values())


def _next_page(topic_list: Mapping[str, Any]) -> str | None:
    try:
        asked = parse_qs(urlsplit(string(topic_list.get("more_topics_url"))[:4000]).query).get("page")
    except ValueError:
        return None
    return asked[0] if asked and asked[0].isascii() and asked[0].isdigit() and len(asked[0]) < 8 else None
