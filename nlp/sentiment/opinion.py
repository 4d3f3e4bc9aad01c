"""What a sentiment model answers: an opinion, or an abstention with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.records import SentimentLabel


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
