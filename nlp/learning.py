"""Learning from a person's labels: what a customer corrects, on top of the shipped linear model.

The shipped model is the prior. A softmax is fitted whose scores start from the shipped model's, and the
L2 penalty pulls every difference towards zero (Chelba and Acero, "Adaptation of Maximum Entropy
Capitalizer: Little Data Can Help a Lot", 2004): few labels change little, thousands can change all.
Nothing is taken into use unless it is better on labels that were held back. What is learned is a small
file of differences; without it the shipped model is as before.

Everything here is pure: texts and labels in, bytes out. One language at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from typing import Any
from zlib import crc32

import numpy as np
from scipy import sparse

from nlp.errors import LearnedModelUnusable
from nlp.sentiment.fitting import (
    Floats,
    Indices,
    best_temperature,
    best_thresholds,
    count_matrix,
    fit_softmax,
    softmax,
)
from nlp.sentiment.linear import LinearModel, Weights
from nlp.sentiment.opinion import LABELS, Triple
from nlp.text import fold
from storage.records import SentimentLabel

FEWEST = 50
"""Corrections below which nothing is learned: too few to tell learning from chance."""
_MOST = 20_000
_FOLDS = 4
_PULLS = (10.0, 40.0)
"""How strongly differences are pulled to zero; the second where the first does harm elsewhere."""
_REHEARSAL = 0.5
"""What a reference text counts against a correction's 1."""
_TOLERANCE = 0.01
_CHANCE = 1.645
"""Standard errors that texts put right must outnumber texts put wrong by: one chance in twenty."""
_ENOUGH_ANSWERS = 100
_CLIPPED_SHARE = 99.9
_SEAL = 16
"""Bytes in front of the file that tell damage."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A text and the label that a person gave it."""

    text: str
    label: SentimentLabel


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning from `n` corrections (texts, each counted once).

    `before` and `after` are the macro-F1, 0…1, of the shipped and of the learned model on corrections
    that were held back, each measured by a model that did not see them. `sure_before` and `sure_after` are
    how often each was right where the shipped model was sure enough to answer. `reference_before` and
    `reference_after` are the macro-F1 on the reference texts, None without them. `reason` says why it is
    not `adopted`; `model_bytes` are for `apply`, empty where nothing was learned.
    """

    model_bytes: bytes
    version: str
    before: float
    after: float
    adopted: bool
    n: int
    reason: str | None = None
    sure_before: float | None = None
    sure_after: float | None = None
    reference_before: float | None = None
    reference_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Texts to learn from as a matrix, with what the shipped model says of them.

    `folds` says when a text is held back. `own` is true for corrections, false for reference texts.
    """

    counts: Any
    margins: Floats
    labels: Indices
    folds: Indices
    own: Any

    def part(self, rows: Any) -> _Lessons:
        """Return only the texts that `rows`, a mask, chooses."""
        return _Lessons(
            self.counts[rows], self.margins[rows], self.labels[rows], self.folds[rows], self.own[rows]
        )


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is added to the shipped model's margins: a row of `weights` for each of `buckets`."""

    buckets: Indices
    weights: Floats
    bias: Floats

    def margins(self, lessons: _Lessons) -> Floats:
        """Return the learned margins, shape (texts, labels)."""
        return np.asarray(lessons.margins + lessons.counts[:, self.buckets] @ self.weights + self.bias)


def learn(
    base: LinearModel, corrections: Sequence[Correction], reference: Sequence[Correction] = ()
) -> Learned:
    """Return what `corrections`, texts in the language of `base`, teach, measured on held-back ones.

    Of a text corrected twice the later label counts; of more than 20,000 the last are taken. `reference`
    are labelled texts of other kinds, on which the learned model must stay as good: they are rehearsed.
    The result is adopted where, on held-back corrections, macro-F1 rises and more texts are put right
    than put wrong by more than chance, while no more than one point is lost where the shipped model was
    sure, and none but one on the reference. The same input gives the same bytes.
    """
    latest = {fold(one.text): one for one in corrections[-_MOST:]}
    own = [one for one in latest.values() if base.read(one.text)]
    others = [one for one in reference if fold(one.text) not in latest]
    if len(own) < FEWEST or len({one.label for one in own}) < 2:
        reason = f"{len(own)} corrections; {FEWEST} of at least two labels are needed"
        return Learned(b"", base.version, 0.0, 0.0, False, len(own), reason)
    lessons = _prepare(base, [*own, *others], len(own))
    first = _learn(base, lessons, _PULLS[0])
    if first.adopted or first.after <= first.before:
        return first
    gentler = _learn(base, lessons, _PULLS[1])
    return gentler if gentler.adopted else first


