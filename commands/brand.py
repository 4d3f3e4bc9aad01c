"""`marsad brand suggest` and `brand test`: how a brand's name is written, and how well it is found."""

from __future__ import annotations

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
    json_line,
    lines_of,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from nlp.brand_check import BrandCheck, ExpectedBrands, Mistake, Tally

_SHOWN = 20


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
