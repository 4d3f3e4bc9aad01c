"""`marsad import`, `analyze` and `export`: texts in and out."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import wiring
from commands.terminal import (
    FAILED,
    OK,
    ConfigPath,
    counted,
    is_configured,
    lines_of,
    say,
    settings_of,
)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV (with a header, and .csv in its name) or JSON Lines; - for stdin.",
        ),
    ],
    config: ConfigPath = None,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="What to call its source.")
    ] = "import",
) -> None:
    """Take in mentions from a file: surveys, tickets, exports. The next run understands them."""
    from crawlers import imported

    if not source.strip():
        raise typer.BadParameter("the source needs a name, such as survey", param_hint="--source")
    settings = settings_of(config)
    with lines_of(file) as stream, wiring.database(settings) as engine:
        found = imported.read(stream, source, wiring.now(), as_csv=file.suffix.lower() == ".csv")
        count = imported.keep(engine, found, lambda bad: say(f"{file}:{bad.number}: {bad.why}; skipped"))
    bad = counted(count.bad, "bad line")
    typer.echo(f"{count.new} new, {count.revised} edited, {count.unchanged} unchanged, {bad}")
    raise typer.Exit(FAILED if count.bad and not count.good else OK)


def analyze(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="JSON Lines; stdin if not given.",
        ),
    ] = None,
    config: ConfigPath = None,
    profile: Annotated[
        Literal["fast", "full"] | None,
        typer.Option("--profile", help="fast: no encoder, no names but brands. Else as configured."),
    ] = None,
) -> None:
    """Say what each text is about, how its writer feels and in which language: JSON Lines in and out."""
    from config import logs
    from nlp import stream
    from nlp.pipeline import PipelineConfig, Profile
    from understanding import plan_without_need

    logs.set_up()
    asked = None if profile is None else Profile(profile)
    if is_configured(config):
        plan = plan_without_need(settings_of(config), asked)
    else:
        plan = PipelineConfig(profile=asked or Profile.FULL)
    with lines_of(file) as lines:
        count = asyncio.run(stream.analyze(lines, sys.stdout.buffer, plan, say))
    raise typer.Exit(FAILED if count.bad and not count.good else OK)


def export(
    config: ConfigPath = None,
    form: Annotated[Literal["jsonl", "csv", "parquet"], typer.Option("--format")] = "jsonl",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="stdout if not given.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", formats=["%Y-%m-%d"], help="Collected since."),
    ] = None,
) -> None:
    """Write all mentions with what was understood of them."""
    from storage.engine import reading
    from storage.export import ExportFormat, write

    settings = settings_of(config)
    moment = None if since is None else since.replace(tzinfo=settings.zone).astimezone(UTC)
    if out is None and form == "parquet" and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is no text for a terminal; name a file with --out")
    with wiring.database(settings) as engine, reading(engine) as conn:
        # Not before the database is open: a file that is there already should not be emptied for nothing.
        target: Any = nullcontext(sys.stdout.buffer) if out is None else out.open("wb")
        with target as stream:
            count = write(conn, stream, ExportFormat(form), moment)
    say(counted(count, "mention"))
