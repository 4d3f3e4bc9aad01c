"""The plain data types that travel between the rooms.

Everything here is an immutable value: no database, no network, nothing but the standard library.
All times are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any


class MentionKind(StrEnum):
    """What sort of writing a mention is."""

    ARTICLE = "article"
    POST = "post"
    COMMENT = "comment"
    REVIEW = "review"
    COMPETITOR_POST = "competitor_post"
    TICKET = "ticket"


class SentimentLabel(StrEnum):
    """How the writer feels. An abstention is the absence of a label, never a fourth one."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class BrandRole(StrEnum):
    """Whose brand it is."""

    OWN = "own"
    COMPETITOR = "competitor"


class AlertState(StrEnum):
    """Where an alert is in its life; `alerts.lifecycle` holds the legal transitions."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How much an alert matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class NotificationStatus(StrEnum):
    """Where a message is on its way out. `DELIVERED` and `REJECTED` are final."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"


class FetchStatus(StrEnum):
    """How one attempt at one source ended. One is postponed where its host rests or its budget is spent."""

    OK = "ok"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    POSTPONED = "postponed"


class Symptom(StrEnum):
    """What makes a source look ill although it answered. What was usual stands behind it, after a comma."""

    NOTHING = "it gave nothing"
    NO_AUTHOR = "no item has an author"
    NO_DATE = "no item has a date"
    NO_RATING = "no item has a rating"
    NO_TEXT = "no item has a text"


@dataclass(frozen=True, slots=True)
class Author:
    """Who published a mention, as the platform shows them. `followers` is a count, or None if unknown."""

    platform: str
    handle: str
    name: str | None = None
    profile_url: str | None = None
    followers: int | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """Counts shown beside a mention; None where the source does not tell."""

    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None


