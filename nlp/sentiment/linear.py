"""The linear sentiment model: three weights a feature in 8 bits, calibrated, abstaining when unsure.

Features are hashed words, pairs of words, parts of words and marks (`nlp.sentiment.features`). The
model is the sum of their weights over the square root of their number, and a softmax with a temperature
that was fitted on held-out texts (Guo et al., "On Calibration of Modern Neural Networks", 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, sqrt
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelUnavailable
from nlp.sentiment.features import BUCKETS, MARK, WHOLE_WEIGHT, arabic_words, pair_bucket, word_buckets
from nlp.sentiment.opinion import LABELS, Abstention, Opinion, Triple, decided

_CACHED_WORDS = 200_000

Reader = Callable[[str], list[str]]
"""A text in, its words and marks out; nothing where there is nothing to read."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a model knows. `table` has a row for each bucket and a column for each of `LABELS`.

    A weight is `table * scales`; the table is of 8-bit integers, or of floats with scales of 1.
    `thresholds` are the confidences, 0…1, below which no such label is given.
    """

    table: NDArray[Any]
    scales: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    temperature: float
    thresholds: Triple
    version: str

    def calibrated(self, temperature: float, thresholds: Triple) -> Weights:
        """Return the same weights with another temperature and other thresholds."""
        return replace(self, temperature=temperature, thresholds=thresholds)


class LinearModel:
    """A trained model and the reader of its language. Scoring needs no lock within one thread."""

    def __init__(self, weights: Weights, read: Reader = arabic_words) -> None:
        self.weights = weights
        self.read = read
        self.version = weights.version
        self.thresholds = weights.thresholds
        self._words: dict[str, tuple[float, float, float, int]] = {}
        self._pairs: dict[tuple[str, str], Triple] = {}

    @classmethod
    def load(cls, path: Path, read: Reader = arabic_words) -> LinearModel:
        """Read a model that `save` wrote. Raises ModelUnavailable where the file is missing or damaged."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                negative, neutral, positive = (float(value) for value in stored["thresholds"])
                weights = Weights(
                    stored["weights"],
                    stored["scales"],
                    stored["intercepts"],
                    float(stored["temperature"]),
                    (negative, neutral, positive),
                    str(stored["version"]),
                )
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error
        if weights.table.shape != (BUCKETS, len(LABELS)):
            raise ModelUnavailable(f"{path.name} was made by another version; install Marsad again")
        return cls(weights, read)

    def save(self, path: Path) -> None:
        """Write the model as one compressed file."""
        np.savez_compressed(
            path,
            weights=self.weights.table,
            scales=self.weights.scales,
            intercepts=self.weights.intercepts,
            temperature=np.float64(self.weights.temperature),
            thresholds=np.array(self.weights.thresholds),
            version=np.str_(self.version),
        )

    def margins(self, words: list[str]) -> Triple:
        """Return the raw score of each label for a text given as what `read` returns of it."""
        negative = neutral = positive = 0.0
        features = 0
        previous: str | None = None
        for word in words:
            one, two, three, count = self._words.get(word) or self._remember_word(word)
            features += count
            if previous is not None and word[0] != MARK:
                pair = self._pairs.get((previous, word)) or self._remember_pair(previous, word)
                one, two, three = one + pair[0], two + pair[1], three + pair[2]
                features += WHOLE_WEIGHT
            negative, neutral, positive = negative + one, neutral + two, positive + three
            previous = word
        norm = 1.0 / sqrt(max(1, features))
        low, middle, high = (float(value) for value in self.weights.intercepts)
        return negative * norm + low, neutral * norm + middle, positive * norm + high

    def probabilities(self, words: list[str]) -> Triple:
        """Return the calibrated chance of each label, in the order of `LABELS`, for what `read` returns."""
        scores = [margin / self.weights.temperature for margin in self.margins(words)]
        top = max(scores)
        negative, neutral, positive = (exp(score - top) for score in scores)
        total = negative + neutral + positive
        return negative / total, neutral / total, positive / total

    def opine(self, text: str) -> Opinion | Abstention:
        """Return how the writer of `text` feels, or that no word was found or no label is sure enough."""
        words = self.read(text)
        if not words:
            return Abstention.NO_WORDS
        return decided(self.probabilities(words), self.thresholds)

    def _remember_word(self, word: str) -> tuple[float, float, float, int]:
        buckets = word_buckets(word)
        total = self.weights.table[buckets].sum(axis=0, dtype=np.float64) * self.weights.scales
        entry = (float(total[0]), float(total[1]), float(total[2]), len(buckets))
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        self._words[word] = entry
        return entry

    def _remember_pair(self, first: str, second: str) -> Triple:
        row = self.weights.table[pair_bucket(first, second)] * self.weights.scales * WHOLE_WEIGHT
        entry = (float(row[0]), float(row[1]), float(row[2]))
        if len(self._pairs) >= _CACHED_WORDS:
            self._pairs.clear()
        self._pairs[first, second] = entry
        return entry
