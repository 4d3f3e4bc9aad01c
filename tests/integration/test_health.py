"""The health page tells a supervisor whether to restart, and Prometheus what there is to count."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

import health
from config.settings import Settings, Source
from storage import mentions, outbox, sources
from storage.engine import open_engine
from storage.records import FetchEvent, FetchStatus, Mention, MentionKind, Notification
from storage.sources import SourceState

Clock = Callable[[], datetime]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def page(
    engine: Engine, clock: Clock, turned: Callable[[], float] = monotonic
) -> Iterator[Callable[[str], tuple[int, str]]]:
    """Serve the page, and give what fetches a path of it."""
    settings = Settings(health_port=free_port())
    settings.sources.append(Source(name="news", kind="feed"))

    def get(path: str) -> tuple[int, str]:
        assert settings.health_port is not None
        connection = HTTPConnection("127.0.0.1", settings.health_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    close = health.serve(engine, settings, clock, turned)
    try:
        yield get
    finally:
        close()


def troubles(engine: Engine, clock: Clock) -> None:
    """Leave a mention that waits, a source that failed, and a message that was given up."""
    due = clock()
    with engine.begin() as conn:
        news = Mention(
            source="news", kind=MentionKind.ARTICLE, external_id="1", text="خبر", collected_at=clock()
        )
        mentions.store(conn, [news])
        event = FetchEvent(source="news", at=clock(), status=FetchStatus.FAILED, next_due=due, error="gone")
        sources.record(conn, event, SourceState(source="news", failures=3, next_due=due, last_error="gone"))
        note = Notification(channel="team", kind="alert", payload={}, idempotency_key="key-1")
        outbox.enqueue(conn, [note], clock())
        outbox.rejected(conn, 1, clock(), "the password is wrong")


def test_a_daemon_that_turns_is_healthy_and_lists_what_is_wrong(engine: Engine, clock: Clock) -> None:
    with page(engine, clock) as get:
        assert get("/healthz") == (200, '{"ok": true, "problems": []}\n')
        troubles(engine, clock)
        status, body = get("/healthz")
    assert status == 200
    assert json.loads(body) == {
        "ok": True,
        "problems": ["source news: gone", "channel team: message 1 given up: the password is wrong"],
    }


def test_a_daemon_that_does_not_turn_is_ill(engine: Engine, clock: Clock) -> None:
    with page(engine, clock, lambda: monotonic() - health.DEAD_AFTER_SECONDS - 1) as get:
        status, body = get("/healthz")
    assert status == 503
    assert json.loads(body)["problems"] == ["the daemon's loop does not turn"]


def test_a_database_that_does_not_answer_is_ill(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    file.write_bytes(b"this is no database at all" * 100)
    with page(open_engine("sqlite:///test.db", tmp_path), clock) as get:
        for path in ("/healthz", "/metrics"):
            status, body = get(path)
            assert status == 503
            assert json.loads(body)["problems"] == ["the database file is damaged or is not a database"]


def test_metrics_are_what_prometheus_reads(engine: Engine, clock: Clock) -> None:
    health.FAILURES.labels("decide").inc(0)
    troubles(engine, clock)
    with page(engine, clock) as get:
        status, body = get("/metrics")
    assert status == 200
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert samples["marsad_mentions",] == 1
    assert samples["marsad_unanalyzed",] == 1
    assert samples["marsad_source_failures", "news"] == 3
    assert samples["marsad_notifications", "rejected"] == 1
    assert samples["marsad_notifications", "pending"] == 0
    assert ("marsad_stage_failures_total", "decide") in samples


def test_other_pages_do_not_exist(engine: Engine, clock: Clock) -> None:
    with page(engine, clock) as get:
        assert get("/")[0] == get("/metrics/../healthz")[0] == 404


def test_it_listens_on_loopback_alone(engine: Engine, clock: Clock) -> None:
    with page(engine, clock):
        listening = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[9] in own_sockets()
        ]
    assert listening
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


def own_sockets() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def test_a_port_that_is_taken_is_told_of_and_ends_nothing(engine: Engine, clock: Clock) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with capture_logs() as logged:
            health.serve(engine, Settings(health_port=port), clock, monotonic)()
    assert [(entry["log_level"], entry["event"], entry["port"]) for entry in logged] == [
        ("warning", "no health page", port)
    ]


def test_without_a_port_nothing_listens(engine: Engine, clock: Clock) -> None:
    with engine.begin() as conn:
        conn.execute(text("SELECT 1"))
    before = own_sockets()
    close = health.serve(engine, Settings(health_port=None), clock, monotonic)
    assert own_sockets() == before
    close()
