"""Minimal pairs: the written lines are what they claim to be, and rates count what they say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from nlp.text import fold
from nlp.training.pairs import FOLDER, Outcome, Pair, Tally, Text, main, outcomes, read_pairs, table
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
PAIRS = read_pairs()
PHENOMENA = {
    "negation", "emoji", "elongation", "formula", "praise as insult", "sarcasm", "contrast", "comparison",
    "hypothetical", "solved problem", "question", "intensity", "third-party news",
}  # fmt: skip
MADE = Pair("negation", "english", (Text("good", POSITIVE), Text("not good", NEGATIVE)))


def test_every_phenomenon_is_written_in_every_dialect() -> None:
    written = Counter((pair.phenomenon, pair.dialect) for pair in PAIRS)
    dialects = ("gulf", "egyptian", "levantine", "maghrebi", "msa", "english")
    assert set(written) == {(phenomenon, dialect) for phenomenon in PHENOMENA for dialect in dialects}
    assert len(PAIRS) >= 420
    assert min(written.values()) >= 2


def test_the_texts_of_a_pair_differ_in_label_and_no_text_is_written_twice() -> None:
    assert [pair for pair in PAIRS if pair.texts[0].label is pair.texts[1].label] == []
    folded = Counter(fold(text.text) for pair in PAIRS for text in pair.texts)
    assert [text for text, times in folded.items() if times > 1] == []


def test_no_text_to_measure_on_is_among_the_texts_to_train_on() -> None:
    trained = {
        fold(json.loads(line)["text"])
        for path in FOLDER.glob("posts-*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert [text.text for pair in PAIRS for text in pair.texts if fold(text.text) in trained] == []


def test_a_pair_passes_only_where_both_texts_are_right_and_abstentions_stand_apart() -> None:
    found = [
        Outcome(MADE, (POSITIVE, NEGATIVE)),
        Outcome(MADE, (POSITIVE, None)),
        Outcome(MADE, (None, POSITIVE)),
    ]
    assert Tally.of(found) == Tally(3, 1 / 3, 0.5, 1 / 3, pytest.approx(1 / 6))
    assert Tally.of([]) == Tally(0, 0.0, 0.0, 0.0, 0.0)


def test_each_answer_goes_to_its_own_text() -> None:
    def judge(texts: Sequence[str]) -> list[SentimentLabel | None]:
        return [NEGATIVE if text.startswith("not") else POSITIVE for text in texts]

    found = outcomes(judge, [MADE, MADE])
    assert [outcome.right for outcome in found] == [2, 2]
    assert "all" in table(found)


def test_a_folder_without_pairs_and_a_wrong_label_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pairs(tmp_path)
    head = "phenomenon\tdialect\ttext_a\tlabel_a\ttext_b\tlabel_b\n"
    (tmp_path / "pairs-made.tsv").write_text(f"{head}x\tgulf\ta\tgood\tb\tneutral\n", encoding="utf-8")
    with pytest.raises(ValueError, match="good"):
        read_pairs(tmp_path)


def test_the_command_prints_a_row_for_each_phenomenon(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", "fast", "--failures"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n{phenomenon} " in printed for phenomenon in PHENOMENA)
    assert "abstained" in printed
