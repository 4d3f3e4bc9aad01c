"""Files of rows, read in pieces: CSV in any usual dialect and encoding, JSON, JSON Lines, XLSX.

Everything here is read in the killable child: what a file holds was written by strangers, and a workbook
is an archive of XML that may swell a thousand times over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from crawlers.errors import UnreadableError
from crawlers.intake.headings import columns_of, flat
from crawlers.intake.row_items import RowError, RowRules, item_of_row, row_error
from crawlers.intake.workbooks import MOST_CELLS, sheet_rows
from crawlers.items import Item
from crawlers.text_lines import HEAD_BYTES, Layout, csv_cells, delimiter_of, layout_of, lines

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
# The heading row may stand below a title and a few words.
_HEADING_WITHIN = 20
_WHOLE_JSON_BYTES = 32 * 1024 * 1024
_READABLE = ("text", "title", "rating")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Print:
    """What tells a file from what it was: device, inode, size in bytes, time of change in nanoseconds."""

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> Print:
        """Return the print of a file."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file is read: the byte offset and the line (from 0) at which the next row begins."""

    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file: their items, the rows that hold none with the reason, and where the next begin.

    `next` is None at the end of the file. `rows` counts all rows that are not blank.
    """

    items: tuple[Item, ...]
    bad: tuple[tuple[int, str], ...]
    rows: int
    next: Mark | None


class FileChangedError(UnreadableError):
    """The file is not the one that was looked at: it was replaced or written to meanwhile."""


def read_piece(
    path: str, known: Print, mark: Mark, rules: RowRules, most: int, sheet: str | None = None
) -> Piece:
    """Return up to `most` rows of a file from a mark on.

    Raises:
        FileChangedError: it is no longer the file `known`.
        UnreadableError: it cannot be opened, or nothing in it can be read as rows.
    """
    try:
        # Neither by way of a link nor waiting for the other end of a pipe.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            if Print.of(os.fstat(stream.fileno())) != known:
                raise FileChangedError("it changed while it was read")
            return _piece(stream, FORMATS[Path(path).suffix.lower()], mark, rules, most, sheet)
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from None


def _piece(stream: IO[bytes], form: str, mark: Mark, rules: RowRules, most: int, sheet: str | None) -> Piece:
    if form == "xlsx":
        return _table_piece(sheet_rows(stream, sheet), mark, rules, most)
    head = stream.read(HEAD_BYTES)
    if not head:
        return Piece((), (), 0, None)
    layout = layout_of(head)
    if form == "csv":
        return _csv_piece(stream, layout, _text_of(head, layout), mark, rules, most)
    if form == "json" and (documents := _whole_json(stream, layout)) is not None:
        rows = ((number, one) for number, one in enumerate(documents[mark.line :], start=mark.line + 1))
        return _cut(_items(rows, rules), most, lambda: Mark(0, mark.line + most))
    return _jsonl_piece(stream, layout, mark, rules, most)


def _text_of(head: bytes, layout: Layout) -> str:
    return head[layout.start :].decode(layout.encoding, "replace")


class _Feed:
    """The lines of a CSV as its parser takes them.

    `end` is the offset after the last one taken, `too_long` says whether lines of more than 1 MiB were among
    them, which are left out.
    """

    def __init__(self, stream: IO[bytes], layout: Layout, offset: int) -> None:
        self._lines = lines(stream, layout, offset)
        self.end, self.too_long = offset, False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.end, self.too_long = line.end, self.too_long or line.text is None
            yield "\n" if line.text is None else line.text


def _csv_piece(stream: IO[bytes], layout: Layout, head: str, mark: Mark, rules: RowRules, most: int) -> Piece:
    delimiter = delimiter_of(head[: HEAD_BYTES // 2])
    feed = _Feed(stream, layout, 0)
    headings, columns, first = _heading_row(csv_cells(feed, delimiter), rules)
    start = mark if mark.offset else Mark(feed.end, first)
    feed = _Feed(stream, layout, start.offset)
    last = start.line

    def rows() -> Iterator[tuple[int, Row | str]]:
        nonlocal last
        for number, cells in csv_cells(feed, delimiter):
            last = start.line + number
            if feed.too_long:
                feed.too_long = False
                yield last, "a line of more than 1 MiB"
            elif isinstance(cells, str):
                yield last, cells
            elif any(cell.strip() for cell in cells):
                yield last, _row(headings, cells)

    return _cut(_items(rows(), rules, columns), most, lambda: Mark(feed.end, last))


def _table_piece(rows: Iterator[Sequence[Any]], mark: Mark, rules: RowRules, most: int) -> Piece:
    numbered = ((number, list(cells)) for number, cells in enumerate(rows, start=1))
    headings, columns, first = _heading_row(numbered, rules)
    last = start = max(mark.line, first)

    def body() -> Iterator[tuple[int, Row | str]]:
        nonlocal last
        for last, cells in islice(numbered, start - first, None):
            if any(cell not in (None, "") for cell in cells):
                yield last, _row(headings, cells)

    return _cut(_items(body(), rules, columns), most, lambda: Mark(0, last))


def _heading_row(
    rows: Iterator[tuple[int, list[Any] | str]], rules: RowRules
) -> tuple[list[str], dict[str, str], int]:
    """Return the headings, the heading of each field, and the line that the headings stand in."""
    for number, cells in islice(rows, _HEADING_WITHIN):
        if isinstance(cells, str):
            continue
        headings = _distinct(["" if cell is None else str(cell).strip() for cell in cells[:MOST_CELLS]])
        columns = columns_of([heading for heading in headings if heading], rules.columns)
        if any(field in columns for field in _READABLE) and sum(map(bool, headings)) > 0:
            return headings, columns, number
    raise UnreadableError(
        "none of its first 20 rows has a heading for a text, a title or a rating; name them in `columns`"
    )


def _distinct(headings: list[str]) -> list[str]:
    """Return the headings, a repeated one being left empty: the first of them counts."""
    first_at: dict[str, int] = {}
    for at, heading in enumerate(headings):
        first_at.setdefault(heading, at)
    return [heading if first_at[heading] == at else "" for at, heading in enumerate(headings)]


def _row(headings: Sequence[str], cells: Sequence[Any]) -> Row | str:
    if len(cells) > len(headings) and any(cell not in (None, "") for cell in cells[len(headings) :]):
        return f"{len(cells)} cells under {len(headings)} headings"
    return {name: cell for name, cell in zip(headings, cells, strict=False) if name}


def _jsonl_piece(stream: IO[bytes], layout: Layout, mark: Mark, rules: RowRules, most: int) -> Piece:
    end, number = mark.offset, mark.line

    def rows() -> Iterator[tuple[int, Row | str]]:
        nonlocal end, number
        for line in lines(stream, layout, mark.offset):
            end, number = line.end, number + 1
            if line.text is None:
                yield number, "a line of more than 1 MiB"
            elif line.text.strip("\ufeff \t\r\n"):
                yield number, _object(line.text)

    return _cut(_items(rows(), rules), most, lambda: Mark(end, number))


def _object(text: str) -> Row | str:
    try:
        row = json.loads(text.strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return "not JSON"
    return row if isinstance(row, dict) else "not a JSON object"


def _whole_json(stream: IO[bytes], layout: Layout) -> list[Any] | None:
    """Return the objects of a file that is one JSON document, None where it is JSON Lines or too large."""
    if os.fstat(stream.fileno()).st_size > _WHOLE_JSON_BYTES:
        return None
    stream.seek(layout.start)
    try:
        document = json.loads(stream.read().decode(layout.encoding, "replace"))
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict):
        lists = [
            one for one in document.values() if isinstance(one, list) and one and isinstance(one[0], dict)
        ]
        document = max(lists, key=len, default=[document])
    return document if isinstance(document, list) else None


def _items(
    rows: Iterator[tuple[int, Any]], rules: RowRules, columns: Mapping[str, str] | None = None
) -> Iterator[Item | tuple[int, str]]:
    """Yield the item of each row, or its number and why it holds none. Nested rows are read by paths."""
    known: dict[tuple[str, ...], dict[str, str]] = {}
    for number, row in rows:
        if not isinstance(row, dict):
            yield number, row if isinstance(row, str) else "not a JSON object"
            continue
        leaves = row if columns is not None else flat(row)
        names = columns
        if names is None:
            form = tuple(leaves)
            if form not in known:
                if len(known) > 100:
                    known.clear()
                known[form] = columns_of(form, rules.columns)
            names = known[form]
        try:
            yield item_of_row(leaves, names, rules)
        except RowError as error:
            yield number, row_error(error)


def _cut(found: Iterator[Item | tuple[int, str]], most: int, here: Any) -> Piece:
    taken = list(islice(found, most))
    items = tuple(one for one in taken if isinstance(one, Item))
    bad = tuple(one for one in taken if not isinstance(one, Item))
    return Piece(items, bad, len(taken), here() if len(taken) == most else None)


__all__ = ["FORMATS", "FileChangedError", "Mark", "Piece", "Print", "read_piece"]
