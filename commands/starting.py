"""`marsad demo`, `init`, `check` and `migrate`: what is done before there is anything to watch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import FAILED, OK, WRONG, ConfigPath, Out, UnusedConfig, counted, say, settings_of


def demo(
    out: Out = Path("demo-out"),
    once: Annotated[bool, typer.Option("--once", help="Stop at the story's worst hour.")] = False,
    _config: UnusedConfig = None,
) -> None:
    """Run the whole daemon against a made-up brand's world on this machine, and keep what it sends."""
    from config import logs
    from demo import play

    logs.set_up(level=30)
    raise typer.Exit(OK if play.play(out, once=once, say=typer.echo) else FAILED)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR")] = Path(), _config: UnusedConfig = None
) -> None:
    """Write a commented marsad.yaml and .env.example to start from."""
    from config import starter

    for path in starter.write(directory):
        typer.echo(f"wrote {path}")
    typer.echo("Next: fill in brands, sources and channels, then run `marsad check`.")


def check(config: ConfigPath = None) -> None:
    """Check configuration, secrets, database, models, each source and each channel; all problems at once."""
    import checks
    from config import loader

    settings = settings_of(config)
    sources, channels = counted(len(settings.sources), "source"), counted(len(settings.channels), "channel")
    typer.echo(f"ok    configuration: {sources}, {channels}")
    for problem in loader.exposed_secrets(settings):
        say(f"note  secret {problem.key}: {problem.what}. {problem.fix}")
    wrong: list[str] = []
    for check_one in checks.ALL:
        for what, cause in check_one(settings):
            typer.echo(f"ok    {what}" if cause is None else f"WRONG {what}: {cause}")
            if cause is not None:
                wrong.append(what)
    if wrong:
        say(f"{counted(len(wrong), 'thing')} to put right: {', '.join(wrong)}")
    unconfigured = any(what.startswith("secret ") for what in wrong)
    raise typer.Exit(WRONG if unconfigured else FAILED if wrong else OK)


def migrate(config: ConfigPath = None) -> None:
    """Bring the database's tables to this version. SQLite is migrated at start by itself."""
    from storage import engine as databases

    settings = settings_of(config)
    engine = databases.open_engine(settings.database, settings.folder)
    try:
        databases.migrate(engine)
    finally:
        engine.dispose()
    typer.echo("the database's tables are of this version")
