"""A mention by somebody whom many people follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field
from sqlalchemy import Connection

from alerts.news import is_news, untold
from alerts.rules.base import Finding, Occasional, severity_by
from config.settings import Strict
from config.values import Duration
from storage.mentions import MentionQuery, StoredMention, find, time_of
from storage.records import Author, BrandRole, SentimentLabel, Severity
from storage.watches import first_seen

_AT_ONCE = 50

# Ill spoken of is urgent at any size; otherwise it matters how many times the least followers there are.
_SEVERITIES = ((10.0, Severity.MEDIUM),)


class Options(Strict):
    """What can be set for an influencer's post."""

    min_followers: int = Field(default=10_000, ge=1, description="How many followers make an influencer.")
    max_age: Duration = Field(
        default=timedelta(hours=48), description="Older mentions are not reported, such as at a first run."
    )
    ignore: list[str] = Field(default=[], description="Handles not to report, such as your own accounts.")


def decide(
    candidates: Sequence[StoredMention], now: datetime, options: Options, watched: Mapping[str, datetime]
) -> list[Finding]:
    """Return one finding for each mention that is news by an author with enough followers, oldest first."""
    ignored = {_plain(handle) for handle in options.ignore}
    found = []
    for stored in sorted(candidates, key=lambda each: (time_of(each.mention), each.id)):
        author = stored.mention.author
        if author is None or (author.followers or 0) < options.min_followers:
            continue
        if _plain(author.handle) not in ignored and is_news(stored.mention, now, options.max_age, watched):
            found.append(_finding(stored, author, options))
    return found


def _plain(handle: str) -> str:
    return handle.removeprefix("@").casefold()


def _finding(stored: StoredMention, author: Author, options: Options) -> Finding:
    followers = author.followers or 0
    times = followers / options.min_followers
    label = stored.analysis.sentiment_label if stored.analysis is not None else None
    at = time_of(stored.mention)
    return Finding(
        occasions=(str(stored.id),),
        severity=Severity.HIGH if label is SentimentLabel.NEGATIVE else severity_by(times, _SEVERITIES),
        window_start=at,
        window_end=at,
        observed=followers,
        expected=None,
        score=round(math.log10(times), 2),
        facts={
            "followers": followers,
            "platform": author.platform,
            "author": author.name or author.handle,
            "verified": author.verified,
            "sentiment": None if label is None else str(label),
        },
        evidence=(stored.id,),
        evidence_count=1,
        posts=(stored.id,),
    )


class InfluencerPost(Occasional):
    """Every new mention of a brand by an author with many followers, well or ill."""

    kind: ClassVar[str] = "influencer_post"
    summary: ClassVar[str] = "A mention by an author with at least so many followers, well or ill."
    side: ClassVar[BrandRole] = BrandRole.OWN
    Options: ClassVar[type[Strict]] = Options

    def find(self, conn: Connection, brand: str, now: datetime) -> list[Finding]:
        """Look at the newest mentions by such authors that were never reported."""
        query = MentionQuery(
            brand=brand, since=now - self.options.max_age, min_followers=self.options.min_followers
        )
        candidates = untold(conn, self.name, brand, find(conn, query))
        watched = first_seen(conn) if candidates else {}
        return decide(candidates, now, self.options, watched)[:_AT_ONCE]
