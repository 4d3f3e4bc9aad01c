"""How right the sentiment labels are on texts whose labels are known: shares, confusion, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from storage.records import SentimentLabel

BINS = 10
_VADER_NEUTRAL = 0.05
"""Compound scores closer to zero than this are neutral, as VADER's authors (2014) advise."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A text's true label and what was said of it: None for an abstention. `confidence` is 0…1."""

    truth: SentimentLabel
    said: SentimentLabel | None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right a model was. All shares are 0…1, None where nothing was counted.

    An abstention is no right answer: `accuracy` is the share of all texts labelled rightly, and `macro_f1`
    the mean F1 of the labels that occur in truth, an abstention being a text missed. `precision` is the
    share of the answers that are right, `negative_precision` the same of the answers "negative", and
    `negative_recall` the share of the negative texts that were called so. `ece` is the expected
    calibration error over ten bins of confidence (Guo et al., 2017).
    """

    texts: int
    accuracy: float | None
    macro_f1: float | None
    answered: float | None
    precision: float | None
    negative_precision: float | None
    negative_recall: float | None
    ece: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is in `low`…`high`: how many, how sure they were, how often right."""

    low: float
    high: float
    answers: int
    confidence: float
    right: float


def measure(judged: Sequence[Judged]) -> Accuracy:
    """Return how right the labels are."""
    answers = [one for one in judged if one.said is not None]
    right = sum(one.said is one.truth for one in answers)
    negative = SentimentLabel.NEGATIVE
    called = [one for one in answers if one.said is negative]
    hits = sum(one.truth is negative for one in called)
    return Accuracy(
        texts=len(judged),
        accuracy=_share(right, len(judged)),
        macro_f1=macro_f1(judged),
        answered=_share(len(answers), len(judged)),
        precision=_share(right, len(answers)),
        negative_precision=_share(hits, len(called)),
        negative_recall=_share(hits, sum(one.truth is negative for one in judged)),
        ece=calibration_error(reliability(judged)),
    )


def macro_f1(judged: Sequence[Judged]) -> float | None:
    """Return the mean, over the labels that occur in truth, of F1; None for no texts."""
    scores = []
    for label in {one.truth for one in judged}:
        hits = sum(one.said is label and one.truth is label for one in judged)
        said = sum(one.said is label for one in judged)
        true = sum(one.truth is label for one in judged)
        scores.append(2 * hits / (said + true))
    return sum(scores) / len(scores) if scores else None


def confusion(judged: Sequence[Judged]) -> Counter[tuple[SentimentLabel, SentimentLabel | None]]:
    """Return how many texts there are of each (true label, label said or None)."""
    return Counter((one.truth, one.said) for one in judged)


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Return the answers that have a confidence in ten equal bins of it, the empty bins left out."""
    members: dict[int, list[tuple[float, bool]]] = {}
    for one in judged:
        if one.said is not None and one.confidence is not None:
            place = min(BINS - 1, int(one.confidence * BINS))
            members.setdefault(place, []).append((one.confidence, one.said is one.truth))
    return [
        Bin(
            place / BINS,
            (place + 1) / BINS,
            len(inside),
            sum(confidence for confidence, _ in inside) / len(inside),
            sum(right for _, right in inside) / len(inside),
        )
        for place, inside in sorted(members.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Return the mean gap between confidence and share right, weighed by answers; None for no answers."""
    answers = sum(one.answers for one in bins)
    return _share(sum(one.answers * abs(one.confidence - one.right) for one in bins), answers)


def vader_label(compound: float) -> SentimentLabel:
    """Return the label of VADER's compound score (−1…1) by its authors' thresholds."""
    if abs(compound) < _VADER_NEUTRAL:
        return SentimentLabel.NEUTRAL
    return SentimentLabel.POSITIVE if compound > 0 else SentimentLabel.NEGATIVE


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
