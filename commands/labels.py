"""`marsad correct` and `reanalyze`: people's labels, and stored mentions understood anew."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import wiring
from commands import learning
from commands.rows import Row, rows_of
from commands.terminal import (
    FAILED,
    OK,
    ConfigPath,
    counted,
    json_line,
    lines_of,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from commands.reanalysis import Reread
    from config.settings import Settings
    from storage.records import BrandRole, SentimentLabel

_BATCH = 64


def correct(
    mention: Annotated[
        int | None, typer.Argument(metavar="MENTION_ID", help="As `export` and alerts show it.")
    ] = None,
    sentiment: Annotated[
        Literal["negative", "neutral", "positive"] | None, typer.Option("--sentiment", help="What it is.")
    ] = None,
    brand: Annotated[
        list[str] | None, typer.Option("--brand", metavar="NAME", help="The brand, or each, that it names.")
    ] = None,
    no_brand: Annotated[bool, typer.Option("--no-brand", help="It names none of the brands.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take it all back; the model decides.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Many: JSON Lines, .csv or .tsv of `id` (or `source`, `external_id`) and `sentiment`.",
        ),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who says so; you.")] = None,
    learn: Annotated[
        bool, typer.Option("--learn/--no-learn", help="Let the model learn from it, where that helps.")
    ] = True,
    config: ConfigPath = None,
) -> None:
    """Give a mention the label or brands that a person sees: they win over the model, now and ever after."""
    branded = bool(brand) or no_brand
    _one_of(mention, sentiment is not None or branded, undo, file)
    if brand and no_brand:
        raise typer.BadParameter("give either --brand or --no-brand", param_hint="--brand")
    settings = settings_of(config)
    roles = _roles(settings, brand or ()) if branded else None
    who = (by or "").strip() or _user()
    if file is not None:
        with lines_of(file) as stream, wiring.database(settings) as engine:
            rows = rows_of(stream, file, ("id", "mention_id", "external_id"))
            code = _import_labels(engine, settings, rows, file, who)
            if learn:
                learning.tell(learning.learn_anew(engine, settings), all_of_them=False)
            raise typer.Exit(code)
    assert mention is not None
    with wiring.database(settings) as engine:
        if undo:
            _withdraw(engine, settings, mention, learn)
            return
        _give(engine, settings, mention, sentiment, roles, who)
        if learn and sentiment is not None:
            learning.tell(learning.learn_anew(engine, settings), all_of_them=False)


def _roles(settings: Settings, names: Iterable[str]) -> dict[str, BrandRole]:
    """Return the role of each of the brands; refuse names that the configuration does not have."""
    from storage.records import BrandRole

    roles = {b.name: BrandRole.COMPETITOR if b.competitor else BrandRole.OWN for b in settings.brands}
    for name in names:
        if name not in roles:
            there = ", ".join(roles) or "none"
            raise typer.BadParameter(f"no brand is named {name!r}; there are: {there}", param_hint="--brand")
    return {name: roles[name] for name in names}


def _give(
    engine: Engine,
    settings: Settings,
    mention: int,
    sentiment: str | None,
    brands: Mapping[str, BrandRole] | None,
    who: str,
) -> None:
    """Keep what a person says of one mention, and print it."""
    from storage import corrections
    from storage.records import SentimentLabel
    from storage.stories import Policy

    policy, now = Policy.from_settings(settings), wiring.now()
    unknown: set[int] = set()
    with engine.begin() as conn:
        if sentiment is not None:
            unknown |= corrections.record(conn, {mention: SentimentLabel(sentiment)}, who, now, policy)
        if brands is not None:
            unknown |= corrections.record_brands(conn, {mention: brands}, who, now, policy)
    _known(mention, there=not unknown)
    named = [] if brands is None else [", ".join(brands) or "no brand"]
    said = ", ".join([*([sentiment] if sentiment else []), *named])
    typer.echo(f"mention {mention}: {said}, by {who}")


def _one_of(mention: int | None, given: bool, undo: bool, file: Path | None) -> None:
    """Refuse calls that say too little or too much."""
    if file is not None and (mention is not None or given or undo):
        raise typer.BadParameter("stands alone: each line names its mention and label", param_hint="--import")
    if file is None and mention is None:
        raise typer.BadParameter("name a mention, or a file of labels with --import", param_hint="MENTION_ID")
    if file is None and given is undo:
        raise typer.BadParameter(
            "give either --sentiment or --undo, or what it names with --brand or --no-brand",
            param_hint="--sentiment",
        )


def _known(mention: int, *, there: bool) -> None:
    if not there:
        say(f"no mention has the id {mention}; `marsad export` shows the ids")
        raise typer.Exit(FAILED)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process whose user has no name
        return "unknown"


def _withdraw(engine: Engine, settings: Settings, mention: int, learn: bool) -> None:
    from commands.reanalysis import read_again
    from storage import corrections, mentions
    from storage.engine import reading

    with engine.begin() as conn:
        _known(mention, there=bool(mentions.fetch(conn, [mention])))
        labelled = corrections.withdraw(conn, mention)
        stored = mentions.fetch(conn, [mention])
    if not labelled:
        typer.echo(f"mention {mention}: nobody had labelled it")
        return
    if learn:  # first, so that the mention is not read by what its own label taught
        learning.tell(learning.learn_anew(engine, settings), all_of_them=False)
    asyncio.run(read_again(engine, settings, [stored]))
    with reading(engine) as conn:
        analysis = mentions.fetch(conn, [mention])[0].analysis
    label = analysis.sentiment_label if analysis else None
    typer.echo(f"mention {mention}: {label or 'no label'}, by the model")


def _import_labels(engine: Engine, settings: Settings, rows: Iterator[Row], file: Path, who: str) -> int:
    """Keep a file's labels, a batch a transaction, and return the exit code."""
    from storage import corrections
    from storage.stories import Policy

    policy = Policy.from_settings(settings)
    good = bad = 0
    batch: dict[int, tuple[int | tuple[str, str], SentimentLabel]] = {}

    def keep() -> None:
        nonlocal good, bad
        with engine.begin() as conn:
            pairs = [key for key, _ in batch.values() if isinstance(key, tuple)]
            ids = corrections.ids_of(conn, pairs)
            found = {n: key if isinstance(key, int) else ids.get(key) for n, (key, _) in batch.items()}
            labels = {found[n]: label for n, (_, label) in batch.items()}
            known = {key: label for key, label in labels.items() if key is not None}
            unknown = corrections.record(conn, known, who, wiring.now(), policy)
        for number, key in found.items():
            if key is None or key in unknown:
                bad += 1
                say(f"{file}:{number}: no such mention; skipped")
            else:
                good += 1
        batch.clear()

    for number, row in rows:
        try:
            batch[number] = _labelled_mention(row)
        except ValueError as wrong:
            bad += 1
            say(f"{file}:{number}: {wrong}; skipped")
        if len(batch) == _BATCH:
            keep()
    keep()
    typer.echo(f"{counted(good, 'label')} kept, {counted(bad, 'bad line')}")
    return FAILED if bad and not good else OK


