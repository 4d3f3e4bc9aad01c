"""`python -m nlp.training.signals`: how well the customer signals are found in the lines kept for it.

The lines (nlp/training/written/signals-*.jsonl) were written for this project, with invented brands and
campaigns. The test half is never learned from. `--fit` first fits the classifier on the other half and
writes it; `--half train` prints that half instead; `--misses` lists what went wrong there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from nlp.aspects import AspectFinder, Judge
from nlp.brands import BrandMatcher
from nlp.patterns import BrandRule
from nlp.sentiment import arabic, english
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.signals import VERSION, Proposal, SignalFinder
from nlp.signals_classifier import DENSE_FEATURES, MODEL_PATH, WORD_BUCKETS, SignalClassifier
from nlp.signals_evidence import Signal
from nlp.signals_reading import Reading
from storage.records import AspectSentiment, BrandMatch, BrandRole, SignalMatch

WRITTEN = Path(__file__).parent / "written"
CAMPAIGNS = {
    "Summer of Colors": ("صيف الألوان", "Summer of Colors"),
    "White Friday": ("الجمعة البيضا", "White Friday"),
}
_OWN = {"Zaytel": "زيتل", "Baqalti": "بقالتي", "Faroora": "فارورة", "Torfan": "طرفان"}
_RIVALS = {"Novanet": "نوفانت", "Jeebly": "جيبلي", "Karkadia": "كركديا", "Voltix": "فولتكس"}
_PENALTIES = (0.3, 1.0, 3.0, 10.0)
_WORD_SHARE = 0.5
"""How much words count beside the other features when both explain a line: they are many and rare."""
_FOLDS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled line; `signals` holds (signal, evidence, about) with the evidence as in the text."""

    text: str
    language: str
    dialect: str | None
    signals: tuple[tuple[str, str, str | None], ...]
    split: str


def read_lines(folder: Path = WRITTEN) -> list[Line]:
    """Return all labelled lines. Raises FileNotFoundError where the folder does not hold them."""
    return [
        Line(
            row["text"],
            row["language"],
            row["dialect"],
            tuple((name, evidence, about) for name, evidence, about in row["signals"]),
            row["split"],
        )
        for language in ("ar", "en")
        for row in map(json.loads, (folder / f"signals-{language}.jsonl").read_text("utf-8").splitlines())
    ]


class Reader:
    """What the pipeline knows of a text before signals are sought: its brands and its sentiment."""

    def __init__(self) -> None:
        names = ((BrandRole.OWN, _OWN), (BrandRole.COMPETITOR, _RIVALS))
        self._matcher = BrandMatcher(
            [BrandRule(latin, role, (latin, other)) for role, some in names for latin, other in some.items()]
        )
        self._sentiment: dict[str, Judge] = {"ar": arabic.load(), "en": english.load()}
        self._aspects = AspectFinder({})

    def brands(self, line: Line) -> list[BrandMatch]:
        """Return the invented brands that the line names."""
        return self._matcher.find(line.text)

    def sentiment(self, line: Line) -> Opinion | Abstention:
        """Return the sentiment of the line, an abstention where its language has no model."""
        model = self._sentiment.get(line.language)
        return Abstention.NO_MODEL if model is None else model.opine(line.text)

    def aspects(self, line: Line) -> tuple[AspectSentiment, ...]:
        """Return the aspects that the line speaks of, judged clause by clause."""
        return self._aspects.find(line.text, line.language, self._sentiment.get(line.language))


