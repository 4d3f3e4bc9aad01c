"""From the places where patterns hold to candidates of signals: negation, hearsay, plans, parts.

A candidate has a strength, 0…1, which is the pattern's own, lowered where the words around it take it
back: a negation just before, somebody else's opinion that is told, a plan that was given up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nlp.signals_comparison import compare
from nlp.signals_patterns import RuleMatch
from nlp.signals_reading import Reading
from nlp.text import fold
from nlp.wordlists import read_lists

_CLAUSE_MARK = re.compile(r"[.!?؟،,;؛:]")
_ARABIC_DETERMINED = re.compile(r"[وفب]?(?:ه?ال|لل)\w+|\w+(?:ي|ها|نا|تو)")

_NEGATION_REACH = 3
"""Words between a negation and what it takes back, at most."""
_LONGEST_REACH = 60
_HEARSAY_REACH = 90
_NEARLY_REACH = 45
_WORTH_REACH = 45
"""Characters of folded text over which hearsay, a plan given up and "but worth it" still count."""
_NEGATED, _HEARSAY, _NEARLY, _WORTH, _NO_PART = 0.1, 0.45, 0.25, 0.25, 0.75
_WEAKEST = 0.3
"""A candidate weaker than this is dropped."""
_MOST_OF_ONE = 3
"""Places reported of one signal in one text."""


CUE = "cue"
"""The section of the lists, `[cue:…]`, whose words are no signal but change what one means."""


class Signal(StrEnum):
    """What a customer's words tell of what they are about to do or to ask for."""

    COMPARISON = "comparison"
    INTENT_TO_LEAVE = "intent_to_leave"
    INTENT_TO_BUY = "intent_to_buy"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    QUESTION = "question"
    FEATURE_REQUEST = "feature_request"
    QUALITY_DEFECT = "quality_defect"
    PRICE_OBJECTION = "price_objection"
    CONTRACT_REQUEST = "contract_request"
    SAFETY_THREAT = "safety_threat"
    LEGAL_THREAT = "legal_threat"
    BOYCOTT_CALL = "boycott_call"
    CAMPAIGN_RESPONSE = "campaign_response"
    IGNORED = "ignored"


class Cue(StrEnum):
    """Words around a signal that change what it means."""

    NEGATION = "negation"
    OTHERS = "others"
    NEWS = "news"
    ADVERT = "advert"
    CONTRAST = "contrast"
    EXPERIENCE = "experience"
    NEARLY = "nearly"
    WORTH = "worth"


_ASKING = frozenset({Signal.QUESTION, Signal.CONTRACT_REQUEST, Signal.FEATURE_REQUEST})
"""Signals that a negation does not take back: "can't I pay by card?" still asks."""
_OUTRANKED_BY = {
    Signal.QUESTION: frozenset({Signal.INTENT_TO_LEAVE, Signal.CONTRACT_REQUEST, Signal.FEATURE_REQUEST}),
    Signal.PRAISE: frozenset({Signal.COMPARISON, Signal.CAMPAIGN_RESPONSE}),
    Signal.COMPLAINT: frozenset({Signal.COMPARISON, Signal.CAMPAIGN_RESPONSE}),
    Signal.FEATURE_REQUEST: frozenset({Signal.CONTRACT_REQUEST}),
}
_PLANS = frozenset({Signal.INTENT_TO_LEAVE, Signal.INTENT_TO_BUY})
_NO_PARTS = frozenset(
    fold(word) for words in read_lists("stopwords.txt").values() for word in words
) | frozenset(fold(word) for word in read_lists("signals-words.txt")["no-part"])
_NEVER_DEFECTIVE = frozenset(fold(word) for word in read_lists("signals-words.txt")["never-defective"])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may be a signal. Offsets are into the folded text; `agreeing` counts the patterns."""

    signal: Signal
    start: int
    end: int
    strength: float
    about: str | None = None
    agreeing: int = 1


def candidates(
    reading: Reading, matches: Sequence[RuleMatch]
) -> tuple[list[Candidate], dict[Cue, list[int]]]:
    """Return the candidates of all signals but the campaign's, and where each cue stands (its end)."""
    cues: dict[Cue, list[int]] = {cue: [] for cue in Cue}
    for match in matches:
        if match.rule.signal == CUE:
            cues[Cue(match.rule.kind)].append(match.end)
    found: dict[Signal, list[Candidate]] = {}
    for match in matches:
        if match.rule.signal in (CUE, Signal.CAMPAIGN_RESPONSE):
            continue
        candidate = _candidate(reading, match, cues)
        if candidate is not None and candidate.strength >= _WEAKEST:
            found.setdefault(candidate.signal, []).append(candidate)
    return [kept for some in found.values() for kept in _settle(some)], cues


