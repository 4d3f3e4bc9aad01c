"""Who writes: one row an account, everything about a person in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Row, func, select

from storage import storable
from storage.records import Author
from storage.rows import chunks, insert
from storage.tables import authors

AuthorKey = tuple[str, str]


def key_of(author: Author) -> AuthorKey:
    """Return the identity of an account as its columns hold it."""
    return storable.short(author.platform, 80) or "", storable.short(author.handle, 300) or ""


def save(conn: Connection, found: Iterable[Author], now: datetime) -> dict[AuthorKey, int]:
    """Insert or refresh the accounts, and return the id of each. What is None keeps what was known."""
    newest = {key_of(author): author for author in found}
    if not newest:
        return {}
    rows = [
        {
            "platform": key[0],
            "handle": key[1],
            "name": storable.text(author.name),
            "profile_url": storable.text(author.profile_url),
            "followers": storable.count(author.followers),
            "verified": author.verified,
            "updated_at": now,
        }
        # Sorted, so that two writers lock the rows in the same order.
        for key, author in sorted(newest.items())
    ]
    statement = insert(conn, authors)
    kept = ("name", "profile_url", "followers", "verified")
    changes = {name: func.coalesce(statement.excluded[name], authors.c[name]) for name in kept}
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["platform", "handle"],
            set_={**changes, "updated_at": statement.excluded.updated_at},
        ),
        rows,
    )
    return _ids(conn, list(newest))


def _ids(conn: Connection, keys: list[AuthorKey]) -> dict[AuthorKey, int]:
    wanted, found = set(keys), {}
    for part in chunks([handle for _, handle in keys]):
        query = select(authors.c.id, authors.c.platform, authors.c.handle).where(authors.c.handle.in_(part))
        for identity, platform, handle in conn.execute(query):
            if (platform, handle) in wanted:
                found[platform, handle] = identity
    return found


def from_row(row: Row[tuple[object, ...]]) -> Author | None:
    """Return the author in a row that was selected together with `authors`, None where there is none."""
    fields = row._mapping
    if fields[authors.c.platform] is None:
        return None
    return Author(
        platform=fields[authors.c.platform],
        handle=fields[authors.c.handle],
        name=fields[authors.c.name],
        profile_url=fields[authors.c.profile_url],
        followers=fields[authors.c.followers],
        verified=fields[authors.c.verified],
    )
