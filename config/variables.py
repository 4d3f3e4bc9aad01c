"""The environment: `MARSAD_…` variables that win over the file, and the `.env` file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic_settings import EnvSettingsSource

from config.document import SIZE_LIMIT
from config.errors import Problem
from config.explain import nearest
from config.settings import Settings

PREFIX = "MARSAD_"


def read_dotenv(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables of a `.env` file, none where there is no file, and its unreadable lines.

    `$` has no special meaning in it, so that a password may hold one.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(SIZE_LIMIT)
    except FileNotFoundError:
        return {}, []
    except UnicodeDecodeError:
        return {}, [Problem(path.name, "is not UTF-8 text", "Save it as UTF-8")]
    except OSError as error:
        return {}, [Problem(path.name, f"cannot be read: {error.strerror}", "Check its permissions")]
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            what = f"line {binding.original.line} is not in the form NAME=value"
            problems.append(Problem(path.name, what, "Put a value with spaces in quotes"))
        elif binding.key and binding.value is not None:
            found[binding.key] = binding.value
    return found, problems


def overrides(variables: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the settings that `MARSAD_…` variables give, by key, and what is wrong with the variables.

    A list is written as JSON. An empty variable counts as absent. A variable that is nearly the name
    of a setting is a mistake; others, such as those of a test run, are not ours to judge.
    """
    given = {
        name.upper(): text for name, text in variables.items() if name.upper().startswith(PREFIX) and text
    }
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): text for name, text in given.items()}
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    known = {variable(name) for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        text, _, complex_ = source.get_field_value(field, name)
        if text is None:
            continue
        try:
            value = source.prepare_field_value(name, field, text, complex_)
        except (ValueError, RecursionError):
            problems.append(Problem(variable(name), "is not JSON", 'Write a list such as ["one", "two"]'))
            continue
        found[name] = None if value == "null" else value
    for name in sorted(set(given) - known):
        near = nearest(name.removeprefix(PREFIX), list(Settings.model_fields), cutoff=0.8)
        if near:
            problems.append(Problem(name, "is not a known variable", f"Did you mean {variable(near)}?"))
    return found, problems


def variable(key: str) -> str:
    """Return the name of the variable that wins over a key of the file."""
    return PREFIX + key.upper()
