"""Fitting the blend on held-out texts, and the figures of docs/models.md about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from nlp.sentiment.blend import Evidence, Row
from nlp.sentiment.opinion import NEVER, Triple

PRECISION_GOALS = (0.93, 0.80, 0.90)
"""What share of the answers must be right, by label (negative, neutral, positive); below it, abstain."""
_FEWEST_ANSWERS = 40
_IMPORTANCE = {"vader_movie": 0.3, "vader_nyt": 0.1}
"""Film reviews and editorials are far from what is said of brands; other sets count once."""
_PULL = 1e-3
_BOUNDS = [(0.0, None)] * 2 + [(None, None)] * 3


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled text: `label` is an index in `LABELS`, `may_be_neutral` false for two-class sets."""

    dataset: str
    label: int
    evidence: Evidence
    may_be_neutral: bool = True


def fit(found: Sequence[Judged], kind: Sequence[str]) -> Row:
    """Return the weights for evidence of `kind`, each set counting by importance and root of size."""
    inputs, labels, neutral, weights = _arrays(found, kind)

    def surprise(parameters: NDArray[np.float64]) -> float:
        chances = _chances(parameters, inputs, neutral)
        right = chances[np.arange(len(labels)), labels]
        return float(-(weights * np.log(right + 1e-12)).sum() + _PULL * (parameters**2).sum())

    fitted = minimize(surprise, np.array([0.5, 0.5, 0.0, 0.0, 0.0]), method="L-BFGS-B", bounds=_BOUNDS).x
    linear, encoder = (float(value) for value in fitted[:2])
    negative, middle, positive = (float(value) for value in fitted[2:])
    row = Row(
        linear if "linear" in kind else 0.0,
        encoder if "encoder" in kind else 0.0,
        (negative, middle, positive),
        (0.0, 0.0, 0.0),
    )
    return replace(row, thresholds=thresholds(found, row, kind))


def thresholds(found: Sequence[Judged], row: Row, kind: Sequence[str]) -> Triple:
    """Return the lowest chances from which on answers are right as often as `PRECISION_GOALS` asks."""
    chances = np.array([row.chances(only(one.evidence, kind)) for one in found])
    labels = np.array([one.label for one in found])
    weights = _weights(found)
    negative, neutral, positive = (
        _threshold(chances, labels, weights, at, goal) for at, goal in enumerate(PRECISION_GOALS)
    )
    return negative, neutral, positive


def _threshold(
    chances: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    at: int,
    goal: float,
) -> float:
    answered = chances.argmax(axis=1) == at
    for threshold in np.arange(0.34, 1.0, 0.01):
        chosen = answered & (chances[:, at] >= threshold)
        if chosen.sum() < _FEWEST_ANSWERS:
            return NEVER
        if (weights[chosen] * (labels[chosen] == at)).sum() / weights[chosen].sum() >= goal:
            return float(round(threshold, 2))
    return NEVER


def calibration_error(chances: NDArray[np.float64], labels: NDArray[np.int64], bins: int = 10) -> float:
    """Return the expected calibration error (Naeini et al. 2015) of the likeliest labels, 0…1."""
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[places == one].mean() - right[places == one].mean()) * (places == one).mean()
        for one in range(bins)
        if (places == one).any()
    ]
    return float(sum(gaps))


def only(evidence: Evidence, kind: Sequence[str]) -> Evidence:
    """Return the evidence without what is not of `kind`."""
    return Evidence(
        evidence.linear if "linear" in kind else None,
        evidence.encoder if "encoder" in kind else None,
    )


def _weights(found: Sequence[Judged]) -> NDArray[np.float64]:
    names, counts = np.unique([one.dataset for one in found], return_counts=True)
    size = dict(zip(names.tolist(), counts.tolist(), strict=True))
    weights = np.array([_IMPORTANCE.get(one.dataset, 1.0) * size[one.dataset] ** -0.5 for one in found])
    return np.asarray(weights / weights.sum())


def _arrays(found: Sequence[Judged], kind: Sequence[str]) -> tuple[NDArray[np.float64], ...]:
    rows = []
    for one in found:
        evidence = only(one.evidence, kind)
        rows.append((evidence.linear or (0.0,) * 3, evidence.encoder or (0.0,) * 3))
    labels = np.array([one.label for one in found])
    neutral = np.array([0.0 if one.may_be_neutral else -100.0 for one in found])
    return np.array(rows, float), labels, neutral, _weights(found)


def _chances(
    parameters: NDArray[np.float64], inputs: NDArray[np.float64], neutral: NDArray[np.float64]
) -> NDArray[np.float64]:
    scores = np.tensordot(inputs, parameters[:2], axes=([1], [0])) + parameters[2:]
    scores[:, 1] += neutral
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
