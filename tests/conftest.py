"""What all tests share: the event loop, a clock, a database of each kind, and the recorded payloads."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from crawlers import parsing
from crawlers.reactor import install_reactor
from crawlers.reactor import run as run_on_reactor
from storage.engine import migrate, open_engine

install_reactor()

POSTGRES = "postgresql://postgres@127.0.0.1:5432"


class StoppedClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **span: float) -> None:
        """Move forward, by `minutes=5` and the like."""
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands at a Tuesday noon."""
    return StoppedClock(datetime(2026, 3, 10, 12, 0, tzinfo=UTC))


@pytest.fixture
def run() -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """`run(lambda: some_coroutine())` runs it to its end on the reactor's loop."""
    return run_on_reactor


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, migrated database: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield from _opened("sqlite:///test.db", tmp_path)
        return
    name = f"marsad_{uuid.uuid4().hex}"
    try:
        admin = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"PostgreSQL must answer at 127.0.0.1:5432 as postgres: {error}")
        pytest.skip("PostgreSQL does not answer at 127.0.0.1:5432 as user postgres")
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield from _opened(f"postgresql+psycopg://postgres@127.0.0.1:5432/{name}", tmp_path)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _opened(url: str, base: Path) -> Iterator[Engine]:
    opened = open_engine(url, base)
    try:
        migrate(opened)
        yield opened
    finally:
        opened.dispose()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded payloads beside the repository; the test skips where it is absent."""
    default = Path(__file__).parents[1].parent / "shared"
    found = Path(os.environ.get("MARSAD_SHARED", default))
    if not found.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the recorded payloads must be at {found}")
        pytest.skip(f"no recorded payloads at {found}")
    return found


@pytest.fixture(scope="session", autouse=True)
def _parsers() -> Iterator[None]:
    yield
    parsing.close()
