"""The daemon as a whole: a cycle, stages that fail, sources that hang, a full disk, a wrong password."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import scheduler
import wiring
from config import loader
from crawlers.reactor import install_reactor
from demo.config import configuration
from demo.sinks import MailSink, SlackSink
from demo.site import Site as DemoSite
from demo.world import World
from storage import mentions, status
from storage.engine import reading
from storage.tables import fetch_events
from storage.tables import mentions as mention_table

END = datetime(2026, 3, 15, 6, 30, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Give back the signals that the daemon takes for itself."""
    alarm = signal.getsignal(signal.SIGALRM)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, alarm)
    for number in (signal.SIGTERM, signal.SIGINT):
        install_reactor().remove_signal_handler(number)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., scheduler.Daemon]]:
    """`daemon(document, clock)` builds one on SQLite in this test's folder, and closes it."""
    built = []

    def build(document: dict[str, Any], clock: Callable[[], datetime]) -> scheduler.Daemon:
        path = tmp_path / "marsad.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        settings = loader.load(path, wiring.kinds(), environ={})
        built.append(scheduler.build(settings, settings.folder, clock))
        return built[-1]

    yield build
    for made in built:
        made.pool.close()
        made.engine.dispose()


def feeds(*urls: str) -> dict[str, Any]:
    """Return a configuration with these feeds and nothing else."""
    return {
        "database": "sqlite:///marsad.db",
        "health_port": None,
        "allow_private_networks": ["127.0.0.0/8"],
        "sources": [
            {"name": f"feed-{number}", "kind": "feed", "url": url, "every": "5m"}
            for number, url in enumerate(urls)
        ],
    }


def rss(*titles: str) -> bytes:
    """Return a feed with an item for each title."""
    items = "".join(f"<item><guid>{t}</guid><title>{t}</title></item>" for t in titles)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()


def health_of(made: scheduler.Daemon) -> status.Status:
    """Read what `marsad status` would show."""
    with reading(made.engine) as conn:
        return status.gather(conn, [source.name for source in made.settings.sources], made.clock())


