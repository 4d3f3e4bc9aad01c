"""From the places where patterns hold to candidates of signals: negation, hearsay, winners, campaigns.

A candidate has a strength, 0…1, which is the pattern's own, lowered where the words around it take it
back: a negation just before, somebody else's opinion that is told, a plan that was given up.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from nlp.signals_patterns import BRAND_MARK, RIVAL_MARK, RuleMatch
from nlp.text import Folded, fold, fold_mapped, is_elongated
from nlp.wordlists import read_lists
from storage.records import BrandMatch, BrandRole

_SENTENCE = re.compile(r"[^.!?؟]+[.!?؟]*")
_CLAUSE_MARK = re.compile(r"[.!?؟،,;؛:]")
_LINE_BREAKS = str.maketrans("\n\r", "..")
_ARABIC_DETERMINED = re.compile(r"[وفب]?(?:ه?ال|لل)\w+|\w+(?:ي|ها|نا|تو)")

_NEGATION_REACH = 3
"""Words between a negation and what it takes back, at most."""
_LONGEST_REACH = 60
_HEARSAY_REACH = 90
_NEARLY_REACH = 45
_BRAND_REACH = 120
"""Characters of folded text over which hearsay, a plan given up and a brand still count."""
_NEGATED, _HEARSAY, _NEARLY, _NO_PART = 0.1, 0.45, 0.25, 0.75
_WEAKEST = 0.15
"""A candidate weaker than this is dropped."""
_MOST_OF_ONE = 3
"""Places reported of one signal in one text."""


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
) | frozenset(read_lists("signals-words.txt")["no-part"])
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


class Reading:
    """A text folded for searching, with its brands marked and its sentences found."""

    def __init__(self, text: str, brands: Sequence[BrandMatch]) -> None:
        self.original = text
        mapped = fold_mapped(text.translate(_LINE_BREAKS))
        self.folded: Folded = mapped.squeezed(1) if is_elongated(mapped.text) else mapped
        self.brands = tuple(self._placed(brands))
        self.unplaced = tuple(match for match in brands if match.start is None)
        self.marked = self._mark()

    def _placed(self, brands: Sequence[BrandMatch]) -> list[tuple[int, int, BrandMatch]]:
        starts, found = self.folded.starts, []
        for match in brands:
            if match.start is None or match.end is None:
                continue
            first, last = bisect_left(starts, match.start), bisect_left(starts, match.end)
            if first < last:
                found.append((first, last, match))
        return sorted(found, key=lambda place: place[:2])

    def _mark(self) -> str:
        marked = self.folded.text.replace("_", " ")
        for start, end, match in self.brands:
            mark = RIVAL_MARK if match.role is BrandRole.COMPETITOR else BRAND_MARK
            marked = marked[:start] + mark * (end - start) + marked[end:]
        return marked

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The spans of the sentences in the folded text."""
        return [found.span() for found in _SENTENCE.finditer(self.marked)]

    def sentence_at(self, position: int) -> tuple[int, int]:
        """Return the span of the sentence around `position`, the whole text where there is none."""
        for start, end in self.sentences:
            if start <= position < end:
                return start, end
        return 0, len(self.marked)


def candidates(
    reading: Reading, matches: Sequence[RuleMatch]
) -> tuple[list[Candidate], dict[Cue, list[int]]]:
    """Return the candidates of all signals but the campaign's, and where each cue stands (its end)."""
    cues: dict[Cue, list[int]] = {cue: [] for cue in Cue}
    cue_names = {str(cue) for cue in Cue}
    for match in matches:
        if match.rule.signal == "cue" and match.rule.kind in cue_names:
            cues[Cue(match.rule.kind)].append(match.end)
    found: dict[Signal, list[Candidate]] = {}
    for match in matches:
        if match.rule.signal in ("cue", Signal.CAMPAIGN_RESPONSE):
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
        compared = _compared(reading, match)
        if compared is None:
            return None
        about, share = compared
        strength *= share
        about = None if negated else about
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


def _compared(reading: Reading, match: RuleMatch) -> tuple[str | None, float] | None:
    """Return the winner, None if there is none, and how sure it is; None where no brand is compared."""
    sentence = reading.sentence_at(match.start)
    near = [
        place
        for place in reading.brands
        if sentence[0] <= place[0] < sentence[1] and abs(place[0] - match.start) <= _BRAND_REACH
    ]
    if not near:
        return None
    inside = [place for place in near if match.start <= place[0] < match.end]
    kind = match.rule.kind
    if kind == "subject_wins":
        subject = _subject(near, match, inside)
        if subject is None:
            own = {brand.name for brand in reading.unplaced if brand.role is BrandRole.OWN}
            return (own.pop() if len(own) == 1 else None), 0.9
        return subject.name, 1.0
    if kind == "subject_loses":
        loser = _subject(near, match, inside)
        others = [brand.name for _, _, brand in reading.brands if loser is None or brand.name != loser.name]
        return (others[-1] if others else None), 1.0
    if kind == "other_wins":
        others = [brand.name for start, _, brand in near if not match.start <= start < match.end]
        return (others[-1], 1.0) if others else None
    if kind == "object_wins":
        after = [place for place in near if place[0] >= match.start]
        if not after:
            return None
        switched = len(inside) > 1 and inside[0][2].name != inside[-1][2].name
        return (inside[-1] if switched and not _over(reading, inside) else after[0])[2].name, 1.0
    return None, 1.0


def _subject(
    near: Sequence[tuple[int, int, BrandMatch]],
    match: RuleMatch,
    inside: Sequence[tuple[int, int, BrandMatch]],
) -> BrandMatch | None:
    """Return the brand that the comparison is about: the first inside the match or the last before it."""
    if inside and inside[0][0] - match.start <= 3:
        return inside[0][2]
    before = [place for place in near if place[1] <= match.start + 1]
    return before[-1][2] if before else None


def _over(reading: Reading, inside: Sequence[tuple[int, int, BrandMatch]]) -> bool:
    """Return whether the words between two brands prefer the first: "over", "to" without "from", على."""
    between = reading.marked[inside[0][1] : inside[-1][0]].split()
    return any(word in _PREFERRING for word in between)


_PREFERRING = frozenset({"over", "rather", "instead", fold("على"), fold("عن"), fold("بدل")})


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
