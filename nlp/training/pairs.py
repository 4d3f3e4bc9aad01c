"""`python -m nlp.training.pairs`: how often the shipped sentiment tells two nearly equal texts apart.

The pairs stand in `written/pairs-*.tsv`: two texts that differ in little and do not mean the same, by
phenomenon and dialect. They are for measuring alone and no model is trained on them. A pair passes
where both its texts get their label (after the contrast sets of Gardner et al., "Evaluating Models'
Local Decision Boundaries via Contrast Sets", 2020).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from nlp.pipeline import Pipeline, PipelineConfig, Profile, TextItem
from storage.records import SentimentLabel

FOLDER = Path(__file__).parent / "written"
_HEADER = f"{'':<20}{'pairs':>6}{'passed':>8}{'texts right':>13}{'abstained':>11}{'wrong':>7}"

Judge = Callable[[Sequence[str]], Sequence[SentimentLabel | None]]
"""Texts in, a label for each out; None is an abstention."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a pair and the label that a reader gives it."""

    text: str
    label: SentimentLabel


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that differ in little and have different labels."""

    phenomenon: str
    dialect: str
    texts: tuple[Text, Text]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said of both texts of a pair; None is an abstention."""

    pair: Pair
    said: tuple[SentimentLabel | None, SentimentLabel | None]

    @property
    def right(self) -> int:
        """Of the two texts, how many got their label."""
        return sum(label is text.label for label, text in zip(self.said, self.pair.texts, strict=True))


@dataclass(frozen=True, slots=True)
class Tally:
    """Shares, 0…1, over some outcomes: pairs passed; texts right, abstained from and wrong (sum 1)."""

    pairs: int
    passed: float
    right: float
    abstained: float
    wrong: float

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Tally:
        """Return the shares over `outcomes`; all are 0 where there are none."""
        counted = list(outcomes)
        pairs, texts = max(1, len(counted)), max(1, 2 * len(counted))
        right = sum(outcome.right for outcome in counted) / texts
        abstained = sum(label is None for outcome in counted for label in outcome.said) / texts
        passed = sum(outcome.right == 2 for outcome in counted) / pairs
        return cls(len(counted), passed, right, abstained, 1 - right - abstained if counted else 0.0)


def read_pairs(folder: Path = FOLDER) -> list[Pair]:
    """Return the pairs of every `pairs-*.tsv` in `folder`, in the order of file and line.

    The columns are phenomenon, dialect, text_a, label_a, text_b, label_b. Raises ValueError for an
    unknown label and FileNotFoundError where there is no such file.
    """
    found = []
    for path in sorted(folder.glob("pairs-*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                one = Text(row["text_a"], SentimentLabel(row["label_a"]))
                other = Text(row["text_b"], SentimentLabel(row["label_b"]))
                found.append(Pair(row["phenomenon"], row["dialect"], (one, other)))
    if not found:
        raise FileNotFoundError(2, "no pairs-*.tsv there", str(folder))
    return found


def outcomes(judge: Judge, pairs: Sequence[Pair]) -> list[Outcome]:
    """Return what `judge` says of each pair, in order."""
    said = iter(judge([text.text for text in chain.from_iterable(pair.texts for pair in pairs)]))
    return [Outcome(pair, (next(said), next(said))) for pair in pairs]


def pipeline_judge(profile: Profile) -> Judge:
    """Return the judge that is shipped: the whole pipeline, which finds out the language by itself."""
    pipeline = Pipeline(PipelineConfig(profile=profile))

    def judge(texts: Sequence[str]) -> list[SentimentLabel | None]:
        items = [TextItem(str(number), text) for number, text in enumerate(texts)]
        return [analysis.sentiment_label for analysis in pipeline.analyze(items)]

    return judge


def table(found: Sequence[Outcome]) -> str:
    """Return the rates by phenomenon, by dialect and over all, as lines for a terminal."""
    lines = [_HEADER]
    for of_pair in (_phenomenon, _dialect):
        for name in sorted({of_pair(outcome.pair) for outcome in found}):
            lines.append(_row(name, [outcome for outcome in found if of_pair(outcome.pair) == name]))
        lines.append("")
    return "\n".join([*lines, _row("all", found)])


def _phenomenon(pair: Pair) -> str:
    return pair.phenomenon


def _dialect(pair: Pair) -> str:
    return pair.dialect


def _row(name: str, found: Sequence[Outcome]) -> str:
    tally = Tally.of(found)
    return (
        f"{name:<20}{tally.pairs:>6}{tally.passed:>8.2f}{tally.right:>13.2f}"
        f"{tally.abstained:>11.2f}{tally.wrong:>7.2f}"
    )


def _failures(found: Sequence[Outcome]) -> str:
    return "\n".join(
        f"{outcome.pair.phenomenon}\t{outcome.pair.dialect}\t{text.text}\t{text.label}\t{said or 'abstained'}"
        for outcome in found
        for text, said in zip(outcome.pair.texts, outcome.said, strict=True)
        if said is not text.label
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each profile; the exit code is 0, or 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.pairs", description=__doc__)
    parser.add_argument("--profile", choices=[*Profile], help="only this profile; both when left out")
    parser.add_argument("--failures", action="store_true", help="also list every text that was not right")
    options = parser.parse_args(arguments)
    pairs = read_pairs()
    for profile in [Profile(options.profile)] if options.profile else [Profile.FAST, Profile.FULL]:
        found = outcomes(pipeline_judge(profile), pairs)
        sys.stdout.write(f"\n{profile} profile\n{table(found)}\n")
        if options.failures:
            sys.stdout.write(f"\n{_failures(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
