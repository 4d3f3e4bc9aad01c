"""Text files of strangers, line by line and from any place: encodings and delimiters told by their bytes.

A place is a byte offset at which a line begins, so that a large file is read in pieces and a reader that was
killed goes on where it was.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Literal

HEAD_BYTES = 65_536
_LONGEST_LINE = 1_048_576
_DELIMITERS = (",", ";", "\t", "|", "؛")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written: its encoding, what ends a line (in bytes), where its first line begins."""

    encoding: str
    line_end: bytes
    start: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end, None where it is longer than 1 MiB; `end` is the offset after it."""

    text: str | None
    end: int


def layout_of(head: bytes) -> Layout:
    """Return the layout of a file that begins with these bytes (the first 64 KiB of it).

    UTF-8 and UTF-16 are told by their mark or, without one, by their form; what is neither is taken for
    windows-1256, in which spreadsheets of Arabic-speaking countries save CSV.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", ""))
    encoding = encoding or _encoding_of(head)
    ends = ("\n".encode(encoding), "\r".encode(encoding))
    bare = head[len(mark) :]
    only_returns = ends[0] not in bare and ends[1] in bare
    return Layout(encoding, ends[1] if only_returns else ends[0], len(mark))


def _encoding_of(head: bytes) -> str:
    # ASCII is every other byte of most UTF-16 text: separators, digits and line ends at the least.
    zeros = (head[1::2].count(0), head[::2].count(0))
    if max(zeros) * 10 > len(head) // 2:
        return "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
    try:
        # The last letter may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return "windows-1256"
    return "utf-8"


def lines(stream: IO[bytes], layout: Layout, offset: int) -> Iterator[Line]:
    """Yield the lines of a file from an offset on. What is no text of the encoding is written U+FFFD."""
    place = max(offset, layout.start)
    stream.seek(place)
    pieces = _ended_by_newline(stream) if layout.line_end == b"\n" else _ended_by(stream, layout)
    for raw, length in pieces:
        place += length
        yield Line(None if raw is None else raw.decode(layout.encoding, "replace"), place)


def _ended_by_newline(stream: IO[bytes]) -> Iterator[tuple[bytes | None, int]]:
    while line := stream.readline(_LONGEST_LINE):
        length = len(line)
        if length < _LONGEST_LINE:
            yield line, length
            continue
        while not line.endswith(b"\n") and (line := stream.readline(_LONGEST_LINE)):
            length += len(line)
        yield None, length


def _ended_by(stream: IO[bytes], layout: Layout) -> Iterator[tuple[bytes | None, int]]:
    """Yield lines as above for ends of two bytes, which must lie on an even offset, and for bare returns."""
    end, held, dropped = layout.line_end, b"", 0
    while block := stream.read(HEAD_BYTES):
        held, at = held + block, 0
        while (after := _after(held, end, at)) is not None:
            yield None if dropped else held[at:after], after - at + dropped
            at, dropped = after, 0
        held = held[at:]
        if len(held) > _LONGEST_LINE:
            keep = len(held) % len(end)
            dropped, held = dropped + len(held) - keep, held[len(held) - keep :]
    if held or dropped:
        yield None if dropped else held, len(held) + dropped


def _after(held: bytes, end: bytes, at: int) -> int | None:
    """Return where the line that begins at `at` ends, or None where its end is not held yet."""
    found = held.find(end, at)
    while found >= 0 and found % len(end):
        found = held.find(end, found + 1)
    return None if found < 0 else found + len(end)


def csv_cells(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line, cells) for each row of CSV, or (line, what is wrong with it). Lines keep their ends."""
    # Where tabs part the cells a quotation mark is one: taken for a quoted cell it would swallow lines.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    clean = (line.replace("\x00", "\ufffd") for line in lines)
    reader = csv.reader(clean, delimiter=delimiter, quoting=quoting)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"not CSV: {error}"
        else:
            yield reader.line_num, cells


def delimiter_of(text: str) -> str:
    """Return the delimiter of a CSV that begins with this text: the one that parts its rows most evenly."""
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)][:50]
        except csv.Error:
            continue
        widths = [len(row) for row in rows]
        if not widths or widths[0] < 2:
            continue
        score = widths[0] * sum(width == widths[0] for width in widths) / len(widths)
        if score > most:
            best, most = delimiter, score
    return best
