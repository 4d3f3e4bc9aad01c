"""The labelled lines of signals, and what the shipped patterns and classifier make of the kept half."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nlp.errors import ModelUnavailable
from nlp.signals import SignalFinder
from nlp.signals_classifier import DENSE_FEATURES, WORD_BUCKETS, SignalClassifier
from nlp.signals_evidence import Signal
from nlp.text import fold
from nlp.training.signals import (
    CAMPAIGNS,
    Reader,
    Tally,
    calibration_error,
    evaluate,
    fit,
    main,
    read_lines,
)

LINES = read_lines()
TEST = [line for line in LINES if line.split == "test"]
TRAIN = [line for line in LINES if line.split == "train"]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def test_the_lines_cover_every_signal_language_and_dialect() -> None:
    languages = Counter(line.language for line in LINES)
    assert languages["ar"] + languages["ar-Latn"] >= 380
    assert languages["en"] >= 220
    for half in (TEST, TRAIN):
        assert len(half) >= 0.4 * len(LINES)
        assert {name for line in half for name, _, _ in line.signals} == {str(signal) for signal in Signal}
        dialects = Counter(line.dialect for line in half)
        assert min(dialects[name] for name in ("gulf", "egyptian", "levantine", "maghrebi", "msa")) >= 30
    assert sum(not line.signals for line in LINES) >= len(LINES) / 4


def test_every_evidence_stands_in_its_line_and_no_line_is_in_both_halves() -> None:
    for line in LINES:
        assert all(evidence and evidence in line.text for _, evidence, _ in line.signals), line.text
    assert not {fold(line.text) for line in TEST} & {fold(line.text) for line in TRAIN}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_shipped_model_finds_the_signals_of_the_kept_half(language: str, reader: Reader) -> None:
    lines = [line for line in TEST if line.language.startswith(language)]
    tallies, sure = evaluate(SignalFinder(CAMPAIGNS), reader, lines, lambda *_: None)
    right = sum(tally.right for tally in tallies.values())
    assert right / (right + sum(tally.false for tally in tallies.values())) >= 0.80
    assert right / (right + sum(tally.missed for tally in tallies.values())) >= 0.80
    assert sum(tally.placed for tally in tallies.values()) >= 0.95 * right
    assert calibration_error(sure) <= 0.12


def test_fitting_twice_gives_one_model_that_is_read_back(reader: Reader, tmp_path: Path) -> None:
    one, other = (fit(TRAIN[::4], reader, lambda _step: None) for _ in range(2))
    assert np.array_equal(one.dense, other.dense)
    path = tmp_path / "signals.npz"
    one.save(path)
    read = SignalClassifier.load(path)
    features = [1.0] * DENSE_FEATURES
    assert read.confidence(features, [1, 2]) == pytest.approx(one.confidence(features, [1, 2]))
    assert 0 < read.confidence([1e9] * DENSE_FEATURES, []) <= 1


def test_a_model_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signals.npz"
    with pytest.raises(ModelUnavailable):
        SignalClassifier.load(path)
    SignalClassifier(np.zeros(3), np.zeros(WORD_BUCKETS, np.float32), "old").save(path)
    with pytest.raises(ModelUnavailable, match="another version"):
        SignalClassifier.load(path)


def test_calibration_error_is_the_gap_between_said_and_right() -> None:
    assert calibration_error([(0.9, True)] * 9 + [(0.9, False)]) == pytest.approx(0.0)
    assert calibration_error([(0.9, False)] * 10) == pytest.approx(0.9)
    assert Tally(right=3, false=1, missed=2).precision == 0.75
    assert Tally(right=3, false=1, missed=2).recall == 0.6


def test_the_command_prints_a_row_for_every_signal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--half", "train", "--misses"]) == 0
    printed = capsys.readouterr().out
    assert all(printed.count(f"\n{signal} ") == 2 for signal in Signal)
