"""Questions, answers and comments as the Stack Exchange API 2.3 gives them. Pure, run in the child.

Shapes: api.stackexchange.com/docs; the wrapper is described at /docs/wrapper, errors at /docs/error-handling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, names, number, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

_WHAT = "an answer of the Stack Exchange API"
_LONGEST_TITLE = 2000
_SECONDS = re.compile(r"\b(\d{1,6}) seconds?\b")
# The sites whose names in the API are not those of a subdomain of stackexchange.com.
_OWN_DOMAINS = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
    "askubuntu": "askubuntu.com",
    "stackapps": "stackapps.com",
    "mathoverflow": "mathoverflow.net",
}


def read_questions(body: bytes, site: str, answers: bool, comments: bool) -> Page:
    """Return the questions of a page, each followed by what came with it of `answers` and `comments`.

    `facts` holds what the wrapper says (`has_more`, `backoff` in seconds, `quota_remaining`) and
    `questions`: for each how many answers it has and when it was last active (epoch seconds). `oldest` and
    `newest` are the latter's extremes, since pages are asked for in the order of activity.

    Raises:
        UnreadableError: the answer is no such page; an error message of the service is passed on.
    """
    document, listed = _wrapper(body)
    items: list[Item] = []
    questions: dict[str, tuple[int, int]] = {}
    moments = []
    for raw in listed:
        identity = integer(raw.get("question_id"))
        if "answer_id" in raw:
            items += _with_it({"answers": [raw]}, site, identity, answers, comments)
            continue
        if identity is None:
            continue
        items.append(_question(raw, site, identity))
        items += _with_it(raw, site, identity, answers, comments)
        active = raw.get("last_activity_date") or raw.get("creation_date")
        questions[str(identity)] = (count(raw.get("answer_count")) or 0, integer(active) or 0)
        if (moment := parse_moment(active)) is not None:
            moments.append(moment)
    return Page(
        items=tuple(items),
        facts={**_told(document), "questions": questions},
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
    )


def read_replies(body: bytes, site: str) -> Page:
    """Return the answers or comments of a page; `facts` as those of `read_questions`, without questions.

    Raises:
        UnreadableError: the answer is no such page; an error message of the service is passed on.
    """
    document, listed = _wrapper(body)
    found = [
        item
        for raw in listed
        if (item := _answer(raw, site, None) if "answer_id" in raw else _comment(raw, site, None))
    ]
    return Page(items=tuple({item.external_id: item for item in found}.values()), facts=_told(document))


def error_of(body: bytes) -> tuple[str, str, int | None]:
    """Return an error's name, its message and the seconds to wait that it names; all may be empty."""
    try:
        document = mapping(json_document(body, _WHAT))
    except UnreadableError:
        return "", "", None
    message = one_line(string(document.get("error_message")))[:200]
    seconds = _SECONDS.search(message)
    return name(document.get("error_name")) or "", message, int(seconds[1]) if seconds else None


def site_host(site: str) -> str:
    """Return the host of a site that the API calls by `site`, such as `ar.stackoverflow` or `superuser`."""
    if site in _OWN_DOMAINS:
        return _OWN_DOMAINS[site]
    if site.endswith((".com", ".net")):
        return site
    parent = site.rpartition(".")[2]
    known = _OWN_DOMAINS.get(parent) if "." in site else None
    if known is not None:
        return site.removesuffix(parent) + known
    return f"{site.removesuffix('.stackexchange')}.stackexchange.com"


def _wrapper(body: bytes) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    document = json_document(body, _WHAT)
    listed = mapping(document).get("items")
    if not isinstance(listed, list):
        told = one_line(string(mapping(document).get("error_message")))[:200]
        raise UnreadableError(f"not {_WHAT}{f': {told}' if told else ''}")
    return mapping(document), objects(listed)


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "has_more": document.get("has_more") is True,
        "backoff": number(document.get("backoff")),
        "quota_remaining": integer(document.get("quota_remaining")),
    }


