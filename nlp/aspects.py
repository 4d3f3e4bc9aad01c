"""Which parts of the customer's experience a text speaks of, how, and at which step of the journey.

The words come from `nlp.aspect_words`. How an aspect fares is read from the words that judge in its
clause, and from the judge, a sentiment model that is asked about the clause alone. Both are weighed as
logarithms of chances; the weights were chosen on labelled hotel reviews (docs/decisions/nlp-aspects.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, TypeVar

from nlp.aspect_polarity import Chances, label_of, strength, weigh
from nlp.aspect_reading import Hit, Judgement, Reading, read
from nlp.aspect_words import Lexicon, Role, Sense
from nlp.clauses import Clause, Kind
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
    aspects: tuple[Hit, ...]


class AspectFinder:
    """Finds aspects in texts. Built once, from a customer's own words by aspect beside the shipped lists."""

    def __init__(self, extra: Mapping[str, Sequence[str]]) -> None:
        self._lexicon = Lexicon(extra)
        self._own = frozenset(extra)

    def find(
        self, text: str, language: str, judge: Judge | None, spans: Spans | None = None
    ) -> tuple[AspectSentiment, ...]:
        """Return the aspects of `text` in order, one for each aspect and clause, with their sentiment.

        `language` is BCP 47; in a language other than Arabic, English and French only the customer's own
        aspects are found. Offsets are code points of `text` and cover whole words. The label is None
        where neither the words nor the judge nor the spans are sure. The judge is asked about at most 8
        clauses, and only where aspects were found.
        """
        reading = read(text, self._lexicon)
        if reading is None:
            return ()
        if language.partition("-")[0] not in _UNDERSTOOD:
            reading.aspects[:] = [hit for hit in reading.aspects if hit.sense.name in self._own]
        parts = [part for clause in reading.clauses for part in _parts(reading, clause)]
        found: list[AspectSentiment] = []
        for number, part in enumerate(parts):
            asked = judge if number < _MOST_JUDGED else None
            found.extend(self._results(text, reading, part, asked, spans))
            if len(found) >= _MOST_RESULTS:
                break
        return tuple(found[:_MOST_RESULTS])

    def chances(
        self, text: str, start: int, end: int, judge: Judge | None, spans: Spans | None = None
    ) -> Chances | None:
        """Return the chances of negative, neutral, positive for what the words `start`…`end` name.

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
        for clause in reading.clauses:
            for part in _parts(reading, clause):
                if hit in part.aspects:
                    return self._chances(
                        text, reading, part, (hit,), _opinion(text, reading, part, judge), spans
                    )
        return None

    def _results(
        self, text: str, reading: Reading, part: _Part, judge: Judge | None, spans: Spans | None
    ) -> Iterator[AspectSentiment]:
        opinion = _opinion(text, reading, part, judge)
        by_aspect: dict[str, list[Hit]] = {}
        for hit in part.aspects:
            by_aspect.setdefault(hit.sense.name, []).append(hit)
        for aspect, hits in by_aspect.items():
            chances = self._chances(text, reading, part, hits, opinion, spans)
            label = label_of(chances) if chances is not None else _asked(reading, part.clause)
            yield AspectSentiment(
                aspect,
                label,
                round(chances[2] - chances[0], 4) if chances is not None else 0.0,
                reading.tokens[hits[0].first].start,
                reading.tokens[hits[0].last - 1].end,
                _touchpoint(reading, part.clause, aspect, hits),
            )

    def _chances(
        self,
        text: str,
        reading: Reading,
        part: _Part,
        hits: Sequence[Hit],
        opinion: Opinion | Abstention | None,
        spans: Spans | None,
    ) -> Chances | None:
        own = [reading.signed(hit) for hit in hits if hit.sense.sign]
        if own:
            words = _OWN_WEIGHT * sum(own) / len(own)
        else:
            words = strength(_within(reading.judgements, part.first, part.last), hits[0].first, hits[0].last)
            if not words:
                clause = part.clause
                around = _within(reading.judgements, clause.first, clause.last)
                words = strength(around, hits[0].first, hits[0].last)
            if not words and hits[0].first in reading.denials:
                words = _ABSENT
        given: Chances | None = None
        if spans is not None:
            places = [(reading.tokens[hit.first].start, reading.tokens[hit.last - 1].end) for hit in hits[:1]]
            given = spans(places)[0]
        return weigh(words, opinion, given)


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
    parts = [_Part(clause, first, last, tuple(_within(aspects, first, last))) for first, last in bounds]
    return [part for part in parts if part.aspects]


_Placed = TypeVar("_Placed", Hit, Judgement)


def _within(placed: Sequence[_Placed], first: int, last: int) -> Sequence[_Placed]:
    """Return those that begin in the tokens `first`…`last`; they must be in order."""
    return placed[bisect_left(placed, first, key=_FIRST) : bisect_left(placed, last, key=_FIRST)]


def _opinion(text: str, reading: Reading, part: _Part, judge: Judge | None) -> Opinion | Abstention | None:
    if judge is None:
        return None
    return judge.opine(text[reading.tokens[part.first].start : reading.tokens[part.last - 1].end])


def _asked(reading: Reading, clause: Clause) -> SentimentLabel | None:
    """Return neutral for a question, in which nobody has judged, and None for anything else."""
    asks = any(
        token.text in "?؟" for token in reading.tokens[clause.first : clause.last] if token.kind is Kind.STOP
    )
    return SentimentLabel.NEUTRAL if asks else None


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
