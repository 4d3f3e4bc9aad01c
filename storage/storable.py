"""What a database can hold of what strangers wrote."""

from __future__ import annotations

import math
import re
from typing import Any

_LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def text(value: str | None) -> str | None:
    """Return the text with NUL and lone surrogates, which no database takes, replaced by U+FFFD."""
    return None if value is None else _UNSTORABLE.sub("\ufffd", value)


def short(value: str | None, limit: int) -> str | None:
    """Return the text, cut to what its column holds."""
    clean = text(value)
    return None if clean is None else clean[:limit]


def count(value: int | None) -> int | None:
    """Return a count that fits 64 bits and is not negative."""
    return None if value is None else max(0, min(int(value), _LARGEST))


def number(value: float | None) -> float | None:
    """Return a number, or None for the ones that are none (NaN, infinity)."""
    return None if value is None or not math.isfinite(value) else float(value)


def document(value: Any) -> Any:
    """Return a JSON value in which every text can be stored and every number is one."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return {text(str(key)): document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    return value