def _with_it(
    raw: Mapping[str, Any], site: str, identity: int | None, answers: bool, comments: bool
) -> Iterator[Item]:
    for answer in objects(raw.get("answers")):
        if answers and (item := _answer(answer, site, identity)) is not None:
            yield item
        if comments:
            yield from _comments(answer, site, integer(answer.get("answer_id")))
    if comments:
        yield from _comments(raw, site, identity)


def _comments(raw: Mapping[str, Any], site: str, post: int | None) -> Iterator[Item]:
    for comment in objects(raw.get("comments")):
        if (item := _comment(comment, site, post)) is not None:
            yield item


def _question(raw: Mapping[str, Any], site: str, identity: int) -> Item:
    answered = raw.get("is_answered")
    return _item(
        raw,
        site,
        external_id=f"{site}/{identity}",
        kind=MentionKind.POST,
        url=_link(raw) or f"https://{site_host(site)}/questions/{identity}",
        title=one_line(unescape(string(raw.get("title"))))[:_LONGEST_TITLE] or None,
        replies=count(raw.get("answer_count")),
        extra={
            "tags": names(raw.get("tags")) or None,
            "answered": answered if isinstance(answered, bool) else None,
            "accepted": integer(raw.get("accepted_answer_id")) is not None or None,
        },
    )


def _answer(raw: Mapping[str, Any], site: str, question: int | None) -> Item | None:
    identity = integer(raw.get("answer_id"))
    if identity is None:
        return None
    parent = integer(raw.get("question_id")) or question
    return _item(
        raw,
        site,
        external_id=f"{site}/{identity}",
        kind=MentionKind.COMMENT,
        url=_link(raw) or f"https://{site_host(site)}/a/{identity}",
        title=None,
        parent_id=f"{site}/{parent}" if parent is not None else None,
        replies=count(raw.get("comment_count")),
        extra={"accepted": raw.get("is_accepted") is True or None},
    )


def _comment(raw: Mapping[str, Any], site: str, post: int | None) -> Item | None:
    identity = integer(raw.get("comment_id"))
    if identity is None:
        return None
    parent = integer(raw.get("post_id")) or post
    place = f"https://{site_host(site)}/q/{parent}#comment{identity}_{parent}" if parent is not None else None
    return _item(
        raw,
        site,
        external_id=f"{site}/comment/{identity}",
        kind=MentionKind.COMMENT,
        url=_link(raw) or place,
        title=None,
        parent_id=f"{site}/{parent}" if parent is not None else None,
        extra={},
    )


def _item(
    raw: Mapping[str, Any],
    site: str,
    *,
    external_id: str,
    kind: MentionKind,
    url: str | None,
    title: str | None,
    extra: Mapping[str, Any],
    parent_id: str | None = None,
    replies: int | None = None,
) -> Item:
    score = integer(raw.get("score"))
    told = {"site": site, "score": score, "reputation": _reputation(raw), **extra}
    # The votes for it, or their balance with those against it, which is all that strangers are told.
    likes = count(raw.get("up_vote_count"))
    return Item(
        external_id=external_id,
        kind=kind,
        url=url,
        title=title,
        text=text_of_html(string(raw.get("body"))) or tidy(unescape(string(raw.get("body_markdown")))),
        author=_author(raw.get("owner"), site),
        engagement=Engagement(
            likes=count(score) if likes is None else likes,
            replies=replies,
            views=count(raw.get("view_count")),
        ),
        published_at=parse_moment(raw.get("creation_date")),
        parent_id=parent_id,
        extra={key: value for key, value in told.items() if value is not None},
    )


def _author(raw: object, site: str) -> Author | None:
    """Return the owner; somebody who left has a name but neither number nor profile."""
    owner = mapping(raw)
    shown = name(unescape(string(owner.get("display_name"))))
    identity = integer(owner.get("user_id"))
    if shown is None and identity is None:
        return None
    handle = str(identity) if identity is not None else str(shown)
    return Author(site_host(site), handle, name=shown, profile_url=web_url(string(owner.get("link"))))


def _reputation(raw: Mapping[str, Any]) -> int | None:
    return count(mapping(raw.get("owner")).get("reputation"))


def _link(raw: Mapping[str, Any]) -> str | None:
    link = web_url(string(raw.get("link")))
    return link if link and urlsplit(link).hostname else None
