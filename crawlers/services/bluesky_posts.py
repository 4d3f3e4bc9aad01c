"""Posts, people and sessions as Bluesky's API gives them (lexicons app.bsky.feed, app.bsky.actor). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import language_tag
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.text_of_html import one_line, tidy
from storage.records import Author, Engagement, MentionKind

_WEB = "https://bsky.app/profile/"
_NO_HANDLE = "handle.invalid"
# Labels with which a moderation service says that a post or a whole account is not to be shown at all.
_WITHHELD = frozenset({"!takedown", "!suspend", "!hide"})
_SIGNED_IN_ONLY = "!no-unauthenticated"
_LONGEST_URI = 500


@dataclass(frozen=True, slots=True)
class Session:
    """What a login gives: a token for a few hours, and one to get the next with."""

    access: str
    refresh: str


def read_posts(body: bytes, reposts: bool) -> Page:
    """Return the posts of a page of `searchPosts` or `getAuthorFeed`, reposted ones only if `reposts`.

    A reposted post is its writer's, as it would be found anywhere else. `oldest` and `newest` are by the
    date that Bluesky sorts by: when a post was made or, if that claims to be later, when it was seen; of a
    repost, when it was reposted. Posts that their labels withhold, and those that others quote or answer
    and that are said to be gone, are withdrawn.

    Raises:
        UnreadableError: the answer holds no posts; an error message of the service is passed on.
    """
    document = mapping(json_document(body, "a page of Bluesky posts"))
    listed = document.get("posts") if "posts" in document else document.get("feed")
    if not isinstance(listed, list):
        told = problem(body)[1]
        raise UnreadableError(f"not a page of Bluesky posts{f': {told}' if told else ''}")
    items: dict[str, Item] = {}
    withheld: dict[str, None] = {}
    gone: dict[str, None] = {}
    oldest = newest = None
    for one in objects(listed):
        post = mapping(one.get("post")) if "post" in one else one
        uri, reason = _uri(post.get("uri")), mapping(one.get("reason"))
        reposted = string(reason.get("$type")).endswith("#reasonRepost") or "by" in reason
        oldest = (parse_moment(reason.get("indexedAt")) if reposted else _published(post)) or oldest
        newest = newest or oldest
        gone.update(dict.fromkeys(_gone(one, post)))
        if uri is None or (reposted and not reposts):
            continue
        if _labels(post) & _WITHHELD:
            withheld[uri] = None
        elif post.get("record") is not None:
            items.setdefault(uri, _item(uri, post))
    return Page(
        items=tuple(item for uri, item in items.items() if uri not in withheld),
        next=string(document.get("cursor"))[:1000] or None,
        withdrawn=(*withheld, *(uri for uri in gone if uri not in items and uri not in withheld)),
        oldest=oldest,
        newest=newest,
    )


def read_profiles(body: bytes) -> dict[str, int | None]:
    """Return how many followers each person in an answer of `getProfiles` has, by identifier (DID).

    Raises:
        UnreadableError: it is no such answer.
    """
    document = mapping(json_document(body, "a list of Bluesky profiles"))
    if not isinstance(document.get("profiles"), list):
        raise UnreadableError("not a list of Bluesky profiles")
    people = objects(document["profiles"])
    return {string(one.get("did")): count(one.get("followersCount")) for one in people if one.get("did")}


def read_session(body: bytes) -> Session:
    """Return the tokens in an answer of `createSession` or `refreshSession`.

    Raises:
        UnreadableError: there are none.
    """
    document = mapping(json_document(body, "a session of Bluesky"))
    access, refresh = string(document.get("accessJwt")), string(document.get("refreshJwt"))
    if not access.isascii() or not access.isprintable() or not access:
        raise UnreadableError("not a session of Bluesky: it has no token")
    return Session(access, refresh if refresh.isascii() and refresh.isprintable() else "")


def problem(body: bytes) -> tuple[str, str]:
    """Return what an answer that is an error says: the error's name and the words; empty if nothing."""
    try:
        document = mapping(json_document(body, "an error"))
    except UnreadableError:
        return "", ""
    known = one_line(string(document.get("error")))[:100]
    return known, one_line(string(document.get("message")))[:200] or known


def did_of(uri: str) -> str:
    """Return the identifier of who wrote the post at an `at://` address."""
    return uri.removeprefix("at://").partition("/")[0]


