"""Posts as a Discourse forum gives them: of the whole forum, of a topic, or one. Pure, run in the child.

Shapes: docs.discourse.org (posts.json, t/{id}.json, t/{id}/posts.json, posts/{id}.json).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, names, number, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from storage.records import Author, Engagement, MentionKind

WHAT = "an answer of a Discourse forum"
_LONGEST_TITLE = 2000
# Post types: 3 says that a topic was closed, moved and the like; 4 is whispered among the staff.
_NO_POSTS = (3, 4)
_LIKE = 2


@dataclass(frozen=True, slots=True)
class Forum:
    """Where posts are read: the forum's address, and its categories' names by their number."""

    base_url: str
    categories: Mapping[int, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Return the forum's host, the platform that its people are on."""
        return urlsplit(self.base_url).hostname or ""

    def topic_url(self, topic_id: int, slug: object, post_number: int = 1) -> str:
        """Return the address of a topic, or of one post in it."""
        place = f"/{post_number}" if post_number > 1 else ""
        shown = quote(string(slug)[:300], safe="-._~%") or "-"
        return f"{self.base_url.rstrip('/')}/t/{shown}/{topic_id}{place}"

    def author(self, username: object, full_name: object) -> Author | None:
        """Return a person of this forum, None where the name is not told."""
        handle = name(username)
        if handle is None:
            return None
        profile = f"{self.base_url.rstrip('/')}/u/{quote(handle, safe='')}"
        return Author(self.host, handle, name=name(full_name), profile_url=profile)

    def category(self, raw: object) -> str | None:
        """Return the name of a category by its number, or the number where the name is not known."""
        identity = integer(raw)
        return None if identity is None else self.categories.get(identity, str(identity))


def read_posts(body: bytes, forum: Forum, topic: Mapping[str, Any] | None = None) -> Page:
    """Return the posts of an answer of any of the four shapes; small notices are left out.

    `topic` is what is known of the topic of a single post, as the forum wrote it. Hidden and deleted posts
    are withdrawn. `facts` holds `first`, the lowest id on the page, `ids`, those of its posts, and `stream`,
    those of all posts of a topic, which are more than came with it.

    Raises:
        UnreadableError: the answer is no such page; an error message of the forum is passed on.
    """
    document = json_document(body, WHAT)
    listed = _listed(document)
    if listed is None:
        raise unreadable(document)
    raw = [one for one in objects(listed) if integer(one.get("id")) is not None]
    known = topic if topic is not None else mapping(document)
    numbers = {(integer(one.get("topic_id")), integer(one.get("post_number"))): one["id"] for one in raw}
    gone = [identity_of(one) for one in raw if _withheld(one)]
    items = {
        item.external_id: item
        for one in raw
        if not _withheld(one) and integer(one.get("post_type")) not in _NO_POSTS
        for item in (_post(one, forum, known if _is_of(one, known) else {}, numbers),)
    }
    came = [found for one in raw if (found := integer(one["id"])) is not None]
    stream = mapping(mapping(document).get("post_stream")).get("stream")
    ids = [found for one in stream if (found := integer(one)) is not None] if isinstance(stream, list) else []
    return Page(
        items=tuple(items.values()),
        withdrawn=tuple(gone),
        facts={"first": min(came, default=None), "ids": came, "stream": ids},
    )


def identity_of(post: Mapping[str, Any]) -> str:
    """Return the id of a post: its topic's if it is the first there, since topics are listed without it."""
    topic_id = integer(post.get("topic_id"))
    if topic_id is not None and integer(post.get("post_number")) == 1:
        return f"topic:{topic_id}"
    return f"post:{integer(post['id'])}"


def unreadable(document: object) -> UnreadableError:
    """Return the error for an answer of another shape, with what the forum says if it says anything."""
    told = error_words(document)
    return UnreadableError(f"not {WHAT}{f': {told}' if told else ''}")


def error_words(document: object) -> str:
    """Return what an error answer says, on one line and of a bearable length; empty if nothing."""
    errors = mapping(document).get("errors")
    said = errors if isinstance(errors, list) else [mapping(document).get("error"), errors]
    return one_line(" ".join(string(one) for one in said[:5]))[:200]


def wait_seconds(body: bytes) -> tuple[str, float | None]:
    """Return what an error answer says, and after how many seconds to ask again if it says so."""
    try:
        document = json_document(body, WHAT)
    except UnreadableError:
        return "", None
    seconds = number(mapping(mapping(document).get("extras")).get("wait_seconds"))
    return error_words(document), seconds if seconds is not None and seconds > 0 else None


def title_of(raw: object) -> str | None:
    """Return a title on one line, None where there is none."""
    return one_line(unescape(string(raw)))[:_LONGEST_TITLE] or None


