"""What a channel is given to say about an alert: one JSON document that needs no further look-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from alerts.brand_names import Names
from alerts.lifecycle import Change, idempotency_key
from alerts.rules.base import Point
from storage.mentions import StoredMention, time_of
from storage.records import Alert, Notification

LIFE = "life"
"""The key of an alert's facts under which its life is remembered; no message shows it."""
TOLD_WITH = "told_with"
"""The key under which an alert that was told in another's message names that one by its id."""

_TEXT = 2000  # code points of a post: more than any channel shows


def payload(
    alert: Alert,
    change: Change,
    *,
    timezone: str,
    names: Names = MappingProxyType({}),
    posts: Sequence[StoredMention] = (),
    series: Sequence[Point] = (),
    evidence_count: int | None = None,
) -> dict[str, Any]:
    """Return the document: JSON values only, times ISO 8601 in UTC; `names` as `brand_names` has them."""
    return {
        "type": "alert",
        "change": str(change),
        "alert_id": alert.id,
        "rule": alert.rule,
        "kind": alert.kind,
        "brand": alert.brand,
        "names": {brand: dict(own) for brand, own in names.items() if brand == alert.brand},
        "severity": str(alert.severity),
        "timezone": timezone,
        "window": {"start": _iso(alert.window_start), "end": _iso(alert.window_end)},
        "observed": alert.observed,
        "expected": alert.expected,
        "score": alert.score,
        "facts": {name: value for name, value in alert.facts.items() if name != LIFE},
        "drivers": [dict(driver) for driver in alert.drivers],
        "series": [[_iso(hour), count, expected] for hour, count, expected in series],
        "posts": [_post(stored) for stored in posts],
        "evidence_count": len(alert.evidence) if evidence_count is None else evidence_count,
        "evidence": list(alert.evidence),
    }


def notifications(
    document: Mapping[str, Any],
    alert: Alert,
    occasion: str,
    change: Change,
    generation: int,
    to: Sequence[str],
) -> list[Notification]:
    """Return one message for each channel, each with the key that makes it the same at every attempt."""
    return [
        Notification(
            channel=channel,
            kind="alert",
            payload=document,
            idempotency_key=idempotency_key(occasion, change, generation, channel),
            alert_id=alert.id,
        )
        for channel in dict.fromkeys(to)
    ]


def _post(stored: StoredMention) -> dict[str, Any]:
    mention, author, analysis = stored.mention, stored.mention.author, stored.analysis
    label = analysis.sentiment_label if analysis is not None else None
    return {
        "id": stored.id,
        "text": mention.text[:_TEXT],
        "title": mention.title,
        "author": author.name if author is not None else None,
        "handle": author.handle if author is not None else None,
        "platform": author.platform if author is not None else None,
        "followers": author.followers if author is not None else None,
        "url": mention.url,
        "source": mention.source,
        "kind": str(mention.kind),
        "published_at": _iso(time_of(mention)),
        "language": analysis.language if analysis is not None else None,
        "sentiment": None if label is None else str(label),
        "rating": mention.rating,
        "rating_scale": mention.rating_scale,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