def content_hash(title: str | None, text: str, rating: float | None) -> str:
    """Return 32 hex digits that change when, and only when, what a person reads has changed."""
    material = "\x1f".join((title or "", text, "" if rating is None else repr(float(rating))))
    return blake2b(material.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something somebody published.

    `source` is the source's name in the configuration and, with `external_id`, is the identity:
    meeting the pair again never makes a second mention, and a different `content_hash` makes a new
    `revision` (counted from 1) of the same one. `rating` is on the scale 0…`rating_scale`, as published.
    `reach` is how many people may have seen it, None when nothing is known. `parent_id` is the
    `external_id` of what it answers, in the same source. `item` is what a review is about.
    `language_hint` is the BCP 47 language that the source declares. `published_at` is None when the
    source does not say. `extra` holds facts with no field of their own (the version of an app, the
    subreddit, the answer to a review), JSON values only.
    """

    source: str
    kind: MentionKind
    external_id: str
    text: str
    collected_at: datetime
    url: str | None = None
    canonical_url: str | None = None
    author: Author | None = None
    title: str | None = None
    rating: float | None = None
    rating_scale: float | None = None
    engagement: Engagement = field(default_factory=Engagement)
    reach: int | None = None
    published_at: datetime | None = None
    parent_id: str | None = None
    item: str | None = None
    language_hint: str | None = None
    revision: int = 1
    content_hash: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill in `content_hash` and refuse naive times."""
        for moment in (self.collected_at, self.published_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("a mention's times must be aware")
        if not self.content_hash:
            object.__setattr__(self, "content_hash", content_hash(self.title, self.text, self.rating))


@dataclass(frozen=True, slots=True)
class BrandMatch:
    """One place where a brand is named. Offsets are code points of the mention's `text`.

    `start` and `end` are None where the match is in the title or comes from the source itself
    (a competitor's own blog speaks of the competitor). `confidence` is 0…1.
    """

    name: str
    role: BrandRole
    alias: str
    start: int | None
    end: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing in the text; `label` is PERSON, ORG, LOC, PRODUCT or EVENT.

    `name` is what its spellings have in common ("أرامكو" and "Aramco" bear one name), None where only
    the spelling itself is known.
    """

    text: str
    label: str
    start: int
    end: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AspectSentiment:
    """What part of the customer's experience is spoken of, and how; `score` is −1…1.

    `touchpoint` is the step of the customer's journey (discover, buy, receive, use, get_help, leave),
    None where the words do not tell.
    """

    aspect: str
    label: SentimentLabel | None
    score: float
    start: int
    end: int
    touchpoint: str | None = None


@dataclass(frozen=True, slots=True)
class SignalMatch:
    """A customer signal with its evidence in the text; `confidence` is 0…1.

    `about` says of what or whom: the winner of a comparison, the part that is defective, the campaign.
    """

    signal: str
    confidence: float
    start: int
    end: int
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was understood of one mention.

    `language` is BCP 47 (`und` when unknown); `sentiment_score` is −1…1 and `confidence` 0…1, both
    None when `sentiment_label` is None, and then `reason` says why. `lexicon_score` is VADER's score of
    an English text, −1…1, to compare with. `dialect_confidence` is 0…1. `second_language` is that of a text
    in two languages, and `second_language_share` its share of the words, 0…1. `fingerprint` is the text's
    MinHash (`nlp.stories`), empty where a text is too short to be compared; `spam` names why a mention is
    left out of the counts, None for an honest one. `clipped` tells that only the beginning of a very long
    text was read.
    """

    language: str
    model_version: str
    dialect: str | None = None
    sentiment_label: SentimentLabel | None = None
    sentiment_score: float | None = None
    confidence: float | None = None
    reason: str | None = None
    brands: tuple[BrandMatch, ...] = ()
    entities: tuple[Entity, ...] = ()
    aspects: tuple[AspectSentiment, ...] = ()
    signals: tuple[SignalMatch, ...] = ()
    keyphrases: tuple[str, ...] = ()
    story_id: int | None = None
    clipped: bool = False
    dialect_confidence: float | None = None
    second_language: str | None = None
    second_language_share: float | None = None
    lexicon_score: float | None = None
    fingerprint: bytes = b""
    spam: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A decision that somebody should know something.

    `rule` is the rule's name in the configuration and `kind` its kind. `observed` and `expected` are
    in the rule's own unit (mentions, stars, followers); `score` is how far from normal, 0 for normal,
    growing without bound. `group_key` names the occasion: one open alert for each. `facts` holds what
    the message needs beyond that, JSON values only. `evidence` holds mention ids.
    """

    rule: str
    kind: str
    brand: str
    state: AlertState
    group_key: str
    severity: Severity
    window_start: datetime
    window_end: datetime
    observed: float
    expected: float | None
    score: float
    drivers: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one channel, in the outbox.

    `payload` is JSON and says everything the channel needs to render it; `idempotency_key` is the same
    at every attempt. `next_attempt_at` is None once the status is final.
    """

    channel: str
    kind: str
    payload: Mapping[str, Any]
    idempotency_key: str
    status: NotificationStatus = NotificationStatus.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None = None
    last_error: str | None = None
    alert_id: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchEvent:
    """One attempt at one source.

    `fill_rates` maps a field (author, date, rating, text) to the share of items, 0…1, that had it.
    `bytes` counts decoded body bytes and `requests` what was asked for. `error` names the cause in words
    for a person. `symptoms` are what makes the source look ill although it answered, in words.
    """

    source: str
    at: datetime
    status: FetchStatus
    next_due: datetime
    http_status: int | None = None
    bytes: int = 0
    items_seen: int = 0
    items_new: int = 0
    items_revised: int = 0
    fill_rates: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    requests: int = 0
    symptoms: tuple[str, ...] = ()

    @property
    def signs(self) -> frozenset[Symptom]:
        """The symptoms without what was usual before, so that those of several visits can be compared."""
        heads = {words.partition(",")[0] for words in self.symptoms}
        return frozenset(symptom for symptom in Symptom if symptom in heads)
