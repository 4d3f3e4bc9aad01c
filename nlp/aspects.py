"""Which parts of the customer's experience a text speaks of, how, and at which step of the journey.

The words come from `nlp.aspect_words`. How an aspect fares is read from the words that judge in its
clause, and from the judge, a sentiment model that is asked about the clause alone. Both are weighed as
logarithms of chances; the weights were chosen on labelled hotel reviews (docs/decisions/nlp-aspects.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, TypeVar

from nlp.aspect_polarity import Chances, label_of, strength, weigh
from nlp.aspect_reading import Hit, Judgement, Reading, read
from nlp.aspect_words import Lexicon, Role, Sense
from nlp.clauses import Clause
from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import AspectSentiment, SentimentLabel

VERSION = "aspects-1"

Spans = Callable[[Sequence[tuple[int, int]]], Sequence[Chances]]
"""From spans (start and end, code points of the text) to the chances of negative, neutral, positive."""

_UNDERSTOOD = ("ar", "en", "fr", "und", "mul")
_MOST_JUDGED = 8
"""Clauses of one text that the judge is asked about; it costs more than everything else here."""
_MOST_RESULTS = 60
_DEFAULT_TOUCHPOINTS = {
    "price": "buy",
    "quality": "use",
    "delivery": "receive",
    "service": "get_help",
    "app": "use",
    "availability": "buy",
    "features": "use",
    "payment": "buy",
    "branch": "buy",
    "safety": "use",
}
ASPECTS = tuple(_DEFAULT_TOUCHPOINTS)
_BOUND = frozenset({"delivery", "payment", "app", "availability"})
"""Aspects whose step of the journey does not change with the words around them."""
_LEAVE = "leave"
_FIRST = attrgetter("first")
_OWN_WEIGHT = 1.5
"""How strongly words that say of themselves how it was ("overpriced") speak, beside a judging word's 1."""
_IMPLIED, _ELSEWHERE = 0.5, 0.5
"""How much words count that judge another aspect beside, and those of other clauses where none is near."""
_NEARBY = 25
"""How many words away, in other clauses, a judging word may stand."""
_ABSENT = -0.7
"""How a thing fares of which only its absence is told ("no service")."""


class Judge(Protocol):
    """A sentiment model, as far as it is needed here."""

    def opine(self, text: str, /) -> Opinion | Abstention:
        """Return how the writer of `text` feels, or why that cannot be said."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A clause or, where it was cut at a joint, a part of it: tokens `first`…`last`, and its aspects."""

    clause: Clause
    first: int
    last: int
    aspects: Sequence[Hit]


class AspectFinder:
    """Finds aspects in texts. Built once, from a customer's own words by aspect beside the shipped lists."""

    def __init__(self, extra: Mapping[str, Sequence[str]]) -> None:
        self._lexicon = Lexicon(extra)
        self._own = frozenset(extra)

    def find(
        self, text: str, language: str, judge: Judge | None, spans: Spans | None = None
    ) -> tuple[AspectSentiment, ...]:
        """Return the aspects of `text` in order, one for each aspect and clause, with their sentiment.

        `language` is BCP 47; in a language other than Arabic, English and French only aspects for which
        the customer gave words are found. Offsets are code points of `text` and cover whole words. The
        label is None where neither the words nor the judge nor the spans are sure. Both are asked only
        where aspects were found, the judge about at most 8 clauses, the spans once.
        """
        reading = read(text, self._lexicon)
        if reading is None:
            return ()
        if language.partition("-")[0] not in _UNDERSTOOD:
            reading.aspects[:] = [hit for hit in reading.aspects if hit.sense.name in self._own]
        parts = [part for clause in reading.clauses for part in _parts(reading, clause)]
        named = [(part, hits) for part in parts for hits in _by_aspect(part)][:_MOST_RESULTS]
        opinions = {
            part.first: judge.opine(_text_of(text, reading, part)) if judge else None
            for part in parts[:_MOST_JUDGED]
        }
        given: Sequence[Chances | None] = [None] * len(named)
        if spans is not None and named:
            given = spans([reading.span(hits[0]) for _, hits in named])
        return tuple(
            _result(reading, part, hits, opinions.get(part.first), chances)
            for (part, hits), chances in zip(named, given, strict=True)
        )

    def chances(
        self, text: str, start: int, end: int, judge: Judge | None, spans: Spans | None = None
    ) -> Chances | None:
        """Return the chances of negative, neutral, positive for what the words at `start`…`end` name.

        None where nothing is said of it, or where there is no word at that place.
        """
        reading = read(text, self._lexicon, without_aspects=True)
        if reading is None:
            return None
        inside = [
            place for place, token in enumerate(reading.tokens) if token.start < end and token.end > start
        ]
        if not inside:
            return None
        hit = Hit(inside[0], inside[-1] + 1, Sense(Role.ASPECT, "given"))
        reading.aspects[:] = sorted([*reading.aspects, hit], key=lambda one: (one.first, one.last))
        parts = (part for clause in reading.clauses for part in _parts(reading, clause))
        part = next(part for part in parts if hit in part.aspects)
        opinion = judge.opine(_text_of(text, reading, part)) if judge else None
        return weigh(_words(reading, part, [hit]), opinion, spans([(start, end)])[0] if spans else None)


