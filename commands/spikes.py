"""`marsad spikes`: any even series of counts, row by row, and what in it is news."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated

import typer

from commands.terminal import FAILED, OK, UnusedConfig, counted, lines_of, say

COLUMNS = ("timestamp", "value")
HEADING = "timestamp,value,expected,score,is_spike"
_PAUSE = 0.2  # seconds between looks at a file that may grow
_BATCH = 1000  # rows written at once where nobody waits for each
_LONGEST = 100_000  # bytes of a line: a file without line ends is no table


def spikes(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV with the columns timestamp and value; - for stdin."),
    ],
    follow: Annotated[bool, typer.Option("--follow", help="Go on reading as rows are added.")] = False,
    config: UnusedConfig = None,
) -> None:
    """Say of each count of an even series what was expected, and whether it is a spike or a silence.

    Each row is judged from the rows before it alone, whatever the step: minutes, hours, days.
    """
    complain = Complaints(str(file))
    judged = 0
    with lines_of(file) as stream:
        rows = judgements(_lines(stream, follow and str(file) != "-"), complain)
        typer.echo(HEADING)
        waiting: list[str] = []
        for row in rows:
            judged += 1
            waiting.append(row)
            if follow or len(waiting) == _BATCH:
                typer.echo("\n".join(waiting))
                waiting.clear()
        if waiting:
            typer.echo("\n".join(waiting))
    raise typer.Exit(FAILED if complain.count and not judged else OK)


class Complaints:
    """Tells a person of bad rows by number, and counts them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def __call__(self, number: int, why: str) -> None:
        """Tell of the line with this number what is wrong with it."""
        self.count += 1
        self.note(number, f"{why}; skipped")

    def note(self, number: int, what: str) -> None:
        """Tell of the line with this number what is no mistake of its own."""
        say(f"{self.name}:{number}: {what}")


def judgements(lines: Iterator[bytes], complain: Complaints) -> Iterator[str]:
    """Yield a line of the answer for each good row; tell `complain` of each bad one and of each gap."""
    from alerts.spike_stream import Detector

    detector = Detector()
    places: tuple[int, int] | None = None
    for number, line in enumerate(lines, 1):
        try:
            cells = _cells(line, first=number == 1)
            if not cells:
                continue
            if places is None:
                places = _places(cells)
                continue
            stamp, value = cells[places[0]].strip(), cells[places[1]].strip()
            moment, count = _moment(stamp), _count(value)
            expected, score, is_spike = detector.judge(moment, count)
        except IndexError:
            complain(number, "there is no cell for timestamp or value")
        except ValueError as error:
            complain(number, str(error))
            if places is None:
                return
        else:
            if detector.missing:
                complain.note(number, f"{counted(detector.missing, 'row')} missing before")
            yield f"{stamp},{count:.15g},{expected:.3f},{score:.6f},{'true' if is_spike else 'false'}"


def _lines(stream: IO[bytes], follow: bool) -> Iterator[bytes]:
    """Yield lines with their ends; when following, half a line waits for the rest of it."""
    half = b""
    while True:
        line = half + stream.readline(_LONGEST)
        if follow and not line.endswith(b"\n") and len(line) < _LONGEST:
            half = line
            time.sleep(_PAUSE)
            continue
        half = b""
        if not line:
            return
        yield line


def _cells(line: bytes, first: bool) -> list[str]:
    try:
        text = line.decode("utf-8-sig" if first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if '"' not in text:
        return text.split(",") if text.strip() else []
    try:
        return next(csv.reader([text]), [])
    except csv.Error as error:
        raise ValueError(f"no row of a table: {error}") from None


def _places(header: list[str]) -> tuple[int, int]:
    names = [name.strip().lower() for name in header]
    for name in COLUMNS:
        if name not in names:
            raise ValueError(f"no heading is {name}, so nothing here can be read")
    return names.index(COLUMNS[0]), names.index(COLUMNS[1])


def _moment(text: str) -> datetime:
    try:
        if "," in text:
            raise ValueError
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no ISO 8601 time") from None


def _count(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no number") from None
