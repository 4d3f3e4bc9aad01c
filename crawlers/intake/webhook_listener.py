"""The listener for webhooks: one HTTP server in the daemon, for all sources of kind webhook.

A message is stored durably before its sender is told so; what becomes of it then is the source's matter
(`crawlers.sources.webhook`). Each request has a thread of its own, since storing waits for the disk; how many
there may be, how long each may take and how much it may send is limited.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine

from config.settings import Settings, Source
from crawlers.base import Clock
from crawlers.intake.webhook_hook import Hook
from crawlers.intake.webhook_requests import Refused, Reply, content_type_of, length_of, read_body

REQUEST_SECONDS = 15.0
CONNECTIONS = 32
_LOOK_SECONDS = 0.25
NAME = "Marsad webhooks"
_LATE = Reply(HTTPStatus.REQUEST_TIMEOUT, "the request took too long")
_logger = logging.getLogger(__name__)


def paths_of(settings: Settings) -> dict[str, Source]:
    """Return the enabled webhook sources by the path that each listens at; of two at one path, the first."""
    found: dict[str, Source] = {}
    for source in settings.sources:
        if source.kind == "webhook" and source.enabled:
            found.setdefault(path_of(source), source)
    return found


def path_of(source: Source) -> str:
    """Return the path that a webhook source listens at."""
    return source.options.path or f"/hooks/{source.name}"


class _Handler(BaseHTTPRequestHandler):
    """Answers one request and closes the connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = NAME, ""
    server: Listener

    def handle_one_request(self) -> None:
        """Answer one request; what breaks off is nobody's error."""
        self._until = monotonic() + REQUEST_SECONDS - _LOOK_SECONDS
        with suppress(OSError):
            super().handle_one_request()
        self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Ask for the body only where it would be taken."""
        try:
            self._target()
            length_of(self._headers())
        except Refused as refused:
            self._answer(refused.reply)
            return False
        return super().handle_expect_100()

    def _respond(self) -> None:
        try:
            hook, headers = self._target(), self._headers()
            content_type, length = content_type_of(headers), length_of(headers)
            body = read_body(self.rfile, length)
            reply = hook.receive(headers, content_type, body)
        except Refused as refused:
            # A body that ends early because we cut it is late.
            reply = _LATE if monotonic() >= self._until else refused.reply
        except OSError:
            reply = _LATE
        except Exception:
            _logger.exception("a request broke")
            reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, "it could not be dealt with; send it again")
        self._answer(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _respond  # noqa: N815

    def _target(self) -> Hook:
        try:
            path = unquote(urlsplit(self.path).path)
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, "the path is malformed") from None
        hook = self.server.hooks.get(path)
        if hook is None:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no webhook here")
        if self.command != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "only POST is taken", Allow="POST")
        return hook

    def _headers(self) -> dict[str, str]:
        """Return the headers by lower-case name; two of one name that matters are no header at all."""
        found: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            if key in found and key in ("content-length", "transfer-encoding"):
                raise Refused(HTTPStatus.BAD_REQUEST, "the length of the body is not clear")
            found.setdefault(key, value)
        return found

    def _answer(self, reply: Reply) -> None:
        body = reply.body()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP in JSON too."""
        # What could not be read has neither a method nor a version, and is not repeated.
        self.command, self.request_version = self.command or "GET", self.protocol_version
        self._answer(Reply(HTTPStatus(code), HTTPStatus(code).phrase))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses and paths of strangers are not kept."""


class Listener(ThreadingMixIn, TCPServer):
    """The server. A connection that takes longer than `REQUEST_SECONDS` in all is cut."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], hooks: Mapping[str, Hook]) -> None:
        self.hooks = hooks
        self._open: dict[socket.socket, float] = {}
        self._guard = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread, where there are not too many already."""
        with self._guard:
            full = len(self._open) >= CONNECTIONS
            if not full:
                self._open[request] = monotonic() + REQUEST_SECONDS
        if full:
            self.shutdown_request(request)
            return
        request.settimeout(REQUEST_SECONDS)
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Cut the connections whose time is over: who sends a byte now and then would hold a thread."""
        now = monotonic()
        with self._guard:
            late = [request for request, until in self._open.items() if until < now]
        for request in late:
            # Reading ends; there is still a moment to say why.
            with suppress(OSError):
                request.shutdown(socket.SHUT_RD)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and free its place."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what broke, without the stranger's address."""
        _logger.debug("a connection broke", exc_info=True)


def serve(engine: Engine, settings: Settings, clock: Clock) -> Callable[[], None]:
    """Listen for all webhook sources, in a thread, and return what ends it.

    Without such sources nothing listens. Where the port cannot be had that is logged, and the daemon runs on:
    its other sources do not need it.
    """
    paths = paths_of(settings)
    if not paths:
        return lambda: None
    hooks = {path: Hook(source, engine, clock) for path, source in paths.items()}
    where = settings.webhooks
    try:
        listener = Listener((where.host, where.port), hooks)
    except OSError as error:
        _logger.error("no webhooks: cannot listen at %s:%d: %s", where.host, where.port, error.strerror)
        return lambda: None
    thread = threading.Thread(
        target=listener.serve_forever, args=(_LOOK_SECONDS,), daemon=True, name="webhooks"
    )
    thread.start()

    def close() -> None:
        listener.shutdown()
        listener.server_close()

    return close


def problems(settings: Settings) -> Sequence[str]:
    """Return what keeps the listener from its work: paths that two sources share, a port that is taken.

    A port at which a listener of Marsad answers is no problem: that is the running daemon.
    """
    found = []
    enabled = [source for source in settings.sources if source.kind == "webhook" and source.enabled]
    paths = paths_of(settings)
    for source in enabled:
        if (first := paths[path_of(source)]) is not source:
            found.append(f"{source.name} and {first.name} share the path {path_of(source)}")
    where = settings.webhooks
    if not enabled:
        return []
    try:
        Listener((where.host, where.port), {}).server_close()
    except OSError as error:
        if not _answers(where.host, where.port):
            found.append(f"cannot listen at {where.host}:{where.port}: {error.strerror}")
    return found


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=3) as connection:
        connection.sendall(b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return f"Server: {NAME}".encode() in connection.recv(4096)
    return False