def _by_aspect(part: _Part) -> Iterable[list[Hit]]:
    """Return the hits of each aspect of a part, aspects in the order in which they are first named."""
    hits: dict[str, list[Hit]] = {}
    for hit in part.aspects:
        hits.setdefault(hit.sense.name, []).append(hit)
    return hits.values()


def _result(
    reading: Reading,
    part: _Part,
    hits: Sequence[Hit],
    opinion: Opinion | Abstention | None,
    given: Chances | None,
) -> AspectSentiment:
    aspect = hits[0].sense.name
    start, end = reading.span(hits[0])
    touchpoint = _touchpoint(reading, part.clause, aspect, hits)
    words = _words(reading, part, hits)
    if not words and _asks(reading, part.clause):
        return AspectSentiment(aspect, SentimentLabel.NEUTRAL, 0.0, start, end, touchpoint)
    chances = weigh(words, opinion, given)
    if chances is None:
        return AspectSentiment(aspect, None, 0.0, start, end, touchpoint)
    score = round(chances[2] - chances[0], 4)
    return AspectSentiment(aspect, label_of(chances), score, start, end, touchpoint)


def _words(reading: Reading, part: _Part, hits: Sequence[Hit]) -> float:
    """Return how words speak of the hits: their own, else those of the part, the clause, the clauses around.

    Below 0 is blame, above 0 praise, up to about 2; 0 is said where no word judges.
    """
    own = [reading.signed(hit) for hit in hits if hit.sense.sign]
    if own:
        return _OWN_WEIGHT * sum(own) / len(own)
    hit, clause = hits[0], part.clause
    for first, last in ((part.first, part.last), (clause.first, clause.last)):
        judged = strength(_within(reading.judgements, first, last), hit.first, hit.last)
        implied = [
            Judgement(other.first, other.last, reading.signed(other) * _IMPLIED)
            for other in _within(reading.aspects, first, last)
            if other.sense.sign
        ]
        judged += strength(implied, hit.first, hit.last)
        if judged:
            return judged
    if hit.first in reading.denials:
        return _ABSENT
    around = _within(reading.judgements, hit.first - _NEARBY, hit.last + _NEARBY)
    return _ELSEWHERE * strength(around, hit.first, hit.last)


def _parts(reading: Reading, clause: Clause) -> list[_Part]:
    """Return the clause cut at those joints that have an aspect and a judgement on either side."""
    aspects = _within(reading.aspects, clause.first, clause.last)
    if not aspects:
        return []
    judged = _within(reading.judgements, clause.first, clause.last)
    cuts = [clause.first]
    for joint, after in zip(clause.joints, (*clause.joints, clause.last)[1:], strict=True):
        before = cuts[-1], joint
        named = _within(aspects, *before)
        said = bool(_within(judged, *before)) or any(hit.sense.sign for hit in named)
        follows = _within(aspects, joint, after)
        says = bool(_within(judged, joint, after)) or any(hit.sense.sign for hit in follows)
        if named and said and follows and says:
            cuts.append(joint)
    bounds = zip(cuts, (*cuts[1:], clause.last), strict=True)
    parts = [_Part(clause, first, last, _within(aspects, first, last)) for first, last in bounds]
    return [part for part in parts if part.aspects]


_Placed = TypeVar("_Placed", Hit, Judgement)


def _within(placed: Sequence[_Placed], first: int, last: int) -> Sequence[_Placed]:
    """Return those that begin in the tokens `first`…`last`; they must be in order."""
    return placed[bisect_left(placed, first, key=_FIRST) : bisect_left(placed, last, key=_FIRST)]


def _text_of(text: str, reading: Reading, part: _Part) -> str:
    return text[reading.tokens[part.first].start : reading.tokens[part.last - 1].end]


def _asks(reading: Reading, clause: Clause) -> bool:
    """Return whether a clause is a question, by its mark or, as people leave that out, by its words."""
    if _within(reading.questions, clause.first, clause.last):
        return True
    return any(token.text in "?؟" for token in reading.tokens[clause.first : clause.last])


def _touchpoint(reading: Reading, clause: Clause, aspect: str, hits: Sequence[Hit]) -> str | None:
    """Return the step of the journey: leaving before all, then the aspect's words, others near, its usual."""
    said = [hit.sense.touchpoint for hit in _within(reading.touchpoints, clause.first, clause.last)]
    if _LEAVE in said:
        return _LEAVE
    own = next((hit.sense.touchpoint for hit in hits if hit.sense.touchpoint), None)
    if own is not None:
        return own
    usual = _DEFAULT_TOUCHPOINTS.get(aspect)
    return usual if aspect in _BOUND or not said else said[0]