def fit(lines: Sequence[Line], reader: Reader, say: Callable[[str], None]) -> SignalClassifier:
    """Return a classifier fitted on `lines`: the penalty by folds of whole lines, then on all of them."""
    untaught = SignalClassifier(np.zeros(DENSE_FEATURES), np.zeros(WORD_BUCKETS, np.float32), "")
    finder = SignalFinder(CAMPAIGNS, untaught)
    rows: list[Proposal] = []
    truth: list[bool] = []
    groups: list[int] = []
    for number, line in enumerate(lines):
        named = {name for name, _, _ in line.signals}
        reading = Reading(line.text, reader.brands(line))
        for proposal in finder.propose(reading, (), reader.sentiment(line))[0]:
            rows.append(proposal)
            truth.append(str(proposal.candidate.signal) in named)
            groups.append(number)
    matrix = _matrix(rows)
    labels = np.array(truth)
    losses = {penalty: _loss(matrix, labels, np.array(groups), penalty) for penalty in _PENALTIES}
    best = min(losses, key=losses.__getitem__)
    say(f"{len(rows)} candidates, {labels.mean():.2f} of them right; log loss by penalty {losses}")
    machine = _machine(best).fit(matrix, labels)
    weights = machine.coef_[0]
    weights[0] += machine.intercept_[0]
    words = (weights[DENSE_FEATURES:] * _WORD_SHARE).astype(np.float32)
    return SignalClassifier(np.round(weights[:DENSE_FEATURES], 5), words, VERSION)


def _machine(penalty: float) -> LogisticRegression:
    return LogisticRegression(C=penalty, max_iter=2000)


def _loss(
    matrix: sparse.csr_matrix, labels: NDArray[np.bool_], groups: NDArray[np.int64], penalty: float
) -> float:
    total = 0.0
    for train, held_out in GroupKFold(_FOLDS).split(matrix, labels, groups):
        chances = _machine(penalty).fit(matrix[train], labels[train]).predict_proba(matrix[held_out])[:, 1]
        right = np.where(labels[held_out], chances, 1 - chances)
        total -= float(np.log(np.maximum(right, 1e-6)).sum())
    return round(total / len(labels), 4)


def _matrix(rows: Sequence[Proposal]) -> sparse.csr_matrix:
    dense = np.array([row.dense for row in rows])
    words = sparse.lil_matrix((len(rows), WORD_BUCKETS))
    for index, row in enumerate(rows):
        for bucket, count in Counter(row.buckets).items():
            words[index, bucket] = count * len(row.buckets) ** -0.5 * _WORD_SHARE
    return sparse.hstack([sparse.csr_matrix(dense), words]).tocsr()


@dataclass(slots=True)
class Tally:
    """Counts of one signal over texts: right, false and missed, and how many of the right have evidence."""

    right: int = 0
    false: int = 0
    missed: int = 0
    placed: int = 0
    about_right: int = 0
    about_asked: int = 0

    @property
    def precision(self) -> float:
        """The share of the texts called so that are."""
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        """The share of the texts that are so that were called so."""
        return self.right / max(1, self.right + self.missed)


def count(line: Line, found: Sequence[SignalMatch], tallies: dict[str, Tally]) -> None:
    """Add one text to the tallies. Evidence counts as found where it shares a character with the label's."""
    named = {name for name, _, _ in line.signals}
    said = {match.signal for match in found}
    for signal in named | said:
        tally = tallies.setdefault(signal, Tally())
        tally.right += signal in named and signal in said
        tally.false += signal not in named
        tally.missed += signal not in said
    for signal in named & said:
        tally = tallies[signal]
        places = [(match.start, match.end) for match in found if match.signal == signal]
        labelled = [
            (line.text.index(evidence), line.text.index(evidence) + len(evidence))
            for name, evidence, _ in line.signals
            if name == signal
        ]
        tally.placed += any(one < end and start < other for one, other in places for start, end in labelled)
        asked = [about for name, _, about in line.signals if name == signal and about]
        given = [match.about for match in found if match.signal == signal and match.about]
        tally.about_asked += bool(asked)
        tally.about_right += any(_same(one, other) for one in asked for other in given)


def _same(one: str, other: str) -> bool:
    return one in other or other in one


