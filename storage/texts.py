"""The words of stored mentions, without the rest of them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from storage.tables import mentions


def newest(conn: Connection, limit: int) -> Iterator[str]:
    """Yield the titles and texts of the newest mentions, at most `limit` mentions, each as one string."""
    query = select(mentions.c.title, mentions.c.text).order_by(mentions.c.id.desc()).limit(limit)
    for row in conn.execute(query):
        yield f"{row.title}\n{row.text}" if row.title else row.text
