"""A competitor published something on a channel of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy import Connection

from alerts.news import is_news, untold
from alerts.rules.base import EVIDENCE_LIMIT, Finding, Occasional
from config.settings import Strict
from config.values import Duration
from storage.mentions import MentionQuery, StoredMention, find, time_of
from storage.records import BrandRole, MentionKind, Severity
from storage.watches import first_seen

_TITLE = 200


class Options(Strict):
    """What can be set for a competitor's post."""

    max_age: Duration = Field(
        default=timedelta(hours=72), description="Older posts are not reported, such as at a first run."
    )


def decide(
    candidates: Sequence[StoredMention], now: datetime, options: Options, watched: Mapping[str, datetime]
) -> Finding | None:
    """Return one finding that lists all posts that are news, newest first; None where there is none."""
    fresh = [each for each in candidates if is_news(each.mention, now, options.max_age, watched)]
    if not fresh:
        return None
    # What does not fit is found again, untold, at the next evaluation: oldest first, so none grows too old.
    batch = sorted(fresh, key=lambda each: (time_of(each.mention), each.id))[:EVIDENCE_LIMIT]
    ids = tuple(stored.id for stored in reversed(batch))
    newest = batch[-1].mention
    return Finding(
        occasions=tuple(str(identity) for identity in ids),
        severity=Severity.LOW,
        window_start=time_of(batch[0].mention),
        window_end=time_of(newest),
        observed=len(batch),
        expected=None,
        score=0.0,
        facts={
            "count": len(batch),
            "source": newest.source,
            "title": (newest.title or newest.text)[:_TITLE],
            "posts": [_line(stored) for stored in reversed(batch)],
        },
        evidence=ids,
        evidence_count=len(batch),
        posts=ids[:3],
    )


def _line(stored: StoredMention) -> dict[str, str | None]:
    mention = stored.mention
    return {
        "title": (mention.title or mention.text)[:_TITLE],
        "url": mention.url,
        "source": mention.source,
        "published_at": time_of(mention).isoformat(),
    }


class CompetitorPost(Occasional):
    """New posts on a competitor's own channels; several at once are one alert."""

    kind: ClassVar[str] = "competitor_post"
    summary: ClassVar[str] = "A competitor published something on a channel of its own."
    side: ClassVar[BrandRole] = BrandRole.COMPETITOR
    Options: ClassVar[type[Strict]] = Options

    def find(self, conn: Connection, brand: str, now: datetime) -> list[Finding]:
        """Look at the newest posts of the competitor that were never reported."""
        query = MentionQuery(
            brand=brand, since=now - self.options.max_age, kinds=(MentionKind.COMPETITOR_POST,)
        )
        candidates = untold(conn, self.name, brand, find(conn, query))
        finding = decide(candidates, now, self.options, first_seen(conn)) if candidates else None
        return [] if finding is None else [finding]
