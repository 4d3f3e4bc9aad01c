"""What every command shares: exit codes, options, and how it reads lines and speaks to people."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

import wiring

if TYPE_CHECKING:
    from config.settings import Settings

OK, FAILED, WRONG = 0, 1, 2

ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="The configuration; marsad.yaml here, else in config/."),
]
# Every command takes --config, also the few that need none.
UnusedConfig = Annotated[Path | None, typer.Option("--config", metavar="PATH", help="Not needed here.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to put what is made.")]
LabelledFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON Lines, or .csv or .tsv with a header; - for stdin.")
]


def say(line: str) -> None:
    """Tell a person something, on stderr."""
    typer.echo(line, err=True)


def settings_of(path: Path | None) -> Settings:
    """Return the settings of the configuration named, or of the one that is found.

    Raises:
        config.errors.ConfigError: with every mistake in it.
    """
    from config import loader, logs

    logs.set_up()
    return loader.load(loader.find(path), wiring.kinds())


def is_configured(path: Path | None) -> bool:
    """Return whether a configuration is named or to be found, for commands that can do without."""
    from config import loader

    return path is not None or any(
        (Path() / folder / loader.FILE_NAME).is_file() for folder in ("", "config")
    )


def lines_of(file: Path | None) -> AbstractContextManager[IO[bytes]]:
    """Open a file that was named on the command line, or stdin for none and for `-`."""
    if file is None or str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural where it is not one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def json_line(document: Any) -> str:
    """Return a JSON value on one line, in the letters of its language."""
    return json.dumps(document, ensure_ascii=False)
