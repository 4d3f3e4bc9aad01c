"""Mentions: kept once each, revised when edited, handed out to be understood, and found again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, update

from storage import authors as people
from storage import storable
from storage.analysis_rows import analysis_from_row
from storage.records import Analysis, Author, BrandRole, Engagement, Mention, MentionKind, content_hash
from storage.rows import chunks, insert_new
from storage.tables import analyses, authors, mention_brands, mentions, revisions

Identity = tuple[str, str]

_ENGAGEMENT = ("likes", "replies", "shares", "views")


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of a batch. `ids` are those of the new and the revised, in no particular order."""

    new: int
    revised: int
    unchanged: int
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredMention:
    """A mention with its id, and what was understood of it where it has been."""

    id: int
    mention: Mention
    analysis: Analysis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionQuery:
    """Which mentions to find: all conditions hold together; `since` ≤ time < `until`.

    The time of a mention is when it was published, or collected where the source does not say.
    `role` finds what speaks of one's own brands or of competitors. `sentiment` is a label, or
    `unknown` where the model abstained.
    """

    brand: str | None = None
    role: BrandRole | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[MentionKind] = ()
    sentiment: str | None = None
    sources: Sequence[str] = ()
    min_followers: int | None = None
    rated: bool = False
    newest_first: bool = True
    limit: int | None = None


def identity_of(mention: Mention) -> Identity:
    """Return the identity of a mention as its columns hold it."""
    external = storable.text(mention.external_id) or ""
    if len(external) > 480:
        # Too long for an index: the beginning tells people what it is, the hash tells them apart.
        external = external[:440] + "#" + content_hash(None, external, None)
    return storable.short(mention.source, 80) or "", external


def store(conn: Connection, batch: Sequence[Mention]) -> StoreResult:
    """Keep each mention once: insert the new, revise the edited, refresh the counts of the others."""
    newest = {identity_of(mention): mention for mention in batch}
    if not newest:
        return StoreResult(0, 0, 0)
    now = max(mention.collected_at for mention in newest.values())
    writers = people.save(conn, [m.author for m in newest.values() if m.author is not None], now)
    known = _existing(conn, list(newest))
    rows = {
        identity: _row(mention, identity, writers)
        for identity, mention in newest.items()
        if identity not in known
    }
    insert_new(conn, mentions, list(rows.values()))
    revised = [known[i] for i, m in newest.items() if i in known and known[i].content_hash != m.content_hash]
    _revise(conn, [(row, newest[row.source, row.external_id]) for row in revised], now, writers)
    _refresh(conn, [(row, newest[identity]) for identity, row in known.items()])
    added = _existing(conn, list(rows))
    ids = (*(row.id for row in added.values()), *(row.id for row in revised))
    return StoreResult(len(rows), len(revised), len(newest) - len(rows) - len(revised), ids)


def _existing(conn: Connection, identities: Sequence[Identity]) -> dict[Identity, Row[Any]]:
    by_source: dict[str, list[str]] = {}
    for source, external in identities:
        by_source.setdefault(source, []).append(external)
    found = {}
    for source, externals in by_source.items():
        for part in chunks(externals):
            query = select(mentions).where(mentions.c.source == source, mentions.c.external_id.in_(part))
            found.update({(row.source, row.external_id): row for row in conn.execute(query)})
    return found


def _author_id(author: Author | None, writers: dict[people.AuthorKey, int]) -> int | None:
    return None if author is None else writers[people.key_of(author)]


def _content(mention: Mention) -> dict[str, Any]:
    return {
        "title": storable.text(mention.title),
        "text": storable.text(mention.text),
        "rating": storable.number(mention.rating),
        "rating_scale": storable.number(mention.rating_scale),
        "url": storable.text(mention.url),
        "canonical_url": storable.text(mention.canonical_url),
        "item": storable.text(mention.item),
        "language_hint": storable.short(mention.language_hint, 40),
        "content_hash": mention.content_hash,
        "extra": _extra(mention),
    }


def _extra(mention: Mention) -> dict[str, Any] | None:
    return storable.document(dict(mention.extra)) or None


def _counts(mention: Mention) -> dict[str, int | None]:
    found = {name: storable.count(getattr(mention.engagement, name)) for name in _ENGAGEMENT}
    return {**found, "reach": storable.count(mention.reach)}


def _row(mention: Mention, identity: Identity, writers: dict[people.AuthorKey, int]) -> dict[str, Any]:
    return {
        "source": identity[0],
        "external_id": identity[1],
        "kind": str(mention.kind),
        "author_id": _author_id(mention.author, writers),
        "published_at": mention.published_at,
        "collected_at": mention.collected_at,
        "parent_id": storable.short(mention.parent_id, 500),
        "revision": 1,
        "analyzed_revision": 0,
        **_content(mention),
        **_counts(mention),
    }


def _revise(
    conn: Connection,
    edited: Sequence[tuple[Row[Any], Mention]],
    now: datetime,
    writers: dict[people.AuthorKey, int],
) -> None:
    old = ("revision", "title", "text", "rating", "content_hash")
    insert_new(
        conn,
        revisions,
        [
            {"mention_id": row.id, "replaced_at": now, **{name: row._mapping[name] for name in old}}
            for row, _ in edited
        ],
    )
    for row, mention in edited:
        changes = {
            **_content(mention),
            "revision": row.revision + 1,
            "author_id": _author_id(mention.author, writers) or row.author_id,
            "withdrawn_at": None,
            "claimed_by": None,
            "claimed_until": None,
        }
        conn.execute(update(mentions).where(mentions.c.id == row.id).values(changes))


