"""What Algolia's search of Hacker News answers, read into stories and comments. Pure; run in the child.

The shapes are those of https://hn.algolia.com/api.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

from crawlers.dates import believed, parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import LONGEST_TITLE
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.text_of_html import one_line, text_of_html
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

SITE = "https://news.ycombinator.com"
_WHAT = "an answer of Hacker News search"
# Of those that were published in the second where a page ended, so many are told from new ones.
_MOST_KNOWN = 50
# Seconds since 1970 in which there may be something: from the site's opening to the end of unsigned 32 bits.
_OPENED, _LATEST = 1_160_000_000, 2**32


def read_hits(body: bytes, now: datetime, token: str | None = None) -> Page:
    """Return the stories and comments of a page that was asked for by date, the newest first.

    The search gives 1,000 hits and no more, so that pages are asked for by date and not by number. `next`
    is `SECOND:ID,ID`: the second, since 1970, that the next page begins with, and what was read of it
    already. `token` is that of this page; what it should not hold is left out.

    Raises:
        UnreadableError: it is no such answer; the message says what the search says instead.
    """
    document = mapping(json_document(body, _WHAT))
    listed = document.get("hits")
    if not isinstance(listed, list):
        said = name(document.get("message") or document.get("error"))
        raise UnreadableError(f"not {_WHAT}" + (f": it says {said}" if said else ""))
    bound, known = token_parts(token)
    fresh = [
        hit
        for hit in objects(listed)
        if _id_of(hit) not in known and (bound is None or (_second(hit) or bound) <= bound)
    ]
    items = tuple(item for hit in fresh if (item := _item(hit, now)) is not None)
    return Page(items=items, next=_next(fresh, bound, known) if _has_more(document, listed) else None)


def token_parts(token: str | None) -> tuple[int | None, tuple[str, ...]]:
    """Return the second of a token, and the ids of what was read of it; none for the first page."""
    second, _, ids = (token or "").partition(":")
    known = tuple(external_id for external_id in ids.split(",") if external_id)
    return int(second) if second.isascii() and second.isdigit() else None, known


def _has_more(document: Mapping[str, Any], listed: Sequence[object]) -> bool:
    pages = count(document.get("nbPages"))
    if pages is not None:
        return pages > 1
    return len(listed) >= max(1, count(document.get("hitsPerPage")) or 20)


def _next(fresh: Sequence[Mapping[str, Any]], bound: int | None, known: Sequence[str]) -> str | None:
    seconds = [second for hit in fresh if (second := _second(hit)) is not None]
    if not seconds:
        # All of the page was read before: what that second may still hold is passed over.
        return f"{bound - 1}:" if bound is not None and known else None
    oldest = min(seconds)
    ids = [external_id for hit in fresh if _second(hit) == oldest and (external_id := _id_of(hit))]
    if oldest == bound:
        ids = [*known, *ids]
    return f"{oldest}:{','.join(ids[:_MOST_KNOWN])}"


def _item(hit: Mapping[str, Any], now: datetime) -> Item | None:
    """Return a story or comment; None for what cannot be told apart or has no words."""
    external_id = _id_of(hit)
    is_comment = _is_comment(hit)
    title = None if is_comment else _title(_words(hit, "title"))
    text = text_of_html(_words(hit, "comment_text" if is_comment else "story_text"))
    if external_id is None or not (title or text):
        return None
    author = name(hit.get("author"))
    return Item(
        external_id=external_id,
        kind=MentionKind.COMMENT if is_comment else MentionKind.POST,
        text=text,
        url=f"{SITE}/item?id={external_id}",
        title=title,
        author=_author(author) if author else None,
        engagement=Engagement(likes=count(hit.get("points")), replies=count(hit.get("num_comments"))),
        published_at=_published(hit, now),
        parent_id=_number(hit.get("parent_id")) if is_comment else None,
        item=_title(_words(hit, "story_title")) if is_comment else None,
        extra=_extra(hit, is_comment),
    )


def _is_comment(hit: Mapping[str, Any]) -> bool:
    tags = hit.get("_tags")
    if isinstance(tags, list) and tags:
        return "comment" in tags
    return bool(hit.get("comment_text")) or (hit.get("parent_id") is not None and not hit.get("title"))


def _words(hit: Mapping[str, Any], field: str) -> str:
    """Return a field's words; where only the highlighted form is given, without its highlights."""
    if plain := string(hit.get(field)):
        return plain
    marked = string(mapping(mapping(hit.get("_highlightResult")).get(field)).get("value"))
    return marked.replace("<em>", "").replace("</em>", "")


def _second(hit: Mapping[str, Any]) -> int | None:
    second = count(hit.get("created_at_i"))
    if second is None and (moment := parse_moment(hit.get("created_at"))) is not None:
        second = int(moment.timestamp())
    return second if second is not None and _OPENED <= second < _LATEST else None


def _published(hit: Mapping[str, Any], now: datetime) -> datetime | None:
    second = _second(hit)
    return None if second is None else believed(datetime.fromtimestamp(second, UTC), now)


def _id_of(hit: Mapping[str, Any]) -> str | None:
    return _number(hit.get("objectID")) or _number(hit.get("id"))


def _author(handle: str) -> Author:
    return Author("hacker_news", handle, name=handle, profile_url=web_url(f"{SITE}/user?id={handle}"))


def _extra(hit: Mapping[str, Any], is_comment: bool) -> dict[str, Any]:
    link = web_url(string(hit.get("story_url" if is_comment else "url")))
    facts = {"link": link, "story_id": _number(hit.get("story_id")) if is_comment else None}
    return {key: value for key, value in facts.items() if value is not None}


def _number(raw: object) -> str | None:
    found = count(raw)
    return None if found is None else str(found)


def _title(raw: str) -> str | None:
    return one_line(unescape(raw))[:LONGEST_TITLE] or None
