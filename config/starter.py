"""Writes the files that a newcomer starts from."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from config.errors import ConfigError, Problem

_FILES = {"marsad.yaml": "example.yaml", ".env.example": "example.env"}


def write(directory: Path) -> list[Path]:
    """Write `marsad.yaml` and `.env.example` into a directory, made if absent; return their paths.

    Raises:
        ConfigError: one of them is there already, and then neither is written, or cannot be written.
    """
    paths = {directory / name: source for name, source in _FILES.items()}
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        fix = "Choose another directory, or move it away first"
        raise ConfigError(str(directory), [Problem(path.name, "is there already", fix) for path in there])
    written: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, source in paths.items():
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(files("config").joinpath(source).read_text(encoding="utf-8"))
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise ConfigError(str(directory), [Problem("", f"cannot be written: {error.strerror}")]) from None
    return written
