"""A service on loopback that answers as it is told: with recorded bytes, made-up pages, or faults."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.payloads.case import Answer, Asked

Raw = Callable[[BaseHTTPRequestHandler], None]
Respond = Callable[[Asked], Answer | Raw | None]


class Service:
    """A web server on a loopback port. `respond` gives the answer to each request; None is 404.

    A `Raw` answer is given the handler and writes what it wants, or nothing. `asked` are all requests.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asked: list[Asked] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                service._answer(self)

            def do_POST(self) -> None:
                service._answer(self)

            def do_HEAD(self) -> None:
                service._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Service:
        """Return the running service."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(handler.command, parts.path, query, headers, body)
        self.asked.append(asked)
        answer = self.respond(asked)
        if callable(answer):
            answer(handler)
            return
        write(handler, answer or Answer(b"no such page", 404, type="text/plain"))


def write(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Write a whole answer."""
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    names = {name.lower() for name in answer.headers}
    if "content-type" not in names and answer.status != 304:
        handler.send_header("Content-Type", answer.type)
    if "content-length" not in names and answer.status != 304:
        handler.send_header("Content-Length", str(len(answer.body)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    if answer.status != 304 and handler.command != "HEAD":
        handler.wfile.write(answer.body)
