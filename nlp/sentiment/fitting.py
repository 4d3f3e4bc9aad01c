"""Fitting linear models: texts as a sparse matrix, a softmax by L-BFGS, temperature and thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar

from nlp.sentiment.features import BUCKETS, MARK, WHOLE_WEIGHT, pair_bucket, word_buckets
from nlp.sentiment.opinion import NEVER

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

PRECISION_GOALS = (0.90, 0.80, 0.90)
"""What share of the answers must be right, by label (negative, neutral, positive); below it, abstain."""
_FEWEST_ANSWERS = 30
_IMPOSSIBLE = -1e9
_STEPS = 60


def count_matrix(texts: Sequence[Sequence[str]]) -> Any:
    """Return a sparse row for each text: how often each bucket occurs, over the square root of all counts.

    A text is given as its words and marks. The shape is (texts, BUCKETS).
    """
    pointers = [0]
    buckets: list[int] = []
    values: list[float] = []
    for words in texts:
        counts = Counter(bucket for word in words for bucket in word_buckets(word))
        for first, second in pairwise(words):
            if second[0] != MARK:
                counts[pair_bucket(first, second)] += WHOLE_WEIGHT
        norm = max(1, counts.total()) ** -0.5
        buckets.extend(counts)
        values.extend(count * norm for count in counts.values())
        pointers.append(len(buckets))
    shape = (len(texts), BUCKETS)
    return sparse.csr_matrix((np.array(values), np.array(buckets), np.array(pointers)), shape=shape)


def fit_softmax(matrix: Any, labels: Indices, importance: Floats, pull: float, known: Floats) -> Floats:
    """Return the weights, shape (columns + 1, labels), that explain `labels` best; the last row is a bias.

    `known` (texts, labels) is what is added to each text's scores: what another model says, or minus
    infinity for a label the text cannot have. `importance` weighs the texts. `pull` is the strength of
    the L2 pull of all weights but the bias towards zero, that is, towards what is known.
    """
    texts, columns = matrix.shape
    width = known.shape[1]
    turned = matrix.T.tocsr()
    at = np.arange(texts)
    offsets = np.maximum(known, _IMPOSSIBLE)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(columns + 1, width)
        scores = matrix @ weights[:-1] + weights[-1] + offsets
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        totals = raised.sum(axis=1)
        surprise = float((importance * (np.log(totals) - scores[at, labels])).sum())
        errors = raised / totals[:, None]
        errors[at, labels] -= 1
        errors *= importance[:, None]
        slope = np.empty_like(weights)
        slope[:-1] = turned @ errors + pull * weights[:-1]
        slope[-1] = errors.sum(axis=0)
        return surprise + 0.5 * pull * float((weights[:-1] ** 2).sum()), slope.ravel()

    start = np.zeros((columns + 1) * width)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 6})
    return np.asarray(found.x, dtype=np.float64).reshape(columns + 1, width)


def softmax(scores: Floats) -> Floats:
    """Return the chances, each row adding up to 1, of a row of scores for each text."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def best_temperature(margins: Floats, truth: Indices) -> float:
    """Return what to divide `margins` by so that the chances surprise least (Guo et al., 2017)."""

    def surprise(temperature: float) -> float:
        chances = softmax(margins / temperature)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chances, 1e-12)).mean())

    return float(minimize_scalar(surprise, bounds=(0.05, 5.0), method="bounded").x)


def best_thresholds(chances: Floats, truth: Indices) -> tuple[float, float, float]:
    """Return, by label, the lowest confidence from which on answers reach `PRECISION_GOALS`.

    It is above 1 where none does, or fewer than 30 answers would be left to tell by.
    """
    negative, neutral, positive = (
        _threshold(chances, truth, label, goal) for label, goal in enumerate(PRECISION_GOALS)
    )
    return negative, neutral, positive


def _threshold(chances: Floats, truth: Indices, label: int, goal: float) -> float:
    answered = chances.argmax(axis=1) == label
    for threshold in np.arange(0.34, 1.0, 0.01):
        chosen = answered & (chances[:, label] >= threshold)
        if chosen.sum() >= _FEWEST_ANSWERS and (truth[chosen] == label).mean() >= goal:
            return float(round(threshold, 2))
    return NEVER
