"""Learning from corrections: better on what was held back or not adopted, reversible, safe to read."""

from __future__ import annotations

from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.errors import LearnedModelUnusable
from nlp.learning import _SEAL, FEWEST, Correction, Learned, _sealed, apply, learn
from nlp.sentiment.linear import LinearModel
from nlp.sentiment.opinion import LABELS
from nlp.training.datasets import ARABIC_SETS, Example, read_sets, read_written
from nlp.training.linear import fit
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
KNOWN = {NEGATIVE: ("سيئ", "وسخ", "غالي"), NEUTRAL: ("يفتح", "الشارع"), POSITIVE: ("رائع", "نظيف", "لذيذ")}
OWN = {NEGATIVE: ("مدعبل", "خرطي"), NEUTRAL: ("زقرتي", "شبحة"), POSITIVE: ("خقاقي", "يهبل")}
"""Words of a customer's world that the base model never met."""
PLACES = ("المطعم", "الفندق", "المتجر", "الفرع", "التطبيق", "المقهى", "الموقع", "القسم", "المركز", "المعرض")
DAYS = ("أمس", "الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت")


def texts(words: dict[SentimentLabel, tuple[str, ...]]) -> list[Correction]:
    return [
        Correction(f"{place} {word} {day}", label)
        for place, day in product(PLACES, DAYS)
        for label, own in words.items()
        for word in own
    ]


def made_base() -> LinearModel:
    examples = [
        Example("made", one.text, one.label, held_out=at % 5 == 0) for at, one in enumerate(texts(KNOWN))
    ]
    return fit(examples, "base-1", lambda _step: None)


BASE = made_base()
LESSONS = learn(BASE, texts(OWN))


def guess(model: LinearModel, text: str) -> SentimentLabel:
    margins = model.margins(model.read(text))
    return LABELS[margins.index(max(margins))]


def test_words_of_the_customers_world_are_learned_and_known_ones_kept() -> None:
    model = apply(BASE, LESSONS.model_bytes)
    assert LESSONS.adopted
    assert LESSONS.after > 0.95 > LESSONS.before
    for words in (KNOWN, OWN):
        told = [guess(model, f"{one.text} أيضا") is one.label for one in texts(words)]
        assert sum(told) >= 0.9 * len(told)


def test_learning_is_repeatable_and_leaves_the_base_as_it_was() -> None:
    before = BASE.margins(BASE.read("المطعم مدعبل"))
    again = learn(BASE, texts(OWN))
    apply(BASE, again.model_bytes)
    assert again == LESSONS
    assert BASE.margins(BASE.read("المطعم مدعبل")) == before
    assert apply(BASE, again.model_bytes).version == again.version != BASE.version


def test_other_corrections_give_another_version() -> None:
    assert learn(BASE, texts(OWN)[:-60]).version != LESSONS.version


def test_labels_at_random_are_not_adopted() -> None:
    shuffled = [Correction(one.text, LABELS[(at * 7 + at // 5) % 3]) for at, one in enumerate(texts(OWN))]
    learned = learn(BASE, shuffled)
    assert not learned.adopted
    assert learned.reason is not None


def test_what_the_base_already_knows_is_not_adopted_again() -> None:
    learned = learn(BASE, texts(KNOWN))
    assert (learned.before, learned.adopted) == (1.0, False)
    assert learned.reason is not None
    assert "no better" in learned.reason


def test_what_harms_other_texts_is_not_adopted() -> None:
    turned = {NEGATIVE: KNOWN[POSITIVE], POSITIVE: KNOWN[NEGATIVE]}
    reference = [Correction(word, label) for label, words in KNOWN.items() for word in words]
    learned = learn(BASE, texts(turned), reference)
    assert not learned.adopted
    assert learned.reason is not None
    assert "other texts" in learned.reason


def test_a_label_that_nobody_gave_is_not_forgotten() -> None:
    learned = learn(BASE, [one for one in texts(OWN) if one.label is not NEUTRAL])
    model = apply(BASE, learned.model_bytes)
    told = [guess(model, one.text) is NEUTRAL for one in texts(KNOWN) if one.label is NEUTRAL]
    assert sum(told) >= 0.9 * len(told)


def test_of_two_labels_for_one_text_the_later_counts() -> None:
    wrong = [Correction(one.text, NEUTRAL) for one in texts(OWN)]
    learned = learn(BASE, [*wrong, *texts(OWN)])
    assert (learned.n, learned.after) == (LESSONS.n, LESSONS.after)


@pytest.mark.parametrize(
    "corrections",
    [
        [],
        texts(OWN)[: FEWEST - 1],
        [Correction(one.text, NEUTRAL) for one in texts(OWN)],
        [Correction("", NEUTRAL)],
    ],
    ids=["none", "too few", "one label", "no words"],
)
def test_too_little_teaches_nothing(corrections: list[Correction]) -> None:
    learned = learn(BASE, corrections)
    assert (learned.adopted, learned.model_bytes, learned.version) == (False, b"", BASE.version)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_damaged_bytes_are_refused(model_bytes: bytes) -> None:
    with pytest.raises(LearnedModelUnusable):
        apply(BASE, model_bytes)


@settings(deadline=None)
@given(st.integers(0, len(LESSONS.model_bytes) - 1), st.integers(1, 255))
def test_one_wrong_byte_is_told(at: int, change: int) -> None:
    damaged = bytearray(LESSONS.model_bytes)
    damaged[at] ^= change
    with pytest.raises(LearnedModelUnusable, match="damaged"):
        apply(BASE, bytes(damaged))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("buckets", np.array([1 << 21], dtype=np.uint32)),
        ("weights", np.zeros((2, 3), dtype=np.int8)),
        ("bias", np.array([0.0, np.nan, 0.0])),
        ("temperature", np.float64(0.0)),
        ("base", np.str_("base-2")),
        ("thresholds", np.zeros(2)),
    ],
)
def test_a_file_that_does_not_fit_is_refused(name: str, value: object) -> None:
    with np.load(BytesIO(LESSONS.model_bytes[_SEAL:])) as stored:
        arrays = {**stored, name: value}
    with pytest.raises(LearnedModelUnusable, match="learn"):
        apply(BASE, _sealed(arrays))


@pytest.mark.timeout(600)
def test_a_thousand_labels_lift_a_domain_that_the_model_never_saw(shared: Path) -> None:
    examples = [
        example
        for example in read_sets(shared / "language" / "sentiment", ("saudi_tourism", "ajgt"))
        if example.dataset != "saudi_tourism"
    ]
    base = fit([*examples, *read_written("ar")], "without", lambda _step: None)
    reviews = [
        Correction(example.text, example.label)
        for example in read_sets(shared / "language" / "sentiment", ARABIC_SETS[:1])
        if not example.held_out
    ]
    learned: Learned = learn(base, reviews[::3])
    assert learned.adopted
    assert learned.after >= max(0.72, learned.before + 0.1)
