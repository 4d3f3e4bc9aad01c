"""How sure a candidate of a signal is: a logistic regression over what its patterns and its text say.

One model serves all signals, since no signal has many labelled lines: what they share (strength of the
pattern, sentiment, hearsay, news) is learned from all of them, what is a signal's own is drawn towards it
by the penalty. Words around a candidate count through hashed weights (Weinberger et al., "Feature Hashing
for Large Scale Multitask Learning", 2009). Fitted by `python -m nlp.training.signals --fit`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p, sqrt
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelUnavailable
from nlp.signals_evidence import Candidate, Signal

MODEL_PATH = Path(__file__).parent / "models" / "signals.npz"
WORD_BUCKETS = 1 << 12
_MOST_WORDS = 40
_WORD = re.compile(r"[^\W\d_]{2,24}")
_SIGNALS = tuple(Signal)
_POLARITY = {
    Signal.PRAISE: 1.0,
    **dict.fromkeys(
        (
            *(Signal.COMPLAINT, Signal.QUALITY_DEFECT, Signal.IGNORED, Signal.PRICE_OBJECTION),
            *(Signal.INTENT_TO_LEAVE, Signal.BOYCOTT_CALL, Signal.SAFETY_THREAT, Signal.LEGAL_THREAT),
        ),
        -1.0,
    ),
}
"""Whether a signal goes with a positive or a negative text; the others go with any."""
_OPINIONS = (Signal.PRAISE, Signal.COMPLAINT)
SHARED_FEATURES = 18
DENSE_FEATURES = SHARED_FEATURES + 2 * len(_SIGNALS)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the text around a candidate; `score` is −1…1, None where sentiment abstains.

    The flags say whether hearsay, news, advertising, a question mark, a customer's experience and a brand
    stand in the text. `strengths` holds the strongest candidate of each signal, by its place in `Signal`.
    """

    score: float | None
    hearsay: bool
    news: bool
    advert: bool
    asks: bool
    experience: bool
    branded: bool
    words: int
    strengths: tuple[float, ...]


def dense_features(candidate: Candidate, context: Context) -> list[float]:
    """Return the `DENSE_FEATURES` numbers that describe a candidate in its text."""
    polarity = _POLARITY.get(candidate.signal, 0.0)
    agreement = polarity * (context.score or 0.0)
    index = _SIGNALS.index(candidate.signal)
    opinion = candidate.signal in _OPINIONS
    opposite = 0.0
    if opinion:
        other = _OPINIONS[1 - _OPINIONS.index(candidate.signal)]
        opposite = context.strengths[_SIGNALS.index(other)]
    question = candidate.signal is Signal.QUESTION
    own_features = [0.0] * (2 * len(_SIGNALS))
    own_features[2 * index] = 1.0
    own_features[2 * index + 1] = candidate.strength
    return [
        1.0,
        candidate.strength,
        candidate.strength**2,
        min(2.0, candidate.agreeing - 1.0),
        agreement,
        agreement if opinion else 0.0,
        abs(polarity) if context.score is None else 0.0,
        context.score or 0.0 if question else 0.0,
        float(context.hearsay),
        float(context.news),
        float(context.advert),
        float(context.asks and question),
        float(context.asks and not question),
        float(context.experience),
        float(context.branded),
        opposite,
        min(3.0, sum(strength > 0 for strength in context.strengths) - 1.0) / 3,
        log1p(context.words) / 5,
        *own_features,
    ]


def word_buckets(signal: Signal, sentence: str) -> list[int]:
    """Return the buckets of the words of a folded sentence, each together with the signal; 40 at most."""
    return [
        crc32(f"{signal} {word}".encode("utf-8", "surrogatepass")) & (WORD_BUCKETS - 1)
        for word in _WORD.findall(sentence)[:_MOST_WORDS]
    ]


class SignalClassifier:
    """Turns candidates into confidences. Made by `load`, or by fitting; may be called from any thread."""

    def __init__(self, dense: NDArray[np.float64], words: NDArray[np.float32], version: str) -> None:
        self.version = version
        self.dense = dense
        self.words = words
        self._weights = [float(weight) for weight in dense]

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> SignalClassifier:
        """Read a fitted model. Raises ModelUnavailable where the file is missing, damaged or of old form."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                model = cls(stored["dense"], stored["words"], str(stored["version"]))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error
        if model.dense.shape != (DENSE_FEATURES,) or model.words.shape != (WORD_BUCKETS,):
            raise ModelUnavailable(f"{path.name} was made by another version; install Marsad again")
        return model

    def save(self, path: Path) -> None:
        """Write the model as one compressed file."""
        np.savez_compressed(path, dense=self.dense, words=self.words, version=np.str_(self.version))

    def confidence(self, dense: Sequence[float], buckets: Sequence[int]) -> float:
        """Return the chance, 0…1, that a candidate with these features is the signal."""
        margin = sum(weight * value for weight, value in zip(self._weights, dense, strict=True) if value)
        if buckets:
            margin += float(self.words[list(buckets)].sum()) / sqrt(len(buckets))
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, margin))))
