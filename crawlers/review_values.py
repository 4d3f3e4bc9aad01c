"""Ratings, moments and texts of reviews in JSON that strangers wrote. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from crawlers.dates import believed
from crawlers.items import Item
from crawlers.json_values import integer, number, string
from crawlers.pages import tidied
from crawlers.ratings import Rating, parse_rating

STARS = 5.0
_LATEST_SECONDS = 2**33
_LONGEST_ID = 300


def stars(raw: object) -> Rating | None:
    """Return a rating of one to five stars, a number or a string of one, or None where it is neither."""
    if isinstance(raw, str):
        return parse_rating(raw, best=STARS)
    value = number(raw)
    return Rating(value, STARS) if value is not None and 1 <= value <= STARS else None


def words(raw: object) -> str:
    """Return a plain text as it can be stored, its line breaks kept; empty where it is no text."""
    return tidied(string(raw))


def identity(raw: object) -> str | None:
    """Return an id, a string or a whole number, or None where it can be none."""
    text = string(raw).strip() if isinstance(raw, str) else str(integer(raw) or "")
    return text if 0 < len(text) <= _LONGEST_ID and text.isprintable() else None


def moment_of(seconds: object) -> datetime | None:
    """Return the moment that a number of seconds since 1970 names, a string of one too, or None."""
    whole = integer(seconds)
    if whole is None or not 0 < whole < _LATEST_SECONDS:
        return None
    return believed(datetime.fromtimestamp(whole, UTC))


def once(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return items without repetitions; of several states of one, the first: pages begin with the newest."""
    kept: dict[str, Item] = {}
    for item in items:
        kept.setdefault(item.external_id, item)
    return tuple(kept.values())


def facts(**given: Any) -> Mapping[str, Any]:
    """Return what is given without what is None or empty, for `Item.extra`."""
    return {name: value for name, value in given.items() if value is not None and value != ""}