def _labelled_mention(row: Mapping[str, Any] | str) -> tuple[int | tuple[str, str], SentimentLabel]:
    """Return the mention that a row names, by id or by source and external id, and its label."""
    if isinstance(row, str):
        raise ValueError(row)
    label = _label(row.get("sentiment") or row.get("label"), "sentiment")
    key = row.get("mention_id") or row.get("id")
    source, external = row.get("source"), row.get("external_id")
    if isinstance(key, bool) or not isinstance(key, int | str | None):
        raise ValueError("id is not a whole number")
    if key is None and isinstance(source, str) and isinstance(external, str):
        return (source, external), label
    if key is None:
        raise ValueError("names no mention: give id, or source and external_id")
    if not str(key).strip().isdecimal() or not 0 < int(key) < 2**63:
        raise ValueError("id is not the whole number that `marsad export` shows")
    return int(key), label


def _label(value: object, name: str) -> SentimentLabel:
    from storage.records import SentimentLabel

    if value is None:
        raise ValueError(f"no {name}; write negative, neutral or positive")
    try:
        return SentimentLabel(str(value).strip().lower())
    except ValueError:
        shown = json_line(value)[:60]
        raise ValueError(f"{name} is {shown}, not negative, neutral or positive") from None


def reanalyze(
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", formats=["%Y-%m-%d"], help="Published since."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what this model read: after a change of the configuration.")
    ] = False,
    read_before: Annotated[
        datetime | None,
        typer.Option(
            "--read-before",
            metavar="TIME",
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="Go on with an earlier --all.",
        ),
    ] = None,
    config: ConfigPath = None,
) -> None:
    """Understand stored mentions again: those that another model read, or --all; people's labels stay."""
    import understanding
    from commands.reanalysis import read_again
    from nlp.pipeline import Pipeline
    from storage import reanalysis
    from storage.engine import reading

    settings = settings_of(config)
    start = (read_before or wiring.now()).astimezone(UTC).replace(microsecond=0)
    with wiring.database(settings) as engine:
        version = Pipeline(understanding.plan(settings, engine)).model_version
        outdated = reanalysis.Outdated(
            model_version=None if everything or read_before else version,
            since=None if since is None else since.replace(tzinfo=settings.zone).astimezone(UTC),
            read_before=start if read_before else None,
        )
        with reading(engine) as conn:
            total = reanalysis.count(conn, outdated)
        if not total:
            hint = "" if everything or read_before else ": no other model read any of it; --all reads all"
            typer.echo(f"nothing to read again{hint}")
            return
        if outdated.model_version is None:
            say(f"if this is interrupted, go on with: --read-before {start:%Y-%m-%dT%H:%M:%S%z}")
        batches = reanalysis.batches(engine, outdated, _BATCH)
        with _progress(total) as advance:
            result = asyncio.run(read_again(engine, settings, batches, advance))
    _tell(result)


def _progress(total: int) -> Any:
    """Return a context that gives what moves a progress bar on a terminal, and nothing elsewhere."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    @contextmanager
    def shown() -> Iterator[Any]:
        console = Console(stderr=True)
        columns = (TextColumn("reading again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=total)
            yield lambda count: bar.advance(task, count)

    return shown()


def _tell(result: Reread) -> None:
    changed = f"{result.relabelled} with another label, {result.rebranded} with other brands"
    typer.echo(f"{counted(result.read, 'mention')} read again, {changed}")
    if result.unread:
        say(f"{counted(result.unread, 'mention')} could not be read in time; their old analysis stays")
        raise typer.Exit(FAILED)
