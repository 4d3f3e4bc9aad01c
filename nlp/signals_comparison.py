"""Who wins a comparison: the brand before "better than", the other one of "worse", the one moved to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nlp.signals_patterns import RuleMatch
from nlp.signals_reading import Place, Reading
from storage.records import BrandRole

_BRAND_REACH = 120
"""Characters of folded text between a comparison and the brands that it is about, at most."""
_LONGEST_PARTICLE = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """That brands are compared, and the name of the one that comes out better, None if neither does."""

    winner: str | None


def compare(reading: Reading, match: RuleMatch) -> Comparison | None:
    """Return what a comparing pattern says of the brands around it, or None where no brand is near."""
    begin, end = reading.sentence_at(match.start)
    near = [
        place
        for place in reading.brands
        if begin <= place.start < end and abs(place.start - match.start) <= _BRAND_REACH
    ]
    if not near:
        return None
    decide = _WINNERS.get(match.rule.kind)
    return Comparison(None if decide is None else decide(reading, match, near))


def _subject_wins(reading: Reading, match: RuleMatch, near: Sequence[Place]) -> str | None:
    """Return the brand before the words; else the source's own, which a review need not name."""
    subject = _subject(match, near)
    if subject is not None:
        return subject
    own = {brand.name for brand in reading.unplaced if brand.role is BrandRole.OWN}
    return own.pop() if len(own) == 1 else None


def _subject_loses(reading: Reading, match: RuleMatch, near: Sequence[Place]) -> str | None:
    loser = _subject(match, near)
    others = [place.brand.name for place in reading.brands if place.brand.name != loser]
    return others[-1] if others else None


def _other_wins(_reading: Reading, match: RuleMatch, near: Sequence[Place]) -> str | None:
    others = [place.brand.name for place in near if not match.start <= place.start < match.end]
    return others[-1] if others else None


def _object_wins(_reading: Reading, match: RuleMatch, near: Sequence[Place]) -> str | None:
    """Return the last brand inside the match, the one moved to; else the first after it."""
    after = [place for place in near if place.start >= match.start]
    inside = [place for place in after if place.start < match.end]
    chosen = inside[-1:] or after[:1]
    return chosen[0].brand.name if chosen else None


def _subject(match: RuleMatch, near: Sequence[Place]) -> str | None:
    """Return the brand that begins the match, else the last one before it."""
    for place in near:
        if match.start <= place.start <= match.start + _LONGEST_PARTICLE:
            return place.brand.name
    before = [place.brand.name for place in near if place.end <= match.start + 1]
    return before[-1] if before else None


_WINNERS: dict[str, Callable[[Reading, RuleMatch, Sequence[Place]], str | None]] = {
    "subject_wins": _subject_wins,
    "subject_loses": _subject_loses,
    "other_wins": _other_wins,
    "object_wins": _object_wins,
}
