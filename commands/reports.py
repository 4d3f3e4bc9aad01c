"""`marsad digest`, `alerts` and `status`: what was found, for people."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import wiring
from commands.terminal import FAILED, OK, ConfigPath, Out, json_line, settings_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from config.settings import Settings


def digest(
    config: ConfigPath = None,
    brand: Annotated[
        list[str] | None, typer.Option("--brand", metavar="NAME", help="One's own, if not given.")
    ] = None,
    period: Annotated[
        str | None, typer.Option("--period", metavar="2026-W47", help="Last week, if not given.")
    ] = None,
    language: Annotated[Literal["ar", "en"] | None, typer.Option("--language")] = None,
    out: Out = Path("digest"),
    send: Annotated[bool, typer.Option("--send", help="Send it to the channels of its digests too.")] = False,
) -> None:
    """Make a weekly digest: HTML, plain text, charts, and every number with what it was counted from."""
    from alerts import digest_files

    settings = settings_of(config)
    known = [entry.name for entry in settings.brands]
    for name in brand or ():
        if name not in known:
            raise typer.BadParameter(f"no brand is named {name!r}; there are: {', '.join(known) or 'none'}")
    now = wiring.now()
    with wiring.database(settings) as engine:
        data, files = digest_files.make(
            engine, settings, now, out=out, brands=brand or (), period=period, language=language
        )
        for path in files:
            typer.echo(f"wrote {path}")
        if send:
            _send_digest(settings, engine, data, language)


def _send_digest(settings: Settings, engine: Engine, data: dict[str, Any], language: str | None) -> None:
    """Send a digest that was asked for by hand to every channel that gets digests."""
    from alerts import digest as digests
    from alerts import relay
    from alerts.channels.base import open_channels
    from storage import outbox

    now = wiring.now()
    notes = digests.by_hand(settings, data, language, now)
    with engine.begin() as conn:
        outbox.enqueue(conn, notes, now)
    told = asyncio.run(relay.relay(engine, open_channels(settings), wiring.now))
    typer.echo(f"messages: {told}")
    raise typer.Exit(OK if told.delivered and not (told.retried or told.rejected) else FAILED)


def alerts(
    config: ConfigPath = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False,
) -> None:
    """List the alerts, newest first."""
    from dataclasses import asdict

    from storage import alerts as kept
    from storage.engine import reading
    from storage.export import json_value

    settings = settings_of(config)
    with wiring.database(settings) as engine, reading(engine) as conn:
        found = kept.listing(conn, limit=limit)
    for alert in found:
        if as_json:
            typer.echo(json_line(json_value(asdict(alert))))
            continue
        when = alert.window_start.astimezone(settings.zone)
        usual = "" if alert.expected is None else f", usually {alert.expected:.1f}"
        what = f"{alert.brand}: {alert.rule} ({alert.observed:g}{usual})"
        typer.echo(f"{alert.id:>5}  {when:%Y-%m-%d %H:%M}  {alert.state:<12}  {alert.severity:<6}  {what}")
    if not found and not as_json:
        typer.echo("no alerts yet")


def status(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how every source, queue and channel is."""
    from storage import status as health
    from storage.engine import reading

    settings = settings_of(config)
    budgets = {source.name: source.options.requests_a_day for source in settings.sources if source.enabled}
    with wiring.database(settings) as engine, reading(engine) as conn:
        found = health.gather(conn, list(budgets), wiring.now(), budgets)
    typer.echo(
        json_line(health.to_json(found)) if as_json else "\n".join(health.to_lines(found, settings.zone))
    )
