"""The names by which entries of one list of the configuration speak of entries of another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from config.document import joined, shown_key
from config.errors import Problem
from config.explain import nearest, quoted

# Which keys name something of another list: (list, key, the list that the name must be in).
_REFERENCES = (
    ("sources", "brand", "brands"),
    ("alerts", "brands", "brands"),
    ("alerts", "to", "channels"),
    ("alerts", "sources", "sources"),
    ("digests", "brands", "brands"),
    ("digests", "to", "channels"),
)
# A suggestion is worth a look at this many names, a message has room for that many.
_COMPARED, _LISTED = 200, 20
_SUGGESTIONS = 50  # the comparison is slow, and nobody reads on


def _entries(values: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = values.get(section)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield joined(section, index), entry


def _names(values: Mapping[str, Any], section: str) -> dict[str, None]:
    found = [name for _, entry in _entries(values, section) if isinstance(name := entry.get("name"), str)]
    return dict.fromkeys(found)


def unresolved(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each name that no entry of the list it should be in has."""
    told = 0
    for section, key, target in _REFERENCES:
        known = _names(values, target)
        for path, entry in _entries(values, section):
            given = entry.get(key)
            listed = isinstance(given, list)
            for index, name in enumerate(given if isinstance(given, list) else [given]):
                if isinstance(name, str) and name not in known:
                    where = joined(joined(path, key), index) if listed else joined(path, key)
                    yield _unknown_name(name, where, target, known, told < _SUGGESTIONS)
                    told += 1


def _unknown_name(name: str, path: str, target: str, known: Mapping[str, None], suggest: bool) -> Problem:
    what = f"{quoted(name, path)}is no name in {target}"
    near = nearest(name, islice(known, _COMPARED)) if suggest else None
    if near:
        return Problem(path, what, f"Did you mean {near}?")
    some = ", ".join(shown_key(other) for other in islice(known, _LISTED))
    return Problem(
        path, what, f"{target} has: {some}" if known else f"Add it to {target}; there are none yet"
    )


def repeated(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each name that an earlier entry of the same list has."""
    for section in ("brands", "campaigns", "sources", "channels", "alerts", "digests"):
        seen: dict[str, str] = {}
        for path, entry in _entries(values, section):
            if isinstance(name := entry.get("name"), str):
                first = seen.setdefault(unicodedata.normalize("NFC", name).strip(), path)
                if first != path:
                    what = f"{quoted(name, 'name')}is already the name of {first}"
                    yield Problem(joined(path, "name"), what, f"Give each of the {section} a name of its own")