def _item(uri: str, post: Mapping[str, Any]) -> Item:
    record, handle = mapping(post.get("record")), _handle(post)
    answered = _uri(mapping(mapping(record.get("reply")).get("parent")).get("uri"))
    languages = record.get("langs")
    language = language_tag(languages[0]) if isinstance(languages, list) and languages else None
    return Item(
        external_id=uri,
        kind=MentionKind.COMMENT if answered else MentionKind.POST,
        url=f"{_WEB}{handle or did_of(uri)}/post/{uri.rpartition('/')[2]}",
        text=_text(record, mapping(post.get("embed"))),
        author=_author(mapping(post.get("author")), did_of(uri), handle),
        engagement=Engagement(
            likes=count(post.get("likeCount")),
            replies=count(post.get("replyCount")),
            shares=_shares(post),
        ),
        published_at=_published(post),
        parent_id=answered,
        language_hint=language,
        extra=_extra(post, record),
    )


def _extra(post: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if quoted := _quoted(mapping(record.get("embed"))):
        extra["quotes"] = quoted
    if labels := sorted(_labels({"labels": post.get("labels")}))[:10]:
        extra["labels"] = labels
    if _SIGNED_IN_ONLY in _labels(mapping(post.get("author"))):
        # The author asks that people who are not signed in not be shown this.
        extra["signed_in_only"] = True
    return extra


def _text(record: Mapping[str, Any], embed: Mapping[str, Any]) -> str:
    written = tidy(string(record.get("text")))
    if written:
        return written
    media = [mapping(record.get("embed")), mapping(mapping(record.get("embed")).get("media"))]
    media += [embed, mapping(embed.get("media"))]
    for one in media:
        described = [string(picture.get("alt")) for picture in objects(one.get("images"))]
        linked = mapping(one.get("external"))
        parts = [*described, string(one.get("alt")), string(linked.get("title"))]
        parts.append(string(linked.get("description")))
        if text := "\n".join(part for part in map(tidy, parts) if part):
            return text
    return ""


def _quoted(embed: Mapping[str, Any]) -> str | None:
    """Return the address of the post that a post's embed quotes, also one with media beside it."""
    record = mapping(embed.get("record"))
    uri = _uri(record.get("uri")) or _uri(mapping(record.get("record")).get("uri"))
    return uri if uri and "/app.bsky.feed.post/" in uri else None


def _gone(one: Mapping[str, Any], post: Mapping[str, Any]) -> list[str]:
    """Return the addresses of posts that a post quotes or answers and that are said to be not there."""
    embed, reply = mapping(post.get("embed")), mapping(one.get("reply"))
    quoted = mapping(embed.get("record"))
    views = [quoted, mapping(quoted.get("record")), mapping(reply.get("parent")), mapping(reply.get("root"))]
    found = [_uri(view.get("uri")) for view in views if view.get("notFound") is True]
    return [uri for uri in found if uri is not None]


def _author(author: Mapping[str, Any], did: str, handle: str | None) -> Author:
    checked = mapping(author.get("verification")).get("verifiedStatus")
    return Author(
        "bluesky",
        handle or did,
        name=name(author.get("displayName")),
        profile_url=f"{_WEB}{handle or did}",
        followers=count(author.get("followersCount")),
        verified=None if checked is None else checked == "valid",
    )


def _handle(post: Mapping[str, Any]) -> str | None:
    handle = one_line(string(mapping(post.get("author")).get("handle"))[:300])
    return None if not handle or handle == _NO_HANDLE or "/" in handle or " " in handle else handle


def _shares(post: Mapping[str, Any]) -> int | None:
    reposts, quotes = count(post.get("repostCount")), count(post.get("quoteCount"))
    return None if reposts is None and quotes is None else (reposts or 0) + (quotes or 0)


def _published(post: Mapping[str, Any]) -> datetime | None:
    """Return when a post was made: its own word, unless it claims to be made after it was seen."""
    made = parse_moment(mapping(post.get("record")).get("createdAt"))
    seen = parse_moment(post.get("indexedAt"))
    return seen if made is None or (seen is not None and made > seen) else made


def _labels(labelled: Mapping[str, Any]) -> set[str]:
    """Return the labels of a post or person; of a post, its author's too where they withhold everything."""
    own = {
        string(one.get("val"))[:100] for one in objects(labelled.get("labels")) if one.get("neg") is not True
    }
    writer = mapping(labelled.get("author"))
    return own | (_labels({"labels": writer.get("labels")}) & _WITHHELD) if writer else own


def _uri(raw: object) -> str | None:
    uri = string(raw)
    fits = uri.startswith("at://") and len(uri) <= _LONGEST_URI and uri.isprintable() and " " not in uri
    return uri if fits else None
