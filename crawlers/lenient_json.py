"""JSON as web pages write it: wrapped, commented, with commas too many, broken off. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import jstyleson

_OPENING = re.compile(r"(?:/\*|//)?\s{0,9}(?:<!\[CDATA\[|<!--(?=\s{0,9}(?:\*/\s{0,9})?[\[{]))\s{0,9}(?:\*/)?")
_CLOSING = re.compile(r"(?:/\*|//)?\s{0,9}(?:\]\]>|-->)\s{0,9}(?:\*/)?[\s;]*\Z")
_LONGEST_CLOSING = 60
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# What salvaging a broken block may cost: objects that turn out broken, and characters read in them.
_MOST_SALVAGE_FAILURES = 1_000
_MOST_SALVAGE_REREAD = 5_000_000


def loads_leniently(written: str) -> Any:
    """Return the value of a JSON-LD block as pages write it.

    Comment and CDATA wrappers, trailing commas, raw line breaks in strings, entities instead of quotes
    and a semicolon at the end are forgiven. Raises ValueError for anything else.
    """
    bare = _unwrapped(_unwrapped(written)).rstrip(";").strip("\ufeff \t\r\n")
    attempts: tuple[Callable[[], str], ...] = (
        lambda: bare,
        lambda: jstyleson.dispose(bare),
        lambda: jstyleson.dispose(_repaired(bare)),
        lambda: jstyleson.dispose(html.unescape(_repaired(bare))),
    )
    problem: ValueError = ValueError("an empty block")
    for attempt in attempts:
        try:
            return json.loads(attempt(), strict=False)
        except ValueError as error:
            problem = error
    return _first_of_several(bare, problem)


def _unwrapped(written: str) -> str:
    bare = written.strip("\ufeff \t\r\n")
    if opening := _OPENING.match(bare):
        bare = bare[opening.end() :]
    # Only the end is searched: a search from everywhere would take time by the square of the white space.
    at = max(0, len(bare) - _LONGEST_CLOSING)
    closing = _CLOSING.search(bare, at)
    return bare[: closing.start()] if closing else bare


def _repaired(bare: str) -> str:
    """Return the block without HTML comments and without backslashes that JSON does not know."""
    kept, at = [], 0
    while (start := bare.find("<!--", at)) >= 0 and (end := bare.find("-->", start)) >= 0:
        kept.append(bare[at:start])
        at = end + 3
    kept.append(bare[at:])
    return _ESCAPE.sub(lambda found: found[0] if found[1] in '"\\/bfnrtu' else found[1], "".join(kept))


def _first_of_several(bare: str, problem: ValueError) -> Any:
    """Read several values written one after the other, as careless templates do."""
    decoder = json.JSONDecoder(strict=False)
    values, at = [], 0
    while at < len(bare):
        try:
            value, at = decoder.raw_decode(bare, at)
        except ValueError:
            break
        values.append(value)
        while at < len(bare) and bare[at] in " \t\r\n,;":
            at += 1
    if not values:
        raise problem
    return values


def salvaged(written: str) -> list[Any]:
    """Return the outermost whole objects inside a block that is broken as a whole.

    One bad character in a product's description, or an end that was cut off, costs what it stands in and
    not the reviews beside it.
    """
    decoder = json.JSONDecoder(strict=False)
    found: list[Any] = []
    at, failures, reread = written.find("{"), 0, 0
    while at >= 0 and failures < _MOST_SALVAGE_FAILURES and reread < _MOST_SALVAGE_REREAD:
        try:
            value, end = decoder.raw_decode(written, at)
        except json.JSONDecodeError as error:
            end = at + 1
            failures += 1
            reread += error.pos - at
        except RecursionError:
            return found
        else:
            found.append(value)
        at = written.find("{", end)
    return found
