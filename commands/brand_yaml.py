"""A suggestion as an entry of `brands:`, ready to paste; what wants a person's look is commented out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml

from nlp.spellings import ALREADY_MATCHED, Suggestion


def lines(found: Suggestion) -> Iterator[str]:
    """Yield the lines of the entry."""
    yield f"# Matched already, so not listed: {ALREADY_MATCHED}."
    yield f"- name: {_scalar(found.name)}"
    yield "  aliases:"
    for spelling in found.spellings:
        seen = f"  # seen {spelling.seen} times" if spelling.seen else ""
        doubt = f"  # {spelling.doubt}{seen.replace('  # ', ', ')}" if spelling.doubt else seen
        yield f"    {'# ' if spelling.doubt else ''}- {_scalar(spelling.text)}{doubt}"
    if found.case_sensitive:
        yield "  case_sensitive: true  # so short a name stands in other words and abbreviations"
    phrases = [trap for trap in found.traps if trap.phrase]
    if any(trap.certain for trap in phrases):
        yield "  exclude:"
    elif phrases:
        yield "  # exclude:"
    for trap in phrases:
        seen = f"  # seen {trap.seen} times" if trap.seen else ""
        why = f"  # {trap.why}{seen.replace('  # ', ' ')}" if not trap.certain else seen
        yield f"    {'' if trap.certain else '# '}- {_scalar(trap.phrase or '')}{why}"
    reasons = dict.fromkeys(f"{trap.spelling} {trap.why}" for trap in found.traps if not trap.phrase)
    if reasons:
        yield from (f"  # {reason}." for reason in reasons)
        yield "  # The words around such a name are weighed. To take it only beside one of these words:"
        yield f"  # require_any: {_flow(found.require_any)}"


def _scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, in quotes where it needs them."""
    return _flow([text])[1:-1]


def _flow(texts: Iterable[str]) -> str:
    written: str = yaml.safe_dump(list(texts), allow_unicode=True, default_flow_style=True, width=10_000)
    return written.strip()
