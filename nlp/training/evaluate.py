"""`python -m nlp.training.evaluate FOLDER`: the scores of docs/models.md, on the held-out parts.

`--unseen` also trains without each set in turn and measures on it: what to expect from a domain that
the model never saw.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sklearn.metrics import f1_score

from nlp.sentiment import arabic, english
from nlp.sentiment.linear import LinearModel, Reader
from nlp.sentiment.opinion import LABELS, Abstention, Opinion
from nlp.training.datasets import SETS, WRITTEN, Example, read_sets, read_written
from nlp.training.linear import fit
from storage.records import SentimentLabel

_HEADER = (
    f"{'set':<18}{'texts':>6}{'macro-F1':>10}{'accuracy':>10}{'answered':>10}{'right':>8}"
    f"{'neg. right':>12}{'neg. found':>12}"
)


class Model(Protocol):
    """What every sentiment model can do."""

    def opine(self, text: str) -> Opinion | Abstention:
        """Return an opinion or an abstention."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a model did on one set. Shares are 0…1; `forced` counts a guess where the model abstains."""

    texts: int
    forced_macro_f1: float | None
    forced_accuracy: float | None
    answered: float
    right: float
    negative_right: float
    negative_found: float


def score(model: Model, examples: Sequence[Example]) -> Score:
    """Return how `model` does on `examples`, both with its abstentions and, if linear, forced to guess."""
    answers = [model.opine(example.text) for example in examples]
    answered = [
        (opinion.label, example.label)
        for opinion, example in zip(answers, examples, strict=True)
        if isinstance(opinion, Opinion)
    ]
    negative = SentimentLabel.NEGATIVE
    called = [true for said, true in answered if said is negative]
    truth = [example.label for example in examples]
    forced = _forced(model, examples) if isinstance(model, LinearModel) else None
    return Score(
        texts=len(examples),
        forced_macro_f1=None if forced is None else float(f1_score(truth, forced, average="macro")),
        forced_accuracy=None
        if forced is None
        else _share(said is true for said, true in zip(forced, truth, strict=True)),
        answered=len(answered) / max(1, len(examples)),
        right=_share(said is true for said, true in answered),
        negative_right=_share(true is negative for true in called),
        negative_found=sum(true is negative for true in called) / max(1, truth.count(negative)),
    )


def _forced(model: LinearModel, examples: Sequence[Example]) -> list[SentimentLabel]:
    two_classes = all(example.label is not SentimentLabel.NEUTRAL for example in examples)
    choices = (0, 2) if two_classes else (0, 1, 2)
    chances = [model.probabilities(model.read(example.text)) for example in examples]
    return [LABELS[max(choices, key=row.__getitem__)] for row in chances]


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return sum(counted) / max(1, len(counted))


def _row(name: str, result: Score) -> str:
    def part(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    return (
        f"{name:<18}{result.texts:>6}{part(result.forced_macro_f1):>10}{part(result.forced_accuracy):>10}"
        f"{result.answered:>10.3f}{result.right:>8.3f}{result.negative_right:>12.3f}{result.negative_found:>12.3f}"
    )


def _print_table(title: str, model: Model, examples: Sequence[Example], names: Sequence[str]) -> None:
    _say(f"\n{title}\n{_HEADER}")
    for name in names:
        _say(_row(name, score(model, [example for example in examples if example.dataset == name])))
    if len(names) > 1:
        _say(_row("all", score(model, examples)))


def _print_unseen(title: str, examples: Sequence[Example], names: Sequence[str], read: Reader) -> None:
    _say(f"\n{title}, trained without the set it is measured on\n{_HEADER}")
    for name in names:
        known = [example for example in examples if example.dataset != name]
        model = fit(known, "unseen", lambda _step: None, read)
        held_out = [example for example in examples if example.dataset == name and example.held_out]
        _say(_row(name, score(model, held_out)))


def main() -> int:
    """Print the tables; the exit code is 0, or 2 where the sets are not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.evaluate", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/*.tsv")
    parser.add_argument("--unseen", action="store_true", help="also leave each set out in turn")
    options = parser.parse_args()
    for language, title, model in (("ar", "Arabic", arabic.load()), ("en", "English", english.load())):
        try:
            examples = read_sets(options.folder / "sentiment", SETS[language])
        except FileNotFoundError as error:
            parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
        examples += read_written(language)
        names = (*SETS[language], WRITTEN)
        held_out = [example for example in examples if example.held_out]
        _print_table(f"{title}, shipped linear model", model, held_out, names)
        if language == "en":
            _print_table(f"{title}, VADER alone", english.VaderModel(), held_out, names)
        if options.unseen:
            _print_unseen(title, examples, names, model.read)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
