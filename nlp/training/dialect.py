"""Fitting the dialect model: linear SVMs, idf, 8-bit weights, a temperature found on held-out tweets.

Learned from the dialect column of the tweets, from hotel reviews as more Modern Standard Arabic, and
from lines written for it, which count more: the tweets have few of three dialects.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.svm import LinearSVC

from nlp.dialect import BUCKETS, DIALECTS, DialectModel, arabic_words, word_buckets
from nlp.training.hashed_words import bucket_matrix

Say = Callable[[str], None]
WRITTEN = Path(__file__).parent / "written"

_TWEETS = "arsarcasm_v2.tsv"
_HOTELS = "absa16_ar_hotels.tsv"
_LABELS = {
    "msa": "msa",
    "gulf": "gulf",
    "egypt": "egyptian",
    "levant": "levantine",
    "magreb": "maghrebi",
}
_MOST_HOTELS = 1500
_WRITTEN_WEIGHT = 3.0
_SOFTNESS = 0.002
_SEED = 7


@dataclass(frozen=True, slots=True)
class DialectExample:
    """One text whose dialect is known; `held_out` ones are for measuring, `weight` is how often it counts."""

    text: str
    dialect: str
    held_out: bool = False
    weight: float = 1.0


def read_examples(folder: Path) -> list[DialectExample]:
    """Return the tweets and hotel reviews in `folder` and the written lines.

    Raises FileNotFoundError where a set is missing.
    """
    hotels = [row["text"] for row in _rows(folder / _HOTELS) if row["split"] == "train"][:_MOST_HOTELS]
    return [
        *(
            DialectExample(row["text"], _LABELS[row["dialect"]], held_out=row["split"] != "train")
            for row in _rows(folder / _TWEETS)
        ),
        *(DialectExample(text, "msa") for text in hotels),
        *read_written(WRITTEN),
    ]


def read_written(folder: Path) -> Iterator[DialectExample]:
    """Yield the lines of dialect.tsv and of posts-*.jsonl in `folder` that bear a dialect."""
    for row in _rows(folder / "dialect.tsv"):
        yield DialectExample(row["text"], row["dialect"], weight=_WRITTEN_WEIGHT)
    for path in sorted(folder.glob("posts-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            post = json.loads(line)
            if post["language"] == "ar" and post["dialect"] in DIALECTS:
                yield DialectExample(post["text"], post["dialect"], weight=_WRITTEN_WEIGHT)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def fit(examples: Sequence[DialectExample], version: str, say: Say) -> DialectModel:
    """Return a model fitted on the training part of `examples` and calibrated on the held-out part.

    Every dialect counts the same in all. The same examples give the same model.
    """
    training = [example for example in examples if not example.held_out]
    say(f"telling dialects: {len(training):,} texts")
    matrix = bucket_matrix([arabic_words(e.text) for e in training], word_buckets, BUCKETS)
    rarity = np.log((1 + matrix.shape[0]) / (1 + np.bincount(matrix.indices, minlength=BUCKETS))) + 1
    labels = np.array([DIALECTS.index(example.dialect) for example in training])
    weights = np.array([example.weight for example in training])
    totals = np.bincount(labels, weights=weights, minlength=len(DIALECTS))
    weights *= (totals.max() / np.maximum(totals, 1.0))[labels]
    machine = LinearSVC(C=_SOFTNESS, random_state=_SEED)
    machine.fit(matrix @ sparse.diags(rarity), labels, sample_weight=weights)
    dense = (machine.coef_ * rarity).T
    used = np.unique(matrix.indices)
    scales = np.percentile(np.abs(dense[used]), 99.9, axis=0) / 127
    model = DialectModel(
        np.clip(np.rint(dense / scales), -127, 127).astype(np.int8), scales, machine.intercept_, 1.0, version
    )
    return _calibrated(model, [example for example in examples if example.held_out], say)


def _calibrated(model: DialectModel, held_out: Sequence[DialectExample], say: Say) -> DialectModel:
    margins = np.array([model.margins(arabic_words(example.text)) for example in held_out])
    truth = np.array([DIALECTS.index(example.dialect) for example in held_out])

    def surprise(temperature: float) -> float:
        scores = margins / temperature
        scores -= scores.max(axis=1, keepdims=True)
        chosen = scores[np.arange(len(truth)), truth]
        return float((np.log(np.exp(scores).sum(axis=1)) - chosen).mean())

    temperature = float(minimize_scalar(surprise, bounds=(0.05, 5.0), method="bounded").x)
    say(f"temperature {temperature:.3f}")
    return model.calibrated(temperature)
