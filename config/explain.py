"""Turns what pydantic finds into problems that say what to write, without ever quoting a secret."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.document import joined, shown_key
from config.errors import Problem
from config.secret import Secret

_SENSITIVE = re.compile(r"database|passw|secret|token|key|url|webhook|auth|user", re.IGNORECASE)
_A_TEXT = "Write a text; put a number or true and false in quotes"
# The error's type → what is wrong with the value, and what to write instead; {…} come from its context.
_WORDS: Mapping[str, tuple[str, str]] = {
    "string_type": ("is not a text", _A_TEXT),
    "string_too_short": ("is too short", "Write at least {min_length} character(s)"),
    "string_too_long": ("is too long", "Write at most {max_length} characters"),
    "string_pattern_mismatch": (
        "holds characters that are not allowed here",
        "Write it in the form {pattern}",
    ),
    "int_type": ("is not a whole number", "Write a whole number"),
    "int_parsing": ("is not a whole number", "Write a whole number"),
    "int_from_float": ("is not a whole number", "Write a whole number"),
    "float_type": ("is not a number", "Write a number"),
    "float_parsing": ("is not a number", "Write a number"),
    "finite_number": ("is not a finite number", "Write a number"),
    "bool_type": ("is neither true nor false", "Write true or false"),
    "bool_parsing": ("is neither true nor false", "Write true or false"),
    "greater_than": ("is too small", "Write more than {gt}"),
    "greater_than_equal": ("is too small", "Write {ge} or more"),
    "less_than": ("is too large", "Write less than {lt}"),
    "less_than_equal": ("is too large", "Write {le} or less"),
    "literal_error": ("is not one of the words that may stand here", "Write {expected}"),
    "enum": ("is not one of the words that may stand here", "Write {expected}"),
    "list_type": ("is not a list", "Write a list, such as [one, two]"),
    "tuple_type": ("is not a list", "Write a list, such as [one, two]"),
    "set_type": ("is not a list", "Write a list, such as [one, two]"),
    "dict_type": ("does not hold keys", "Write keys with values, such as {{name: …}}"),
    "model_type": ("does not hold keys", "Write keys with values, such as {{name: …}}"),
    "model_attributes_type": ("does not hold keys", "Write keys with values, such as {{name: …}}"),
    "too_short": ("has too few entries", "Write at least {min_length}"),
    "too_long": ("has too many entries", "Write at most {max_length}"),
    "missing": ("is missing", "Add it"),
}


def explain(error: ValidationError, model: type[BaseModel], raw: object, prefix: str) -> list[Problem]:
    """Return one problem for each key path that a validation of `raw` against `model` objects to.

    `prefix` is the key path that `raw` stands at. Values of secrets, of unknown keys and of keys
    that often hold something private are not repeated.
    """
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False, include_input=False):
        problem = _problem(detail, model, raw, prefix)
        found.setdefault(problem.key, problem)
    return list(found.values())


def unknown_key(path: str, known: Iterable[str]) -> Problem:
    """Return the problem of a key that does not exist; `path` ends with that key."""
    choices = list(known)
    near = nearest(path.rpartition(".")[2], choices)
    fix = f"Did you mean {near}?" if near else f"Known here: {', '.join(sorted(choices))}"
    return Problem(path, "is not a known key", fix)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word most like the given one; None if none is by `cutoff`, 0…1."""
    by_lower = {choice.lower(): choice for choice in known}
    near = get_close_matches(word[:80].lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else None


def written_keys(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's keys as they are written in the file (`from`, not `from_`), with their types."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def quoted(value: object, path: str) -> str:
    """Return a value for a message, followed by a space; nothing where it is long, nested or private."""
    if not isinstance(value, str | int | float) or _SENSITIVE.search(path):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    private = "://" in text or "@" in text or len(text) > 40 or not text.isprintable()
    return "" if private or not text else f"“{text}” "


def _problem(detail: ErrorDetails, model: type[BaseModel], raw: object, prefix: str) -> Problem:
    path, value, kind, known = _follow(detail["loc"], detail["type"], model, raw, prefix)
    if detail["type"] == "extra_forbidden":
        return unknown_key(path, known)
    context = {name: str(item) for name, item in detail.get("ctx", {}).items()}
    if detail["type"] in ("value_error", "assertion_error"):
        said = context.get("error", "").rstrip(".") or "write another value"
        return Problem(path, f"{quoted_unless_secret(value, path, kind)}cannot be used", _sentence(said))
    what, fix = _WORDS.get(
        detail["type"], ("cannot be used", detail["msg"].replace("{", "{{").replace("}", "}}"))
    )
    shown = "" if detail["type"] == "missing" else quoted_unless_secret(value, path, kind)
    return Problem(path, shown + what, _sentence(fix.format_map(context)))


def quoted_unless_secret(value: object, path: str, kind: Any) -> str:
    """Return what `quoted` does, and nothing where the type of the key is or holds a secret."""
    return "" if _holds_secret(kind) else quoted(value, path)


def _follow(
    loc: Sequence[int | str], error_type: str, model: type[BaseModel], raw: object, prefix: str
) -> tuple[str, object, Any, list[str]]:
    """Walk down a location; return its key path, value, type and the keys known beside it.

    A location also names branches of a union (`int`, `constrained-str`), which nobody wrote: a part
    that is not in the document is left out, unless it is the missing key itself.
    """
    path, value, kind, beside = prefix, raw, model, list(written_keys(model))
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        inside = _inner(kind, part)
        if isinstance(value, Mapping) and isinstance(part, str) and part in value:
            beside = list(_keys(kind))
            path, value, kind = joined(path, shown_key(part)), value[part], inside
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            path, value, kind = joined(path, part), value[part], inside
        elif last and error_type == "missing":
            path, value, kind = joined(path, part), None, inside
    return path, value, kind, beside


def _keys(kind: Any) -> dict[str, Any]:
    for model in _models(kind):
        return written_keys(model)
    return {}


def _inner(kind: Any, part: int | str) -> Any:
    """Return the type that a key or an index of a type leads to, None where that is not known."""
    for item in _flat(kind):
        if get_origin(item) in (list, tuple, set, frozenset, dict) and get_args(item):
            return get_args(item)[-1 if isinstance(part, str) else 0]
    return _keys(kind).get(str(part), Any)


def _flat(kind: Any) -> list[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _flat(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [item for choice in get_args(kind) for item in _flat(choice)]
    return [kind]


def _models(kind: Any) -> list[type[BaseModel]]:
    return [item for item in _flat(kind) if isinstance(item, type) and issubclass(item, BaseModel)]


def _holds_secret(kind: Any) -> bool:
    # What is not known to be harmless is taken for a secret, and so is a word where keys should stand.
    flat = _flat(kind)
    if Any in flat or Secret in flat or _models(kind):
        return True
    return any(_holds_secret(part) for item in flat for part in get_args(item))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
