"""What all tests share: the event loop, a clock, a database of each kind, and the recorded payloads."""

from __future__ import annotations

import os
import ssl
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from config.settings import Settings, Source
from crawlers import parsing
from crawlers.base import kinds
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


@dataclass
class Answer:
    """What the site answers at one path: a whole response, or `raw`, which gets the socket's file."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[Any], None] | None = None


class Site:
    """A web server on loopback. `pages` maps a path (without the query) to its answer.

    A page with `ETag` or `Last-Modified` answers 304 as an ordinary server does. `asked` lists every
    request: path with query, and headers in lower case.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Answer | Callable[[str], Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        self.asked.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}))
        found = self.pages.get(handler.path.partition("?")[0], Answer(status=404, body=b"no such page"))
        answer = found(handler.path) if callable(found) else found
        if answer.raw is not None:
            answer.raw(handler)
            return
        pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
        known = any(
            mark in answer.headers and handler.headers.get(asked) == answer.headers[mark]
            for mark, asked in pairs
        )
        body = b"" if known else answer.body
        handler.send_response(304 if known else answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        if not known and "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback, empty at first."""
    served = Site()
    yield served
    served.close()


@pytest.fixture
def configured() -> Callable[..., Settings]:
    """`configured({"name": …, "kind": …, …}, …)` gives settings with these sources; loopback is allowed."""

    def settings(*entries: dict[str, Any], allow: tuple[str, ...] = ("127.0.0.0/8",)) -> Settings:
        sources = []
        for entry in entries:
            source = Source(**entry)
            options = kinds()[source.kind].Options
            source._options = options.model_validate(source.model_extra or {})
            sources.append(source)
        made = Settings(allow_private_networks=[ip_network(network) for network in allow])
        made.sources.extend(sources)
        return made

    return settings


@pytest.fixture
def answer() -> type[Answer]:
    """The type of what a site answers."""
    return Answer
