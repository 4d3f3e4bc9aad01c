"""The labelled sets: where they are read from, and which part of each is for what."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from nlp.text import fold
from storage.records import SentimentLabel

ARABIC_SETS = ("saudi_tourism", "absa16_ar_hotels", "ajgt", "arsarcasm_v2")
ENGLISH_SETS = ("vader_tweets", "vader_amazon", "vader_movie", "vader_nyt")
SETS = {"ar": ARABIC_SETS, "en": ENGLISH_SETS}
TWO_CLASS_SETS = frozenset({"ajgt"})
WRITTEN = "written"
"""The set of the posts that were written for this project (`written/posts-*.jsonl`)."""
IMPORTANCE = {WRITTEN: 3.0, "vader_movie": 0.3, "vader_nyt": 0.3}
"""How much a text of a set counts in training, against 1 for the others: the nearer to brands the more."""
_WRITTEN_FOLDER = Path(__file__).with_name("written")
_SEED = 20_260_101
_HELD_OUT_OF = 5


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text; `held_out` says that it is for measuring, never for training."""

    dataset: str
    text: str
    label: SentimentLabel
    held_out: bool


def read_sets(folder: Path, names: tuple[str, ...]) -> list[Example]:
    """Return the examples of the sets `names`, files `NAME.tsv` with columns text, label and split.

    Of a set without a part to measure on, a fifth, drawn with a fixed seed, is held out. Raises
    FileNotFoundError where a set is missing.
    """
    return [example for name in names for example in _read(folder / f"{name}.tsv")]


def read_written(language: str, folder: Path = _WRITTEN_FOLDER) -> list[Example]:
    """Return the posts in `language` (BCP 47) of every `posts-*.jsonl` in `folder`, as the set WRITTEN.

    About a fifth, by the hash of the folded text, is held out.
    """
    rows = [
        json.loads(line)
        for path in sorted(folder.glob("posts-*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [
        Example(
            WRITTEN, row["text"], SentimentLabel(row["sentiment"]), _hash(row["text"]) % _HELD_OUT_OF == 0
        )
        for row in rows
        if row["language"] == language
    ]


def _hash(text: str) -> int:
    return crc32(fold(text).encode("utf-8", "surrogatepass"))


def _read(path: Path) -> list[Example]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    held_out = [row["split"] != "train" for row in rows]
    if not any(held_out):
        chosen = set(random.Random(_SEED).sample(range(len(rows)), len(rows) // 5))  # noqa: S311 - a fixed split
        held_out = [index in chosen for index in range(len(rows))]
    return [
        Example(path.stem, row["text"], SentimentLabel(row["label"]), dev)
        for row, dev in zip(rows, held_out, strict=True)
    ]