def evaluate(
    finder: SignalFinder,
    reader: Reader,
    lines: Sequence[Line],
    miss: Callable[[Line, list[SignalMatch]], None],
) -> tuple[dict[str, Tally], list[tuple[float, bool]]]:
    """Return the tallies by signal, and each confidence given with whether it was right."""
    tallies: dict[str, Tally] = {str(signal): Tally() for signal in Signal}
    sure: list[tuple[float, bool]] = []
    for line in lines:
        found = list(
            finder.find(
                line.text, line.language, reader.brands(line), reader.aspects(line), reader.sentiment(line)
            )
        )
        named = {name for name, _, _ in line.signals}
        count(line, found, tallies)
        sure += [(match.confidence, match.signal in named) for match in found]
        if {match.signal for match in found} != named:
            miss(line, found)
    return tallies, sure


def _print_table(title: str, tallies: dict[str, Tally], say: Callable[[str], None]) -> None:
    say(f"\n{title}\n{'signal':<20}{'texts':>6}{'precision':>11}{'recall':>8}{'evidence':>10}{'about':>8}")
    everything = Tally()
    for name, tally in tallies.items():
        say(_row(name, tally))
        for field in ("right", "false", "missed", "placed", "about_right", "about_asked"):
            setattr(everything, field, getattr(everything, field) + getattr(tally, field))
    say(_row("all", everything))


def _row(name: str, tally: Tally) -> str:
    about = f"{tally.about_right / tally.about_asked:>8.3f}" if tally.about_asked else f"{'–':>8}"
    placed = tally.placed / max(1, tally.right)
    return (
        f"{name:<20}{tally.right + tally.missed:>6}{tally.precision:>11.3f}{tally.recall:>8.3f}"
        f"{placed:>10.3f}{about}"
    )


def calibration_error(sure: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Return the expected calibration error over `bins` equal bins (Naeini et al., 2015), 0…1."""
    total = 0.0
    for index in range(bins):
        inside = [pair for pair in sure if min(bins - 1, int(pair[0] * bins)) == index]
        if inside:
            gap = sum(chance for chance, _ in inside) - sum(right for _, right in inside)
            total += abs(gap)
    return total / max(1, len(sure))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit if asked, print the tables; the exit code is 0."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.signals", description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the classifier on the training half first")
    parser.add_argument("--half", choices=("train", "test"), default="test", help="which lines to measure on")
    parser.add_argument("--misses", action="store_true", help="list the lines of the half that went wrong")
    options = parser.parse_args(arguments)
    lines, reader = read_lines(), Reader()
    if options.fit:
        fit([line for line in lines if line.split == "train"], reader, _say).save(MODEL_PATH)
        _say(f"wrote {MODEL_PATH} ({MODEL_PATH.stat().st_size / 1e3:.0f} kB)")
    finder = SignalFinder(CAMPAIGNS)
    measured = [line for line in lines if line.split == options.half]
    groups: dict[str, list[Line]] = {
        "Arabic": [line for line in measured if line.language != "en"],
        "English": [line for line in measured if line.language == "en"],
    }
    for title, some in groups.items():
        tallies, sure = evaluate(finder, reader, some, _show if options.misses else lambda *_: None)
        _print_table(f"{title}, {len(some)} lines", tallies, _say)
        _say(f"calibration error {calibration_error(sure):.3f}")
    for dialect in sorted({line.dialect for line in measured if line.dialect}):
        some = [line for line in measured if line.dialect == dialect]
        tallies, _ = evaluate(finder, reader, some, lambda *_: None)
        _say(_row(dialect, _sum(tallies.values())))
    return 0


def _sum(tallies: Iterable[Tally]) -> Tally:
    some = list(tallies)
    return Tally(
        sum(one.right for one in some),
        sum(one.false for one in some),
        sum(one.missed for one in some),
        sum(one.placed for one in some),
        sum(one.about_right for one in some),
        sum(one.about_asked for one in some),
    )


def _show(line: Line, found: list[SignalMatch]) -> None:
    named = {name for name, _, _ in line.signals}
    said = {match.signal for match in found}
    _say(f"missed {sorted(named - said)} false {sorted(said - named)}: {line.text}")
    for match in found:
        if match.signal not in named:
            _say(f"      {match.signal} {match.confidence}: {line.text[match.start : match.end]}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
