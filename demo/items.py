"""What can be published in the demo's world, and where. Times are aware UTC in whole seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from demo.phrases import About
from storage.records import MentionKind, SentimentLabel


class Place(StrEnum):
    """Where something is published."""

    NEWS_AR = "news-ar"
    NEWS_EN = "news-en"
    FORUM = "forum"
    PRESS = "press"
    STARS = "stars"
    SOUQ = "souq"
    MASTODON = "mastodon"
    BLOG = "blog"


class BeatKind(StrEnum):
    """What the story turns on."""

    INFLUENCER_PRAISE = "influencer-praise"
    INFLUENCER_COMPLAINT = "influencer-complaint"
    BAD_DAY = "bad-day"
    RATING_DROP = "rating-drop"
    COMPETITOR_POST = "competitor-post"
    EDITED_REVIEW = "edited-review"
    CORRECTED_ARTICLE = "corrected-article"


@dataclass(frozen=True, slots=True)
class Beat:
    """A turn of the story: when, what, and the id of the item that carries it, if one does."""

    at: datetime
    kind: BeatKind
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up writer. `followers` is a count, shown only where the place shows it."""

    name: str
    handle: str
    followers: int


@dataclass(frozen=True, slots=True)
class Edit:
    """How an item reads from `at` on."""

    at: datetime
    text: str
    title: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something published. `rating` is on the place's own scale; `reply_to` is an id in the same place."""

    id: str
    place: Place
    kind: MentionKind
    at: datetime
    language: str
    dialect: str | None
    mood: SentimentLabel
    topic: str
    about: About
    text: str
    author: Person
    title: str | None = None
    rating: int | None = None
    likes: int = 0
    reply_to: str | None = None
    slug: str | None = None
    updated_at: datetime | None = None
    edit: Edit | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The hashtags in the text, in lower case and without the sign."""
        return tuple(dict.fromkeys(tag.lower() for tag in re.findall(r"#(\w+)", self.text)))

    @property
    def changed_at(self) -> datetime:
        """When it last changed: its edit or, without one, its publication."""
        return self.updated_at or self.at

    def as_of(self, now: datetime) -> Item:
        """Return the item as a reader sees it at `now`."""
        if self.edit is None or self.edit.at > now:
            return self
        edit = self.edit
        return replace(self, text=edit.text, title=edit.title, rating=edit.rating, updated_at=edit.at)