def apply(base: LinearModel, model_bytes: bytes) -> LinearModel:
    """Return the model that `learn` made of `base`; `base` itself is not changed.

    Raises LearnedModelUnusable where the bytes are damaged or were learned on another shipped model.
    """
    seal, file = model_bytes[:_SEAL], model_bytes[_SEAL:]
    if seal != _seal(file):
        raise LearnedModelUnusable("the learned model is damaged; learn again")
    try:
        with np.load(BytesIO(file), allow_pickle=False) as stored:
            made_for, version = str(stored["base"]), str(stored["version"])
            buckets = stored["buckets"].astype(np.int64)
            difference = stored["weights"] * stored["scales"]
            bias, temperature = stored["bias"], float(stored["temperature"])
            negative, neutral, positive = (float(value) for value in stored["thresholds"])
            if len(difference) != len(buckets) or not _usable(difference, bias, temperature):
                raise ValueError("its arrays do not fit")
            table = (base.weights.table * base.weights.scales).astype(np.float32)
            table[buckets] += difference
            intercepts = base.weights.intercepts + bias
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise LearnedModelUnusable(f"the learned model cannot be read ({error}); learn again") from error
    if made_for != base.version:
        raise LearnedModelUnusable(f"it was learned on {made_for}, not on {base.version}; learn again")
    ones = np.ones(len(LABELS))
    thresholds = (negative, neutral, positive)
    return LinearModel(Weights(table, ones, intercepts, temperature, thresholds, version), base.read)


def _usable(difference: Any, bias: Any, temperature: float) -> bool:
    """Return whether the arrays of a file are numbers that can be added to a model's."""
    numbers = np.isfinite(difference).all() and np.isfinite(bias).all() and np.isfinite(temperature)
    return bool(numbers) and bias.shape == (len(LABELS),) and temperature > 0


def _prepare(base: LinearModel, texts: Sequence[Correction], own: int) -> _Lessons:
    words = [base.read(one.text) for one in texts]
    return _Lessons(
        counts=count_matrix(words),
        margins=np.array([base.margins(read) for read in words]),
        labels=np.array([LABELS.index(one.label) for one in texts]),
        folds=np.array([crc32(fold(one.text).encode("utf-8", "surrogatepass")) % _FOLDS for one in texts]),
        own=np.arange(len(texts)) < own,
    )


def _learn(base: LinearModel, lessons: _Lessons, pull: float) -> Learned:
    held_back = _out_of_fold(lessons, pull)
    payload = _pack(base, _fit(lessons, pull), held_back[lessons.own], lessons.labels[lessons.own])
    return _verdict(base, lessons, held_back, payload)


def _out_of_fold(lessons: _Lessons, pull: float) -> Floats:
    """Return the learned margins of every text, each from a model that was fitted without its fold."""
    margins = lessons.margins.copy()
    for held_back in range(_FOLDS):
        back = lessons.folds == held_back
        if back.any() and lessons.own[~back].any():
            margins[back] = _fit(lessons.part(~back), pull).margins(lessons.part(back))
    return margins


def _fit(lessons: _Lessons, pull: float) -> _Difference:
    """Return the difference that explains the labels best and moves least away from the shipped model.

    Margins are compared at the temperature that suits these texts: a model is too sure of itself in a
    domain that it does not know, and would otherwise have to be contradicted everywhere.
    """
    columns, seen = np.unique(lessons.counts.indices, return_counts=True)
    columns, seen = columns[seen > 1], seen[seen > 1]
    rarity = np.log((1 + len(lessons.labels)) / (1 + seen)) + 1
    matrix = (lessons.counts[:, columns] @ sparse.diags(rarity)).tocsr()
    temperature = best_temperature(lessons.margins[lessons.own], lessons.labels[lessons.own])
    known = lessons.margins / temperature
    for label in set(range(len(LABELS))) - set(lessons.labels[lessons.own].tolist()):
        known[lessons.own, label] = -np.inf
    importance = np.where(lessons.own, 1.0, _REHEARSAL)
    weights = fit_softmax(matrix, lessons.labels, importance, pull, known) * temperature
    return _Difference(columns, weights[:-1] * rarity[:, None], weights[-1])


