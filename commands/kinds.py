"""`marsad schema`, `sources` and `channels`: what can be written in the configuration."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

import wiring
from commands.terminal import UnusedConfig

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def schema(_config: UnusedConfig = None) -> None:
    """Print the JSON Schema of marsad.yaml, for editors."""
    from config import schema as schemas

    typer.echo(json.dumps(schemas.schema(wiring.kinds()), ensure_ascii=False, indent=2))


def sources(_config: UnusedConfig = None) -> None:
    """List the kinds of source, their options, the secrets each needs and where to get them."""
    from crawlers import base

    for kind, spider in base.kinds().items():
        _describe(kind, spider.summary, spider.Options, spider.secrets_help)
        typer.echo(f"  terms: {spider.terms}\n")


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
