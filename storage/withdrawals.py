"""What its author or service took back: its words go, and with them all that was made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage import stories
from storage.analyses import take_back
from storage.mentions import identity_of
from storage.records import Mention, MentionKind, content_hash
from storage.rows import chunks
from storage.tables import analyses, mentions, revisions

_EMPTY = content_hash(None, "", None)


def withdraw(conn: Connection, source: str, external_ids: Sequence[str], now: datetime) -> int:
    """Take back the words of these mentions of a source, and return how many there were.

    The row stays as a mark, without text, author and address, so that what refers to it still finds it and
    nothing makes it anew; its analysis, its earlier revisions and its part in the counts go. If it is met
    again with words, it is a mention again.
    """
    names = {identity_of(_named(source, one, now))[1] for one in external_ids}
    ids: list[int] = []
    for some in chunks(sorted(names)):
        query = select(mentions.c.id).where(
            mentions.c.source == source,
            mentions.c.external_id.in_(some),
            mentions.c.withdrawn_at.is_(None),
        )
        ids.extend(conn.scalars(query.order_by(mentions.c.id).with_for_update()))
    if not ids:
        return 0
    stories.take_turn(conn)
    take_back(conn, ids)
    for part in chunks(ids):
        conn.execute(delete(analyses).where(analyses.c.mention_id.in_(part)))
        conn.execute(delete(revisions).where(revisions.c.mention_id.in_(part)))
        conn.execute(update(mentions).where(mentions.c.id.in_(part)).values(_emptied(now)))
    return len(ids)


def _emptied(now: datetime) -> dict[str, object]:
    gone = ("title", "url", "canonical_url", "author_id", "rating", "rating_scale", "extra", "reach")
    left: dict[str, object] = dict.fromkeys((*gone, "claimed_by", "claimed_until"))
    return {
        **left,
        "text": "",
        "content_hash": _EMPTY,
        "withdrawn_at": now,
        # One more, so that an analysis under way is not saved.
        "revision": mentions.c.revision + 1,
        "analyzed_revision": mentions.c.revision + 1,
    }


def _named(source: str, external_id: str, now: datetime) -> Mention:
    return Mention(source=source, kind=MentionKind.POST, external_id=external_id, text="", collected_at=now)
