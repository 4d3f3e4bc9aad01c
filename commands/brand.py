"""`marsad brand suggest` and `brand test`: how a brand's name is written, and how well it is found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.rows import one_line, rows_of, table
from commands.terminal import (
    FAILED,
    ConfigPath,
    LabelledFile,
    counted,
    is_configured,
    json_line,
    lines_of,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from config.settings import Settings
    from nlp.brand_check import BrandCheck, ExpectedBrands, Mistake, Tally
    from nlp.spellings import Suggestion

_SHOWN = 20
_NEWEST = 20_000
"""Stored mentions that are looked at for spellings."""


def suggest(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The brand's name, in Arabic or Latin letters.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False,
    config: ConfigPath = None,
) -> None:
    """Propose spellings of a name and where it means something else, as YAML to paste under `brands:`."""
    from commands import brand_yaml
    from nlp import seen_spellings, spellings

    if not any(character.isalnum() for character in name):
        raise typer.BadParameter("a name has letters or digits", param_hint="NAME")
    settings = settings_of(config) if is_configured(config) else None
    found = spellings.suggest(name, _known(settings, name))
    if texts := _texts(settings):
        found = seen_spellings.observe(found, texts)
    if as_json:
        for document in _documents(found):
            typer.echo(json_line(document))
        return
    if sys.stdout.isatty():
        for line in _told_of(found, len(texts)):
            typer.echo(line)
    for line in brand_yaml.lines(found):
        typer.echo(line)


def _known(settings: Settings | None, name: str) -> list[str]:
    """Return the aliases of the brand that is configured under this name."""
    brands = settings.brands if settings is not None else []
    return [alias for brand in brands if brand.name.casefold() == name.casefold() for alias in brand.aliases]


def _texts(settings: Settings | None) -> list[str]:
    """Return the texts of the newest mentions; none where there is no database, which is not made here."""
    if settings is None:
        return []
    from sqlalchemy.exc import SQLAlchemyError

    import wiring
    from storage import texts
    from storage.engine import is_there, reading
    from storage.errors import StorageError, explain

    try:
        if not is_there(settings.database, settings.folder):
            return []
        with wiring.database(settings) as engine, reading(engine) as conn:
            return list(texts.newest(conn, _NEWEST))
    except (StorageError, SQLAlchemyError) as error:
        say(f"stored mentions are not looked at: {explain(error)}")
        return []


def _told_of(found: Suggestion, texts: int) -> Iterator[str]:
    """Yield the suggestion as tables for a person."""
    rows = [(one.text, str(one.kind), _count(one.seen), _note(one)) for one in found.spellings]
    yield from table(("spelling", "how", "seen", "note"), rows, left=4)
    if found.traps:
        yield ""
        traps = [(trap.phrase or trap.spelling, trap.why, _count(trap.seen)) for trap in found.traps]
        yield from table(("trap", "why", "seen"), traps, left=3)
    yield ""
    yield (
        f"Counts are of the newest {counted(texts, 'mention')}."
        if texts
        else "No stored mentions to count in."
    )
    yield ""


def _count(seen: int | None) -> object:
    return "" if seen is None else seen


def _note(one: Any) -> str:
    return one_line(": ".join(part for part in (one.doubt, one.example) if part), 60)


def _documents(found: Suggestion) -> Iterator[dict[str, Any]]:
    for one in found.spellings:
        yield {"spelling": one.text, "kind": one.kind.name.lower(), "doubt": one.doubt, "seen": one.seen}
    for trap in found.traps:
        option = "exclude" if trap.phrase else "require_any"
        yield {
            "trap": trap.phrase or trap.spelling,
            "option": option,
            "spelling": trap.spelling,
            "why": trap.why,
            "certain": trap.certain,
            "seen": trap.seen,
        }
    if found.require_any:
        yield {"require_any": list(found.require_any)}


def test(
    file: LabelledFile,
    everything: Annotated[bool, typer.Option("--all", help="Show every mistake.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigPath = None,
) -> None:
    """Measure how well brands are found, on lines of `text` and `brands` (the names it speaks of)."""
    from nlp import brand_check
    from nlp.brands import BrandMatcher
    from nlp.patterns import BrandRule

    settings = settings_of(config)
    names = [brand.name for brand in settings.brands]
    matcher = BrandMatcher([BrandRule.from_settings(brand) for brand in settings.brands])
    bad = 0

    def lines() -> Iterator[ExpectedBrands]:
        nonlocal bad
        for one in brand_check.expected(rows_of(stream, file, ("text",)), names):
            if isinstance(one, tuple):
                bad += 1
                say(f"{file}:{one[0]}: {one[1]}; skipped")
            else:
                yield one

    with lines_of(file) as stream:
        result = brand_check.check(matcher, names, lines())
    if not result.texts:
        say("no line holds a text and its brands")
        raise typer.Exit(FAILED)
    if as_json:
        typer.echo(json_line(_document(result, bad)))
        return
    for line in _told(result, bad, None if everything else _SHOWN):
        typer.echo(line)


def _told(result: BrandCheck, bad: int, most: int | None) -> Iterator[str]:
    skipped = f", {counted(bad, 'bad line')} skipped" if bad else ""
    yield f"{counted(result.texts, 'text')}{skipped}"
    yield ""
    rows = [_row(name, tally) for name, tally in result.brands.items()]
    yield from table(
        ("", "precision", "recall", "F1", "found", "wrong", "missed"), [*rows, _row("all", result.whole)]
    )
    for title, mistakes in (("missed", result.missed), ("wrongly found", result.wrong)):
        if mistakes:
            yield ""
            yield f"{title}:"
        for mistake in mistakes[:most]:
            alias = f" ({mistake.alias})" if mistake.alias else ""
            yield f"  line {mistake.line.number}: {mistake.brand}{alias}: {one_line(mistake.line.text)}"
        if most is not None and len(mistakes) > most:
            yield f"  and {len(mistakes) - most} more; --all shows them"


def _row(name: str, tally: Tally) -> tuple[object, ...]:
    return name, tally.precision, tally.recall, tally.f1, tally.hits, tally.wrong, tally.missed


def _document(result: BrandCheck, bad: int) -> dict[str, Any]:
    def shares(tally: Tally) -> dict[str, Any]:
        return {"precision": tally.precision, "recall": tally.recall, "f1": tally.f1, **asdict(tally)}

    def listed(mistakes: list[Mistake]) -> list[dict[str, Any]]:
        return [
            {"line": m.line.number, "brand": m.brand, "alias": m.alias, "text": m.line.text} for m in mistakes
        ]

    return {
        "texts": result.texts,
        "bad_lines": bad,
        "all": shares(result.whole),
        "brands": {name: shares(tally) for name, tally in result.brands.items()},
        "missed": listed(result.missed),
        "wrong": listed(result.wrong),
    }
