"""`python -m nlp.training.languages FOLDER`: build the Arabizi and dialect models from the sets in FOLDER.

It ends by printing how each does on what was held out: of English, the share called Arabizi; of the
tweets, macro-F1 over five dialects.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sklearn.metrics import f1_score

from nlp import arabizi, dialect
from nlp.training import arabizi as fitting_arabizi
from nlp.training import dialect as fitting_dialect
from nlp.training.datasets import ARABIC_SETS, ENGLISH_SETS, Example, read_sets
from nlp.training.dialect import DialectExample, read_written

_SPELLED_SETS = tuple(name for name in ARABIC_SETS if name != "absa16_ar_hotels")
"""The Arabic sets that are spelled in Latin letters: those that people wrote as they speak."""
_LATIN_POSTS = ("posts-arabizi.jsonl", "posts-en.jsonl")


def build_arabizi(folder: Path, path: Path) -> None:
    """Fit the Arabizi model on the sets in `folder` and write it to `path`."""
    arabic = _training_texts(read_sets(folder, _SPELLED_SETS))
    arabic += [example.text for example in read_written(fitting_arabizi.WRITTEN)]
    in_english = read_sets(folder, ENGLISH_SETS)
    written = fitting_arabizi.read_written(_latin_posts(fitting_arabizi.WRITTEN))
    lines = list(fitting_arabizi.lines(arabic, _training_texts(in_english), written))
    model = fitting_arabizi.fit(lines, arabizi.VERSION, _say)
    model.save(path)
    held_out = [arabizi.latin_words(example.text) for example in in_english if example.held_out]
    wrong = sum(model.log_odds(words) > 0 for words in held_out)
    _say(f"wrote {path}; of {len(held_out):,} English texts held out {wrong} look like Arabizi")


def build_dialect(folder: Path, path: Path) -> None:
    """Fit the dialect model on the sets in `folder` and write it to `path`."""
    examples = fitting_dialect.read_examples(folder)
    model = fitting_dialect.fit(examples, dialect.VERSION, _say)
    model.save(path)
    score = macro_f1(model, [example for example in examples if example.held_out])
    _say(f"wrote {path}; macro-F1 on the tweets held out {score:.3f}")


def macro_f1(model: dialect.DialectModel, examples: Sequence[DialectExample]) -> float:
    """Return macro-F1, 0…1, over the five dialects, of the likeliest dialect of each text."""
    chosen = []
    for example in examples:
        chances = model.chances(example.text)
        chosen.append(dialect.DIALECTS[chances.index(max(chances))])
    truth = [example.dialect for example in examples]
    return float(f1_score(truth, chosen, labels=dialect.DIALECTS, average="macro", zero_division=0.0))


def _training_texts(examples: Sequence[Example]) -> list[str]:
    return [example.text for example in examples if not example.held_out]


def _latin_posts(folder: Path) -> list[tuple[str, str]]:
    """Return the language and text of the written posts in Latin letters."""
    lines = [line for name in _LATIN_POSTS for line in (folder / name).read_text("utf-8").splitlines()]
    return [(post["language"], post["text"]) for post in map(json.loads, lines)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, save and say where; the exit code is 0, or 2 where the sets are not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.languages", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/*.tsv")
    parser.add_argument(
        "--out", type=Path, default=dialect.MODEL_PATH.parent, help="where to write the models"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        build_dialect(options.folder / "sentiment", options.out / dialect.MODEL_PATH.name)
        build_arabizi(options.folder / "sentiment", options.out / arabizi.MODEL_PATH.name)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    return 0


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    sys.exit(main())
