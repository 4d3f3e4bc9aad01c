"""One item of a feed, its identity, and how its fields are made sound. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from html import unescape
from typing import Any

from crawlers.text_of_html import one_line, text_of_html
from crawlers.urls import canonical, unwrapped, web_url

LONGEST_TITLE = 2000
LONGEST_NAME = 300
EMAIL_AND_NAME = re.compile(r"[^\s@()]+@[^\s@()]+ \(([^()]+)\)|([^()]+) \([^\s@()]+@[^\s@()]+\)")
_LONGEST_GUID = 500
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?![A-Za-z])(?:[-_]([A-Za-z0-9]{2,8}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One item of a feed. `external_id` is unique within the feed and stays when the item is edited.

    `author` is a name as shown; `publisher` the outlet where the feed gathers several, and `publisher_url`
    its home page. `published_at` is aware UTC, None where the feed tells none or none that can be
    believed. `text` is plain.
    """

    external_id: str
    url: str | None
    title: str | None
    text: str
    author: str | None = None
    author_url: str | None = None
    publisher: str | None = None
    publisher_url: str | None = None
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
class Draft:
    """An entry before its identity is known; `fields` are those of `FeedEntry`.

    Where `from_now` is true its date was told from the moment of reading, and is another the next time.
    """

    guid: str | None
    fields: Mapping[str, Any]
    from_now: bool = False

    @property
    def url(self) -> str | None:
        """Where it leads."""
        url: str | None = self.fields["url"]
        return url

    def digest(self) -> str:
        """Return an identity made of what it says, for want of a better."""
        when = None if self.from_now else self.fields["published_at"]
        return _hash(self.fields["title"] or self.fields["text"], when, self.url)

    def is_empty(self) -> bool:
        """Tell whether the item says nothing at all, not even when it was."""
        return not (self.guid or any(self.fields[key] for key in ("url", "title", "text", "published_at")))

    def likeness(self) -> tuple[Any, ...]:
        """Return what exact repetitions share."""
        return self.guid, self.url, self.fields["title"], self.fields["published_at"], self.fields["text"]


def identified(drafts: Sequence[Draft]) -> list[FeedEntry]:
    """Give each draft an identity: its guid, else its link, where no other has the same; else a hash."""
    distinct = list({draft.likeness(): draft for draft in drafts}.values())
    guids = Counter(draft.guid for draft in distinct)
    links = Counter(canonical(draft.url) for draft in distinct)
    entries: dict[str, FeedEntry] = {}
    for draft in distinct:
        if draft.is_empty():
            continue
        link = canonical(draft.url)
        if draft.guid and guids[draft.guid] == 1:
            identity = draft.guid
        elif link and links[link] == 1:
            identity = link
        else:
            identity = draft.digest()
        if identity in entries:
            identity = draft.digest()
        # Two that differ in nothing but their text are taken for two states of one item.
        entries.setdefault(identity, FeedEntry(external_id=identity, **draft.fields))
    return list(entries.values())


def _hash(*parts: object) -> str:
    material = "\x1f".join(str(part) for part in parts)
    return "hash:" + blake2b(material.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def entry_link(raw: Any, base: str) -> str | None:
    """Return an absolute web address, taken out of a redirector's where it is in one."""
    found = web_url(str(raw), base) if raw else None
    return unwrapped(found) if found else None


def short_guid(raw: Any) -> str | None:
    """Return a guid as it is, or its hash where it is too long for a key."""
    guid = one_line(str(raw or ""))
    return guid if len(guid) <= _LONGEST_GUID else (_hash(guid) if guid else None)


def shown_name(raw: Any) -> str | None:
    """Return a person's or outlet's name without markup and without an e-mail address beside it."""
    name = one_line(unescape(str(raw or "")[: LONGEST_NAME * 4]))
    if "<" in name:
        name = one_line(text_of_html(name))
    found = EMAIL_AND_NAME.fullmatch(name[:LONGEST_NAME])
    return (found[1] or found[2] if found else name)[:LONGEST_NAME] or None


def count_of(raw: Any) -> int | None:
    """Return a written count, None where it is no plain number."""
    text = str(raw or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else None


def language_tag(raw: Any) -> str | None:
    """Return a declared language in BCP 47 form, such as `ar-SA` for `ar_sa`."""
    found = _LANGUAGE.match(str(raw or "").strip())
    if found is None:
        return None
    primary, region = found[1].lower(), found[2]
    return f"{primary}-{region.upper() if len(region) == 2 else region}" if region else primary
