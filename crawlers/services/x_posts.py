"""Posts as X's API gives them: pages of v2, lines of streams and archives, v1.1. Pure, run in the child.

https://docs.x.com/x-api/fundamentals/data-dictionary
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, mapping, name, objects, string
from crawlers.services.x_problems import withdrawn_ids, words_of
from crawlers.services.x_statuses import as_v2
from crawlers.text_of_html import tidy
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

# Ids hold the moment they were given out, in milliseconds from here, above 22 bits; older ids do not.
_EPOCH_MS = 1_288_834_974_657
_FIRST_TIMED_ID = 30_000_000_000
_ID = re.compile(r"[1-9]\d{0,18}")
_HANDLE = re.compile(r"\w{1,50}", re.ASCII)
# What `lang` says where it names no language: links alone, tags alone, undetermined, and the like.
_NO_LANGUAGE = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
_OLD_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")
_MEDIA_LINK = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/\S{1,100}/status/\d+/(?:photo|video)/\d+"
)
_SHORT_LINK = re.compile(r"https?://t\.co/\w{1,30}", re.ASCII)
_LONGEST_QUOTE = 1000


@dataclass(frozen=True, slots=True)
class _Included:
    """What is beside the posts: authors and the posts they answer, quote or repeat, by id."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    posts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_posts(body: bytes, retweets: bool = False) -> Page:
    """Return the posts of an answer, newest first as the API orders them; a post and its edits are one.

    The identity of a post is the id of its first version, so that an edit is a new revision. `next` is the id
    that older posts are below, or the API's own token where the page holds no post to tell. What the API says
    is deleted or withheld is `withdrawn`. Retweets are left out unless `retweets`.

    Raises:
        UnreadableError: it holds no posts, nor says that there are none; what the API says is passed on.
    """
    documents = _documents(body)
    found: list[tuple[Mapping[str, Any], _Included]] = []
    for document in documents:
        included = _included(mapping(document.get("includes")))
        found += [(post, included) for post in _posts(document)]
    _check(documents, found)
    kept: dict[str, tuple[int, Item]] = {}
    for post, included in found:
        if not retweets and _reference(post, "retweeted") is not None:
            continue
        item, version = _item(post, included), int(post["id"])
        if version > kept.get(item.external_id, (0,))[0]:
            kept[item.external_id] = version, item
    return Page(
        items=tuple(item for _, item in kept.values()),
        next=_next(documents, [post for post, _ in found]),
        withdrawn=tuple(one for one in withdrawn_ids(documents) if one not in kept),
        oldest=min((moment for post, _ in found if (moment := _created(post))), default=None),
    )


def id_at(moment: datetime) -> int:
    """Return the lowest id of a post of this moment (aware), for `since_id` and `until_id`."""
    return max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22


def _documents(body: bytes) -> list[Mapping[str, Any]]:
    """Return the objects in a body: one, a list of them, or one on each line."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        whole = _lines(body)
    if isinstance(whole, dict):
        return [whole]
    if isinstance(whole, list) and (not whole or objects(whole)):
        return objects(whole)
    raise UnreadableError("not an answer of X's API: it is not JSON, or not of its form")


def _lines(body: bytes) -> list[Any] | None:
    """Return what the lines of a body hold, less those that are broken; None where all are."""
    found = []
    for line in body.splitlines():
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return found or None


def _posts(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the posts of a document that have a usable id, in v2's form."""
    if "statuses" in document or "id_str" in document:
        statuses = objects(document.get("statuses")) if "statuses" in document else [document]
        raw: Iterable[Mapping[str, Any]] = map(as_v2, statuses)
    elif "data" in document:
        data = document["data"]
        raw = [data] if isinstance(data, dict) else objects(data)
    else:
        raw = [document] if "text" in document else []
    return [{**post, "id": one} for post in raw if (one := post_id(post.get("id"))) is not None]


