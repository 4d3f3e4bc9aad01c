"""Customer signals: what people are about to do, ask for or warn of, each with its evidence.

Patterns find candidates (`nlp.signals_patterns`, `nlp.signals_evidence`), the sentiment of the text adds
complaints and praise in words that no pattern knows, and a classifier says how sure each candidate is
(`nlp.signals_classifier`). What is less sure than `THRESHOLD` is not reported.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ahocorasick

from nlp.sentiment.opinion import Abstention, Opinion
from nlp.signals_classifier import Context, SignalClassifier, dense_features, word_buckets
from nlp.signals_evidence import Candidate, Cue, Signal, candidates, without_outranked
from nlp.signals_patterns import PatternSet, RuleMatch
from nlp.signals_reading import Reading
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
_FELT_ASPECT, _FELT_BRAND, _FELT_WORD = 0.97, 0.93, 0.9
"""How often a feeling is about a customer's experience where one of its aspects, a brand, a word stands."""
_ASPECTS_RIGHT = {SentimentLabel.NEGATIVE: 0.75, SentimentLabel.POSITIVE: 0.6}
"""How often the aspects of a text, where the model of its sentiment abstains, feel as the writer does."""
_MOST_PLACES = 6
_LONGEST_EVIDENCE = 240
_OPINIONS = (Signal.PRAISE, Signal.COMPLAINT)
_REACTION_REACH, _NEXT_SENTENCE = 120, 40
"""Characters between a campaign's words and an opinion in their sentence, and in the one after it."""
_CONTEXT_REACH = 80
_ARTICLE = "ال"
_PARTICLES = re.compile(r"[وف]?[بكل]?")


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
        keys = dict(_campaign_keys(campaigns or {}))
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
        proposals, felt = self.propose(reading, aspects, sentiment)
        sure = [(one.candidate, self._classifier.confidence(one.dense, one.buckets)) for one in proposals]
        found = _with_felt([pair for pair in sure if pair[1] >= THRESHOLD], felt)
        return tuple(
            sorted(
                (_match(reading, candidate, confidence) for candidate, confidence in found),
                key=lambda match: (match.start, match.end, match.signal),
            )
        )

    def propose(
        self, reading: Reading, aspects: Sequence[AspectSentiment], sentiment: Opinion | Abstention | None
    ) -> tuple[list[Proposal], Candidate | None]:
        """Return what the patterns propose, however unsure, which training learns from; and what is felt.

        The second is the complaint or praise that the sentiment shows; its strength is its confidence.
        """
        matches = list(self._patterns.search(reading.marked))
        opinion = sentiment if isinstance(sentiment, Opinion) else None
        if not matches and not aspects and not reading.brands:
            return [], None
        some, cues = candidates(reading, matches)
        if self._campaigns is not None:
            some += self._reactions(reading, matches, some, cues)
        some = without_outranked(some)
        some += _implied(some)
        felt = _felt(reading, aspects, opinion, some, cues)
        if not some:
            return [], felt
        context = _context(reading, opinion, some, cues)
        return [_proposal(reading, one, context) for one in some], felt

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
                if start - _REACTION_REACH <= one
                and other <= end + _REACTION_REACH
                and (sentence[0] <= one < sentence[1] or 0 <= one - end <= _NEXT_SENTENCE)
            ]
            if near:
                first, final = min(near, key=lambda place: abs(place[0] - start))
                found[name] = Candidate(
                    Signal.CAMPAIGN_RESPONSE, min(start, first), max(end, final), _CAMPAIGN, name
                )
        return list(found.values())


def _campaign_keys(campaigns: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each folded phrase with the campaign's name; ل before the article makes it لل."""
    for name, words in campaigns.items():
        for word in words or (name,):
            key = fold(word).replace("_", " ").strip(" #")
            if key:
                yield key, name
            if key.startswith(_ARTICLE):
                yield "لل" + key.removeprefix(_ARTICLE), name


def _proposal(reading: Reading, one: Candidate, context: Context) -> Proposal:
    start, end = reading.sentence_at(one.start)
    near = reading.marked[max(start, one.start - _CONTEXT_REACH) : min(end, one.end + _CONTEXT_REACH)]
    return Proposal(one, tuple(dense_features(one, context)), tuple(word_buckets(one.signal, near)))


def _with_felt(sure: list[tuple[Candidate, float]], felt: Candidate | None) -> list[tuple[Candidate, float]]:
    """Return the candidates with what is felt: it makes the same signal surer, or is one of its own."""
    if felt is None or felt.strength < THRESHOLD:
        return sure
    if any(one.signal is felt.signal for one, _ in sure):
        return [
            (one, max(confidence, felt.strength) if one.signal is felt.signal else confidence)
            for one, confidence in sure
        ]
    return [*sure, (felt, felt.strength)]


def _match(reading: Reading, one: Candidate, confidence: float) -> SignalMatch:
    start, end = reading.folded.span(*_stripped(reading.marked, one.start, one.end))
    return SignalMatch(str(one.signal), round(confidence, 4), start, end, one.about)


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
) -> Candidate | None:
    """Return the complaint or praise that the sentiment shows, as sure as the sentiment is.

    It needs a customer: an aspect of an experience, an own brand or words of buying and using must stand in
    the text, and neither news nor advertising. What a more particular signal says is not said again.
    """
    if cues[Cue.NEWS] or cues[Cue.ADVERT]:
        return None
    at_home = bool(reading.brands or reading.unplaced or cues[Cue.EXPERIENCE])
    feeling = _feeling(aspects if at_home else (), opinion)
    if feeling is None:
        return None
    signal = Signal.PRAISE if feeling.label is SentimentLabel.POSITIVE else Signal.COMPLAINT
    felt = [_folded_place(reading, one.start) for one in aspects if one.label in (feeling.label, None)]
    own = [place.start for place in reading.brands if place.brand.role is BrandRole.OWN]
    said = [one for one in some if one.signal not in _OPINIONS]
    for places, share in ((felt, _FELT_ASPECT), (own, _FELT_BRAND), (cues[Cue.EXPERIENCE], _FELT_WORD)):
        for place in places[:_MOST_PLACES]:
            start, end = _stripped(reading.marked, *reading.sentence_at(max(0, place - 1)))
            if start < end and not any(one.start < end and start < one.end for one in said):
                end = min(end, start + _LONGEST_EVIDENCE)
                return Candidate(signal, start, end, share * feeling.confidence)
    return None


def _feeling(aspects: Sequence[AspectSentiment], opinion: Opinion | None) -> Opinion | None:
    """Return the feeling that is not neutral: the text's, else that of all its aspects if it is one.

    Aspects alone are trusted only in a text that is about a brand or an experience: "the dough is ruined"
    has an aspect as well.
    """
    if opinion is not None and opinion.label is not SentimentLabel.NEUTRAL:
        return opinion
    labels = {one.label for one in aspects if one.label is not None} - {SentimentLabel.NEUTRAL}
    if opinion is not None or len(labels) != 1:
        return None
    label = labels.pop()
    return Opinion(label, 0.0, _ASPECTS_RIGHT[label])


def _folded_place(reading: Reading, start: int) -> int:
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