async def live_until(made: scheduler.Daemon, holds: Callable[[], bool], seconds: float = 40) -> None:
    """Run the daemon until something holds."""
    running = asyncio.ensure_future(scheduler.run(made))
    deadline = monotonic() + seconds
    try:
        while not await asyncio.to_thread(holds):
            assert monotonic() < deadline, "it did not come to hold"
            assert not running.done(), "the daemon ended"
            await asyncio.sleep(0.05)
    finally:
        made.stopping.set()
        await running


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stages look more often than they do."""
    for stage in scheduler.EVERY:
        monkeypatch.setitem(scheduler.EVERY, stage, 0.2)


def test_one_cycle_collects_understands_decides_and_tells_and_a_wrong_password_stops_one_channel_alone(
    daemon: Callable[..., scheduler.Daemon], run: Run, tmp_path: Path
) -> None:
    moment = END - timedelta(hours=26)
    with (
        DemoSite(World(END), lambda: moment) as site,
        SlackSink(tmp_path) as slack,
        MailSink(tmp_path, login=("marsad", "right")) as mail,
    ):
        document = configuration(site.url, slack.webhook_url, mail.port, "sqlite:///marsad.db")
        for channel in document["channels"]:
            if channel["kind"] == "email":
                channel |= {"username": "marsad", "password": "wrong"}
        for rule in document["alerts"]:
            rule["to"] = [channel["name"] for channel in document["channels"]]
        made = daemon(document, lambda: moment)
        cycle = run(lambda: scheduler.run_once(made))
        found = health_of(made)
    assert [visit.error for visit in cycle.visits if visit.error] == []
    assert cycle.understood == found.mentions > 400
    assert found.unanalyzed == 0
    assert "big voices" in {alert.rule for alert in cycle.alerts}
    assert cycle.told.delivered == len(slack.payloads) > 0
    assert mail.messages == []
    assert found.problems
    for problem in found.problems:
        assert problem.startswith("channel team")
        assert "password" in problem
        assert "wrong" not in problem.split()


def test_a_second_cycle_does_nothing_while_another_leads(
    daemon: Callable[..., scheduler.Daemon], run: Run, site: Any, answer: Any
) -> None:
    site.pages["/feed"] = answer(rss("one"))
    document = feeds(site.url + "/feed")
    first, second = daemon(document, lambda: NOON), daemon(document, lambda: NOON)
    second.holder = "another"
    asked: list[int] = []

    async def both() -> None:
        turns = scheduler._Turns(first)
        await turns.lead()
        assert await scheduler.run_once(second) is None
        asked.append(len(site.asked))
        await turns.finish()

    run(both)
    assert asked == [0]


def test_a_stage_that_fails_is_told_of_and_gets_its_next_turn(
    daemon: Callable[..., scheduler.Daemon],
    run: Run,
    site: Any,
    answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    site.pages["/feed"] = answer(rss("one", "two"))
    made = daemon(feeds(site.url + "/feed"), lambda: NOON)
    claim, failures = mentions.claim_unanalyzed, iter(range(3))

    def locked(*args: Any) -> Any:
        if next(failures, None) is not None:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))
        return claim(*args)

    monkeypatch.setattr(mentions, "claim_unanalyzed", locked)

    def understood() -> bool:
        found = health_of(made)
        return found.mentions == 2 and found.unanalyzed == 0

    with capture_logs() as logged:
        run(lambda: live_until(made, understood))
    failed = [entry for entry in logged if entry["event"] == "stage failed"]
    assert {(entry["stage"], entry["cause"]) for entry in failed} == {
        ("understand", "the database is held by another program")
    }
    assert next(failures, None) is None


def test_a_source_that_hangs_holds_up_no_other(
    daemon: Callable[..., scheduler.Daemon],
    run: Run,
    site: Any,
    answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    began, release = monotonic(), threading.Event()
    site.pages["/hangs"] = answer(raw=lambda handler: release.wait(60))
    site.pages["/feed"] = answer(rss("one"))
    # An hour passes in ten seconds, so that a source is due again while another still hangs.
    made = daemon(
        feeds(site.url + "/hangs", site.url + "/feed"),
        lambda: NOON + 360 * timedelta(seconds=monotonic() - began),
    )

    def visited_thrice() -> bool:
        with made.engine.connect() as conn:
            names = list(conn.scalars(select(fetch_events.c.source)))
        done = names.count("feed-1") >= 3
        if done:
            assert "feed-0" not in names
            release.set()
        return done

    run(lambda: live_until(made, visited_thrice))


def _pages(engine: Engine) -> int:
    with engine.connect() as conn:
        return int(conn.exec_driver_sql("PRAGMA page_count").scalar_one())


def test_a_full_disk_is_named_and_what_did_not_fit_comes_once_there_is_room(
    daemon: Callable[..., scheduler.Daemon],
    run: Run,
    site: Any,
    answer: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    titles = [f"{number} " + "long " * 400 for number in range(300)]
    site.pages["/feed"] = answer(rss(*titles), headers={"ETag": '"1"'})
    made = daemon(feeds(site.url + "/feed"), lambda: NOON)
    room = [_pages(made.engine) + 3]

    def limit(conn: Connection) -> None:
        conn.connection.cursor().execute(f"PRAGMA max_page_count={room[0]}")

    event.listen(made.engine, "engine_connect", limit)
    with caplog.at_level(logging.WARNING):
        visits = run(lambda: made.collect(force=True))
    assert "disk is full" in visits[0].error
    assert "disk is full" in caplog.text
    assert "feed-0" in caplog.text
    room[0] = 2**30
    visits = run(lambda: made.collect(force=True))
    assert visits[0].error is None
    with made.engine.connect() as conn:
        assert len(conn.scalars(select(mention_table.c.external_id)).all()) == 300
    assert health_of(made).problems == []


def test_sigterm_finishes_what_is_in_hand(
    daemon: Callable[..., scheduler.Daemon],
    run: Run,
    site: Any,
    answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    asked = threading.Event()

    def slowly(path: str) -> Any:
        asked.set()
        threading.Event().wait(1.0)
        return answer(rss("one"))

    site.pages["/feed"] = slowly
    made = daemon(feeds(site.url + "/feed"), lambda: NOON)
    run(lambda: live_until(made, asked.is_set))
    found = health_of(made)
    assert (found.mentions, found.problems) == (1, [])
