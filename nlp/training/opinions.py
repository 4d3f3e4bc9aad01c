"""`python -m nlp.training.opinions FOLDER`: fit the blend on the held-out texts, and show how good it is.

What is shown for a text was fitted on the other half of the held-out texts, so the few weights of the blend
are measured as honestly as the models under it. `--save` writes the blend that is shipped, fitted on both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from nlp.encoder import MODELS, Encoder
from nlp.sentiment import arabic, english
from nlp.sentiment.blend import MODEL_PATH, Blend, Evidence, Row
from nlp.sentiment.linear import LinearModel
from nlp.sentiment.opinion import LABELS
from nlp.training.blend import Judged, calibration_error, fit, only
from nlp.training.datasets import SETS, TWO_CLASS_SETS, Example, read_sets

VERSION = "blend-1"
KINDS = {
    "ar": (("linear",), ("linear", "encoder")),
    "en": (("linear",), ("linear", "encoder")),
    "other": (("encoder",),),
}
"""The evidence that rows are fitted for; `other` learns from the texts of both languages."""
_HEADER = (
    f"{'set':<18}{'by':<24}{'macro-F1':>9}{'accuracy':>9}{'answered':>9}{'right':>7}"
    f"{'neg. right':>11}{'neg. found':>11}{'sure half':>10}{'ECE':>6}"
)
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Texts and their chances by weights that were fitted without them, with the thresholds of those."""

    found: list[Judged]
    chances: Array
    thresholds: Array


def judged(examples: Sequence[Example], linear: LinearModel, encoder: Encoder) -> Iterator[Judged]:
    """Yield each held-out text with what the models say of it."""
    for example in examples:
        if not example.held_out:
            continue
        reading = encoder.read(example.text)
        words = linear.read(example.text)
        if reading is None or not words:
            continue
        negative, neutral, positive = (float(value) for value in reading.sentiment)
        evidence = Evidence(linear.margins(words), (negative, neutral, positive))
        may_be_neutral = example.dataset not in TWO_CLASS_SETS
        yield Judged(example.dataset, LABELS.index(example.label), evidence, may_be_neutral)


def cross_fitted(found: Sequence[Judged], kind: Sequence[str]) -> Fitted:
    """Return the chances of every text by weights that were fitted on the other half."""
    parts = [list(found[start::2]) for start in (0, 1)]
    rows = [fit(part, kind) for part in reversed(parts)]
    chances = [_chances(part, row, kind) for part, row in zip(parts, rows, strict=True)]
    limits = [np.tile(row.thresholds, (len(part), 1)) for part, row in zip(parts, rows, strict=True)]
    return Fitted([*parts[0], *parts[1]], np.concatenate(chances), np.concatenate(limits))


def _chances(found: Sequence[Judged], row: Row, kind: Sequence[str]) -> Array:
    return np.array([row.chances(only(one.evidence, kind)) for one in found])


def table(fitted: Fitted, by: str) -> Iterator[str]:
    """Yield a line a data set and one for all, as under `_HEADER`."""
    sets = list(dict.fromkeys(one.dataset for one in fitted.found))
    for name in [*sets, *(["all"] if len(sets) > 1 else [])]:
        rows = [at for at, one in enumerate(fitted.found) if name in (one.dataset, "all")]
        yield _line(name, by, fitted, rows)


def _line(name: str, by: str, fitted: Fitted, rows: list[int]) -> str:
    truth = np.array([fitted.found[at].label for at in rows])
    chances = fitted.chances[rows]
    if not any(fitted.found[at].may_be_neutral for at in rows):
        chances = chances * [1.0, 0.0, 1.0]
        chances /= chances.sum(axis=1, keepdims=True)
    said, confidence = chances.argmax(axis=1), chances.max(axis=1)
    answered = confidence >= fitted.thresholds[rows][np.arange(len(rows)), said]
    right = said == truth
    negative = answered & (said == 0)
    surest = np.argsort(-confidence)[: len(rows) // 2]
    return (
        f"{name:<18}{by:<24}{f1_score(truth, said, average='macro'):>9.3f}{(said == truth).mean():>9.3f}"
        f"{answered.mean():>9.3f}{_share(right[answered]):>7.3f}{_share(right[negative]):>11.3f}"
        f"{(negative & right).sum() / max(1, (truth == 0).sum()):>11.3f}{_share(right[surest]):>10.3f}"
        f"{calibration_error(chances, truth):>6.3f}"
    )


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")


def reliability(fitted: Fitted) -> Iterator[str]:
    """Yield how often answers of each confidence are right, ten steps from 0 to 1."""
    confidence = fitted.chances.max(axis=1)
    right = fitted.chances.argmax(axis=1) == [one.label for one in fitted.found]
    steps = np.minimum((confidence * 10).astype(int), 9)
    for step in range(3, 10):
        there = steps == step
        if there.any():
            share = f"{confidence[there].mean():>8.3f} sure{right[there].mean():>8.3f} right"
            yield f"  {step / 10:.1f}…{(step + 1) / 10:.1f}{there.sum():>7} texts{share}"


def collect(folder: Path, models: Path, names: Iterable[str] | None = None) -> dict[str, list[Judged]]:
    """Return the held-out texts by language, `other` for both; only of the sets `names` where given."""
    encoder = Encoder(models)
    linear_models = {"ar": arabic.load(), "en": english.load()}
    found = {
        language: list(
            judged(
                [
                    example
                    for example in read_sets(folder / "sentiment", SETS[language])
                    if names is None or example.dataset in names
                ],
                linear,
                encoder,
            )
        )
        for language, linear in linear_models.items()
    }
    return {**found, "other": [*found["ar"], *found["en"]]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code is 0, or 2 where the sets are not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.opinions", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/*.tsv")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder of the encoder")
    parser.add_argument("--save", action="store_true", help="write the blend that is shipped")
    options = parser.parse_args(arguments)
    try:
        found = collect(options.folder, options.models)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    _say(_HEADER)
    rows: dict[str, dict[str, Row]] = {}
    for language, kinds in KINDS.items():
        for kind in kinds:
            fitted = cross_fitted(found[language], kind)
            for line in table(fitted, "+".join(kind)):
                _say(line)
            if kind == kinds[-1]:
                _say("\n".join(reliability(fitted)))
            rows.setdefault(language, {})["+".join(kind)] = fit(found[language], kind)
    if options.save:
        Blend(rows, VERSION).save(MODEL_PATH)
        _say(f"wrote {MODEL_PATH}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
