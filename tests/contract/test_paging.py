"""What every kind owes: everything once, nothing twice, no gap; whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from storage.records import FetchStatus


def many(life, pages: float) -> list[int]:
    """Return numbers of items, newest first, that fill so many pages."""
    wanted = max(2, round(life.world.per_page * (pages if life.world.paged else 0.9)))
    return list(range(min(wanted, life.world.limit or wanted), 0, -1))


def test_the_first_visit_reads_to_the_end_and_stops(life):
    life.items = many(life, 2.5)
    life.options = {"backfill": "30d", "pages": 20}
    event = life.visit()
    assert event.status is FetchStatus.OK, event.error
    assert life.numbers() == life.items
    assert life.main <= 20


def test_nothing_new_is_nothing_kept_and_few_requests(life):
    life.items = many(life, 2.5)
    life.options = {"backfill": "30d", "pages": 20}
    life.visit()
    event = life.visit()
    assert event.error is None
    assert (event.items_new, event.items_revised) == (0, 0)
    assert life.numbers() == life.items
    assert life.main <= 4


def test_what_came_since_is_found(life):
    life.items = many(life, 0.5)
    life.visit()
    life.items = [*range(life.items[0] + 3, life.items[0], -1), *life.items]
    event = life.visit()
    assert (event.error, event.items_new) == (None, 3)
    assert life.numbers() == life.items


def test_what_one_visit_cannot_reach_the_next_ones_do(life):
    if not life.world.paged:
        pytest.skip("it has one page")
    life.items = many(life, 0.5)
    life.visit()
    newest = life.items[0]
    room = round(life.world.per_page * 2.5)
    # Much later than what is known, so that it fills several pages above it.
    life.items = [*range(newest + 60 + room, newest + 60, -1), *life.items][: life.world.limit]
    life.options = {"pages": 1}
    for _ in range(8):
        event = life.visit()
        assert event.error is None
    assert life.numbers() == life.items


def test_an_endless_service_is_not_read_for_ever(life):
    if not life.world.paged:
        pytest.skip("it has one page")
    life.items = many(life, 1)
    whole = life.items

    def the_same_again(asked, number):
        life.items = [item + number * 2 for item in whole]

    life.fault = the_same_again
    life.options = {"pages": 3, "backfill": "30d"}
    event = life.visit()
    assert not (event.error or "").startswith("Marsad itself")
    assert life.main <= 8


_VISIT = """
import json, sys
from datetime import datetime
from pathlib import Path
from crawlers.reactor import install_reactor, run
install_reactor()
from benchmarks.payloads.run import settings_with
from crawlers.collect import collect
from storage.engine import open_engine
folder, entry, now = Path(sys.argv[1]), json.loads(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
engine = open_engine("sqlite:///contract.db", folder)
run(lambda: collect(engine, settings_with(entry, folder=folder), lambda: now, force=True))
"""


def test_after_a_kill_in_the_middle_of_a_page_nothing_is_lost_and_nothing_doubled(life):
    life.items = many(life, 3.5)
    life.options = {"backfill": "30d", "pages": 20}
    at = 3 if life.world.paged else 1
    victim: list[subprocess.Popen[bytes]] = []

    def kill(asked, number):
        if number != at or not victim:
            return None

        def die(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[{")
            handler.wfile.flush()
            os.kill(victim[0].pid, signal.SIGKILL)

        return die

    life.fault = kill
    life.main = 0
    entry = json.dumps(life.entry(life.url))
    arguments = [sys.executable, "-c", _VISIT, str(life.folder), entry, life.clock().isoformat()]
    victim.append(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    errors = victim[0].communicate(timeout=60)[1]
    assert victim[0].returncode in (0, -signal.SIGKILL), errors.decode()
    before = life.numbers()
    if at == 3 and victim[0].returncode and life.world.keeps_pages:
        assert before == life.items[: len(before)]
        assert len(before) >= life.world.per_page, "the pages before the kill are kept"
    victim.clear()
    event = life.visit()
    assert event.error is None
    assert life.numbers() == life.items