def own_words(cooked: str) -> str:
    """Return the HTML of a post without what it quotes and without previews of what it links to.

    Both are `<aside>`s. Where nothing is left, the post is its quotation and is returned whole.
    """
    parts = cooked.split("<aside")
    kept, depth = [parts[0]], 0
    for part in parts[1:]:
        depth += 1
        *inside, rest = part.split("</aside>")
        depth = max(0, depth - len(inside))
        if inside and depth == 0:
            kept.append(rest)
    return whole if text_of_html(whole := "".join(kept)) else cooked


def _listed(document: object) -> object:
    found = mapping(document)
    if "latest_posts" in found:
        return found["latest_posts"]
    if "post_stream" in found:
        return mapping(found["post_stream"]).get("posts")
    return [found] if "cooked" in found or "raw" in found else None


def _is_of(post: Mapping[str, Any], topic: Mapping[str, Any]) -> bool:
    """Tell whether a topic is the post's own; where either does not say which it is, it is taken to be."""
    mine, its = integer(post.get("topic_id")), integer(topic.get("id"))
    return mine is None or its is None or mine == its


def _withheld(post: Mapping[str, Any]) -> bool:
    return bool(post.get("deleted_at")) or post.get("hidden") is True or post.get("user_deleted") is True


def _post(
    raw: Mapping[str, Any],
    forum: Forum,
    topic: Mapping[str, Any],
    numbers: Mapping[tuple[int | None, int | None], Any],
) -> Item:
    topic_id = integer(raw.get("topic_id"))
    place = integer(raw.get("post_number")) or 1
    is_first = place == 1 and topic_id is not None
    title = title_of(topic.get("title")) or title_of(raw.get("topic_title"))
    slug = raw.get("topic_slug") or topic.get("slug")
    return Item(
        external_id=identity_of(raw),
        kind=MentionKind.POST if is_first else MentionKind.COMMENT,
        url=forum.topic_url(topic_id, slug, place) if topic_id is not None else None,
        title=title if is_first else None,
        text=_text(raw),
        author=forum.author(raw.get("username"), raw.get("name")),
        engagement=Engagement(
            likes=_likes(raw),
            replies=_replies(raw, topic) if is_first else count(raw.get("reply_count")),
            views=count(topic.get("views")) if is_first and "views" in topic else count(raw.get("reads")),
        ),
        published_at=parse_moment(raw.get("created_at")),
        parent_id=None if is_first else _parent(raw, numbers),
        language_hint=name(raw.get("locale")),
        extra=_extra(raw, forum, topic, title, is_first),
    )


def _text(raw: Mapping[str, Any]) -> str:
    if cooked := string(raw.get("cooked")):
        return text_of_html(own_words(cooked))
    return tidy(string(raw.get("raw")))


def _likes(raw: Mapping[str, Any]) -> int | None:
    """Return how many liked a post; the list of actions leaves out those that nobody took."""
    reactions = count(raw.get("reaction_users_count"))
    actions = raw.get("actions_summary")
    if not isinstance(actions, list):
        return reactions if reactions is not None else count(raw.get("like_count"))
    liked = next((count(one.get("count")) for one in objects(actions) if one.get("id") == _LIKE), 0)
    return max(liked or 0, reactions or 0)


def _replies(raw: Mapping[str, Any], topic: Mapping[str, Any]) -> int | None:
    posts = count(topic.get("posts_count"))
    if posts is None:
        posts = count(raw.get("posts_count"))
    return max(0, posts - 1) if posts is not None else count(raw.get("reply_count"))


def _parent(raw: Mapping[str, Any], numbers: Mapping[tuple[int | None, int | None], Any]) -> str | None:
    """Return what a post answers: the post whose number it names, if that is on the page, else the topic."""
    topic_id, to = integer(raw.get("topic_id")), integer(raw.get("reply_to_post_number"))
    if topic_id is None:
        return None
    answered = numbers.get((topic_id, to)) if to is not None and to > 1 else None
    return f"topic:{topic_id}" if answered is None else f"post:{integer(answered)}"


def _extra(
    raw: Mapping[str, Any], forum: Forum, topic: Mapping[str, Any], title: str | None, is_first: bool
) -> dict[str, Any]:
    category = raw["category_id"] if "category_id" in raw else topic.get("category_id")
    told = {
        "score": number(raw.get("score")),
        "category": forum.category(category),
        "tags": names(topic.get("tags")) or None,
        "topic": None if is_first else title,
        "answered": answered(topic) if is_first else None,
        "accepted": raw.get("accepted_answer") is True or None,
        "staff": raw.get("staff") is True or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def answered(topic: Mapping[str, Any]) -> bool | None:
    """Tell whether an answer to a topic was accepted, None where the forum has no such thing."""
    if isinstance(topic.get("accepted_answer"), dict):
        return True
    stated = topic.get("has_accepted_answer")
    return stated if isinstance(stated, bool) else None


def missing_ids(page: Page, most: int) -> list[int]:
    """Return the ids of a topic's posts that did not come with it, the newest `most` of them, ascending."""
    rest = sorted(set(page.facts["stream"]) - set(page.facts["ids"]))
    return rest[-most:] if most > 0 else []
