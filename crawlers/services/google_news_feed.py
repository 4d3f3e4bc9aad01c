"""Google News searches, read from their RSS. Pure functions of bytes, run in the child."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from crawlers.feed_entries import FeedEntry
from crawlers.feeds import read_feed
from crawlers.items import Item, Page
from crawlers.text_of_html import one_line
from crawlers.urls import web_url
from storage.records import Author

_HOST = "news.google.com"
# Protocol Buffers' first byte of a field, its number and how it is written:
# https://protobuf.dev/programming-guides/encoding/
_NUMBER_IN_1, _BYTES_IN_4 = 0x08, 0x22
_DASHES = (" - ", " – ", " — ", " | ")


def read_google_news(body: bytes, url: str, http_charset: str | None, now: datetime) -> Page:
    """Return the articles of a search, in Google's order, which is not by date.

    An article's publisher is its author and taken off the end of the title. It has no text: the
    description is a list of links to related articles. What leads nowhere is no article. `next` is None: a
    search is one page, of at most 100.

    Raises:
        UnreadableError: it is no feed; the message says what it is instead.
        BodyBrokenError, BodyTooBigError: it is compressed and cannot be undone.
    """
    feed = read_feed(body, url, http_charset, now)
    return Page(items=tuple(_item(entry, entry.url) for entry in feed.entries if entry.url))


def publisher_link(link: str) -> str:
    """Return the publisher's own link where Google's holds it in clear, else Google's as it is.

    Until the middle of 2024 the last segment of the path was base64 of a message whose field 4 was the
    address; since then that field is an opaque token (`AU_yqL…`) that only Google can resolve. Still older
    links carry the address in the parameter `url`.
    """
    parts = urlsplit(link)
    if (parts.hostname or "").lower() != _HOST:
        return link
    plain = next(iter(parse_qs(parts.query).get("url", ())), None)
    return web_url(plain) or web_url(_field_4(parts.path.rpartition("/")[2])) or link


def without_publisher(title: str, publisher: str) -> str:
    """Return a title without " - Publisher" at its end, unless nothing else would be left of it."""
    for dash in _DASHES:
        ending = dash + publisher
        rest = title[: -len(ending)].rstrip()
        if rest and title[-len(ending) :].casefold() == ending.casefold():
            return rest
    return title


def _item(entry: FeedEntry, url: str) -> Item:
    publisher, home = entry.publisher, entry.publisher_url
    link = publisher_link(url)
    title = without_publisher(entry.title, publisher) if entry.title and publisher else entry.title
    return Item(
        external_id=entry.external_id,
        text="",
        url=link,
        title=title,
        author=_author(publisher, home or link) if publisher else None,
        published_at=entry.published_at,
        language_hint=entry.language,
        extra={"publisher_url": home} if home else {},
    )


def _author(publisher: str, address: str) -> Author:
    host = (urlsplit(address).hostname or _HOST).removeprefix("www.")
    return Author(host, publisher, name=publisher, profile_url=address if host != _HOST else None)


def _field_4(segment: str) -> str | None:
    """Return field 4 of a base64 message that begins with a number in field 1, None where there is none."""
    try:
        message = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return None
    if len(message) < 4 or message[0] != _NUMBER_IN_1:
        return None
    _, start = _varint(message, 1)
    if start >= len(message) or message[start] != _BYTES_IN_4:
        return None
    length, start = _varint(message, start + 1)
    return one_line(message[start : start + length].decode("utf-8", "replace")) or None


def _varint(message: bytes, start: int) -> tuple[int, int]:
    """Return the base-128 number at `start`, and where what follows it begins."""
    number = 0
    for place, byte in enumerate(message[start : start + 10]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, start + place + 1
    return 0, len(message)
