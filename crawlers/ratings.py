"""Ratings as pages write them: numbers, words, stars, percentages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawlers.dates import plain_digits

DEFAULT_SCALE = 5.0
_LARGEST_SCALE = 1000.0
_NUMBER = re.compile(r"-?(?<![\d.,])\d{1,6}(?:[.,]\d{1,6})?(?![\d.,]*[eE][+-]?\d)")
_COUNT = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f' ]\d{3})+(?!\d)|\d{1,12}")
_OF = re.compile(
    r"(?P<value>\d{1,4}(?:[.,]\d{1,4})?)\s*(?:/|out of|of|von|sur|de|su|من أصل|من اصل|من|из|van|av|מתוך)"
    r"\s*(?P<best>\d{1,4}(?:[.,]\d{1,4})?)",
    re.IGNORECASE,
)
_STARS = re.compile("[★⭐✭✮🌟]")
_EMPTY_STARS = re.compile("[☆✩]")


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating on the scale 0…`scale`, both as published."""

    value: float
    scale: float


def number_in(written: object) -> float | None:
    """Return the first number in `written`, in any script's digits and with `.` or `,`, or None."""
    found = _NUMBER.search(plain_digits(str(written)[:200]))
    return float(found[0].replace(",", ".")) if found else None


def count_in(written: object) -> int | None:
    """Return the whole number in `written`, whose thousands may be set apart, or None."""
    found = _COUNT.search(plain_digits(str(written)[:200]))
    return int(re.sub(r"\D", "", found[0])) if found else None


def parse_rating(
    written: object, *, best: object = None, worst: object = None, usual_scale: float | None = None
) -> Rating | None:
    """Return the rating that `written` states, or None where there is none.

    `written` is `4`, `"4,5"`, `"4.5/5"`, `"٤ من ٥"`, `"4 out of 5 stars"`, `"90%"` or `"★★★★☆"`. The
    scale is what it says itself, else `best`, else `usual_scale` (what the rest of the page uses),
    else 5, or 10 or 100 where the value is larger. Below `worst` (1 if not given) is no rating: many
    sites write 0 for none. Nor is anything below 0, whatever `worst` claims.
    """
    if written is None or isinstance(written, bool):
        return None
    text = plain_digits(str(written)[:200]).strip()
    stated = _stated(text)
    if stated is None:
        return None
    value, own_scale = stated
    scale = own_scale or number_in(best) or _usable(value, usual_scale) or _guessed_scale(value)
    claimed = number_in(worst)
    lowest = 1.0 if claimed is None else max(0.0, claimed)
    if own_scale == 100 and text.endswith("%"):
        lowest = 0.0
    if not 0 < scale <= _LARGEST_SCALE or not lowest <= value <= scale:
        return None
    return Rating(value, scale)


def _usable(value: float, scale: float | None) -> float | None:
    return scale if scale is not None and value <= scale else None


def _guessed_scale(value: float) -> float:
    return next((scale for scale in (DEFAULT_SCALE, 10.0, 100.0) if value <= scale), 0.0)


def _stated(text: str) -> tuple[float, float | None] | None:
    """Return the value in `text` and the scale that `text` itself gives."""
    if found := _OF.search(text):
        return float(found["value"].replace(",", ".")), float(found["best"].replace(",", "."))
    value = number_in(text)
    if value is not None:
        return value, 100.0 if text.endswith("%") else None
    full, empty = len(_STARS.findall(text)), len(_EMPTY_STARS.findall(text))
    if full:
        return float(full), float(full + empty) if empty else None
    return None
