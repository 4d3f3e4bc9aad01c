"""`marsad schema`, `sources` and `channels`: what can be written in the configuration."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

import wiring
from commands.terminal import UnusedConfig

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_COLUMNS = 100
# What the loader itself takes for every source, whatever its kind.
_OF_EVERY_SOURCE = ("every", "brand", "enabled", "audience", "stories")


def schema(_config: UnusedConfig = None) -> None:
    """Print the JSON Schema of marsad.yaml, for editors."""
    from config import schema as schemas

    typer.echo(json.dumps(schemas.schema(wiring.kinds()), ensure_ascii=False, indent=2))


def sources(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="Only this one.", show_default=False)
    ] = None,
    _config: UnusedConfig = None,
) -> None:
    """List the kinds of source, their options, the secrets each needs and where to get them."""
    from crawlers import base

    known = base.kinds()
    if kind is not None and kind not in known:
        raise typer.BadParameter(f"there is no kind {kind!r}; there are: {', '.join(known)}")
    for name in known if kind is None else [kind]:
        for line in _source(known[name]):
            typer.echo(line)
        typer.echo("")
    for line in _common():
        typer.echo(line)


def channels(_config: UnusedConfig = None) -> None:
    """List the kinds of channel, their options, the secrets each needs and where to get them."""
    from alerts.channels import base

    for kind, channel in base.kinds().items():
        typer.echo(f"{kind}: {channel.summary}")
        for line in (*_options(channel.Options.model_fields), *_wrapped(f"secrets: {channel.secrets_help}")):
            typer.echo(line)
        typer.echo("")


def _source(kind: Any) -> Iterator[str]:
    """Yield the lines that describe a kind of source, without the options that all kinds have."""
    from crawlers.base import SourceOptions

    yield f"{kind.kind}: {kind.summary}"
    if kind.beta is not None:
        yield from _wrapped(f"beta: {kind.beta}")
    own = {name: field for name, field in kind.Options.model_fields.items() if _is_own(name, field)}
    yield from _options(own, SourceOptions)
    yield from _wrapped(f"secrets: {kind.secrets_help}")
    yield from _wrapped(f"terms: {kind.terms}")


def _is_own(name: str, field: FieldInfo) -> bool:
    """Tell whether a kind says something about an option that is not true of all kinds."""
    from crawlers.base import SourceOptions

    usual = SourceOptions.model_fields.get(name)
    return usual is None or (_default(field), field.description) != (_default(usual), usual.description)


def _common() -> Iterator[str]:
    from config.settings import Source
    from crawlers.base import SourceOptions

    yield "Every source takes these too, where its kind says nothing else:"
    yield from _options({name: Source.model_fields[name] for name in _OF_EVERY_SOURCE})
    yield from _options(SourceOptions.model_fields)


def _options(fields: dict[str, FieldInfo], common: type[BaseModel] | None = None) -> Iterator[str]:
    """Yield a line for each option, what must be given first, and what `common` has too last."""

    def order(name: str) -> tuple[bool, bool]:
        return not fields[name].is_required(), common is not None and name in common.model_fields

    for name in sorted(fields, key=order):
        field = fields[name]
        yield from _wrapped(f"{field.alias or name} ({_default(field)}): {field.description}")


def _wrapped(text: str) -> list[str]:
    """Return a text in lines of a terminal's width, those after the first further in."""
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _default(field: FieldInfo) -> str:
    from config.values import format_duration

    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ([], {}):
        return "optional"
    if isinstance(value, bool):
        return f"default {json.dumps(value)}"
    if isinstance(value, list):
        return f"default {', '.join(map(str, value))}"
    return f"default {format_duration(value) if isinstance(value, timedelta) else value}"
