"""The tables of transliteration: what is written for a piece of a name, and what each way costs."""

from __future__ import annotations

from importlib.resources import files

Spelling = tuple[str, float]
"""What is written, and its cost: roughly the negative logarithm of how often it is."""
Table = dict[str, tuple[Spelling, ...]]


def read_tables(name: str) -> dict[str, Table]:
    """Return the tables of the file `name` in nlp/models by section.

    A line `[section]` begins a table, `#` a comment; a row is a piece of a name, then what is written for
    it (`-` for nothing) and its cost, by turns.
    """
    tables: dict[str, Table] = {}
    section = ""
    for line in files("nlp").joinpath("models", name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            tables[section] = {}
        elif line and not line.startswith("#"):
            piece, *rest = line.split()
            written = (("" if text == "-" else text) for text in rest[::2])
            tables[section][piece] = tuple(zip(written, map(float, rest[1::2]), strict=True))
    return tables
