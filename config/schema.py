"""The JSON Schema (2020-12) of `marsad.yaml`, with the options of every kind, for editors and checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from config.loader import NAMED, Kinds
from config.settings import Settings

_DRAFT = GenerateJsonSchema.schema_dialect


def schema(kinds: Kinds) -> dict[str, Any]:
    """Return the schema of the whole file: an unknown key, at any level, does not fit it."""
    definitions: dict[str, Any] = {}
    whole = _model(Settings, "", definitions)
    for section, models in kinds.sections().items():
        entry = NAMED[section]
        by_kind = {kind: _entry(section, kind, entry, model, definitions) for kind, model in models.items()}
        whole["properties"][section]["items"] = _choice(by_kind)
        definitions.pop(entry.__name__, None)
    return {
        "$schema": _DRAFT,
        "title": "marsad.yaml",
        "description": "What Marsad watches, and whom it tells.",
        "type": "object",
        "properties": whole["properties"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _choice(by_kind: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of an entry whose `kind` says which of the definitions it must fit."""
    return {
        "type": "object",
        "properties": {"kind": {"enum": sorted(by_kind)}},
        "required": ["name", "kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{definition}"},
            }
            for kind, definition in sorted(by_kind.items())
        ],
    }


def _entry(
    section: str, kind: str, entry: type[BaseModel], options: type[BaseModel], definitions: dict[str, Any]
) -> str:
    """Add the definition of one kind's entries, their common keys and the kind's own; return its name."""
    own = _model(entry, "", definitions)
    more = _model(options, f"{section}.{kind}.", definitions)
    name = f"{section}.{kind}"
    definitions[name] = {
        "title": f"{kind} ({section})",
        "type": "object",
        "properties": own["properties"] | more.get("properties", {}) | {"kind": {"const": kind}},
        "required": sorted({*own.get("required", []), *more.get("required", [])}),
        "additionalProperties": False,
    }
    if "description" in more:
        definitions[name]["description"] = more["description"]
    return name


def _model(model: type[BaseModel], prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema, its nested definitions moved to `definitions` under prefixed names."""
    found = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for name, nested in found.pop("$defs", {}).items():
        definitions[prefix + name] = nested
    return found
