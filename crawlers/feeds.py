"""Feeds read into entries: RSS, Atom, RDF and JSON Feed. Pure functions of bytes, run in the child."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from io import BytesIO
from typing import Any

import feedparser

from crawlers.dates import believed, first_moment, parse_moment
from crawlers.errors import UnreadableError, WallError
from crawlers.feed_bytes import readable
from crawlers.feed_entries import (
    EMAIL_AND_NAME,
    LONGEST_NAME,
    LONGEST_TITLE,
    Draft,
    Feed,
    count_of,
    entry_link,
    identified,
    language_tag,
    short_guid,
    shown_name,
)
from crawlers.feed_mending import items_closed, mended, recovered
from crawlers.json_feed import read_json_feed
from crawlers.mojibake import undone
from crawlers.pages import tree_of
from crawlers.text_of_html import one_line, text_of_html, tidy
from crawlers.urls import web_url
from crawlers.walls import wall_of

_LINK_TAG = re.compile(r"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
# feedparser takes a picture's caption for the item's description, or the other way round.
_CAPTION = re.compile(r"(</?)media:description\b")
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# feedparser takes a title for plain text where it does not know the tags in it.
_SURE_TAG = re.compile(
    r"</[a-z][a-z0-9]{0,15}>|<[a-z][a-z0-9]{0,15}\s[^<>]{0,2000}=[^<>]{0,2000}>", re.IGNORECASE
)
_WRAPPED = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+")
# What some servers set before JSON lest a page include it as a script.
_GUARD = re.compile(r"\A\)\]\}'?,?\s{0,9}(?=[\[{])")
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})


def read_feed(body: bytes, url: str, http_charset: str | None, now: datetime) -> Feed:
    """Return the entries of a feed, in its order; exact repetitions are left out.

    `url` is where it came from (relative links are resolved against it) and `now` what a date may not be
    much later than.

    Raises:
        UnreadableError: it is no feed; the message says what it is instead.
        WallError: a login, a captcha or the like came instead.
        BodyBrokenError, BodyTooBigError: it is compressed and cannot be undone.
    """
    text = readable(body, http_charset)
    if not text.strip():
        raise UnreadableError("not a feed: the answer is empty")
    text = _GUARD.sub("", text, count=1)
    if text[:1] in ("{", "["):
        title, drafts = read_json_feed(text, url, now)
    else:
        title, drafts = _xml_feed(text, url, now)
    return Feed(title, tuple(identified(drafts)))


def _xml_feed(text: str, url: str, now: datetime) -> tuple[str | None, list[Draft]]:
    parsed = _parsed(mended(text))
    if not parsed.entries and not parsed.get("version"):
        raise _no_feed(text, url)
    feed = parsed.feed
    feed_language = language_tag(feed.get("language"))
    owner = shown_name(feed.get("author"))
    # Only Atom says of a title whether it is plain text.
    typed = str(parsed.get("version") or "").startswith("atom")
    drafts = [_xml_draft(entry, url, now, feed_language, owner, typed) for entry in parsed.entries]
    title = one_line(text_of_html(undone(feed.get("title") or ""))) or None
    return title, drafts


def _parsed(text: str) -> Any:
    """Return what feedparser makes of a feed, of its text as it is or with its tags made to match."""
    parsed = _by_feedparser(text)
    # One tag that does not match costs feedparser the whole rest of the feed.
    damaged = parsed is None or (parsed.bozo and len(parsed.entries) < items_closed(text))
    again = _by_feedparser(mended_text) if damaged and (mended_text := recovered(text)) else None
    if again is not None and (parsed is None or len(again.entries) > len(parsed.entries)):
        return again
    if parsed is None:
        raise UnreadableError("not a feed that can be read: its XML is broken")
    return parsed


def _by_feedparser(text: str) -> Any:
    try:
        return _fed(text)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  on broken XML it falls over itself with errors of every type
        return None


def _fed(text: str) -> Any:
    # A file object, since feedparser takes bytes for the name of a file where there is one.
    return feedparser.parse(
        BytesIO(_CAPTION.sub(r"\1mediacaption", text).encode("utf-8")),
        # No content-location: with it, guids too would be made absolute and change with the feed's address.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _xml_draft(
    entry: Any, base: str, now: datetime, language: str | None, owner: str | None, typed: bool
) -> Draft:
    source = entry.get("source") or {}
    publisher = one_line(text_of_html(str(source.get("title") or "")))[:LONGEST_NAME] or None
    author = _author(entry)
    text, text_language = _body(entry)
    statistics = entry.get("media_statistics") or {}
    published, from_now = _published(entry, now, language)
    fields = {
        "url": entry_link(_link(entry), base),
        "title": _title(entry, typed),
        "text": text,
        "author": author or (None if publisher else owner),
        "author_url": web_url(_author_detail(entry).get("href"), base) if author else None,
        "publisher": publisher,
        "publisher_url": web_url(source.get("href")) if publisher else None,
        "published_at": published,
        "language": text_language or language,
        "views": count_of(statistics.get("views")),
        "replies": count_of(entry.get("slash_comments") or entry.get("thr_total")),
    }
    return Draft(guid=short_guid(entry.get("id")), fields=fields, from_now=from_now)


def _link(entry: Any) -> Any:
    # feedparser's own "link" is the last of several.
    alternates = [
        one.get("href")
        for one in entry.get("links") or ()
        if one.get("rel") == "alternate" and str(one.get("type") or "text/html") in _PAGE_TYPES
    ]
    link = entry.get("feedburner_origlink") or next(filter(None, alternates), None) or entry.get("link")
    # For want of a link feedparser takes the guid, also where that is a mere number.
    named = link == entry.get("id") and not str(link).startswith(("http://", "https://", "/"))
    return None if named else link


def _author(entry: Any) -> str | None:
    detail = _author_detail(entry)
    written = one_line(undone(str(entry.get("author") or "")))
    if EMAIL_AND_NAME.fullmatch(written[:LONGEST_NAME]) or _EMAIL.fullmatch(written[:LONGEST_NAME]):
        # feedparser cuts such a name apart where the top-level domain has more than four letters.
        return shown_name(written)
    return shown_name(undone(str(detail.get("name") or ""))) or shown_name(written)


def _author_detail(entry: Any) -> Any:
    # Of several authors feedparser's own "author_detail" mixes the first's address with the last's name.
    several: list[Any] = entry.get("authors") or []
    return several[0] if len(several) > 1 else entry.get("author_detail") or {}


def _title(entry: Any, typed: bool) -> str | None:
    detail = entry.get("title_detail") or {}
    raw = _unwrapped(str(entry.get("title") or ""))
    plain = detail.get("type") == "text/plain" and (typed or not _SURE_TAG.search(raw))
    as_text = unescape(raw) if plain else text_of_html(raw)
    return one_line(as_text)[:LONGEST_TITLE] or None


def _unwrapped(value: str) -> str:
    """Return a value without a CDATA wrapper that was escaped itself, in the encoding that was meant."""
    found = _WRAPPED.fullmatch(value)
    return undone(found[1] if found else value)


def _body(entry: Any) -> tuple[str, str | None]:
    """Return the fullest text that an entry carries, and the language it declares for it."""
    found: list[tuple[str, str | None]] = []
    for part in (*(entry.get("content") or ()), entry.get("summary_detail") or {}):
        value = _unwrapped(str(part.get("value") or ""))
        plain = part.get("type") == "text/plain" and "<" not in value
        found.append(
            (tidy(unescape(value)) if plain else text_of_html(value), language_tag(part.get("language")))
        )
    text, language = max(found, key=lambda pair: len(pair[0]), default=("", None))
    if text:
        return text, language
    spare = entry.get("mediacaption") or entry.get("subtitle") or ""
    return text_of_html(_unwrapped(str(spare))), None


def _published(entry: Any, now: datetime, language: str | None) -> tuple[datetime | None, bool]:
    """Return when an entry was published, and whether that is told from now."""
    written = []
    for key in ("published", "created", "updated", "prism_publicationdate"):
        # dict.get: feedparser's own would answer "updated" with "published" and a warning.
        parsed, raw = dict.get(entry, f"{key}_parsed"), dict.get(entry, key)
        written.append(raw)
        # feedparser's reading comes second: it drops the time of "2025-03-05 14:30 UTC" and zones of "EET".
        for moment in (parse_moment(raw, language=language), _moment(parsed)):
            if sound := believed(moment, now):
                return sound, False
    return first_moment(written, language=language, now=now)


def _moment(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def _no_feed(text: str, url: str) -> UnreadableError:
    head = text[:200_000]
    if "<html" not in head[:5000].lower() and "<!doctype html" not in head[:5000].lower():
        return UnreadableError(
            "not a feed: the answer is of no kind that is read here (RSS, Atom, RDF, JSON Feed)"
        )
    if wall := wall_of(tree_of(head), url, "the feed"):
        return WallError(wall)
    for tag in _LINK_TAG.findall(head):
        pairs = {
            found[1].lower(): next(filter(None, found.groups()[1:]), "") for found in _ATTRIBUTE.finditer(tag)
        }
        if pairs.get("type", "").lower() in _FEED_TYPES and (
            link := web_url(unescape(pairs.get("href", "")), url)
        ):
            return UnreadableError(f"not a feed but a web page; its feed is at {link}")
    return UnreadableError("not a feed but a web page, and it names no feed")
