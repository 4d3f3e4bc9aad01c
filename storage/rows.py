"""Statements that both databases speak, though each writes them its own way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

# SQLite takes at most 32,766 parameters in one statement; this many keys stay far below it.
CHUNK = 500

T = TypeVar("T")


def insert(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that knows ON CONFLICT, in the words of the connection's database."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)


def insert_new(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, leaving alone those whose key is there already."""
    if rows:
        conn.execute(insert(conn, table).on_conflict_do_nothing(), list(rows))


def insert_once(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row, and tell whether it was new; one whose key is there already is left alone."""
    first_key = next(iter(table.primary_key))
    statement = insert(conn, table).values(row).on_conflict_do_nothing().returning(first_key)
    return conn.execute(statement).one_or_none() is not None


def upsert(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, overwriting the columns given of those whose primary key is there already."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert(conn, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces that fit one statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
