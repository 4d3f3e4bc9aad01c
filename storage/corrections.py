"""Labels that people gave: they win over the model's, count at once, and outlive every new analysis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, tuple_, update

from storage import analyses, storable
from storage.mentions import Identity, fetch
from storage.records import BrandRole, SentimentLabel
from storage.rows import chunks, upsert
from storage.stories import Policy
from storage.tables import analyses as analysis_table
from storage.tables import corrections, mentions


@dataclass(frozen=True, slots=True)
class CorrectedText:
    """A mention's text with the label that a person gave it, to learn from and to measure on.

    `language` is BCP 47 as it was analysed, None where that was not done yet.
    """

    mention_id: int
    text: str
    title: str | None
    language: str | None
    label: SentimentLabel
    at: datetime


def record(
    conn: Connection,
    labels: Mapping[int, SentimentLabel],
    who: str,
    now: datetime,
    policy: Policy | None = None,
) -> set[int]:
    """Keep a person's labels by mention, and return the ids that are no mention.

    Analyses and hourly counts follow in the same transaction; a mention that was not understood yet gets
    its label when it is. A later label replaces an earlier one. `policy` says what of it is counted.
    """
    said = {key: {"sentiment_label": str(label)} for key, label in labels.items()}
    return _record(conn, said, who, now, policy)


def record_brands(
    conn: Connection,
    brands: Mapping[int, Mapping[str, BrandRole]],
    who: str,
    now: datetime,
    policy: Policy | None = None,
) -> set[int]:
    """Keep which brands (name to role, none for "no brand") people say that mentions speak of.

    Returns the ids that are no mention; counts, labels given before, and those that wait go as in `record`.
    """
    said = {
        key: {
            "brands": [{"name": storable.short(name, 80), "role": str(role)} for name, role in names.items()]
        }
        for key, names in brands.items()
    }
    return _record(conn, said, who, now, policy)


def _record(
    conn: Connection,
    said: Mapping[int, Mapping[str, Any]],
    who: str,
    now: datetime,
    policy: Policy | None,
) -> set[int]:
    waiting = _locked(conn, sorted(said))
    known = sorted(row.id for row in waiting)
    given_by = storable.short(who, 200)
    rows = [{"mention_id": key, **said[key], "who": given_by, "at": now} for key in known]
    upsert(conn, corrections, rows)
    read = [(stored, stored.analysis) for stored in fetch(conn, known) if stored.analysis is not None]
    analyses.save(conn, read, now, policy)
    _put_back(conn, waiting)
    return said.keys() - set(known)


def withdraw(conn: Connection, mention_id: int) -> bool:
    """Forget what a person said, and tell whether anything was; the mention waits to be read again."""
    _locked(conn, [mention_id])
    gone = conn.execute(delete(corrections).where(corrections.c.mention_id == mention_id)).rowcount
    if gone:
        unread = update(mentions).where(mentions.c.id == mention_id).values(analyzed_revision=0)
        conn.execute(unread)
    return bool(gone)


def ids_of(conn: Connection, identities: Sequence[Identity]) -> dict[Identity, int]:
    """Return the ids of the mentions with these (source, external id), as far as there are any."""
    found: dict[Identity, int] = {}
    for part in chunks(identities):
        key = tuple_(mentions.c.source, mentions.c.external_id)
        query = select(mentions.c.id, mentions.c.source, mentions.c.external_id).where(key.in_(part))
        found.update({(row.source, row.external_id): row.id for row in conn.execute(query)})
    return found


def corrected(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these mentions bear a person's label."""
    return _said_of(conn, ids, corrections.c.sentiment_label)


def rebranded(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Return of which of these mentions a person said which brands they speak of."""
    return _said_of(conn, ids, corrections.c.brands)


def _said_of(conn: Connection, ids: Sequence[int], column: ColumnElement[Any]) -> set[int]:
    found: set[int] = set()
    for part in chunks(ids):
        query = select(corrections.c.mention_id).where(
            corrections.c.mention_id.in_(part), column.is_not(None)
        )
        found.update(conn.scalars(query))
    return found


def corrected_texts(conn: Connection) -> Iterator[CorrectedText]:
    """Yield every text that a person labelled, in the order of the labels' times."""
    query = (
        select(
            corrections.c.mention_id,
            corrections.c.sentiment_label,
            corrections.c.at,
            mentions.c.text,
            mentions.c.title,
            analysis_table.c.language,
        )
        .join(mentions, mentions.c.id == corrections.c.mention_id)
        .outerjoin(analysis_table, analysis_table.c.mention_id == corrections.c.mention_id)
        .where(corrections.c.sentiment_label.is_not(None))
        .order_by(corrections.c.at, corrections.c.mention_id)
    )
    for row in conn.execute(query):
        label = SentimentLabel(row.sentiment_label)
        yield CorrectedText(row.mention_id, row.text, row.title, row.language, label, row.at)


def _locked(conn: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    """Lock the mentions before their analyses are read: a worker may be saving others this moment."""
    columns = ("id", "analyzed_revision", "claimed_by", "claimed_until")
    query = select(*(mentions.c[name] for name in columns)).order_by(mentions.c.id).with_for_update()
    return [row for part in chunks(ids) for row in conn.execute(query.where(mentions.c.id.in_(part)))]


def _put_back(conn: Connection, rows: Iterable[Row[Any]]) -> None:
    """Let those wait that waited to be read: the label is new, the reading is not."""
    for row in rows:
        before = {name: row._mapping[name] for name in ("analyzed_revision", "claimed_by", "claimed_until")}
        conn.execute(update(mentions).where(mentions.c.id == row.id).values(before))