def without_outranked(some: Sequence[Candidate]) -> list[Candidate]:
    """Leave out what only repeats another signal in the same words: "how do I cancel?" is no question."""
    return [
        one
        for one in some
        if not any(
            other.signal in _OUTRANKED_BY.get(one.signal, ())
            and one.start < other.end
            and other.start < one.end
            for other in some
        )
    ]


def _candidate(reading: Reading, match: RuleMatch, cues: dict[Cue, list[int]]) -> Candidate | None:
    signal = Signal(match.rule.signal)
    strength = match.rule.strength
    about: str | None = None
    negated = signal not in _ASKING and _negated(reading, match, cues[Cue.NEGATION])
    if signal is Signal.COMPARISON:
        comparison = compare(reading, match)
        if comparison is None:
            return None
        about = None if negated else comparison.winner
    elif negated:
        strength *= _NEGATED
    if signal is Signal.QUALITY_DEFECT and match.about is not None:
        part = _part(reading, match.about)
        if part is None:
            return None
        about, share = part
        strength *= share
    if signal not in _ASKING and _hearsay(reading, match.start, cues):
        strength *= _HEARSAY
    if signal in _PLANS and any(-_NEARLY_REACH <= end - match.end <= 0 for end in cues[Cue.NEARLY]):
        strength *= _NEARLY
    if signal is Signal.PRICE_OBJECTION and any(
        0 < end - match.end <= _WORTH_REACH for end in cues[Cue.WORTH]
    ):
        strength *= _WORTH
    return Candidate(signal, match.start, match.end, strength, about)


def _negated(reading: Reading, match: RuleMatch, negations: Sequence[int]) -> bool:
    """Return whether a negation stands at most three words before the match, or in a gap of it."""
    if match.rule.holds_negated:
        return False
    for end in negations:
        if match.start < end < match.end:
            if not match.rule.has_negation:
                return True
        elif end <= match.start and match.start - end <= _LONGEST_REACH:
            between = reading.marked[end : match.start]
            if not _CLAUSE_MARK.search(between) and len(between.split()) <= _NEGATION_REACH:
                return True
    return False


def _hearsay(reading: Reading, start: int, cues: dict[Cue, list[int]]) -> bool:
    sentence, _ = reading.sentence_at(start)
    told = [end for end in cues[Cue.OTHERS] if sentence < end <= start + 1 and start - end <= _HEARSAY_REACH]
    if not told:
        return False
    return not any(told[-1] < end <= start + 1 for end in cues[Cue.CONTRAST])


def _part(reading: Reading, span: tuple[int, int]) -> tuple[str | None, float] | None:
    """Return the defective thing as written and how sure it is, or None for what cannot be defective."""
    word = reading.marked[slice(*span)]
    if word in _NEVER_DEFECTIVE:
        return None
    if word in _NO_PARTS:
        return None, _NO_PART
    start, end = reading.folded.span(*span)
    sure = word.isascii() or _ARABIC_DETERMINED.fullmatch(word) is not None
    return reading.original[start:end], 1.0 if sure else _NO_PART


def _settle(found: list[Candidate]) -> list[Candidate]:
    """Return at most three candidates of one signal, overlapping ones joined, the strongest first."""
    joined: list[Candidate] = []
    for candidate in sorted(found, key=lambda one: (one.start, -one.end)):
        last = joined[-1] if joined else None
        if last is not None and candidate.start < last.end:
            best = max(last, candidate, key=lambda one: (one.strength, one.about is not None))
            joined[-1] = replace(
                best,
                start=last.start,
                end=max(last.end, candidate.end),
                about=best.about or last.about or candidate.about,
                agreeing=last.agreeing + 1,
            )
        else:
            joined.append(candidate)
    return sorted(joined, key=lambda one: -one.strength)[:_MOST_OF_ONE]
