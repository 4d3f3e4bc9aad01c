"""What can go wrong with the database, in words for a person."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

_CAUSES = (
    ("disk is full", "the disk is full: free some space; nothing collected so far is lost"),
    ("no space left", "the disk is full: free some space; nothing collected so far is lost"),
    ("could not extend file", "the disk is full: free some space; nothing collected so far is lost"),
    ("disk i/o error", "the disk cannot be written or read: check its free space, limits and health"),
    ("readonly database", "the database file cannot be written: check its owner and permissions"),
    (
        "unable to open database",
        "the database file cannot be opened: check that its folder exists and is writable",
    ),
    ("file is not a database", "the database file is damaged or is not a database"),
    ("malformed", "the database file is damaged: restore it from a backup"),
    ("database is locked", "the database is held by another program"),
    (
        "connection refused",
        "the database server cannot be reached: check that it runs and that `database` names it",
    ),
    ("password authentication failed", "the database refuses the user name or password in `database`"),
    ("does not exist", "the database, role or table does not exist: create it, then run `marsad migrate`"),
)


class StorageError(Exception):
    """The database cannot be used. The message says why and what to do, and holds no password."""


class UnusableAddress(StorageError):
    """What `database` says is no address of a database that can be used; to be mended in the file."""


class SchemaOutdated(StorageError):
    """The tables are not those of this version."""


def explain(error: BaseException) -> str:
    """Return the cause of a database error in one plain sentence, without the statement or its values.

    Of any other error only its type is told: its words may hold what should not be shown.
    """
    if isinstance(error, StorageError):
        return str(error)
    told = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    lowered = told.lower()
    for sign, words in _CAUSES:
        if sign in lowered:
            return words
    if isinstance(error, OperationalError):
        return "the database does not answer: " + told.splitlines()[0][:200]
    return type(error).__name__ + (" in the database" if isinstance(error, SQLAlchemyError) else "")