# Counts move all the time: they are refreshed, and make no revision.
def _refresh(conn: Connection, met_again: Sequence[tuple[Row[Any], Mention]]) -> None:
    for row, mention in met_again:
        counted = {name: value for name, value in _counts(mention).items() if value is not None}
        changes = {name: value for name, value in counted.items() if value != row._mapping[name]}
        if row.published_at is None and mention.published_at is not None:
            changes["published_at"] = mention.published_at  # type: ignore[assignment]
        if mention.extra and row.withdrawn_at is None and (extra := _extra(mention)) != row.extra:
            changes["extra"] = extra  # type: ignore[assignment]
        if changes:
            conn.execute(update(mentions).where(mentions.c.id == row.id).values(changes))


def claim_unanalyzed(
    conn: Connection, limit: int, holder: str, now: datetime, lease: timedelta
) -> list[StoredMention]:
    """Take up to `limit` mentions that wait to be understood, oldest first.

    They are the holder's until `lease` has passed; what was not saved by then is handed out again.
    """
    waiting = and_(
        mentions.c.analyzed_revision < mentions.c.revision,
        or_(mentions.c.claimed_until.is_(None), mentions.c.claimed_until < now),
    )
    query = (
        select(mentions.c.id)
        .where(waiting)
        .order_by(mentions.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.scalars(query))
    for part in chunks(ids):
        conn.execute(
            update(mentions)
            .where(mentions.c.id.in_(part))
            .values(claimed_by=holder, claimed_until=now + lease)
        )
    return fetch(conn, ids)


def release(conn: Connection) -> None:
    """Give back what holders that are known to be dead had claimed and not saved."""
    claimed = mentions.c.claimed_until.is_not(None)
    conn.execute(update(mentions).where(claimed).values(claimed_by=None, claimed_until=None))


def unanalyzed(conn: Connection) -> int:
    """Return how many mentions wait to be understood."""
    waiting = mentions.c.analyzed_revision < mentions.c.revision
    return conn.scalar(select(func.count()).select_from(mentions).where(waiting)) or 0


def fetch(conn: Connection, ids: Sequence[int]) -> list[StoredMention]:
    """Return the mentions with these ids, in that order; ids that are not there are left out."""
    found = {}
    for part in chunks(list(ids)):
        for row in conn.execute(_everything().where(mentions.c.id.in_(part))):
            stored = _from_row(row)
            found[stored.id] = stored
    return [found[identity] for identity in ids if identity in found]


def find(conn: Connection, query: MentionQuery) -> list[StoredMention]:
    """Return the analysed mentions that fit, newest first unless the query says otherwise."""
    return fetch(conn, find_ids(conn, query))


def find_ids(conn: Connection, query: MentionQuery) -> list[int]:
    """Return the ids of the analysed mentions that fit, in the order of `find`."""
    statement = (
        select(mention_brands.c.mention_id).where(*_where(query)).group_by(mention_brands.c.mention_id)
    )
    if query.min_followers is not None:
        statement = statement.join(mentions, mention_brands.c.mention_id == mentions.c.id)
        statement = statement.join(authors, authors.c.id == mentions.c.author_id)
    order = (func.max(mention_brands.c.at), mention_brands.c.mention_id)
    statement = statement.order_by(*(column.desc() if query.newest_first else column for column in order))
    return list(conn.scalars(statement.limit(query.limit)))


def _where(query: MentionQuery) -> list[ColumnElement[bool]]:
    table = mention_brands.c
    conditions: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "brand": lambda brand: table.brand == brand,
        "role": lambda role: table.role == str(role),
        "since": lambda moment: table.at >= moment,
        "until": lambda moment: table.at < moment,
        "kinds": lambda kinds: table.kind.in_([str(kind) for kind in kinds]),
        "sentiment": lambda label: table.sentiment == label,
        "sources": table.source.in_,
        "rated": lambda _: table.rating_of_five.is_not(None),
        "min_followers": lambda least: authors.c.followers >= least,
    }
    wanted = ((name, getattr(query, name)) for name in conditions)
    return [conditions[name](value) for name, value in wanted if value not in (None, (), False)]


def _everything() -> Select[Any]:
    return (
        select(mentions, authors, analyses)
        .select_from(mentions)
        .outerjoin(authors, authors.c.id == mentions.c.author_id)
        .outerjoin(analyses, analyses.c.mention_id == mentions.c.id)
    )


def _from_row(row: Row[Any]) -> StoredMention:
    fields = row._mapping
    column = mentions.c
    mention = Mention(
        source=fields[column.source],
        kind=MentionKind(fields[column.kind]),
        external_id=fields[column.external_id],
        text=fields[column.text],
        collected_at=fields[column.collected_at],
        url=fields[column.url],
        canonical_url=fields[column.canonical_url],
        author=people.from_row(row),
        title=fields[column.title],
        rating=fields[column.rating],
        rating_scale=fields[column.rating_scale],
        engagement=Engagement(**{name: fields[column[name]] for name in _ENGAGEMENT}),
        reach=fields[column.reach],
        published_at=fields[column.published_at],
        parent_id=fields[column.parent_id],
        item=fields[column.item],
        language_hint=fields[column.language_hint],
        revision=fields[column.revision],
        content_hash=fields[column.content_hash],
        extra=fields[column.extra] or {},
    )
    return StoredMention(fields[column.id], mention, analysis_from_row(fields))


def time_of(mention: Mention) -> datetime:
    """Return when a mention counts: its publication, but never later than we saw it."""
    if mention.published_at is None:
        return mention.collected_at
    return min(mention.published_at, mention.collected_at)
