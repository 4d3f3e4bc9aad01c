"""kill -9 while a folder or the intake is read: what was read stays, the rest follows, nothing doubles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crawlers.collect import collect
from storage import intake as room
from storage.engine import migrate, open_engine
from storage.tables import intake, mentions

ROOT = Path(__file__).parents[2]
ROWS = 600
# A visit in a process of its own: small pieces, and a breath after each, so that it is killed between them.
CHILD = """
import sys, time
from pathlib import Path
from crawlers.reactor import run
from crawlers import collect, keeping
from crawlers.base import kinds
from crawlers.sources import file, webhook
from config.settings import Settings, Source
from storage.engine import open_engine
from datetime import UTC, datetime

file._ROWS, webhook._AT_ONCE = 20, 20
write = keeping.Keeper._write

def slowly(self, state):
    write(self, state)
    print("stored", flush=True)
    time.sleep(0.05)

keeping.Keeper._write = slowly

def main():
    settings = Settings()
    source = Source.model_validate(eval(sys.argv[2]))
    source._options = kinds()[source.kind].Options.model_validate(source.model_extra)
    settings.sources.append(source)
    engine = open_engine("sqlite:///test.db", Path(sys.argv[1]))
    run(lambda: collect.collect(engine, settings, lambda: datetime.now(UTC), force=True))

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def engine(tmp_path):
    opened = open_engine("sqlite:///test.db", tmp_path)
    migrate(opened)
    yield opened
    opened.dispose()


def killed_visit(folder: Path, entry: dict[str, Any], after: int) -> None:
    """Begin a visit, and kill it without mercy after it stored so many times."""
    script = folder / "visit.py"
    script.write_text(CHILD, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, str(script), str(folder), repr(entry)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    with child:
        assert child.stdout is not None
        for _ in range(after):
            assert child.stdout.readline() == b"stored\n"
        child.send_signal(signal.SIGKILL)


def count(engine, column) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count(column))) or 0


@pytest.mark.parametrize("after", [1, 4])
def test_a_file_goes_on_where_it_was_killed(after, engine, tmp_path, configured, clock, run) -> None:
    folder = tmp_path / "surveys"
    folder.mkdir()
    path = folder / "a.csv"
    path.write_text("id,text\n" + "".join(f"{n},words of {n}\n" for n in range(ROWS)), encoding="utf-8")
    os.utime(path, (time.time() - 60, time.time() - 60))
    entry = {"name": "surveys", "kind": "file", "folder": str(folder)}
    killed_visit(tmp_path, entry, after)
    kept = count(engine, mentions.c.id)
    assert 20 * after <= kept < ROWS
    (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
    assert (event.error, event.items_seen) == (None, ROWS - kept), "what was read is not read again"
    assert count(engine, mentions.c.id) == ROWS


@pytest.mark.parametrize("after", [1, 4])
def test_messages_are_neither_lost_nor_doubled_by_a_kill(
    after, engine, tmp_path, configured, clock, run, monkeypatch
) -> None:
    with engine.begin() as connection:
        for number in range(ROWS):
            body = f'{{"text": "words of {number}"}}'.encode()
            room.keep(connection, "desk", f"m{number}", datetime.now(UTC), "application/json", body)
    monkeypatch.setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    entry = {"name": "desk", "kind": "webhook", "secret": {"env": "HOOK_SECRET"}}
    killed_visit(tmp_path, entry, after + 1)
    kept, waiting = count(engine, mentions.c.id), count(engine, intake.c.body)
    assert 0 < kept < ROWS and kept + waiting == ROWS, "mentions and messages change together"
    (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
    assert (event.error, event.items_new) == (None, waiting)
    assert (count(engine, mentions.c.id), count(engine, intake.c.body)) == (ROWS, 0)
