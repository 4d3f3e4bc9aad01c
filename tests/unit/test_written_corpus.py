"""The written posts and names: legal labels, words that stand in the text, nothing twice."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from nlp.aspects import ASPECTS
from nlp.text import fold
from nlp.training.encoder_data import WRITTEN
from storage.records import SentimentLabel

POSTS = sorted(WRITTEN.glob("posts-*.jsonl"))
NAMES = sorted(WRITTEN.glob("names-*.jsonl"))
DIALECTS: dict[str, set[str | None]] = {
    "en": {None},
    "fr": {None},
    "ar": {"msa", "gulf", "egyptian", "levantine", "maghrebi"},
    "ar-Latn": {"gulf", "egyptian", "levantine", "maghrebi"},
}
ATTACHED = ("", *"وفبلكع", "وب", "ول", "وال", "فب", "فل", "ال", "وع", "عال", "لـ")


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_file(paths: list[Path]) -> pytest.MarkDecorator:
    """Return a test's parameters: one for each file, called by its name."""
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_all_files_are_there() -> None:
    assert [path.stem for path in NAMES] == ["names-ar", "names-en"]
    assert {path.stem for path in POSTS} >= {
        f"posts-{kind}" for kind in ("arabizi", "egyptian", "en", "gulf", "levantine", "maghrebi", "msa")
    }


@by_file(POSTS + NAMES)
def test_language_and_dialect_fit(path: Path) -> None:
    wrong = [row for row in rows(path) if row["dialect"] not in DIALECTS.get(row["language"], set())]
    assert wrong == []


@by_file(POSTS + NAMES)
def test_no_text_is_blank_or_written_twice_or_is_one_to_measure_on(path: Path) -> None:
    folded = Counter(fold(row["text"]).strip() for row in rows(path))
    assert [text for text, times in folded.items() if times > 1 or not text] == []
    assert sorted(folded.keys() & pair_texts()) == []


def pair_texts() -> set[str]:
    """Return the folded texts of the minimal pairs."""
    found = set()
    for path in WRITTEN.glob("pairs-*.tsv"):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                found |= {fold(row["text_a"]).strip(), fold(row["text_b"]).strip()}
    return found


@by_file(POSTS)
def test_posts_have_legal_labels_and_their_aspects_words_stand_in_the_text(path: Path) -> None:
    sentiments = set(SentimentLabel)
    for row in rows(path):
        assert set(row) == {"text", "language", "dialect", "sentiment", "aspects"}, row
        assert row["sentiment"] in sentiments, row
        for words, aspect, sentiment in row["aspects"]:
            assert words.strip() == words != "" and words in row["text"], (words, row)
            assert aspect in ASPECTS and sentiment in sentiments, row


@by_file(NAMES)
def test_names_have_legal_labels_and_begin_and_end_as_words(path: Path) -> None:
    for row in rows(path):
        assert set(row) == {"text", "language", "dialect", "names"}, row
        found = [name for name, _ in row["names"]]
        assert len(found) == len(set(found)), row
        for name, label in row["names"]:
            assert label in {"PERSON", "LOC", "ORG", "PRODUCT"}, row
            assert stands(name, row["text"]), (name, row)


def stands(name: str, text: str) -> bool:
    """Return whether every place of a name in a text is a word, particles before it aside."""
    places, at = [], text.find(name)
    while at >= 0:
        places.append(at)
        at = text.find(name, at + 1)
    return bool(places) and all(
        last_word(text[:place]) in ATTACHED and not text[place + len(name) :][:1].isalnum()
        for place in places
    )


def last_word(text: str) -> str:
    """Return the letters that a text ends in."""
    end = len(text)
    while end and text[end - 1].isalnum():
        end -= 1
    return text[end:]


def test_there_are_names_enough_of_each_kind_and_texts_without_any() -> None:
    everything = [row for path in NAMES for row in rows(path)]
    kinds = Counter(label for row in everything for _, label in row["names"])
    assert len(everything) >= 450
    assert min(kinds[label] for label in ("PERSON", "LOC", "ORG", "PRODUCT")) >= 100
    assert 0.2 <= sum(not row["names"] for row in everything) / len(everything) <= 0.3
