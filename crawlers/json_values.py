"""Values out of JSON that strangers wrote, each taken only if it is of the type it should be. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from crawlers.errors import UnreadableError
from crawlers.text_of_html import one_line

_LARGEST = 2**53
_LONGEST_NAME = 300


def json_document(body: bytes, what: str) -> Any:
    """Return what a JSON body holds.

    Raises:
        UnreadableError: it is not JSON, and so not `what` it should be, such as "an answer of GitHub's API".
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError(f"not {what}: the answer is not JSON") from None


def mapping(raw: object) -> Mapping[str, Any]:
    """Return a JSON object, empty where it is none."""
    return raw if isinstance(raw, dict) else {}


def objects(raw: object) -> list[Mapping[str, Any]]:
    """Return the JSON objects in a list, none where it is no list."""
    return [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []


def string(raw: object) -> str:
    """Return a string as text that can be stored (half a surrogate pair cannot), empty where it is none."""
    if not isinstance(raw, str):
        return ""
    return raw if raw.isascii() else raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def name(raw: object) -> str | None:
    """Return a name or label on one line and of a bearable length, None where there is none."""
    return one_line(string(raw)[: 4 * _LONGEST_NAME])[:_LONGEST_NAME] or None


def names(raw: object) -> list[str]:
    """Return the first fifty labels in a list of strings or of objects that have a `name`."""
    listed = raw[:50] if isinstance(raw, list) else []
    found = (name(one.get("name") if isinstance(one, dict) else one) for one in listed)
    return [one for one in found if one is not None]


def integer(raw: object) -> int | None:
    """Return a whole number of any sign, also one written as a string or as a float, or None."""
    if isinstance(raw, str) and 0 < len(raw) < 20 and raw.removeprefix("-").isascii():
        return int(raw) if raw.removeprefix("-").isdigit() and abs(int(raw)) < _LARGEST else None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if isinstance(raw, float) and not (math.isfinite(raw) and raw.is_integer()):
        return None
    return int(raw) if abs(raw) < _LARGEST else None


def count(raw: object) -> int | None:
    """Return a whole number that is not negative, or None."""
    found = integer(raw)
    return found if found is not None and found >= 0 else None


def number(raw: object) -> float | None:
    """Return a number that is finite, or None."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) < _LARGEST:
        return None
    return float(raw)
