"""The `marsad` command: parses, calls, prints. What a command does is in the rooms."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import wiring
from config.environment import check_environment
from config.errors import ConfigError, SecretUnavailable, SharedEnvironmentError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from sqlalchemy import Engine

    from config.settings import Settings
    from storage.records import FetchEvent

OK, FAILED, WRONG = 0, 1, 2

app = typer.Typer(
    name="marsad",
    help="Marsad (مرصد) watches what people say about your brand, and tells your team when it matters.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="The configuration; marsad.yaml here, else in config/."),
]
# Every command takes --config, also the few that need none.
UnusedConfig = Annotated[Path | None, typer.Option("--config", metavar="PATH", help="Not needed here.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to put what is made.")]


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


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _settings(path: Path | None) -> Settings:
    from config import loader, logs

    logs.set_up()
    return loader.load(loader.find(path), wiring.kinds())


def _lines(file: Path | None) -> Any:
    if file is None or str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _json_line(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@app.command(epilog="Example: marsad demo --out demo-out")
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


@app.command(epilog="Example: marsad init acme && cd acme")
def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path(), _config: UnusedConfig = None
) -> None:
    """Write a commented marsad.yaml and .env.example to start from."""
    from config import starter

    for path in starter.write(directory):
        typer.echo(f"wrote {path}")
    typer.echo("Next: fill in brands, sources and channels, then run `marsad check`.")


@app.command(epilog="Example: marsad check --config acme/marsad.yaml")
def check(config: ConfigPath = None) -> None:
    """Check configuration, secrets, database, models, each source and each channel; all problems at once."""
    import checks
    from config import loader

    settings = _settings(config)
    sources, channels = _counted(len(settings.sources), "source"), _counted(len(settings.channels), "channel")
    typer.echo(f"ok    configuration: {sources}, {channels}")
    for problem in loader.exposed_secrets(settings):
        _say(f"note  secret {problem.key}: {problem.what}. {problem.fix}")
    wrong: list[str] = []
    for check_one in checks.ALL:
        for what, cause in check_one(settings):
            typer.echo(f"ok    {what}" if cause is None else f"WRONG {what}: {cause}")
            if cause is not None:
                wrong.append(what)
    if wrong:
        _say(f"{_counted(len(wrong), 'thing')} to put right: {', '.join(wrong)}")
    unconfigured = any(what.startswith("secret ") for what in wrong)
    raise typer.Exit(WRONG if unconfigured else FAILED if wrong else OK)


@app.command(epilog="Example: marsad schema > marsad.schema.json")
def schema(_config: UnusedConfig = None) -> None:
    """Print the JSON Schema of marsad.yaml, for editors."""
    from config import schema as schemas

    typer.echo(json.dumps(schemas.schema(wiring.kinds()), ensure_ascii=False, indent=2))


@app.command(epilog="Example: marsad sources")
def sources(_config: UnusedConfig = None) -> None:
    """List the kinds of source, their options, the secrets each needs and where to get them."""
    from crawlers import base

    for kind, spider in base.kinds().items():
        _describe(kind, spider.summary, spider.Options, spider.secrets_help)
        typer.echo(f"  terms: {spider.terms}\n")


@app.command(epilog="Example: marsad channels")
def channels(_config: UnusedConfig = None) -> None:
    """List the kinds of channel, their options, the secrets each needs and where to get them."""
    from alerts.channels import base

    for kind, channel in base.kinds().items():
        _describe(kind, channel.summary, channel.Options, channel.secrets_help)
        typer.echo("")


def _describe(kind: str, summary: str, options: Any, secrets: str) -> None:
    typer.echo(f"{kind}: {summary}")
    for name, field in options.model_fields.items():
        typer.echo(f"  {field.alias or name} ({_default(field)}): {field.description}")
    typer.echo(f"  secrets: {secrets}")


def _default(field: FieldInfo) -> str:
    from config.values import format_duration

    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == []:
        return "optional"
    if isinstance(value, bool):
        return f"default {json.dumps(value)}"
    return f"default {format_duration(value) if isinstance(value, timedelta) else value}"


@app.command(epilog="Example: marsad run --once")
def run(
    config: ConfigPath = None,
    once: Annotated[bool, typer.Option("--once", help="Do one whole cycle and stop.")] = False,
) -> None:
    """Run the daemon: collect, understand, decide, tell, until it is told to stop."""
    import scheduler
    from config import loader
    from crawlers import reactor

    settings = _settings(config)
    if missing := loader.missing_secrets(settings):
        raise ConfigError(str(config or loader.find()), missing)
    reactor.install_reactor()
    if not once:
        reactor.run(lambda: scheduler.run(scheduler.build(settings, settings.folder)))
        return
    cycle = reactor.run(lambda: scheduler.run_once(scheduler.build(settings, settings.folder)))
    if cycle is None:
        _say("another marsad runs on this database; stop it first, or let it do the work")
        raise typer.Exit(FAILED)
    _report_visits(cycle.visits)
    told = cycle.told
    typer.echo(f"understood {cycle.understood}; alerts {len(cycle.alerts)}; messages {told}")


def _report_visits(visits: list[FetchEvent]) -> bool:
    from storage.status import cause_of

    for event in visits:
        items = _counted(event.items_seen, "item")
        what = cause_of(event) or f"{items}, {event.items_new} new, {event.items_revised} edited"
        typer.echo(f"{event.source}: {event.status}: {what}")
    return all(event.error is None for event in visits)


@app.command(epilog="Example: marsad collect --source news --dry-run")
def collect(
    config: ConfigPath = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME", help="Only this one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; print JSON Lines.")] = False,
) -> None:
    """Fetch the sources now, whether they are due or not."""
    from crawlers import collect as collecting
    from crawlers import reactor
    from storage.export import mention_to_json
    from storage.status import cause_of

    settings = _settings(config)
    only = _known_sources(settings, source)
    if not dry_run:
        with wiring.database(settings) as engine:
            visits = reactor.run(
                lambda: collecting.collect(engine, settings, wiring.now, only=only, force=True)
            )
        raise typer.Exit(OK if _report_visits(visits) else FAILED)
    good = True
    for event, found in reactor.run(lambda: collecting.preview(settings, wiring.now, only=only)):
        for mention in found:
            typer.echo(_json_line(mention_to_json(mention)))
        _say(f"{event.source}: {cause_of(event) or _counted(len(found), 'item')}")
        good = good and event.error is None
    raise typer.Exit(OK if good else FAILED)


def _known_sources(settings: Settings, names: list[str] | None) -> list[str] | None:
    known = [source.name for source in settings.sources]
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"no source is named {name!r}; there are: {', '.join(known) or 'none'}")
    return names or None


@app.command("import", epilog="Example: marsad import survey.csv --source survey")
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
    settings = _settings(config)
    with _lines(file) as stream, wiring.database(settings) as engine:
        found = imported.read(stream, source, wiring.now(), as_csv=file.suffix.lower() == ".csv")
        count = imported.keep(engine, found, lambda bad: _say(f"{file}:{bad.number}: {bad.why}; skipped"))
    bad = _counted(count.bad, "bad line")
    typer.echo(f"{count.new} new, {count.revised} edited, {count.unchanged} unchanged, {bad}")
    raise typer.Exit(FAILED if count.bad and not count.good else OK)


@app.command(epilog="""Example: echo '{"id": "1", "text": "الخدمة ممتازة"}' | marsad analyze""")
def analyze(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="JSON Lines; stdin if not given.",
        ),
    ] = None,
    config: ConfigPath = None,
) -> None:
    """Say what each text is about, how its writer feels and in which language: JSON Lines in and out."""
    from config import loader, logs
    from nlp import stream
    from nlp.pipeline import PipelineConfig

    logs.set_up()
    wanted = config is not None or any(
        (Path() / folder / loader.FILE_NAME).is_file() for folder in ("", "config")
    )
    plan = PipelineConfig.from_settings(_settings(config)) if wanted else PipelineConfig()
    with _lines(file) as lines:
        count = asyncio.run(stream.analyze(lines, sys.stdout.buffer, plan, _say))
    raise typer.Exit(FAILED if count.bad and not count.good else OK)


@app.command(epilog="Example: marsad digest --brand Acme --period 2026-W47 --language ar --out digest")
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

    settings = _settings(config)
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


@app.command(epilog="Example: marsad alerts --json")
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

    settings = _settings(config)
    with wiring.database(settings) as engine, reading(engine) as conn:
        found = kept.listing(conn, limit=limit)
    for alert in found:
        if as_json:
            typer.echo(_json_line(json_value(asdict(alert))))
            continue
        when = alert.window_start.astimezone(settings.zone)
        usual = "" if alert.expected is None else f", usually {alert.expected:.1f}"
        what = f"{alert.brand}: {alert.rule} ({alert.observed:g}{usual})"
        typer.echo(f"{alert.id:>5}  {when:%Y-%m-%d %H:%M}  {alert.state:<12}  {alert.severity:<6}  {what}")
    if not found and not as_json:
        typer.echo("no alerts yet")


@app.command(epilog="Example: marsad status")
def status(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how every source, queue and channel is."""
    from storage import status as health
    from storage.engine import reading

    settings = _settings(config)
    names = [source.name for source in settings.sources if source.enabled]
    with wiring.database(settings) as engine, reading(engine) as conn:
        found = health.gather(conn, names, wiring.now())
    typer.echo(
        _json_line(health.to_json(found)) if as_json else "\n".join(health.to_lines(found, settings.zone))
    )


