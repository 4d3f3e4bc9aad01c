"""Posts, comments and recommendations of Facebook pages, as the Graph API gives them. Pure.

https://developers.facebook.com/docs/graph-api/reference/page-post and the pages beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawlers.dates import parse_moment
from crawlers.items import Item, Page
from crawlers.json_values import count, mapping, objects, string
from crawlers.services.graph_answers import answer_of, id_of, list_in, listed, next_page
from crawlers.services.graph_profiles import Profile, person, profile_of
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

_PLATFORM = "facebook"
# Facebook replaced its stars by these two in 2018, and counts them as the ends of the same scale.
_RECOMMENDED = {"positive": 5.0, "negative": 1.0}


def read_page_profile(body: bytes, page: str) -> Profile:
    """Return who a page is. Raises `UnreadableError` where the answer is no object."""
    return profile_of(answer_of(body), _PLATFORM, page)


def read_posts(body: bytes, page: Profile, kind: MentionKind) -> Page:
    """Return a page of posts; `page` is whose feed it is, and `kind` what its own posts are.

    The fact `comments` says how many comments each post has, by its id.

    Raises:
        UnreadableError: the answer is no list of posts.
    """
    answer = list_in(answer_of(body))
    items, comments = [], {}
    for raw in listed(answer):
        if not (post_id := id_of(raw)):
            continue
        items.append(_post(raw, post_id, page, kind))
        comments[post_id] = _total(raw, "comments")
    return Page(items=tuple(items), next=next_page(answer), facts={"comments": comments})


def read_post_counts(body: bytes) -> dict[str, int | None]:
    """Return how many comments posts have, by their ids. Raises `UnreadableError` where none are told of."""
    return {id_of(raw): _total(raw, "comments") for raw in listed(answer_of(body))}


def read_comments(body: bytes, post: str) -> Page:
    """Return a page of the comments under a post, replies among them.

    Raises:
        UnreadableError: the answer is no list of comments.
    """
    answer = answer_of(body)
    items = (_comment(raw, post) for raw in listed(answer))
    return Page(items=tuple(item for item in items if item is not None), next=next_page(answer))


def read_recommendations(body: bytes, page: Profile) -> Page:
    """Return a page of recommendations, once stars, of a page.

    Raises:
        UnreadableError: the answer is no list of them.
    """
    answer = list_in(answer_of(body))
    items = (_recommendation(raw, page) for raw in listed(answer))
    return Page(items=tuple(item for item in items if item is not None), next=next_page(answer))


def _post(raw: Mapping[str, Any], post_id: str, page: Profile, kind: MentionKind) -> Item:
    url = web_url(string(raw.get("permalink_url")))
    author = _author(raw, url, page)
    own = author is not None and author.handle in (page.username, page.id)
    return Item(
        external_id=post_id,
        text=_text(raw),
        kind=kind if own or author is None else MentionKind.POST,
        url=url,
        author=author,
        engagement=Engagement(
            likes=_total(raw, "reactions", "likes"),
            replies=_total(raw, "comments"),
            shares=count(mapping(raw.get("shares")).get("count")),
        ),
        published_at=parse_moment(raw.get("created_time")),
    )


def _author(raw: Mapping[str, Any], url: str | None, page: Profile) -> Author | None:
    """Return who wrote a post. The names of people are hidden from most; then the post's address tells.

    A visitor's post in a page's feed has its address under the visitor.
    """
    told = person(raw.get("from"), _PLATFORM)
    if told is None:
        under = urlsplit(url or "").path.strip("/").split("/")[0].casefold()
        own = {page.id.casefold(), (page.username or page.id).casefold()}
        return page.author() if under in own else None
    return page.author() if id_of(mapping(raw.get("from"))) == page.id else told


def _text(raw: Mapping[str, Any]) -> str:
    """Return what a post says: its message, else what it shares, else what Facebook says of it."""
    if message := string(raw.get("message")).strip():
        return message
    for shared in objects(mapping(raw.get("attachments")).get("data")):
        parts = (string(shared.get(key)).strip() for key in ("title", "description"))
        if text := "\n".join(part for part in parts if part):
            return text
    return string(raw.get("story")).strip()


def _comment(raw: Mapping[str, Any], post: str) -> Item | None:
    url = web_url(string(raw.get("permalink_url")))
    own_id, answered = _ids_in(url, post)
    comment_id = id_of(raw) or own_id
    if comment_id is None:
        return None
    return Item(
        external_id=comment_id,
        text=string(raw.get("message")).strip(),
        kind=MentionKind.COMMENT,
        url=url,
        author=person(raw.get("from"), _PLATFORM),
        engagement=Engagement(likes=count(raw.get("like_count")), replies=count(raw.get("comment_count"))),
        published_at=parse_moment(raw.get("created_time")),
        parent_id=id_of(mapping(raw.get("parent"))) or answered or post,
    )


def _ids_in(url: str | None, post: str) -> tuple[str | None, str | None]:
    """Return the ids of a comment and of the comment it answers, as its address tells them."""
    query = parse_qs(urlsplit(url or "").query)
    comment, reply = (query.get(key, [""])[0] for key in ("comment_id", "reply_comment_id"))
    if not comment.isdecimal() or (reply and not reply.isdecimal()):
        return None, None
    under = post.rpartition("_")[2]
    if reply:
        return f"{under}_{reply}", f"{under}_{comment}"
    return f"{under}_{comment}", None


def _recommendation(raw: Mapping[str, Any], page: Profile) -> Item | None:
    kind = string(raw.get("recommendation_type")).casefold()
    stars = count(raw.get("rating"))
    rating = float(stars) if stars is not None and 1 <= stars <= 5 else _RECOMMENDED.get(kind)
    text = string(raw.get("review_text")).strip()
    if rating is None and not text:
        return None
    reviewer = mapping(raw.get("reviewer"))
    moment = parse_moment(raw.get("created_time"))
    story = id_of(mapping(raw.get("open_graph_story"))) or id_of(raw)
    return Item(
        external_id=story or _digest(id_of(reviewer) or string(reviewer.get("name")), moment, text),
        text=text,
        kind=MentionKind.REVIEW,
        author=person(reviewer, _PLATFORM),
        rating=rating,
        rating_scale=None if rating is None else 5.0,
        published_at=moment,
        item=page.name or page.username or page.id,
        extra={"recommendation": kind} if kind in _RECOMMENDED else {},
    )


def _digest(writer: str, moment: object, text: str) -> str:
    """Return an identity: a writer's one recommendation of a page; without a writer, what it says."""
    material = f"{writer}\x1f{moment}" if writer else f"\x1f{moment}\x1f{text}"
    return "hash:" + blake2b(material.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _total(raw: Mapping[str, Any], *edges: str) -> int | None:
    totals = (count(mapping(mapping(raw.get(edge)).get("summary")).get("total_count")) for edge in edges)
    return next((total for total in totals if total is not None), None)
