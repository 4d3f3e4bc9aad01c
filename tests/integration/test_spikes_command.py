"""`marsad spikes` as a program: its columns, its complaints, files that grow."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app

START = datetime(2026, 1, 5)  # noqa: DTZ001 (times without an offset are read as they are)


def table(values: list[float]) -> str:
    rows = [f"{START + place * timedelta(hours=1)},{value:g}" for place, value in enumerate(values)]
    return "\n".join(["timestamp,value", *rows]) + "\n"


def spikes(text: str | bytes) -> Result:
    return CliRunner().invoke(app, ["spikes", "-"], input=text)


def test_each_row_comes_back_with_what_was_expected() -> None:
    done = spikes(table([20.0, 22.0, 19.0] * 120 + [400.0] * 3))
    assert done.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["timestamp", "value", "expected", "score", "is_spike"]
    assert len(rows) == 363
    assert rows[0]["timestamp"] == str(START)
    assert [row["value"] for row in rows if row["is_spike"] == "true"] == ["400"]
    assert float(rows[300]["expected"]) == pytest.approx(20.3, rel=0.1)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2026-01-05 01:00:00,5", "the same as"),
        ("2026-01-05 00:00:00,5", "earlier"),
        ("2026-01-05 02:00:00,many", "'many' is no number"),
        ("2026-01-05 02:00:00,nan", "not a count"),
        ("2026-01-05 02:00:00,-3", "not a count"),
        ("2026-01-05 02:00:00", "no cell"),
        ("yesterday,5", "no ISO 8601 time"),
        ("2026-01-05T02:00:00Z,5", "offset"),
        ('"2026-01-05,02:00",5', "no ISO 8601 time"),
    ],
)
def test_a_bad_row_is_told_by_number_and_the_rest_is_done(line: str, told: str) -> None:
    done = spikes(table([4.0, 4.0]) + line + "\n2026-01-05 02:00:00,4\n")
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.startswith("-:4: ")
    assert told in done.stderr


def test_a_gap_is_told() -> None:
    done = spikes(table([4.0, 4.0]) + "2026-01-05 06:00:00,4\n")
    assert "-:4: 4 rows missing before" in done.stderr


@pytest.mark.parametrize("text", ["when,count\n1,2\n", "\x00\n", b"\xff\xfe,\n"])
def test_what_is_no_such_table_fails_in_words(text: str | bytes) -> None:
    done = spikes(text)
    assert done.exit_code == 1
    assert done.stderr.startswith("-:1: ")


def test_columns_stand_in_any_order_under_a_mark_and_with_quotes() -> None:
    done = spikes('\ufeffvalue,x,"Timestamp"\r\n3,,"2026-01-05T00:00:00+03:00"\r\n')
    assert done.stdout.splitlines()[1] == "2026-01-05T00:00:00+03:00,3,0.500,0.000000,false"


def test_a_file_that_is_not_there_is_a_wrong_call() -> None:
    assert CliRunner().invoke(app, ["spikes", "absent.csv"]).exit_code == 2


def test_following_answers_each_row_as_it_comes(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("timestamp,value\n2026-01-05 00:00,3\n2026-01-05 01:", encoding="utf-8")
    command = [sys.executable, "-m", "cli", "spikes", str(file), "--follow"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith(b"timestamp")
        assert run.stdout.readline().startswith(b"2026-01-05 00:00,3,")
        time.sleep(0.5)
        with file.open("a", encoding="utf-8") as more:
            more.write("00,7\n")
        assert run.stdout.readline().startswith(b"2026-01-05 01:00,7,")
        run.terminate()
