"""Feeds read into entries: RSS, Atom, RDF and JSON Feed. Pure functions of bytes, run in the child."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from html import unescape
from io import BytesIO
from typing import Any

import feedparser

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_bytes import readable
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import canonical, unwrapped, web_url

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_FUTURE = timedelta(days=1)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]{2,8}))?")
_EMAIL_AND_NAME = re.compile(r"[^\s@()]+@[^\s@()]+ \(([^()]+)\)|([^()]+) \([^\s@()]+@[^\s@()]+\)")
_LINK_TAG = re.compile(r"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_LONGEST_TITLE = 2000
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One item of a feed. `external_id` is unique within the feed and stays when the item is edited.

    `author` is a name as shown; `publisher` the outlet where the feed gathers several. `published_at` is
    aware UTC, None where the feed tells none or none that can be believed. `text` is plain.
    """

    external_id: str
    url: str | None
    title: str | None
    text: str
    author: str | None = None
    author_url: str | None = None
    publisher: str | None = None
    published_at: datetime | None = None
    language: str | None = None
    views: int | None = None
    replies: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that was read."""

    title: str | None
    entries: tuple[FeedEntry, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    guid: str | None
    fields: Mapping[str, Any]

    @property
    def url(self) -> str | None:
        url: str | None = self.fields["url"]
        return url

    def digest(self) -> str:
        return _hash(self.fields["title"] or self.fields["text"], self.fields["published_at"], self.url)

    def likeness(self) -> tuple[Any, ...]:
        return self.guid, self.url, self.fields["title"], self.fields["published_at"], self.fields["text"]


def read_feed(body: bytes, url: str, http_charset: str | None, now: datetime) -> Feed:
    """Return the entries of a feed, in its order; exact repetitions are left out.

    `url` is where it came from (relative links are resolved against it) and `now` what a date may not be
    much later than.

    Raises:
        UnreadableError: it is no feed; the message says what it is instead.
        BodyBrokenError, BodyTooBigError: it is compressed and cannot be undone.
    """
    text = readable(body, http_charset)
    if not text.strip():
        raise UnreadableError("not a feed: the answer is empty")
    if text[0] in "{[":
        title, drafts = _json_feed(text, url, now)
    else:
        title, drafts = _xml_feed(text, url, now)
    return Feed(title, tuple(_identified(drafts)))


def _identified(drafts: Sequence[_Draft]) -> list[FeedEntry]:
    """Give each draft an identity: its guid, else its link, where no other has the same; else a hash."""
    distinct = list({draft.likeness(): draft for draft in drafts}.values())
    guids = Counter(draft.guid for draft in distinct)
    links = Counter(canonical(draft.url) for draft in distinct)
    entries: dict[str, FeedEntry] = {}
    for draft in distinct:
        link = canonical(draft.url)
        if draft.guid and guids[draft.guid] == 1:
            identity = draft.guid
        elif link and links[link] == 1:
            identity = link
        else:
            identity = draft.digest()
        # Two that differ in nothing but their text are taken for two states of one item.
        entries.setdefault(identity, FeedEntry(external_id=identity, **draft.fields))
    return list(entries.values())


def _hash(*parts: object) -> str:
    material = "\x1f".join(str(part) for part in parts)
    return "hash:" + blake2b(material.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _xml_feed(text: str, url: str, now: datetime) -> tuple[str | None, list[_Draft]]:
    # A file object, since feedparser takes bytes for the name of a file where there is one.
    parsed = feedparser.parse(
        BytesIO(text.encode("utf-8")),
        # No content-location: with it, guids too would be made absolute and change with the feed's address.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.entries and not parsed.get("version"):
        raise UnreadableError(_what_it_is(text, url))
    feed = parsed.feed
    feed_language = _language(feed.get("language"))
    owner = _name(feed.get("author"))
    drafts = [_xml_draft(entry, url, now, feed_language, owner) for entry in parsed.entries]
    title = one_line(text_of_html(feed.get("title") or "")) or None
    return title, drafts


def _xml_draft(entry: Any, base: str, now: datetime, language: str | None, owner: str | None) -> _Draft:
    source = entry.get("source") or {}
    publisher = one_line(text_of_html(str(source.get("title") or "")))[:_LONGEST_NAME] or None
    author = _author(entry)
    text, text_language = _body(entry)
    statistics = entry.get("media_statistics") or {}
    fields = {
        "url": _link(entry.get("feedburner_origlink") or entry.get("link"), base),
        "title": _title(entry),
        "text": text,
        "author": author or (None if publisher else owner),
        "author_url": web_url((entry.get("author_detail") or {}).get("href"), base) if author else None,
        "publisher": publisher,
        "published_at": _published(entry, now),
        "language": text_language or language,
        "views": _count(statistics.get("views")),
        "replies": _count(entry.get("slash_comments") or entry.get("thr_total")),
    }
    return _Draft(guid=_short_guid(entry.get("id")), fields=fields)


def _author(entry: Any) -> str | None:
    written = one_line(str(entry.get("author") or ""))
    if _EMAIL_AND_NAME.fullmatch(written[:_LONGEST_NAME]):
        # feedparser cuts such a name apart where the top-level domain has more than four letters.
        return _name(written)
    return _name((entry.get("author_detail") or {}).get("name")) or _name(written)


def _title(entry: Any) -> str | None:
    detail = entry.get("title_detail") or {}
    raw = str(entry.get("title") or "")
    as_text = unescape(raw) if detail.get("type") == "text/plain" else text_of_html(raw)
    return one_line(as_text)[:_LONGEST_TITLE] or None


def _body(entry: Any) -> tuple[str, str | None]:
    """Return the fullest text that an entry carries, and the language it declares for it."""
    found: list[tuple[str, str | None]] = []
    for part in (*(entry.get("content") or ()), entry.get("summary_detail") or {}):
        value = str(part.get("value") or "")
        plain = part.get("type") == "text/plain" and "<" not in value
        found.append(
            (tidy(unescape(value)) if plain else text_of_html(value), _language(part.get("language")))
        )
    return max(found, key=lambda pair: len(pair[0]), default=("", None))


def _published(entry: Any, now: datetime) -> datetime | None:
    for key in ("published", "created", "updated"):
        # dict.get: feedparser's own would answer "updated" with "published" and a warning.
        parsed, raw = dict.get(entry, f"{key}_parsed"), dict.get(entry, key)
        moment = _moment(parsed) or parse_moment(raw)
        if believed := _believed(moment, now):
            return believed
    return None


def _moment(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def _believed(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and _EARLIEST <= moment <= now + _FUTURE else None


def _json_feed(text: str, url: str, now: datetime) -> tuple[str | None, list[_Draft]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("not a feed: it looks like JSON but is broken") from None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(document.get("version")):
        raise UnreadableError("not a feed: it is JSON, but not a JSON Feed (jsonfeed.org)")
    language = _language(document.get("language"))
    owner = _json_author(document)
    drafts = [_json_draft(item, url, now, language, owner) for item in items if isinstance(item, dict)]
    return one_line(str(document.get("title") or "")) or None, drafts


def _json_draft(
    item: Mapping[str, Any], base: str, now: datetime, language: str | None, owner: Mapping[str, Any]
) -> _Draft:
    author = _json_author(item) or owner
    written = item.get("content_html")
    text = (
        text_of_html(str(written))
        if written
        else tidy(str(item.get("content_text") or item.get("summary") or ""))
    )
    dates = (parse_moment(item.get(key)) for key in ("date_published", "date_modified"))
    fields = {
        "url": _link(item.get("url") or item.get("external_url"), base),
        "title": one_line(unescape(str(item.get("title") or "")))[:_LONGEST_TITLE] or None,
        "text": text,
        "author": _name(author.get("name") or author.get("url")),
        "author_url": web_url(str(author.get("url") or ""), base),
        "publisher": None,
        "published_at": next((found for date in dates if (found := _believed(date, now))), None),
        "language": _language(item.get("language")) or language,
        "views": None,
        "replies": None,
    }
    identity = item.get("id")
    return _Draft(guid=_short_guid(None if identity is None else str(identity)), fields=fields)


def _json_author(item: Mapping[str, Any]) -> Mapping[str, Any]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else []
    return next((one for one in (*listed, item.get("author")) if isinstance(one, dict)), {})


def _link(raw: Any, base: str) -> str | None:
    found = web_url(str(raw), base) if raw else None
    return unwrapped(found) if found else None


def _short_guid(raw: Any) -> str | None:
    guid = one_line(str(raw or ""))
    return guid if len(guid) <= 500 else (_hash(guid) if guid else None)


def _name(raw: Any) -> str | None:
    name = one_line(unescape(str(raw or "")[: _LONGEST_NAME * 4]))
    if "<" in name:
        name = one_line(text_of_html(name))
    found = _EMAIL_AND_NAME.fullmatch(name[:_LONGEST_NAME])
    return (found[1] or found[2] if found else name)[:_LONGEST_NAME] or None


def _count(raw: Any) -> int | None:
    text = str(raw or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else None


def _language(raw: Any) -> str | None:
    found = _LANGUAGE.match(str(raw or "").strip())
    if found is None:
        return None
    primary, region = found[1].lower(), found[2]
    return f"{primary}-{region.upper() if len(region) == 2 else region}" if region else primary


def _what_it_is(text: str, url: str) -> str:
    head = text[:200_000]
    if "<html" not in head[:5000].lower() and "<!doctype html" not in head[:5000].lower():
        return "not a feed: the answer is of no kind that is read here (RSS, Atom, RDF, JSON Feed)"
    for tag in _LINK_TAG.findall(head):
        pairs = {
            found[1].lower(): next(filter(None, found.groups()[1:]), "") for found in _ATTRIBUTE.finditer(tag)
        }
        if pairs.get("type", "").lower() in _FEED_TYPES and (
            link := web_url(unescape(pairs.get("href", "")), url)
        ):
            return f"not a feed but a web page; its feed is at {link}"
    return "not a feed but a web page, and it names no feed"
