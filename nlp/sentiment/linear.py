"""The linear sentiment model: three weights a feature in 8 bits, calibrated, abstaining when unsure.

Features are hashed words, pairs of words and parts of words (`nlp.sentiment.features`). The model is
the sum of their weights over the square root of their number, and a softmax with a temperature that
was fitted on held-out texts (Guo et al., "On Calibration of Modern Neural Networks", 2017).
"""

from __future__ import annotations

from math import exp, sqrt
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelUnavailable
from nlp.sentiment.features import BUCKETS, WHOLE_WEIGHT, pair_bucket, tokens, word_buckets
from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

LABELS = (SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE)
_CACHED_WORDS = 200_000

Triple = tuple[float, float, float]


class LinearModel:
    """A trained model. Made by `load`; scoring needs no lock within one thread."""

    def __init__(
        self,
        weights: NDArray[np.int8],
        scales: NDArray[np.float64],
        intercepts: NDArray[np.float64],
        temperature: float,
        thresholds: Triple,
        version: str,
    ) -> None:
        self.version = version
        self.thresholds = thresholds
        self._weights = weights
        self._scales = scales
        self._intercepts = intercepts
        self._temperature = temperature
        self._words: dict[str, tuple[float, float, float, int]] = {}
        self._pairs: dict[tuple[str, str], Triple] = {}

    @classmethod
    def load(cls, path: Path) -> LinearModel:
        """Read a model that `save` wrote. Raises ModelUnavailable where the file is missing or damaged."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                negative, neutral, positive = (float(value) for value in stored["thresholds"])
                model = cls(
                    stored["weights"],
                    stored["scales"],
                    stored["intercepts"],
                    float(stored["temperature"]),
                    (negative, neutral, positive),
                    str(stored["version"]),
                )
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error
        if model._weights.shape != (BUCKETS, len(LABELS)):
            raise ModelUnavailable(f"{path.name} was made by another version; install Marsad again")
        return model

    def save(self, path: Path) -> None:
        """Write the model as one compressed file."""
        np.savez_compressed(
            path,
            weights=self._weights,
            scales=self._scales,
            intercepts=self._intercepts,
            temperature=np.float64(self._temperature),
            thresholds=np.array(self.thresholds),
            version=np.str_(self.version),
        )

    def margins(self, words: list[str]) -> Triple:
        """Return the raw score of each label for a text given as its `tokens`."""
        negative = neutral = positive = 0.0
        features = 0
        previous: str | None = None
        for word in words:
            one, two, three, count = self._words.get(word) or self._remember_word(word)
            features += count
            if previous is not None:
                pair = self._pairs.get((previous, word)) or self._remember_pair(previous, word)
                one, two, three = one + pair[0], two + pair[1], three + pair[2]
                features += WHOLE_WEIGHT
            negative, neutral, positive = negative + one, neutral + two, positive + three
            previous = word
        norm = 1.0 / sqrt(max(1, features))
        low, middle, high = (float(value) for value in self._intercepts)
        return negative * norm + low, neutral * norm + middle, positive * norm + high

    def probabilities(self, words: list[str]) -> Triple:
        """Return the calibrated chance of each label, in the order of `LABELS`, for a text's `tokens`."""
        scores = [margin / self._temperature for margin in self.margins(words)]
        top = max(scores)
        negative, neutral, positive = (exp(score - top) for score in scores)
        total = negative + neutral + positive
        return negative / total, neutral / total, positive / total

    def opine(self, text: str) -> Opinion | Abstention:
        """Return how the writer of `text` feels, or that no word was found or no label is sure enough."""
        words = tokens(text)
        if not words:
            return Abstention.NO_WORDS
        chances = self.probabilities(words)
        best = max(range(len(LABELS)), key=chances.__getitem__)
        if chances[best] < self.thresholds[best]:
            return Abstention.UNSURE
        return Opinion(LABELS[best], chances[2] - chances[0], chances[best])

    def _remember_word(self, word: str) -> tuple[float, float, float, int]:
        buckets = word_buckets(word)
        total = self._weights[buckets].sum(axis=0, dtype=np.int64) * self._scales
        entry = (float(total[0]), float(total[1]), float(total[2]), len(buckets))
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        self._words[word] = entry
        return entry

    def _remember_pair(self, first: str, second: str) -> Triple:
        row = self._weights[pair_bucket(first, second)] * self._scales * WHOLE_WEIGHT
        entry = (float(row[0]), float(row[1]), float(row[2]))
        if len(self._pairs) >= _CACHED_WORDS:
            self._pairs.clear()
        self._pairs[first, second] = entry
        return entry
