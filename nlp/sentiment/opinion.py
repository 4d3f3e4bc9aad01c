"""What a sentiment model answers: an opinion, or an abstention with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.records import SentimentLabel

LABELS = (SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE)
"""The labels in the order of every model's scores, chances and thresholds."""
NEVER = 1.01
"""The threshold of a label that is never given: no chance is as high."""

Triple = tuple[float, float, float]


class Abstention(StrEnum):
    """Why no label was given."""

    NO_WORDS = "no_words"
    NO_MODEL = "no_model_for_language"
    UNSURE = "unsure"
    TIMED_OUT = "analysis_timed_out"
    FAILED = "analysis_failed"


@dataclass(frozen=True, slots=True)
class Opinion:
    """How a writer feels: `score` is −1…1, `confidence` is the chance, 0…1, that `label` is right."""

    label: SentimentLabel
    score: float
    confidence: float


def decided(chances: Triple, thresholds: Triple) -> Opinion | Abstention:
    """Return the likeliest label, or that it is not sure enough; both are in the order of `LABELS`."""
    best = max(range(len(LABELS)), key=chances.__getitem__)
    if chances[best] < thresholds[best]:
        return Abstention.UNSURE
    return Opinion(LABELS[best], chances[2] - chances[0], chances[best])
