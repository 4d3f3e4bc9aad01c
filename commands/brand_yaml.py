"""A suggestion as an entry of `brands:`, ready to paste; what wants a person's look is commented out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml

from commands.terminal import counted
from nlp.spellings import ALREADY_MATCHED, Suggestion


def lines(found: Suggestion) -> Iterator[str]:
    """Yield the lines of the entry."""
    yield f"# Matched already, so not listed: {ALREADY_MATCHED}."
    yield f"- name: {_scalar(found.name)}"
    yield "  aliases:"
    for spelling in found.spellings:
        yield _item(spelling.text, spelling.doubt, spelling.seen)
    if found.case_sensitive:
        yield "  case_sensitive: true  # so short a name stands in other words and abbreviations"
    phrases = [trap for trap in found.traps if trap.phrase]
    if phrases:
        yield "  exclude:" if any(trap.certain for trap in phrases) else "  # exclude:"
    for trap in phrases:
        yield _item(trap.phrase or "", None if trap.certain else trap.why, trap.seen)
    reasons = dict.fromkeys(f"{trap.spelling} {trap.why}" for trap in found.traps if not trap.phrase)
    if reasons:
        yield from (f"  # {reason}." for reason in reasons)
        yield "  # The words around such a name are weighed. To take it only beside one of these words:"
        yield f"  # require_any: {_flow(found.require_any)}"


def _item(text: str, doubt: str | None, seen: int | None) -> str:
    """Return a line of a list with what is known of it, commented out where it is in doubt."""
    notes = [doubt] if doubt else []
    if seen:
        notes.append(f"seen in {counted(seen, 'mention')}")
    return f"    {'# ' if doubt else ''}- {_scalar(text)}{'  # ' if notes else ''}{', '.join(notes)}"


def _scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, in quotes where it needs them."""
    return _flow([text])[1:-1]


def _flow(texts: Iterable[str]) -> str:
    written: str = yaml.safe_dump(list(texts), allow_unicode=True, default_flow_style=True, width=10_000)
    return written.strip()
