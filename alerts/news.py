"""What is new enough, and was not told before, to be reported once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alerts.lifecycle import group_key
from storage.alerts import seen_among
from storage.mentions import StoredMention
from storage.records import Mention

# An undated page found within a day of the first visit belongs to what was there before.
_SETTLED = timedelta(days=1)


def is_news(mention: Mention, now: datetime, max_age: timedelta, watched: Mapping[str, datetime]) -> bool:
    """Tell whether a mention was published within `max_age` before `now`.

    One without a date is new when its source had been watched for a day (`watched`: since when) by the
    time it turned up: a first visit brings everything that was ever there.
    """
    if mention.published_at is not None:
        return now - max_age <= mention.published_at <= max(now, mention.collected_at)
    first_visit = watched.get(mention.source)
    settled = first_visit is not None and mention.collected_at - first_visit >= _SETTLED
    return settled and mention.collected_at >= now - max_age


def untold(
    conn: Connection, rule: str, brand: str, candidates: Sequence[StoredMention]
) -> list[StoredMention]:
    """Return the mentions that were never an alert of this rule and brand."""
    keys = {stored.id: group_key(rule, brand, str(stored.id)) for stored in candidates}
    told = seen_among(conn, list(keys.values()))
    return [stored for stored in candidates if keys[stored.id] not in told]
