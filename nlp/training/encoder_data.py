"""What the encoder learns from: texts with a label, a dialect, names or opinions of their parts."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zlib import crc32

from nlp.dialect import DIALECTS
from nlp.encoder_heads import TAGS
from nlp.sentiment.opinion import LABELS
from nlp.text import fold
from nlp.training.datasets import ARABIC_SETS, ENGLISH_SETS, TWO_CLASS_SETS, Example, read_sets
from storage.records import SentimentLabel

Span = tuple[int, int, int]
"""Start, end (code points) and the index of the head's answer."""

_WORD = re.compile(r"\S+")
WRITTEN = Path(__file__).with_name("written")
REPEATS = {"saudi_tourism": 2.0, "ajgt": 2.0, "vader_tweets": 2.0, "vader_amazon": 2.0, "written": 2.0,
           "written_names": 2.0, "vader_movie": 0.5, "vader_nyt": 0.25}  # fmt: skip
"""How often a text of a set is met in one epoch, other sets once: what is nearest to brands counts most."""
_DIALECT_NAMES = dict(zip(("msa", "gulf", "egypt", "levant", "magreb"), DIALECTS, strict=True))
_TAG_NAMES = {"PER": "PERSON", "person": "PERSON", "LOC": "LOC", "location": "LOC", "ORG": "ORG",
              "corporation": "ORG", "group": "ORG", "product": "PRODUCT"}  # fmt: skip


@dataclass(slots=True)
class Lesson:
    """One text and what is known of it; None or nothing where a head learns nothing from it.

    `words` are the spans of the words that `tags` are about, one each.
    """

    dataset: str
    text: str
    held_out: bool = False
    label: int | None = None
    may_be_neutral: bool = True
    dialect: int | None = None
    words: list[tuple[int, int]] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    polarities: list[Span] = field(default_factory=list)


def lessons(folder: Path) -> list[Lesson]:
    """Return all lessons of the labelled sets in `folder` and of the posts written for this project."""
    examples = read_sets(folder / "sentiment", (*ARABIC_SETS, *ENGLISH_SETS))
    dialects = _dialects(folder / "sentiment" / "arsarcasm_v2.tsv")
    found = [
        Lesson(
            example.dataset,
            example.text,
            example.held_out,
            LABELS.index(example.label),
            example.dataset not in TWO_CLASS_SETS,
            dialects.get(example.text) if example.dataset == "arsarcasm_v2" else None,
        )
        for example in examples
    ]
    by_text = {lesson.text: lesson for lesson in found}
    for lesson in aspect_lessons(folder, examples):
        same = by_text.get(lesson.text)
        if same is None or same.held_out:
            found.append(lesson)
        else:
            same.polarities = lesson.polarities
    found += names_lessons(folder)
    found += _written()
    found += _written_names()
    with (WRITTEN / "dialect.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found += [Lesson("written", row["text"], dialect=DIALECTS.index(row["dialect"])) for row in rows]
    return found


def aspect_lessons(folder: Path, examples: Iterable[Example]) -> list[Lesson]:
    """Return the hotel sentences with the opinions of their aspects.

    A sentence that `examples` hold out is held out here too; of the others about a fifth, by its hash.
    """
    known = {fold(example.text): example.held_out for example in examples}
    by_text: dict[str, Lesson] = {}
    for line in (folder / "aspects" / "hotels_ar.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["text"]
        folded = fold(text)
        held_out = known.get(folded, crc32(folded.encode()) % 5 == 0)
        lesson = by_text.setdefault(text, Lesson("hotel_aspects", text, held_out))
        start = text.find(row["aspect"])
        if start >= 0:
            label = LABELS.index(SentimentLabel(row["label"]))
            lesson.polarities.append((start, start + len(row["aspect"]), label))
    return [lesson for lesson in by_text.values() if lesson.polarities]


def _dialects(path: Path) -> dict[str, int]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["text"]: DIALECTS.index(_DIALECT_NAMES[row["dialect"]]) for row in rows}


def names_lessons(folder: Path) -> Iterator[Lesson]:
    """Yield sentences with tagged words. The last fifth of ANERcorp, in its order, is held out."""
    sentences = list(read_conll(folder / "ner" / "anercorp_train.conll"))
    first_held_out = len(sentences) * 4 // 5
    for index, sentence in enumerate(sentences):
        yield _tagged("anercorp", sentence, index >= first_held_out)
    for name, held_out in (
        ("wojood_sample_train", False),
        ("wojood_sample_test", True),
        ("wnut17train", False),
        ("emerging.dev", True),
    ):
        for sentence in read_conll(folder / "ner" / f"{name}.conll"):
            yield _tagged(name, sentence, held_out)


def read_conll(path: Path) -> Iterator[list[tuple[str, str]]]:
    """Yield the sentences of a file with a word and its tag a line, a blank line after each sentence."""
    sentence: list[tuple[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, tag = line.rpartition("\t") if "\t" in line else line.rpartition(" ")
        if word.strip():
            sentence.append((word.split("\t")[0].strip(), tag.strip()))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


@lru_cache(maxsize=100)
def tag_index(tag: str) -> int:
    """Return the index in `TAGS` of a data set's tag; kinds that we do not tell are outside names."""
    part, _, kind = tag.partition("-")
    label = _TAG_NAMES.get(kind)
    return TAGS.index(f"{part}-{label}") if label and part in ("B", "I") else 0


def _tagged(name: str, sentence: list[tuple[str, str]], held_out: bool) -> Lesson:
    lesson = Lesson(name, " ".join(word for word, _ in sentence), held_out)
    at = 0
    for word, tag in sentence:
        lesson.words.append((at, at + len(word)))
        lesson.tags.append(tag_index(tag))
        at += len(word) + 1
    return lesson


def _written() -> Iterator[Lesson]:
    for path in sorted(WRITTEN.glob("posts-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            lesson = Lesson("written", row["text"], label=LABELS.index(SentimentLabel(row["sentiment"])))
            if row.get("dialect") in DIALECTS:
                lesson.dialect = DIALECTS.index(row["dialect"])
            for words, _, label in row.get("aspects", ()):
                start = row["text"].find(words)
                if start >= 0:
                    span = (start, start + len(words), LABELS.index(SentimentLabel(label)))
                    lesson.polarities.append(span)
            yield lesson


def _written_names() -> Iterator[Lesson]:
    """Yield the posts with names; a particle before a name belongs to its word, as in the labelled sets."""
    for path in sorted(WRITTEN.glob("names-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = row["text"]
            lesson = Lesson("written_names", text, words=[m.span() for m in _WORD.finditer(text)])
            lesson.tags = [0] * len(lesson.words)
            for name, label in row["names"]:
                _tag(lesson, text, name, label)
            yield lesson


def _tag(lesson: Lesson, text: str, name: str, label: str) -> None:
    for found in re.finditer(re.escape(name), text):
        start, end = found.span()
        part = "B"
        for index, (first, last) in enumerate(lesson.words):
            if first < end and start < last and lesson.tags[index] == 0:
                lesson.tags[index] = TAGS.index(f"{part}-{label}")
                part = "I"


def sample(
    all_lessons: Iterable[Lesson], repeats: Mapping[str, float], random_: random.Random
) -> list[Lesson]:
    """Return the lessons of one epoch: each as often as `repeats` says of its set, a fraction by chance."""
    chosen: list[Lesson] = []
    for lesson in all_lessons:
        times = repeats.get(lesson.dataset, 1.0)
        chosen += [lesson] * (int(times) + (random_.random() < times % 1))
    return chosen
