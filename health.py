"""`/healthz` and `/metrics` on a loopback port, read from the database when they are asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from socketserver import ThreadingMixIn
from time import monotonic
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from storage import status
from storage.engine import reading
from storage.errors import explain

log = structlog.get_logger("marsad.health")

# A loop that has not turned for this long hangs.
DEAD_AFTER_SECONDS = 120

REGISTRY = CollectorRegistry()
SECONDS = Histogram("marsad_stage_seconds", "Seconds that a stage's turn took.", ["stage"], registry=REGISTRY)
FAILURES = Counter("marsad_stage_failures", "Turns of a stage that failed.", ["stage"], registry=REGISTRY)


class StatusMetrics(Collector):
    """Gauges made from the database, so that they say the same after a restart."""

    def __init__(self, found: status.Status) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        found = self._found
        yield GaugeMetricFamily("marsad_mentions", "Mentions kept.", value=found.mentions)
        yield GaugeMetricFamily(
            "marsad_unanalyzed", "Mentions that wait to be understood.", value=found.unanalyzed
        )
        yield _family("marsad_alerts", "Alerts by state.", "state", found.alerts.items())
        yield _family("marsad_notifications", "Messages by status.", "status", found.outbox.items())
        failures = [(source.name, source.state.failures) for source in found.sources]
        yield _family("marsad_source_failures", "Failed visits since the last good one.", "source", failures)
        ages = [
            (source.name, (found.at - source.state.last_ok_at).total_seconds())
            for source in found.sources
            if source.state.last_ok_at is not None
        ]
        yield _family("marsad_source_age_seconds", "Seconds since the last good visit.", "source", ages)


def _family(name: str, says: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, count in values:
        family.add_metric([value], count)
    return family


class HealthPage:
    """Answers `/healthz` (200 while the daemon is alive and its database answers, else 503) and `/metrics`.

    `alive` tells whether the daemon's loop turned lately. What is wrong with single sources and channels
    is listed, and does not make the daemon ill: restarting it would not help.
    """

    def __init__(self, gather: Callable[[], status.Status], alive: Callable[[], bool]) -> None:
        self._gather, self._alive = gather, alive

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        pages = {"/healthz": self._healthz, "/metrics": self._metrics}
        page = pages.get(environ["PATH_INFO"])
        code, content_type, body = ("404 Not Found", "text/plain", b"not found\n")
        if page is not None:
            try:
                code, content_type, body = page()
            except SQLAlchemyError as error:
                code, content_type, body = _json("503 Service Unavailable", [explain(error)])
        start(code, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]

    def _healthz(self) -> tuple[str, str, bytes]:
        problems = self._gather().problems
        if not self._alive():
            return _json("503 Service Unavailable", ["the daemon's loop does not turn", *problems])
        return _json("200 OK", problems)

    def _metrics(self) -> tuple[str, str, bytes]:
        registry = CollectorRegistry()
        registry.register(StatusMetrics(self._gather()))
        body = generate_latest(REGISTRY) + generate_latest(registry)
        return "200 OK", "text/plain; version=0.0.4; charset=utf-8", body


def _json(code: str, problems: list[str]) -> tuple[str, str, bytes]:
    document = {"ok": code.startswith("200"), "problems": problems}
    return code, "application/json", (json.dumps(document, ensure_ascii=False) + "\n").encode()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: scrapes come every few seconds."""


def serve(
    engine: Engine, settings: Settings, clock: Callable[[], datetime], turned: Callable[[], float]
) -> Callable[[], None]:
    """Listen on the loopback port of the settings, in a thread, and return what ends it.

    `turned` tells when the daemon's loop last gave a stage its turn, in seconds of `time.monotonic`.
    Where the port is null nothing listens; where it is taken that is logged, and the daemon runs on.
    """
    if settings.health_port is None:
        return lambda: None

    def gather() -> status.Status:
        with reading(engine) as conn:
            return status.gather(conn, [s.name for s in settings.sources if s.enabled], clock())

    page = HealthPage(gather, lambda: monotonic() - turned() < DEAD_AFTER_SECONDS)
    try:
        server = make_server("127.0.0.1", settings.health_port, page, _Server, _QuietHandler)
    except OSError as error:
        log.warning("no health page", port=settings.health_port, cause=str(error))
        return lambda: None
    threading.Thread(target=server.serve_forever, daemon=True, name="health").start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    return close
