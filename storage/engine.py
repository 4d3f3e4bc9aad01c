"""Opening the database, and bringing its tables up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from storage.errors import SchemaOutdated, StorageError, UnusableAddress

_DRIVERS = {"sqlite": "sqlite", "sqlite+pysqlite": "sqlite", "postgresql": "postgresql+psycopg"}
# A writer waits this long for another to finish before it gives up, in seconds.
_BUSY_TIMEOUT = 30
# How long PostgreSQL may take to connect (seconds) and a dead network go unnoticed (seconds, milliseconds).
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "tcp_user_timeout": 20_000,
}
_HOLDS_TURN = "holds the writers' turn"


def open_engine(url: str, base: Path) -> Engine:
    """Return an engine for `sqlite:///path` (relative to the folder `base`) or `postgresql+psycopg://…`.

    Nothing is connected yet, but the folder of an SQLite file is made.

    Raises:
        UnusableAddress: the URL is of no kind that is supported.
        StorageError: the folder cannot be made.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UnusableAddress(
            "`database` must look like sqlite:///var/marsad.db or postgresql+psycopg://…"
        ) from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.drivername == "sqlite":
        return _open_sqlite(parsed.database, base)
    if parsed.drivername != "postgresql+psycopg":
        raise UnusableAddress(
            f"`database` names {parsed.drivername}; sqlite and postgresql+psycopg are supported"
        )
    try:
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=_PATIENCE)
    except NoSuchModuleError as error:
        raise StorageError(str(error)) from None


def is_there(url: str, base: Path) -> bool:
    """Return whether there is a database: for SQLite its file; a server is taken to have one.

    So is a place that may not be looked into: who opens it is told why it cannot be used.
    """
    try:
        parsed = make_url(url)
        return not parsed.drivername.startswith("sqlite") or (base / (parsed.database or "")).is_file()
    except (ArgumentError, ValueError):
        return False
    except PermissionError:
        return True


def _open_sqlite(database: str | None, base: Path) -> Engine:
    if not database or database == ":memory:":
        raise UnusableAddress("`database` needs a file: sqlite:///var/marsad.db")
    file = base / database
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {file.parent} cannot be made: {error.strerror}") from None
    # Closing the last connection empties the log into the file, with all its waiting for the disk: so some
    # are kept. What one leaves half-read is rolled back when it is given back.
    engine = create_engine(
        f"sqlite:///{file}",
        connect_args={"timeout": _BUSY_TIMEOUT},
        poolclass=QueuePool,
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    turns = _Turns()
    event.listen(engine, "begin", turns.begin)
    event.listen(engine, "checkin", turns.end)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver must not begin transactions by itself: `_Turns.begin` does.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


class _Turns:
    """Lets the writers of one process wait for one another; SQLite would have each sleep and try again."""

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Begin a transaction, for writing unless its connection only reads."""
        if connection.get_execution_options().get("reading", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not connection.info.get(_HOLDS_TURN):
            # Another process may still hold the file's own lock, and a turn that never ends must not hang us.
            connection.info[_HOLDS_TURN] = self._writing.acquire(timeout=_BUSY_TIMEOUT)
        # One that reads first and writes later can fail half-way in WAL; taking the file's lock first cannot.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def end(self, driver_connection: Any, record: Any) -> None:
        """Let the next writer begin: this one has given its connection back."""
        if record.info.pop(_HOLDS_TURN, False):
            self._writing.release()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads: one consistent view, and no lock taken."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _migrations(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Bring the tables to this version, in one transaction. Does nothing where they already are."""
    if schema_is_current(engine):
        return
    with engine.begin() as connection:
        command.upgrade(_migrations(connection), "head")


def schema_is_current(engine: Engine) -> bool:
    """Tell whether the tables are those of this version."""
    newest = ScriptDirectory.from_config(_migrations()).get_current_head()
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest


def prepare(engine: Engine) -> None:
    """Make the database ready for use: SQLite is migrated here, PostgreSQL must have been.

    Raises:
        SchemaOutdated: PostgreSQL's tables are not of this version.
    """
    if engine.dialect.name == "sqlite":
        migrate(engine)
    elif not schema_is_current(engine):
        raise SchemaOutdated("the database's tables are not of this version: run `marsad migrate`")
