"""The posts a digest shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from storage import mentions
from storage.mentions import StoredMention, time_of

_SHOWN: Final = 3
_TEXT_LIMIT: Final = 1000  # code points; renderers clip further


def _engagement(stored: StoredMention) -> int | None:
    seen = stored.mention.engagement
    known = [count for count in (seen.likes, seen.replies, seen.shares) if count is not None]
    return sum(known) if known else None


def _story(stored: StoredMention) -> int | str:
    """One story is shown once, and so is one text that several accounts copied."""
    story = stored.analysis.story_id if stored.analysis else None
    return story if story is not None else " ".join(stored.mention.text.split())


def distinct_posts(conn: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the first posts among these that tell different stories, at most three."""
    shown: dict[int | str, StoredMention] = {}
    for stored in mentions.fetch(conn, ids):
        shown.setdefault(_story(stored), stored)
    return [post(stored) for stored in list(shown.values())[:_SHOWN]]


def post(stored: StoredMention) -> dict[str, Any]:
    """Return a post with what is needed to show it, JSON values only."""
    mention, analysis = stored.mention, stored.analysis
    author = mention.author
    return {
        "id": stored.id,
        "title": mention.title,
        "text": mention.text[:_TEXT_LIMIT],
        "author": author.name if author else None,
        "handle": author.handle if author else None,
        "platform": author.platform if author else None,
        "followers": author.followers if author else None,
        "reach": mention.reach,
        "engagement": _engagement(stored),
        "url": mention.url or mention.canonical_url,
        "source": mention.source,
        "kind": str(mention.kind),
        "published_at": time_of(mention).isoformat(),
        "language": analysis.language if analysis else None,
        "sentiment": str(analysis.sentiment_label) if analysis and analysis.sentiment_label else None,
        "rating": mention.rating,
        "rating_scale": mention.rating_scale,
    }
