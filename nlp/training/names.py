"""`python -m nlp.training.names FOLDER`: how well names are found, on the held-out sentences.

A name counts as found where label and both ends are right (Tjong Kim Sang & De Meulder 2003), marks around
it and a possessive ending aside.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.encoder_heads import TAGS
from nlp.encoder_names import trimmed
from nlp.text import fold
from nlp.training.encoder_data import Lesson, names_lessons
from storage.records import Entity

Find = Callable[[Sequence[str]], list[tuple[Entity, ...]]]
HELD_OUT = ("anercorp", "wojood_sample_test", "emerging.dev")
TOLD = frozenset({"PERSON", "LOC", "ORG"})
Name = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and their harmonic mean, 0…1."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)


def wanted(lesson: Lesson) -> set[Name]:
    """Return the names that a labelled sentence holds, of the kinds that are measured."""
    found: set[Name] = set()
    run: tuple[int, int, str] | None = None
    for (start, end), index in [*zip(lesson.words, lesson.tags, strict=True), ((0, 0), 0)]:
        part, _, label = TAGS[index].partition("-")
        if run and part == "I" and label == run[2]:
            run = (run[0], end, label)
            continue
        if run and run[2] in TOLD:
            found.add((*trimmed(lesson.text, run[0], run[1]), run[2]))
        run = (start, end, label) if part != "O" else None
    return found


def score(lessons: Sequence[Lesson], found: Iterable[tuple[Entity, ...]]) -> Score:
    """Return how the names `found` in each sentence compare with those wanted."""
    right = said = true = 0
    for lesson, entities in zip(lessons, found, strict=True):
        answers = {
            (*trimmed(lesson.text, entity.start, entity.end), entity.label)
            for entity in entities
            if entity.label in TOLD
        }
        names = wanted(lesson)
        right, said, true = right + len(answers & names), said + len(answers), true + len(names)
    return Score(right / max(1, said), right / max(1, true))


def held_out(folder: Path) -> dict[str, list[Lesson]]:
    """Return the sentences to measure on, by set; not those that stand among the others as well."""
    every = list(names_lessons(folder))
    taught = {fold(lesson.text) for lesson in every if not lesson.held_out}
    found = [lesson for lesson in every if lesson.held_out and fold(lesson.text) not in taught]
    return {name: [lesson for lesson in found if lesson.dataset == name] for name in HELD_OUT}


def main() -> int:
    """Print the table; the exit code is 0, or 2 where the sets are not in the folder."""
    from nlp.encoder import Encoder
    from nlp.encoder_names import names
    from nlp.entities import EnglishEntities

    parser = argparse.ArgumentParser(prog="python -m nlp.training.names", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds ner/*.conll")
    options = parser.parse_args()
    try:
        sets = held_out(options.folder)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    encoder = Encoder()

    def by_encoder(texts: Sequence[str]) -> list[tuple[Entity, ...]]:
        readings = [encoder.read(text) for text in texts]
        return [names(text, one) if one else () for text, one in zip(texts, readings, strict=True)]

    sys.stdout.write(f"{'set':<20}{'by':<10}{'precision':>10}{'recall':>10}{'F':>8}\n")
    for name, lessons in sets.items():
        finders: dict[str, Find] = {"encoder": by_encoder}
        if name == "emerging.dev":
            finders["spaCy"] = EnglishEntities().find
        for who, find in finders.items():
            result = score(lessons, find([lesson.text for lesson in lessons]))
            sys.stdout.write(
                f"{name:<20}{who:<10}{result.precision:>10.3f}{result.recall:>10.3f}{result.f:>8.3f}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
