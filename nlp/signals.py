"""Customer signals: what people are about to do, ask for or warn of, each with its evidence.

Patterns find candidates (`nlp.signals_patterns`, `nlp.signals_evidence`), the sentiment of the text adds
complaints and praise in words that no pattern knows, and a classifier says how sure each candidate is
(`nlp.signals_classifier`). What is less sure than `THRESHOLD` is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ahocorasick

from nlp.sentiment.opinion import Abstention, Opinion
from nlp.signals_classifier import Context, SignalClassifier, dense_features, word_buckets
from nlp.signals_evidence import Candidate, Cue, Reading, Signal, candidates, without_outranked
from nlp.signals_patterns import PatternSet, RuleMatch
from nlp.text import fold
from storage.records import AspectSentiment, BrandMatch, BrandRole, SentimentLabel, SignalMatch

VERSION = "signals-1"
PATTERN_FILES = ("signals-ar.txt", "signals-en.txt")
LANGUAGES = frozenset({"ar", "ar-Latn", "en", "und"})
"""Languages whose texts are read; of any other no signal is reported."""
THRESHOLD = 0.5
_CLIP = 10_000
_SIGNALS = tuple(Signal)
_IMPLYING = (Signal.QUALITY_DEFECT, Signal.IGNORED, Signal.SAFETY_THREAT)
"""Signals that are a complaint as well, whatever the words."""
_IMPLIED, _CAMPAIGN = 0.9, 0.85
_LEAST_SURE_OPINION = 0.55
_LONGEST_EVIDENCE = 240
_REACTION_REACH = 120
_PARTICLES = re.compile(r"(?:[وفبكل]|ال|لل|[وف]?[بك]ال|[وف]لل|[وف]ال|هال)?")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate with everything that its confidence is computed from."""

    candidate: Candidate
    dense: tuple[float, ...]
    buckets: tuple[int, ...]


class SignalFinder:
    """Finds signals. Built once for the configured campaigns; `find` may be called from any thread.

    `campaigns` maps the name of a campaign to the words it is recognised by. Raises ModelUnavailable where
    the classifier's file is missing.
    """

    def __init__(
        self,
        campaigns: Mapping[str, Sequence[str]] | None = None,
        classifier: SignalClassifier | None = None,
    ) -> None:
        self._patterns = PatternSet(PATTERN_FILES)
        self._classifier = SignalClassifier.load() if classifier is None else classifier
        self._campaigns: Any = None
        keys = {
            fold(word).replace("_", " ").strip(" #"): name
            for name, words in (campaigns or {}).items()
            for word in (words or (name,))
        }
        keys.pop("", None)
        if keys:
            self._campaigns = ahocorasick.Automaton()
            for key, name in keys.items():
                self._campaigns.add_word(key, (key, name))
            self._campaigns.make_automaton()

    def find(
        self,
        text: str,
        language: str,
        brands: Sequence[BrandMatch] = (),
        aspects: Sequence[AspectSentiment] = (),
        sentiment: Opinion | Abstention | None = None,
    ) -> tuple[SignalMatch, ...]:
        """Return the signals of the first 10,000 code points of `text`, by place, at most three of a kind.

        Offsets are code points of `text`. `language` is BCP 47; `brands`, `aspects` and `sentiment` are
        what was found in the same text.
        """
        if language not in LANGUAGES:
            return ()
        reading = Reading(text[:_CLIP], brands)
        best: dict[Signal, float] = {}
        found: list[SignalMatch] = []
        for proposal in self.propose(reading, aspects, sentiment):
            candidate = proposal.candidate
            confidence = self._classifier.confidence(proposal.dense, proposal.buckets)
            if confidence < THRESHOLD:
                continue
            best[candidate.signal] = max(confidence, best.get(candidate.signal, 0.0))
            start, end = reading.folded.span(candidate.start, candidate.end)
            found.append(SignalMatch(str(candidate.signal), round(confidence, 4), start, end, candidate.about))
        return tuple(sorted(found, key=lambda match: (match.start, match.end, match.signal)))

    def propose(
        self, reading: Reading, aspects: Sequence[AspectSentiment], sentiment: Opinion | Abstention | None
    ) -> list[Proposal]:
        """Return every candidate with its features, however unsure; what training learns from."""
        matches = list(self._patterns.search(reading.marked))
        opinion = sentiment if isinstance(sentiment, Opinion) else None
        if not matches and opinion is None:
            return []
        some, cues = candidates(reading, matches)
        if self._campaigns is not None:
            some += self._reactions(reading, matches, some, cues)
        some = without_outranked(some)
        some += _implied(some)
        felt = _felt(reading, aspects, opinion, some, cues)
        context = _context(reading, opinion, (*some, *felt), cues)
        return [self._proposal(reading, one, context, one in felt) for one in (*some, *felt)]

    def _proposal(self, reading: Reading, one: Candidate, context: Context, felt: bool) -> Proposal:
        start, end = reading.sentence_at(one.start)
        near = reading.marked[max(start, one.start - 80) : min(end, one.end + 80)]
        return Proposal(
            one,
            tuple(dense_features(one, context, from_sentiment=felt)),
            tuple(word_buckets(one.signal, near)),
        )

    def _reactions(
        self,
        reading: Reading,
        matches: Sequence[RuleMatch],
        some: Sequence[Candidate],
        cues: Mapping[Cue, Sequence[int]],
    ) -> list[Candidate]:
        """Return the responses to campaigns: a campaign's words and an opinion in the same sentence."""
        if cues[Cue.ADVERT]:
            return []
        opinions = [
            (match.start, match.end) for match in matches if match.rule.signal == Signal.CAMPAIGN_RESPONSE
        ]
        opinions += [(one.start, one.end) for one in some]
        found: dict[str, Candidate] = {}
        for last, (key, name) in self._campaigns.iter(reading.marked):
            start, end = last + 1 - len(key), last + 1
            if name in found or not _is_phrase(reading.marked, start, end):
                continue
            sentence = reading.sentence_at(start)
            near = [
                (one, other)
                for one, other in opinions
                if sentence[0] <= one < sentence[1]
                and start - _REACTION_REACH <= one
                and other <= end + _REACTION_REACH
            ]
            if near:
                first, final = min(near, key=lambda place: abs(place[0] - start))
                found[name] = Candidate(
                    Signal.CAMPAIGN_RESPONSE, min(start, first), max(end, final), _CAMPAIGN, name
                )
        return list(found.values())


