"""A small threaded HTTP server on the loopback address, which can misbehave on request."""

from __future__ import annotations

import gzip
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

_SMALL = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; `path` is decoded, `query` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer. `changed` (aware UTC) becomes Last-Modified; None gives no validators at all."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: datetime | None = None
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the request log; `status` is 0 where no answer was given."""

    method: str
    path: str
    status: int


class Fault(StrEnum):
    """How a server can misbehave for one request."""

    ANSWER = "answer"  # answer with the given status, headers and body instead
    HANG = "hang"  # wait for the given seconds, then hang up
    DROP = "drop"  # hang up without having done anything
    LOSE_ANSWER = "lose-answer"  # do the work, then hang up without saying so


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One fault, for the next request; `seconds` is for HANG, `response` for ANSWER."""

    fault: Fault
    response: Response = Response(b"")
    seconds: float = 30.0


def rate_limited(retry_after: str | int) -> Misbehaviour:
    """Return an answer of 429 with Retry-After, in seconds or as an HTTP date."""
    headers = {"Retry-After": str(retry_after)}
    return Misbehaviour(Fault.ANSWER, Response(b"rate_limited", status=429, headers=headers))


def failing(status: int, body: bytes = b"internal_error") -> Misbehaviour:
    """Return an answer with an error status."""
    return Misbehaviour(Fault.ANSWER, Response(body, status=status))


class LoopbackServer:
    """Serves `respond` on 127.0.0.1 in threads, between `start` and `stop` or in a `with` block.

    `requests` logs every request in the order in which they were answered.
    """

    def __init__(self, respond: Callable[[Request], Response], port: int = 0) -> None:
        self._respond = respond
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._faults: deque[Misbehaviour] = deque()
        self._stopping = threading.Event()
        self.requests: list[Seen] = []

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end. Only while or after it has been started."""
        return f"http://127.0.0.1:{self._port}"

    def misbehave(self, *faults: Misbehaviour) -> None:
        """Queue faults: each is spent on one coming request."""
        self._faults.extend(faults)

    def start(self) -> None:
        """Begin to listen; after `stop`, again on the same port. Raises OSError where it is taken."""
        self._stopping.clear()
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections and end the open ones; returns when all threads have ended."""
        if self._server is None or self._thread is None:
            return
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self._server = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def answer(self, request: Request) -> Response | None:
        """Return the answer to one request, or None to hang up."""
        trouble = self._faults.popleft() if self._faults else None
        response: Response | None
        if trouble is None:
            response = conditional(request, self._respond(request))
        elif trouble.fault is Fault.ANSWER:
            response = trouble.response
        else:
            response = None
            if trouble.fault is Fault.HANG:
                self._stopping.wait(trouble.seconds)
            if trouble.fault is Fault.LOSE_ANSWER:
                self._respond(request)
        self.requests.append(Seen(request.method, request.path, response.status if response else 0))
        return response


def conditional(request: Request, response: Response) -> Response:
    """Add validators and compression to an answer, or replace it by 304 where the client has it."""
    if response.status != 200 or response.changed is None:
        return response
    tag = f'"{blake2b(response.body, digest_size=12).hexdigest()}"'
    shown = f"W/{tag}" if response.weak else tag
    validators = {
        **response.headers,
        "ETag": shown,
        "Last-Modified": format_datetime(response.changed, usegmt=True),
        "Vary": "Accept-Encoding",
    }
    if _unchanged(request.headers, tag, response.changed):
        return Response(b"", response.content_type, 304, validators)
    body = response.body
    packed = response.content_type.startswith("application/gzip")
    if "gzip" in request.headers.get("accept-encoding", "") and len(body) > _SMALL and not packed:
        body = gzip.compress(body, mtime=0)
        validators["Content-Encoding"] = "gzip"
    return Response(body, response.content_type, 200, validators)


def _unchanged(headers: Mapping[str, str], tag: str, changed: datetime) -> bool:
    if known := headers.get("if-none-match"):
        return known.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in known.split(",")]
    try:
        return changed.replace(microsecond=0) <= parsedate_to_datetime(headers["if-modified-since"])
    except (KeyError, ValueError, TypeError):
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, owner: LoopbackServer, port: int) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End open connections, so that threads that wait for a client's next request end too."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent when a client goes away: that is its business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Loopback"
    sys_version = ""
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        response = self.server.owner.answer(
            Request(
                method=self.command,
                path=unquote(parts.path),
                query={name: values[-1] for name, values in parse_qs(parts.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
        )
        if response is None:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        if response.status != 304:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status != 304:
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 -- names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the log is `LoopbackServer.requests`."""
