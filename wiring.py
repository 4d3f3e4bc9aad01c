"""What the command, the daemon and the demo all begin with: the time, the kinds there are, the database.

Nothing heavy is loaded before it is needed, so that a command starts within a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from config.loader import Kinds
    from config.settings import Settings


def now() -> datetime:
    """Return the time, aware and in UTC; everything else is given it."""
    return datetime.now(UTC)


def kinds() -> Kinds:
    """Return every kind of source, channel and rule, for the loader of the configuration."""
    from alerts.channels import base as channel_kinds
    from alerts.rules import base as rule_kinds
    from config.loader import Kinds
    from crawlers import base as source_kinds

    sources, channels = source_kinds.options_models(), channel_kinds.options_models()
    return Kinds(sources=sources, channels=channels, rules=rule_kinds.options_models())


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """Open the database of the settings, ready for use, and close it afterwards.

    Raises:
        storage.errors.StorageError: it cannot be used.
    """
    from storage.engine import open_engine, prepare

    engine = open_engine(settings.database, settings.folder)
    try:
        prepare(engine)
        yield engine
    finally:
        engine.dispose()
