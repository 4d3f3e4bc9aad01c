"""Fitting the linear sentiment model: one linear SVM a label, idf, 8-bit weights, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.svm import LinearSVC

from nlp.sentiment.features import BUCKETS, WHOLE_WEIGHT, pair_bucket, tokens, word_buckets
from nlp.sentiment.linear import LABELS, LinearModel
from nlp.training.datasets import TWO_CLASS_SETS, Example
from storage.records import SentimentLabel

Say = Callable[[str], None]

_SOFTNESS = 0.01
_SEED = 7
PRECISION_GOALS = (0.90, 0.80, 0.90)
"""What share of the answers must be right, by label in the order of `LABELS`; below it, abstain."""
_NEVER = 1.01
_FEWEST_ANSWERS = 30


def fit(examples: Sequence[Example], version: str, say: Say) -> LinearModel:
    """Return a model fitted on the training part of `examples` and calibrated on the held-out part.

    The same examples give the same model. `say` is told of each step.
    """
    training = [example for example in examples if not example.held_out]
    say(f"features of {len(training):,} texts")
    counts = _count_matrix([tokens(example.text) for example in training])
    columns = np.unique(counts.indices)
    matrix = counts[:, columns]
    rarity = np.log((1 + matrix.shape[0]) / (1 + np.bincount(matrix.indices))) + 1
    matrix = matrix @ sparse.diags(rarity)
    dense = np.zeros((BUCKETS, len(LABELS)))
    intercepts = np.zeros(len(LABELS))
    for index, label in enumerate(LABELS):
        say(f"fitting {label}")
        rows = [row for row, example in enumerate(training) if _can_be(example, label)]
        machine = LinearSVC(C=_SOFTNESS, class_weight="balanced", random_state=_SEED, max_iter=3000)
        machine.fit(matrix[rows], [training[row].label is label for row in rows])
        dense[columns, index] = machine.coef_[0] * rarity
        intercepts[index] = machine.intercept_[0]
    scales = np.percentile(np.abs(dense[columns]), 99.9, axis=0) / 127
    weights = np.clip(np.rint(dense / scales), -127, 127).astype(np.int8)
    return _calibrated(LinearModel(weights, scales, intercepts, 1.0, (0.0, 0.0, 0.0), version), examples, say)


def _can_be(example: Example, label: SentimentLabel) -> bool:
    """Return whether the example can teach about `label`: a two-class set says nothing about neutral."""
    return label is not SentimentLabel.NEUTRAL or example.dataset not in TWO_CLASS_SETS


def _count_matrix(texts: Sequence[list[str]]) -> Any:
    """Return a row for each text: how often each bucket occurs, over the square root of all counts."""
    pointers = [0]
    buckets: list[int] = []
    values: list[float] = []
    for words in texts:
        counts = Counter(bucket for word in words for bucket in word_buckets(word))
        for first, second in pairwise(words):
            counts[pair_bucket(first, second)] += WHOLE_WEIGHT
        norm = max(1, counts.total()) ** -0.5
        buckets.extend(counts)
        values.extend(count * norm for count in counts.values())
        pointers.append(len(buckets))
    shape = (len(texts), BUCKETS)
    return sparse.csr_matrix((np.array(values), np.array(buckets), np.array(pointers)), shape=shape)


def _calibrated(model: LinearModel, examples: Sequence[Example], say: Say) -> LinearModel:
    held_out = [example for example in examples if example.held_out]
    margins = np.array([model.margins(tokens(example.text)) for example in held_out])
    truth = np.array([LABELS.index(example.label) for example in held_out])

    def surprise(temperature: float) -> float:
        chances = _softmax(margins / temperature)
        return float(-np.log(chances[np.arange(len(truth)), truth]).mean())

    found = minimize_scalar(surprise, bounds=(0.05, 5.0), method="bounded")
    temperature = float(found.x)
    chances = _softmax(margins / temperature)
    thresholds = [_threshold(chances, truth, label, goal) for label, goal in enumerate(PRECISION_GOALS)]
    say(f"temperature {temperature:.3f}, thresholds {', '.join(f'{value:.2f}' for value in thresholds)}")
    negative, neutral, positive = thresholds
    return LinearModel(
        model._weights,
        model._scales,
        model._intercepts,
        temperature,
        (negative, neutral, positive),
        model.version,
    )


def _threshold(chances: NDArray[np.float64], truth: NDArray[np.int64], label: int, goal: float) -> float:
    """Return the lowest confidence from which on answers of `label` are right `goal` of the time."""
    answered = chances.argmax(axis=1) == label
    for threshold in np.arange(0.34, 1.0, 0.01):
        chosen = answered & (chances[:, label] >= threshold)
        if chosen.sum() >= _FEWEST_ANSWERS and (truth[chosen] == label).mean() >= goal:
            return float(round(threshold, 2))
    return _NEVER


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
