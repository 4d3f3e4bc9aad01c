"""Rows of a labelled file, and tables of text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

Row = tuple[int, Mapping[str, Any] | str]


def rows_of(stream: IO[bytes], file: Path, needed: Sequence[str]) -> Iterator[Row]:
    """Yield (line number, values by name), or (line number, what is wrong with it), for each line.

    A name that ends in .csv or .tsv means a table with a header, anything else JSON Lines; of a table one
    of the headings `needed` must be there.
    """
    from crawlers import imported

    suffix = file.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return imported.csv_rows(stream, needed, "," if suffix == ".csv" else "\t")
    return imported.json_rows(stream)


def table(heading: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1) -> Iterator[str]:
    """Yield the lines of a table: `left` columns to the left, the rest to the right, None as a dash."""
    from rich.cells import cell_len

    cells = [list(heading), *([_cell(value) for value in row] for row in rows)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        first, *rest = (
            cell + pad if at < left else pad + cell
            for at, (cell, pad) in enumerate(zip(row, padded, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()


def one_line(text: str, width: int = 100) -> str:
    """Return a text on one line, cut to `width` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