def _pack(base: LinearModel, found: _Difference, held_back: Floats, truth: Indices) -> dict[str, Any]:
    """Return the arrays of the file: the difference in 8 bits, calibrated on the margins held back."""
    scales = np.maximum(np.percentile(np.abs(found.weights), _CLIPPED_SHARE, axis=0) / 127, 1e-12)
    weights = np.clip(np.rint(found.weights / scales), -127, 127).astype(np.int8)
    used = weights.any(axis=1)
    temperature = best_temperature(held_back, truth)
    thresholds = _thresholds(base, softmax(held_back / temperature), truth)
    arrays = {
        "buckets": found.buckets[used].astype(np.uint32),
        "weights": weights[used],
        "scales": scales.astype(np.float32),
        "bias": found.bias,
        "temperature": np.float64(temperature),
        "thresholds": np.array(thresholds),
        "base": np.str_(base.version),
    }
    digest = blake2b(b"".join(np.asarray(array).tobytes() for array in arrays.values()), digest_size=4)
    return {**arrays, "version": np.str_(f"{base.version}+{digest.hexdigest()}")}


def _thresholds(base: LinearModel, chances: Floats, truth: Indices) -> Triple:
    """Return the thresholds that hold on these texts; the shipped ones where too few answers tell."""
    answers = np.bincount(chances.argmax(axis=1), minlength=len(LABELS))
    found = best_thresholds(chances, truth)
    negative, neutral, positive = (
        new if new <= 1 or enough >= _ENOUGH_ANSWERS else old
        for new, old, enough in zip(found, base.thresholds, answers, strict=True)
    )
    return negative, neutral, positive


def _verdict(base: LinearModel, lessons: _Lessons, held_back: Floats, payload: dict[str, Any]) -> Learned:
    own, truth = lessons.own, lessons.labels
    before, after = lessons.margins.argmax(axis=1), held_back.argmax(axis=1)
    old, new = _macro_f1(before[own], truth[own]), _macro_f1(after[own], truth[own])
    chances = softmax(lessons.margins / base.weights.temperature)
    sure = own & (chances.max(axis=1) >= np.array(base.thresholds)[before])
    sure_old = float((before == truth)[sure].mean()) if sure.any() else None
    sure_new = float((after == truth)[sure].mean()) if sure.any() else None
    rest_old = _macro_f1(before[~own], truth[~own]) if not own.all() else None
    rest_new = _macro_f1(after[~own], truth[~own]) if not own.all() else None
    right = int(((after == truth) & (before != truth) & own).sum())
    wrong = int(((after != truth) & (before == truth) & own).sum())
    reason = None
    if new <= old or right - wrong <= _CHANCE * (right + wrong) ** 0.5:
        reason = f"no better than the shipped model: {right} texts put right, {wrong} put wrong"
    elif sure_old is not None and sure_new is not None and sure_new < sure_old - _TOLERANCE:
        reason = f"worse where the shipped model is sure: right {sure_old:.3f} before, {sure_new:.3f} after"
    elif rest_old is not None and rest_new is not None and rest_new < rest_old - _TOLERANCE:
        reason = f"worse on other texts: macro-F1 {rest_old:.3f} before, {rest_new:.3f} after"
    version, n = str(payload["version"]), int(own.sum())
    return Learned(
        _sealed(payload), version, old, new, reason is None, n, reason, sure_old, sure_new, rest_old, rest_new
    )


def _sealed(arrays: dict[str, Any]) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    return _seal(file.getvalue()) + file.getvalue()


def _seal(file: bytes) -> bytes:
    return blake2b(file, digest_size=_SEAL).digest()


def _macro_f1(said: Indices, truth: Indices) -> float:
    """Return the mean F1 of the labels that occur in `truth`."""
    shares = []
    for label in np.unique(truth):
        hits = int(((said == label) & (truth == label)).sum())
        shares.append(2 * hits / int((said == label).sum() + (truth == label).sum()))
    return float(np.mean(shares))
