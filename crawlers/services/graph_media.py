"""Posts and comments of Instagram, as the Graph API gives them. Pure.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-media and the pages beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, mapping, name, objects, string
from crawlers.services.graph_answers import answer_of, id_of, list_in, listed, next_cursor, next_page
from crawlers.services.graph_profiles import Profile, person, profile_of
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

_PLATFORM = "instagram"
_TYPES = frozenset({"IMAGE", "VIDEO", "CAROUSEL_ALBUM"})


def read_account_profile(body: bytes, account: str) -> Profile:
    """Return who an account is. Raises `UnreadableError` where the answer is no object."""
    return profile_of(answer_of(body), _PLATFORM, account)


def read_hashtag_id(body: bytes) -> str | None:
    """Return the id of a hashtag that was searched, None where Instagram knows none.

    Raises:
        UnreadableError: the answer is no list.
    """
    found = (id_of(one) for one in listed(answer_of(body)))
    return next((one for one in found if one.isdecimal()), None)


def read_media(body: bytes, owner: Profile | None = None) -> Page:
    """Return a page of posts; `owner` wrote those that name nobody, where it is known.

    The fact `comments` says how many comments each has, by its id.

    Raises:
        UnreadableError: the answer is no list of posts.
    """
    answer = list_in(answer_of(body))
    return _page(listed(answer), next_page(answer), owner, MentionKind.POST)


def read_media_counts(body: bytes) -> dict[str, int | None]:
    """Return how many comments posts have, by their ids. Raises `UnreadableError` where none are told of."""
    return {id_of(raw): count(raw.get("comments_count")) for raw in listed(answer_of(body))}


def read_discovered(body: bytes, username: str) -> Page:
    """Return a page of another business's posts, with its followers, out of a business discovery.

    Raises:
        UnreadableError: the answer is none.
    """
    told = answer_of(body).get("business_discovery")
    if not isinstance(told, dict):
        raise UnreadableError("not a business discovery of the Graph API")
    media = mapping(told.get("media"))
    owner = profile_of({"username": username, **told}, _PLATFORM, username)
    return _page(objects(media.get("data")), next_cursor(media), owner, MentionKind.COMPETITOR_POST)


def read_media_comments(body: bytes, media: str) -> Page:
    """Return a page of the comments under a post, each followed by the replies to it.

    Raises:
        UnreadableError: the answer is no list of comments.
    """
    answer = answer_of(body)
    comments = listed(answer)
    dates = (parse_moment(raw.get("timestamp")) for raw in reversed(comments))
    return Page(
        items=tuple(item for raw in comments for item in _thread(raw, media)),
        next=next_page(answer),
        # Replies are newer than what they answer, so that the last of them says nothing.
        oldest=next((moment for moment in dates if moment is not None), None),
    )


def _page(
    found: list[Mapping[str, Any]], older: str | None, owner: Profile | None, kind: MentionKind
) -> Page:
    items, comments = [], {}
    for raw in found:
        if not (media_id := id_of(raw)):
            continue
        items.append(_media(raw, media_id, owner, kind))
        comments[media_id] = count(raw.get("comments_count"))
    return Page(items=tuple(items), next=older, facts={"comments": comments})


def _media(raw: Mapping[str, Any], media_id: str, owner: Profile | None, kind: MentionKind) -> Item:
    form = string(raw.get("media_type"))
    return Item(
        external_id=media_id,
        text=string(raw.get("caption")).strip(),
        kind=kind,
        url=web_url(string(raw.get("permalink"))),
        author=_author(raw, owner),
        engagement=Engagement(
            likes=count(raw.get("like_count")),
            replies=count(raw.get("comments_count")),
            views=count(raw.get("view_count")),
        ),
        published_at=parse_moment(raw.get("timestamp")),
        extra={"media_type": form} if form in _TYPES else {},
    )


def _author(raw: Mapping[str, Any], owner: Profile | None) -> Author | None:
    username = name(raw.get("username"))
    if username is None:
        return owner.author() if owner else None
    if owner is not None and username == owner.username:
        return owner.author()
    return Author(_PLATFORM, username, profile_url=f"https://www.instagram.com/{username}/")


def _thread(raw: Mapping[str, Any], media: str) -> Iterator[Item]:
    comment = _comment(raw, media)
    if comment is None:
        return
    yield comment
    for reply in objects(mapping(raw.get("replies")).get("data")):
        if (answer := _comment(reply, comment.external_id)) is not None:
            yield answer


def _comment(raw: Mapping[str, Any], parent: str) -> Item | None:
    if not (comment_id := id_of(raw)):
        return None
    return Item(
        external_id=comment_id,
        text=string(raw.get("text")).strip(),
        kind=MentionKind.COMMENT,
        author=_author(raw, None) or person(raw.get("from") or raw.get("user"), _PLATFORM),
        engagement=Engagement(likes=count(raw.get("like_count")), replies=_replies(raw.get("replies"))),
        published_at=parse_moment(raw.get("timestamp")),
        parent_id=string(raw.get("parent_id"))[:200] or parent,
    )


def _replies(raw: object) -> int | None:
    told = mapping(raw).get("data")
    return len(told) if isinstance(told, list) else None