def _is_phrase(folded: str, start: int, end: int) -> bool:
    if end < len(folded) and folded[end].isalnum() and folded[end - 1].isalnum():
        return False
    begin = start
    while begin > 0 and start - begin < 5 and folded[begin - 1].isalnum():
        begin -= 1
    return _PARTICLES.fullmatch(folded, begin, start) is not None


def _implied(some: Sequence[Candidate]) -> list[Candidate]:
    """Return the complaint that a defect, being ignored or a danger is, where none was found."""
    if any(one.signal is Signal.COMPLAINT for one in some):
        return []
    implying = [one for one in some if one.signal in _IMPLYING]
    if not implying:
        return []
    best = max(implying, key=lambda one: one.strength)
    return [replace(best, signal=Signal.COMPLAINT, strength=best.strength * _IMPLIED, about=None)]


def _felt(
    reading: Reading,
    aspects: Sequence[AspectSentiment],
    opinion: Opinion | None,
    some: Sequence[Candidate],
    cues: Mapping[Cue, Sequence[int]],
) -> list[Candidate]:
    """Return the complaint or praise that the sentiment shows where no pattern does.

    It needs a customer: an experience, an own brand or an aspect of it must be spoken of, and neither news
    nor advertising.
    """
    if opinion is None or opinion.label is SentimentLabel.NEUTRAL or opinion.confidence < _LEAST_SURE_OPINION:
        return []
    signal = Signal.PRAISE if opinion.label is SentimentLabel.POSITIVE else Signal.COMPLAINT
    if cues[Cue.NEWS] or cues[Cue.ADVERT] or any(one.signal is signal for one in some):
        return []
    felt = [aspect for aspect in aspects if aspect.label is opinion.label]
    own = [start for start, _, brand in reading.brands if brand.role is BrandRole.OWN]
    places = [_folded_place(reading, aspect.start) for aspect in felt] + cues[Cue.EXPERIENCE][:1] + own[:1]
    if not places:
        return []
    start, end = _stripped(reading.marked, *reading.sentence_at(max(0, places[0] - 1)))
    if end - start > _LONGEST_EVIDENCE or start >= end:
        return []
    return [Candidate(signal, start, end, 0.8 * opinion.confidence)]


def _folded_place(reading: Reading, start: int) -> int:
    from bisect import bisect_left

    return min(bisect_left(reading.folded.starts, start) + 1, len(reading.marked))


def _stripped(marked: str, start: int, end: int) -> tuple[int, int]:
    while start < end and marked[start] in " .":
        start += 1
    while start < end and marked[end - 1] in " .":
        end -= 1
    return start, end


def _context(
    reading: Reading,
    opinion: Opinion | None,
    some: Sequence[Candidate],
    cues: Mapping[Cue, Sequence[int]],
) -> Context:
    strengths = dict.fromkeys(_SIGNALS, 0.0)
    for one in some:
        strengths[one.signal] = max(strengths[one.signal], one.strength)
    marked = reading.marked
    return Context(
        score=None if opinion is None else opinion.score,
        hearsay=bool(cues[Cue.OTHERS]),
        news=bool(cues[Cue.NEWS]),
        advert=bool(cues[Cue.ADVERT]),
        asks="?" in marked or "؟" in marked,
        experience=bool(cues[Cue.EXPERIENCE]),
        branded=bool(reading.brands or reading.unplaced),
        words=marked.count(" ") + 1,
        strengths=tuple(strengths.values()),
    )
