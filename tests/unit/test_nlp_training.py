"""Training: the same model every time, nothing learned from what is held out, thresholds that hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nlp.sentiment import arabic
from nlp.sentiment.linear import LinearModel
from nlp.training.datasets import ARABIC_SETS, Example, read_sets
from nlp.training.evaluate import score
from nlp.training.linear import PRECISION_GOALS, fit
from storage.records import SentimentLabel

WORDS = {
    SentimentLabel.NEGATIVE: ("سيئ", "وسخ", "غالي"),
    SentimentLabel.NEUTRAL: ("يفتح", "الشارع", "الساعة"),
    SentimentLabel.POSITIVE: ("رائع", "نظيف", "لذيذ"),
}
EXAMPLES = [
    Example("made", f"المكان {word} رقم{number}", label, held_out=number % 4 == 0)
    for label, words in WORDS.items()
    for word in words
    for number in range(40)
]


def silent(_step: str) -> None:
    pass


def stored(model: LinearModel, path: Path) -> tuple[bytes, list[float]]:
    model.save(path)
    loaded = LinearModel.load(path)
    return loaded._weights.tobytes(), [*loaded.thresholds, *loaded.probabilities(["رائع"])]


def test_the_same_examples_give_the_same_model_and_it_survives_saving(tmp_path: Path) -> None:
    one = stored(fit(EXAMPLES, "v", silent), tmp_path / "one.npz")
    other = stored(fit(EXAMPLES, "v", silent), tmp_path / "other.npz")
    assert one == other


def test_no_weight_is_learned_from_what_is_held_out(tmp_path: Path) -> None:
    changed = [replace(e, text="كلام آخر تماما") if e.held_out else e for e in EXAMPLES]
    weights = stored(fit(EXAMPLES, "v", silent), tmp_path / "one.npz")[0]
    assert stored(fit(changed, "v", silent), tmp_path / "other.npz")[0] == weights


def test_a_model_that_cannot_be_right_never_answers() -> None:
    labels = list(SentimentLabel)
    noise = [replace(e, label=labels[at % 3]) if e.held_out else e for at, e in enumerate(EXAMPLES)]
    model = fit(noise, "v", silent)
    assert score(model, [e for e in noise if e.held_out]).answered == 0.0


def test_a_set_without_a_held_out_part_gets_a_fixed_fifth(tmp_path: Path) -> None:
    rows = "".join(f"text {number}\tpositive\ttrain\tar\n" for number in range(100))
    (tmp_path / "made.tsv").write_text(f"text\tlabel\tsplit\tdialect\n{rows}", encoding="utf-8")
    first, second = (read_sets(tmp_path, ("made",)) for _ in range(2))
    assert first == second
    assert sum(example.held_out for example in first) == 20


def test_the_shipped_model_keeps_its_promise_on_held_out_texts(shared: Path) -> None:
    examples = read_sets(shared / "language" / "sentiment", ARABIC_SETS)
    result = score(arabic.load(), [example for example in examples if example.held_out])
    assert result.negative_right >= PRECISION_GOALS[0] - 0.005
    assert result.negative_found >= 0.35
    assert result.forced_macro_f1 is not None
    assert result.forced_macro_f1 >= 0.75


@pytest.mark.parametrize("name", ARABIC_SETS)
def test_no_training_text_is_held_out_as_well(shared: Path, name: str) -> None:
    examples = read_sets(shared / "language" / "sentiment", (name,))
    training = {example.text for example in examples if not example.held_out}
    assert not training & {example.text for example in examples if example.held_out}
