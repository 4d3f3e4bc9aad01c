"""Statuses as Mastodon's API gives them (and the servers that speak the same). Pure, run in the child."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import language_tag
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url
from storage.records import Author, Engagement, MentionKind

_LONGEST_ID = 100
# What only some may read; a token may show it to us.
_NOT_PUBLIC = frozenset({"private", "direct", "limited", "list"})
# Identifiers carry the time, in milliseconds above these bits, where they fall into this span.
_TIME_BITS = 16
_FIRST_TIMED = datetime(2016, 1, 1, tzinfo=UTC)
_LAST_TIMED = datetime(2100, 1, 1, tzinfo=UTC)


def read_statuses(body: bytes, server: str) -> Page:
    """Return the statuses in a JSON answer: a list, or an object with a list of `statuses`.

    Boosts are left out, since what they boost is a status of its own, and so is what is not public.
    `facts["ids"]` are all identifiers in the server's order, and `oldest` is by that order too: a status
    that came late from another server does not make the page seem to reach further back. `server` is the
    host that people without one in their name belong to.

    Raises:
        UnreadableError: the answer is no timeline; an error message of the server is passed on.
    """
    document = json_document(body, "a Mastodon timeline")
    found = document.get("statuses") if isinstance(document, dict) else document
    if not isinstance(found, list):
        told = one_line(string(mapping(document).get("error")))[:200]
        raise UnreadableError(f"not a Mastodon timeline{f': {told}' if told else ''}")
    listed = [(identity, one) for one in objects(found) if (identity := _id(one.get("id")))]
    items: dict[str, Item] = {}
    for identity, one in listed:
        if not one.get("reblog") and string(one.get("visibility")) not in _NOT_PUBLIC:
            items.setdefault(identity, _item(identity, one, server))
    return Page(
        items=tuple(items.values()),
        facts={"ids": tuple(identity for identity, _ in listed)},
        oldest=_reached(*listed[-1]) if listed else None,
    )


def read_account(body: bytes) -> str:
    """Return the identifier of the account in an answer to a look-up.

    Raises:
        UnreadableError: there is none.
    """
    identity = _id(mapping(json_document(body, "a Mastodon account")).get("id"))
    if identity is None or not identity.isalnum():
        raise UnreadableError("not a Mastodon account")
    return identity


def moment_of(identity: str) -> datetime | None:
    """Return when a status with this identifier was made or came in, None where it does not carry that."""
    if not identity.isascii() or not identity.isdigit() or len(identity) > 20:
        return None
    # Exact to the millisecond; a float of this size is not.
    since = timedelta(milliseconds=int(identity) >> _TIME_BITS)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since
    return moment if _FIRST_TIMED <= moment < _LAST_TIMED else None


def id_at(moment: datetime) -> str:
    """Return the least identifier of a status made at this moment."""
    return str(int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)) << _TIME_BITS)


def _reached(identity: str, raw: Mapping[str, Any]) -> datetime | None:
    made, timed = parse_moment(raw.get("created_at")), moment_of(identity)
    return timed if timed is not None and made is not None and timed >= made else made or timed


def _item(identity: str, raw: Mapping[str, Any], server: str) -> Item:
    reply_to = _id(raw.get("in_reply_to_id"))
    return Item(
        external_id=identity,
        kind=MentionKind.COMMENT if reply_to else MentionKind.POST,
        url=web_url(string(raw.get("url"))) or web_url(string(raw.get("uri"))),
        title=one_line(string(raw.get("spoiler_text")))[:2000] or None,
        text=_text(raw),
        author=_author(mapping(raw.get("account")), server),
        engagement=Engagement(
            likes=count(raw.get("favourites_count")),
            replies=count(raw.get("replies_count")),
            shares=_shares(raw),
        ),
        published_at=parse_moment(raw.get("created_at")),
        parent_id=reply_to,
        language_hint=language_tag(string(raw.get("language"))),
        extra=_extra(raw),
    )


def _text(raw: Mapping[str, Any]) -> str:
    written = text_of_html(string(raw.get("content")))
    options = objects(mapping(raw.get("poll")).get("options"))[:50]
    parts = [written, "\n".join(filter(None, (one_line(string(one.get("title"))) for one in options)))]
    if not any(parts):
        # What is only a picture says what its description says.
        parts = [tidy(string(one.get("description"))) for one in objects(raw.get("media_attachments"))[:20]]
    return "\n".join(part for part in parts if part)


def _extra(raw: Mapping[str, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    edited = parse_moment(raw.get("edited_at"))
    if edited is not None:
        extra["edited_at"] = edited.isoformat()
    if raw.get("sensitive") is True:
        extra["sensitive"] = True
    if mapping(raw.get("account")).get("bot") is True:
        extra["bot"] = True
    if quoted := _quoted(raw):
        extra["quotes"] = quoted
    return extra


def _quoted(raw: Mapping[str, Any]) -> str | None:
    """Return the identifier of the status that is quoted, in Mastodon's form or that of its kin."""
    quote = mapping(raw.get("quote"))
    known = quote.get("quoted_status_id") or mapping(quote.get("quoted_status")).get("id")
    return _id(known or quote.get("id") or raw.get("quote_id"))


def _shares(raw: Mapping[str, Any]) -> int | None:
    boosts, quotes = count(raw.get("reblogs_count")), count(raw.get("quotes_count"))
    return None if boosts is None and quotes is None else (boosts or 0) + (quotes or 0)


def _author(account: Mapping[str, Any], server: str) -> Author | None:
    handle = name(account.get("acct")) or name(account.get("username"))
    if handle is None:
        return None
    profile = web_url(string(account.get("url")))
    if "@" not in handle:
        handle = f"{handle}@{urlsplit(profile or '').hostname or server}"
    return Author(
        "mastodon",
        handle,
        name=name(account.get("display_name")),
        profile_url=profile,
        followers=count(account.get("followers_count")),
    )


def _id(raw: object) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return None
    identity = one_line(string(raw)) if isinstance(raw, str) else (str(raw) if abs(raw) < 2**127 else "")
    return identity if 0 < len(identity) <= _LONGEST_ID else None