@app.command(epilog="Example: marsad export --format csv --out mentions.csv")
def export(
    config: ConfigPath = None,
    form: Annotated[Literal["jsonl", "csv", "parquet"], typer.Option("--format")] = "jsonl",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="stdout if not given.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Collected since.")
    ] = None,
) -> None:
    """Write all mentions with what was understood of them."""
    from storage.engine import reading
    from storage.export import ExportFormat, write

    settings = _settings(config)
    moment = None if since is None else since.replace(tzinfo=settings.zone).astimezone(UTC)
    if out is None and form == "parquet" and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is no text for a terminal; name a file with --out")
    with wiring.database(settings) as engine, reading(engine) as conn:
        # Not before the database is open: a file that is there already should not be emptied for nothing.
        target: Any = nullcontext(sys.stdout.buffer) if out is None else out.open("wb")
        with target as stream:
            count = write(conn, stream, ExportFormat(form), moment)
    _say(_counted(count, "mention"))


@app.command(epilog="Example: marsad migrate")
def migrate(config: ConfigPath = None) -> None:
    """Bring the database's tables to this version. SQLite is migrated at start by itself."""
    from storage import engine as databases

    settings = _settings(config)
    engine = databases.open_engine(settings.database, settings.folder)
    try:
        databases.migrate(engine)
    finally:
        engine.dispose()
    typer.echo("the database's tables are of this version")


if __name__ == "__main__":
    main()
