"""Issues, pull requests and their comments as GitHub's REST API gives them. Pure, run in the child.

Shapes: docs.github.com/en/rest/issues and /search, also of GitHub Enterprise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, json_document, mapping, name, names, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

_WHAT = "an answer of GitHub's API"
_REPOSITORY = re.compile(
    r"/(?:repos/)?([\w.-]{1,100}/[\w.-]{1,100})(?:/(?:issues|pull|pulls)/(\d{1,18}))?/?(?:#.*)?$"
)
_GLAD = ("+1", "heart", "hooray", "laugh", "rocket")
_UNHAPPY = ("-1", "confused")
_LONGEST_TITLE = 2000


def read_issues(body: bytes, pull_requests: bool) -> Page:
    """Return the issues (and `pull_requests`, if asked for) of a list or a search, as served.

    `oldest` and `newest` are when the outermost were updated, since the lists are asked for in that order;
    `facts["incomplete"]` says that a search ran out of time, `facts["served"]` how many the page held.

    Raises:
        UnreadableError: the answer is no such page; an error message of the service is passed on.
    """
    document = json_document(body, _WHAT)
    page = _page(document, lambda raw: _issue(raw, pull_requests))
    incomplete = mapping(document).get("incomplete_results") is True
    return replace(page, facts={**page.facts, "incomplete": incomplete})


def read_comments(body: bytes, pull_requests: bool) -> Page:
    """Return the comments on issues (and on `pull_requests`, if asked for) of a list, as served.

    Raises:
        UnreadableError: the answer is no such list; an error message of the service is passed on.
    """
    return _page(json_document(body, _WHAT), lambda raw: _comment(raw, pull_requests))


def error_message(body: bytes) -> str:
    """Return what an error answer says, on one line and of a bearable length; empty if nothing."""
    try:
        document = mapping(json_document(body, _WHAT))
    except UnreadableError:
        return ""
    details = [string(one.get("message")) for one in objects(document.get("errors"))[:3]]
    said = (string(document.get("message")).rstrip(". "), *details)
    return one_line(": ".join(part for part in said if part))[:200]


def plain_markdown(written: str) -> str:
    """Return Markdown without the HTML comments that templates leave in it."""
    parts = written.split("<!--")
    return tidy(parts[0] + "".join(part.partition("-->")[2] for part in parts[1:]))


def _page(document: object, item_of: Callable[[Mapping[str, Any]], Item | None]) -> Page:
    listed = document
    if isinstance(document, dict):
        listed = [document] if "id" in document else document.get("items")
    if not isinstance(listed, list):
        told = one_line(string(mapping(document).get("message")))[:200]
        raise UnreadableError(f"not {_WHAT}{f': {told}' if told else ''}")
    raw = objects(listed)
    items: dict[str, Item] = {}
    for one in raw:
        item = item_of(one)
        if item is not None:
            items.setdefault(item.external_id, item)
    moments = [at for one in raw if (at := parse_moment(one.get("updated_at"))) is not None]
    return Page(
        items=tuple(items.values()),
        facts={"served": len(listed)},
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
    )


def _issue(raw: Mapping[str, Any], pull_requests: bool) -> Item | None:
    number = count(raw.get("number"))
    repository = _repository(raw)[0]
    is_pull_request = isinstance(raw.get("pull_request"), dict) or "/pull/" in string(raw.get("html_url"))
    if number is None or repository is None or (is_pull_request and not pull_requests):
        return None
    comments = count(raw.get("comments"))
    extra = {
        **_extra(raw, repository),
        "state": name(raw.get("state")),
        "labels": names(raw.get("labels")) or None,
        "answered": None if comments is None else comments > 0,
        "pull_request": is_pull_request or None,
    }
    return Item(
        external_id=f"{repository}#{number}",
        kind=MentionKind.POST,
        url=web_url(string(raw.get("html_url"))),
        title=one_line(string(raw.get("title")))[:_LONGEST_TITLE] or None,
        text=_text(raw),
        author=_author(raw.get("user")),
        engagement=Engagement(likes=_reactions(raw, _GLAD), replies=comments),
        published_at=parse_moment(raw.get("created_at")),
        extra={key: value for key, value in extra.items() if value is not None},
    )


def _comment(raw: Mapping[str, Any], pull_requests: bool) -> Item | None:
    identity = integer(raw.get("id"))
    repository, number = _repository(raw)
    if identity is None or ("/pull/" in string(raw.get("html_url")) and not pull_requests):
        return None
    extra = _extra(raw, repository)
    return Item(
        external_id=f"comment:{identity}",
        kind=MentionKind.COMMENT,
        url=web_url(string(raw.get("html_url"))),
        text=_text(raw),
        author=_author(raw.get("user")),
        engagement=Engagement(likes=_reactions(raw, _GLAD)),
        published_at=parse_moment(raw.get("created_at")),
        parent_id=f"{repository}#{number}" if repository and number else None,
        extra={key: value for key, value in extra.items() if value is not None},
    )


def _extra(raw: Mapping[str, Any], repository: str | None) -> dict[str, Any]:
    glad, unhappy = _reactions(raw, _GLAD), _reactions(raw, _UNHAPPY)
    return {
        "repository": repository,
        "score": None if glad is None or unhappy is None else glad - unhappy,
        "association": name(raw.get("author_association")),
        "bot": mapping(raw.get("user")).get("type") == "Bot" or None,
    }


def _repository(raw: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return `owner/name` in lower case and the number of the issue, as the addresses beside it tell."""
    found = [
        match
        for key in ("repository_url", "issue_url", "html_url")
        if (match := _REPOSITORY.search(string(raw.get(key))[:1000])) is not None
    ]
    repository = found[0][1].lower() if found else None
    return repository, next((match[2] for match in found if match[2]), None)


def _text(raw: Mapping[str, Any]) -> str:
    """Return what was written: the service renders it as HTML or text where asked to, else it is Markdown."""
    if rendered := string(raw.get("body_html")):
        return text_of_html(rendered)
    return tidy(string(raw.get("body_text"))) or plain_markdown(string(raw.get("body")))


def _author(raw: object) -> Author | None:
    user = mapping(raw)
    login = name(user.get("login"))
    if login is None:
        return None
    return Author("github", login, profile_url=web_url(string(user.get("html_url"))))


def _reactions(raw: Mapping[str, Any], which: tuple[str, ...]) -> int | None:
    """Return how many gave one of these reactions, None where none are told (old servers)."""
    told = [found for key in which if (found := count(mapping(raw.get("reactions")).get(key))) is not None]
    return sum(told) if told else None
