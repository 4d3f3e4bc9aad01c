"""Fitting the shipped linear sentiment models: one linear SVM a label, idf, 8-bit weights, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.svm import LinearSVC

from nlp.sentiment.features import BUCKETS, arabic_words
from nlp.sentiment.fitting import Floats, best_temperature, best_thresholds, count_matrix, softmax
from nlp.sentiment.linear import LinearModel, Reader, Weights
from nlp.sentiment.opinion import LABELS
from nlp.training.datasets import IMPORTANCE, TWO_CLASS_SETS, Example
from storage.records import SentimentLabel

Say = Callable[[str], None]

_SOFTNESS = 0.01
_SEED = 7
_EVENING = 0.3
"""By what power of its size a set's texts count less, so that no set drowns the others."""
_CLIPPED_SHARE = 99.99
"""Percentile of the weights that 8 bits reach to; what is beyond is cut."""


def fit(examples: Sequence[Example], version: str, say: Say, read: Reader = arabic_words) -> LinearModel:
    """Return a model fitted on the training part of `examples` and calibrated on the held-out part.

    `read` gives the words and marks of a text of the language. The same examples give the same model.
    `say` is told of each step.
    """
    training = [example for example in examples if not example.held_out]
    say(f"features of {len(training):,} texts")
    counts = count_matrix([read(example.text) for example in training])
    columns = np.unique(counts.indices)
    matrix = counts[:, columns]
    rarity = np.log((1 + matrix.shape[0]) / (1 + np.bincount(matrix.indices))) + 1
    matrix = matrix @ sparse.diags(rarity)
    importance = _importance(training)
    dense = np.zeros((BUCKETS, len(LABELS)))
    intercepts = np.zeros(len(LABELS))
    for index, label in enumerate(LABELS):
        say(f"fitting {label}")
        rows = [row for row, example in enumerate(training) if _can_be(example, label)]
        truth = [training[row].label is label for row in rows]
        machine: Any = LinearSVC(C=_SOFTNESS, class_weight="balanced", random_state=_SEED, max_iter=3000)
        machine.fit(matrix[rows], truth, sample_weight=importance[rows])
        dense[columns, index] = machine.coef_[0] * rarity
        intercepts[index] = machine.intercept_[0]
    scales = np.percentile(np.abs(dense[columns]), _CLIPPED_SHARE, axis=0) / 127
    table = np.clip(np.rint(dense / scales), -127, 127).astype(np.int8)
    return _calibrated(Weights(table, scales, intercepts, 1.0, (0.0, 0.0, 0.0), version), read, examples, say)


def _can_be(example: Example, label: SentimentLabel) -> bool:
    """Return whether the example can teach about `label`: a two-class set says nothing about neutral."""
    return label is not SentimentLabel.NEUTRAL or example.dataset not in TWO_CLASS_SETS


def _importance(training: Sequence[Example]) -> Floats:
    """Return what each text counts, 1 on average: by the size of its set and how near that is to brands."""
    sizes = Counter(example.dataset for example in training)
    counts = np.array([IMPORTANCE.get(e.dataset, 1.0) * sizes[e.dataset] ** -_EVENING for e in training])
    return np.asarray(counts / counts.mean())


def _calibrated(weights: Weights, read: Reader, examples: Sequence[Example], say: Say) -> LinearModel:
    held_out = [example for example in examples if example.held_out]
    model = LinearModel(weights, read)
    margins = np.array([model.margins(read(example.text)) for example in held_out])
    truth = np.array([LABELS.index(example.label) for example in held_out])
    temperature = best_temperature(margins, truth)
    thresholds = best_thresholds(softmax(margins / temperature), truth)
    say(f"temperature {temperature:.3f}, thresholds {', '.join(f'{value:.2f}' for value in thresholds)}")
    return LinearModel(weights.calibrated(temperature, thresholds), read)
