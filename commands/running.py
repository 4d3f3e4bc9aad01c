"""`marsad run` and `collect`: the daemon, and its first step alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import wiring
from commands.progress import bars
from commands.terminal import FAILED, OK, ConfigPath, counted, json_line, say, settings_of
from config.errors import ConfigError

if TYPE_CHECKING:
    from config.settings import Settings
    from storage.records import FetchEvent


def run(
    config: ConfigPath = None,
    once: Annotated[bool, typer.Option("--once", help="Do one whole cycle and stop.")] = False,
) -> None:
    """Run the daemon: collect, understand, decide, tell, until it is told to stop.

    A source that fails ends nothing: with --once the code is 0 when the cycle was done, and each failure is
    named. To learn by the exit code whether sources fail, use `marsad collect`.
    """
    import scheduler
    from config import loader
    from crawlers import reactor

    settings = settings_of(config)
    if missing := loader.missing_secrets(settings):
        raise ConfigError(str(config or loader.find()), missing)
    reactor.install_reactor()
    if not once:
        reactor.run(lambda: scheduler.run(scheduler.build(settings, settings.folder)))
        return
    cycle = reactor.run(lambda: scheduler.run_once(scheduler.build(settings, settings.folder)))
    if cycle is None:
        say("another marsad runs on this database; stop it first, or let it do the work")
        raise typer.Exit(FAILED)
    _report_visits(cycle.visits)
    told = cycle.told
    typer.echo(f"understood {cycle.understood}; alerts {len(cycle.alerts)}; messages {told}")


def _report_visits(visits: list[FetchEvent]) -> bool:
    from storage.status import cause_of

    for event in visits:
        items = counted(event.items_seen, "item")
        what = cause_of(event) or f"{items}, {event.items_new} new, {event.items_revised} edited"
        if event.status == "postponed":
            what += f"; next {event.next_due:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{event.source}: {event.status}: {what}")
    return all(event.error is None for event in visits)


def collect(
    config: ConfigPath = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME", help="Only this one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; print JSON Lines.")] = False,
) -> None:
    """Fetch the sources now, whether they are due or not; the exit code is 1 if one of them fails."""
    from crawlers import collect as collecting
    from crawlers import reactor
    from storage.export import mention_to_json
    from storage.status import cause_of

    settings = settings_of(config)
    only = _known_sources(settings, source)
    if not dry_run:
        with wiring.database(settings) as engine, bars(wiring.now) as progress:
            visits = reactor.run(
                lambda: collecting.collect(
                    engine, settings, wiring.now, only=only, force=True, progress=progress
                )
            )
        raise typer.Exit(OK if _report_visits(visits) else FAILED)
    good = True
    for event, found in reactor.run(lambda: collecting.preview(settings, wiring.now, only=only)):
        for mention in found:
            typer.echo(json_line(mention_to_json(mention)))
        say(f"{event.source}: {cause_of(event) or counted(len(found), 'item')}")
        good = good and event.error is None
    raise typer.Exit(OK if good else FAILED)


def _known_sources(settings: Settings, names: list[str] | None) -> list[str] | None:
    known = [source.name for source in settings.sources]
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"no source is named {name!r}; there are: {', '.join(known) or 'none'}")
    return names or None