def post_id(raw: object) -> str | None:
    """Return an id as its digits, None where it is none."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw) if 0 < raw < 2**63 else ""
    return raw if isinstance(raw, str) and _ID.fullmatch(raw) else None


def _check(documents: Sequence[Mapping[str, Any]], found: Sequence[object]) -> None:
    """Raise UnreadableError where there are no posts and nothing says that this is right."""
    if found:
        return
    for document in documents:
        data = document.get("data")
        if isinstance(data, list) and any("tweet_count" in one for one in objects(data)):
            raise UnreadableError("these are counts of posts, not posts")
        if data:
            raise UnreadableError("not an answer of X's API: none of what it holds has an id")
    whole = next(iter(documents), {})
    empty = mapping(whole.get("meta")).get("result_count") == 0 or whole.get("statuses") == []
    if not documents or empty or (whole.get("data") == [] and not whole.get("title")):
        return
    if withdrawn_ids(documents):
        return
    raise UnreadableError(f"X answered: {words_of(whole) or 'something that holds no posts'}")


def _included(raw: Mapping[str, Any]) -> _Included:
    users = {one: user for user in objects(raw.get("users")) if (one := post_id(user.get("id")))}
    posts = {one: post for post in objects(raw.get("tweets")) if (one := post_id(post.get("id")))}
    return _Included(users, posts)


def _item(post: Mapping[str, Any], included: _Included) -> Item:
    replied, quoted, repeated = (_reference(post, kind) for kind in ("replied_to", "quoted", "retweeted"))
    answered = replied or quoted or repeated
    author = _author(post, included)
    metrics = mapping(post.get("public_metrics"))
    # Posts from before views were counted (December 2022) say 0.
    views = count(metrics.get("impression_count")) or None
    handle = author.handle if author else "i"
    return Item(
        external_id=_identity(post),
        kind=MentionKind.COMMENT if replied else MentionKind.POST,
        text=_text(post, included, repeated),
        url=f"https://x.com/{handle}/status/{post['id']}",
        author=author,
        engagement=Engagement(
            likes=count(metrics.get("like_count")),
            replies=count(metrics.get("reply_count")),
            shares=_sum(metrics.get("retweet_count"), metrics.get("quote_count")),
            views=views,
        ),
        reach=views,
        published_at=_published(post),
        parent_id=_identity(included.posts.get(answered, {"id": answered})) if answered else None,
        language_hint=_language(post.get("lang")),
        extra=_extra(post, included, quoted),
    )


def _identity(post: Mapping[str, Any]) -> str:
    """Return the id of the first version of a post."""
    versions = post.get("edit_history_tweet_ids")
    ids = [one for one in map(post_id, versions[:50]) if one] if isinstance(versions, list) else []
    return min([str(post["id"]), *ids], key=int)


def _created(post: Mapping[str, Any]) -> datetime | None:
    """Return when this version of a post was published: as it says, or as its id does."""
    said = post.get("created_at")
    moment = parse_moment(said) if isinstance(said, str) else None
    return moment or _moment_of(post["id"])


def _published(post: Mapping[str, Any]) -> datetime | None:
    """Return when a post was first published: an edited one says when it was edited."""
    first = _identity(post)
    return _created(post) if first == post["id"] else _moment_of(first) or _created(post)


def _moment_of(one: str) -> datetime | None:
    if int(one) < _FIRST_TIMED_ID:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(int(one) >> 22) + _EPOCH_MS)


def _reference(post: Mapping[str, Any], kind: str) -> str | None:
    """Return the id of the post that this one answers, quotes or repeats."""
    for reference in objects(post.get("referenced_tweets")):
        if reference.get("type") == kind:
            return post_id(reference.get("id"))
    return None


def _author(post: Mapping[str, Any], included: _Included) -> Author | None:
    user = mapping(post.get("author")) or included.users.get(post_id(post.get("author_id")) or "", {})
    handle = string(user.get("username")).strip()
    if not _HANDLE.fullmatch(handle):
        return None
    verified = user.get("verified")
    return Author(
        "x",
        handle,
        name=name(user.get("name")),
        profile_url=f"https://x.com/{handle}",
        followers=count(mapping(user.get("public_metrics")).get("followers_count")),
        verified=verified if isinstance(verified, bool) else None,
    )


def _text(post: Mapping[str, Any], included: _Included, repeated: str | None) -> str:
    """Return the words of a post whole: the long form, and what a retweet repeats, are cut in `text`."""
    original = included.posts.get(repeated or "")
    if original is not None:
        opening = re.match(r"RT @\w{1,50}: ", string(post.get("text")))
        return f"{opening[0] if opening else 'RT '}{_own_text(original)}"
    return _own_text(post)


def _own_text(post: Mapping[str, Any]) -> str:
    note = mapping(post.get("note_tweet"))
    source = note if string(note.get("text")) else post
    # Links are looked for in both: what is attached stands only in the post's own entities.
    links = dict([*_links(source), *_links(post)])
    words = _SHORT_LINK.sub(lambda short: links.get(short[0], short[0]), string(source.get("text")))
    return tidy(html.unescape(words))


def _links(post: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield each shortened address in a post with what to read in its place: nothing for its own pictures."""
    for link in objects(mapping(post.get("entities")).get("urls"))[:100]:
        short = string(link.get("url"))
        whole = web_url(string(link.get("unwound_url"))) or web_url(string(link.get("expanded_url")))
        if whole is None:
            continue
        attached = "media_key" in link or _MEDIA_LINK.fullmatch(whole) is not None
        yield short, "" if attached or whole.endswith(f"/web/status/{post.get('id')}") else whole


def _extra(post: Mapping[str, Any], included: _Included, quoted: str | None) -> dict[str, Any]:
    quote = included.posts.get(quoted or "", {})
    versions = post.get("edit_history_tweet_ids")
    facts: dict[str, Any] = {
        "quoted_text": _own_text(quote)[:_LONGEST_QUOTE] if quote else None,
        "edited": isinstance(versions, list) and len(versions) > 1,
        "conversation": post_id(post.get("conversation_id")),
        "source": name(post.get("source")),
    }
    return {key: value for key, value in facts.items() if value}


def _next(documents: Sequence[Mapping[str, Any]], posts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return where the next older page begins, None at the end and in archives of several pages."""
    if len(documents) != 1:
        return None
    token = string(mapping(documents[0].get("meta")).get("next_token"))
    if not token:
        return None
    return min((str(post["id"]) for post in posts), key=int, default=token[:1000])


def _language(raw: object) -> str | None:
    code = string(raw)
    if code in _NO_LANGUAGE or not _LANGUAGE.fullmatch(code):
        return None
    return _OLD_LANGUAGES.get(code, code)


def _sum(*parts: object) -> int | None:
    known = [one for one in map(count, parts) if one is not None]
    return sum(known) if known else None
