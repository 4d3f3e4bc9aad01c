"""Workbooks (XLSX) of strangers: the rows of a sheet, read one after another.

A workbook is a ZIP archive of XML, and both may swell a thousand times over. So its parts are measured
before anything is unpacked, and it is read in a child with a limit on time and memory.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

from crawlers.errors import UnreadableError

MOST_CELLS = 500
_UNPACKED_BYTES, _SHARED_TEXT_BYTES, _PARTS = 512 * 1024 * 1024, 128 * 1024 * 1024, 10_000


def sheet_rows(stream: IO[bytes], sheet: str | None) -> Iterator[Sequence[Any]]:
    """Yield the values of each row of a sheet, the first one where `sheet` is None; formulas by results.

    Raises:
        UnreadableError: it is no workbook, has no such sheet, or would be too large unpacked.
    """
    # Loading it takes half a second; most folders hold no workbook.
    from openpyxl import load_workbook

    _measure(stream)
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and charts that are not read
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        if sheet is not None and sheet not in book.sheetnames:
            raise UnreadableError(f"it has no sheet {sheet!r}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        # What a file claims of its own size is not believed.
        page.reset_dimensions()
        yield from page.iter_rows(values_only=True, max_col=MOST_CELLS)
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001
        # The library raises whatever its parsers raise: KeyError, BadZipFile, ParseError, ValueError, …
        raise UnreadableError(f"it is no workbook that can be read ({type(error).__name__})") from None


def _measure(stream: IO[bytes]) -> None:
    """Refuse an archive that would swell: more than it says of itself is never unpacked."""
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise UnreadableError("it is no workbook: not a ZIP archive, or a broken or encrypted one") from None
    total = sum(part.file_size for part in parts)
    shared = max((part.file_size for part in parts if "sharedstrings" in part.filename.lower()), default=0)
    if len(parts) > _PARTS or total > _UNPACKED_BYTES or shared > _SHARED_TEXT_BYTES:
        raise UnreadableError("it is larger than 512 MiB once unpacked; save it as CSV")
