"""The `marsad` command: its list of commands, and what is said when one cannot be done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import typer

from commands import brand, evaluation, kinds, labels, learning, reports, running, spikes, starting, texts
from commands.terminal import FAILED, WRONG
from config.environment import check_environment
from config.errors import ConfigError, SecretUnavailable, SharedEnvironmentError

# Name, function and an example, in the order of the help.
COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("demo", starting.demo, "marsad demo --out demo-out"),
    ("init", starting.init, "marsad init acme && cd acme"),
    ("check", starting.check, "marsad check --config acme/marsad.yaml"),
    ("schema", kinds.schema, "marsad schema > marsad.schema.json"),
    ("sources", kinds.sources, "marsad sources"),
    ("channels", kinds.channels, "marsad channels"),
    ("run", running.run, "marsad run --once"),
    ("collect", running.collect, "marsad collect --source news --dry-run"),
    ("import", texts.import_, "marsad import survey.csv --source survey"),
    ("analyze", texts.analyze, """echo '{"id": "1", "text": "الخدمة ممتازة"}' | marsad analyze"""),
    ("spikes", spikes.spikes, "marsad spikes counts.csv --follow"),
    ("digest", reports.digest, "marsad digest --brand Acme --period 2026-W47 --language ar --out digest"),
    ("alerts", reports.alerts, "marsad alerts --json"),
    ("correct", labels.correct, "marsad correct 1042 --sentiment negative"),
    ("learn", learning.learn, "marsad learn --language ar"),
    ("reanalyze", labels.reanalyze, "marsad reanalyze --since 2026-11-01"),
    ("eval", evaluation.evaluate, "marsad eval labelled.jsonl"),
    ("status", reports.status, "marsad status"),
    ("export", texts.export, "marsad export --format csv --out mentions.csv"),
    ("migrate", starting.migrate, "marsad migrate"),
)
BRAND_COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("suggest", brand.suggest, "marsad brand suggest Talabat"),
    ("test", brand.test, "marsad brand test labelled.jsonl"),
)

STYLE: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
app = typer.Typer(
    name="marsad",
    help="Marsad (مرصد) watches what people say about your brand, and tells your team when it matters.",
    pretty_exceptions_enable=False,
    **STYLE,
)
brands = typer.Typer(help="Spellings and traps of a brand's name, and how well it is found.", **STYLE)
for group, listed in ((app, COMMANDS), (brands, BRAND_COMMANDS)):
    for name, function, example in listed:
        group.command(name, epilog=f"Example: {example}")(function)
app.add_typer(brands, name="brand", epilog="Example: marsad brand suggest Talabat")


def main() -> None:
    """Run the command line, and turn what went wrong into a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What is written is UTF-8 whatever the locale; a lone surrogate has none, and shows as an escape.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        check_environment()
        app()
    except Exception as error:
        if (known := _explained(error)) is None:
            raise
        message, code = known
        print(message, file=sys.stderr)  # noqa: T201
        sys.exit(code)


def _explained(error: Exception) -> tuple[str, int] | None:
    """Return what to tell a person of an error, and the exit code; None where it is our own mistake."""
    from sqlalchemy.exc import SQLAlchemyError

    from alerts.errors import ChannelError, UnknownPeriod
    from nlp.errors import NlpError
    from storage.errors import StorageError, UnusableAddress, explain

    if isinstance(error, ConfigError | SharedEnvironmentError | SecretUnavailable | UnknownPeriod):
        return str(error), WRONG
    if isinstance(error, StorageError | SQLAlchemyError):
        return f"database: {explain(error)}", WRONG if isinstance(error, UnusableAddress) else FAILED
    if isinstance(error, NlpError | ChannelError):
        return str(error), FAILED
    if isinstance(error, OSError):
        cause = error.strerror or str(error)
        return f"{error.filename}: {cause}" if error.filename is not None else cause, FAILED
    return None


if __name__ == "__main__":
    main()
