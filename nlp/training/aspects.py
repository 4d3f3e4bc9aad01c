"""`python -m nlp.training.aspects FOLDER`: how well aspects are found, and how they fare is told.

Two measures: the polarity of aspects whose words are given, on the held-out part of aspects/hotels_ar.jsonl
in FOLDER beside two baselines; and, with `--table`, finding and polarity on lines labelled
`aspect:polarity …`, by dialect.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import f1_score

from nlp.aspects import AspectFinder, Judge
from nlp.sentiment import arabic
from nlp.sentiment.english import VaderModel
from nlp.sentiment.linear import LinearModel
from nlp.sentiment.opinion import LABELS
from nlp.training.datasets import read_sets
from nlp.training.encoder_data import aspect_lessons
from storage.records import SentimentLabel

_HOTELS = "absa16_ar_hotels"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, the place of an aspect's words in it in code points, and how it fares."""

    text: str
    start: int
    end: int
    label: SentimentLabel


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the table, its dialect or language, and the polarity of each aspect that it speaks of."""

    text: str
    dialect: str
    aspects: dict[str, str]


@dataclass
class Counts:
    """Aspects found rightly, found wrongly and missed; and of the right ones, with the right polarity."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    polarity: int = 0
    unlabelled: int = 0

    def row(self, name: str) -> str:
        """Return the counts as shares, 0…1, for a table."""
        found, there = self.right + self.wrong, self.right + self.missed
        return (
            f"{name:<12}{there:>8}{self.right / max(1, found):>11.3f}{self.right / max(1, there):>8.3f}"
            f"{self.polarity / max(1, self.right):>10.3f}{self.unlabelled / max(1, self.right):>12.3f}"
        )


def held_out_hotels(folder: Path) -> list[Labelled]:
    """Return the aspects of the hotel reviews that no model here was trained on.

    Those are the texts held out of the sentiment set made from the same reviews and, of the texts that
    set leaves out since their aspects disagree, about a fifth by their hash, as `encoder_data` splits them.
    Raises FileNotFoundError where a set is missing.
    """
    examples = read_sets(folder / "sentiment", (_HOTELS,))
    return [
        Labelled(lesson.text, start, end, LABELS[label])
        for lesson in aspect_lessons(folder, examples)
        if lesson.held_out
        for start, end, label in lesson.polarities
    ]


def read_table(path: Path, part: str) -> list[Line]:
    """Return the lines of a table with the columns part, dialect, text and aspects that are in `part`."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Line(
            row["text"],
            row["dialect"],
            {aspect: label for entry in row["aspects"].split() for aspect, label in [entry.split(":")]},
        )
        for row in rows
        if row["part"] == part
    ]


def count(
    finder: AspectFinder, lines: Sequence[Line], judge: Callable[[str], Judge | None]
) -> dict[str, Counts]:
    """Return the counts by dialect, and of all lines as "all"; `judge` gives a dialect's judge.

    An aspect is counted once a text, with the first polarity that is told.
    """
    counts: dict[str, Counts] = defaultdict(Counts)
    for line in lines:
        found: dict[str, str | None] = {}
        for each in finder.find(line.text, _language(line.dialect), judge(line.dialect)):
            found[each.aspect] = found.get(each.aspect) or (each.label and str(each.label))
        both = found.keys() & line.aspects.keys()
        for tally in (counts[line.dialect], counts["all"]):
            tally.right += len(both)
            tally.wrong += len(found.keys() - both)
            tally.missed += len(line.aspects.keys() - both)
            tally.polarity += sum(found[aspect] == line.aspects[aspect] for aspect in both)
            tally.unlabelled += sum(found[aspect] is None for aspect in both)
    return dict(counts)


def _language(dialect: str) -> str:
    return {"en": "en", "fr": "fr", "arabizi": "ar-Latn"}.get(dialect, "ar")


def _disagreeing(examples: Sequence[Labelled]) -> list[Labelled]:
    labels: dict[str, set[SentimentLabel]] = defaultdict(set)
    for each in examples:
        labels[each.text].add(each.label)
    return [each for each in examples if len(labels[each.text]) > 1]


def _print_hotels(title: str, examples: Sequence[Labelled], model: LinearModel, finder: AspectFinder) -> None:
    truth = [each.label for each in examples]
    whole = [LABELS[_best(model.probabilities(model.read(each.text)))] for each in examples]
    chances = [
        (
            finder.chances(each.text, each.start, each.end, None),
            finder.chances(each.text, each.start, each.end, model),
        )
        for each in examples
    ]
    positive = SentimentLabel.POSITIVE
    _say(f"\n{title} ({len(examples):,})\n{'':<28}{'accuracy':>10}{'macro-F1':>10}")
    _score("always positive", truth, [positive] * len(truth))
    _score("sentiment of the whole text", truth, whole)
    _score("words alone", truth, [LABELS[_best(words)] if words else positive for words, _ in chances])
    _score("words and judge", truth, [LABELS[_best(both)] if both else positive for _, both in chances])
    said = [(each, both) for each, (_, both) in zip(truth, chances, strict=True) if both and max(both) >= 0.5]
    right = sum(LABELS[_best(both)] is label for label, both in said)
    _say(f"labelled {len(said) / max(1, len(truth)):.3f}, of those right {right / max(1, len(said)):.3f}")


def _best(chances: Sequence[float]) -> int:
    return max(range(len(chances)), key=chances.__getitem__)


def _score(name: str, truth: Sequence[SentimentLabel], said: Sequence[SentimentLabel]) -> None:
    accuracy = sum(one is other for one, other in zip(truth, said, strict=True)) / max(1, len(truth))
    _say(f"{name:<28}{accuracy:>10.3f}{f1_score(truth, said, average='macro'):>10.3f}")


def _print_table(title: str, counts: dict[str, Counts]) -> None:
    _say(f"\n{title}\n{'':<12}{'aspects':>8}{'precision':>11}{'recall':>8}{'polarity':>10}{'unlabelled':>12}")
    for name in sorted(counts, key=lambda each: (each == "all", each)):
        _say(counts[name].row(name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code is 0, or 2 where a set is not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.aspects", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds aspects/ and sentiment/")
    parser.add_argument(
        "--table", type=Path, help="lines labelled with aspects, as tests/unit/aspects_table.tsv"
    )
    options = parser.parse_args(arguments)
    finder, model = AspectFinder({}), arabic.load()
    try:
        hotels = held_out_hotels(options.folder)
        _print_hotels("Polarity of given aspects of hotels", hotels, model, finder)
        _print_hotels("Of those, in texts whose aspects disagree", _disagreeing(hotels), model, finder)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    if options.table:
        english = VaderModel()
        judges: dict[str, Judge | None] = {"en": english, "fr": None, "arabizi": None}
        for part in ("dev", "test"):
            lines = read_table(options.table, part)
            _print_table(f"Written lines, {part}", count(finder, lines, lambda name: judges.get(name, model)))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
